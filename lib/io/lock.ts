/**
 * A file that says which process has a folder to itself. It is made or not made in one step; one that a killed process
 * left is seen to be stale and taken over.
 */
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { FileError } from '../errors.ts';
import { codeOf, reason } from './files.ts';

/** Who has the folder. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in a unit of the system's own; null where it does not tell. Process ids come again. */
  readonly began: string | null;
}

/** Milliseconds after which a lock without a holder's name is no longer one that is just being written. */
const UNNAMED = 10_000;

/**
 * Takes the lock at `path`, for this process.
 *
 * @returns what gives it back.
 * @throws {FileError} when another process has it, naming the process, or when the file cannot be written.
 */
export function takeLock(path: string): () => void {
  const own: Holder = { pid: process.pid, host: hostname(), began: beganAt(process.pid) };
  for (let attempts = 0; attempts < 3; attempts++) {
    if (create(path, JSON.stringify(own))) return () => rmSync(path, { force: true });
    const there = readIfThere(path);
    if (there === undefined) continue;
    requireStale(path, there);
    setAside(path, there);
  }
  throw held(path, 'another process');
}

/** Whether the file is made; false where there is one. */
function create(path: string, text: string): boolean {
  try {
    const handle = openSync(path, 'wx');
    try {
      writeFileSync(handle, text);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(handle);
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new FileError(path, 'a file that can be written', reason(error, 'no such folder'));
  }
}

function requireStale(path: string, text: string): void {
  const holder = holderIn(text);
  if (!holder) {
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - made < UNNAMED) throw held(path, 'a process that has just begun');
    return;
  }
  const { pid, host, began } = holder;
  if (host !== hostname()) throw held(path, `process ${pid} of ${host}, or it was killed: then delete the file`);
  if (isAlive(pid) && beganAt(pid) === began) throw held(path, `process ${pid}`);
}

/** Removes the stale lock; not one that another process has put in its place since it was read. */
function setAside(path: string, stale: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw new FileError(path, 'a file that can be renamed', reason(error, 'no such file'));
  }
  const taken = readIfThere(aside);
  if (taken === stale) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new FileError(path, 'a file that can be read', reason(error, 'no such file'));
  }
}

function holderIn(text: string): Holder | undefined {
  try {
    const { pid, host, began } = { ...(JSON.parse(text) as Partial<Holder> | null) };
    if (!Number.isSafeInteger(pid) || pid === undefined || pid < 1 || typeof host !== 'string') return undefined;
    return { pid, host, began: began ?? null };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat, on Linux; the second one is a name in brackets that may hold anything. */
function beganAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function held(path: string, by: string): FileError {
  return new FileError(path, 'a folder that no other process trains in', by);
}
