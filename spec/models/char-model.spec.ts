import { describe, expect, it } from 'vitest';
import { cells } from '../../lib/cells/index.ts';
import { ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { charModel, defaultPrompt, evaluate, evaluating, sample, sampling } from '../../lib/models/char-model.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { pick } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';

function drawn(text: string, std = 1) {
  const model = charModel({ vocabulary: Vocabulary.of(text), m: 7 });
  normal(std)(model.net.params, new Random(5));
  return model;
}

describe('the lecture’s example', () => {
  it('is learnt: over {h, e, l, o}, what follows “h” is “ello”', () => {
    for (const cell of Object.values(cells)) {
      for (const seed of [1, 2, 3]) {
        const trainer = new CharTrainer('hello', { cell, seed, hidden: 16, chunk: 4, heldOut: 0, initStd: 0.1 });
        expect(trainer.model.vocabulary.symbols).toEqual(['e', 'h', 'l', 'o']);
        for (let n = 0; n < 300; n++) trainer.step();
        const writes = (temperature: number) =>
          sample(trainer.model, { prompt: 'h', length: 4, temperature, rng: trainer.random });
        expect(writes(0)).toBe('ello');
        expect(writes(0.5)).toBe('ello');
      }
    }
  });

  it('needs its memory: from “l” alone the two that follow an l cannot be told apart', () => {
    const trainer = new CharTrainer('hello', { hidden: 16, chunk: 4, heldOut: 0, initStd: 0.1 });
    for (let n = 0; n < 300; n++) trainer.step();
    const rng = new Random(1);
    const next = (prompt: string) => sample(trainer.model, { prompt, length: 1, temperature: 0, rng });
    expect([next('hel'), next('hell')]).toEqual(['l', 'o']);
  });
});

describe('evaluate', () => {
  it('is the mean of −log p, the state carried through the whole text', () => {
    const model = drawn('abc');
    const text = model.vocabulary.encode('abcacbbacbabcaabccbcab');
    const { net } = model;
    let state: Parameters<typeof net.forward>[1];
    let loss = 0;
    for (let n = 0; n + 1 < text.length; n++) {
      const p = probabilities(model, text[n] ?? 0, state);
      loss -= Math.log(p.p[text[n + 1] ?? 0] ?? Number.NaN);
      state = p.state;
    }
    expect(evaluate(model, text)).toBeCloseTo(loss / (text.length - 1), 12);
  });

  it('in streams is the mean over parts that follow each other, each read from zeros', () => {
    const model = drawn('abc');
    const text = model.vocabulary.encode('abcacbbacbabcaabccbcab');
    const parts = [0, 7, 14].map(from => evaluate(model, text.slice(from, from + 8)));
    expect(evaluate(model, text, 3)).toBeCloseTo(parts.reduce((sum, loss) => sum + loss, 0) / 3, 12);
    expect(evaluate(model, text, 1)).toBe(evaluate(model, text));
    expect(() => evaluate(model, text, 22)).toThrow(/^streams: expected an integer in 1…21, got 22$/);
  });

  it('gives the same for a text longer than what it runs at once', () => {
    const model = drawn('abc', 0.5);
    const text = model.vocabulary.encode('abcacbbacb'.repeat(230));
    const halves = text.length - 1;
    expect(evaluate(model, text)).toBeGreaterThan(0);
    expect(Number.isFinite(evaluate(model, text))).toBe(true);
    const untrained = charModel({ vocabulary: model.vocabulary, m: 3 });
    expect(evaluate(untrained, text) * halves).toBeCloseTo(halves * Math.log(3), 8);
  });

  it('refuses a text with nothing to foretell', () => {
    expect(() => evaluate(drawn('ab'), Int32Array.of(0))).toThrow(/^text: expected at least two symbols/);
    expect(() => evaluate(drawn('ab'), Int32Array.of(0, 2))).toThrow(ValueError);
  });
});

describe('sample', () => {
  it('draws every symbol as often as the model finds it probable', () => {
    const model = drawn('abcd', 0.8);
    const { p } = probabilities(model, 1, undefined);
    const rng = new Random(11);
    const counts = new Map<string, number>();
    const draws = 20_000;
    for (let n = 0; n < draws; n++) {
      const symbol = sample(model, { prompt: 'b', length: 1, rng });
      counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    }
    p.forEach((pk, k) => {
      const frequency = (counts.get(model.vocabulary.symbols[k] ?? '') ?? 0) / draws;
      expect(Math.abs(frequency - pk)).toBeLessThan(5 * Math.sqrt((pk * (1 - pk)) / draws));
    });
  });

  it('takes the most probable symbol at temperature 0, nearly so at 0.01, and evens out at 1e6', () => {
    const model = drawn('abcd');
    const rng = new Random(2);
    const greedy = sample(model, { prompt: 'a', length: 30, temperature: 0, rng });
    expect(sample(model, { prompt: 'a', length: 30, temperature: 0, rng: new Random(3) })).toBe(greedy);
    expect(sample(model, { prompt: 'a', length: 30, temperature: 0.01, rng })).toBe(greedy);
    const wild = sample(model, { prompt: 'a', length: 4000, temperature: 1e6, rng });
    for (const symbol of 'abcd') expect(wild.split(symbol).length - 1).toBeGreaterThan(850);
  });

  it('reads the whole prompt, and goes on from a state', () => {
    const model = drawn('abcd');
    const rng = () => new Random(4);
    const whole = sample(model, { prompt: 'abca', length: 20, rng: rng() });
    const { sT } = model.net.forward(oneHot(model, 'abc'));
    expect(sample(model, { prompt: 'a', length: 20, rng: rng(), s0: sT })).toBe(whole);
    expect(sample(model, { prompt: 'bbba', length: 20, rng: rng() })).not.toBe(whole);
  });

  it('counts code points, not UTF-16 units', () => {
    expect([...sample(drawn('🎭é'), { prompt: '🎭', length: 9, rng: new Random(1) })]).toHaveLength(9);
  });

  it('refuses what it cannot do, naming it', () => {
    const model = drawn('ab');
    const rng = new Random(1);
    expect(() => sample(model, { prompt: '', length: 1, rng })).toThrow(/^prompt: expected at least one symbol/);
    expect(() => sample(model, { prompt: 'azyb', length: 1, rng })).toThrow(/^prompt: .* got "zy"$/);
    expect(() => sample(model, { prompt: 'a', length: 0, rng })).toThrow(/^length:/);
    expect(() => sample(model, { prompt: 'a', length: 1.5, rng })).toThrow(ValueError);
    expect(() => sample(model, { prompt: 'a', length: 1, temperature: -1, rng })).toThrow(/^temperature:/);
    expect(() => sample(model, { prompt: 'a', length: 1, temperature: Number.NaN, rng })).toThrow(/^temperature:/);
  });
});

describe('charModel', () => {
  it('refuses sizes that are none', () => {
    const vocabulary = Vocabulary.of('ab');
    expect(() => charModel({ vocabulary, layers: 0 })).toThrow(/^layers: expected a positive integer, got 0$/);
    expect(() => charModel({ vocabulary, m: 0 })).toThrow(ValueError);
  });

  it('prompts itself with a line’s end where it knows one', () => {
    expect(defaultPrompt(drawn('b\na'))).toBe('\n');
    expect(defaultPrompt(drawn('ba'))).toBe('a');
  });
});

function oneHot({ vocabulary }: ReturnType<typeof drawn>, text: string) {
  const indices = vocabulary.encode(text);
  return Sequence.oneHot(indices, { T: indices.length, classes: vocabulary.size });
}

function probabilities(model: ReturnType<typeof drawn>, k: number, s0: Parameters<typeof model.net.forward>[1]) {
  const { y, sT } = model.net.forward(oneHot(model, model.vocabulary.decode([k])), s0);
  const e = y.at(0).getRow(0).map(Math.exp);
  const Z = e.reduce((a, b) => a + b, 0);
  return { p: e.map(x => x / Z), state: sT };
}

describe('what is read in pieces', () => {
  /** The longest pass that a model makes, and how many of its tapes are not given back. */
  function watched(model: ReturnType<typeof drawn>) {
    const seen = { longest: 0, kept: 0 };
    const { forward, release } = model.net;
    Object.assign(model.net, {
      forward: (...[x, s0]: Parameters<typeof forward>) => {
        seen.longest = Math.max(seen.longest, x.T);
        seen.kept += 1;
        return forward(x, s0);
      },
      release: (tape: unknown) => {
        seen.kept -= 1;
        release?.(tape);
      },
    });
    return seen;
  }

  it.each(['prompt', 'text'])('a long %s takes the memory of a thousand symbols, and gives it back', what => {
    const model = drawn('abc', 0.5);
    const long = 'abcacbbacb'.repeat(450);
    const seen = watched(model);
    if (what === 'text') evaluate(model, model.vocabulary.encode(long));
    else sample(model, { prompt: long, length: 3, rng: new Random(1) });
    expect(seen).toEqual({ longest: 1000, kept: 0 });
  });

  it('a long prompt leaves the state and the symbols that it leaves when read symbol by symbol', () => {
    const model = drawn('abc', 0.5);
    const prompt = 'abcacbbacbcabb'.repeat(200);
    let state: Parameters<typeof model.net.forward>[1];
    for (const k of model.vocabulary.encode(prompt.slice(0, -1))) state = probabilities(model, k, state).state;
    const rest = { length: 40, s0: state };
    for (const temperature of [0, 0.7]) {
      const whole = sample(model, { prompt, length: 40, temperature, rng: new Random(2) });
      expect(whole).toBe(sample(model, { prompt: prompt.slice(-1), ...rest, temperature, rng: new Random(2) }));
    }
  });

  it('over a large vocabulary fewer symbols are read at once: logits are what takes memory', () => {
    const symbols = Array.from({ length: 100_000 }, (_, k) => String.fromCodePoint(0x10000 + k)).join('');
    const model = charModel({ vocabulary: Vocabulary.of(symbols), m: 1 });
    const seen = watched(model);
    sample(model, { prompt: symbols.slice(0, 200), length: 1, rng: new Random(1) });
    expect(seen).toEqual({ longest: 83, kept: 0 });
  });

  it('tapes are given back where the outputs overflow, too', () => {
    const model = drawn('abc', 0.5);
    const seen = watched(model);
    model.net.params.values.fill(1e308);
    expect(() => evaluate(model, model.vocabulary.encode('abcabc'))).toThrow(ValueError);
    for (const temperature of [0, 1]) {
      expect(() => sample(model, { prompt: 'a', length: 2, temperature, rng: new Random(1) })).toThrow(
        /^logits\[\d\]: expected a finite number/,
      );
    }
    expect(seen.kept).toBe(0);
  });

  it('can be left off between two symbols: what is yielded is how far it is', () => {
    const model = drawn('abc', 0.5);
    const options = { prompt: 'abc'.repeat(400), length: 5 };
    const steps = sampling(model, { ...options, rng: new Random(4) });
    const seen = [...Array.from({ length: 7 }, () => steps.next().value)];
    expect(seen).toEqual([0, 0, 1, 2, 3, 4, 5]);
    expect(steps.next()).toEqual({ done: true, value: sample(model, { ...options, rng: new Random(4) }) });
    const text = model.vocabulary.encode('abcacbbacb'.repeat(250));
    const read = evaluating(model, text);
    expect([1, 2, 3].map(() => read.next().value)).toEqual([1000, 2000, 2499]);
    expect(read.next()).toEqual({ done: true, value: evaluate(model, text) });
  });
});

describe('a vocabulary of more symbols than a function takes arguments', () => {
  it.each([0, 1])('is sampled from, at temperature %d', temperature => {
    const symbols = Array.from({ length: 200_000 }, (_, k) => String.fromCodePoint(0x10000 + k)).join('');
    const model = charModel({ vocabulary: Vocabulary.of(symbols), m: 1 });
    pick(model.net.params.named(), 'readout.c').set(0, 150_000, 50);
    const text = sample(model, { prompt: symbols.slice(0, 2), length: 2, temperature, rng: new Random(1) });
    expect(text).toBe(String.fromCodePoint(0x10000 + 150_000).repeat(2));
  });
});
