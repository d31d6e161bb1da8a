/** What is read off a cell's lines: the tag of every gradient, and those that it goes through. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { record } from '../../lib/equations/record.ts';
import { type Through, throughOf } from '../../lib/equations/through.ts';
import {
  addTTimes,
  type Cell,
  cells,
  conditioned,
  gru,
  lstm,
  lstmNoForget,
  mul,
  rnn,
  tanhSlope,
  traceFixed,
} from '../../lib/index.ts';
import { ROOT } from '../examples.ts';

const readOff = (cell: object): Readonly<Record<string, Through>> => {
  const { equations, reason } = record(cell as Cell, { d: 3, m: 4 });
  if (!equations) throw new Error(reason);
  return throughOf(equations);
};

describe('of the cells of the library', () => {
  const all: readonly Cell[] = [
    ...Object.values(cells),
    traceFixed(0.7) as unknown as Cell,
    conditioned(lstm, { k: 2 }) as unknown as Cell,
    conditioned(rnn, { k: 3, when: 'first' }) as unknown as Cell,
  ];

  test.each(all.map(cell => [cell.name, cell] as const))('%s: every tag is the one that it declares', (_, cell) => {
    const tags = Object.entries(readOff(cell)).map(([name, { tag }]) => [name, tag]);
    expect(Object.fromEntries(tags)).toEqual(cell.equations);
  });

  test('a gradient goes through the equations between it and what came in, from the last to the first', () => {
    const { W_i, W_o, x, c } = readOff(lstm);
    expect(W_i).toEqual({ tag: 'LSTM-B7', via: ['LSTM-B4', 'LSTM-B2'] });
    expect(W_o).toEqual({ tag: 'LSTM-B7', via: ['LSTM-B1'] });
    expect(x).toEqual({ tag: 'LSTM-B10', via: ['LSTM-B5', 'LSTM-B4', 'LSTM-B3', 'LSTM-B2', 'LSTM-B1'] });
    expect(c).toEqual({ tag: 'LSTM-B6', via: ['LSTM-B2'] });
    expect(readOff(lstmNoForget).c).toEqual({ tag: 'LNF-B5', via: ['LNF-B2'] });
    expect(readOff(gru).b_h).toEqual({ tag: 'GRU-B8', via: ['GRU-B4', 'GRU-B1'] });
    expect(readOff(conditioned(rnn, { k: 2 })).x).toEqual({ tag: 'CND-B2', via: ['RNN-B5', 'RNN-B1'] });
  });
});

describe('of a cell in a file of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bptt through '));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const matrix = JSON.stringify(join(ROOT, 'lib/matrix.ts'));

  /** The vanilla network with another backward pass. */
  const written = async (backward: string, path: string, more = '') => {
    const file = join(folder, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(
      file,
      `import { addColumnSums, addTTimes, affine, mul, tanh, tanhSlope, times } from ${matrix};
${more}
export const cell = {
  name: 'mine',
  params: ({ d, m }) => ({ W: [m, m], U: [m, d], b: [1, m] }),
  state: ({ m }) => ({ h: m }),
  forward(p, x, { h: hPrev }) {
    const h = tanh(affine(p.W, hPrev, p.U, x, p.b));
    return { next: { h }, tape: { x, hPrev, h } };
  },
  backward(p, { x, hPrev, h }, { h: dh }, dp) {
${backward}
  },
};
`,
    );
    const { cell } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { readonly cell: object };
    return readOff(cell);
  };

  const ends = `
    addColumnSums(dp.b, da); // RNN-B4
    return { dx: times(da, p.U), dprev: { h: times(da, p.W) } }; // RNN-B5`;
  const right = { tag: 'RNN-B4', via: ['RNN-B1'] };

  test('in a folder whose name has a space and an umlaut', async () => {
    const through = await written(`const da = mul(dh, tanhSlope(h)); // RNN-B1${ends}`, 'a büro/cell.mjs');
    expect(through).toMatchObject({ b: right, x: { tag: 'RNN-B5', via: ['RNN-B1'] } });
  });

  test('over several lines, and without semicolons', async () => {
    const long = `const da = mul(
      dh,
      tanhSlope(h),
    ); // RNN-B1${ends}`;
    expect(await written(long, 'long.mjs')).toMatchObject({ b: right });
    expect(await written(`${long}`.replaceAll(';', ''), 'bare.mjs')).toMatchObject({ b: right });
    const untagged = 'const slope = tanhSlope(h)\nconst da = mul(dh, slope) // RNN-B1';
    expect(await written(`${untagged}${ends}`, 'untagged.mjs')).toMatchObject({ b: right });
  });

  test('through a function of its own, which has no tag', async () => {
    const more = 'const back = (dh, h) => {\n  const slope = tanhSlope(h);\n  return mul(dh, slope);\n};';
    expect(await written(`const da = back(dh, h); // RNN-B1${ends}`, 'helper.mjs', more)).toMatchObject({ b: right });
  });

  test('none where no line has one', async () => {
    const bare =
      'addColumnSums(dp.b, mul(dh, tanhSlope(h)));\nreturn { dx: times(dh, p.U), dprev: { h: times(dh, p.W) } };';
    expect(await written(bare, 'none.mjs')).toMatchObject({ b: { via: [] }, x: { via: [] }, h: { via: [] } });
    expect((await written(bare, 'none2.mjs')).b).not.toHaveProperty('tag');
  });

  test('none where there is no source to read', () => {
    const text = `return { ...rnn, backward(p, { x, hPrev, h }, { h: dh }, dp) {
      const da = mul(dh, tanhSlope(h)); // RNN-B1
      addTTimes(dp.W, da, hPrev); // RNN-B2
      return rnn.backward(p, { x, hPrev, h }, { h: dh }, dp);
    } };`;
    const made = new Function('rnn', 'mul', 'tanhSlope', 'addTTimes', text);
    const { W, b } = readOff(made(rnn, mul, tanhSlope, addTTimes));
    expect(W).toEqual({ tag: 'RNN-B2', via: ['RNN-B1'] });
    expect(b).toEqual({ tag: 'RNN-B4', via: ['RNN-B1'] });
  });
});
