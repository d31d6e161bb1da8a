/** A character model without its embedding that computes the same, for programs that have none. */
import { timesT } from '../matrix.ts';
import { pick } from '../params.ts';
import { type CharModel, charModel } from './char-model.ts';

/**
 * The model whose first layer reads symbols one-hot: U y_t = (U Eᵀ) x_t, for each of its input matrices U. That every cell of the
 * library reads its input by such alone is what makes it the same.
 *
 * @returns a copy, or the model itself where it has no embedding.
 */
export function folded(model: CharModel): CharModel {
  const { level, vocabulary, cell, m, layers, embedding } = model;
  if (embedding === null) return model;
  const plain = charModel({ level, vocabulary, cell, m, layers });
  const learnt = model.net.params.named();
  const [narrow, wide] = [1, 2].map(d => cell.params({ d, m }));
  const isInput = (name: string) => narrow?.[name]?.[1] !== wide?.[name]?.[1];
  const first = layers === 1 ? 'cell.' : 'cell1.';
  for (const [name, into] of Object.entries(plain.net.params.named())) {
    const from = pick(learnt, name);
    const reads = name.startsWith(first) && isInput(name.slice(first.length));
    into.setSubMatrix(reads ? timesT(from, pick(learnt, 'embedding.E')) : from, 0, 0);
  }
  return plain;
}
