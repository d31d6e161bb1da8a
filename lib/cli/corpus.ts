/** Where a text to learn from comes from. */
import { sonnets } from '../demos/sonnets.ts';
import { FileError, ValueError } from '../errors.ts';
import { type ReadOptions, readText } from '../io/files.ts';
import { wholePath } from '../io/folders.ts';

/** The texts that come with the library, by name. */
const corpora: Readonly<Record<string, () => string>> = { sonnets };

/** The names of the texts that come with the library. */
export const corpusNames: readonly string[] = Object.keys(corpora);

/** Where a text was read from: enough to read it again. */
export interface Source {
  readonly kind: 'corpus' | 'file';
  /** The corpus' name, or the file's whole path. */
  readonly name: string;
}

/** A text and where it is from. */
export interface Corpus {
  readonly text: string;
  readonly source: Source;
}

/**
 * Reads a corpus by name or a file by path.
 *
 * @throws ValueError when there is no such corpus, FileError when there is no such file, FormatError when it is not UTF-8.
 */
export function readCorpus({ kind, name }: Source, options: ReadOptions = {}): Corpus {
  if (kind === 'file') {
    const path = wholePath(name);
    return { text: readText(path, options), source: { kind, name: path } };
  }
  const read = Object.hasOwn(corpora, name) ? corpora[name] : undefined;
  if (!read) throw new ValueError('--corpus', `one of ${corpusNames.join(', ')}`, JSON.stringify(name));
  return { text: read(), source: { kind, name } };
}

/**
 * As {@link readCorpus}, where a checkpoint names the text and not the user: what was read from a pipe is there no more, and
 * what a stranger's checkpoint names may be a device that never ends.
 *
 * @throws FileError also when it is no regular file.
 */
export function readAgain(source: Source): Corpus {
  try {
    return readCorpus(source, { regular: true });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new FileError(error.argument, `${error.expected}, or else the text named on the command line`, error.got);
  }
}

/**
 * The text that a command was given: a FILE, or the name behind --corpus; undefined where neither is.
 *
 * @throws ValueError when both are; FileError, FormatError when it cannot be read.
 */
export function corpusOf(file: string | undefined, name: string | undefined): Corpus | undefined {
  if (file !== undefined && name !== undefined) throw new ValueError('text', 'a FILE or --corpus', 'both');
  if (file !== undefined) return readCorpus({ kind: 'file', name: file });
  return name === undefined ? undefined : readCorpus({ kind: 'corpus', name });
}

/**
 * As {@link corpusOf}, of a command that needs a text.
 *
 * @throws ValueError also when neither is given.
 */
export function requireCorpus(file: string | undefined, name: string | undefined): Corpus {
  const corpus = corpusOf(file, name);
  if (!corpus) throw new ValueError('text', 'a FILE, or --corpus sonnets', 'neither');
  return corpus;
}
