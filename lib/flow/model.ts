/** A trained character model as something to study: one of its layers, what comes into it, and what its loss says of it. */
import { recurrent } from '../engine/recurrent.ts';
import { ValueError } from '../errors.ts';
import { embedding } from '../layers/embedding.ts';
import type { Layer } from '../layers/layer.ts';
import { readout } from '../layers/readout.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { type CharModel, requireModel } from '../models/char-model.ts';
import { requireInstance, requireInteger } from '../require.ts';
import { Sequence } from '../sequence.ts';
import type { Probe } from './networks.ts';
import { requireFiniteParams } from './state.ts';

/**
 * Layer `which` of a model on its way along a text, from a state of zeros. dy_t is what reaches h_t of that layer from the
 * losses by way of the layers above it: of the top layer the readout's gradient in h_t alone, ∂l_t/∂h_t. Further down it
 * holds what comes back through the layers above from later losses too.
 *
 * @param text class indices, T+1 of them: each is foretold from those before it.
 * @param which 1 at the bottom, `model.layers` at the top.
 * @throws ValueError when the text is too short or there is no such layer, or a parameter is not finite.
 */
export function modelProbe(model: CharModel, text: Int32Array, which: number): Probe {
  requireInteger('layer', which, 1, requireModel(model).layers);
  requireInstance('text', text, Int32Array);
  if (text.length < 2) throw new ValueError('text', 'at least two symbols', `${text.length}`);
  requireFiniteParams(model.net);
  const { below, layers, top } = partsOf(model);
  const T = text.length - 1;
  const symbols = Sequence.oneHot(text.subarray(0, T), { T, classes: model.vocabulary.size });
  const inputs = [below ? below.forward(symbols).y : symbols];
  const tapes = layers.map((layer, l) => {
    const { y, tape } = layer.forward(inputs[l] ?? Sequence.zeros({ T, F: layer.inputs }));
    inputs.push(Sequence.dense(y.rows().to1DArray(), { T, F: y.F }));
    return tape;
  });
  const { y: logits, tape } = top.forward(inputs[layers.length] ?? Sequence.zeros({ T, F: top.inputs }));
  let dy = top.backward(tape, crossEntropy.backward(crossEntropy.forward(logits, text.subarray(1)).tape)).dx;
  for (let l = layers.length - 1; l >= which; l--) dy = layers[l]?.backward(tapes[l], dy).dx ?? dy;
  const layer = layers[which - 1];
  const x = inputs[which - 1];
  if (!layer || !x) throw new ValueError('layer', `1…${layers.length}`, `${which}`);
  const own = Sequence.dense(dy.rows().to1DArray(), { T, F: dy.F });
  for (const [l, below] of layers.entries()) below.release?.(tapes[l]);
  top.release?.(tape);
  return { layer, x, dy: own };
}

/** The model's embedding, where it has one, its recurrent layers from the bottom up, and its readout, with its parameters. */
function partsOf({ cell, m, layers: count, embedding: e, vocabulary: { size: C }, net }: CharModel): {
  readonly below: Layer | undefined;
  readonly layers: readonly Layer[];
  readonly top: Layer;
} {
  const below = e === null ? undefined : embedding({ C, e });
  const layers: Layer[] = [];
  for (let l = 0; l < count; l++) layers.push(recurrent(cell, { d: layers[l - 1]?.outputs ?? e ?? C, m }));
  const top = readout({ m: layers[count - 1]?.outputs ?? m, C });
  let from = 0;
  for (const { params } of [...(below ? [below] : []), ...layers, top]) {
    params.values.set(net.params.values.subarray(from, from + params.size));
    from += params.size;
  }
  return { below, layers, top };
}
