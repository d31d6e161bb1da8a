/** A model without its embedding computes the same, and goes where there is none. */
import { expect, it } from 'vitest';
import { cells } from '../../lib/cells/index.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { encodeTorch } from '../../lib/io/torch-file.ts';
import { charModel, evaluate } from '../../lib/models/char-model.ts';
import { folded } from '../../lib/models/folded.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';

const text = 'abracadabra, abracadabra';
const vocabulary = Vocabulary.of(text);

it.each(Object.values(cells))('of $name, of one layer and of two, narrower than the symbols and as wide', cell => {
  for (const [layers, embedding] of [
    [1, 3],
    [2, 3],
    [1, vocabulary.size],
  ] as const) {
    const model = charModel({ vocabulary, cell, m: 4, layers, embedding });
    normal(0.7)(model.net.params, new Random(2));
    const plain = folded(model);
    expect([plain.embedding, folded(plain)]).toEqual([null, plain]);
    const [loss, own] = [model, plain].map(each => evaluate(each, vocabulary.encode(text)));
    expect(own).toBeCloseTo(loss ?? Number.NaN, 12);
  }
});

it('PyTorch has it then', () => {
  const model = charModel({ vocabulary, m: 4, embedding: 3 });
  expect(() => encodeTorch(model, 'F64')).toThrow(/embedding/);
  expect(encodeTorch(folded(model), 'F64').length).toBeGreaterThan(100);
});
