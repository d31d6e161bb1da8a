/** Functions of n numbers at x, into y, which may be x, generated as the kernels' are: two vectors at a time, one, then one by one. */
import { assemble, FunctionBody } from '../../lib/engine/assembler.ts';
import type { Precision } from '../../lib/engine/precision.ts';
import type { Vector } from '../../lib/engine/vector.ts';
import { LOAD, STORE, vectorNumbers } from '../../lib/engine/vectors.ts';
import { instantiateKernels, type WasmMemory } from '../../lib/engine/wasm.ts';

export const NAMES = ['exp', 'sigmoid', 'tanh', 'log', 'log1p'] as const;

export type Name = (typeof NAMES)[number];

/** @param n bytes. */
type ArrayFunction = (x: number, y: number, n: number) => void;

export function arrayFunctions(
  memory: WasmMemory,
  precision: Precision,
  fma: boolean,
): Readonly<Record<Name, ArrayFunction>> {
  const functions = NAMES.map(name => ({ name, parameters: 3, body: bodyOf(name, precision, fma) }));
  const exports = instantiateKernels(assemble(functions), memory) as Readonly<Record<string, unknown>>;
  const bytes = precision === 'f64' ? 8 : 4;
  const counted = NAMES.map(name => {
    const call = exports[name] as ArrayFunction;
    return [name, (x: number, y: number, n: number) => call(x, y, n * bytes)];
  });
  return Object.fromEntries(counted) as Record<Name, ArrayFunction>;
}

function bodyOf(name: Name, precision: Precision, fma: boolean): FunctionBody {
  const body = new FunctionBody(3, 2);
  const [x, y, n, at, whole] = [0, 1, 2, 3, 4];
  const bytes = precision === 'f64' ? 8 : 4;
  const [splat, lane] = precision === 'f64' ? [0x0a, 0x5b] : [0x09, 0x5a];
  const turn = (beside: number, single: boolean) => {
    const values: Vector = Array.from({ length: beside }, (_, k) => {
      const local = body.vector();
      body.get(x).get(at).add();
      body.memory(single ? splat : LOAD, 16 * k).set(local);
      return local;
    });
    const results = vectorNumbers(body, precision, fma, beside)[name](values);
    for (const [k, result] of results.entries()) {
      body.get(y).get(at).add().get(result);
      if (single) body.memory(lane, 0, 0);
      else body.memory(STORE, 16 * k);
    }
    body.advance(at, single ? bytes : 16 * beside);
  };
  body.const(0).set(at);
  for (const [size, beside, single] of [
    [32, 2, false],
    [16, 1, false],
    [bytes, 1, true],
  ] as const) {
    // All whole turns of this size: n − n mod size, of a power of two.
    body.get(n).const(-size).and().set(whole);
    body.whileBelow(
      at,
      () => body.get(whole),
      () => turn(beside, single),
    );
  }
  return body;
}
