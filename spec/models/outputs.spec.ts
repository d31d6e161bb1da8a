/** A cell whose h has another number of columns than m: in models, stacks, analyses and the checker. */
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { topology } from '../../lib/cli/check/subjects.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { compared } from '../../lib/flow/compare.ts';
import { gradientNorms, reachMatrix } from '../../lib/flow/gradients.ts';
import { interpretable } from '../../lib/flow/interpretable.ts';
import { modelProbe } from '../../lib/flow/model.ts';
import { probe } from '../../lib/flow/networks.ts';
import { study } from '../../lib/flow/study.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { memoryEstimate, parameterCount } from '../../lib/models/char-memory.ts';
import { charModel, evaluate, sample } from '../../lib/models/char-model.ts';
import { lectureOptions } from '../../lib/models/char-options.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { hessianVector } from '../../lib/through-time/r-operator.ts';
import { rnnTwice } from '../../lib/through-time/second-order/rnn.ts';
import { squaredErrorTwice } from '../../lib/through-time/second-order/twice-loss.ts';
import { recurrentNet } from '../../lib/training/networks.ts';
import { deviation } from '../numbers.ts';
import { fading, wide } from '../toys.ts';

const text = 'the quick brown fox jumps over the lazy dog. '.repeat(12);
const m = 3;

/** What a generator returns. */
function end<T>(steps: Generator<unknown, T, undefined>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

describe.each<[string, number, Cell]>([
  ['2m', 6, wide('double', units => 2 * units) as Cell],
  ['m+1', 4, wide('one-more', units => units + 1) as Cell],
])('h of %s columns', (_, n, cell) => {
  it('is checked, alone and in every topology', () => {
    expect(checkCell(cell, { T: 3, B: 2, d: 2, m: 2, C: 2 }).ok).toBe(true);
    const net = topology(cell, 2, true);
    expect(net.outputs).toBe((cell.state({ d: 3, m: 4 }).h ?? 0) * 2);
    expect(checkLayer(net, { T: 2, B: 2 }).ok).toBe(true);
    expect(explain(cell)).toMatch(/^runs fused/);
    const layer = recurrent(cell, { d: 2, m });
    expect(layer.outputs).toBe(n);
    expect(checkLayer(layer, { T: 3, B: 2 }).ok).toBe(true);
  });

  it('is what the layer above reads and the readout foretells from, in either engine', () => {
    const vocabulary = Vocabulary.of(text);
    const indices = vocabulary.encode(text);
    const losses = (['reference', {}] as const).map(engine => {
      const model = charModel({ vocabulary, cell, m, layers: 2, engine });
      const { shapes } = model.net.params;
      expect([shapes['cell2.U'], shapes['readout.V']]).toEqual([
        [n, n],
        [vocabulary.size, n],
      ]);
      expect(model.net.params.size).toBe(
        parameterCount({ cell, hidden: m, layers: 2, embedding: null }, vocabulary.size),
      );
      normal(0.5)(model.net.params, new Random(1));
      expect(sample(model, { prompt: 'the', length: 5, rng: new Random(1) })).toHaveLength(5);
      return evaluate(model, indices);
    });
    expect(losses[0]).toBeCloseTo(losses[1] ?? 0, 10);
  });

  it('learns to write, and is looked at while it does', () => {
    const trainer = new CharTrainer(text, { cell, hidden: m, layers: 2, chunk: 5, initStd: 0.3 });
    const first = trainer.step().loss;
    for (let step = 0; step < 40; step++) trainer.step();
    expect(trainer.step().loss).toBeLessThan(first);
    const { model } = trainer;
    for (const which of [1, 2]) {
      const { layer, x, dy } = modelProbe(model, model.vocabulary.encode(text.slice(0, 12)), which);
      expect([layer.outputs, dy.F]).toEqual([n, n]);
      expect(x.F).toBe(which === 1 ? model.vocabulary.size : n);
      expect(gradientNorms(layer, x, dy)).toHaveLength(12);
    }
    const top = modelProbe(model, model.vocabulary.encode('the fox'), 2);
    const logits = model.net.forward(
      Sequence.oneHot(model.vocabulary.encode('the fo'), { T: 6, classes: model.vocabulary.size }),
    ).y;
    expect(top.layer.forward(top.x).y.T).toBe(logits.T);
    expect(end(interpretable(model, text)).m).toBe(n);
  });

  it('is what flow takes directions and Jacobians of', () => {
    const { layer, x, dy } = probe({ cell, init: 'orthogonal', d: 2, m, seed: 1 }, 6);
    expect(dy.F).toBe(n);
    expect(reachMatrix(layer, x, dy)[6]?.[5]).toBeCloseTo(1, 12);
    expect(end(study(layer, x, dy))).toMatchObject({ n, m: n, steps: 6 });
    const [result] = end(compared([cell.name], { length: 5, d: 2, m, seeds: 2 }, { [cell.name]: cell }));
    expect(result?.fading[0]?.median).toBeCloseTo(1, 12);
  });

  it('is what a network of the comparison drops features of', () => {
    const vocabulary = Vocabulary.of(text);
    const indices = vocabulary.encode(text);
    const texts = { vocabulary, fit: indices, validation: indices.subarray(0, 50), heldOut: indices.subarray(0, 50) };
    const { parameters } = end(
      recurrentNet(cell, texts, { hidden: m, steps: 3, order: 2, window: 2, states: 2, rounds: 1, seed: 1 }),
    );
    const C = vocabulary.size;
    expect(parameters).toBe(C * m + m + (n * n + n * m + n) + (C * n + C));
  });

  it('has second derivatives', () => {
    const net = { cell: { ...rnnTwice, ...cell, rForward: rnnTwice.rForward }, loss: squaredErrorTwice, d: 2, m, C: 2 };
    const size = parameterCount({ cell, hidden: m, layers: 1, embedding: null }, 2);
    const numbers = (count: number, phase: number) =>
      Array.from({ length: count }, (_, i) => Math.sin(2 * i + phase) / 2);
    const x = Sequence.dense(numbers(8, 1), { T: 4, F: 2 });
    const y = Sequence.dense(numbers(8, 2), { T: 4, F: 2 });
    const [u, v] = [numbers(size, 3), numbers(size, 4)];
    const theta = numbers(size, 5);
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, one, i) => sum + one * (b[i] ?? Number.NaN), 0);
    const [Hu, Hv] = [u, v].map(direction => hessianVector(net as never, theta, { x, y }, direction));
    expect(dot(u, Hv ?? [])).toBeCloseTo(dot(v, Hu ?? []), 10);
  });
});

it('the memory of a model is estimated by what it puts out', () => {
  const options = { ...lectureOptions, hidden: 8, chunk: 10 };
  const of = (cell: Cell, hidden: number) => memoryEstimate({ ...options, cell, hidden }, 20, {});
  const double = wide('double', units => 2 * units) as Cell;
  const plain = wide('plain', units => units) as Cell;
  expect(of(double, 8)).toEqual(of(plain, 16));
});

it('flow follows a cell that counts: nothing has a gradient in its count', () => {
  const { layer, x, dy } = probe({ cell: fading as unknown as Cell, init: 'normal', d: 2, m, seed: 1 }, 6);
  const found = end(study(layer, x, dy));
  expect(found).toMatchObject({ n: 4, m: 3 });
  expect(found.exponents.exponents.at(-1)).toBe(Number.NEGATIVE_INFINITY);
  const other = unroll(fading, { d: 2, m });
  other.params.values.set(layer.params.values);
  expect(deviation(other.forward(x).y.rows(), layer.forward(x).y.rows())).toBeLessThan(1e-13);
});
