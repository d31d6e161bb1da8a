/** Threads that work for this one: what is known of one, and what a team asks of some, however they see what they work on. */
import type { Steps } from '../steps.ts';
import type { Control } from './control.ts';
import type { ErrorFields } from './failures.ts';
import type { Memory, NetworkRequest, Request, Work } from './work.ts';

/** A thread that was started, and is ready. */
export interface Started {
  /** @param transfer memory that is no longer this thread's. */
  ask(request: Request, transfer?: readonly Memory[]): void;
  /** Why it has ended, where it has. */
  ended(): string | undefined;
  /** Ends it, for a reason. */
  stop(why: string): void;
  /** Whether the program is to go on for it. */
  hold?(isAwaited: boolean): void;
}

/** How this thread knows what another is at: by what it hears and, where there is memory that both see, what stands there of work. */
export interface Known {
  readonly ears: Ears;
  readonly control?: Control;
}

/** That the next of what was asked for is done: what went wrong, and the memory that it was about. */
export interface Reply {
  readonly bptt: 'done';
  readonly failure?: ErrorFields;
  readonly memory?: Memory;
}

/** What is heard of a thread. */
export interface Ears {
  hearReply(reply: Reply): void;
  hearEnd(why: string): void;
}

/** The memory that work lay in, which comes back with what came of it. */
export type Answer = Promise<Memory>;

/** Some threads, by their numbers. */
export interface Helpers {
  /** Whether they see this thread's memory: else what work lies in goes to them, and comes back. */
  readonly share: boolean;
  /** Those that are at work, or would be if they were asked. */
  readonly atWork: readonly number[];
  /**
   * Has all learn of a network, for which they may have to import cells or open a library: so this thread is not to stand still
   * meanwhile, as it may in {@link wait}.
   *
   * @throws WorkerError when one has ended, or does not answer in time; else the first error that one met.
   */
  teach(network: NetworkRequest): Promise<void>;
  /**
   * Asks one for work on a network that all have learnt of.
   *
   * @returns what it will answer; undefined where it answers in memory that is shared.
   */
  ask(n: number, work: Work): Answer | undefined;
  /** Has all forget a network, or passes of it. */
  tell(request: Exclude<Request, NetworkRequest>): void;
  /**
   * Waits until all is done that was asked for.
   *
   * @throws WorkerError when one has ended; else the first error that one met.
   */
  wait(answers: readonly Answer[]): Steps<unknown>;
}
