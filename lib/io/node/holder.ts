/** Which process is which, on one machine or several, and whether one is provably no more. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from './files.ts';

/** A process, so that no other is taken for it. What the system does not tell is null: on all but Linux, the last three. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** The run of the machine's kernel: no two machines have the same, nor has one machine before and after a restart. */
  readonly boot: string | null;
  /** Within which ids and times count: another container has its own process 1. */
  readonly spaces: string | null;
  /** When the process began, in a unit of the system's own: ids come again. */
  readonly began: string | null;
}

/** This process. */
export function thisProcess(): Holder {
  const { pid } = process;
  return { pid, host: hostname(), boot: bootOf(), spaces: spacesOf(), began: beganAt(pid) };
}

/**
 * Whether a process is no more; undefined where this cannot be known from here.
 *
 * @param isLocal whether what names the process lies where this machine alone writes.
 */
export function isNoMore({ pid, host, boot, spaces, began }: Holder, isLocal: () => boolean): boolean | undefined {
  const own = thisProcess();
  if (boot !== own.boot) return boot !== null && own.boot !== null && isLocal() ? true : undefined;
  const sameIds = boot === null ? host === own.host : spaces !== null && spaces === own.spaces;
  if (!sameIds) return undefined;
  if (!isAlive(pid)) return true;
  const now = beganAt(pid);
  return now !== null && began !== null && now !== began;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function bootOf(): string | null {
  return told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
}

function spacesOf(): string | null {
  const time = told(() => readlinkSync('/proc/self/ns/time')) ?? '';
  return told(() => `${readlinkSync('/proc/self/ns/pid')} ${time}`.trim());
}

/**
 * Field 22 of /proc/PID/stat; the second one is a name in brackets that may hold anything, the third says that a process has
 * ended which nobody has asked after yet.
 */
function beganAt(pid: number): string | null {
  return told(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return /[ZX]/.test(fields[0] ?? '') ? 'ended' : (fields[19] ?? null);
  });
}

function told<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
