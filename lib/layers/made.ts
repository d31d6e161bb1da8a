/**
 * What a part of a network is made of. Other tools have cells by name, and a file has parts by name, so whoever writes for
 * them must know what a part computes; its own name does not say, since anyone may give his layer any name.
 */
import type { Cell, CellSize } from '../cells/cell.ts';
import { noteOf } from '../copies.ts';
import type { Attentive } from './attention/attentive.ts';
import type { Layer } from './layer.ts';

/** What the library makes: a layer, one that attends, a bridge, or an encoder and a decoder. */
export interface Made {
  readonly forward: object;
  readonly backward: unknown;
}

/** How a part is computed: by the reference's loops, or by the engine. Where its products are done is not of the part. */
export type Computed = 'reference' | { readonly precision?: 'f64' | 'f32'; readonly fma?: boolean };

/** What a bridge has to know of either end. */
export type States = Pick<Layer, 'state' | 'counts'>;

/** How a part was made, by kind: all that its maker was given. */
export type Making =
  | ({ readonly kind: 'cell'; readonly cell: Cell; readonly engine: Computed } & CellSize)
  | { readonly kind: 'readout'; readonly m: number; readonly C: number; readonly engine: Computed }
  | { readonly kind: 'embedding'; readonly C: number; readonly e: number }
  | {
      readonly kind: 'dropout';
      readonly F: number;
      readonly rate: number;
      /** As they are by now. */
      readonly seed: number;
      readonly training: boolean;
    }
  | { readonly kind: 'last-step' | 'mean-over-time' | 'max-over-time' | 'delay'; readonly F: number }
  | { readonly kind: 'window-input'; readonly F: number; readonly N: number }
  | {
      readonly kind: 'window-output';
      readonly C: number;
      readonly N: number;
      readonly offset: number;
      readonly beta: 'uniform' | 'learned';
    }
  | { readonly kind: 'stack'; readonly layers: readonly (readonly [name: string, layer: Layer])[] }
  | {
      readonly kind: 'bidirectional';
      readonly forward: Layer;
      readonly backward: Layer;
      readonly merge: 'concat' | 'sum';
    }
  | { readonly kind: 'checkpointed'; readonly layer: Layer; readonly every?: number; readonly memory?: number }
  | {
      readonly kind: 'bahdanau';
      readonly layer: Layer;
      readonly k: number;
      readonly a: number;
      readonly query: string;
      readonly top?: Layer;
    }
  | { readonly kind: 'luong'; readonly layer: Layer; readonly F: number; readonly top?: Layer }
  | { readonly kind: 'bridge'; readonly from: States; readonly to: States }
  | {
      readonly kind: 'encoder-decoder';
      readonly encoder: Layer;
      readonly decoder: Layer | Attentive;
      readonly bridge?: Made;
    };

/** Says how a part is made. Returns the part. */
export function made<L extends Made>(part: L, making: Making): L {
  const { forward, backward } = part;
  makings.set(part, { making, forward });
  passes.set(forward, { making, backward });
  return part;
}

/** How the library made the part; undefined of every other: a user's own, a copy, or one that was changed since. */
export function makingOf(part: Made): Making | undefined {
  const known = makings.get(part);
  return known && known.forward === part.forward ? known.making : undefined;
}

/** The cell whose steps a layer takes in the library's loop forward, and in one of its own backward: in a copy that was changed too. */
export function ownLoopOver({ forward, backward }: Layer): Cell | undefined {
  const known = passes.get(forward);
  return known?.making.kind === 'cell' && known.backward !== backward ? known.making.cell : undefined;
}

const passes = noteOf<{ readonly making: Making; readonly backward: unknown }>('passes');

const makings = noteOf<{ readonly making: Making; readonly forward: unknown }>('making');
