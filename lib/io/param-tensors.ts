/** Parameters as the tensors of a file, each by its name behind `param.`. */
import { ShapeError } from '../errors.ts';
import type { ParamSet } from '../params.ts';
import { requireFinite } from '../require.ts';
import type { Matrices } from '../shape.ts';
import type { FlatMatrix } from '../views.ts';
import type { Tensor } from './safetensors.ts';

/** What stands before the names of parameters. */
const PARAM = 'param.';

/** A matrix as a tensor: a copy. */
export function tensorOf(matrix: FlatMatrix | Matrices[string]): Tensor {
  const data = new Float64Array(matrix.rows * matrix.columns);
  for (let i = 0; i < matrix.rows; i++) data.set(matrix.getRow(i), i * matrix.columns);
  return { shape: [matrix.rows, matrix.columns], data };
}

/** All parameters, by name: copies. */
export function paramTensors(params: ParamSet): Map<string, Tensor> {
  return new Map(Object.entries(params.named()).map(([name, matrix]) => [`${PARAM}${name}`, tensorOf(matrix)]));
}

/** How many numbers the tensors of parameters hold. */
export function numbersIn(tensors: ReadonlyMap<string, Tensor>): number {
  let found = 0;
  for (const [name, { data }] of tensors) if (name.startsWith(PARAM)) found += data.length;
  return found;
}

/**
 * Puts what was saved into parameters.
 *
 * @throws ShapeError, ValueError naming the first parameter that is not there, has another shape or is not finite.
 */
export function setParams(params: ParamSet, tensors: ReadonlyMap<string, Tensor>): void {
  let offset = 0;
  for (const [name, [rows, columns]] of Object.entries(params.shapes)) {
    const { shape, data } = tensors.get(`${PARAM}${name}`) ?? { shape: [], data: new Float64Array() };
    if (shape.length !== 2 || shape[0] !== rows || shape[1] !== columns) {
      throw new ShapeError(`${PARAM}${name}`, `a ${rows}×${columns} matrix`, `shape [${shape.join(', ')}]`);
    }
    requireFinite(`${PARAM}${name}`, data);
    params.values.set(data, offset);
    offset += data.length;
  }
}
