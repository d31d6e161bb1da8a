/**
 * Files on disk, with errors that say which file and why. A file is replaced whole or not at all: whatever happens
 * while it is written, its path holds either all of the old bytes or all of the new.
 */
import { constants as limits } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { FileError, FormatError } from '../../errors.ts';
import { requireBoolean, requireInstance, requireKnown, requireName } from '../../require.ts';

/** Who named a file that is to be read. */
export interface ReadOptions {
  /**
   * Whether it must be a regular file: so where another file names it, and not the user. To read a pipe may wait for ever,
   * and to read a device may never end.
   */
  readonly regular?: boolean;
}

/** Bytes of a pipe that are read, at most: it does not say how many there are. */
const MOST = 2 ** 30;

/**
 * The bytes of a file, or of a pipe up to 1 GiB.
 *
 * @throws {FileError} when it cannot be read.
 * @throws {ValueError} when an option is none.
 */
export function readBytes(path: string, options: ReadOptions = {}): Uint8Array {
  requireName('path', path);
  const { regular = false } = requireKnown('options', options, ['regular']);
  requireBoolean('regular', regular);
  try {
    if (regular) requireRegular(path, statSync(path));
    // A pipe may have taken its place since: to open that does not wait.
    const handle = openSync(path, regular ? constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) : 'r');
    try {
      const there = fstatSync(handle);
      if (regular) requireRegular(path, there);
      const { buffer, byteOffset, byteLength } = there.isFile() ? readFileSync(handle) : readPipe(path, handle, there);
      return new Uint8Array(buffer, byteOffset, byteLength);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(path, 'a file that can be read', reason(error, 'no such file'));
  }
}

function requireRegular(path: string, there: Stats): void {
  if (!there.isFile()) throw new FileError(path, 'a regular file', kindOf(there));
}

function readPipe(path: string, handle: number, there: Stats): Buffer {
  const isPipe = there.isFIFO() || there.isSocket() || isatty(handle);
  if (!isPipe) throw new FileError(path, 'a file that can be read', kindOf(there));
  const parts: Buffer[] = [];
  for (let size = 0; size <= MOST; ) {
    const part = Buffer.allocUnsafe(2 ** 16);
    const length = readSync(handle, part);
    if (length === 0) return Buffer.concat(parts, size);
    parts.push(part.subarray(0, length));
    size += length;
  }
  throw new FileError(path, `at most ${MOST} bytes from a pipe`, 'more');
}

function kindOf(there: Stats): string {
  if (there.isFile()) return 'a file';
  if (there.isDirectory()) return 'a folder';
  return there.isFIFO() || there.isSocket() ? 'a pipe' : 'a device';
}

/**
 * The text of a file in UTF-8, without a leading byte order mark.
 *
 * @throws {FileError} when it cannot be read, or is longer than a string.
 * @throws {FormatError} when it is not UTF-8.
 */
export function readText(path: string, options: ReadOptions = {}): string {
  const bytes = readBytes(path, options);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new FormatError(path, 'UTF-8 text', 'bytes that are not');
    throw new FileError(path, LIMIT, `one of ${bytes.length} bytes: ${reason(error, 'no such file')}`);
  }
}

const LIMIT = `a text of at most ${limits.MAX_STRING_LENGTH} characters, which a string holds`;

/**
 * Writes a file, or replaces it, in one step: the data goes to a temporary file beside it, reaches the disk, and takes
 * the name. A link stays, and what it points at is written. Owner and mode of an old file are kept, as far as the system
 * lets one; its group's rights are not passed on to another group. When it fails the old file is as it was and the
 * temporary file is gone.
 *
 * @throws {FileError} when it cannot be written.
 */
export function writeAtomically(path: string, data: string | Uint8Array): void {
  requireName('path', path);
  if (typeof data !== 'string') requireInstance('data', data, Uint8Array);
  try {
    const target = targetOf(path);
    const temporary = writeTemporary(target, data, replaceable(path));
    try {
      renameSync(temporary, target);
    } catch (error) {
      discard(temporary);
      throw error;
    }
    syncFolder(dirname(target));
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(path, 'a file that can be written', reason(error, 'no such folder'));
  }
}

/** How the temporary files of {@link writeTemporary} are called: the first group begins the name that the file was to take. */
export const TEMPORARY: RegExp = /^\.(.+)\.bptt-[0-9a-f]{16}\.tmp$/;

/**
 * Writes a new file beside `target` and has it reach the disk. Nobody can foretell its name, and it is not there before: so
 * it is no link that another user has laid.
 *
 * @param like the file that it is to replace, if any: whose owner and mode it gets.
 * @returns its path.
 * @throws the system's error; nothing is left then.
 */
export function writeTemporary(target: string, data: string | Uint8Array, like?: Stats): string {
  const name = `.${basename(target).slice(0, 40)}.bptt-${randomBytes(8).toString('hex')}.tmp`;
  const temporary = join(dirname(target), name);
  const handle = openSync(temporary, 'wx', like ? 0o600 : 0o666);
  try {
    try {
      if (like) keepOwner(handle, like);
      writeFileSync(handle, data);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    discard(temporary);
    throw error;
  }
  return temporary;
}

/** Removes a temporary file, where that goes: what went wrong before is what is told. */
export function discard(temporary: string): void {
  try {
    rmSync(temporary, { force: true });
  } catch {}
}

function keepOwner(handle: number, { uid, gid, mode }: Stats): void {
  const own = fstatSync(handle);
  let rights = mode & 0o777;
  if (own.uid !== uid || own.gid !== gid) {
    if (!given(handle, uid, gid) && !given(handle, own.uid, gid)) rights &= ~0o070;
  }
  if ((own.mode & 0o777) !== rights) fchmodSync(handle, rights);
}

function given(handle: number, uid: number, gid: number): boolean {
  try {
    fchownSync(handle, uid, gid);
    return true;
  } catch {
    return false; // root alone gives files away
  }
}

/** Where a file written to `path` goes: along its links, also where the last of them points at nothing yet. */
function targetOf(path: string): string {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return path;
  if (statSync(path, { throwIfNoEntry: false })) return realpathSync(path);
  return targetOf(resolve(realpathSync(dirname(path)), readlinkSync(path)));
}

/** The file that is to be replaced, if any. Only a regular one may be: a rename would take /dev/null away. */
function replaceable(path: string): Stats | undefined {
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there || there.isFile()) return there;
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
  ['ENXIO', 'nothing that can be opened'],
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
