/**
 * What a layer of the library is made of. Other tools have cells by name, so whoever writes for them must know what a layer
 * computes; a name does not say, since anyone may give his own layer any name.
 */
import type { Cell, CellSize } from '../cells/cell.ts';
import { noteOf } from '../copies.ts';
import type { Layer } from './layer.ts';

/** A cell through time, a readout, layers on top of each other by name, or two of them in both directions. */
export type Making =
  | ({ readonly kind: 'cell'; readonly cell: Cell } & CellSize)
  | { readonly kind: 'readout'; readonly m: number; readonly C: number }
  | { readonly kind: 'stack'; readonly layers: readonly (readonly [name: string, layer: Layer])[] }
  | {
      readonly kind: 'bidirectional';
      readonly forward: Layer;
      readonly backward: Layer;
      readonly merge: 'concat' | 'sum';
    };

/** Says what a layer is made of. Returns the layer. */
export function made<L extends { readonly forward: unknown }>(layer: L, making: Making): L {
  makings.set(layer, { making, forward: layer.forward });
  return layer;
}

/** What the library made the layer of; undefined of every other: another kind, a copy, or one that was changed since. */
export function makingOf(layer: Layer): Making | undefined {
  const known = makings.get(layer);
  return known?.forward === layer.forward ? known.making : undefined;
}

const makings = noteOf<{ readonly making: Making; readonly forward: unknown }>('making');
