/**
 * How a cell's parameters lie in the kernels' memory: all W, all U, all b, gate after gate, then what else it has, a row
 * each. m is rounded up to whole vectors; the numbers beyond it are zero.
 */
import type { ParamSet } from '../params.ts';
import type { FlatMatrix } from '../views.ts';
import { type Runtime, requireHeldMatrices } from './precision.ts';

/** Sizes, and the names of gates and of further rows; a cell with a single gate calls it by no name. */
export interface LayoutSize {
  readonly d: number;
  readonly m: number;
  readonly units: number;
  readonly gates: readonly string[];
  readonly hasW: boolean;
  readonly extras: readonly string[];
  /** What U and b are called; a gate's name is put behind, as in U_f. */
  readonly called?: readonly [U: string, b: string];
}

/** Offsets in numbers. */
export interface Layout {
  readonly W: number;
  readonly U: number;
  readonly b: number;
  readonly extras: Readonly<Record<string, number>>;
  readonly count: number;
  /**
   * Copies the values of a set into the memory at an address.
   *
   * @throws ValueError naming the first that is finite, and more than the kernels hold.
   */
  load(runtime: Runtime, params: ParamSet, address: number): void;
  /** Begins sums at an address, and adds them up into the gradients of a set. */
  beginSums(runtime: Runtime, params: ParamSet, address: number): void;
  endSums(runtime: Runtime, params: ParamSet, address: number): void;
  /** Adds sums that lie outside the memory, in the same order, to the gradients of a set. */
  addTo(params: ParamSet, sums: Float64Array): void;
}

export function layoutOf({ d, m, units, gates, hasW, extras, called = ['U', 'b'] }: LayoutSize): Layout {
  const G = gates.length;
  const W = 0;
  const U = hasW ? G * m * m : 0;
  const b = U + G * m * d;
  const behind = b + G * m;
  const count = behind + extras.length * m;
  const parts = [
    ...(hasW ? gates.map((gate, g) => ({ name: named('W', gate), offset: W + g * m * m, columns: m })) : []),
    ...gates.map((gate, g) => ({ name: named(called[0], gate), offset: U + g * m * d, columns: d })),
    ...gates.map((gate, g) => ({ name: named(called[1], gate), offset: b + g * m, columns: m })),
    ...extras.map((name, n) => ({ name, offset: behind + n * m, columns: m })),
  ];
  const each = (matrices: Readonly<Record<string, FlatMatrix>>, visit: Visit) => {
    for (const { name, offset, columns } of parts) {
      const matrix = matrices[name];
      if (!matrix) throw new Error(`there is no ${name}`);
      const whole = matrix.columns === columns;
      const [rows, width] = whole ? [1, matrix.rows * matrix.columns] : [matrix.rows, matrix.columns];
      for (let r = 0; r < rows; r++) visit(matrix.offset + r * width, offset + r * columns, width);
    }
  };
  return {
    W,
    U,
    b,
    extras: Object.fromEntries(extras.map((name, n) => [name, behind + n * m])),
    count,
    load(runtime, params, address) {
      if (units < m) runtime.view(address, count).fill(0);
      const { values } = params;
      each(params.named(), (outside, inside, width) =>
        runtime.put(values.subarray(outside, outside + width), address + inside * runtime.bytes),
      );
      if (runtime.precision === 'f64' || runtime.kernels.allFinite(count, address)) return;
      requireHeldMatrices(params.named(), runtime.precision, name => name);
    },
    beginSums(runtime, params, address) {
      if (units < m) runtime.view(address, count).fill(0);
      const { grads } = params;
      each(params.namedGrads(), (outside, inside, width) =>
        runtime.beginSums(grads.subarray(outside, outside + width), address + inside * runtime.bytes),
      );
    },
    endSums(runtime, params, address) {
      const { grads } = params;
      each(params.namedGrads(), (outside, inside, width) =>
        runtime.endSums(address + inside * runtime.bytes, grads.subarray(outside, outside + width)),
      );
    },
    addTo(params, sums) {
      const { grads } = params;
      each(params.namedGrads(), (outside, inside, width) => {
        for (let i = 0; i < width; i++)
          grads[outside + i] = (grads[outside + i] ?? 0) + (sums[inside + i] ?? Number.NaN);
      });
    },
  };
}

type Visit = (outside: number, inside: number, width: number) => void;

const named = (kind: string, gate: string): string => (gate ? `${kind}_${gate}` : kind);
