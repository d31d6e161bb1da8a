/**
 * Threads that share no memory with this one. What they work on is handed over to them, in memory that is theirs until they
 * are done, and comes back in it: a message each way, and no byte is copied on its way. Who waits for them awaits promises. So
 * do those learn that share memory, since what they have to load may take long.
 */
import { WorkerError } from '../errors.ts';
import { part, type Steps } from '../steps.ts';
import { PATIENCE, SILENT } from '../worker/port.ts';
import type { Ends } from './answer.ts';
import type { Control } from './control.ts';
import { errorOf, fieldsOf } from './failures.ts';
import type { Answer, Ears, Helpers, Reply, Started } from './helpers.ts';
import type { Memory, NetworkRequest, Request, Work } from './work.ts';

/**
 * The other thread's end: it says that it is done, and hands memory back.
 *
 * @param control where it says so of work, which then may be waited for here and now.
 */
export function replying(post: (reply: Reply, transfer: Memory[]) => void, control?: Control): Ends {
  return {
    end(error, request) {
      const { memory } = request as Partial<Work>;
      if (control && request.kind !== 'network') {
        if (memory) control.end(error); // nobody waits for what is to be forgotten
        return;
      }
      const failure = error === undefined ? undefined : fieldsOf(error);
      post({ bptt: 'done', ...(failure && { failure }), ...(memory && { memory }) }, memory ? [memory] : []);
    },
  };
}

/** Milliseconds more for an answer that came while this thread stood still. */
const GRACE = 100;

/** A request that was not answered yet. */
interface Asked {
  readonly resolve: (memory: Memory | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread, as this one sees it. */
export class Courier implements Ears {
  readonly #asked: Asked[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #thread: Started | undefined;

  /** It is there. */
  begin(thread: Started): this {
    this.#thread = thread;
    return this;
  }

  get ended(): string | undefined {
    return this.#thread?.ended();
  }

  /** Whether it was asked for what it has not answered yet. */
  get isAwaited(): boolean {
    return this.#asked.length > 0;
  }

  /**
   * What comes of a request: the memory that it was about.
   *
   * @throws WorkerError when the thread has ended; the error that it met.
   */
  ask(request: Request): Promise<Memory | undefined> {
    const answer = new Promise<Memory | undefined>((resolve, reject) => {
      const { ended } = this;
      if (ended !== undefined) return reject(death('a worker', ended));
      this.#asked.push({ resolve, reject });
      this.#thread?.hold?.(true);
      this.#thread?.ask(request, 'memory' in request ? [request.memory] : []);
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  /**
   * Has it learn of a network, in time once it has done what it was asked before.
   *
   * @throws WorkerError when it has ended, or does not answer; the error that it met.
   */
  learn(network: NetworkRequest): Promise<unknown> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAwaited = true;
    const stop = () => this.#thread?.stop(SILENT);
    const late = () => {
      timer = setTimeout(stop, GRACE);
    };
    void this.#last.then(() => {
      if (isAwaited) timer = setTimeout(late, PATIENCE);
    });
    return this.ask(network).finally(() => {
      isAwaited = false;
      clearTimeout(timer);
    });
  }

  hearReply({ failure, memory }: Reply): void {
    const asked = this.#asked.shift();
    if (this.#asked.length === 0) this.#thread?.hold?.(false);
    if (failure) asked?.reject(errorOf(failure));
    else asked?.resolve(memory);
  }

  hearEnd(why: string): void {
    for (const { reject } of this.#asked.splice(0)) reject(death('a worker', why));
  }
}

/** Some of them. */
export class Couriers implements Helpers {
  readonly share = false;
  readonly #couriers: readonly Courier[];

  constructor(couriers: readonly Courier[]) {
    this.#couriers = couriers;
  }

  get atWork(): readonly number[] {
    return [...this.#couriers.keys()].filter(n => this.#couriers[n]?.ended === undefined);
  }

  teach(network: NetworkRequest): Promise<void> {
    return teachAll(this.#couriers, network);
  }

  async ask(n: number, work: Work): Answer {
    const courier = this.#couriers[n];
    if (!courier) throw new Error(`there is no thread ${n}`);
    return (await named(n, courier.ask(work))) ?? new ArrayBuffer(0);
  }

  tell(request: Exclude<Request, NetworkRequest>): void {
    for (const courier of this.#couriers) courier.ask(request).catch(() => {}); // it has ended: there is nothing to be forgotten
  }

  wait(answers: readonly Answer[]): Steps<unknown> {
    return part(
      () => [],
      () => allOf(answers),
    );
  }
}

/** As {@link Helpers.teach}. */
export async function teachAll(couriers: readonly Courier[], network: NetworkRequest): Promise<void> {
  await allOf(couriers.map((courier, n) => named(n, courier.learn(network))));
}

/** What a helper answers; where it has ended, an error that says which it was. */
async function named<T>(n: number, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof WorkerError ? death(`worker ${n + 1}`, error.got) : error;
  }
}

/** Waits for all, whatever becomes of them; then throws what the first of them threw. */
async function allOf<T>(promises: readonly (T | PromiseLike<T>)[]): Promise<readonly T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function death(who: string, why: string): WorkerError {
  return new WorkerError(who, 'a thread at work', why);
}
