import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { type RnnTape, rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { format } from '../../lib/check/format.ts';
import type { CellOracle } from '../../lib/check/oracle.ts';
import { ValueError } from '../../lib/errors.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import {
  add,
  addColumnSums,
  addTo,
  addTTimes,
  mul,
  mulRow,
  scale,
  tanh,
  tanhSlope,
  times,
  timesT,
} from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';
import { size } from '../arbitraries.ts';

/** As few as show sums over steps and sequences. */
const FEW = { T: 2, B: 2, d: 2, m: 2, C: 2 };

describe('checkCell', () => {
  it('passes the right cells whatever the shape and the seed', () => {
    const options = fc.record({ T: size(6), B: size(3), d: size(4), m: size(5), C: size(4), seed: fc.nat() });
    fc.assert(
      fc.property(options, fc.constantFrom(rnn, rnnRelu), (given, cell) => {
        const wrong = checkCell(cell, given).tensors.filter(({ ok }) => !ok);
        expect(wrong).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });

  it('is the same report for the same seed, and another for another', () => {
    expect(checkCell(rnn, { ...FEW, seed: 3 })).toEqual(checkCell(rnn, { ...FEW, seed: 3 }));
    expect(checkCell(rnn, { ...FEW, seed: 3 })).not.toEqual(checkCell(rnn, { ...FEW, seed: 4 }));
  });

  it('looks further back than one step: a cell that sends nothing to the past is caught', () => {
    const forgetful: typeof rnn = {
      ...rnn,
      backward: (p, tape, dnext, dp) => ({
        ...rnn.backward(p, tape, dnext, dp),
        dprev: { h: Matrix.zeros(dnext.h.rows, dnext.h.columns) },
      }),
    };
    expect(checkCell(forgetful, FEW).ok).toBe(false);
  });

  it('looks at the initial state: a gradient that is right only from zeros is caught', () => {
    const fromZero: typeof rnn = {
      ...rnn,
      forward(p, x, prev) {
        const { next, tape } = rnn.forward(p, x, prev);
        return { next: { h: add(next.h, prev.h, prev.h) }, tape };
      },
    };
    expect(
      checkCell(fromZero, FEW)
        .tensors.filter(({ ok }) => !ok)
        .map(({ name }) => name),
    ).toContain('h0');
  });

  it('tries the laws too: a cell that is right and remembers is caught', () => {
    let calls = 0;
    const counting: typeof rnn = {
      ...rnn,
      backward(p, tape, dnext, dp) {
        const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
        calls += 1;
        return { dx: Matrix.add(dx, 1e-12 * calls), dprev };
      },
    };
    const { ok, tensors, laws, smallest } = checkCell(counting, FEW);
    expect({ ok, right: tensors.every(tensor => tensor.ok) }).toEqual({ ok: false, right: true });
    expect(laws.find(law => !law.ok)?.name).toBe('the same bits a second time');
    expect(smallest).toMatchObject({ problem: { T: 1, B: 1 }, suspects: [] });
    expect(format(checkCell(counting, FEW))).toMatch(/^the same bits a second time .*BROKEN by /m);
  });

  it('sees a step that changes what it is given', () => {
    const changing = (change: (x: AbstractMatrix, tape: RnnTape, dh: AbstractMatrix) => void, back: boolean) => {
      const cell: typeof rnn = {
        ...rnn,
        forward(p, x, prev) {
          const { next, tape } = rnn.forward(p, x, prev);
          if (!back) change(x, tape, prev.h);
          return { next, tape };
        },
        backward(p, tape, dnext, dp) {
          const result = rnn.backward(p, tape, dnext, dp);
          if (back) change(tape.x, tape, dnext.h);
          return result;
        },
      };
      return checkCell(cell, FEW).laws.find(({ name }) => name === 'a step changes nothing that it is given')?.broken;
    };
    expect(changing(x => x.set(0, 0, 0.5), false)).toBe('x, by forward');
    expect(changing((_, tape) => tape.h.set(0, 0, 0), true)).toBe('tape, by backward');
    expect(changing((_, __, dh) => dh.mul(0), true)).toBe('dnext, by backward');
    expect(changing(() => {}, true)).toBeUndefined();
  });

  it('sees a mistake that only larger problems have', () => {
    const wrongWhere = (shows: (rows: number, columns: number) => boolean): typeof rnn => ({
      ...rnn,
      backward(p, tape, dnext, dp) {
        const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
        return { dx: shows(dx.rows, p.W.rows) ? dx.clone().mul(1.01) : dx, dprev };
      },
    });
    for (const cell of [wrongWhere((_, m) => m > 8), wrongWhere(B => B > 4)]) {
      expect(checkCell(cell)).toMatchObject({ ok: false, smallest: { problem: { T: 1, C: 1 } } });
    }
  });

  it('takes a cell for right whose output is read off its state, and goes nowhere', () => {
    const readOff: Cell<'U' | 'a', 'h' | 'c', { x: AbstractMatrix; c: AbstractMatrix; h: AbstractMatrix }> = {
      name: 'read-off',
      equations: {},
      params: ({ d, m }) => ({ U: [m, d], a: [1, m] }),
      state: ({ m }) => ({ h: m, c: m }),
      forward({ U, a }, x, { c }) {
        const next = add(mulRow(c, a), timesT(x, U));
        const h = tanh(next);
        return { next: { h, c: next }, tape: { x, c, h } };
      },
      backward({ U, a }, { x, c, h }, { h: dh, c: dcNext }, dp) {
        const dc = add(dcNext, mul(dh, tanhSlope(h)));
        addTTimes(dp.U, dc, x);
        addColumnSums(dp.a, mul(dc, c));
        return { dx: times(dc, U), dprev: { h: scale(dh, 0), c: mulRow(dc, a) } };
      },
    };
    expect(checkCell(readOff)).toMatchObject({ ok: true });
    expect(checkLayer(stack({ low: unroll(readOff, { d: 2, m: 3 }) }))).toMatchObject({ ok: true });
  });

  it('does not take a forward pass that remembers for one that does not add', () => {
    let calls = 0;
    const remembering: typeof rnn = {
      ...rnn,
      forward(p, x, prev) {
        calls += 1;
        const { next, tape } = rnn.forward(p, x, prev);
        return { next: { h: Matrix.add(next.h, 1e-4 * calls) }, tape };
      },
    };
    const { ok, tensors } = checkCell(remembering, FEW);
    expect({ ok, guesses: tensors.filter(({ guess }) => guess === 'missing accumulation') }).toEqual({
      ok: false,
      guesses: [],
    });
  });

  it('says what has no effect', () => {
    const deaf: typeof rnn = { ...rnn, forward: (p, x, prev) => rnn.forward(p, Matrix.mul(x, 0), prev) };
    const mute: typeof rnn = {
      ...deaf,
      backward: (p, tape, dnext, dp) => {
        const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
        return { dx: Matrix.mul(dx, 0), dprev };
      },
    };
    const law = checkCell(mute, FEW).laws.find(({ ok }) => !ok);
    expect(law).toMatchObject({ name: 'everything has an effect', broken: 'U, x' });
  });

  it('finds a forward pass beside its oracle, and one that is not it', () => {
    const dot = (a: readonly number[] = [], b: readonly number[]) =>
      a.reduce((sum, value, k) => sum + value * (b[k] ?? Number.NaN), 0);
    const oracle: CellOracle = ({ W = [], U = [], b = [] }, x, { h = [] }) => ({
      h: h.map((_, j) => Math.tanh(dot(W[j], h) + dot(U[j], x) + (b[0]?.[j] ?? Number.NaN))),
    });
    const named = (cell: typeof rnn) =>
      checkCell(cell, { ...FEW, oracle }).laws.find(law => law.name === 'forward is the oracle');
    expect(checkCell(rnn, { oracle }).ok).toBe(true);
    expect(named(rnn)).toMatchObject({ ok: true });
    expect(named(rnnRelu)).toMatchObject({
      ok: false,
      broken: expect.stringMatching(/^rnn-relu\.forward: h\[\d,\d\] at t=0: /),
    });
  });

  it('shrinks a mistake to the fewest steps and the smallest shapes that show it', () => {
    const problemOf = (backward: typeof rnn.backward) => checkCell({ ...rnn, backward }, FEW).smallest?.problem;
    const least = { T: 1, B: 1, d: 1, m: 1, C: 1, seed: 1 };
    const own = (p: Matrices<'W' | 'U' | 'b'>) => ({
      W: p.W.clone().mul(0),
      U: p.U.clone().mul(0),
      b: p.b.clone().mul(0),
    });
    expect(
      problemOf((p, tape, dnext, dp) => {
        const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
        return { dx: Matrix.mul(dx, -1), dprev };
      }),
    ).toEqual(least);
    expect(
      problemOf((p, tape, dnext, dp) => {
        const fresh = own(p);
        const result = rnn.backward(p, tape, dnext, fresh);
        addTo(dp.W, fresh.W.transpose());
        addTo(dp.U, fresh.U);
        addTo(dp.b, fresh.b);
        return result;
      }),
    ).toEqual({ ...least, m: 2 });
    expect(
      problemOf((p, tape, dnext, dp) => {
        dp.U.mul(0);
        return rnn.backward(p, tape, dnext, dp);
      }),
    ).toEqual({ ...least, T: 2 });
    expect(
      problemOf((p, tape, dnext, dp) => {
        const fresh = own(p);
        const result = rnn.backward(p, tape, dnext, fresh);
        for (const name of ['W', 'U', 'b'] as const) addTo(dp[name], fresh[name].div(dnext.h.rows));
        return result;
      }),
    ).toEqual({ ...least, B: 2 });
  });

  it('refuses what is no cell, naming the part', () => {
    const without = (part: string) => () => checkCell({ ...rnn, [part]: undefined } as unknown as typeof rnn);
    for (const part of ['params', 'state', 'forward', 'backward', 'name']) {
      expect(without(part)).toThrow(new RegExp(`^cell\\.${part}: expected a (function|string), got undefined`));
    }
    const tagged = { ...rnn, equations: { W: 5 } } as unknown as typeof rnn;
    expect(() => checkCell(tagged)).toThrow(/^cell\.equations\.W: expected a tag, got 5$/);
    expect(() => checkCell(null as unknown as typeof rnn)).toThrow(/^cell: expected a Cell, got null/);
  });

  it('refuses sizes that are none', () => {
    expect(() => checkCell(rnn, { T: 0 })).toThrow(ValueError);
    expect(() => checkCell(rnn, { C: -1 })).toThrow(/^C: expected a positive integer/);
    expect(() => checkCell(rnn, { seed: 0.5 })).toThrow(/^seed:/);
  });
});
