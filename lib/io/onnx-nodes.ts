/** The operations and the numbers of an ONNX model that is being made. */
import type { Initializer, OnnxNode } from './onnx-proto.ts';

/** Which way a part goes through time. */
export type Direction = 'forward' | 'reverse';

/** A list of operations that grows. */
export class Nodes {
  readonly list: OnnxNode[] = [];
  readonly initializers: Initializer[] = [];
  readonly #made = new Set<string>();

  /** One operation more. Returns the name of its first output. */
  add(
    op: string,
    inputs: readonly string[],
    output: string | readonly string[],
    attributes: OnnxNode['attributes'] = {},
  ): string {
    const outputs = typeof output === 'string' ? [output] : output;
    this.list.push({ op, inputs, outputs, attributes });
    return outputs[0] ?? '';
  }

  /** The value of that name, made the first time that it is asked for. Returns the name. */
  once(name: string, make: (name: string) => unknown): string {
    if (!this.#made.has(name)) {
      this.#made.add(name);
      make(name);
    }
    return name;
  }

  /** A tensor of numbers; its name. */
  floats(name: string, dims: readonly number[], numbers: ArrayLike<number>): string {
    const bytes = new DataView(new ArrayBuffer(4 * numbers.length));
    for (let i = 0; i < numbers.length; i++) {
      bytes.setFloat32(4 * i, numbers[i] ?? Number.NaN, true);
    }
    this.initializers.push({ name, element: 'float', dims, bytes: new Uint8Array(bytes.buffer) });
    return name;
  }

  /** A list of integers; its name. */
  ints(...values: readonly number[]): string {
    return this.#integers(`ints(${values.join(', ')})`, [values.length], values);
  }

  /** An integer by itself; its name. */
  int(value: number): string {
    return this.#integers(`int(${value})`, [], [value]);
  }

  #integers(name: string, dims: readonly number[], values: readonly number[]): string {
    return this.once(name, () => {
      const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
      this.initializers.push({ name, element: 'int64', dims, bytes });
    });
  }
}
