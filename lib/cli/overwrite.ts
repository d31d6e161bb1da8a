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

/**
 * A file is not there yet, is empty, or is one of those that are written there; or throws ValueError naming `--out`.
 *
 * @param isOurs of the text in it.
 * @throws FileError when it cannot be read.
 */
export function requireOurs(path: string, isOurs: (text: string) => boolean): void {
  if (!isFile(path)) return;
  const bytes = readBytes(path);
  if (bytes.length === 0 || isOurs(new TextDecoder().decode(bytes))) return;
  throw new ValueError('--out', 'a name beside which no other file is in the way', `${path}, which is not of bptt`);
}
