/** What losses use again: never what somebody has, always what was released. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { linear } from '../../lib/engine/linear.ts';
import { binaryCrossEntropy } from '../../lib/losses/binary-cross-entropy.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import type { Loss } from '../../lib/losses/loss.ts';
import { rankingLoss } from '../../lib/losses/ranking.ts';
import { squaredError } from '../../lib/losses/squared-error.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { examples } from '../../lib/training/examples.ts';
import { Training } from '../../lib/training/training.ts';

afterEach(() => vi.restoreAllMocks());

const [T, B, F] = [5, 2, 3];
const rng = new Random(2);
const drawn = (extent: { T: number; B: number; lengths?: readonly number[] } = { T, B }) =>
  Sequence.dense(
    Array.from({ length: extent.T * extent.B * F }, () => rng.uniform()),
    { ...extent, F },
  );
const classes = () => Array.from({ length: T * B }, () => Math.floor(F * rng.uniform()));

describe('training', () => {
  it.each([
    ['a character model', () => new CharTrainer('hello hello', { hidden: 4, chunk: 4, heldOut: 0 })],
    [
      'a layer',
      () =>
        new Training(linear({ m: 2, C: 2 }), examples({ x: [[0, 1]], y: [[1, 0]], classes: 2 }), {
          loss: crossEntropy,
        }),
    ],
  ])('of %s releases what it judged by, be that refused', (_, make) => {
    const training = make();
    const release = vi.spyOn(crossEntropy, 'release');
    training.step();
    expect(release).toHaveBeenCalledTimes(1);
    vi.spyOn(crossEntropy, 'backward').mockReturnValue(Sequence.zeros({ T: 99, F: 1 }));
    expect(() => training.step()).toThrow(/^dy: /);
    expect(release).toHaveBeenCalledTimes(2);
  });
});

/** A loss with targets of some kind. */
const cases = (
  [
    [crossEntropy, classes],
    [binaryCrossEntropy, drawn],
    [squaredError, drawn],
    [rankingLoss({ kind: 's', lambda: 2 }), classes],
    [rankingLoss({ kind: 'm', lambda: 2 }), classes],
  ] as unknown as [Loss<unknown, object>, () => unknown][]
).map(([loss, target]): [string, Loss<unknown, object>, () => unknown] => [loss.name, loss, target]);

/** All numbers of a pass there and back. */
function numbersOf(loss: Loss<unknown, object>, o: Sequence, y: unknown, weights?: readonly number[]) {
  const { loss: value, tape } = loss.forward(o, y, weights && { weights });
  const dO = loss.backward(tape, 0.5);
  return { tape, dO, numbers: [value, ...dO.data] };
}

describe.each(cases)('%s', (_, loss, target) => {
  it('gives the numbers of a pass with nothing behind it, whatever was released before', () => {
    for (const lengths of [undefined, [5, 2], [3, 5]]) {
      const [o, y] = [drawn({ T, B, ...(lengths && { lengths }) }), target()];
      const weights = Array.from({ length: T * B }, (_, n) => n % 3);
      const fresh = numbersOf(loss, o, y, weights); // not released: what comes next cannot be in its arrays
      loss.release?.(numbersOf(loss, drawn(), target()).tape);
      const again = numbersOf(loss, o, y, weights);
      expect(again.numbers).toEqual(fresh.numbers);
      loss.release?.(again.tape);
    }
  });

  it('overwrites nothing that was not released, be it of several passes at once or of several gradients of one', () => {
    const held = Array.from({ length: 6 }, () => {
      loss.release?.(numbersOf(loss, drawn(), target()).tape);
      const [o, y] = [drawn(), target()];
      const made = numbersOf(loss, o, y);
      const second = loss.backward(made.tape, 2);
      return { ...made, y, second, copy: second.data.slice() };
    });
    for (const { tape, dO, second, numbers, copy } of held) {
      expect([...dO.data]).toEqual(numbers.slice(1));
      expect(second.data).toEqual(copy);
      expect([...loss.backward(tape, 0.5).data]).toEqual(numbers.slice(1));
    }
    for (const { tape } of held) loss.release?.(tape);
  });

  it('refuses a tape that was released, and takes another release for nothing', () => {
    const { tape } = numbersOf(loss, drawn(), target());
    loss.release?.(tape);
    loss.release?.(tape);
    expect(() => loss.backward(tape)).toThrow(/^tape: expected one that was not released/);
    const [one, other] = [numbersOf(loss, drawn(), target()), numbersOf(loss, drawn(), target())];
    expect([...one.dO.data]).toEqual(one.numbers.slice(1)); // not in one place
    expect(one.dO.data).not.toEqual(other.dO.data);
  });

  it('uses the same array step after step', () => {
    const arrays = new Set<unknown>();
    for (let n = 0; n < 10; n++) {
      const { tape, dO } = numbersOf(loss, drawn(), target());
      arrays.add(dO.data);
      loss.release?.(tape);
    }
    expect(arrays.size).toBe(1);
  });

  it('is of the extent of its scores, whatever was released of as many rows or of as many columns', () => {
    const sizes = [
      { T: 5, B: 2, F: 3 },
      { T: 2, B: 5, F: 3 },
      { T: 5, B: 2, F: 2 },
      { T: 3, B: 2, F: 5 },
      { T: 10, B: 1, F: 3 },
      { T: 3, B: 2, F: 3 },
    ];
    const passes = sizes.map(({ T, B, F }) => {
      const scores = () =>
        Sequence.dense(
          Array.from({ length: T * B * F }, () => rng.uniform()),
          { T, B, F },
        );
      const o = scores();
      const y = target === drawn ? scores() : Array.from({ length: T * B }, () => Math.floor(F * rng.uniform()));
      return { o, y, fresh: numbersOf(loss, o, y).numbers };
    });
    for (const [first, second] of passes.flatMap(one => passes.map(other => [one, other] as const))) {
      loss.release?.(numbersOf(loss, first.o, first.y).tape);
      const { tape, dO, numbers } = numbersOf(loss, second.o, second.y);
      expect(numbers).toEqual(second.fresh);
      expect({ ...dO.extent(), F: dO.F }).toEqual({ ...second.o.extent(), F: second.o.F });
      loss.release?.(tape);
    }
  });

  it('makes a new array where the last one was handed to another thread', () => {
    const [o, y] = [drawn(), target()];
    const { tape, dO, numbers } = numbersOf(loss, o, y);
    structuredClone(dO.data, { transfer: [dO.data.buffer as ArrayBuffer] });
    loss.release?.(tape);
    expect(numbersOf(loss, o, y).numbers).toEqual(numbers);
  });

  it('keeps the arrays of the last four that were released', () => {
    const six = () => Array.from({ length: 6 }, () => numbersOf(loss, drawn(), target()));
    const first = six();
    for (const { tape } of first) loss.release?.(tape);
    const again = six().map(({ dO }) => dO.data);
    expect(first.map(({ dO }) => again.includes(dO.data))).toEqual([false, false, true, true, true, true]);
  });

  it('knows a copy of a tape as one that is its own', () => {
    const { tape, numbers } = numbersOf(loss, drawn(), target());
    expect([...loss.backward({ ...tape }, 0.5).data]).toEqual(numbers.slice(1));
  });
});
