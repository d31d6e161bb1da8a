/** Files larger than memory should be: 300 MB of CSV and of JSON Lines, made while they are read. */
import { expect, test } from 'vitest';
import { readCsv } from '../../lib/io/csv.ts';
import { readJsonLines } from '../../lib/io/json-lines.ts';
import { held } from './memory.ts';

const BYTES = Number(process.env.BPTT_SOAK_BYTES ?? 300e6);

/** Bytes that may be held while it is read, whatever its size. */
const MOST = 2 ** 24;

const print = (text: string) => process.stdout.write(`${text}\n`);

/** Lines until there are so many bytes, in pieces of 64 kB as files come. */
async function* made(first: string, line: (n: number) => string): AsyncGenerator<Uint8Array> {
  const utf8 = new TextEncoder();
  yield utf8.encode(first);
  for (let [bytes, n] = [0, 0]; bytes < BYTES; ) {
    let text = '';
    while (text.length < 2 ** 16) text += line(n++);
    const piece = utf8.encode(text);
    bytes += piece.length;
    yield piece;
  }
}

test.each([
  [
    'CSV',
    () =>
      readCsv(
        made('n,t,place\n', n => `${n},${(n % 997) / 8},"Kiruna, Övre"\n`),
        { columns: { n: 'number', t: 'number', place: 'text' } },
      ),
  ],
  [
    'JSON Lines',
    () =>
      readJsonLines(
        made('', n => `{"n": ${n}, "t": ${(n % 997) / 8}, "place": "Kiruna, Övre"}\n`),
        { columns: { n: 'number', t: 'number', place: 'text' } },
      ),
  ],
] as const)(`${BYTES / 1e6} MB of %s are read in flat memory`, async (name, open) => {
  const began = performance.now();
  const before = held();
  let [n, most] = [0, 0];
  for await (const { value } of open()) {
    if (value.n !== n || value.t !== (n % 997) / 8 || value.place !== 'Kiruna, Övre') throw new Error(`record ${n}`);
    n += 1;
    if (n % 1_000_000 !== 0) continue;
    const now = held();
    most = Math.max(most, now.heap - before.heap + now.arrays - before.arrays);
  }
  const seconds = (performance.now() - began) / 1000;
  print(
    `${BYTES / 1e6} MB of ${name}: ${n} records, ${seconds.toFixed(1)} s, at most ${(most / 1e6).toFixed(1)} MB held`,
  );
  expect(n).toBeGreaterThan(BYTES / 100);
  expect(most).toBeLessThan(MOST);
});
