/** A cell beside the library's: as it runs, on the backends that are asked for, verified, and said why where not fused. */
import { describe, expect, it } from 'vitest';
import { reference, wasm } from '../../bench/backends.ts';
import { besideLibrary, besideTable, ownCell } from '../../bench/own-cell.ts';
import type { Report } from '../../bench/report.ts';
import { type Cell, lstmCoupled, rnn } from '../../lib/index.ts';
import { largerDx, withLayers } from './planted.ts';

const fused: Cell = { ...(lstmCoupled as unknown as Cell), name: 'mine' };
const unrolled: Cell = {
  ...(rnn as unknown as Cell),
  name: 'mine',
  forward(p, x, prev) {
    x.get(0, 0); // a look at a single element
    return (rnn as unknown as Cell).forward(p, x, prev);
  },
};

/** Who comes to the race of one sequence, with an empty field of others. */
async function invited({ cases, field }: ReturnType<typeof ownCell>, precision: 'f64' | 'f32') {
  const which = cases.find(({ name }) => name === 'mine-d128-m128-B1-T50');
  if (!which) throw new Error('no case of one sequence');
  const { name, work } = which;
  return field.invite({ name, precision, work, opened: which.open(), backends: [wasm], expected: () => ({}) });
}

describe('a cell that runs fused', () => {
  const own = ownCell(fused, [wasm, reference], ['f64', 'f32']);

  it('is timed in batches and alone, on what is asked for', () => {
    expect(own.cases.map(({ name }) => name)).toEqual(['mine-d128-m128-B16-T50', 'mine-d128-m128-B1-T50']);
    expect(own).toMatchObject({ backends: [wasm, reference], precisions: ['f64', 'f32'] });
    expect(own.runs).toMatch(/^mine runs fused: \d+ products? and \d+ kernels? a step$/);
    expect(own.cases.map(({ work }) => work)).toMatchObject([
      { tokens: 800, flops: 6 * 800 * 3 * 128 * 256 },
      { tokens: 50, flops: 6 * 50 * 3 * 128 * 256 },
    ]);
  });

  it('has gru and lstm beside it on the same backend, of those that have the precision', async () => {
    const { rivals, leftOut } = await invited(own, 'f32');
    expect(rivals.map(({ name, beside, verified }) => [name, beside, verified])).toEqual([
      ['gru', wasm, true],
      ['lstm', wasm, true],
    ]);
    expect(leftOut).toEqual([]);
  });
});

describe('a cell that runs unrolled', () => {
  it('is timed as the reference in f64, beside both on what ours runs on, and it is said why', async () => {
    const own = ownCell(unrolled, [wasm], ['f64', 'f32']);
    expect(own).toMatchObject({ backends: [reference], precisions: ['f64'] });
    expect(own.runs).toMatch(/^mine runs unrolled, because it looks at the single element \[0,0\] of a matrix/);
    const { rivals } = await invited(own, 'f64');
    expect(rivals.map(({ name, beside }) => [name, beside])).toEqual([
      ['gru on wasm', undefined],
      ['lstm on wasm', undefined],
    ]);
  });
});

it('what is wrong of the library is not timed beside it', async () => {
  const { rivals, leftOut } = await invited(ownCell(fused, [withLayers(largerDx)], ['f64']), 'f64');
  expect(rivals).toEqual([]);
  expect(leftOut).toMatchObject([
    { name: 'mine-d128-m128-B1-T50', who: 'gru', why: 'wrong against the reference' },
    { name: 'mine-d128-m128-B1-T50', who: 'lstm', why: 'wrong against the reference' },
  ]);
});

it('a ratio is its own tokens a second over the other’s', () => {
  const row = { name: 'mine-d128', backend: 'wasm', precision: 'f64', ms: 2, tokensPerSecond: 1000 };
  const peers = [{ name: 'gru', ms: 5, ratio: 2.5 }];
  const rows = besideLibrary({ cases: [{ ...row, peers }] } as unknown as Report);
  expect(rows).toEqual([
    {
      ...{ case: 'mine-d128', backend: 'wasm', precision: 'f64', tokensPerSecond: 1000 },
      beside: [{ name: 'gru', tokensPerSecond: 400, ratio: 2.5 }],
    },
  ]);
  expect(besideTable(rows)).toMatch(/^\| mine-d128 .*\| wasm f64 \| +1000 \| 400 \(2\.5×\) \|$/m);
});
