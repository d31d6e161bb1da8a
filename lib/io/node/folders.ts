/** Folders and what is in them, with errors that say which and why. */
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FileError } from '../../errors.ts';
import { requireName } from '../../require.ts';
import { codeOf, reason, TEMPORARY } from './files.ts';

/**
 * Makes a folder and those above it; one that is there already is fine.
 *
 * @throws {FileError} when it cannot be made.
 */
export function makeFolder(path: string): void {
  requireName('path', path);
  try {
    make(path);
  } catch (error) {
    throw new FileError(path, 'a folder that can be made', reason(error, 'no such folder'));
  }
}

/** Not `mkdirSync`'s own recursion: below a folder that was deleted, or in /proc, that never ends. Each path here is shorter. */
function make(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (isFolder(path)) return;
    const above = dirname(path);
    if (codeOf(error) !== 'ENOENT' || above === path) throw error;
    make(above);
    mkdirSync(path);
  }
}

/**
 * Removes the temporary files that killed processes left in a folder, of those files that `isOwn` says are the caller's,
 * who must have them to itself: another's, or those of a process that is writing, stay.
 *
 * @throws {FileError} when the folder cannot be read or a file cannot be removed.
 */
export function removeTemporaries(folder: string, isOwn: (name: string) => boolean): void {
  for (const name of filesIn(folder)) {
    const target = TEMPORARY.exec(name)?.[1];
    if (target !== undefined && isOwn(target)) removeFile(join(folder, name));
  }
}

/**
 * The names of what is in a folder and is no folder itself.
 *
 * @throws {FileError} when it cannot be read.
 */
export function filesIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter(entry => !entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    throw new FileError(folder, 'a folder that can be read', reason(error, 'no such folder'));
  }
}

/**
 * Removes a file; one that is not there is fine.
 *
 * @throws {FileError} when it cannot be removed.
 */
export function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw new FileError(path, 'a file that can be removed', reason(error, 'no such file'));
  }
}

/** Whether there is anything at a path that can be reached. */
export function isThere(path: string): boolean {
  return existsSync(path);
}

/** Whether there is a folder at a path that can be reached. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // whoever goes on to use it is told why
  }
}

/** Whether there is a file at a path that can be reached: no pipe, which to read may wait for ever. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // whoever goes on to use it is told why
  }
}

/**
 * What a folder has for itself alone, wherever it is moved, and a copy of it has not: who sends a folder cannot know what it will
 * be where it arrives.
 *
 * @throws {FileError} when it is not there.
 */
export function identityOf(folder: string): string {
  try {
    const { ino, birthtimeNs } = statSync(folder, { bigint: true });
    return `${ino}-${birthtimeNs}`;
  } catch (error) {
    throw new FileError(folder, 'a folder that can be read', reason(error, 'no such folder'));
  }
}

/** Whether two paths are of one file that is there. */
export function samePlace(file: string, other: string): boolean {
  try {
    return realpathSync(file) === realpathSync(other);
  } catch {
    return false; // what is not there yet is no other's
  }
}

/**
 * A path from the root on, as it is seen from the working folder.
 *
 * @throws {FileError} when that was deleted.
 */
export function wholePath(path: string): string {
  try {
    return resolve(path);
  } catch (error) {
    throw new FileError(path, 'a path from a working folder', reason(error, 'one that was deleted'));
  }
}
