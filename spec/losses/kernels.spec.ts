/** The losses by kernels, and where there is no WebAssembly in JavaScript: to the last bit the same. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { binaryCrossEntropy } from '../../lib/losses/binary-cross-entropy.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import type { Loss } from '../../lib/losses/loss.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';

const bits = (numbers: readonly number[]) => Array.from(new BigUint64Array(Float64Array.from(numbers).buffer));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The modules of the losses, loaded anew. */
async function fresh() {
  vi.resetModules();
  const { crossEntropy } = await import('../../lib/losses/cross-entropy.ts');
  const { binaryCrossEntropy } = await import('../../lib/losses/binary-cross-entropy.ts');
  const { squaredError } = await import('../../lib/losses/squared-error.ts');
  const { rankingLoss } = await import('../../lib/losses/ranking.ts');
  const { Sequence } = await import('../../lib/sequence.ts');
  const { theStage } = await import('../../lib/engine/stage.ts');
  return { crossEntropy, binaryCrossEntropy, squaredError, rankingLoss, Sequence, theStage };
}

/** T, B, C: one class and many, and rows longer than the block that kernels have at a time. */
const SIZES = [
  [7, 3, 1],
  [7, 3, 2],
  [7, 3, 9],
  [7, 3, 30],
  [2, 1, 16_500],
] as const;

/** Losses and gradients of some logits, by modules loaded anew: with padding, and weights of 0. */
async function results(): Promise<number[]> {
  const { crossEntropy, binaryCrossEntropy, squaredError, rankingLoss, Sequence } = await fresh();
  const draw = new Random(4);
  const found: number[] = [];
  for (const [T, B, C] of SIZES) {
    const numbers = Float64Array.from({ length: T * B * C }, () => 40 * (draw.uniform() - 0.5) ** 3);
    const o = Sequence.dense(numbers, { T, B, F: C, lengths: [T, 4, 5].slice(0, B) });
    const y = Int32Array.from({ length: T * B }, () => Math.floor(C * draw.uniform()));
    const weights = Array.from({ length: T * B }, (_, n) => (n % 5 === 0 ? 0 : draw.uniform()));
    const answers = Sequence.dense(
      numbers.map(x => Math.min(1, Math.abs(x))),
      { ...o.extent(), F: C },
    );
    const note = <Target, Tape>(loss: Loss<Target, Tape>, target: Target, reduction: 'sum' | 'mean') => {
      const { loss: value, tape } = loss.forward(o, target, { weights, reduction });
      found.push(value, ...loss.backward(tape, 0.3).data.filter((_, i) => i % 7 === 0 || i < 90));
    };
    note(crossEntropy, y, 'sum');
    note(binaryCrossEntropy, answers, 'mean');
    note(squaredError, answers, 'sum');
    note(rankingLoss({ kind: C > 1 ? 'm' : 's', lambda: 2 }), y, 'mean');
  }
  return found;
}

describe('losses and their gradients', () => {
  it('have the same bits with kernels and without WebAssembly', async () => {
    const withKernels = await results();
    vi.stubGlobal('WebAssembly', undefined);
    expect(bits(await results())).toEqual(bits(withKernels));
    expect(new Set(withKernels).size).toBeGreaterThan(5000);
  });

  it('are a number that no runtime’s exp and log can change', () => {
    vi.spyOn(Math, 'exp').mockImplementation(() => 1);
    vi.spyOn(Math, 'log').mockImplementation(() => 1);
    const o = Sequence.dense([0.5, -1, 2], { T: 1, F: 3 });
    const yes = Sequence.dense([1, 0, 0.25], { T: 1, F: 3 });
    const found = [crossEntropy.forward(o, [2]).loss, binaryCrossEntropy.forward(o, yes).loss];
    vi.restoreAllMocks();
    expect(found).toEqual([0.24131129665715703, 2.414266682741302]);
  });
});

describe('kernels', () => {
  /** A loss and its gradient where all outputs are 0, or another number, and all answers are 0, or the first class is right. */
  async function atZero(
    name: 'crossEntropy' | 'binaryCrossEntropy' | 'squaredError',
    { T, F }: { T: number; F: number },
    output: number = 0,
  ) {
    const { [name]: loss, Sequence, theStage } = await fresh();
    const target = name === 'crossEntropy' ? new Int32Array(T) : Sequence.zeros({ T, F });
    const stage = theStage();
    if (!stage) throw new Error('no WebAssembly');
    const begin = vi.spyOn(stage, 'begin');
    const outputs = Sequence.dense(new Float64Array(T * F).fill(output), { T, F });
    const { loss: value, tape } = (loss as Loss<unknown>).forward(outputs, target);
    const forward = begin.mock.calls.length;
    const { data } = (loss as Loss<unknown>).backward(tape);
    return { value, data, blocks: [forward, begin.mock.calls.length - forward] };
  }

  it.each([
    { T: 3, F: 2, blocks: 1 },
    { T: 1, F: 70_000, blocks: 1 },
    { T: 17_000, F: 1, blocks: 2 },
  ])('compute both passes, in as much memory as they need: T $T, F $F', async ({ T, F, blocks }) => {
    const entropy = await atZero('crossEntropy', { T, F });
    expect(entropy.blocks).toEqual([blocks, blocks]);
    expect(entropy.value / T).toBeCloseTo(Math.log(F), 12);
    expect(entropy.data[0]).toBeCloseTo(1 / F - 1, 14);
    expect(entropy.data.at(-1)).toBeCloseTo(1 / F - (F === 1 ? 1 : 0), 14);
    const binary = await atZero('binaryCrossEntropy', { T, F });
    expect(binary.blocks).toEqual([blocks, blocks]);
    expect(binary.value / (T * F)).toBeCloseTo(Math.LN2, 11);
    expect(new Set(binary.data)).toEqual(new Set([0.5]));
    const squared = await atZero('squaredError', { T, F }, 3);
    expect(squared.blocks).toEqual([blocks, blocks]);
    expect(squared.value).toBe(4.5 * T * F);
    expect(new Set(squared.data)).toEqual(new Set([3]));
  });
});
