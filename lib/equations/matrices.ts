/** Operations done to matrices, in float64, or written down of symbols for them. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ShapeError } from '../errors.ts';
import { isMatrix, requireAnyMatrix } from '../require.ts';
import type { Shape } from '../shape.ts';
import { FlatMatrix } from '../views.ts';
import { floatsOf, store, zeros } from './floats.ts';
import { float64 } from './numbers.ts';
import type { Operation } from './operation.ts';
import { MatrixSymbol, type Recorder } from './symbol.ts';

/**
 * What an operation makes of matrices.
 *
 * @throws ShapeError when they do not fit together.
 */
export function apply(operation: Operation, ...args: readonly AbstractMatrix[]): Matrix {
  const shape = shapeOf(operation, args);
  const recorder = recorderOf(args);
  if (recorder) return recorder.apply(operation, args, shape);
  const [rows, columns] = shape;
  const numbers = floatsOf(operation, args, rows, columns);
  if (numbers) {
    const result = zeros(rows, columns);
    store(numbers, result);
    return result;
  }
  const [a, b = a, c = a] = args as readonly [AbstractMatrix, AbstractMatrix?, AbstractMatrix?];
  return build(rows, columns, (i, j) => operation.evaluate(float64, [a, b, c], i, j));
}

/**
 * An operation that adds to its first argument, which is changed.
 *
 * @throws ShapeError when they do not fit together.
 */
export function accumulate(
  operation: Operation,
  ...args:
    | readonly [D: AbstractMatrix, a: AbstractMatrix]
    | readonly [D: AbstractMatrix, a: AbstractMatrix, b: AbstractMatrix]
): void {
  const shape = shapeOf(operation, args);
  const recorder = recorderOf(args);
  if (recorder) {
    recorder.addTo(operation, args, shape);
    return;
  }
  const [D] = args;
  const numbers = floatsOf(operation, args, ...shape);
  if (!numbers) throw new TypeError(`${operation.name} adds to nothing`);
  store(numbers, D);
}

/** The shape of what an operation makes of matrices, or throws {@link ShapeError}. */
export function shapeOf(operation: Operation, args: readonly AbstractMatrix[]): Shape {
  if (args.every(isMatrix)) {
    const [a, b = a, c = a] = args as readonly [AbstractMatrix, AbstractMatrix?, AbstractMatrix?];
    const shape = operation.shape([a.rows, a.columns], [b.rows, b.columns], [c.rows, c.columns]);
    if (shape) return shape;
  }
  const what = operation.print('a', 'b', 'c');
  for (const arg of args) requireAnyMatrix(what, arg);
  throw misfit(what, args);
}

/** A matrix of these elements. */
export function build(rows: number, columns: number, element: (i: number, j: number) => number): Matrix {
  const result = zeros(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result.set(i, j, element(i, j));
  }
  return result;
}

/** Matrices that do not fit together in what is said. */
export function misfit(what: string, matrices: readonly AbstractMatrix[]): ShapeError {
  const shapes = matrices.map(({ rows, columns: count }) => `${rows}×${count}`).join(' with ');
  return new ShapeError(what, 'matrices whose shapes fit', shapes);
}

function recorderOf(args: readonly AbstractMatrix[]): Recorder | undefined {
  for (const arg of args) {
    const { constructor: of } = arg; // of most: to ask what has a brand takes longer
    if (of !== Matrix && of !== FlatMatrix && arg instanceof MatrixSymbol) return arg.recorder;
  }
  return undefined;
}
