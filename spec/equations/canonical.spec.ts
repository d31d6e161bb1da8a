/** The canonical form: the same for cells that do the same, however they are written; another for all others. */
import { describe, expect, test } from 'vitest';
import { canonical } from '../../lib/equations/canonical.ts';
import { record } from '../../lib/equations/record.ts';
import { type Cell, cells, rnn } from '../../lib/index.ts';
import * as matrix from '../../lib/matrix.ts';
import {
  addColumnSums,
  addTTimes,
  affine,
  columns,
  map,
  mul,
  scale,
  sub,
  tanh,
  tanhSlope,
  times,
} from '../../lib/matrix.ts';

const formOf = (cell: Cell, size = { d: 3, m: 4 }): string => {
  const { equations, reason } = record(cell, size);
  if (!equations) throw new Error(reason);
  return canonical(equations);
};

type Rnn = typeof rnn;
const own = rnn as unknown as Cell;
const variant = (change: Partial<Rnn>): string => formOf({ ...rnn, ...change } as unknown as Cell);

const forward: Rnn['forward'] = ({ W, U, b }, x, { h: hPrev }) => {
  const h = tanh(affine(W, hPrev, U, x, b));
  return { next: { h }, tape: { x, hPrev, h } };
};

test('names of variables, the order of lines, and what is computed twice or in vain make no difference', () => {
  const backward: Rnn['backward'] = ({ W, U }, { x: input, hPrev: before, h: out }, { h: incoming }, dp) => {
    const vain = sub(incoming, out);
    const slope = tanhSlope(out);
    const delta = mul(incoming, slope);
    const again = mul(incoming, tanhSlope(out));
    const dprev = { h: times(again, W) };
    addColumnSums(dp.b, delta);
    addTTimes(dp.U, again, input);
    const dx = times(delta, U);
    addTTimes(dp.W, delta, before);
    return { dx, dprev, vain };
  };
  expect(variant({ name: 'other', forward, backward })).toBe(formOf(own));
});

test('it is readable: a line for each value, then the results', () => {
  expect(formOf(own).split('\n')).toEqual([
    'prev "h" B×4',
    'p "W" 4×4',
    'timesT 0 1 B×4',
    'x "x" B×3',
    'p "U" 4×3',
    'timesT 3 4 B×4',
    'add 2 5 B×4',
    'p "b" 1×4',
    'add 6 7 B×4',
    'tanh 8 B×4',
    'dnext "h" B×4',
    'tanhSlope 9 B×4',
    'mul 10 11 B×4',
    'times 12 1 B×4',
    'dp "U" 4×3',
    'addTTimes 14 12 3 4×3',
    'dp "W" 4×4',
    'addTTimes 16 12 0 4×4',
    'dp "b" 1×4',
    'addColumnSums 18 12 1×4',
    'times 12 4 B×3',
    'next "h" = 9',
    'dprev "h" = 13',
    'dp "U" = 15',
    'dp "W" = 17',
    'dp "b" = 19',
    ' "dx" = 20',
  ]);
});

describe('whatever has a part in a result makes one:', () => {
  const onH = (change: (h: ReturnType<typeof tanh>) => ReturnType<typeof tanh>): Partial<Rnn> => ({
    forward(p, x, prev) {
      const { next, tape } = forward(p, x, prev);
      return { next: { h: change(next.h as ReturnType<typeof tanh>) }, tape };
    },
  });
  const onDx = (change: (dx: ReturnType<typeof times>) => ReturnType<typeof times>): Partial<Rnn> => ({
    backward(p, tape, dnext, dp) {
      const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
      return { dx: change(dx as ReturnType<typeof times>), dprev };
    },
  });
  const withoutBias: Rnn['backward'] = ({ W, U }, { x, hPrev, h }, { h: dh }, dp) => {
    const da = mul(dh, tanhSlope(h));
    addTTimes(dp.W, da, hPrev);
    addTTimes(dp.U, da, x);
    return { dx: times(da, U), dprev: { h: times(da, W) } };
  };
  const withoutB: Partial<Rnn> = {
    forward: ({ W, U }, x, { h: hPrev }) => {
      const h = tanh(matrix.add(matrix.timesT(hPrev, W), matrix.timesT(x, U)));
      return { next: { h }, tape: { x, hPrev, h } };
    },
    backward: withoutBias,
  };
  const halves = (from: number) => onH(h => matrix.beside(columns(h, from, from + 2), columns(h, from, from + 2)));
  const changes: readonly (readonly [string, Partial<Rnn>])[] = [
    ['as it is', {}],
    ['another operation', onH(h => matrix.relu(h))],
    ['the next state', onH(h => mul(h, h))],
    ['a gradient', onDx(dx => mul(dx, dx))],
    ['a given number', onH(h => scale(h, 2))],
    ['another number', onH(h => scale(h, 2 + 2 ** -51))],
    ['zero', onDx(dx => matrix.shift(dx, 0))],
    ['minus zero', onDx(dx => matrix.shift(dx, -0))],
    ['columns', halves(0)],
    ['other columns', halves(1)],
    ['the order of operands', onH(h => sub(h, scale(h, 2)))],
    ['the other order', onH(h => sub(scale(h, 2), h))],
    ['a function of one’s own', onH(h => map(h, a => Math.sin(a)))],
    ['another function', onH(h => map(h, a => Math.sin(a) + 1e-6 * a))],
    ['a function that throws', onH(h => map(h, () => JSON.parse('')))],
    ['a gradient that is not added', { backward: withoutBias }],
    ['no bias', withoutB],
    ['a parameter of another shape', { params: ({ d, m }) => ({ W: [m, m], U: [m, d], b: [1, 1] }), ...withoutB }],
  ];

  test.each(changes)('%s', (name, change) => {
    const others = changes.filter(([other]) => other !== name).map(([, other]) => variant(other));
    expect(others).not.toContain(variant(change));
    expect(variant(change)).toBe(variant(change));
  });

  test('the library’s cells differ, and so do their sizes', () => {
    const forms = Object.values(cells).flatMap(cell => [
      formOf(cell),
      formOf(cell, { d: 3, m: 5 }),
      formOf(cell, { d: 2, m: 4 }),
    ]);
    expect(new Set(forms).size).toBe(forms.length);
  });
});

test('a chain of thousands of operations is walked', () => {
  const deep: Partial<Rnn> = {
    forward(p, x, prev) {
      const { next, tape } = forward(p, x, prev);
      let h = next.h as ReturnType<typeof tanh>;
      for (let n = 0; n < 8000; n++) h = tanh(h);
      return { next: { h }, tape };
    },
  };
  expect(variant(deep).split('\n').length).toBeGreaterThan(8000);
});
