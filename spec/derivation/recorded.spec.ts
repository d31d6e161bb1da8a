/** A cell that differs from its derivation is told, by the tag of the line where it does; and so is another next state. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rewritten } from '../cells/proven.ts';
import { ROOT } from '../examples.ts';
import { comparedWith } from './recorded.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-recorded-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = readFileSync(join(ROOT, 'derivations/lstm.md'), 'utf8');

test.each<[what: string, changes: Readonly<Record<string, string>>, different: readonly string[]]>([
  ['nothing', {}, []],
  ['a term that the equation has not', { 'const h = mul(o, tc);': 'const h = add(mul(o, tc), tc);' }, ['F6', 'next.h']],
  [
    'another function',
    { 'const tc = tanh(c);': 'const tc = sigmoid(c);' },
    ['F6', 'B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7', 'B8', 'B9', 'B10', 'B11', 'next.h'],
  ],
  ['another part handed on', { 'next: { h, c }': 'next: { h, c: tc }' }, ['next.c']],
  ['a gradient of another gate', { 'times(dai, p.U_i)': 'times(daf, p.U_i)' }, ['B10']],
  ['a gate left out of a loop', { 'of GATES) {': "of GATES.filter(k => k !== 'o')) {" }, ['B7', 'B8', 'B9']],
  [
    'tags exchanged',
    { 'p.b_f)); // LSTM-F1 ': 'p.b_f)); // LSTM-F2 ', 'p.b_i)); // LSTM-F2 ': 'p.b_i)); // LSTM-F1 ' },
    ['F1', 'F2'],
  ],
  ['a tag lost', { '// LSTM-B6 ': '//' }, ['B6']],
])('%s', async (what, changes, different) => {
  const cell = await rewritten(lstm as Cell, changes, join(folder, `${what.replaceAll(' ', '-')}.ts`));
  const found = [...comparedWith(text, cell, 'LSTM')].filter(([, comparison]) => comparison !== 'exact');
  expect(found).toEqual(different.map(tag => [tag.startsWith('next') ? tag : `LSTM-${tag}`, 'differs']));
});
