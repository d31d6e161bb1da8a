import { describe, expect, it } from 'vitest';
import { rnnRelu } from '../../lib/cells/rnn.ts';
import { ValueError } from '../../lib/errors.ts';
import { sample } from '../../lib/models/char-model.ts';
import { lectureOptions } from '../../lib/models/char-options.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { pick } from '../../lib/params.ts';
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

  it('averages the loss, from the uniform model’s on', () => {
    const trainer = new CharTrainer(TEXT, { hidden: 5 });
    let smoothed = Math.log(trainer.model.vocabulary.size);
    for (let n = 0; n < 12; n++) {
      const row = trainer.step();
      smoothed = 0.999 * smoothed + 0.001 * row.loss;
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
