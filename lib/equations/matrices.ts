/** Operations done to matrices, in float64, or written down of symbols for them. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ShapeError } from '../errors.ts';
import { isMatrix, requireAnyMatrix } from '../require.ts';
import type { Shape } from '../shape.ts';
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
  const [a, b = a, c = a] = args as readonly [AbstractMatrix, AbstractMatrix?, AbstractMatrix?];
  return build(...shape, (i, j) => operation.evaluate(float64, [a, b, c], i, j));
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
  const [D, a, b = a] = args;
  for (let i = 0; i < D.rows; i++) {
    for (let j = 0; j < D.columns; j++) D.set(i, j, operation.evaluate(float64, [D, a, b], i, j));
  }
}

/** The shape of what an operation makes of matrices, or throws {@link ShapeError}. */
export function shapeOf(operation: Operation, args: readonly AbstractMatrix[]): Shape {
  if (args.every(isMatrix)) {
    const [a = [0, 0], b = a, c = a] = args.map(({ rows, columns }): Shape => [rows, columns]);
    const shape = operation.shape(a, b, c);
    if (shape) return shape;
  }
  const what = operation.print('a', 'b', 'c');
  for (const arg of args) requireAnyMatrix(what, arg);
  throw misfit(what, args);
}

/** A matrix of these elements. */
export function build(rows: number, columns: number, element: (i: number, j: number) => number): Matrix {
  const result = Matrix.zeros(rows, columns);
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
  for (const arg of args) if (arg.constructor !== Matrix && arg instanceof MatrixSymbol) return arg.recorder;
  return undefined;
}
