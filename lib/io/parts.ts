/**
 * What a network is made of, for tools that know cells by name and not by what they compute: the library's own cells and
 * layers, as `lib/layers/made.ts` remembers them, and nothing that only has their names.
 */
import type { Cell } from '../cells/cell.ts';
import { cells, ownName } from '../cells/index.ts';
import { ValueError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { makingOf } from '../layers/made.ts';
import { requireObject } from '../require.ts';

/** A part of a network, with what stands before the names of its parameters and states: `cell1.` or nothing. */
export type Part = CellPart | ReadoutPart | EmbeddingPart | DropoutPart | PoolPart | BidirectionalPart;

/** A cell through time, of d inputs and m hidden units. */
export interface CellPart {
  readonly kind: 'cell';
  readonly cell: Cell;
  readonly path: string;
  readonly d: number;
  readonly m: number;
}

/** A readout of m hidden units into C classes. */
export interface ReadoutPart {
  readonly kind: 'readout';
  readonly path: string;
  readonly m: number;
  readonly C: number;
}

/** A vector of e numbers for each of C symbols. */
export interface EmbeddingPart {
  readonly kind: 'embedding';
  readonly path: string;
  readonly C: number;
  readonly e: number;
}

/** What drops features in training, and is the identity elsewhere. */
export interface DropoutPart {
  readonly kind: 'dropout';
}

/** From a sequence to one step. */
export interface PoolPart {
  readonly kind: 'pool';
  readonly path: string;
  readonly pooling: 'last-step' | 'mean-over-time' | 'max-over-time';
}

/** Two networks over the same inputs, the second against time, their outputs beside each other or added. */
export interface BidirectionalPart {
  readonly kind: 'bidirectional';
  readonly path: string;
  readonly merge: 'concat' | 'sum';
  readonly forward: readonly Part[];
  readonly backward: readonly Part[];
}

/** Where the part is whose names begin with `path`: `layer.cell1`. */
export function placeOf(path: string): string {
  return shown(path === '' ? 'layer' : `layer.${path.slice(0, -1)}`);
}

/**
 * The parts of a layer, from the bottom up: the library's cells, readouts, embeddings, dropout, pools, and both directions of
 * these.
 *
 * @throws ValueError when the layer has another part, naming it and its place.
 */
export function partsOf(layer: Layer): readonly Part[] {
  requireObject('layer', layer, 'a layer');
  if (makingOf(layer)?.kind === 'encoder-decoder') {
    throw new ValueError('layer', 'an encoder or a decoder by itself', 'both');
  }
  return partsWithin(requireLayer('layer', layer), '');
}

/** The parts of a layer whose parameters and states have `path` before their names. */
function partsWithin(layer: Layer, path: string): readonly Part[] {
  const making = makingOf(layer);
  if (!making) throw unknown(soundsAsOurs(layer.name) ? `another layer called ${layer.name}` : layer.name, path);
  switch (making.kind) {
    case 'stack':
      return making.layers.flatMap(([name, part]) => partsWithin(part, `${path}${name}.`));
    case 'readout':
      return [{ kind: 'readout', m: making.m, C: making.C, path }];
    case 'embedding':
      return [{ kind: 'embedding', C: making.C, e: making.e, path }];
    case 'dropout':
      return [{ kind: 'dropout' }];
    case 'last-step':
    case 'mean-over-time':
    case 'max-over-time':
      return [{ kind: 'pool', pooling: making.kind, path }];
    case 'bidirectional': {
      const { forward, backward, merge } = making;
      return [
        {
          kind: 'bidirectional',
          merge,
          path,
          forward: partsWithin(forward, `${path}forward.`),
          backward: partsWithin(backward, `${path}backward.`),
        },
      ];
    }
    case 'cell': {
      const { cell, d, m } = making;
      if (!isOwnCell(cell)) {
        throw unknown(isNamedAsOurs(cell.name) ? `another cell called ${cell.name}` : cell.name, path);
      }
      return [{ kind: 'cell', cell, path, d, m }];
    }
    default:
      throw unknown(layer.name, path);
  }
}

/** Whether a layer is called as one of these parts. */
function soundsAsOurs(name: string): boolean {
  return name.split(/[+,()\s]+/).every(word => word === '' || LAYERS.includes(word) || isNamedAsOurs(word));
}

/** Whether a cell is the library's cell of its name, and not one that is called so. */
export function isOwnCell(cell: Cell, name: string = cell.name): boolean {
  return isNamedAsOurs(name) && ownName(cell) === name;
}

/** Whether the library has a cell of that name. */
export function isNamedAsOurs(name: string): boolean {
  return Object.hasOwn(cells, name);
}

/** What the parts are called that are no cells. */
const LAYERS = ['bidirectional', 'readout', 'embedding', 'dropout', 'last-step', 'mean-over-time', 'max-over-time'];

function unknown(name: string, path: string): ValueError {
  return new ValueError(placeOf(path), `a network of ${[...Object.keys(cells), ...LAYERS].join(', ')}`, name);
}
