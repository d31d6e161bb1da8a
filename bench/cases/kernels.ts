/**
 * The elementwise kernels of an LSTM alone: what a forward and a backward pass spend beside their products. As a part of
 * the layer's time, it is what is left to the products.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { Matrix } from 'ml-matrix';
import { lstm } from '../../lib/cells/lstm.ts';
import type { Runtime } from '../../lib/engine/precision.ts';
import { Random } from '../../lib/random.ts';
import { clocked, type Ours } from '../backends.ts';
import type { Case } from './case.ts';
import { normals } from './product.ts';

const GATES = ['f', 'i', 'o', 'g'] as const;

/** Numbers of one step: its pre-activations a, the memory before it, and what comes back to it. */
interface Step {
  readonly a: Float64Array;
  readonly cPrev: Float64Array;
  readonly dy: Float64Array;
}

/** The kernels of T steps forward and T backward, of m units (whole vectors of them) in B sequences; and their layer. */
export function kernelsCase(m: number, B: number, T: number): Case & { readonly layer: string } {
  return {
    name: `kernels-lstm-m${m}-B${B}-T${T}`,
    layer: `lstm-d${m}-m${m}-B${B}-T${T}`,
    full: false,
    work: { flops: 0, numbers: T * B * m * 20, tokens: T * B },
    open() {
      const rng = new Random(1);
      const step = { a: normals(B * 4 * m, rng), cPrev: normals(B * m, rng), dy: normals(B * m, rng) };
      return {
        ours(backend, precision) {
          const rt = backend.kernels?.(precision);
          return rt ? onKernels(rt, step, [m, B, T]) : onCell(step, [m, B]);
        },
      };
    },
  };
}

type Sizes = readonly [m: number, B: number, T: number];

/** On memory laid out as a pass has it: every step has gates and states of its own. */
function onKernels(rt: Runtime, { a, cPrev, dy }: Step, [m, B, T]: Sizes): Ours {
  const { kernels, heap, bytes } = rt;
  const sizes = { a: T * 4, da: T * 4, c: T + 1, tc: T, h: T, dy: 1, dh: 1, dc: 1, b: 4 };
  const entries = Object.entries(sizes).map(([name, rows]): [string, [number, number]] => {
    const size = rows * B * m * bytes;
    return [name, [heap.take(size), size]];
  });
  const blocks = Object.fromEntries(entries);
  const at = (name: keyof typeof sizes, t: number, columns: number): number =>
    (blocks[name]?.[0] ?? 0) + t * B * columns * m * bytes;
  for (const [address, size] of Object.values(blocks)) heap.bytes(address, size).fill(0);
  for (let t = 0; t < T; t++) rt.view(at('a', t, 4), a.length).set(a);
  rt.view(at('c', 0, 1), cPrev.length).set(cPrev);
  rt.view(at('dy', 0, 1), dy.length).set(dy);
  const forward = (t: number) =>
    kernels.lstmForward(
      B,
      m,
      at('a', t, 4),
      at('b', 0, 4),
      at('c', t, 1),
      at('c', t + 1, 1),
      at('tc', t, 1),
      at('h', t, 1),
    );
  const backward = (t: number) =>
    kernels.lstmBackward(
      B,
      m,
      at('a', t, 4),
      at('c', t, 1),
      at('tc', t, 1),
      at('dy', 0, 1),
      at('dh', 0, 1),
      at('dc', 0, 1),
      at('da', t, 4),
    );
  return {
    outside: 0,
    run: times =>
      clocked(times, () => {
        for (let t = 0; t < T; t++) forward(t);
        for (let t = T - 1; t >= 0; t--) backward(t);
      }),
    result() {
      rt.view(at('a', 0, 4), a.length).set(a);
      for (const name of ['dh', 'dc'] as const) rt.view(at(name, 0, 1), dy.length).fill(0);
      forward(0);
      backward(0);
      const copy = (name: keyof typeof sizes, t: number, columns: number) =>
        Float64Array.from(rt.view(at(name, t, columns), columns * B * m));
      return { h: copy('h', 0, 1), c: copy('c', 1, 1), da: copy('da', 0, 4), dcPrev: copy('dc', 0, 1) };
    },
    drop() {
      for (const [address, size] of Object.values(blocks)) heap.give(address, size);
    },
  };
}

/** The same step from the cell itself: its input is a, and each gate's U picks the gate's columns of it. */
function onCell({ a, cPrev, dy }: Step, [m, B]: readonly [m: number, B: number]): Ours {
  const x = Matrix.from1DArray(B, 4 * m, a);
  const shapes = lstm.params({ d: 4 * m, m });
  const zeros = () =>
    Object.fromEntries(Object.entries(shapes).map(([name, [rows, columns]]) => [name, Matrix.zeros(rows, columns)]));
  const p: Record<string, AbstractMatrix> = zeros();
  GATES.forEach((gate, g) => {
    for (let j = 0; j < m; j++) p[`U_${gate}`]?.set(j, g * m + j, 1);
  });
  type Params = Parameters<typeof lstm.forward>[0];
  const step = () => {
    const prev = { h: Matrix.zeros(B, m), c: Matrix.from1DArray(B, m, cPrev) };
    const { next, tape } = lstm.forward(p as Params, x, prev);
    const dnext = { h: Matrix.from1DArray(B, m, dy), c: Matrix.zeros(B, m) };
    const { dx, dprev } = lstm.backward(p as Params, tape, dnext, zeros() as Params);
    return { h: next.h, c: next.c, da: dx, dcPrev: dprev.c };
  };
  return {
    outside: 8 * (a.length + cPrev.length + dy.length),
    run: times => clocked(times, step),
    result: () =>
      Object.fromEntries(Object.entries(step()).map(([name, value]) => [name, Float64Array.from(value.to1DArray())])),
  };
}
