import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLoss } from '../../lib/check/check-loss.ts';
import { binaryCrossEntropy } from '../../lib/losses/binary-cross-entropy.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import type { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { entries, lengths, sequence, size } from '../arbitraries.ts';

const { backward } = binaryCrossEntropy;

const probabilities = (count: number) =>
  fc.array(fc.integer({ min: 0, max: 10 }), { minLength: count, maxLength: count }).map(ns => ns.map(n => n / 10));

const problem = fc
  .tuple(size(5), size(3), size(4))
  .chain(([T, B, F]) => fc.tuple(fc.constant([T, B, F] as const), lengths(T, B)))
  .chain(([[T, B, F], own]) =>
    fc.record({
      logits: sequence(T, B, F, own),
      y: probabilities(T * B * F).map(data => Sequence.dense(data, { T, B, F })),
    }),
  );

/** Zeros, ones and what is between. */
const target = ({ T, B, F }: { T: number; B: number; F: number }, rng: Random): Sequence =>
  Sequence.dense(
    Array.from({ length: T * B * F }, () => Math.max(0, Math.min(1, 2 * rng.uniform() - 0.5))),
    { T, B, F },
  );

/** One logit and one target. */
const at = (o: number, y: number) => {
  const one = { T: 1, F: 1 };
  const { loss, tape } = binaryCrossEntropy.forward(Sequence.dense([o], one), Sequence.dense([y], one));
  return [loss, ...backward(tape).data];
};

describe('the binary cross-entropy', () => {
  it('is −y log p − (1 − y) log(1 − p) of the logistic function, over the steps that count', () => {
    fc.assert(
      fc.property(problem, ({ logits, y }) => {
        let expected = 0;
        let counted = 0;
        for (let n = 0; n < logits.T * logits.B; n++) {
          if (!logits.counts(n)) continue;
          counted += 1;
          y.rows()
            .getRow(n)
            .forEach((yk, k) => {
              const p = 1 / (1 + Math.exp(-logits.rows().get(n, k)));
              expected -= yk * Math.log(p) + (1 - yk) * Math.log(1 - p); // BCE-D1  −y log p − (1 − y) log(1 − p)
            });
        }
        const { loss, count } = binaryCrossEntropy.forward(logits, y);
        expect(count).toBe(counted);
        expect(Math.abs(loss - expected)).toBeLessThan(1e-13 * Math.max(1, expected));
      }),
    );
  });

  it('is the cross-entropy between two classes with the logits 0 and o, and so is its gradient', () => {
    fc.assert(
      fc.property(
        size(6).chain(T => fc.tuple(entries(T), fc.array(fc.nat(1), { minLength: T, maxLength: T }))),
        ([o, y]) => {
          const T = o.length;
          const both = crossEntropy.forward(
            Sequence.dense(
              o.flatMap(x => [0, x]),
              { T, F: 2 },
            ),
            y,
          );
          const one = binaryCrossEntropy.forward(Sequence.dense(o, { T, F: 1 }), Sequence.dense(y, { T, F: 1 }));
          expect(one.loss).toBeCloseTo(both.loss, 12);
          const dO = crossEntropy.backward(both.tape).rows();
          backward(one.tape).data.forEach((g, n) => {
            expect(g).toBeCloseTo(dO.get(n, 1), 14);
          });
        },
      ),
    );
  });

  it.each([1, 2, 3])('passes the gradient check as a sum and as a mean, seed %d', seed => {
    const { ok, tensors } = checkLoss(binaryCrossEntropy, { target, seed });
    expect(ok).toBe(true);
    expect(tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual(['o (sum) BCE-B1', 'o (mean) BCE-B1']);
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });

  it('neither overflows nor underflows, and is smooth at 0', () => {
    expect(at(1e5, 1)).toEqual([0, 0]);
    expect(at(1e5, 0)).toEqual([1e5, 1]);
    expect(at(-1e300, 1)).toEqual([1e300, -1]);
    expect(at(-1e300, 0)).toEqual([0, 0]);
    for (const right of [at(-40, 0), at(40, 1)]) {
      expect((right[0] ?? 0) / Math.exp(-40)).toBeCloseTo(1, 12); // and not 0, which o − o would give
      expect(Math.abs(right[1] ?? 0) / Math.exp(-40)).toBeCloseTo(1, 12);
    }
    expect(at(0, 0.25)).toEqual([Math.LN2, 0.25]); // BCE-D2  the slope of the softplus is σ, at the kinks too
    expect(at(-1e-12, 0)[1]).toBeCloseTo(at(1e-12, 0)[1] ?? Number.NaN, 11);
  });

  it('gives a step that is masked or padding no gradient, and does not look at its target', () => {
    const logits = Sequence.dense([0, 2, 3], { T: 3, F: 1, lengths: [2] });
    const { loss, count, tape } = binaryCrossEntropy.forward(logits, Sequence.dense([1, -1, 7], { T: 3, F: 1 }), {
      mask: [1, 0, 1],
    });
    expect([loss, count, ...backward(tape).data]).toEqual([Math.LN2, 1, -0.5, 0, 0]);
  });

  it('refuses what does not fit, naming it', () => {
    const logits = Sequence.zeros({ T: 2, F: 3 });
    const forward = (y: unknown) => () => binaryCrossEntropy.forward(logits, y as Sequence);
    expect(forward(Sequence.zeros({ T: 2, F: 2 }))).toThrow(/^y: expected 3 features a step, got 2$/);
    expect(forward(Sequence.zeros({ T: 1, B: 2, F: 3 }))).toThrow(/^y: expected T=2 B=1, got T=1 B=2$/);
    expect(forward([0, 1])).toThrow(/^y: expected a Sequence/);
    expect(forward(Sequence.dense([0, 0, 0, 0, 1.5, 0], { T: 2, F: 3 }))).toThrow(
      /^y\[1,1\]: expected a number in \[0, 1\], got 1.5$/,
    );
    expect(forward(Sequence.dense([0, -0.1, 0, 0, 0, 0], { T: 2, F: 3 }))).toThrow(
      /^y\[0,1\]: expected a number in \[0, 1\], got -0.1$/,
    );
    expect(() => backward(binaryCrossEntropy.forward(logits, logits).tape, Number.NaN)).toThrow(/^dloss:/);
  });
});

describe('a planted mistake is caught', () => {
  it.each<[string, typeof backward]>([
    ['the sign', (tape, dloss = 1) => backward(tape, -dloss)],
    [
      'the slope of the squared error: (p − y) p (1 − p)',
      (tape, dloss) => {
        const dO = backward(tape, dloss);
        const rows = dO.rows();
        tape.logits
          .rows()
          .to2DArray()
          .forEach((row, n) => {
            row.forEach((o, k) => {
              const p = 1 / (1 + Math.exp(-o));
              rows.set(n, k, rows.get(n, k) * p * (1 - p));
            });
          });
        return dO;
      },
    ],
    [
      'the target dropped',
      (tape, dloss) => backward({ ...tape, y: Sequence.zeros({ ...tape.y.extent(), F: tape.y.F }) }, dloss),
    ],
    [
      'yes and no confused',
      (tape, dloss) => {
        const { T, B, F, data } = tape.y;
        return backward(
          {
            ...tape,
            y: Sequence.dense(
              Array.from(data, y => 1 - y),
              { T, B, F },
            ),
          },
          dloss,
        );
      },
    ],
    ['the weights dropped', (tape, dloss) => backward({ ...tape, factors: tape.factors.map(Math.sign) }, dloss)],
    [
      'masked steps and padding with a gradient',
      (tape, dloss) => backward({ ...tape, factors: tape.factors.map(w => w || 1) }, dloss),
    ],
    ['dL/dloss dropped', tape => backward(tape)],
  ])('%s', (_, wrong) => {
    const { tensors } = checkLoss({ ...binaryCrossEntropy, backward: wrong }, { target });
    expect(tensors.filter(({ ok }) => !ok).map(({ name, tag }) => `${name} ${tag}`)).toEqual([
      'o (sum) BCE-B1',
      'o (mean) BCE-B1',
    ]);
  });
});
