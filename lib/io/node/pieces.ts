/** Files that may be larger than memory. */
import { createReadStream } from 'node:fs';
import { FileError, ValueError } from '../../errors.ts';
import { describe } from '../../require.ts';
import { reason } from './files.ts';

/**
 * The bytes of the file at a path, piece after piece, as they are asked for.
 *
 * @throws ValueError at once when the path is none; FileError, when it comes to it, where the file cannot be read.
 */
export function piecesAt(path: string): AsyncGenerator<Uint8Array> {
  if (typeof path !== 'string' || path === '') throw new ValueError('path', 'the path of a file', describe(path));
  return pieces(path);
}

async function* pieces(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new FileError(path, 'a file that can be read', reason(error, 'no such file'));
  }
}
