/** A text symbol by symbol: the same as in one, without an end, at once refused, with turns for others. */
import { describe, expect, it } from 'vitest';
import { ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { charModel, sample } from '../../lib/models/char-model.ts';
import { sampleStream } from '../../lib/models/sample-stream.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';

const model = charModel({ vocabulary: Vocabulary.of('abcd…𝄞'), m: 5 });
normal(1)(model.net.params, new Random(3));
const options = { prompt: 'ab', rng: new Random(0) };

describe('sampleStream', () => {
  it.each([{}, { temperature: 0 }, { temperature: 0.7, topK: 3 }, { topP: 0.8 }])(
    'gives what sample gives, %j',
    async how => {
      const text = sample(model, { ...options, ...how, length: 50, rng: new Random(5) });
      const symbols: string[] = [];
      for await (const symbol of sampleStream(model, { ...options, ...how, length: 50, rng: new Random(5) }))
        symbols.push(symbol);
      expect(symbols.join('')).toBe(text);
      expect(symbols).toHaveLength(50);
    },
  );

  it('has no end where no length is given, and draws no more than was asked for', async () => {
    const rng = new Random(5);
    const symbols: string[] = [];
    for await (const symbol of sampleStream(model, { ...options, rng })) {
      symbols.push(symbol);
      if (symbols.length === 200) break;
    }
    const again = new Random(5);
    expect(symbols.join('')).toBe(sample(model, { ...options, length: 200, rng: again }));
    expect(rng.state()).toEqual(again.state());
  });

  it('lets others have their turn meanwhile', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    for await (const _ of sampleStream(model, options)) if (turns > 1) break; // else it has no end
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
  });

  it('throws at the call, not at the first symbol', () => {
    expect(() => sampleStream(model, { ...options, prompt: '' })).toThrow(
      'prompt: expected at least one symbol, got ""',
    );
    expect(() => sampleStream(model, { ...options, prompt: 'xyz' })).toThrow(/^prompt: expected symbols the model was/);
    expect(() => sampleStream(model, { ...options, length: 0 })).toThrow(/^length: expected an integer/);
    expect(() => sampleStream(model, { ...options, topK: -1 })).toThrow(ValueError);
    expect(() => sampleStream(model, { ...options, topk: 1 } as typeof options)).toThrow(
      /^options: expected no names but/,
    );
  });
});

it('sample knows top-k and nucleus: with one symbol left it is that of temperature 0', () => {
  const bold = sample(model, { ...options, length: 40, temperature: 0 });
  expect(sample(model, { ...options, length: 40, topK: 1 })).toBe(bold);
  expect(sample(model, { ...options, length: 40, topP: 1e-9 })).toBe(bold);
  expect(() => sample(model, { ...options, length: 3, topP: 2 })).toThrow('topP: expected a number in (0, 1], got 2');
});
