import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { checkGradients } from '../../lib/check/finite-differences.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { crossEntropy, logSoftmax } from '../../lib/losses/cross-entropy.ts';
import { Sequence } from '../../lib/sequence.ts';
import { entry, lengths, matrix, sequence, size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';

const problem = fc
  .tuple(size(6), size(4), size(6))
  .chain(([T, B, C]) => fc.tuple(fc.constant([T, B, C] as const), lengths(T, B)))
  .chain(([[T, B, C], own]) =>
    fc.record({
      logits: sequence(T, B, C, own),
      y: fc.array(fc.integer({ min: 0, max: C - 1 }), { minLength: T * B, maxLength: T * B }),
      mask: fc.option(fc.array(fc.boolean(), { minLength: T * B, maxLength: T * B }), { nil: undefined }),
      dloss: entry,
    }),
  );

/** −log softmax as the slide writes it. */
function slide(o: readonly number[], y: number): number {
  const e = o.map(Math.exp);
  return -Math.log((e[y] ?? Number.NaN) / e.reduce((a, b) => a + b, 0));
}

describe('the cross-entropy', () => {
  it('is the slide’s, summed over the steps that count', () => {
    fc.assert(
      fc.property(problem, ({ logits, y, mask }) => {
        const { loss, count } = crossEntropy.forward(logits, y, mask && { mask });
        const counted = y.map((_, n) => n).filter(n => logits.counts(n) && (mask?.[n] ?? true));
        const expected = counted.reduce((sum, n) => sum + slide(logits.rows().getRow(n), y[n] ?? -1), 0);
        expect(count).toBe(counted.length);
        expect(Math.abs(loss - expected)).toBeLessThan(1e-12 * Math.max(1, expected));
      }),
    );
  });

  it('has the gradient of finite differences in every logit, whatever dL/dloss', () => {
    fc.assert(
      fc.property(problem, ({ logits, y, mask, dloss }) => {
        const dO = crossEntropy.backward(crossEntropy.forward(logits, y, mask && { mask }).tape, dloss);
        const report = checkGradients(
          () => dloss * crossEntropy.forward(logits, y, mask && { mask }).loss,
          [{ name: 'o', values: logits.rows(), gradient: dO.rows(), tag: 'CE-B1' }],
        );
        expect(report.tensors[0]?.failures).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('has the gradient that the slide reaches through the probabilities', () => {
    fc.assert(
      fc.property(
        size(6).chain(C => fc.tuple(matrix(1, C), fc.integer({ min: 0, max: C - 1 }))),
        ([o, y]) => {
          const C = o.columns;
          const p = flat(logSoftmax(o)).map(Math.exp);
          const dp = new Matrix([p.map((pk, k) => (k === y ? -1 / pk : 0))]); // CE-D1  dL/dp = −w yᵀ / (yᵀ p), w = 1
          const P = new Matrix([p]);
          const J = Matrix.diag(p).sub(P.transpose().mmul(P)); // CE-D2  ∂p/∂o = diag(p) − p pᵀ
          const { tape } = crossEntropy.forward(Sequence.dense(flat(o), { T: 1, F: C }), [y]);
          expect(deviation(crossEntropy.backward(tape).rows() as Matrix, dp.mmul(J))).toBeLessThan(1e-13);
        },
      ),
    );
  });

  it('neither overflows nor underflows', () => {
    const at = (o: number[], y: number) => {
      const { loss, tape } = crossEntropy.forward(Sequence.dense(o, { T: 1, F: o.length }), [y]);
      return [loss, ...crossEntropy.backward(tape).data];
    };
    expect(at([1e5, 0], 0)).toEqual([0, 0, 0]);
    expect(at([1e5, 0], 1)).toEqual([1e5, 1, -1]);
    expect(at([-1e300, 1e300], 0)).toEqual([2e300, -1, 1]);
    expect(at([-745, -745], 1)[0]).toBeCloseTo(Math.LN2, 14);
    expect(at([3], 0)).toEqual([0, 0]);
  });

  it('gives a step that is masked or padding no gradient, and does not look at its class', () => {
    const logits = Sequence.dense([1, 2, 3, 5, 7, 9], { T: 3, F: 2, lengths: [2] });
    const { loss, count, tape } = crossEntropy.forward(logits, [0, -1, 99], { mask: [1, 0, 1] });
    expect(count).toBe(1);
    expect(loss).toBeCloseTo(slide([1, 2], 0), 14);
    expect([...crossEntropy.backward(tape).data].slice(2)).toEqual([0, 0, 0, 0]);
  });

  it('refuses what does not fit, naming it', () => {
    const logits = Sequence.zeros({ T: 2, F: 3 });
    const nan = Sequence.zeros({ T: 1, F: 1 });
    nan.rows().set(0, 0, Number.NaN);
    expect(() => crossEntropy.forward(logits, [0])).toThrow(ShapeError);
    expect(() => crossEntropy.forward(logits, [0, 1, 2])).toThrow(/^y: expected 2 class indices/);
    expect(() => crossEntropy.forward(logits, [0, 3])).toThrow(/^y\[1\]: expected an integer in 0…2, got 3$/);
    expect(() => crossEntropy.forward(logits, [0, 0.5])).toThrow(ValueError);
    expect(() => crossEntropy.forward(logits, [0, 0], { mask: [true] })).toThrow(/^mask:/);
    expect(() => crossEntropy.forward(nan, [0])).toThrow(ValueError);
    const { tape } = crossEntropy.forward(logits, [0, 0]);
    expect(() => crossEntropy.backward(tape, Number.NaN)).toThrow(/^dloss:/);
  });
});

describe('logSoftmax', () => {
  it('gives the logarithms of probabilities that add up to 1, the same for shifted logits', () => {
    fc.assert(
      fc.property(
        fc.tuple(size(4), size(6)).chain(([n, C]) => fc.tuple(matrix(n, C), entry)),
        ([O, shift]) => {
          const logP = logSoftmax(O);
          for (let n = 0; n < O.rows; n++) {
            expect(logP.getRow(n).reduce((sum, l) => sum + Math.exp(l), 0)).toBeCloseTo(1, 13);
          }
          expect(deviation(logSoftmax(Matrix.add(O, shift)), logP)).toBeLessThan(1e-13);
        },
      ),
    );
  });
});
