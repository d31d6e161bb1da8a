/**
 * Threads that share memory with this one: started when they are first needed, shared by all networks, and no reason for a
 * program not to end. What is handed over is awaited here and now, as every pass is.
 */
import { WorkerError } from '../errors.ts';
import { part, type Steps } from '../steps.ts';
import { PATIENCE, SILENT } from '../worker/port.ts';
import type { Control } from './control.ts';
import { type Courier, teachAll } from './couriers.ts';
import type { Helpers, Started } from './helpers.ts';
import type { NetworkRequest, Request, Work } from './work.ts';

/** Milliseconds between two looks at whether a thread that is awaited is still there. */
const LOOK = 100;

/** A thread, and how much work it was asked for. */
export interface Thread extends Started {
  readonly control: Control;
  /** By which it learns. */
  readonly courier: Courier;
  asked: number;
}

export class Crew implements Helpers {
  readonly share = true;
  readonly #threads: readonly Thread[];

  constructor(threads: readonly Thread[]) {
    this.#threads = [...threads];
  }

  get atWork(): readonly number[] {
    const isThere = ({ courier, ended }: Thread) => ended() === undefined && !courier.isAwaited; // what learns may take long
    return Array.from(this.#threads, (thread, n) => (isThere(thread) ? [n] : [])).flat();
  }

  teach(network: NetworkRequest): Promise<void> {
    return teachAll(
      this.#threads.map(({ courier }) => courier),
      network,
    );
  }

  ask(n: number, work: Work): undefined {
    const thread = this.#threads[n];
    if (!thread) throw new Error(`there is no thread ${n}`);
    thread.asked += 1;
    thread.ask(work);
  }

  tell(request: Exclude<Request, NetworkRequest>): void {
    for (const thread of this.#threads) if (thread.ended() === undefined) thread.ask(request);
  }

  /** Nothing else is done here meanwhile, whoever awaits it. */
  wait(): Steps<void> {
    const wait = () => this.#wait();
    return part(wait, wait);
  }

  #wait(): void {
    const errors = this.#threads.map((_, n) => this.#await(n));
    const failed = errors.find(error => error !== undefined);
    if (failed !== undefined) throw failed;
  }

  #await(n: number): Error | undefined {
    const thread = this.#threads[n];
    if (!thread) return undefined;
    const { control, courier, asked } = thread;
    const late = performance.now() + PATIENCE;
    for (let { done } = control; done !== asked; { done } = control) {
      if (courier.isAwaited && performance.now() > late) thread.stop(SILENT); // it learns: nobody else can look at the clock
      if (thread.ended() !== undefined) return this.#death(n, thread);
      control.wait(done, LOOK);
    }
    return control.error();
  }

  /** That a thread has ended, which is said once: nothing is awaited of it any more. */
  #death(n: number, thread: Thread): WorkerError {
    thread.asked = thread.control.done;
    return new WorkerError(`worker ${n + 1}`, 'a thread at work', thread.ended() ?? 'none');
  }
}
