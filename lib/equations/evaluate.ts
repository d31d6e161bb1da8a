/** Equations over numbers. */

import type { Grid, Numbers } from './numbers.ts';
import type { Args } from './operation.ts';
import type { Equations } from './record.ts';
import type { Input, Value } from './symbol.ts';

/**
 * The numbers of every value, in the order of `equations.values`.
 *
 * @param inputs the numbers of an input; those that have rows of samples may have any number of rows, all the same.
 */
export function evaluate<N>(equations: Equations, numbers: Numbers<N>, inputs: (input: Input) => Grid<N>): Grid<N>[] {
  const grids: Grid<N>[] = [];
  const gridOf = ({ id }: Value) => grids[id] as Grid<N>;
  let samples = 1;
  for (const value of equations.values) {
    const { input, constant, operation, args } = value;
    if (input) grids.push(inputs(input));
    else if (constant) grids.push({ ...constant, get: (i, j) => numbers.constant(constant.get(i, j)) });
    else if (operation) {
      const [a, b = a, c = a] = args.map(gridOf);
      if (!a || !b || !c) throw new TypeError(`${operation.name} of nothing`);
      const rows = value.samples ? samples : value.shape[0];
      grids.push(tabulate(numbers, rows, value.shape[1], [a, b, c], operation.evaluate));
    }
    if (input && value.samples) samples = gridOf(value).rows;
  }
  return grids;
}

function tabulate<N>(
  numbers: Numbers<N>,
  rows: number,
  columns: number,
  args: Args<Grid<N>>,
  element: <M>(numbers: Numbers<M>, args: Args<Grid<M>>, row: number, column: number) => M,
): Grid<N> {
  const data: N[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) data.push(element(numbers, args, i, j));
  }
  return { rows, columns, get: (i, j) => data[i * columns + j] as N };
}
