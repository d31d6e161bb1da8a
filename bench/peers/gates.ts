/** Our parameters, which are kept gate by gate, as the stacked matrices that other libraries have. */
import type { CellName } from '../cases/case.ts';
import type { Tensors } from '../tensors.ts';

/** The gates' names here, in the order in which a library stacks them. */
export type GateOrder = Readonly<Record<CellName, readonly string[]>>;

/** The parameter of every gate, one after the other: `W` gives W_i, W_f, … */
export function stacked(params: Tensors, prefix: string, letter: string, gates: readonly string[]): Float64Array {
  return joined(gates.map(gate => tensor(params, prefix + letter + suffix(gate))));
}

/** The other way: a stacked tensor taken apart, under the names that gradients have. */
export function unstacked(
  values: Float64Array,
  prefix: string,
  letter: string,
  gates: readonly string[],
): Record<string, Float64Array> {
  const size = values.length / gates.length;
  return Object.fromEntries(
    gates.map((gate, g) => [`d${prefix}${letter}${suffix(gate)}`, values.slice(g * size, (g + 1) * size)]),
  );
}

/** The transpose of a matrix with so many columns. */
export function transposed(a: Float64Array, columns: number): Float64Array {
  const rows = a.length / columns;
  return Float64Array.from(a, (_, n) => a[(n % rows) * columns + Math.floor(n / rows)] ?? Number.NaN);
}

export function tensor(tensors: Tensors, name: string): Float64Array {
  const found = tensors[name];
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

function joined(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

/** A cell with one gate calls it by no name. */
const suffix = (gate: string): string => (gate ? `_${gate}` : '');
