/** Folders, and where the library may touch files at all. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileError } from '../../../lib/errors.ts';
import {
  filesIn,
  isFile,
  isFolder,
  isThere,
  makeFolder,
  removeFile,
  removeTemporaries,
} from '../../../lib/io/node/folders.ts';
import { ROOT } from '../../examples.ts';

let folder = '';
const path = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'bptt-folders-'));
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true });
});

describe('making a folder', () => {
  test.runIf(process.platform === 'linux')('ends where there can be none', () => {
    expect(() => makeFolder('/proc/none/below')).toThrow(
      new FileError('/proc/none/below', 'a folder that can be made', 'no such folder'),
    );
    const gone = path('gone');
    fs.mkdirSync(gone);
    const script = `import(${JSON.stringify(pathToFileURL(join(ROOT, 'lib/io/node/folders.ts')).href)}).then(({ makeFolder, wholePath }) => {
        process.chdir(${JSON.stringify(gone)});
        require('fs').rmdirSync(${JSON.stringify(gone)});
        for (const make of [makeFolder, wholePath]) try { make('a/b'); } catch (error) { console.log(error.message); }
      });`;
    const printed = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], { cwd: ROOT, encoding: 'utf8' });
    expect(printed).toBe(
      'a/b: expected a folder that can be made, got no such folder\n' +
        'a/b: expected a path from a working folder, got one that was deleted\n',
    );
  });

  test('with those above it, twice', () => {
    makeFolder(path('a/b/c'));
    makeFolder(path('a/b/c'));
    expect(fs.statSync(path('a/b/c')).isDirectory()).toBe(true);
  });

  test('not where a file is, or below one', () => {
    fs.writeFileSync(path('file'), '');
    expect(() => makeFolder(path('file'))).toThrow(
      new FileError(path('file'), 'a folder that can be made', 'a file of that name'),
    );
    expect(() => makeFolder(path('file/below'))).toThrow(
      new FileError(path('file/below'), 'a folder that can be made', 'a path below something that is not a folder'),
    );
  });
});

describe('tidying', () => {
  test('takes the temporary files of names that are its own, and nothing else', () => {
    const [ours, token] = ['.loss.csv.bptt-0123456789abcdef.tmp', '0123456789abcdef'];
    const others = [
      '.loss.csv.123.tmp',
      '.notes.123.tmp',
      `.flow.html.bptt-${token}.tmp`,
      `loss.csv.bptt-${token}.tmp`,
    ];
    for (const name of [ours, ...others]) fs.writeFileSync(path(name), '');
    fs.mkdirSync(path(`.loss.csv.bptt-${token.replace('0', '1')}.tmp`));
    removeTemporaries(folder, name => name === 'loss.csv');
    expect(names()).toEqual([...others, `.loss.csv.bptt-${token.replace('0', '1')}.tmp`].sort());
  });
});

test('what is not there, cannot be reached or is something else, is told of files and folders alike', () => {
  fs.writeFileSync(path('file'), '');
  fs.symlinkSync('circle', path('circle'));
  const ways: readonly [string, string][] = [
    ['file', 'a path below something that is not a folder'],
    ['file/below', 'a path below something that is not a folder'],
    ['circle', 'links in a circle'],
    ['n'.repeat(300), 'a name that is too long'],
    ['gone', 'no such folder'],
  ];
  for (const [name, got] of ways) {
    expect(() => filesIn(path(name))).toThrow(new FileError(path(name), 'a folder that can be read', got));
    expect(isFolder(path(name))).toBe(false);
    expect(isThere(path(name))).toBe(name === 'file');
    expect(isFile(path(name))).toBe(name === 'file');
  }
  fs.mkdirSync(path('folder'));
  expect(isFile(path('folder'))).toBe(false);
  expect(() => removeFile(path('folder'))).toThrow(FileError);
  removeFile(path('gone'));
});

test('no other part of the library calls the file system', () => {
  const sources = fs.readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
  const calling = sources.filter(
    name =>
      name.endsWith('.ts') && /['"](node:)?fs(\/promises)?['"]/.test(fs.readFileSync(join(ROOT, 'lib', name), 'utf8')),
  );
  // The last five build the library, and are no part of it; a place's line is read where there are files, and else is not.
  const allowed = [
    'io/node/files.ts',
    'io/node/folders.ts',
    'io/node/holder.ts',
    'io/node/lock.ts',
    'io/node/pieces.ts',
    'equations/source.ts',
    'cli/train/ranks.ts', // folders that are nobody's, which go with the process
    'cli/modules/load.ts', // a hook of Node's loader, which runs apart from the library
    ...['build/bundle.ts', 'build/declarations.ts', 'build/equations.ts', 'build/others.ts'],
    'engine/assembly/compile.ts',
  ];
  expect(calling.sort()).toEqual(allowed.sort());
});

function names(): string[] {
  return fs.readdirSync(folder).sort();
}
