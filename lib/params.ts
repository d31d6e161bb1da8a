import { ShapeError, ValueError } from './errors.ts';
import { allocate, describe, requireInstance, requireObject, requireSize } from './require.ts';
import type { Shape, Shapes } from './shape.ts';
import { FlatMatrix } from './views.ts';

/**
 * Named parameters in one contiguous buffer, and their gradients in another of the same layout: an optimiser, a clip
 * or a checkpoint sees one array; a cell sees matrices.
 *
 * {@link ParamSet.join} makes one set of several. The parts go on working: they become windows of the joined buffers.
 *
 * @example
 * ```ts
 * import { ParamSet } from 'bptt';
 *
 * const params = ParamSet.of({ W: [2, 2], b: [1, 2] });
 * params.named().W.set(0, 1, 7);
 * console.log(params.values); // → Float64Array(6) [ 0, 7, 0, 0, 0, 0 ]
 * ```
 */
export class ParamSet<Name extends string = string> {
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'ParamSet';
  /** The shape of every parameter, in the order they lie in memory. */
  readonly shapes: Shapes<Name>;
  #values: Float64Array;
  #grads: Float64Array;
  #parts: readonly ParamSet[] = [];
  #isPart = false;

  private constructor(shapes: Shapes<Name>) {
    this.shapes = shapes;
    let size = 0;
    for (const [name, shape] of Object.entries<Shape>(requireObject('shapes', shapes))) {
      if (!Array.isArray(shape)) throw new ShapeError(`shapes.${name}`, '[rows, columns]', describe(shape));
      const [rows, columns] = shape;
      size += requireSize(`${name} rows`, rows) * requireSize(`${name} columns`, columns);
    }
    this.#values = allocate('params', size);
    this.#grads = allocate('params', size);
  }

  /** Parameters of the given shapes, all zero, in the order of the keys. */
  static of<Name extends string>(shapes: Shapes<Name>): ParamSet<Name> {
    return new ParamSet(shapes);
  }

  /**
   * One set over the parameters of all parts, values and gradients kept, named `part.name`. The parts share the new
   * set's memory from now on: matrices taken from them before are stale.
   *
   * @throws ValueError when a set is given twice, is part of another already, or when two names are the same.
   */
  static join(parts: Readonly<Record<string, ParamSet>>): ParamSet {
    const shapes: Record<string, Shape> = {};
    const sets = Object.values(requireObject('parts', parts));
    if (new Set(sets).size < sets.length) {
      throw new ValueError('parts', 'each set of parameters once', Object.keys(parts).join(', '));
    }
    for (const [part, params] of Object.entries(parts)) {
      requireInstance(`parts.${part}`, params, ParamSet);
      if (params.#isPart)
        throw new ValueError(`parts.${part}`, 'parameters that are part of no other set', 'joined ones');
      for (const [name, shape] of Object.entries(params.shapes)) {
        const full = `${part}.${name}`;
        if (Object.hasOwn(shapes, full)) throw new ValueError('parts', 'a name once', JSON.stringify(full));
        shapes[full] = shape;
      }
    }
    const joined = new ParamSet(shapes);
    let offset = 0;
    for (const params of Object.values(parts)) {
      joined.#values.set(params.#values, offset);
      joined.#grads.set(params.#grads, offset);
      offset += params.size;
    }
    joined.#parts = sets;
    for (const part of sets) part.#isPart = true;
    joined.#rebase(joined.#values, joined.#grads);
    return joined;
  }

  /** How many numbers there are in all. */
  get size(): number {
    return this.#values.length;
  }

  /** All values; writing to it changes the parameters. */
  get values(): Float64Array {
    return this.#values;
  }

  /** All gradients, in the same layout as `values`. Layers add into it; whoever trains zeroes it. */
  get grads(): Float64Array {
    return this.#grads;
  }

  /** The values as matrices that share the memory of `values`. */
  named(): Readonly<Record<Name, FlatMatrix>> {
    return views(this.#values, this.shapes);
  }

  /** The gradients as matrices that share the memory of `grads`. */
  namedGrads(): Readonly<Record<Name, FlatMatrix>> {
    return views(this.#grads, this.shapes);
  }

  /** Sets every gradient to zero. */
  zeroGrads(): void {
    this.#grads.fill(0);
  }

  #rebase(values: Float64Array, grads: Float64Array): void {
    this.#values = values;
    this.#grads = grads;
    let offset = 0;
    for (const part of this.#parts) {
      const end = offset + part.size;
      part.#rebase(values.subarray(offset, end), grads.subarray(offset, end));
      offset = end;
    }
  }
}

/** The matrix called `name` of a set of views, or throws {@link ValueError} listing the names there are. */
export function pick(matrices: Readonly<Record<string, FlatMatrix>>, name: string): FlatMatrix {
  const matrix = Object.hasOwn(matrices, name) ? matrices[name] : undefined;
  if (!matrix) throw new ValueError('name', `one of ${Object.keys(matrices).join(', ')}`, JSON.stringify(name));
  return matrix;
}

function views<Name extends string>(data: Float64Array, shapes: Shapes<Name>): Record<Name, FlatMatrix> {
  const result: Partial<Record<Name, FlatMatrix>> = {};
  let offset = 0;
  for (const name of Object.keys(shapes) as Name[]) {
    const [rows, columns] = shapes[name];
    result[name] = new FlatMatrix(data, rows, columns, offset);
    offset += rows * columns;
  }
  return result as Record<Name, FlatMatrix>;
}
