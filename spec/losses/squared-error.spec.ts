import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLoss } from '../../lib/check/check-loss.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { squaredError } from '../../lib/losses/squared-error.ts';
import type { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { lengths, sequence, size } from '../arbitraries.ts';
import { flat, inner } from '../numbers.ts';

const problem = fc
  .tuple(size(5), size(3), size(4))
  .chain(([T, B, F]) => fc.tuple(fc.constant([T, B, F] as const), lengths(T, B)))
  .chain(([[T, B, F], own]) => fc.record({ o: sequence(T, B, F, own), y: sequence(T, B, F), v: sequence(T, B, F) }));

const target = (extent: { T: number; B: number; F: number }, rng: Random): Sequence => {
  const y = Sequence.zeros(extent);
  normal(1)(y.rows(), rng);
  return y;
};

describe('the squared error', () => {
  it('is half the squared distance, over the steps that count', () => {
    fc.assert(
      fc.property(problem, ({ o, y }) => {
        const { loss, count } = squaredError.forward(o, y);
        const counted = Array.from({ length: o.T * o.B }, (_, n) => n).filter(n => o.counts(n));
        const distance = (n: number) =>
          Math.hypot(
            ...o
              .rows()
              .getRow(n)
              .map((x, k) => x - y.rows().get(n, k)),
          );
        const expected = counted.reduce((sum, n) => sum + distance(n) ** 2 / 2, 0);
        expect(count).toBe(counted.length);
        expect(Math.abs(loss - expected)).toBeLessThan(1e-13 * Math.max(1, expected));
      }),
    );
  });

  it('is a parabola around its gradient, however far one goes', () => {
    fc.assert(
      fc.property(problem, ({ o, y, v }) => {
        const { loss, tape } = squaredError.forward(o, y);
        const moved = Sequence.dense(
          flat(o.rows()).map((x, i) => x + (v.data[i] ?? Number.NaN)),
          { ...o.extent(), F: o.F },
        );
        const first = inner(squaredError.backward(tape).rows(), v.rows());
        const { loss: second } = squaredError.forward(
          Sequence.dense(flat(v.rows()), { ...o.extent(), F: o.F }),
          Sequence.zeros({ ...o.extent(), F: o.F }),
        );
        const { loss: there } = squaredError.forward(moved, y); // SE-D1  l(o + v) = l(o) + (o − y)ᵀv + ½‖v‖²
        expect(Math.abs(there - (loss + first + second))).toBeLessThan(1e-11);
      }),
    );
  });

  it.each([1, 2, 3])('passes the gradient check as a sum and as a mean, seed %d', seed => {
    const { ok, tensors } = checkLoss(squaredError, { target, seed });
    expect(ok).toBe(true);
    expect(tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual(['o (sum) SE-B1', 'o (mean) SE-B1']);
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });

  it('leaves its arguments and its tape as they are, and gives the same gradient twice', () => {
    const o = Sequence.dense([1, 2, 3, 4], { T: 2, F: 2 });
    const y = Sequence.dense([0, -1, 2, 7], { T: 2, F: 2 });
    const { tape } = squaredError.forward(o, y, { weights: [1, 2] });
    const before = JSON.stringify([o.data, y.data, tape.factors]);
    expect(Array.from(squaredError.backward(tape).data)).toEqual([1, 3, 2, -6]);
    expect(squaredError.backward(tape)).toEqual(squaredError.backward(tape));
    expect(JSON.stringify([o.data, y.data, tape.factors])).toBe(before);
  });

  it('gives a step that is masked or padding no gradient, and does not look at its target', () => {
    const o = Sequence.dense([1, 2, 3], { T: 3, F: 1, lengths: [2] });
    const y = Sequence.dense([0, 1e200, 1e200], { T: 3, F: 1 });
    const { loss, count, tape } = squaredError.forward(o, y, { mask: [1, 0, 1] });
    expect([loss, count, ...squaredError.backward(tape).data]).toEqual([0.5, 1, 1, 0, 0]);
  });

  it('refuses what does not fit, naming it', () => {
    const o = Sequence.zeros({ T: 2, F: 3 });
    expect(() => squaredError.forward(o, Sequence.zeros({ T: 2, F: 2 }))).toThrow(
      /^y: expected 3 features a step, got 2$/,
    );
    expect(() => squaredError.forward(o, Sequence.zeros({ T: 3, F: 3 }))).toThrow(/^y: expected T=2 B=1, got T=3 B=1$/);
    expect(() => squaredError.forward(o, [1, 2] as unknown as Sequence)).toThrow(/^y: expected a Sequence/);
    expect(() => squaredError.forward(o, o, { mask: [true] })).toThrow(/^mask:/);
    const nan = Sequence.zeros({ T: 2, F: 3 });
    nan.rows().set(1, 1, Number.NaN);
    expect(() => squaredError.forward(nan, o)).toThrow(/^o\[4\]: expected a finite number/);
    expect(() => squaredError.forward(o, nan)).toThrow(/^y\[4\]: expected a finite number/);
    expect(() => squaredError.backward(squaredError.forward(o, o).tape, Number.NaN)).toThrow(/^dloss:/);
  });
});

describe('a planted mistake is caught', () => {
  const { backward } = squaredError;
  it.each<[string, typeof backward]>([
    ['the sign', (tape, dloss) => backward({ ...tape, o: tape.y, y: tape.o }, dloss)],
    ['the 2 of the square left in', (tape, dloss = 1) => backward(tape, 2 * dloss)],
    [
      'the target dropped',
      (tape, dloss) => backward({ ...tape, y: Sequence.zeros({ ...tape.y.extent(), F: tape.y.F }) }, dloss),
    ],
    ['the weights dropped', (tape, dloss) => backward({ ...tape, factors: tape.factors.map(Math.sign) }, dloss)],
    [
      'masked steps and padding with a gradient',
      (tape, dloss) => backward({ ...tape, factors: tape.factors.map(w => w || 1) }, dloss),
    ],
    ['dL/dloss dropped', tape => backward(tape)],
    [
      'the target of the step before',
      (tape, dloss) => {
        const { T, B, F, data } = tape.y;
        const shifted = Float64Array.from({ length: data.length }, (_, i) => data[i - B * F] ?? 0);
        return backward({ ...tape, y: Sequence.dense(shifted, { T, B, F }) }, dloss);
      },
    ],
  ])('%s', (_, wrong) => {
    const { tensors } = checkLoss({ ...squaredError, backward: wrong }, { target });
    expect(tensors.filter(({ ok }) => !ok).map(({ name, tag }) => `${name} ${tag}`)).toEqual([
      'o (sum) SE-B1',
      'o (mean) SE-B1',
    ]);
  });
});
