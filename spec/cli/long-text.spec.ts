/** Texts of many megabytes: what they take of memory, and where a string ends. */
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MAIN } from '../build.ts';
import { ended } from '../ended.ts';
import { freshFolder, inTurn } from './command.ts';

/** Prints the most memory that a process had, in KiB, as its last line. */
const WATCHED = 'process.on("exit", () => console.error(process.resourceUsage().maxRSS))';

test('a text takes some six bytes a symbol: the string, and a class of four bytes', () => {
  const folder = freshFolder();
  const most = (symbols: number): number => {
    writeFileSync(join(folder, 'text.txt'), 'the quick brown fox '.repeat(symbols / 20));
    // Its lists would not fit the heap: they take eight bytes for every symbol.
    const node = ['--max-old-space-size=128', '--import', `data:text/javascript,${WATCHED}`, MAIN];
    const few = ['--hidden', '2', '--steps', '2', '--held-out', '0', '--sample-length', '2', '--quiet'];
    const args = [...node, 'train', 'text.txt', ...few, '--out', `of-${symbols}`];
    const { status, stderr } = ended(process.execPath, args, { cwd: folder });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^\d+\n$/) });
    return 1024 * Number(stderr);
  };
  const [few, many] = [2000, 20_000_000];
  expect((most(many) - most(few)) / many).toBeLessThan(8); // two of them for what is garbage by then
});

test('a text that no string holds is refused in one line, which says how long a string may be', async () => {
  const folder = freshFolder();
  const file = join(folder, 'endless.txt');
  writeFileSync(file, '');
  truncateSync(file, 2 ** 29);
  const { status, stderr } = await inTurn(folder, 'train', 'endless.txt');
  rmSync(file);
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^bptt: .*endless\.txt: expected a text of at most 536870888 characters, which a string holds, got one of 536870912 bytes: .*\n$/,
  );
});
