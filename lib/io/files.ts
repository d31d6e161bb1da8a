/**
 * Files on disk, with errors that say which file and why. A file is replaced whole or not at all: whatever happens
 * while it is written, its path holds either all of the old bytes or all of the new.
 */

import { constants } from 'node:buffer';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FileError, FormatError } from '../errors.ts';
import { requireInstance, requireName } from '../require.ts';

/**
 * The bytes of a file.
 *
 * @throws {FileError} when it cannot be read.
 */
export function readBytes(path: string): Uint8Array {
  requireName('path', path);
  try {
    const { buffer, byteOffset, byteLength } = readFileSync(path);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    throw new FileError(path, 'a file that can be read', reason(error, 'no such file'));
  }
}

/**
 * The text of a file in UTF-8, without a leading byte order mark.
 *
 * @throws {FileError} when it cannot be read, or is longer than a string.
 * @throws {FormatError} when it is not UTF-8.
 */
export function readText(path: string): string {
  const bytes = readBytes(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new FormatError(path, 'UTF-8 text', 'bytes that are not');
    throw new FileError(path, LIMIT, `one of ${bytes.length} bytes: ${reason(error, 'no such file')}`);
  }
}

const LIMIT = `a text of at most ${constants.MAX_STRING_LENGTH} characters, which a string holds`;

/**
 * Writes a file, or replaces it, in one step: the data goes to a temporary file beside it, reaches the disk, and takes
 * the name. A link is followed. When it fails the old file is as it was and the temporary file is gone.
 *
 * @throws {FileError} when it cannot be written.
 */
export function writeAtomically(path: string, data: string | Uint8Array): void {
  requireName('path', path);
  if (typeof data !== 'string') requireInstance('data', data, Uint8Array);
  try {
    const target = replaceable(path);
    const folder = dirname(target);
    const temporary = join(folder, `.${basename(target)}.${process.pid}.tmp`); // as TEMPORARY below
    const handle = openSync(temporary, 'w');
    try {
      try {
        writeFileSync(handle, data);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(temporary, target);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    syncFolder(folder);
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(path, 'a file that can be written', reason(error, 'no such folder'));
  }
}

/**
 * Makes a folder and those above it; one that is there already is fine.
 *
 * @throws {FileError} when it cannot be made.
 */
export function makeFolder(path: string): void {
  requireName('path', path);
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new FileError(path, 'a folder that can be made', reason(error, 'no such folder'));
  }
}

const TEMPORARY = /^\..+\.\d+\.tmp$/;

/**
 * Removes the temporary files that killed processes left in a folder. Nobody else may be writing there.
 *
 * @throws {FileError} when the folder cannot be read or a file cannot be removed.
 */
export function removeTemporaries(folder: string): void {
  try {
    for (const name of readdirSync(folder)) if (TEMPORARY.test(name)) rmSync(join(folder, name), { force: true });
  } catch (error) {
    throw new FileError(folder, 'a folder that can be tidied', reason(error, 'no such folder'));
  }
}

/** Where a file written to `path` goes. Only a regular file may be replaced: a rename would take /dev/null away. */
function replaceable(path: string): string {
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there) return path;
  if (there.isFile()) return realpathSync(path);
  throw new FileError(path, 'a file that can be written', there.isDirectory() ? 'a folder' : 'not a regular file');
}

/** Makes a rename last through a power cut, on systems that can sync a folder. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'EACCES', 'EISDIR'].includes(codeOf(error))) throw error;
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EISDIR', 'a folder'],
  ['ENOTDIR', 'a path below something that is not a folder'],
  ['EEXIST', 'a file of that name'],
  ['ENOSPC', 'no space left'],
  ['EDQUOT', 'no space left'],
  ['EFBIG', 'a limit on the size of files'],
  ['EROFS', 'a read-only disk'],
  ['ENAMETOOLONG', 'a name that is too long'],
  ['ELOOP', 'links in a circle'],
]);

/** A system error in a few words; `missing` when something is not there. */
export function reason(error: unknown, missing: string): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return missing;
  return REASONS.get(code) ?? (error instanceof Error ? error.message : String(error));
}

/** The system's code of an error, such as ENOENT; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
