/** What a command must not write over. */
import { ValueError } from '../errors.ts';
import { readBytes } from '../io/node/files.ts';
import { isFile } from '../io/node/folders.ts';
import { recognise } from '../io/recognise.ts';

/** Kinds of file that are models, and may make way for another. */
const MODEL = /^(an ONNX model|an empty file)/;

/**
 * A file is not there yet, or is a model, which another may replace; or throws ValueError naming `--out`.
 *
 * @throws FileError when it cannot be read.
 */
export function requireNoOther(path: string): void {
  if (!isFile(path)) return; // a folder, or a path that leads nowhere, is refused in writing
  const [what] = recognise(readBytes(path))?.split(' (') ?? [];
  if (what === undefined || MODEL.test(what)) return;
  throw new ValueError('--out', 'a file that is not there yet, or a model to replace', `${path}, which is ${what}`);
}

/** Bytes by which a text of the same kind is known: `{"vocabulary":`, or the first words of a script. */
const BEGINNING = 14;

/**
 * A file is not there yet, or begins as what is to be written there, which was written by the same command then; or throws
 * ValueError naming `--out`.
 *
 * @throws FileError when it cannot be read.
 */
export function requireAlike(path: string, written: Uint8Array): void {
  if (!isFile(path)) return;
  const beginning = (bytes: Uint8Array) => bytes.subarray(0, BEGINNING);
  if (Buffer.compare(beginning(readBytes(path)), beginning(written)) === 0) return;
  throw new ValueError('--out', 'a name beside which no other file is in the way', `${path}, which is not of bptt`);
}
