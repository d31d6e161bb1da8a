/** Errors on their way from a worker to its page: the library's are the library's again where they arrive. */
import { BpttError, FileError, FormatError, MemoryError, ShapeError, ValueError } from '../errors.ts';
import { DivergenceError } from '../models/divergence.ts';
import type { Failure } from './messages.ts';

const KINDS = { ShapeError, ValueError, FormatError, FileError, MemoryError };

/** What is sent of an error. */
export function failureOf(error: unknown): Failure {
  if (error instanceof DivergenceError) {
    const { step, tensor, norms, got } = error;
    return { divergence: { step, tensor, norms, got } };
  }
  if (!(error instanceof BpttError)) return { error };
  const { name, argument, expected, got } = error;
  return { name, argument, expected, got };
}

/** The error that it was. */
export function errorOf(failure: Failure): unknown {
  if ('divergence' in failure) {
    const { step, tensor, norms, got } = failure.divergence;
    return new DivergenceError(step, tensor, norms, got);
  }
  if ('error' in failure) return failure.error;
  const { name, argument, expected, got } = failure;
  const Kind = new Map(Object.entries(KINDS)).get(name) ?? BpttError;
  return new Kind(argument, expected, got);
}
