/** Plain data in which there are arrays of 64-bit floats: these as tensors, the rest as JSON that names them. */
import { ValueError } from '../errors.ts';
import { describe, isPlain } from '../require.ts';
import type { Tensor } from './safetensors.ts';

/** What stands in the place of an array. */
interface Pointer {
  readonly tensor: string;
}

/**
 * The data as JSON, every array of it put into the tensors under its path.
 *
 * @param path what the data is called.
 */
export function arraysInto(tensors: Map<string, Tensor>, path: string, data: unknown): unknown {
  if (data instanceof Float64Array) {
    tensors.set(path, { shape: [data.length], data: data.slice() });
    return { tensor: path } satisfies Pointer;
  }
  if (!isPlain(data)) return data;
  return Object.fromEntries(
    Object.entries(data as object).map(([name, own]) => [name, arraysInto(tensors, `${path}.${name}`, own)]),
  );
}

/**
 * The data that {@link arraysInto} took apart.
 *
 * @throws ValueError when a tensor is not there.
 */
export function withArrays(json: unknown, tensors: ReadonlyMap<string, Tensor>): unknown {
  if (!isPlain(json)) return json;
  const { tensor, ...more } = json as Partial<Pointer>;
  if (typeof tensor === 'string' && Object.keys(more).length === 0) {
    const { data } = tensors.get(tensor) ?? {};
    if (!data) throw new ValueError('tensors', `one called ${describe(tensor)}`, 'none');
    return data.slice();
  }
  return Object.fromEntries(Object.entries(json as object).map(([name, own]) => [name, withArrays(own, tensors)]));
}
