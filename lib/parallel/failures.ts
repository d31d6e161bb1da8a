/** Errors on their way from one thread to another. */
import { BpttError, FileError, FormatError, MemoryError, ShapeError, ValueError } from '../errors.ts';

/** What is told of an error. */
export interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly argument?: string;
  readonly expected?: string;
  readonly got?: string;
}

/** Characters that a message has of each of its parts, so that it fits. */
const MOST = 1000;

/** What another thread is told of an error. */
export function fieldsOf(error: unknown): ErrorFields {
  const cut = (text: unknown) => String(text).slice(0, MOST);
  if (!(error instanceof Error)) return { name: 'Error', message: cut(error) };
  const { name, message } = error;
  if (!(error instanceof BpttError)) return { name, message: cut(`${name}: ${message}`) };
  const { argument, expected, got } = error;
  return { name, message: '', argument: cut(argument), expected: cut(expected), got: cut(got) };
}

/** The error of another thread, as one of this. */
export function errorOf({ name, message, argument = '', expected = '', got = '' }: ErrorFields): Error {
  const Kind = [ShapeError, ValueError, MemoryError, FileError, FormatError].find(kind => kind.name === name);
  return Kind ? new Kind(argument, expected, got) : new Error(message);
}
