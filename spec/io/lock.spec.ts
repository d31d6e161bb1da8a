/** Locks: one process has a folder, and one that is no more has none. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileError } from '../../lib/errors.ts';
import { takeLock } from '../../lib/io/lock.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bptt-lock-'));
  path = join(folder, 'training.lock');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What this process writes into a lock, with some of it changed. */
function holder(changes: object): string {
  const release = takeLock(path);
  const own = JSON.parse(readFileSync(path, 'utf8')) as object;
  release();
  return JSON.stringify({ ...own, ...changes });
}

/** A process id that no process has. */
const NOBODY = 2 ** 22 + 1;

describe('a lock', () => {
  test('is taken once, given back, and taken again', () => {
    const release = takeLock(path);
    expect(() => takeLock(path)).toThrow(
      new FileError(path, 'a folder that no other process trains in', `process ${process.pid}`),
    );
    release();
    expect(readdirSync(folder)).toEqual([]);
    takeLock(path)();
  });

  test('names process, machine and, on Linux, when the process began', () => {
    takeLock(path);
    const own = JSON.parse(readFileSync(path, 'utf8')) as { began: unknown };
    expect(own).toMatchObject({ pid: process.pid, host: hostname() });
    if (existsSync('/proc/self/stat')) expect(own.began).toMatch(/^\d+$/);
  });

  test.each<[string, () => string]>([
    ['a process that is no more', () => holder({ pid: NOBODY })],
    ['an earlier process with the id of this one', () => holder({ began: '1' })],
  ])('of %s is taken over', (_, text) => {
    writeFileSync(path, text());
    takeLock(path)();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each<[string, () => string, RegExp]>([
    ['this process', () => holder({}), /got process \d+$/],
    [
      'another machine',
      () => holder({ host: 'elsewhere' }),
      /got process \d+ of elsewhere, or it was killed: then delete/,
    ],
    ['nobody, just made', () => '', /a process that has just begun$/],
    ['something else, just made', () => '{"pid":"1"}', /a process that has just begun$/],
  ])('of %s is not', (_, text, message) => {
    const there = text();
    writeFileSync(path, there);
    expect(() => takeLock(path)).toThrow(message);
    expect(readFileSync(path, 'utf8')).toBe(there);
    expect(readdirSync(folder)).toEqual(['training.lock']);
  });

  test.each(['', '{', 'null', '{"pid":-1,"host":"x"}'])('that says %o is taken over when it is old', text => {
    writeFileSync(path, text);
    const before = Date.now() / 1000 - 60;
    utimesSync(path, before, before);
    takeLock(path)();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('cannot be where there is no folder', () => {
    const nowhere = join(folder, 'gone', 'training.lock');
    expect(() => takeLock(nowhere)).toThrow(new FileError(nowhere, 'a file that can be written', 'no such folder'));
  });
});
