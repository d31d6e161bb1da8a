/** What a thread says of itself while the one that asked it waits: how much is done, what went wrong, that it ends. */
import { type ErrorFields, errorOf, fieldsOf } from './failures.ts';

/** Requests that are done, bytes of an error, bytes of why it ends. */
const [DONE, FAILED, ENDED] = [0, 1, 2];

/** Bytes of an error at most, three parts of a thousand characters of which each may take six, and of a reason. */
const [TEXT, REASON] = [20_480, 1024];
const COUNTS = 16;

/** Seen from either side. */
export class Control {
  readonly memory: SharedArrayBuffer;
  readonly #counts: Int32Array;
  readonly #text: Uint8Array;
  readonly #reason: Uint8Array;

  /** @param memory of another side; new where there is none yet. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(COUNTS + TEXT + REASON)) {
    this.memory = memory;
    this.#counts = new Int32Array(memory, 0, COUNTS / 4);
    this.#text = new Uint8Array(memory, COUNTS, TEXT);
    this.#reason = new Uint8Array(memory, COUNTS + TEXT, REASON);
  }

  get done(): number {
    return Atomics.load(this.#counts, DONE);
  }

  /** Why the thread has ended, where it could say so itself. */
  get ended(): string | undefined {
    const length = Atomics.load(this.#counts, ENDED);
    return length === 0 ? undefined : new TextDecoder().decode(this.#reason.slice(0, length));
  }

  /** Waits so many milliseconds at most for something to be done beyond so many, or for the thread to say that it ends. */
  wait(done: number, milliseconds: number): void {
    Atomics.wait(this.#counts, DONE, done, milliseconds);
  }

  /** Says that the thread ends, the first time that it is said. */
  leave(why: string): void {
    if (Atomics.load(this.#counts, ENDED) !== 0) return;
    const written = new TextEncoder().encode(why).subarray(0, REASON); // a browser encodes into no memory that is shared
    this.#reason.set(written);
    Atomics.store(this.#counts, ENDED, written.length);
    Atomics.notify(this.#counts, DONE);
  }

  /** Says that a request is done, or what it threw. */
  end(error?: unknown): void {
    if (error !== undefined && Atomics.load(this.#counts, FAILED) === 0) {
      const written = new TextEncoder().encode(JSON.stringify(fieldsOf(error))).subarray(0, TEXT);
      this.#text.set(written);
      Atomics.store(this.#counts, FAILED, written.length);
    }
    Atomics.add(this.#counts, DONE, 1);
    Atomics.notify(this.#counts, DONE);
  }

  /** The first error that was said since this was asked last. */
  error(): Error | undefined {
    const length = Atomics.exchange(this.#counts, FAILED, 0);
    if (length === 0) return undefined;
    return errorOf(JSON.parse(new TextDecoder().decode(this.#text.slice(0, length))) as ErrorFields);
  }
}
