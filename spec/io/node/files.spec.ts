/**
 * Reading and replacing files. The tests may run as root, whom no permission stops: what fails here is a folder in the
 * way, a path below a file, or a system call that a test makes fail.
 */
import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FileError, FormatError } from '../../../lib/errors.ts';
import { readBytes, readText, writeAtomically } from '../../../lib/io/node/files.ts';

// The real file system, in which one call can be made to fail.
vi.mock('node:fs', async original => {
  const real = await original<typeof import('node:fs')>();
  return {
    ...real,
    fchownSync: vi.fn(real.fchownSync),
    fsyncSync: vi.fn(real.fsyncSync),
    openSync: vi.fn(real.openSync),
    renameSync: vi.fn(real.renameSync),
    rmSync: vi.fn(real.rmSync),
    statSync: vi.fn(real.statSync),
    writeFileSync: vi.fn(real.writeFileSync),
  };
});

const { openSync: open } = await vi.importActual<typeof import('node:fs')>('node:fs');

let folder = '';
const path = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'bptt-files-'));
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true });
});

describe('reading', () => {
  test('the bytes of a file, as a plain Uint8Array', () => {
    fs.writeFileSync(path('a'), Uint8Array.of(0, 1, 255));
    expect(readBytes(path('a'))).toEqual(Uint8Array.of(0, 1, 255));
    expect(Object.getPrototypeOf(readBytes(path('a')))).toBe(Uint8Array.prototype);
  });

  test('an empty file', () => {
    fs.writeFileSync(path('a'), '');
    expect(readBytes(path('a')).length).toBe(0);
    expect(readText(path('a'))).toBe('');
  });

  test('UTF-8 text, a leading byte order mark dropped and no other', () => {
    fs.writeFileSync(path('a'), '\ufeffThou\r\n\ufeff字🎭');
    expect(readText(path('a'))).toBe('Thou\r\n\ufeff字🎭');
  });

  test.each([
    ['a byte that starts nothing', [0x61, 0xff]],
    ['a symbol cut off', [0x61, 0xe5, 0xad]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9]],
    ['UTF-16', [0xff, 0xfe, 0x61, 0x00]],
  ])('refuses %s', (_, bytes) => {
    fs.writeFileSync(path('a'), Uint8Array.from(bytes));
    expect(() => readText(path('a'))).toThrow(new FormatError(path('a'), 'UTF-8 text', 'bytes that are not'));
  });

  test.each([
    ['nothing', 'missing', 'no such file'],
    ['a folder', '.', 'a folder'],
    ['a path below a file', 'file/below', 'a path below something that is not a folder'],
    ['a name that is too long', 'n'.repeat(300), 'a name that is too long'],
    ['links in a circle', 'circle', 'links in a circle'],
  ])('%s there', (_, name, got) => {
    fs.writeFileSync(path('file'), '');
    fs.symlinkSync('circle', path('circle'));
    for (const read of [readBytes, readText]) {
      expect(() => read(path(name))).toThrow(new FileError(path(name), 'a file that can be read', got));
    }
  });

  test.runIf(process.platform !== 'win32')('a pipe, unless a file names it: that is not waited for', async () => {
    execFileSync('mkfifo', [path('pipe')]);
    spawn('sh', ['-c', 'printf 0123456789abcdef%.0s $(seq 9999) > "$0"', path('pipe')], { stdio: 'ignore' });
    expect(readText(path('pipe'))).toBe('0123456789abcdef'.repeat(9999));
    expect(() => readBytes(path('pipe'), { regular: true })).toThrow(
      new FileError(path('pipe'), 'a regular file', 'a pipe'),
    );
    // A pipe that takes the place of a file after it was looked at.
    fs.writeFileSync(path('a'), '');
    vi.mocked(fs.statSync).mockReturnValueOnce(fs.statSync(path('a')));
    expect(() => readBytes(path('pipe'), { regular: true })).toThrow('got a pipe');
  });

  test.runIf(fs.existsSync('/dev/zero'))('no device, which may never end, and nothing endless', () => {
    for (const regular of [false, true]) expect(() => readBytes('/dev/zero', { regular })).toThrow('got a device');
  });

  test('a path that no system takes', () => {
    expect(() => readBytes('a\0b')).toThrow(FileError);
    expect(() => readBytes('')).toThrow(FileError);
  });
});

describe('writing', () => {
  test('a new file, of text or of bytes', () => {
    writeAtomically(path('text'), '字🎭');
    writeAtomically(path('bytes'), Uint8Array.of(9, 8, 7).subarray(1));
    expect(fs.readFileSync(path('text'), 'utf8')).toBe('字🎭');
    expect([...fs.readFileSync(path('bytes'))]).toEqual([8, 7]);
    expect(names()).toEqual(['bytes', 'text']);
  });

  test('over an old file, longer or shorter', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), bytes => {
        writeAtomically(path('a'), bytes);
        expect(readBytes(path('a'))).toEqual(bytes);
        expect(names()).toEqual(['a']);
      }),
      { numRuns: 30 },
    );
  });

  test('a file that someone has open keeps its old bytes for them', () => {
    fs.writeFileSync(path('a'), 'old');
    const reader = fs.openSync(path('a'), 'r');
    writeAtomically(path('a'), 'new');
    expect(fs.readFileSync(reader, 'utf8')).toBe('old');
    fs.closeSync(reader);
    expect(readText(path('a'))).toBe('new');
  });

  test('through a link, which stays a link', () => {
    fs.mkdirSync(path('elsewhere'));
    fs.writeFileSync(path('elsewhere/a'), 'old');
    fs.symlinkSync('elsewhere/a', path('link'));
    writeAtomically(path('link'), 'new');
    expect(readText(path('elsewhere/a'))).toBe('new');
    expect(fs.lstatSync(path('link')).isSymbolicLink()).toBe(true);
  });

  test('through links that point at nothing yet', () => {
    fs.mkdirSync(path('elsewhere'));
    fs.symlinkSync('elsewhere/b', path('link'));
    fs.symlinkSync('a', path('elsewhere/b'));
    writeAtomically(path('link'), 'new');
    expect(fs.readdirSync(path('elsewhere'))).toEqual(['a', 'b']);
    expect(fs.lstatSync(path('link')).isSymbolicLink()).toBe(true);
    expect(readText(path('elsewhere/a'))).toBe('new');
  });

  test('under a name that nobody foretells, and over no file or link that is there', () => {
    fs.writeFileSync(path('another'), "another's");
    const seen: string[] = [];
    vi.mocked(fs.openSync).mockImplementation((file, flags, mode) => {
      if (flags === 'wx') {
        seen.push(String(file));
        if (seen.length === 2) fs.symlinkSync('another', String(file));
      }
      return open(file, flags, mode);
    });
    writeAtomically(path('a'), 'old');
    expect(() => writeAtomically(path('a'), 'new')).toThrow('got a file of that name');
    vi.mocked(fs.openSync).mockReset();
    expect(seen[0]).not.toBe(seen[1]);
    for (const file of seen) expect(file).toMatch(/[/\\]\.a\.bptt-[0-9a-f]{16}\.tmp$/);
    expect(readText(path('another'))).toBe("another's");
    expect(readText(path('a'))).toBe('old');
  });

  test.runIf(process.platform !== 'win32').each([0o600, 0o640, 0o444, 0o755])(
    'with the mode of the old file: %o',
    mode => {
      fs.writeFileSync(path('a'), 'old');
      fs.chmodSync(path('a'), mode);
      fs.symlinkSync('a', path('link'));
      writeAtomically(path('link'), 'new');
      expect(fs.statSync(path('a')).mode & 0o777).toBe(mode);
      expect(readText(path('a'))).toBe('new');
    },
  );

  test.runIf(process.getuid?.() === 0)('with the owner and the group of the old file', () => {
    fs.writeFileSync(path('a'), 'old');
    fs.chownSync(path('a'), 65534, 65533);
    fs.chmodSync(path('a'), 0o660);
    writeAtomically(path('a'), 'new');
    expect(fs.statSync(path('a'))).toMatchObject({ uid: 65534, gid: 65533 });
    expect(fs.statSync(path('a')).mode & 0o777).toBe(0o660);
  });

  test.runIf(process.platform !== 'win32')('for no other group, where the old one cannot be kept', () => {
    fs.writeFileSync(path('a'), 'old');
    fs.chmodSync(path('a'), 0o664);
    const { uid, gid } = fs.statSync(path('a'));
    const another = { uid: uid + 1, gid: gid + 1 };
    vi.mocked(fs.statSync).mockReturnValueOnce(Object.assign(fs.statSync(path('a')), another));
    vi.mocked(fs.fchownSync).mockImplementation(() => fail('EPERM'));
    writeAtomically(path('a'), 'new');
    vi.mocked(fs.fchownSync).mockReset();
    expect(fs.statSync(path('a')).mode & 0o777).toBe(0o604);
    expect(fs.statSync(path('a'))).toMatchObject({ uid, gid });
  });

  test('says what went wrong, also where the temporary file then cannot be removed', () => {
    vi.mocked(fs.fsyncSync).mockImplementationOnce(() => fail('ENOSPC'));
    vi.mocked(fs.rmSync).mockImplementationOnce(() => fail('EROFS'));
    expect(() => writeAtomically(path('a'), 'new')).toThrow('got no space left');
  });

  test('over a name as long as the system takes', () => {
    const name = 'n'.repeat(255);
    writeAtomically(path(name), 'old');
    writeAtomically(path(name), 'new');
    expect(readText(path(name))).toBe('new');
    expect(names()).toEqual([name]);
  });

  test.each([
    ['a folder', 'folder', 'a folder'],
    ['a folder that is missing', 'missing/a', 'no such folder'],
    ['a path below a file', 'old/a', 'a path below something that is not a folder'],
    ['a name that is too long', 'n'.repeat(300), 'a name that is too long'],
  ])('not to %s', (_, name, got) => {
    fs.writeFileSync(path('old'), 'old');
    fs.mkdirSync(path('folder'));
    fs.writeFileSync(path('folder/inside'), 'inside');
    expect(() => writeAtomically(path(name), 'new')).toThrow(
      new FileError(path(name), 'a file that can be written', got),
    );
    expect(names()).toEqual(['folder', 'old']);
    expect(fs.readdirSync(path('folder'))).toEqual(['inside']);
    expect(readText(path('old'))).toBe('old');
  });

  test.runIf(fs.existsSync('/dev/null'))('not over a device', () => {
    expect(() => writeAtomically('/dev/null', 'new')).toThrow('not a regular file');
    expect(fs.statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test.each([
    ['the disk is full', fs.writeFileSync, 'ENOSPC', 'no space left'],
    ['the disk is full at the last moment', fs.fsyncSync, 'ENOSPC', 'no space left'],
    ['the disk is read-only', fs.renameSync, 'EROFS', 'a read-only disk'],
    ['permission is denied', fs.renameSync, 'EACCES', 'permission denied'],
    ['something else happens', fs.fsyncSync, 'EIO', 'EIO: made up'],
  ])('keeps the old file when %s', (_, call, code, got) => {
    fs.writeFileSync(path('a'), 'old');
    vi.mocked(call as () => void).mockImplementationOnce(() => fail(code));
    expect(() => writeAtomically(path('a'), 'new')).toThrow(
      new FileError(path('a'), 'a file that can be written', got),
    );
    expect(readText(path('a'))).toBe('old');
    expect(names()).toEqual(['a']);
  });

  test.each(['EINVAL', 'EPERM'])('does without a sync of the folder on %s', code => {
    const sync = vi.mocked(fs.fsyncSync);
    sync.mockImplementationOnce(() => {}).mockImplementationOnce(() => fail(code));
    writeAtomically(path('a'), 'new');
    expect(readText(path('a'))).toBe('new');
  });
});

function names(): string[] {
  return fs.readdirSync(folder).sort();
}

function fail(code: string): never {
  throw Object.assign(new Error(`${code}: made up`), { code });
}
