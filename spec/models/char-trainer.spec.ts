import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { runtime } from '../../lib/engine/precision.ts';
import { MemoryError, ValueError } from '../../lib/errors.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { memoryEstimate, parameterCount, requireRoom } from '../../lib/models/char-memory.ts';
import { charModel, evaluate, sample } from '../../lib/models/char-model.ts';
import { lectureOptions } from '../../lib/models/char-options.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { DivergenceError, withNorm } from '../../lib/models/divergence.ts';
import { pick } from '../../lib/params.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import type { FlatMatrix } from '../../lib/views.ts';
import { train as oracle } from './min-char-rnn.ts';

const TEXT = `Let me not to the marriage of true minds
Admit impediments. Love is not love
Which alters when it alteration finds,
Or bends with the remover to remove:
`;

describe('the training loop', () => {
  it('is the lecture’s: its losses are those of an independent transcription, past the end of the text', () => {
    const chunk = 25;
    const trainer = new CharTrainer(TEXT, { hidden: 12, heldOut: 0, initStd: 0.3, seed: 9 });
    const named = trainer.model.net.params.named();
    const rows = (name: string) => pick(named, name).to2DArray();
    const columnOf = (name: string) => pick(named, name).transpose().to2DArray();
    const weights = {
      W: rows('cell.W'),
      U: rows('cell.U'),
      V: rows('readout.V'),
      b: columnOf('cell.b'),
      c: columnOf('readout.c'),
    };
    const steps = 3 * Math.floor(trainer.train.length / chunk);
    const expected = oracle(weights, [...trainer.train], chunk, steps);
    expected.forEach((loss, n) => {
      const ours = trainer.step();
      expect(ours.step).toBe(n + 1);
      expect(Math.abs(ours.loss - loss / chunk)).toBeLessThan(1e-9);
    });
    expect(expected.at(-1)).toBeLessThan((expected[0] ?? 0) * 0.8);
  });

  it.each([1, 3])('averages the loss of %d streams, from the uniform model’s on', batch => {
    const trainer = new CharTrainer(TEXT, { hidden: 5, chunk: 10, batch });
    let smoothed = Math.log(trainer.model.vocabulary.size);
    for (let n = 0; n < 12; n++) {
      const row = trainer.step();
      for (let b = 0; b < batch; b++) smoothed = 0.999 * smoothed + 0.001 * row.loss;
      expect(row.smoothed).toBeCloseTo(smoothed, 12);
    }
  });

  it('holds out the end of the text, and never trains on it', () => {
    const trainer = new CharTrainer(TEXT, { heldOut: 0.25 });
    const { vocabulary } = trainer.model;
    expect(vocabulary.decode(trainer.train) + vocabulary.decode(trainer.heldOut)).toBe(TEXT);
    expect(trainer.heldOut).toHaveLength(Math.floor(TEXT.length * 0.25));
    const other = new CharTrainer(
      TEXT.slice(0, trainer.train.length) + [...TEXT.slice(trainer.train.length)].reverse().join(''),
      { heldOut: 0.25 },
    );
    for (let n = 0; n < 10; n++) expect(trainer.step()).toEqual(other.step());
  });

  it('carries the state from chunk to chunk, and starts over from zeros', () => {
    const trainer = new CharTrainer(TEXT.slice(0, 60), { hidden: 4, chunk: 20, heldOut: 0, initStd: 0.5 });
    expect(trainer.state).toBeUndefined();
    const [first, second, third] = [trainer.step(), trainer.step(), trainer.step()];
    expect(trainer.position).toMatchObject({ step: 3, position: 20 }); // 60 symbols: two chunks of 20 and their successors
    expect([first.step, second.step, third.step]).toEqual([1, 2, 3]);
    expect(trainer.nextSymbol).toBe(TEXT[20]);
  });

  it('uses the last whole chunk, and trains where there is just one', () => {
    const exact = new CharTrainer('abcabcabc', { chunk: 4, hidden: 3, heldOut: 0 });
    exact.step();
    exact.step();
    expect(exact.position.position).toBe(8);
    exact.step();
    expect(exact.position.position).toBe(4);
  });

  it('is fixed by its seed, which samples and evaluation do not disturb', () => {
    const losses = (seed: number, disturbed: boolean) => {
      const trainer = new CharTrainer(TEXT, { hidden: 6, seed });
      return Array.from({ length: 20 }, () => {
        if (disturbed) sample(trainer.model, { prompt: 'L', length: 5, rng: trainer.random });
        return trainer.step().loss;
      });
    };
    expect(losses(1, true)).toEqual(losses(1, false));
    expect(losses(1, false)).not.toEqual(losses(2, false));
  });

  it('clips before the update: a first Adagrad step moves no parameter by more than its rate, clipped or not', () => {
    const moved = (options: object) => {
      const trainer = new CharTrainer(TEXT, {
        hidden: 6,
        optimiser: 'sgd',
        learningRate: 1,
        clipValue: null,
        ...options,
      });
      const before = trainer.model.net.params.values.slice();
      trainer.step();
      return trainer.model.net.params.values.map((value, i) => Math.abs(value - (before[i] ?? 0)));
    };
    const largest = (data: Float64Array) => Math.max(...data);
    expect(largest(moved({}))).toBeGreaterThan(0.5);
    expect(largest(moved({ clipValue: 0.01 }))).toBeCloseTo(0.01, 12);
    expect(largest(moved({ clipNorm: 0.001 }))).toBeLessThanOrEqual(0.001 + 1e-15);
    expect(largest(moved({ clipNorm: 1000, clipValue: 1000 }))).toBe(largest(moved({})));
  });

  it('stops with a clear error when the loss is no longer finite', () => {
    const trainer = new CharTrainer(TEXT, { cell: rnnRelu, optimiser: 'sgd', learningRate: 1e6, clipValue: null });
    const run = () => {
      for (let n = 0; n < 200; n++) trainer.step();
    };
    expect(run).toThrow(ValueError);
    expect(run).toThrow(
      /^training at step \d+: expected finite numbers \(a smaller learning rate or clipping may help\)/,
    );
  });
});

describe('streams side by side', () => {
  const [B, chunk] = [3, 7];
  const streams = { hidden: 5, chunk, batch: B, heldOut: 0, optimiser: 'sgd', clipValue: null, initStd: 0.4 } as const;

  it('have each its own state, and the mean of their losses is what is learnt', () => {
    const trainer = new CharTrainer(TEXT, { ...streams, learningRate: 0.01, layers: 2 });
    const { vocabulary, cell, m, layers } = trainer.model;
    const T = Math.floor((trainer.train.length - 1) / B);
    let states: readonly (Matrices | undefined)[] = Array.from({ length: B });
    for (let from = 0; from + chunk <= T; from += chunk) {
      const alone = charModel({ vocabulary, cell, m, layers }).net;
      alone.params.values.set(trainer.model.net.params.values);
      let mean = 0;
      states = states.map((s0, b) => {
        const at = b * T + from;
        const classes = vocabulary.size;
        const x = Sequence.oneHot(trainer.train.slice(at, at + chunk), { T: chunk, classes });
        const { y, sT, tape } = alone.forward(x, s0);
        const judged = crossEntropy.forward(y, trainer.train.slice(at + 1, at + chunk + 1));
        alone.backward(tape, crossEntropy.backward(judged.tape, 1 / B));
        mean += judged.loss / chunk / B;
        return sT;
      });
      expect(trainer.step().loss).toBeCloseTo(mean, 12);
      const { grads } = trainer.model.net.params;
      alone.params.grads.forEach((g, i) => {
        expect(Math.abs(g - (grads[i] ?? Number.NaN))).toBeLessThan(1e-12);
      });
      for (const [name, part] of Object.entries(trainer.state ?? {})) {
        for (const [b, state] of states.entries())
          part.getRow(b).forEach((h, j) => {
            expect(h).toBeCloseTo(state?.[name]?.get(0, j) ?? Number.NaN, 12);
          });
      }
      expect(trainer.position.position).toBe(from + chunk);
    }
    trainer.step();
    expect(trainer.position.position).toBe(chunk);
  });

  it('are left out together', () => {
    const trainer = new CharTrainer(TEXT, streams);
    trainer.step();
    trainer.skip();
    expect(trainer.position.position).toBe(2 * chunk);
    expect(trainer.state?.['cell.h']?.to2DArray()).toEqual(Array.from({ length: B }, () => [0, 0, 0, 0, 0]));
    expect(trainer.step().step).toBe(3);
  });
});

describe('dropout', () => {
  const dropping = { hidden: 8, chunk: 10, heldOut: 0.1, dropout: 0.5, layers: 2, initStd: 0.4 } as const;

  it('is behind every layer, and nothing is dropped but in a step', () => {
    const [trainer, other] = [dropping, { ...dropping, dropout: 0 }].map(options => new CharTrainer(TEXT, options));
    if (!trainer || !other) throw new Error('there are two');
    expect(evaluate(trainer.model, trainer.heldOut)).toBe(evaluate(other.model, other.heldOut));
    const features: number[] = [];
    const { backward } = trainer.model.net;
    trainer.model.net.backward = (tape, dy, dsT) => {
      for (const part of (tape as { readonly tapes: readonly object[] }).tapes)
        if ('R' in part) features.push((part.R as FlatMatrix).data.filter(r => r === 0).length);
      return backward(tape, dy, dsT);
    };
    expect(trainer.step().loss).not.toBe(other.step().loss);
    expect(features).toHaveLength(2);
    for (const dropped of features) {
      expect(dropped).toBeGreaterThan(20); // of 80
      expect(dropped).toBeLessThan(60);
    }
    expect(features[0]).not.toBe(features[1]);
    expect(evaluate(trainer.model, trainer.heldOut)).toBe(evaluate(trainer.model, trainer.heldOut));
  });

  it('is another at every step, fixed by the seed, and the same where a step is made again', () => {
    const losses = (seed: number) => {
      const trainer = new CharTrainer(TEXT, { ...dropping, seed, optimiser: 'sgd', learningRate: 1e-300 });
      const before = trainer.position;
      const first = trainer.step().loss;
      trainer.moveTo(before, undefined);
      expect(trainer.step().loss).toBe(first);
      trainer.moveTo({ ...before, step: 1 }, undefined);
      return [first, trainer.step().loss];
    };
    const [one, two] = losses(1);
    expect(one).not.toBe(two);
    expect(losses(1)).toEqual([one, two]);
  });
});

it('a schedule is up in some steps and down at its end, each a part of the learning rate, which is anybody’s to change', () => {
  const schedule = { shape: 'cosine', steps: 8, warmUp: 3 } as const;
  const trainer = new CharTrainer(TEXT, { hidden: 2, optimiser: 'sgd', learningRate: 0.4, schedule, heldOut: 0 });
  const rates: number[] = [];
  const { step } = trainer.optimiser;
  trainer.optimiser.step = params => {
    rates.push(trainer.optimiser.learningRate);
    step(params);
  };
  for (let n = 0; n < 10; n++) {
    if (n === 9) trainer.optimiser.learningRate = 0.2;
    trainer.step();
    expect(trainer.position.learningRate).toBe(n === 9 ? 0.2 : 0.4);
  }
  const wave = (n: number) => 0.4 * (0.01 + 0.99 * 0.5 * (1 + Math.cos((Math.PI * n) / 5)));
  const expected = [0.1, 0.2, 0.3, wave(0), wave(1), wave(2), wave(3), wave(4), 0.004, 0.002];
  rates.forEach((rate, n) => {
    expect(rate).toBeCloseTo(expected[n] ?? Number.NaN, 12);
  });
});

describe('an embedding', () => {
  it('is below the first layer, and learnt with it', () => {
    const trainer = new CharTrainer(TEXT, { hidden: 6, embedding: 3, heldOut: 0, initStd: 0.3, seed: 9 });
    const { params } = trainer.model.net;
    expect(params.shapes).toMatchObject({ 'embedding.E': [trainer.model.vocabulary.size, 3], 'cell.U': [6, 3] });
    const before = pick(params.named(), 'embedding.E').to2DArray();
    const losses = Array.from({ length: 60 }, () => trainer.step().loss);
    expect(pick(params.named(), 'embedding.E').to2DArray()).not.toEqual(before);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * 0.8);
  });
});

describe('divergence', () => {
  const options = { hidden: 3, chunk: 5, heldOut: 0, initStd: 0.5 };

  /** What a step throws, and that it changes nothing. */
  function diverging(trainer: CharTrainer): DivergenceError {
    const before = [trainer.position, trainer.model.net.params.values.slice(), trainer.state];
    try {
      trainer.step();
    } catch (error) {
      expect([trainer.position, trainer.model.net.params.values, trainer.state]).toEqual(before);
      if (error instanceof DivergenceError) return error;
      throw error;
    }
    throw new Error('it did not diverge');
  }

  it('names the step, the parameter that is not finite, and the norms of the last five gradients', () => {
    const trainer = new CharTrainer(TEXT, options);
    const norms = Array.from({ length: 7 }, () => {
      trainer.step();
      return trainer.position.norms.at(-1);
    });
    expect(trainer.position.norms).toEqual(norms.slice(-5));
    const values = pick(trainer.model.net.params.named(), 'readout.V');
    values.set(1, 2, Number.NaN);
    const error = diverging(trainer);
    expect(error).toMatchObject({ step: 8, norms: norms.slice(-5), argument: 'training at step 8' });
    expect(error.message).toMatch(/got NaN in .+; norms of the gradient in the steps before: (\S+, ){4}\S+$/);
  });

  it('notes the norm of all gradients before they are clipped', () => {
    const norm = (clipValue: number | null) => {
      const trainer = new CharTrainer(TEXT, { ...options, clipValue });
      trainer.step();
      return { norm: trainer.position.norms[0] ?? Number.NaN, grads: trainer.model.net.params.grads.slice() };
    };
    const { norm: unclipped, grads } = norm(null);
    expect(unclipped).toBeCloseTo(Math.hypot(...grads), 10);
    expect(unclipped).toBeGreaterThan(1);
    expect(norm(1e-3).norm).toBe(unclipped);
  });

  it.each<[string, number, (grads: FlatMatrix) => void, string | undefined, RegExp]>([
    ['a loss', Number.NaN, () => {}, undefined, /got a loss of NaN; /],
    ['a gradient', 1, G => G.set(1, 0, Number.NaN), 'cell.W', /got NaN in the gradient of cell\.W; /],
    [
      'both',
      -1 / 0,
      G => G.set(0, 1, 1 / 0),
      'cell.W',
      /got a loss of -Infinity, Infinity in the gradient of cell\.W; /,
    ],
    ['a norm', 1, G => G.set(0, 0, 1e200), undefined, /got a gradient too large for a norm; /],
  ])('is seen by %s', (_, loss, change, tensor, message) => {
    const { params } = new CharTrainer(TEXT, options).model.net;
    params.grads.fill(1);
    expect(withNorm(3, 1, params, [1, 2, 3, 4, 5])).toEqual([2, 3, 4, 5, Math.sqrt(params.size)]);
    change(pick(params.namedGrads(), 'cell.W'));
    const act = () => withNorm(3, loss, params, [7]);
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ step: 3, tensor, norms: [7] }));
  });

  it('is looked for in all that would be saved', () => {
    const places: readonly [string, (trainer: CharTrainer) => Float64Array | undefined][] = [
      ['cell.W', ({ model }) => model.net.params.values],
      ["the optimiser's mem", ({ optimiser }) => optimiser.memory.mem],
    ];
    for (const [tensor, dataOf] of places) {
      const trainer = new CharTrainer(TEXT, options);
      trainer.step();
      trainer.requireFinite();
      dataOf(trainer)?.set([Number.POSITIVE_INFINITY]);
      expect(() => trainer.requireFinite()).toThrow(expect.objectContaining({ tensor, step: 1 }));
    }
  });

  it('is passed by a skip: nothing learnt, the memory reset, one step and one chunk on, also past the end', () => {
    const trainer = new CharTrainer(TEXT.slice(0, 21), { ...options });
    trainer.step();
    const before = trainer.model.net.params.values.slice();
    const { smoothed } = trainer.position;
    expect(trainer.skip()).toEqual({ step: 2, loss: Number.NaN, smoothed });
    expect(trainer.model.net.params.values).toEqual(before);
    expect(trainer.position).toMatchObject({ step: 2, position: 10, smoothed });
    expect(trainer.state?.['cell.h']?.to1DArray()).toEqual([0, 0, 0]);
    for (let n = 0; n < 3; n++) trainer.skip();
    expect(trainer.position).toMatchObject({ step: 5, position: 5 });
    expect(trainer.step().step).toBe(6);
  });

  it('leaves a trainer as it was when it is told to go to a place that is none', () => {
    const trainer = new CharTrainer(TEXT, options);
    trainer.step();
    const { position, state } = trainer;
    for (const wrong of [
      { position: 1e6 },
      { smoothed: -1 },
      { smoothed: Number.NaN },
      { random: [] },
      { learningRate: -1 },
      { step: 0.5 },
    ]) {
      expect(() => trainer.moveTo({ ...position, step: 7, ...wrong }, undefined)).toThrow(ValueError);
      expect([trainer.position, trainer.state]).toEqual([position, state]);
    }
  });
});

describe('memory', () => {
  it.each([
    [
      { hidden: 100_000 },
      /^hidden: expected a model that fits the 4294967296 bytes .*, got one that needs at least 16\d{10} b/,
    ],
    [{ hidden: 20_000, layers: 3 }, /WebAssembly has, got one that needs at least \d+ bytes$/],
  ])('%o is refused before any is taken', (options, message) => {
    expect(() => new CharTrainer(TEXT, options)).toThrow(message);
  });

  it('counts what a model has', () => {
    for (const options of [
      { hidden: 7 },
      { hidden: 4, layers: 3, cell: lstm },
      { hidden: 4, layers: 2, embedding: 3 },
    ]) {
      const { model, options: all } = new CharTrainer(TEXT, options);
      expect(parameterCount(all, model.vocabulary.size)).toBe(model.net.params.size);
    }
  });

  it('of a model is its parameters, their gradients, the optimiser’s memory, the engine’s, and a checkpoint twice', () => {
    const { model, options } = new CharTrainer(TEXT, { hidden: 50, optimiser: 'adam' });
    const { size } = model.net.params;
    const inside = 8 * (size + 50 * (50 + model.vocabulary.size + 1));
    const needed = inside + 8 * size * (2 + 2) + 2 * 8 * size * (1 + 2);
    expect(memoryEstimate(options, model.vocabulary.size, {}).model).toBe(needed);
  });

  it.each<[string, object, number]>([
    ['a chunk', { chunk: 500, heldOut: 0 }, 500],
    ['a held-out text, read by thousands', { chunk: 500, heldOut: 0.1 }, 1000],
    ['layers', { chunk: 500, heldOut: 0, layers: 3, cell: lstm }, 500],
    ['streams', { chunk: 100, batch: 20, heldOut: 0.1 }, 2000],
  ])('of %s counts what is kept of every step, for the way back', (_, changed, forward) => {
    const options = { ...lectureOptions, hidden: 64, ...changed };
    const { cell, layers } = options;
    const chunk = options.batch * options.chunk;
    const [gates, states] = cell === lstm ? [4 * 64, 2 * 64] : [64, 64];
    const inside = forward * layers * (gates + states + 64) + chunk * gates;
    const outside = forward * (layers * 64 + 2 * 30) + chunk * (layers * 64 + 30);
    expect(memoryEstimate(options, 30, {}).chunk).toBe(8 * (inside + outside));
    expect(memoryEstimate(options, 30, { precision: 'f32' }).chunk).toBe(4 * inside + 8 * outside);
    expect(memoryEstimate(options, 30, 'reference')).toMatchObject({ chunk: 8 * (inside + outside), inside: 0 });
  });

  it.each([rnn, lstm, gru])('of a long chunk is about what a step of $name takes', cell => {
    const options = { cell: cell as Cell, hidden: 32, chunk: 4000, heldOut: 0, layers: 2 };
    const trainer = new CharTrainer(TEXT.repeat(40), options);
    const { heap } = runtime('f64', false);
    const before = heap.held;
    const { forward, backward } = trainer.model.net;
    let [kept, held] = [0, 0];
    Object.assign(trainer.model.net, {
      forward: (...[x, s0]: Parameters<typeof forward>) => {
        const step = forward(x, s0);
        kept = heap.held - before;
        return step;
      },
      backward: (...[tape, dy, dsT]: Parameters<typeof backward>) => {
        const step = backward(tape, dy, dsT);
        held = heap.held - before;
        return step;
      },
    });
    trainer.step();
    const { inside } = memoryEstimate(trainer.options, trainer.model.vocabulary.size, {});
    expect(Math.max(kept, held)).toBeGreaterThan(0.6 * inside);
    expect(Math.max(kept, held)).toBeLessThan(1.5 * inside);
  });

  it('is compared with what there is, before any is taken', () => {
    const options = { ...lectureOptions, hidden: 50, chunk: 10_000 };
    const { total, model } = memoryEstimate(options, 28, {});
    expect(requireRoom(options, 28, {}, total)).toEqual(memoryEstimate(options, 28, {}));
    const refused = (argument: string, needed: number) =>
      expect.objectContaining({ name: 'MemoryError', argument, got: `one that needs at least ${needed} bytes` });
    expect(() => requireRoom(options, 28, {}, total - 1)).toThrow(refused('chunk', total));
    const short = { ...options, chunk: 1, heldOut: 0 };
    const wide = { ...options, batch: 10 ** 5 };
    expect(() => requireRoom(wide, 28, {}, 10 ** 9)).toThrow(/^batch: expected as many streams whose steps/);
    expect(() => requireRoom(short, 28, {}, model - 1)).toThrow(refused('hidden', memoryEstimate(short, 28, {}).total));
    expect(() => requireRoom({ ...short, hidden: 12_000 }, 28, {}, 1 / 0)).toThrow('a file of 2147483647 bytes');
  });

  it('that a chunk would take of WebAssembly is refused where a trainer is made', () => {
    const text = TEXT.repeat(10_000);
    const make = () => new CharTrainer(text, { cell: lstm, hidden: 128, chunk: 1_000_000 });
    expect(make).toThrow(
      /^chunk: expected one whose steps, all of them kept, fit the 4294967296 bytes that WebAssembly has, got one that needs at least 11\d{9} bytes$/,
    );
    expect(make).toThrow(MemoryError);
  });
});

describe('options', () => {
  it('are the lecture’s unless given', () => {
    expect(new CharTrainer(TEXT).options).toEqual(lectureOptions);
    expect(lectureOptions).toMatchObject({
      hidden: 100,
      chunk: 25,
      optimiser: 'adagrad',
      learningRate: 0.1,
      clipValue: 5,
    });
  });

  it.each<[object, RegExp]>([
    [{ hidden: 0 }, /^hidden:/],
    [{ hidden: 2.5 }, /^hidden:/],
    [{ chunk: 0 }, /^chunk:/],
    [{ batch: 0 }, /^batch:/],
    [{ chunk: 20, batch: 8 }, /^text: expected at least 161 symbols to train on \(8 streams of a chunk of 20 and/],
    [{ embedding: 0 }, /^embedding:/],
    [{ dropout: 1 }, /^dropout: expected a part in \[0, 1\)/],
    [{ schedule: { shape: 'cosine', steps: 0, warmUp: 0 } }, /^schedule.steps:/],
    [{ schedule: { shape: 'cosine', steps: 3, warmUp: 3 } }, /^schedule.warmUp:/],
    [{ schedule: { shape: 'line', steps: 3, warmUp: 0 } }, /^schedule.shape: expected cosine, got "line"$/],
    [{ chunk: 1000 }, /^text: expected at least 1001 symbols to train on/],
    [{ learningRate: 0 }, /^learningRate:/],
    [{ learningRate: Number.POSITIVE_INFINITY }, /^learningRate:/],
    [{ clipValue: -1 }, /^clipValue:/],
    [{ clipNorm: 0 }, /^clipNorm:/],
    [{ initStd: 0 }, /^initStd:/],
    [{ heldOut: 1 }, /^heldOut:/],
    [{ heldOut: -0.1 }, /^heldOut:/],
    [{ heldOut: 0.001 }, /^text: expected at least two symbols in the held-out part/],
    [{ seed: -1 }, /^seed:/],
    [{ layers: 0 }, /^layers:/],
    [{ optimiser: 'newton' }, /^optimiser: expected one of adagrad, sgd, rmsprop, adam, got "newton"$/],
  ])('%o are refused', (options, message) => {
    expect(() => new CharTrainer(TEXT, options)).toThrow(ValueError);
    expect(() => new CharTrainer(TEXT, options)).toThrow(message);
  });

  it.each(['', 'a', 'ab'])('the text %o is refused', text => {
    expect(() => new CharTrainer(text)).toThrow(/^text: expected/);
  });
});

describe('passes through another layer', () => {
  it('learn the same where it computes the same, and are refused where its parameters are others', () => {
    const [one, other] = [new CharTrainer(TEXT, { hidden: 3 }), new CharTrainer(TEXT, { hidden: 3 })];
    let passes = 0;
    const { net } = other.model;
    other.through({
      ...net,
      forward: (x, s0) => {
        passes += 1;
        return net.forward(x, s0);
      },
    });
    for (let n = 0; n < 3; n++) expect(other.step()).toEqual(one.step());
    expect(passes).toBe(3);
    expect(() => other.through(one.model.net)).toThrow('layer: expected a layer over the parameters of the model');
  });
});
