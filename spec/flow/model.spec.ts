/** A layer of a trained model as something to study: its gradients are those of the whole model. */

import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { ValueError } from '../../lib/errors.ts';
import { stateGradients } from '../../lib/flow/gradients.ts';
import { modelProbe } from '../../lib/flow/model.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { charModel } from '../../lib/models/char-model.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { deviation } from '../numbers.ts';

const text = 'to be or not to be';
const vocabulary = Vocabulary.of(text);

describe.each([1, 2])('of %i layers', layers => {
  const model = charModel({ vocabulary, cell: lstm, m: 5, layers });
  normal(0.6)(model.net.params, new Random(9));
  const symbols = vocabulary.encode(text);
  const T = symbols.length - 1;

  it.each(Array.from({ length: layers }, (_, l) => l + 1))(
    'layer %i: what reaches its s_0 is what the model’s backward pass says',
    which => {
      const { layer, x, dy } = modelProbe(model, symbols, which);
      const [first] = stateGradients(layer, x, dy);
      const { net } = model;
      const { y, tape } = net.forward(Sequence.oneHot(symbols.subarray(0, T), { T, classes: vocabulary.size }));
      const { ds0 } = net.backward(tape, crossEntropy.backward(crossEntropy.forward(y, symbols.subarray(1)).tape));
      const prefix = layers === 1 ? 'cell' : `cell${which}`;
      for (const part of ['h', 'c']) {
        const expected = ds0[`${prefix}.${part}`] ?? Matrix.zeros(0, 0);
        expect(deviation(first?.[part] ?? Matrix.zeros(1, 1), expected)).toBeLessThan(1e-12);
        expect(expected.norm('frobenius')).toBeGreaterThan(1e-3);
      }
    },
  );
});

it('refuses a text of one symbol, a layer that there is not, and weights that are not finite', () => {
  const model = charModel({ vocabulary, cell: lstm, m: 5 });
  expect(() => modelProbe(model, vocabulary.encode('t'), 1)).toThrow(ValueError);
  expect(() => modelProbe(model, vocabulary.encode('to'), 2)).toThrow('layer: expected an integer in 1…1, got 2');
  model.net.params.named()['readout.V']?.set(0, 0, Number.NaN);
  expect(() => modelProbe(model, vocabulary.encode('to'), 1)).toThrow('readout.V[0,0]');
});
