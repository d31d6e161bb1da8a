/**
 * What a network is made of, for tools that know cells by name and not by what they compute: the library's own cells and
 * layers, as `lib/layers/made.ts` remembers them, and nothing that only has their names.
 */
import type { Cell } from '../cells/cell.ts';
import { cells, ownName } from '../cells/index.ts';
import { ValueError } from '../errors.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { makingOf } from '../layers/made.ts';
import { requireObject } from '../require.ts';

/** A part of a network, with what stands before the names of its parameters and states: `cell1.` or nothing. */
export type Part = CellPart | ReadoutPart | BidirectionalPart;

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

/** Two networks over the same inputs, the second against time, their outputs beside each other. */
export interface BidirectionalPart {
  readonly kind: 'bidirectional';
  readonly forward: readonly Part[];
  readonly backward: readonly Part[];
}

/**
 * The parts of a layer, from the bottom up: the library's cells, readouts, and both directions of these.
 *
 * @throws ValueError when the layer has another part, naming it, or adds its directions instead of putting them beside
 * each other.
 */
export function partsOf(layer: Layer): readonly Part[] {
  return partsWithin(requireLayer('layer', requireObject('layer', layer, 'a layer')), '');
}

/** The parts of a layer whose parameters and states have `path` before their names. */
function partsWithin(layer: Layer, path: string): readonly Part[] {
  const making = makingOf(layer);
  if (!making) throw unknown(soundsAsOurs(layer.name) ? `another layer called ${layer.name}` : layer.name);
  switch (making.kind) {
    case 'stack':
      return making.layers.flatMap(([name, part]) => partsWithin(part, `${path}${name}.`));
    case 'readout':
      return [{ kind: 'readout', m: making.m, C: making.C, path }];
    case 'bidirectional': {
      if (making.merge === 'sum') throw new ValueError('layer', 'both directions beside each other', 'their sum');
      const [forward, backward] = [making.forward, making.backward];
      return [
        {
          kind: 'bidirectional',
          forward: partsWithin(forward, `${path}forward.`),
          backward: partsWithin(backward, `${path}backward.`),
        },
      ];
    }
    case 'cell': {
      const { cell, d, m } = making;
      if (!isOwnCell(cell)) throw unknown(isNamedAsOurs(cell.name) ? `another cell called ${cell.name}` : cell.name);
      return [{ kind: 'cell', cell, path, d, m }];
    }
    default:
      throw unknown(layer.name);
  }
}

/** Whether a layer is called as one of these parts. */
function soundsAsOurs(name: string): boolean {
  return name.split(/[+,()\s]+/).every(word => ['', 'bidirectional', 'readout'].includes(word) || isNamedAsOurs(word));
}

/** Whether a cell is the library's cell of its name, and not one that is called so. */
export function isOwnCell(cell: Cell, name: string = cell.name): boolean {
  return isNamedAsOurs(name) && ownName(cell) === name;
}

/** Whether the library has a cell of that name. */
export function isNamedAsOurs(name: string): boolean {
  return Object.hasOwn(cells, name);
}

function unknown(name: string): ValueError {
  return new ValueError('layer', `a network of ${Object.keys(cells).join(', ')}, bidirectional and readout`, name);
}
