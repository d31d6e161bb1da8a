/**
 * Where the text of a run is. A checkpoint says what it was called and what its hash is, but not in which folders it lay: that
 * is nobody's business to whom it is sent. The folder of the run notes that, as seen from there.
 */
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { type BpttError, FileError, FormatError, ValueError } from '../../errors.ts';
import type { Checkpoint } from '../../io/checkpoint.ts';
import { readText, writeAtomically } from '../../io/node/files.ts';
import { isThere, wholePath } from '../../io/node/folders.ts';
import { parseJson } from '../../io/json.ts';
import { sha256 } from '../../io/sha256.ts';
import { type Corpus, readCorpus, type Source } from '../corpus.ts';
import { type RunFolder, runFolder } from './folder.ts';

/** What the file in a run's folder says. */
interface Place {
  /** The path of the text, as seen from the folder. */
  readonly path: string;
}

/** Notes in the folder of a run where its text is; nothing where it came along. */
export function noteText({ folder, text }: RunFolder, { path }: Corpus): void {
  if (path === undefined) return;
  const place: Place = { path: relative(wholePath(folder), path) };
  writeAtomically(text, `${JSON.stringify(place)}\n`);
}

/**
 * The text that a checkpoint was trained on, where it says which.
 *
 * @param argument what names a text where it does not.
 * @throws as {@link findText}; ValueError when it does not say.
 */
export function notedText(checkpoint: Checkpoint, argument: string): Corpus {
  const { source } = { ...(checkpoint.note as { readonly source?: Partial<Source> } | null) };
  if (typeof source?.name !== 'string' || (source.kind !== 'file' && source.kind !== 'corpus')) {
    throw new ValueError(argument, 'a text: the checkpoint does not say which it was trained on', 'none');
  }
  return findText(checkpoint, { kind: source.kind, name: source.name });
}

/**
 * The text that a checkpoint was made of: where the folder says, beside the checkpoint, or in the working folder. Regular files
 * alone are read: what came from a pipe is there no more, and what a stranger's checkpoint names may be a device that never ends.
 *
 * @throws FileError when no such file is there or can be read, ValueError when those that are hold something else.
 */
export function findText(
  { file, text: hash }: Pick<Checkpoint, 'file' | 'text'>,
  { kind, name }: Source,
  { text: note }: Pick<RunFolder, 'text'> = runFolder(dirname(file), 'csv'),
): Corpus {
  if (kind !== 'file') return readCorpus({ kind, name });
  const own = `the text that ${file} was trained on`;
  const places = [
    ...(isAbsolute(name) ? [name] : []),
    ...noted(note),
    join(dirname(file), basename(name)),
    basename(name),
  ];
  const problems: BpttError[] = [];
  for (const path of places.filter(isThere)) {
    try {
      const corpus = readCorpus({ kind, name: path }, { regular: true });
      if (sha256(corpus.text) === hash) return corpus;
      problems.push(new ValueError('text', own, `another one in ${path}`));
    } catch (error) {
      if (error instanceof FormatError) problems.push(new ValueError('text', own, `another one in ${path}`));
      else if (error instanceof FileError)
        problems.push(new FileError(error.argument, orNamed(error.expected), error.got));
      else throw error;
    }
  }
  throw problems[0] ?? new FileError(basename(name), orNamed(own), 'no such file');
}

const orNamed = (expected: string) => `${expected}, or else the text named on the command line`;

/** Where the file in the folder says that the text is; nowhere where it is not there, or somebody else wrote it. */
function noted(note: string): string[] {
  if (!isThere(note)) return [];
  try {
    const json = parseJson(readText(note, { regular: true }), (expected, got) => new FormatError(note, expected, got));
    const { path } = { ...(json as Partial<Place> | null) };
    if (typeof path !== 'string') return [];
    return [isAbsolute(path) ? path : join(dirname(note), path)];
  } catch (error) {
    if (error instanceof FormatError || error instanceof FileError) return [];
    throw error;
  }
}
