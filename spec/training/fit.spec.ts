/** The training loop: it learns, keeps the best, and goes on from anywhere to the last bit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { argmax } from '../../lib/extremes.ts';
import { uniformOverRoot } from '../../lib/init/initialisers.ts';
import { type Dropout, dropout } from '../../lib/layers/dropout.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep } from '../../lib/layers/pool.ts';
import { stack } from '../../lib/layers/stack.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { squaredError } from '../../lib/losses/squared-error.ts';
import { DivergenceError } from '../../lib/models/divergence.ts';
import { adam } from '../../lib/optim/adam.ts';
import { sgd } from '../../lib/optim/sgd.ts';
import { Random } from '../../lib/random.ts';
import { examples } from '../../lib/training/examples.ts';
import { carryOn, fit as trained } from '../../lib/training/fit.ts';
import type { FitOptions } from '../../lib/training/fit-options.ts';
import { Training } from '../../lib/training/training.ts';
import type { TrainingState } from '../../lib/training/training-state.ts';

/** Sequences of two symbols, some longer than others, and which of the two was the first. */
function firsts(count: number, seed: number) {
  const rng = new Random(seed);
  const x = Array.from({ length: count }, () =>
    Array.from({ length: 2 + Math.floor(6 * rng.uniform()) }, () => Math.floor(2 * rng.uniform())),
  );
  return examples({ x, classes: 2, y: x.map(([first = 0]) => first) });
}

function network(seed: number, drop?: Dropout): Layer {
  const net = stack({
    gru: recurrent(gru, { d: 2, m: 6 }),
    ...(drop && { drop }),
    last: lastStep(6),
    out: linear({ m: 6, C: 2 }),
  });
  uniformOverRoot(6)(net.params, new Random(seed));
  return net;
}

const options = (net: Layer): FitOptions<Int32Array> => ({
  loss: crossEntropy,
  optimiser: adam(net.params, { learningRate: 0.02 }),
  epochs: 6,
  batch: 8,
});

const all = <T>(training: Training<T>) => Array.from(training, ({ loss }) => loss);

describe('a training', () => {
  it('learns which of two symbols came first, of sequences that differ in length', async () => {
    const net = network(1);
    const [learnt, validation] = [firsts(200, 1), firsts(50, 2)];
    const { history, done } = await trained(net, learnt, { ...options(net), validation, epochs: 12 });
    expect(done).toBe(true);
    expect(history[0]?.validation).toBeGreaterThan(0.4);
    expect(history.at(-1)?.validation).toBeLessThan(0.1);
    const { x, y } = firsts(100, 3).batch(Array.from({ length: 100 }, (_, n) => n));
    const { y: logits } = net.forward(x);
    const right = Array.from(y).filter((k, b) => argmax(logits.rows().getRow(b)) === k);
    expect(right.length).toBeGreaterThan(95);
  });

  it('goes through every example once an epoch, those that are as long together', () => {
    const net = network(1);
    const learnt = firsts(100, 1);
    const seen: (readonly number[])[] = [];
    const watched = {
      ...learnt,
      batch(which: readonly number[]) {
        seen.push(which);
        return learnt.batch(which);
      },
    };
    all(new Training(net, watched, { ...options(net), epochs: 2 }));
    const epochs = [seen.slice(0, seen.length / 2), seen.slice(seen.length / 2)].map(batches => batches.flat());
    for (const epoch of epochs)
      expect([...epoch].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(epochs[0]).not.toEqual(epochs[1]);
    const spread = seen.map(which => {
      const lengths = which.map(n => learnt.length?.(n) ?? 0);
      return Math.max(...lengths) - Math.min(...lengths);
    });
    expect(Math.max(...spread)).toBeLessThanOrEqual(2);
  });

  it('ends with the parameters that did best at the validation, and when nothing is better for a while', () => {
    const net = network(3);
    const validation = examples({ x: [[0], [1]], classes: 2, y: [1, 0] }); // what is learnt is wrong there
    const training = new Training(net, firsts(64, 1), { ...options(net), validation, patience: 2, epochs: 50 });
    const values: Float64Array[] = [];
    for (const { ended } of training) if (ended) values.push(net.params.values.slice());
    const best = training.history.findLastIndex(epoch => epoch.best);
    expect(training.history.length).toBe(best + 3);
    const least = Math.min(...training.history.map(({ validation }) => validation ?? Number.NaN));
    expect(training.history[best]?.validation).toBe(least);
    expect(net.params.values).toEqual(values.at(-1)); // set back before the last epoch is told of
    const alone = network(3);
    const upTo = new Training(alone, firsts(64, 1), { ...options(alone), epochs: best + 1 });
    all(upTo);
    expect(net.params.values).toEqual(alone.params.values);
  });

  it('adds batches up to what one batch of all of them gives', () => {
    const run = (batch: number, accumulate: number) => {
      const net = stack({ rnn: recurrent(rnn, { d: 1, m: 3 }), out: linear({ m: 3, C: 1 }) });
      uniformOverRoot(3)(net.params, new Random(1));
      const rng = new Random(2);
      const x = Array.from({ length: 24 }, () => Array.from({ length: 4 }, () => [rng.normal()]));
      const data = { ...examples({ x, y: x }), length: undefined };
      const { length: _, ...unsorted } = data;
      all(
        new Training(net, unsorted, {
          ...{ loss: squaredError, optimiser: sgd(net.params, { learningRate: 0.1 }) },
          ...{ batch, accumulate, epochs: 2 },
        }),
      );
      return [...net.params.values];
    };
    const [whole, parts] = [run(12, 1), run(4, 3)];
    for (const [i, value] of whole.entries()) expect(parts[i]).toBeCloseTo(value, 12);
  });

  it('is the same again, and another with another seed', () => {
    const losses = (seed: number) => {
      const net = network(1);
      return all(new Training(net, firsts(40, 1), { ...options(net), seed, epochs: 2 }));
    };
    expect(losses(1)).toEqual(losses(1));
    expect(losses(1)).not.toEqual(losses(2));
  });

  it('goes on from anywhere to the last bit, as JSON or as it is, with masks and all', () => {
    const make = () => {
      const drop = dropout({ F: 6, rate: 0.3, seed: 5 });
      const net = network(1, drop);
      const validation = firsts(20, 2);
      return new Training(net, firsts(60, 1), { ...options(net), validation, dropout: [drop], accumulate: 2 });
    };
    const whole = make();
    const losses = all(whole);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: losses.length }), fc.boolean(), (stop, asJson) => {
        const first = make();
        const before = Array.from({ length: stop }, () => first.step().loss);
        const state = first.state();
        const carried = asJson ? fromJson(JSON.stringify(state, plain)) : structuredClone(state);
        const second = make().resume(carried);
        expect([...before, ...all(second)]).toEqual(losses);
        expect(second.model.params.values).toEqual(whole.model.params.values);
        expect(second.history).toEqual(whole.history);
      }),
      { numRuns: 12 },
    );
  });

  it('stops between two updates at a signal, and is carried on', async () => {
    const make = () => {
      const net = network(1);
      return { net, learnt: firsts(40, 1), options: options(net) };
    };
    const { net, learnt, options: own } = make();
    const stop = new AbortController();
    const losses: number[] = [];
    const on = ({ update, loss }: { readonly update: number; readonly loss: number }) => {
      losses.push(loss);
      if (update === 7) stop.abort();
    };
    const training = await trained(net, learnt, { ...own, on, signal: stop.signal });
    expect([training.done, losses.length]).toEqual([false, 7]);
    await carryOn(training, { on });
    const again = make();
    expect(losses).toEqual(all(new Training(again.net, again.learnt, again.options)));
  });

  it('leaves all as it was where a loss is not finite', () => {
    const net = network(1);
    const training = new Training(net, firsts(40, 1), options(net));
    training.step();
    const before = training.state();
    const spoilt = net.params.values[3] ?? 0;
    net.params.values[3] = Number.NaN;
    expect(() => training.step()).toThrow(DivergenceError);
    net.params.values[3] = spoilt;
    expect(training.state()).toEqual(before);
  });

  it('diverges at a validation whose outputs overflow, too', () => {
    const model = linear({ m: 1, C: 1 });
    model.params.values.fill(2);
    const one = (x: number) => examples({ x: [[[x]]], y: [[[1]]] });
    const optimiser = sgd(model.params, { learningRate: 1e-3 });
    const training = new Training(model, one(1), { loss: squaredError, optimiser, validation: one(1e308) });
    expect(() => training.step()).toThrow(expect.objectContaining({ name: 'DivergenceError', step: 1 }));
  });

  it('drops nothing at the validation', () => {
    const drop = dropout({ F: 6, rate: 0.5, seed: 5 });
    const net = network(1, drop);
    const modes: boolean[] = [];
    const validation = firsts(8, 2);
    const watched = {
      ...validation,
      batch(which: readonly number[]) {
        modes.push(drop.training);
        return validation.batch(which);
      },
    };
    all(new Training(net, firsts(8, 1), { ...options(net), validation: watched, dropout: [drop], epochs: 1 }));
    expect([modes, drop.training]).toEqual([[false], true]);
  });

  it('refuses what does not fit, and changes nothing', () => {
    const net = network(1);
    const data = firsts(10, 1);
    const wrong: readonly [string, Partial<FitOptions<Int32Array>>][] = [
      ['epochs', { epochs: 0 }],
      ['batch', { batch: 1.5 }],
      ['accumulate', { accumulate: -1 }],
      ['clipNorm', { clipNorm: 0 }],
      ['patience', { patience: 3 }],
      ['seed', { seed: -1 }],
    ];
    for (const [argument, given] of wrong)
      expect(() => new Training(net, data, { ...options(net), ...given })).toThrow(
        expect.objectContaining({ argument }),
      );
    const training = new Training(net, data, options(net));
    const state = training.state();
    const short: TrainingState = { ...state, values: state.values.slice(1) };
    expect(() => training.resume(short)).toThrow(ShapeError);
    expect(training.state()).toEqual(state);
    all(training);
    expect(() => training.step()).toThrow(ValueError);
  });
});

/** Typed arrays as lists. */
const plain = (_: string, value: unknown): unknown => (value instanceof Float64Array ? Array.from(value) : value);

function fromJson(text: string): TrainingState {
  const read = JSON.parse(text) as TrainingState;
  const floats = (numbers: ArrayLike<number>) => Float64Array.from(numbers);
  const memory = Object.entries(read.memory).map(([name, data]) => [name, floats(data)] as const);
  return {
    ...read,
    values: floats(read.values),
    memory: Object.fromEntries(memory),
    best: read.best && floats(read.best),
  };
}
