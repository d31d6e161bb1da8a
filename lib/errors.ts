import { asInstance } from './copies.ts';
import { shown } from './foreign.ts';

/** Characters that a message has of each of its parts, at most. */
const MOST = 1000;

/**
 * Every error this library throws on bad input: it names the argument, what was expected and what came. Its message is one
 * line that is safe to show, whatever foreign text is in the parts.
 */
export class BpttError extends Error {
  static readonly brand: string = 'bptt.BpttError';
  override readonly name: string = 'BpttError';
  /** The argument, option or file at fault, as the caller knows it. */
  readonly argument: string;
  /** What would have been accepted. */
  readonly expected: string;
  /** What came instead. */
  readonly got: string;

  /** Whether a value is one, of whichever copy of the library. */
  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = asInstance;

  constructor(argument: string, expected: string, got: string) {
    // String: what a caller without types hands over may be no text.
    const [of, right, wrong] = [argument, expected, got].map(part => shown(String(part), MOST));
    super(`${of}: expected ${right}, got ${wrong}`);
    this.argument = argument;
    this.expected = expected;
    this.got = got;
  }
}

/** A matrix, sequence or state of the wrong size. */
export class ShapeError extends BpttError {
  static override readonly brand: string = 'bptt.ShapeError';
  override readonly name: string = 'ShapeError';
}

/** A value out of its range: not finite, not a positive integer, an unknown name, a text too short. */
export class ValueError extends BpttError {
  static override readonly brand: string = 'bptt.ValueError';
  override readonly name: string = 'ValueError';
}

/** A file whose bytes are not what its kind requires: cut off, altered, or of another kind. */
export class FormatError extends BpttError {
  static override readonly brand: string = 'bptt.FormatError';
  override readonly name: string = 'FormatError';
}

/** A file or folder that cannot be read or written. */
export class FileError extends BpttError {
  static override readonly brand: string = 'bptt.FileError';
  override readonly name: string = 'FileError';
}

/** A thread or process that works for this one, and has ended: which, and how. */
export class WorkerError extends BpttError {
  static override readonly brand: string = 'bptt.WorkerError';
  override readonly name: string = 'WorkerError';
}

/** More memory than there is, or than a run was given: what it was for, how much there is, and how much was wanted. */
export class MemoryError extends BpttError {
  static override readonly brand: string = 'bptt.MemoryError';
  override readonly name: string = 'MemoryError';
}
