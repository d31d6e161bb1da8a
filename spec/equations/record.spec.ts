import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../lib/equations/evaluate.ts';
import { float64, type Grid } from '../../lib/equations/numbers.ts';
import { print } from '../../lib/equations/print.ts';
import { type Equations, record } from '../../lib/equations/record.ts';
import { type Cell, cells, conditioned, lstm, Random, rnn, traceFixed } from '../../lib/index.ts';
import { mul, times, timesT } from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';

const all: readonly Cell[] = [
  ...Object.values(cells),
  traceFixed(0.7) as unknown as Cell,
  conditioned(lstm, { k: 2 }) as unknown as Cell,
  conditioned(rnn, { k: 3, when: 'first' }) as unknown as Cell,
];

const recorded = (cell: Cell, size = { d: 3, m: 4 }): Equations => {
  const { equations, reason } = record(cell, size);
  if (!equations) throw new Error(reason);
  return equations;
};

describe.each(all.map(cell => [cell.name, cell] as const))('%s', (_, cell) => {
  test('its equations over floats are its own numbers, bit for bit', () => {
    const [B, d, m] = [3, 3, 4];
    const rng = new Random(7);
    const drawn = (rows: number, columns: number) =>
      new Matrix(Array.from({ length: rows }, () => Array.from({ length: columns }, () => rng.normal())));
    const state = cell.state({ d, m });
    const parts = () => Object.fromEntries(Object.entries(state).map(([name, columns]) => [name, drawn(B, columns)]));
    const shapes = Object.entries(cell.params({ d, m }));
    const p = Object.fromEntries(shapes.map(([name, [rows, columns]]) => [name, drawn(rows, columns)]));
    const zeros = () =>
      Object.fromEntries(shapes.map(([name, [rows, columns]]) => [name, Matrix.zeros(rows, columns)]));
    const [x, prev, dnext] = [drawn(B, d), parts(), parts()] as unknown as [Matrix, Matrices<'h'>, Matrices<'h'>];

    const equations = recorded(cell, { d, m });
    const given: Readonly<Record<string, Matrices>> = { p, prev, dnext, dp: zeros(), x: { x } };
    const grids = evaluate<number>(equations, float64, ({ role, name }) => given[role]?.[name] as AbstractMatrix);
    const dp = zeros();
    const { next, tape } = cell.forward(p, x, prev);
    const { dx, dprev } = cell.backward(p, tape, dnext, dp);

    const same = (id: number, own: AbstractMatrix) => expect(array(grids[id])).toEqual(own.to2DArray());
    for (const part of Object.keys(state)) {
      same(equations.next[part]?.id ?? -1, (next as Matrices)[part] as AbstractMatrix);
      same(equations.dprev[part]?.id ?? -1, (dprev as Matrices)[part] as AbstractMatrix);
    }
    same(equations.dx.id, dx);
    for (const [name] of shapes) same(equations.dp[name]?.id ?? -1, dp[name] as Matrix);
  });

  test('are a listing with the tags of what gives its parameters their gradients', () => {
    const listing = print(recorded(cell));
    for (const name of Object.keys(cell.params({ d: 3, m: 4 }))) expect(listing).toContain(cell.equations?.[name]);
  });
});

test('a listing reads as the cell does', () => {
  expect(
    print(recorded(rnn))
      .replace(/ +/g, ' ')
      .replace(/rnn\.ts:\d+ /g, ''),
  ).toBe(
    [
      'forward',
      ' a = hPrev·Wᵀ + x·Uᵀ + b B×4 RNN-F1',
      ' h = tanh(a) B×4 RNN-F2',
      '',
      'backward',
      ' da = dh ⊙ tanhSlope(h) B×4 RNN-B1',
      ' dW = dW + daᵀ·hPrev 4×4 RNN-B2',
      ' dU = dU + daᵀ·x 4×3 RNN-B3',
      ' db = db + 1ᵀ·da 1×4 RNN-B4',
      ' dx = da·U B×3 RNN-B5',
      ' dhPrev = da·W B×4 RNN-B6',
    ].join('\n'),
  );
});

describe('what cannot be recorded', () => {
  const reasonOf = (changed: Partial<typeof rnn>) =>
    record({ ...rnn, ...changed } as unknown as Cell, { d: 3, m: 4 }).reason;

  test('says why, and where', () => {
    const forward: typeof rnn.forward = (p, x, prev) => {
      const first = x.get(0, 0);
      return rnn.forward(p, mul(x, Matrix.ones(x.rows, x.columns).mul(first)), prev);
    };
    expect(reasonOf({ forward })).toMatch(
      /^it looks at the single element \[0,0\] of a matrix \(.*record\.spec\.ts:\d+\)$/,
    );
  });

  test('is what changes its tape', () => {
    const backward: typeof rnn.backward = (p, tape, dnext, dp) => {
      tape.h.set(0, 0, 1);
      return rnn.backward(p, tape, dnext, dp);
    };
    expect(reasonOf({ backward })).toContain('writes the single element [0,0]');
  });

  test('is what gives samples of a batch different numbers, or keeps matrices from call to call', () => {
    const noise: typeof rnn.forward = (p, x, prev) =>
      rnn.forward(p, mul(x, new Matrix(Array.from({ length: x.rows }, (_, n) => [n, n, n]))), prev);
    expect(reasonOf({ forward: noise })).toContain('different numbers');
    let kept: AbstractMatrix | undefined;
    const keeps: typeof rnn.forward = (p, x, prev) => {
      kept ??= timesT(x, p.U);
      return rnn.forward({ ...p, b: p.b }, times(kept, p.U), prev);
    };
    expect(reasonOf({ forward: keeps })).toBeUndefined();
    expect(reasonOf({ forward: keeps })).toContain('from one call to the next');
  });

  test('is an output that is not computed, or of another size than declared', () => {
    const next = (h: (x: AbstractMatrix) => unknown): typeof rnn.forward => {
      return (p, x, prev) => ({ ...rnn.forward(p, x, prev), next: { h: h(x) as Matrix } });
    };
    expect(reasonOf({ forward: next(() => undefined) })).toBe('h is no matrix');
    expect(reasonOf({ forward: next(() => [[1]]) })).toBe('h is no matrix');
    expect(reasonOf({ forward: next(() => Matrix.zeros(1, 4)) })).toBe('h has not a row for every sample');
    expect(reasonOf({ forward: next(x => x) })).toBe('h has 3 columns, of 4 declared');
    expect(reasonOf({ forward: next(({ rows }) => Matrix.zeros(rows, 4)) })).toBeUndefined();
    expect(reasonOf({ state: () => ({ h: 5 }) })).toMatch(/^it fails: a·bᵀ: expected matrices whose shapes fit/);
  });
});

function array(grid: Grid<number> | undefined): number[][] {
  if (!grid) return [];
  return Array.from({ length: grid.rows }, (_, i) => Array.from({ length: grid.columns }, (_, j) => grid.get(i, j)));
}
