import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baselines } from '../../lib/models/baselines.ts';
import { size } from '../arbitraries.ts';

const classesOf = (...indices: number[]) => Int32Array.from(indices);

/** A number of classes, a training text, a held-out text. */
const texts = size(6).chain(C =>
  fc.tuple(fc.constant(C), fc.array(fc.nat(C - 1)), fc.array(fc.nat(C - 1), { minLength: 2 })),
);

describe('baselines', () => {
  it('are, uniform, log C', () => {
    fc.assert(
      fc.property(texts, ([C, train, heldOut]) => {
        expect(baselines(C, Int32Array.from(train), Int32Array.from(heldOut)).uniform).toBe(Math.log(C));
      }),
    );
  });

  it('are, unigram, those computed by hand', () => {
    // Counts 2, 1, 0, each and one: 3/6, 2/6, 1/6. The first 2 is not scored; then come 0, 1, 0.
    const { unigram } = baselines(3, classesOf(0, 1, 0), classesOf(2, 0, 1, 0));
    expect(unigram).toBeCloseTo((Math.log(2) + Math.log(3) + Math.log(2)) / 3, 14);
  });

  it('are, unigram, the mean of −log of the frequencies with one added to each count', () => {
    fc.assert(
      fc.property(texts, ([C, train, heldOut]) => {
        const losses = heldOut.slice(1).map(k => {
          const count = train.filter(other => other === k).length;
          return -Math.log((count + 1) / (train.length + C));
        });
        const expected = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
        const { unigram } = baselines(C, Int32Array.from(train), Int32Array.from(heldOut));
        expect(unigram).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('are finite for a symbol that the training text never has', () => {
    expect(baselines(2, classesOf(0, 0, 0), classesOf(0, 1)).unigram).toBeCloseTo(Math.log(5), 14);
  });

  it('are the same where there is no training text', () => {
    const { uniform, unigram } = baselines(4, classesOf(), classesOf(0, 1, 2));
    expect(unigram).toBeCloseTo(uniform, 14);
  });

  it('do not depend on the first held-out symbol', () => {
    const train = classesOf(0, 0, 1);
    expect(baselines(3, train, classesOf(2, 0, 1))).toEqual(baselines(3, train, classesOf(0, 0, 1)));
  });

  it.each<[argument: string, classes: number, train: Int32Array, heldOut: Int32Array]>([
    ['heldOut', 2, classesOf(0), classesOf()],
    ['heldOut', 2, classesOf(0), classesOf(1)],
    ['train[1]', 2, classesOf(0, 2), classesOf(0, 1)],
    ['train[0]', 2, classesOf(-1), classesOf(0, 1)],
    ['heldOut[0]', 2, classesOf(0), classesOf(9, 0)],
    ['heldOut[1]', 2, classesOf(0), classesOf(0, 2)],
    ['heldOut[1]', 2, classesOf(0), classesOf(0, -1)],
    ['classes', 0, classesOf(0), classesOf(0, 0)],
    ['classes', 1.5, classesOf(0), classesOf(0, 0)],
  ])('refuse a bad %s: %d classes, %o, %o', (argument, classes, train, heldOut) => {
    expect(() => baselines(classes, train, heldOut)).toThrow(expect.objectContaining({ name: 'ValueError', argument }));
  });
});
