/**
 * Threads that work for this one: started when they are first needed, shared by all networks, and no reason for a program
 * not to end. What is handed over is awaited here and now, as every pass is.
 */
import { WorkerError } from '../errors.ts';
import { Control } from './control.ts';
import { type Started, startThread } from './thread.ts';
import type { NetworkRequest, Request } from './work.ts';

/** Milliseconds without a sign of life after which a thread is taken for dead: a shard is done in less. */
const PATIENCE = 120_000;

/** A thread, and how much it was asked for. */
interface Thread extends Started {
  readonly control: Control;
  /** Networks that it knows. */
  readonly known: Set<number>;
  asked: number;
}

export class Crew {
  readonly #threads: Thread[];

  constructor(threads: readonly Thread[]) {
    this.#threads = [...threads];
  }

  /** The numbers of those that are at work. */
  get atWork(): readonly number[] {
    return [...this.#threads.keys()].filter(n => this.#threads[n]?.ended() === undefined);
  }

  /** Asks thread n for work on a network, which it is told first if it does not know it. */
  ask(n: number, network: NetworkRequest, request: Request): void {
    const thread = this.#threads[n];
    if (!thread) throw new Error(`there is no thread ${n}`);
    if (!thread.known.has(network.network)) post(thread, network);
    thread.known.add(network.network);
    post(thread, request);
  }

  /** Has all threads that know a network forget it, or passes of it. */
  tell(request: Request): void {
    for (const thread of this.#threads) {
      if (!thread.known.has(request.network) || thread.ended() !== undefined) continue;
      post(thread, request);
      if (request.kind === 'forget') thread.known.delete(request.network);
    }
  }

  /**
   * Waits until all is done that was asked for.
   *
   * @throws WorkerError when a thread has ended or gives no sign of life; else the first error that a thread met.
   */
  wait(): void {
    const errors = this.#threads.map((_, n) => this.#await(n));
    const failed = errors.find(error => error !== undefined);
    if (failed !== undefined) throw failed;
  }

  #await(n: number): Error | undefined {
    const thread = this.#threads[n];
    if (!thread) return undefined;
    const { control, asked } = thread;
    let [beats, since] = [control.beats, performance.now()];
    for (let { done } = control; done !== asked; { done } = control) {
      if (thread.ended() !== undefined) return this.#death(n, thread);
      control.wait(done, 1000);
      if (control.beats !== beats) [beats, since] = [control.beats, performance.now()];
      if (performance.now() - since > PATIENCE) {
        thread.stop(`no sign of life for ${PATIENCE / 1000} s`);
        return this.#death(n, thread);
      }
    }
    return control.error();
  }

  /** That a thread has ended, which is said once: nothing is awaited of it any more. */
  #death(n: number, thread: Thread): WorkerError {
    thread.asked = thread.control.done;
    return new WorkerError(`worker ${n + 1}`, 'a thread at work', thread.ended() ?? 'none');
  }
}

function post(thread: Thread, request: Request): void {
  thread.asked += 1;
  thread.ask(request);
}

const threads: Thread[] = [];

/**
 * A crew of so many threads of this program, which are started where there are fewer.
 *
 * @throws as `startThread`.
 */
export async function crewOf(count: number): Promise<Crew> {
  const alive = () => threads.filter(({ ended }) => ended() === undefined);
  const missing = Math.max(0, count - alive().length);
  const started = Array.from({ length: missing }, async () => {
    const control = new Control();
    threads.push({ ...(await startThread(control.memory)), control, known: new Set(), asked: 0 });
  });
  await Promise.all(started);
  return new Crew(alive().slice(0, count));
}
