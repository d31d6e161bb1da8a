/** Finite differences of everything that has a gradient: what a hand-written gradient is held against. Nothing here is the page's. */
import { type AbstractMatrix, Matrix } from 'bptt';
import { type Listing, valuesOf } from './listing.ts';
import { lossFrom, type Named, type Passes, type Step } from './passes.ts';

/** Half of the difference of two arguments. */
const H = 1e-5;

/** dL/dz for every number of a matrix, from the loss when another stands in its place: one after the other, as they are asked for. */
export type Differing = Generator<number, void>;

function* differences(matrix: AbstractMatrix, lossWith: (changed: AbstractMatrix) => number): Differing {
  const { rows, columns } = matrix;
  const changed = new Matrix(matrix.to2DArray());
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = matrix.get(i, j);
      const lossAt = (value: number) => lossWith(changed.set(i, j, value));
      yield (lossAt(at + H) - lossAt(at - H)) / (2 * H);
      changed.set(i, j, at);
    }
  }
}

/** dL in a part of the state after step t. */
export function stateDifferences(passes: Passes, t: number, name: string): Differing {
  const { next } = passes.steps[t - 1] as Step;
  return differences(next[name] as AbstractMatrix, changed => lossFrom(passes, t, { ...next, [name]: changed }));
}

/** dL in x_t, without the listing of a cell. */
export function inputDifferences(passes: Passes, t: number): Differing {
  const { x, prev } = passes.steps[t - 1] as Step;
  const { cell, params } = passes;
  return differences(x, changed =>
    lossFrom(passes, t, cell.forward(params as never, changed, prev as never).next as Named),
  );
}

/** dL in a parameter, were it another at step t and all later ones; or at step t alone. */
export function parameterDifferences(passes: Passes, t: number, name: string, isAlone: boolean): Differing {
  const { cell, params, steps } = passes;
  const { x, prev } = steps[t - 1] as Step;
  return differences(params[name] as AbstractMatrix, changed => {
    const p: Named = { ...params, [name]: changed };
    const next = cell.forward(p as never, x, prev as never).next as Named;
    return lossFrom(passes, t, next, isAlone ? params : p);
  });
}

/** dL in a value of step t's forward pass, by its number in the listing. */
export function valueDifferences(passes: Passes, listing: Listing, t: number, id: number): Differing {
  const { x, prev } = passes.steps[t - 1] as Step;
  const inputs = { m: passes.w.columns, p: passes.params, x, prev };
  const value = valuesOf(listing, inputs)[id] as AbstractMatrix;
  return differences(value, by => {
    const values = valuesOf(listing, inputs, { id, by });
    const next = Object.entries(listing.next).map(([name, n]) => [name, values[n] as AbstractMatrix] as const);
    return lossFrom(passes, t, Object.fromEntries(next));
  });
}

/** How far numbers are from those of a matrix, at most. */
export function furthest(matrix: AbstractMatrix | undefined, others: Float64Array | undefined): number | undefined {
  if (!matrix || others?.length !== matrix.rows * matrix.columns) return undefined;
  let most = 0;
  for (const [n, other] of others.entries()) {
    most = Math.max(most, Math.abs(other - matrix.get(Math.floor(n / matrix.columns), n % matrix.columns)));
  }
  return most;
}
