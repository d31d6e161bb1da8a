/**
 * Locks: one process has a folder, and one that is provably no more has none. What another machine or another container would
 * write is put there by the test; of the file system, calls are made to answer as another one would.
 */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FileError } from '../../../lib/errors.ts';
import { takeLock } from '../../../lib/io/node/lock.ts';
import { ROOT } from '../../examples.ts';

vi.mock('node:fs', async original => {
  const real = await original<typeof import('node:fs')>();
  return {
    ...real,
    linkSync: vi.fn(real.linkSync),
    readFileSync: vi.fn(real.readFileSync),
    readlinkSync: vi.fn(real.readlinkSync),
    rmSync: vi.fn(real.rmSync),
    statfsSync: vi.fn(real.statfsSync),
  };
});

let folder = '';
let path = '';

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'bptt-lock-'));
  path = join(folder, 'training.lock');
});

afterEach(() => {
  vi.resetAllMocks();
  fs.rmSync(folder, { recursive: true });
});

/** What this process writes into a lock, with some of it changed. */
function holder(changes: object): string {
  const release = takeLock(path);
  const own = JSON.parse(fs.readFileSync(path, 'utf8')) as object;
  release();
  return JSON.stringify({ ...own, ...changes });
}

/** A process id that no process has. */
const NOBODY = 2 ** 22 + 1;
const TOKEN = '0123456789abcdef';
const onLinux = process.platform === 'linux';
const UNKNOWN = { boot: null, spaces: null, began: null };

/** As if the system told nothing of processes but whether they are alive. */
function withoutProc(): void {
  const real = vi.mocked(fs.readFileSync).getMockImplementation();
  vi.mocked(fs.readFileSync).mockImplementation((file, options) => {
    if (String(file).startsWith('/proc/')) fail('ENOENT');
    return real?.(file, options) ?? '';
  });
  vi.mocked(fs.readlinkSync).mockImplementation(() => fail('ENOENT'));
}

/** As if the folder were on a disk that other machines share. */
function onNetwork(): void {
  onDisk(0x6969);
}

/** As if the folder were on a disk of this type: ext4, which this machine alone writes, unless given. */
function onDisk(type: number = 0xef53): void {
  vi.mocked(fs.statfsSync).mockReturnValue({ type } as unknown as fs.StatsFs & fs.BigIntStatsFs);
}

function fail(code: string): never {
  throw Object.assign(new Error(`${code}: made up`), { code });
}

describe('a lock', () => {
  test('is taken once, given back, and taken again', () => {
    const release = takeLock(path);
    expect(() => takeLock(path)).toThrow(
      new FileError(path, 'a folder that no other process trains in', `process ${process.pid}`),
    );
    expect(fs.readdirSync(folder)).toEqual(['training.lock']);
    release();
    expect(fs.readdirSync(folder)).toEqual([]);
    takeLock(path)();
  });

  test('names process, machine and, on Linux, when these began and where their ids count', () => {
    takeLock(path);
    const own = JSON.parse(fs.readFileSync(path, 'utf8')) as Record<string, unknown>;
    expect(own).toMatchObject({ pid: process.pid, host: hostname(), token: expect.stringMatching(/^[0-9a-f]{16}$/) });
    if (onLinux) {
      expect(own.began).toMatch(/^\d+$/);
      expect(own.boot).toMatch(/^[0-9a-f-]{36}$/);
      expect(own.spaces).toMatch(/^pid:\[\d+\]/);
    }
  });

  test('is given back by the one who has it, and by nobody else', () => {
    const release = takeLock(path);
    const another = holderOf(path, { token: TOKEN });
    fs.writeFileSync(path, another);
    release();
    expect(fs.readFileSync(path, 'utf8')).toBe(another);
  });

  test('that cannot be given back hides nothing that went wrong before', () => {
    const release = takeLock(path);
    vi.mocked(fs.rmSync).mockImplementationOnce(() => fail('EROFS'));
    expect(release).not.toThrow();
    expect(fs.readdirSync(folder)).toEqual(['training.lock']);
  });

  test('is as good on a disk without links', () => {
    vi.mocked(fs.linkSync).mockImplementation(() => fail('EPERM'));
    const release = takeLock(path);
    expect(() => takeLock(path)).toThrow(`got process ${process.pid}`);
    expect(fs.readdirSync(folder)).toEqual(['training.lock']);
    release();
    fs.writeFileSync(path, holder({ pid: NOBODY }));
    takeLock(path)();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('cannot be where there is no folder', () => {
    const nowhere = join(folder, 'gone', 'training.lock');
    expect(() => takeLock(nowhere)).toThrow(new FileError(nowhere, 'a file that can be written', 'no such folder'));
  });
});

describe('a lock is taken over, of', () => {
  test.each<readonly [string, boolean, () => string]>([
    ['a process that is no more', true, () => holder({ pid: NOBODY })],
    ['an earlier process with the id of this one', onLinux, () => holder({ began: '1' })],
    ['a process of before the machine was started again', onLinux, () => holder({ boot: 'another' })],
    ['the same, and it had another name', onLinux, () => holder({ boot: 'another', host: 'elsewhere' })],
  ])('%s', (_, isTold, text) => {
    if (!isTold) return;
    onDisk();
    fs.writeFileSync(path, text());
    const release = takeLock(path);
    expect(fs.readdirSync(folder)).toEqual(['training.lock']);
    expect(JSON.parse(fs.readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
    release();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test.runIf(onLinux)('a process that has ended and that nobody has asked after', async () => {
    // The shell becomes a program that does not ask after the child which the shell had, and that ends only then.
    const becoming = 'exec 3<&0; cat <&3 >/dev/null & echo $!; exec sleep 600';
    const parent = spawn('bash', ['-c', becoming], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      const pid = await new Promise<number>(resolve => parent.stdout.once('data', text => resolve(Number(text))));
      while (fs.readFileSync(`/proc/${parent.pid}/comm`, 'utf8') !== 'sleep\n') await pause(5);
      parent.stdin.end();
      while (!fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) await pause(5);
      fs.writeFileSync(path, holder({ pid, began: '12345' }));
      takeLock(path)();
      expect(fs.readdirSync(folder)).toEqual([]);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  test('a process that ended while it took the lock over', () => {
    const [stale, taking] = [TOKEN, TOKEN.replace('0', '1')].map(token => holder({ pid: NOBODY, token }));
    fs.writeFileSync(path, stale ?? '');
    fs.writeFileSync(`${path}.${TOKEN}`, taking ?? '');
    takeLock(path)();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('a process that is no more, where the system tells no more than that', () => {
    withoutProc();
    fs.writeFileSync(path, holder({ pid: NOBODY, ...UNKNOWN }));
    takeLock(path)();
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

/** A lock that is not taken over, and what is said. */
interface Left {
  readonly of: string;
  /** Whether the system tells what is asked for; as all do, unless said otherwise. */
  readonly isTold?: boolean;
  readonly text: () => string;
  readonly says: RegExp;
  /** What is so beside it. */
  readonly given?: () => void;
}

describe('a lock is left alone, of', () => {
  const asks = /or it was killed: then delete the file$/;
  test.each<Left>([
    { of: 'this process', text: () => holder({}), says: /got process \d+$/ },
    {
      of: 'this process, which did not know when it began',
      text: () => holder({ began: null }),
      says: /got process \d+$/,
    },
    {
      of: 'another machine',
      isTold: onLinux,
      text: () => holder({ boot: 'another', host: 'elsewhere', pid: NOBODY }),
      says: asks,
      given: onNetwork,
    },
    {
      of: 'another machine of one name',
      isTold: onLinux,
      text: () => holder({ boot: 'another', pid: NOBODY }),
      says: asks,
      given: onNetwork,
    },
    {
      of: 'another container of one name',
      isTold: onLinux,
      text: () => holder({ spaces: 'pid:[1]', pid: NOBODY }),
      says: asks,
    },
    {
      of: 'a container that does not know its own',
      isTold: onLinux,
      text: () => holder({ spaces: null, pid: NOBODY }),
      says: asks,
    },
    { of: 'another system of one name', isTold: onLinux, text: () => holder({ ...UNKNOWN, pid: NOBODY }), says: asks },
    {
      of: 'this process, where the system tells no more',
      text: () => holder({}),
      says: /got process \d+$/,
      given: withoutProc,
    },
    {
      of: 'another machine, where it tells no more',
      text: () => holder({ host: 'elsewhere' }),
      says: asks,
      given: withoutProc,
    },
    { of: 'nobody', text: () => '', says: /a file that names none: delete it/ },
    { of: 'something else', text: () => '{"pid":"1"}', says: /a file that names none: delete it/ },
    { of: 'a name that leads elsewhere', text: () => holder({ pid: -1 }), says: /a file that names none: delete it/ },
  ])('$of', ({ isTold = true, text, says, given }) => {
    if (!isTold) return;
    given?.();
    const there = text();
    fs.writeFileSync(path, there);
    const before = Date.now() / 1000 - 1e6;
    fs.utimesSync(path, before, before); // however old it is
    expect(() => takeLock(path)).toThrow(says);
    expect(fs.readFileSync(path, 'utf8')).toBe(there);
    expect(fs.readdirSync(folder)).toEqual(['training.lock']);
  });

  test('a process that is just taking it over', () => {
    const stale = holder({ pid: NOBODY, token: TOKEN });
    takeLock(`${path}.${TOKEN}`);
    fs.writeFileSync(path, stale);
    expect(() => takeLock(path)).toThrow(`got process ${process.pid}`);
    expect(fs.readFileSync(path, 'utf8')).toBe(stale);
  });

  test.runIf(onLinux)('what is no file: it is not waited for', () => {
    execFileSync('mkfifo', [path]);
    expect(() => takeLock(path)).toThrow(/a file that names none: delete it/);
    fs.rmSync(path);
    fs.symlinkSync('/dev/zero', path);
    expect(() => takeLock(path)).toThrow(FileError);
  });
});

test('of many processes that want one folder at once, one has it: free, stale, or half taken over', async () => {
  const dead = (token: string) => holder({ pid: NOBODY, token });
  const paths = Array.from({ length: 30 }, (_, n) => join(folder, `${n}.lock`));
  const locks = paths.flatMap((file, n) => {
    const token = n.toString(16).padStart(16, '0');
    const stale = [[file, dead(token)] as const, [`${file}.${token}`, dead(TOKEN)] as const];
    return stale.slice(0, n % 3);
  });
  for (const [file, text] of locks) fs.writeFileSync(file, text);
  const contenders = await Promise.all(Array.from({ length: 3 }, contender));
  try {
    const taken = await Promise.all(contenders.map(child => answer(child, paths)));
    const winners = new Map(contenders.map(({ pid }, n) => [pid, new Set(taken[n])]));
    expect(taken.flat().sort()).toEqual([...paths].sort());
    for (const file of paths) {
      const { pid } = JSON.parse(fs.readFileSync(file, 'utf8')) as { pid: number };
      expect(winners.get(pid)?.has(file)).toBe(true);
    }
    expect(fs.readdirSync(folder)).toHaveLength(paths.length);
  } finally {
    for (const child of contenders) child.kill('SIGKILL');
  }
});

async function contender(): Promise<ChildProcess> {
  const child = fork(join(ROOT, 'spec/io/node/contender.ts'), { cwd: ROOT, execArgv: ['--import', 'tsx'] });
  await answer(child);
  return child;
}

/** The next message of a process, after one to it, if any. */
function answer(child: ChildProcess, message?: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('it has ended')));
    child.once('message', taken => resolve(taken as readonly string[]));
    if (message) child.send([...message]);
  });
}

function holderOf(file: string, changes: object): string {
  return JSON.stringify({ ...(JSON.parse(fs.readFileSync(file, 'utf8')) as object), ...changes });
}
