/** The engine on cells of every operation, and on cells drawn at random, against `unroll`. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import type { EngineOptions } from '../../lib/engine/options.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { float64 } from '../../lib/equations/numbers.ts';
import type { Elementwise } from '../../lib/equations/operation.ts';
import * as table from '../../lib/equations/operations.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import * as algebra from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import { cellOf, DRAWS, type Recipe, recipes } from '../random-cells.ts';
import { apart, type Drawn, everything } from './agreement.ts';

const size = (max: number) => fc.integer({ min: 1, max });
const problems = (T: number): fc.Arbitrary<Drawn> =>
  fc.record({
    T: size(T),
    B: size(4),
    d: size(5),
    m: size(7),
    ragged: fc.boolean(),
    oneHot: fc.boolean(),
    seed: fc.nat(),
  });

/**
 * Numbers that go in are of size 1: what cancels is off by what rounding leaves of them. (`apart` divides by a hundredth of
 * the largest number, at least.)
 */
const GIVEN = { given: [100] };

/**
 * The cell runs fused, and as `unroll` runs it. A network that makes numbers grow makes rounding grow with them, so that
 * only what stays below a bound is compared.
 */
function agree(cell: Cell, sizes: Drawn, options: EngineOptions, bound: number, most: number): void {
  const how = explain(cell, { d: sizes.d, m: sizes.m });
  expect(how).toMatch(/^runs fused: |^runs unrolled, because \w+ is of rows that all samples share$/);
  const theirs = { ...everything(unroll(cell, { d: sizes.d, m: sizes.m }), sizes), ...GIVEN };
  fc.pre(Object.values(theirs).every(all => all === GIVEN.given || all.every(x => Math.abs(x) < most)));
  const ours = { ...everything(recurrent(cell, { d: sizes.d, m: sizes.m }, options), sizes), ...GIVEN };
  expect(Object.entries(apart(ours, theirs)).filter(([, deviation]) => !(deviation <= bound))).toEqual([]);
}

const made = ({ instructions, parts, ends, unused }: Recipe, sizes: Drawn) =>
  cellOf(instructions, parts, ends, sizes, unused);

describe('cells drawn at random run fused, and are the reference', () => {
  const runs = 100;
  test('to 1e-12 in f64', () => {
    fc.assert(
      fc.property(recipes(20), problems(5), (recipe, sizes) => agree(made(recipe, sizes), sizes, {}, 1e-12, 1e4)),
      { numRuns: runs },
    );
  });

  test('over more steps than are worked on at once', () => {
    const long = problems(1).map(sizes => ({ ...sizes, T: 30, B: 64, seed: sizes.seed, std: 0.2 }));
    fc.assert(
      fc.property(recipes(10), long, (recipe, sizes) => agree(made(recipe, sizes), sizes, {}, 1e-12, 10)),
      { numRuns: 6 },
    );
  });

  test('to 1e-4 in f32', () => {
    fc.assert(
      fc.property(recipes(8), problems(2), (recipe, sizes) =>
        agree(made(recipe, sizes), sizes, { precision: 'f32' }, 1e-4, 10),
      ),
      { numRuns: runs / 2 },
    );
  });
});

describe.each(Object.keys(DRAWS))('%s', op => {
  /** The operation on an input, on a part of the state, and on what it made itself, then a product by which all of it counts. */
  const recipe = (a: number, b: number, c: number): Recipe => ({
    instructions: [
      { op: 'affine', a: 0, b, c },
      { op, a, b, c },
      { op: 'tanh', a: 0, b: 0, c: 0 },
      { op, a: 1, b: b + 1, c: c + 1 },
    ],
    parts: { c: 1 + (c % 3) },
    ends: [2, 1, 0],
    unused: false,
  });
  const numbers = fc.nat({ max: 30 });

  test('is the reference’s, forward and backward', () => {
    const drawn = fc.tuple(numbers, numbers, numbers);
    fc.assert(
      fc.property(drawn, problems(4), ([a, b, c], sizes) => agree(made(recipe(a, b, c), sizes), sizes, {}, 1e-12, 1e4)),
      { numRuns: 6 },
    );
    fc.assert(
      fc.property(drawn, problems(2), ([a, b, c], sizes) =>
        agree(made(recipe(a, b, c), sizes), sizes, { precision: 'f32' }, 1e-4, 10),
      ),
      { numRuns: 4 },
    );
  });
});

test('a matrix-valued state, as derived, is right, and runs fused', () => {
  const { add, addTTimes, applyEach, applyEachT, mul, mulColumn, outer, sumUnits, tanh, tanhSlope, times, timesT } =
    algebra;
  type Given = Readonly<Record<string, AbstractMatrix>>;
  const of = (matrices: Given, name: string) => matrices[name] as AbstractMatrix;
  const memory: Cell = {
    name: 'memory',
    equations: { W_v: 'ALG-D8', W_k: 'ALG-D8', W_q: 'ALG-D8', w_f: 'ALG-D8', h: 'ALG-D8', C: 'ALG-D15', x: 'ALG-D8' },
    params: ({ d, m }) => ({ W_v: [m, d], W_k: [3, d], W_q: [3, m], w_f: [1, d] }),
    state: ({ m }) => ({ h: m, C: 3 * m }),
    forward(p, x, prev) {
      const [v, k] = [timesT(x, of(p, 'W_v')), timesT(x, of(p, 'W_k'))];
      const hPrev = of(prev, 'h');
      const q = timesT(hPrev, of(p, 'W_q'));
      const f = algebra.sigmoid(timesT(x, of(p, 'w_f')));
      const C = add(mulColumn(of(prev, 'C'), f), outer(v, k));
      const h = tanh(applyEach(C, q));
      return { next: { h, C }, tape: { x, hPrev, v, k, q, f, CPrev: of(prev, 'C'), C, h } };
    },
    backward(p, tape, dnext, dp) {
      const { x, hPrev, v, k, q, f, CPrev, C, h } = tape as Record<
        'x' | 'hPrev' | 'v' | 'k' | 'q' | 'f' | 'CPrev' | 'C' | 'h',
        Matrix
      >;
      const dy = mul(of(dnext, 'h'), tanhSlope(h));
      const dC = add(of(dnext, 'C'), outer(dy, q)); // ALG-D15
      const [dv, dk, dq] = [applyEach(dC, k), applyEachT(dC, v), applyEachT(C, dy)];
      const df = mul(sumUnits(mul(dC, CPrev)), algebra.sigmoidSlope(f));
      const all: readonly (readonly [string, Matrix])[] = [
        ['W_v', dv],
        ['W_k', dk],
        ['w_f', df],
      ];
      for (const [name, d] of all) addTTimes(of(dp, name), d, x);
      addTTimes(of(dp, 'W_q'), dq, hPrev);
      const [first, ...rest] = all.map(([name, d]) => times(d, of(p, name)));
      return {
        dx: add(first as Matrix, ...rest),
        dprev: { h: times(dq, of(p, 'W_q')), C: mulColumn(dC, f) },
      };
    },
  };
  const { tensors, laws } = checkCell(memory);
  expect([...tensors, ...laws].filter(({ ok }) => !ok)).toEqual([]);
  fc.assert(
    fc.property(problems(4), sizes => agree(memory, sizes, {}, 1e-12, 1e4)),
    { numRuns: 20 },
  );
});

/** A cell whose h is an operation of x, or of x and −x; it hands back what comes. */
function alone({ name }: Elementwise): Cell {
  const offered = algebra as unknown as Readonly<Record<string, (...args: readonly AbstractMatrix[]) => Matrix>>;
  const ofTwo = ['add', 'sub', 'mul', 'div', 'max', 'min', 'above'].includes(name);
  const operation = offered[name] as (typeof offered)[string];
  return {
    name,
    equations: { h: 'ALG-F1', x: 'ALG-F1' },
    params: () => ({}),
    state: ({ m }) => ({ h: m }),
    forward: (_, x) => ({ next: { h: operation(...(ofTwo ? [x, algebra.scale(x, -1)] : [x])) }, tape: {} }),
    backward: (_p, _tape, dnext) => ({ dx: algebra.scale(dnext.h as AbstractMatrix, 2), dprev: dnext }),
  };
}

describe('where a function overflows, has a kink or is not defined', () => {
  const edges = [0, -0, 1, -1, 3, -3, 0.5, -0.5, 1e-10, -1e-10, 5e-324, 40, -40, 800, -800, 1e200, -1e200, 2, -2, 1e-3];
  const elementwise = Object.values(table).filter((one): one is Elementwise => 'element' in one && one !== table.addTo);

  test.each(elementwise)('$name is in the engine what it is in the algebra', operation => {
    const F = edges.length;
    const absolute = operation === table.sigmoid ? 2 ** -53 : 0; // of ½ + ½ tanh ½a, of which less is lost here
    const { y } = recurrent(alone(operation), { d: F, m: F }).forward(Sequence.dense(edges, { T: 1, F }));
    edges.forEach((x, n) => {
      const expected = operation.element(float64, x, -x);
      const got = y.data[n] ?? 0;
      if (!Number.isFinite(expected)) expect(got, `${x}`).toBe(expected);
      else expect(Math.abs(got - expected), `${x}`).toBeLessThanOrEqual(4e-15 * Math.abs(expected) + absolute);
    });
  });
});

describe('what the engine cannot do runs unrolled, and it is said why:', () => {
  const size = { d: 3, m: 4 };
  type Forward = typeof rnn.forward;
  type Backward = typeof rnn.backward;
  const changed = (parts: Partial<typeof rnn>) => ({ ...rnn, ...parts }) as unknown as Cell;
  const forward = (h: (...args: Parameters<Forward>) => Matrix): Partial<typeof rnn> => ({
    forward: (p, x, prev) => {
      const own = rnn.forward(p, x, prev);
      return { ...own, next: { h: algebra.add(own.next.h, algebra.scale(h(p, x, prev), 1e-3)) } };
    },
  });
  const backward = (also: (...args: Parameters<Backward>) => void): Partial<typeof rnn> => ({
    backward: (p, tape, dnext, dp) => {
      also(p, tape, dnext, dp);
      return rnn.backward(p, tape, dnext, dp);
    },
  });
  const { addTo, addTTimes, beside, map, mulRow, rows, times, timesT } = algebra;

  test.each<[Partial<typeof rnn>, string]>([
    [forward((_p, _x, { h }) => map(h, Math.cos)), 'map is of a function of JavaScript'],
    [forward(({ W }, _x, { h }) => timesT(h, algebra.tanh(W))), 'timesT is of others than samples and a parameter'],
    [forward((_p, _x, { h }) => times(h, Matrix.eye(4))), 'times of a matrix of given numbers'],
    [forward(({ b }, _x, { h }) => mulRow(h, timesT(beside(b), Matrix.eye(4)))), 'timesT of a matrix of given numbers'],
    [forward(({ b, W }, _x, { h }) => mulRow(h, times(b, W))), 'times is of rows that all samples share'],
    [
      forward(({ b }, _x, { h }) => mulRow(h, algebra.columns(beside(b, b), 2, 6))),
      'columns is of rows that all samples share',
    ],
    [
      forward(({ W }, _x, { h }) => mulRow(h, rows(algebra.sigmoid(W), 1, 2))),
      'sigmoid of whole matrices that all samples share',
    ],
    [backward(({ W }, _t, _d, dp) => addTo(dp.W, W)), 'addTo adds to a gradient what no sample has a part in'],
    [
      backward(({ W }, _t, _d, dp) => algebra.addColumnSums(dp.b, W)),
      'addColumnSums adds to a gradient what no sample has a part in',
    ],
    [
      forward((_p, { rows: B }, { h }) => (B > 5 ? rows(h, 0, B - 1) : rows(h, 0, B))),
      'rows takes samples of the batch apart',
    ],
    [backward((_p, { h }) => addTTimes(h as Matrix, h, h)), 'it fails: '],
  ])('%# %s', (parts, reason) => {
    const cell = changed(parts);
    const how = explain(cell, size);
    expect(how.startsWith(`runs unrolled, because ${reason}`), how).toBe(true);
  });

  test('and the numbers are those of `unroll`', () => {
    const cell = changed(forward((_p, _x, { h }) => map(h, Math.cos)));
    const sizes: Drawn = { ...size, T: 3, B: 2, ragged: true, oneHot: false, seed: 1 };
    expect(everything(recurrent(cell, size), sizes)).toEqual(everything(unroll(cell, size), sizes));
  });
});
