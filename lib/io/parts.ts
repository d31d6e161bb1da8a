/**
 * What a network is made of, read off a layer: other tools know cells by name, not by what they compute. A layer's name
 * says which parts it has (`lstm+lstm+readout`, `bidirectional(gru, gru)`), its parameters say what they are called and how
 * large they are.
 */
import type { Cell } from '../cells/cell.ts';
import { cells } from '../cells/index.ts';
import { ValueError } from '../errors.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { requireObject } from '../require.ts';
import type { Shape } from '../shape.ts';

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
  requireLayer('layer', requireObject('layer', layer, 'a layer'));
  const words = layer.name.match(/[+,()]|[^+,()\s]+/g) ?? [];
  const shapes = Object.entries<Shape>(layer.params.shapes);
  const parts = sequence(words, shapes);
  if (words.length > 0 || shapes.length > 0) throw unknown(words[0] ?? shapes[0]?.[0] ?? '');
  const outputs = requireJoined(parts, layer.inputs);
  if (outputs !== layer.outputs) throw added();
  return parts;
}

/** How many numbers a step a part puts out. */
export function outputsOf(part: Part): number {
  if (part.kind === 'readout') return part.C;
  if (part.kind === 'cell') return part.m;
  return [part.forward, part.backward].reduce((sum, parts) => {
    const last = parts.at(-1);
    return sum + (last ? outputsOf(last) : 0);
  }, 0);
}

/** Parts joined by `+`; takes the words and shapes that it has read. */
function sequence(words: string[], shapes: [string, Shape][]): Part[] {
  const parts = [part(words, shapes)];
  while (words[0] === '+') {
    words.shift();
    parts.push(part(words, shapes));
  }
  return parts;
}

function part(words: string[], shapes: [string, Shape][]): Part {
  const name = words.shift() ?? '';
  if (name === 'bidirectional' && words[0] === '(') {
    words.shift();
    const forward = sequence(words, shapes);
    if (words.shift() !== ',') throw unknown(name);
    const backward = sequence(words, shapes);
    if (words.shift() !== ')') throw unknown(name);
    return { kind: 'bidirectional', forward, backward };
  }
  if (name === 'readout') {
    const [path, [C, m]] = take(name, shapes, (m, C) => ({ V: [C, m], c: [1, C] }));
    return { kind: 'readout', path, m, C };
  }
  const cell = Object.hasOwn(cells, name) ? cells[name] : undefined;
  if (!cell) throw unknown(name);
  const [path, [m, d]] = take(name, shapes, (d, m) => cell.params({ d, m }));
  return { kind: 'cell', cell, path, d, m };
}

/**
 * Takes a part's parameters off the front of `shapes`: what stands before their names, and the part's outputs and inputs,
 * which are the rows and columns of the first one that is called U or V.
 */
function take(
  name: string,
  shapes: [string, Shape][],
  declared: (inputs: number, outputs: number) => Readonly<Record<string, Shape>>,
): readonly [path: string, size: Shape] {
  const keys = Object.keys(declared(1, 1));
  const own = shapes.splice(0, keys.length);
  const [outputs, inputs] = own[keys.findIndex(key => /^[UV]/.test(key))]?.[1] ?? [0, 0];
  const path = own[0]?.[0].slice(0, -(keys[0]?.length ?? 0)) ?? '';
  const expected = Object.entries(declared(inputs, outputs)).map(([key, shape]) => `${path}${key} ${shape}`);
  const got = own.map(([key, shape]) => `${key} ${shape}`);
  if (expected.join() !== got.join()) throw unknown(`a ${name} with other parameters`);
  return [path, [outputs, inputs]];
}

/** Each part takes what the one before it puts out, or throws {@link ValueError}. Returns what the last puts out. */
function requireJoined(parts: readonly Part[], inputs: number): number {
  let width = inputs;
  for (const part of parts) {
    if (part.kind === 'bidirectional') {
      requireJoined(part.forward, width);
      requireJoined(part.backward, width);
    } else if ((part.kind === 'cell' ? part.d : part.m) !== width) throw added();
    width = outputsOf(part);
  }
  return width;
}

function unknown(name: string): ValueError {
  return new ValueError('layer', `a network of ${Object.keys(cells).join(', ')}, bidirectional and readout`, name);
}

function added(): ValueError {
  return new ValueError('layer', 'both directions beside each other', 'their sum');
}
