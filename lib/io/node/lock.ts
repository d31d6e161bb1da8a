/**
 * A file that says which process has a folder to itself. It is made whole or not at all, and never changed. One whose
 * process is provably no more is taken over; where that cannot be proven, the user is asked to.
 *
 * Taking over: every lock has a token that never comes again. Who finds a stale lock of token t at `path` takes the lock
 * `path.t`, in just this way, and so alone has the right to replace it; looks whether t is still at `path`, since the
 * one who had `path.t` before may have replaced it; and gives `path.t` the name `path`.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, linkSync, openSync, readFileSync, renameSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { FileError } from '../../errors.ts';
import { codeOf, discard, reason, writeTemporary } from './files.ts';
import { removeFile } from './folders.ts';
import { type Holder, isNoMore, thisProcess } from './holder.ts';

/** Times that a lock is looked at which others take and give back meanwhile. */
const ATTEMPTS = 20;

/**
 * Takes the lock at `path`, for this process.
 *
 * @returns what gives it back; where that does not go, the lock is stale once the process has ended.
 * @throws {FileError} when another process has it, or may have it, naming the process; or when the file cannot be written.
 */
export function takeLock(path: string): () => void {
  const own = JSON.stringify({ ...thisProcess(), token: randomBytes(8).toString('hex') });
  take(path, own);
  return () => {
    try {
      if (read(path) === own) removeFile(path);
    } catch (error) {
      if (!(error instanceof FileError)) throw error; // on a disk that is now read-only, say: not what is to be told
    }
  };
}

function take(path: string, own: string): void {
  for (let n = 0; n < ATTEMPTS; n++) {
    if (create(path, own)) return;
    const stale = read(path);
    if (stale === undefined) continue;
    const right = `${path}.${staleToken(path, stale)}`;
    take(right, own);
    if (read(path) === stale) {
      rename(right, path);
      return;
    }
    removeFile(right);
  }
  throw held(path, 'one after another');
}

/** The token of a lock whose process is no more. */
function staleToken(path: string, text: string): string {
  const lock = lockIn(text);
  if (!lock) throw held(path, 'a file that names none: delete it where none trains');
  const { pid, host } = lock;
  const isGone = isNoMore(lock, () => isLocal(path));
  if (isGone === undefined) throw held(path, `process ${pid} of ${host}, or it was killed: then delete the file`);
  if (!isGone) throw held(path, `process ${pid}`);
  return lock.token;
}

/** Whether the file is made; false where there is one. */
function create(path: string, text: string): boolean {
  try {
    const temporary = writeTemporary(path, text);
    try {
      linkSync(temporary, path);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return read(path) === text; // a network may ask twice
      if (codeOf(error) === 'ENOENT') return false; // whoever has the lock has tidied up
      createInPlace(path, text);
      return true;
    } finally {
      discard(temporary);
    }
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (error instanceof FileError) throw error;
    throw new FileError(path, 'a file that can be written', reason(error, 'no such folder'));
  }
}

/** Where the disk has no links: for a moment the file names nobody, and is then no one's to take over. */
function createInPlace(path: string, text: string): void {
  const handle = openSync(path, 'wx');
  try {
    writeFileSync(handle, text);
  } catch (error) {
    discard(path);
    throw error;
  } finally {
    closeSync(handle);
  }
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    discard(from);
    throw new FileError(to, 'a file that can be replaced', reason(error, 'no such file'));
  }
}

/** What no process of ours has made, a pipe or a link, is neither waited for nor followed. */
const AS_MADE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

function read(path: string): string | undefined {
  try {
    const handle = openSync(path, AS_MADE);
    try {
      return readFileSync(handle, 'utf8');
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new FileError(path, 'a file that can be read', reason(error, 'no such file'));
  }
}

function lockIn(text: string): (Holder & { readonly token: string }) | undefined {
  try {
    const { pid, host, boot, spaces, began, token } = { ...(JSON.parse(text) as Record<string, unknown> | null) };
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1 || typeof host !== 'string') return undefined;
    const known = (value: unknown) => (typeof value === 'string' ? value : null);
    const isToken = typeof token === 'string' && /^[0-9a-f]{16}$/.test(token); // it becomes part of a file's name
    return { pid, host, boot: known(boot), spaces: known(spaces), began: known(began), token: isToken ? token : '' };
  } catch {
    return undefined;
  }
}

/** Types of file systems on Linux that one machine alone writes: ext, XFS, Btrfs, tmpfs, overlay, ZFS, F2FS, bcachefs. */
const LOCAL: ReadonlySet<number> = new Set([
  ...[0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0xca451a4e],
]);

function isLocal(path: string): boolean {
  try {
    return LOCAL.has(statfsSync(dirname(path)).type);
  } catch {
    return false;
  }
}

function held(path: string, by: string): FileError {
  return new FileError(path, 'a folder that no other process trains in', by);
}
