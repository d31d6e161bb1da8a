/** Where a text to learn from comes from. */
import { basename } from 'node:path';
import { sonnets } from '../demos/sonnets.ts';
import { ValueError } from '../errors.ts';
import { type ReadOptions, readText } from '../io/node/files.ts';
import { wholePath } from '../io/node/folders.ts';

/** The texts that come with the library, by name. */
const corpora: Readonly<Record<string, () => string>> = { sonnets };

/** The names of the texts that come with the library. */
export const corpusNames: readonly string[] = Object.keys(corpora);

/** Where a text was read from. It goes into checkpoints, which go to others: of a file it is the name alone. */
export interface Source {
  readonly kind: 'corpus' | 'file';
  /** The corpus' name, or the file's; in checkpoints of old the file's whole path. */
  readonly name: string;
}

/** A text and where it is from. */
export interface Corpus {
  readonly text: string;
  readonly source: Source;
  /** The file's whole path; undefined where the text came along. */
  readonly path?: string;
}

/**
 * Reads a corpus by name or, where a file's path is the name, a file.
 *
 * @throws ValueError when there is no such corpus, FileError when there is no such file, FormatError when it is not UTF-8.
 */
export function readCorpus({ kind, name }: Source, options: ReadOptions = {}): Corpus {
  if (kind === 'file') {
    const path = wholePath(name);
    return { text: readText(path, options), source: { kind, name: basename(path) }, path };
  }
  const read = Object.hasOwn(corpora, name) ? corpora[name] : undefined;
  if (!read) throw new ValueError('--corpus', `one of ${corpusNames.join(', ')}`, JSON.stringify(name));
  return { text: read(), source: { kind, name } };
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
