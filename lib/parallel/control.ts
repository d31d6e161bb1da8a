/** What a thread says of itself while the one that asked it waits: how much is done, that it is alive, what went wrong. */
import { BpttError, FileError, FormatError, MemoryError, ShapeError, ValueError } from '../errors.ts';

/** Requests that are done, signs of life, bytes of an error. */
const [DONE, BEAT, FAILED] = [0, 1, 2];

/** Bytes of an error at most. */
const TEXT = 8192;
const COUNTS = 16;

/** Seen from either side. */
export class Control {
  readonly memory: SharedArrayBuffer;
  readonly #counts: Int32Array;
  readonly #text: Uint8Array;

  /** @param memory of another side; new where there is none yet. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(COUNTS + TEXT)) {
    this.memory = memory;
    this.#counts = new Int32Array(memory, 0, COUNTS / 4);
    this.#text = new Uint8Array(memory, COUNTS);
  }

  get done(): number {
    return Atomics.load(this.#counts, DONE);
  }

  get beats(): number {
    return Atomics.load(this.#counts, BEAT);
  }

  /** Waits so many milliseconds at most for something to be done beyond so many. */
  wait(done: number, milliseconds: number): void {
    Atomics.wait(this.#counts, DONE, done, milliseconds);
  }

  /** Says that something goes on. */
  beat(): void {
    Atomics.add(this.#counts, BEAT, 1);
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

interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly argument?: string;
  readonly expected?: string;
  readonly got?: string;
}

/** Characters that a message has of each of its parts, so that it fits. */
const MOST = 1000;

function fieldsOf(error: unknown): ErrorFields {
  const cut = (text: unknown) => String(text).slice(0, MOST);
  if (!(error instanceof Error)) return { name: 'Error', message: cut(error) };
  const { name, message } = error;
  if (!(error instanceof BpttError)) return { name, message: cut(`${name}: ${message}`) };
  const { argument, expected, got } = error;
  return { name, message: '', argument: cut(argument), expected: cut(expected), got: cut(got) };
}

/** The error of another thread, as one of this. */
function errorOf({ name, message, argument = '', expected = '', got = '' }: ErrorFields): Error {
  const Kind = [ShapeError, ValueError, MemoryError, FileError, FormatError].find(kind => kind.name === name);
  return Kind ? new Kind(argument, expected, got) : new Error(message);
}
