/** Losses with mistakes that one problem does not show: each is caught, and the law that it breaks named. */
import { describe, expect, it } from 'vitest';
import { checkLoss } from '../../lib/check/check-loss.ts';
import { type CrossEntropyTape, crossEntropy } from '../../lib/losses/cross-entropy.ts';
import type { Loss } from '../../lib/losses/loss.ts';
import { squaredError } from '../../lib/losses/squared-error.ts';
import { Sequence } from '../../lib/sequence.ts';

type CrossEntropy = Loss<ArrayLike<number>, CrossEntropyTape>;

const UNGIVEN = 'what is not given is what stands for it';
const LARGER = 'right over 25 steps, of outputs that are larger';

const brokenIn = (loss: CrossEntropy) =>
  checkLoss(loss, {
    target: ({ T, B, F }, rng) => Array.from({ length: T * B }, () => Math.floor(F * rng.uniform())),
  }).laws.flatMap(({ name, ok, broken }) => (ok ? [] : [[name, broken]]));

/** The gradient doubled where something is so. */
const doubledWhere = (isSo: (tape: CrossEntropyTape, dloss: number | undefined) => boolean): CrossEntropy => ({
  ...crossEntropy,
  backward(tape, dloss) {
    const gradient = crossEntropy.backward(tape, dloss);
    if (isSo(tape, dloss)) gradient.rows().mul(2);
    return gradient;
  },
});

describe('a loss is caught', () => {
  it('where what is not given is taken to be something else', () => {
    const weighted = (change: (given: Parameters<CrossEntropy['forward']>[2]) => number): CrossEntropy => ({
      ...crossEntropy,
      forward(o, y, weighting) {
        const { loss, ...rest } = crossEntropy.forward(o, y, weighting);
        return { loss: change(weighting) * loss, ...rest };
      },
    });
    expect(brokenIn(crossEntropy)).toEqual([]);
    expect(brokenIn(doubledWhere(({ logits }) => !logits.lengths))).toEqual([[UNGIVEN, 'o, no lengths']]);
    expect(brokenIn(doubledWhere((_, dloss) => dloss === undefined))).toEqual([[UNGIVEN, 'o, no dloss']]);
    expect(brokenIn(weighted(given => (given?.mask ? 1 : 2)))).toEqual([[UNGIVEN, 'o, no mask']]);
    expect(brokenIn(weighted(given => (given?.weights ? 1 : 2)))).toEqual([[UNGIVEN, 'o, no weights']]);
    expect(brokenIn(weighted(given => (given?.reduction ? 1 : 2)))).toContainEqual([UNGIVEN, 'o, no reduction']);
    expect(brokenIn(weighted(given => (given ? 1 : 2)))).toEqual([[UNGIVEN, 'o, no mask, no weights, no reduction']]);
  });

  it('where only more steps, or larger outputs, show it', () => {
    expect(brokenIn(doubledWhere(({ logits }) => logits.T > 20))).toEqual([[LARGER, 'o']]);
    expect(brokenIn(doubledWhere(({ logits }) => logits.B > 4))).toEqual([[LARGER, 'o']]);
    const clamped: CrossEntropy = {
      ...crossEntropy,
      forward(o, y, weighting) {
        const within = o
          .rows()
          .to2DArray()
          .flat()
          .map(x => Math.max(-5, Math.min(5, x)));
        return crossEntropy.forward(Sequence.dense(within, { ...o.extent(), F: o.F }), y, weighting);
      },
    };
    expect(brokenIn(clamped)).toEqual([[LARGER, 'o']]);
  });

  it('and a right one is right that has few features, one step, and one sequence', () => {
    const target = ({ T, B, F }: Readonly<Record<'T' | 'B' | 'F', number>>) => Sequence.zeros({ T, B, F });
    expect(checkLoss(squaredError, { T: 1, B: 1, F: 1, target }).ok).toBe(true);
  });
});
