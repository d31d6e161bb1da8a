/** The network of a character model: from symbols up to the logits of the next. */
import type { Cell } from '../cells/cell.ts';
import { type Dropout, dropout } from '../layers/dropout.ts';
import { embedding } from '../layers/embedding.ts';
import type { Layer } from '../layers/layer.ts';
import { stack } from '../layers/stack.ts';
import { type Engine, readoutLayer, recurrentLayer } from './network.ts';

/** What a network is made of. */
export interface CharNetOptions {
  /** Symbols. */
  readonly C: number;
  readonly cell: Cell;
  /** Hidden units of each layer. */
  readonly m: number;
  /** Recurrent layers on top of each other. */
  readonly layers: number;
  /** Numbers that stand for a symbol, below the first layer; null where that reads symbols one-hot. */
  readonly embedding: number | null;
  /** The part of the features that is dropped behind every recurrent layer, while there is training. */
  readonly rate: number;
}

/** A network, and what in it drops features. */
export interface CharNet {
  readonly net: Layer;
  readonly drops: readonly Dropout[];
}

/** The network, all of whose parameters are zero. Its layers that drop features do not until they are told to. */
export function charNet({ C, cell, m, layers, embedding: e, rate }: CharNetOptions, engine: Engine): CharNet {
  const hidden: Record<string, Layer> = {};
  const drops: Dropout[] = [];
  if (e !== null) hidden.embedding = embedding({ C, e });
  let features = e ?? C;
  for (let l = 1; l <= layers; l++) {
    const which = layers === 1 ? '' : `${l}`;
    const layer = recurrentLayer(cell, { d: features, m }, engine);
    hidden[`cell${which}`] = layer;
    features = layer.outputs;
    if (rate === 0) continue;
    const drop = dropout({ F: features, rate, seed: 0 });
    drop.training = false;
    hidden[`dropout${which}`] = drop;
    drops.push(drop);
  }
  return { net: stack({ ...hidden, readout: readoutLayer({ m: features, C }, engine) }), drops };
}
