/**
 * Where the text of a run is. A checkpoint says what it was called and what its hash is, but not in which folders it lay: that
 * is nobody's business to whom it is sent. The folder of the run notes that, as seen from there.
 */
import { statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { FileError, ValueError } from '../errors.ts';
import { type Checkpoint, sha256 } from '../io/checkpoint.ts';
import { readText, writeAtomically } from '../io/files.ts';
import { type Corpus, readCorpus, type Source } from './corpus.ts';
import { type RunFolder, runFolder } from './run-folder.ts';

/** What the file in a run's folder says. */
interface Place {
  /** The path of the text, as seen from the folder. */
  readonly path: string;
}

/** Notes in the folder of a run where its text is; nothing where it came along. */
export function noteText({ folder, text }: RunFolder, { path }: Corpus): void {
  if (path === undefined) return;
  const place: Place = { path: relative(resolve(folder), path) };
  writeAtomically(text, `${JSON.stringify(place)}\n`);
}

/**
 * The text that a checkpoint was made of: where the folder says, beside the checkpoint, or in the working folder.
 *
 * @throws FileError when no such file is there, ValueError when those that are hold something else.
 */
export function findText(
  { file, text: hash }: Pick<Checkpoint, 'file' | 'text'>,
  { kind, name }: Source,
  { text: note }: Pick<RunFolder, 'text'> = runFolder(dirname(file), 'csv'),
): Corpus {
  if (kind === 'corpus') return readCorpus({ kind, name });
  const places = [
    ...(isAbsolute(name) ? [name] : []),
    ...noted(note),
    join(dirname(file), basename(name)),
    basename(name),
  ];
  const there = places.filter(isFile);
  for (const path of there) {
    const corpus = readCorpus({ kind, name: path });
    if (sha256(corpus.text) === hash) return corpus;
  }
  const [found] = there;
  if (found !== undefined)
    throw new ValueError('text', `the text that ${file} was trained on`, `another one in ${found}`);
  throw new FileError(
    basename(name),
    `the text that ${file} was trained on, or a FILE named beside it`,
    'no such file',
  );
}

function noted(note: string): string[] {
  if (!isFile(note)) return [];
  const path = pathIn(readText(note));
  return path === undefined ? [] : [resolve(dirname(note), path)];
}

/** Whether there is a regular file that can be reached: to read a pipe may wait for ever. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Nothing where somebody else wrote the file. */
function pathIn(json: string): string | undefined {
  try {
    const { path } = { ...(JSON.parse(json) as Partial<Place> | null) };
    return typeof path === 'string' ? path : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
