/** One update: what it does in which order, and that it is not done by half. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { DivergenceError } from '../../lib/models/divergence.ts';
import { encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { adam } from '../../lib/optim/adam.ts';
import { sgd } from '../../lib/optim/sgd.ts';
import { ParamSet } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { Best } from '../../lib/training/best.ts';
import { Descent } from '../../lib/training/descent.ts';
import { streamsOf } from '../../lib/training/streams.ts';
import { Training } from '../../lib/training/training.ts';

const params = () => ParamSet.of({ W: [1, 2] });

/** Work whose gradient is given. */
const work =
  (set: ParamSet, grads: readonly number[], loss = 1) =>
  () => {
    set.grads.set(grads);
    return { loss };
  };

it('nothing else in the library takes a step of an optimiser', () => {
  const lib = new URL('../../lib/', import.meta.url);
  const steps = (file: string) =>
    readFileSync(new URL(file, lib), 'utf8')
      .split('\n')
      .some(line => /\.step\([\w.]*params\)/.test(line) && !/^\s*(?:\*|\/\/)/.test(line));
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
  expect(files.filter(steps).map(file => file.replaceAll('\\', '/'))).toEqual(['training/descent.ts']);
});

describe('an update', () => {
  it('watches the norm, clips in order, and goes at the rate that is due', () => {
    const set = params();
    const descent = new Descent(set, {
      optimiser: sgd({ learningRate: 9 }),
      schedule: n => 1 / (n + 1),
      clips: [({ grads }) => grads.set(grads.map(g => g / 5)), ({ grads }) => grads.fill(0.5, 0, 1)],
    });
    descent.step(work(set, [3, 4]));
    expect(Array.from(set.values)).toEqual([-0.5, -0.8]);
    descent.step(work(set, [0, 10]));
    expect(Array.from(set.values)).toEqual([-0.75, -1.8]);
    expect(descent.position).toEqual({ made: 2, norms: [5, 10] });
    descent.skip();
    expect(descent.position.made).toBe(3);
  });

  it('that throws leaves rate, parameters and position as they were', () => {
    const set = params();
    const optimiser = adam(set, { learningRate: 0.1 });
    let spoilt = false;
    const descent = new Descent(set, { optimiser, schedule: () => (spoilt ? -1 : 0.2) });
    descent.step(work(set, [1, 2]));
    const before = [optimiser.learningRate, [...set.values], descent.position];
    expect(() => descent.step(work(set, [1, Number.NaN]))).toThrow(
      expect.objectContaining({ name: 'DivergenceError', step: 2, tensor: 'W', norms: [Math.sqrt(5)] }),
    );
    expect(() => descent.step(work(set, [1, 2], Number.POSITIVE_INFINITY))).toThrow(DivergenceError);
    spoilt = true;
    expect(() => descent.step(work(set, [1, 2]))).toThrow(ValueError);
    const { step } = optimiser;
    spoilt = false;
    Object.assign(optimiser, {
      step() {
        throw new TypeError('no step');
      },
    });
    expect(() => descent.step(work(set, [1, 2]))).toThrow(TypeError);
    Object.assign(optimiser, { step });
    expect([optimiser.learningRate, [...set.values], descent.position]).toEqual(before);
  });

  it('goes on where another stood, and nowhere else', () => {
    const descent = new Descent(params(), { optimiser: sgd({ learningRate: 1 }) });
    descent.moveTo({ made: 7, norms: [1, 2] });
    expect(descent.position).toEqual({ made: 7, norms: [1, 2] });
    expect(() => descent.moveTo({ made: -1, norms: [] })).toThrow(ValueError);
    expect(() => descent.moveTo({ made: 1, norms: [1, 2, 3, 4, 5, 6] })).toThrow(ValueError);
    expect(descent.position).toEqual({ made: 7, norms: [1, 2] });
  });
});

it('the best are kept, those that came first of equals, and nothing that is no number', () => {
  const set = params();
  const best = new Best(set);
  best.restore();
  const offers = [3, 2, 2, Number.NaN, 5].map((loss, n) => {
    set.values.fill(n);
    return best.offer(loss);
  });
  expect(offers).toEqual([true, true, false, false, false]);
  best.restore();
  expect([best.loss, ...set.values]).toEqual([2, 1, 1]);
});

describe('streams of a text', () => {
  const text = Int32Array.from({ length: 14 }, (_, n) => n);

  it('are parts of it that follow each other, each foretold to the first symbol of the next', () => {
    const { x, targets } = streamsOf(text, 3, 14);
    expect([x.T, x.B, x.F]).toEqual([4, 3, 14]);
    const read = Array.from({ length: 4 }, (_, t) => Array.from(x.data.subarray(t * 3, t * 3 + 3)));
    expect(read.map(([first]) => first)).toEqual([0, 1, 2, 3]);
    expect(read[0]).toEqual([0, 4, 8]);
    expect(Array.from(targets(1, 4))).toEqual([2, 6, 10, 3, 7, 11, 4, 8, 12]);
  });

  it('that are one share its memory', () => {
    const { x, targets } = streamsOf(text, 1, 14);
    expect([x.T, x.data.buffer]).toEqual([13, text.buffer]);
    expect(targets(0, 13)).toEqual(text.subarray(1));
  });
});

it('an encoder–decoder is trained by the same loop, and elements are clipped', () => {
  const model = encoderDecoder({
    encoder: stack({ gru: unroll(gru, { d: 3, m: 4 }) }),
    decoder: stack({ gru: unroll(gru, { d: 4, m: 4 }), readout: readout({ m: 4, C: 4 }) }),
  });
  normal(0.5)(model.params, new Random(1));
  const x = Sequence.pack([[0, 1, 2], [2]], { classes: 3 });
  const beside = Sequence.pack(
    [
      [3, 1],
      [3, 2],
    ],
    { classes: 4 },
  );
  const examples = { count: 2, batch: () => ({ x, beside, y: [1, 2, 2, 0] }) };
  const optimiser = sgd({ learningRate: 1 });
  const options = { loss: crossEntropy, optimiser, epochs: 40, batch: 2, clipNorm: null, clipValue: 0.05 };
  const training = new Training(model, examples, options);
  const before = model.params.values.slice();
  const first = training.step().loss;
  const moved = model.params.values.map((value, i) => Math.abs(value - (before[i] ?? 0)));
  expect(moved.reduce((most, one) => Math.max(most, one))).toBeCloseTo(0.05, 12);
  expect(Array.from(training, ({ loss }) => loss).at(-1)).toBeLessThan(first / 2);
});
