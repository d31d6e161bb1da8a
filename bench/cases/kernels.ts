/**
 * The elementwise kernels of an LSTM alone: what a forward and a backward pass spend beside their products. As a part of
 * the layer's time, it is what is left to the products.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { Matrix } from 'ml-matrix';
import type { Cell } from '../../lib/cells/cell.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { compiledOf } from '../../lib/engine/compiled.ts';
import { TABLE_ROW } from '../../lib/engine/kernel.ts';
import { plannedOf } from '../../lib/engine/plan.ts';
import { type Life, type Ref, stateBlock, stateGradientBlock, type Work } from '../../lib/engine/planning/work.ts';
import type { Runtime } from '../../lib/engine/precision.ts';
import { least } from '../../lib/extremes.ts';
import { Random } from '../../lib/random.ts';
import type { FloatArray } from '../../lib/views.ts';
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

/** The kernels of the LSTM's plan on memory laid out as a pass has it: every step has gates and states of its own. */
function onKernels(rt: Runtime, { a, cPrev, dy }: Step, [m, B, T]: Sizes): Ours {
  const { heap, bytes } = rt;
  const { plan } = plannedOf(lstm as unknown as Cell, { d: m, m });
  if (!plan) throw new Error('the LSTM has no plan');
  const { kernels, scratch } = compiledOf(plan, rt);
  const blocks = new Map(plan.blocks.map(block => [block.name, block]));
  const rowsOf: Readonly<Record<Life, number>> = { states: (T + 1) * B, all: T * B, span: B, step: B, row: 1 };
  const places = new Map(
    [...plan.blocks, { name: 'scratch', columns: scratch, life: 'row' as const }].map(({ name, columns, life }) => {
      const size = Math.max(rowsOf[life] * columns, 1) * bytes;
      return [name, { address: heap.take(size), size }] as const;
    }),
  );
  for (const { table, bases } of kernels.values()) {
    const size = TABLE_ROW * bases.length;
    places.set(`table ${table}`, { address: heap.take(size), size });
  }
  for (const { address, size } of places.values()) heap.bytes(address, size).fill(0);
  const at = ({ block, after }: Omit<Ref, 'column'>, t: number, column: number = 0): number => {
    const { columns = 0, life = 'row' } = blocks.get(block) ?? {};
    const step = life === 'states' || life === 'all' ? t + (after ? 1 : 0) : 0;
    return (places.get(block)?.address ?? 0) + (step * B * columns + column) * bytes;
  };
  const [gates] = plan.hoisted.filter(work => work.kind === 'product');
  const [dgates] = plan.after;
  /** Where a gate lies among the columns of all, as its parameters do among those of all. */
  const columnOf = (gate: string) =>
    (plan.parameters[`b_${gate}`] ?? 0) - least(GATES.map(k => plan.parameters[`b_${k}`] ?? 0));
  const rows = (
    block: string,
    t: number,
    column: number,
    width: number,
    visit: (row: FloatArray, n: number) => void,
  ) => {
    const columns = blocks.get(block)?.columns ?? 0;
    for (let n = 0; n < B; n++) visit(rt.view(at({ block }, t, n * columns + column), width), n);
  };
  const loadGates = (t: number) => {
    for (const [g, gate] of GATES.entries()) {
      rows(gates?.to.block ?? '', t, columnOf(gate), m, (row, n) =>
        row.set(a.subarray((4 * n + g) * m, (4 * n + g + 1) * m)),
      );
    }
  };
  const run = (works: readonly Work[]) =>
    works.flatMap(work => {
      const kernel = work.kind === 'kernel' ? kernels.get(work) : undefined;
      if (!kernel) return [];
      const { address } = places.get(`table ${kernel.table}`) ?? { address: 0 };
      const table = new Int32Array(heap.memory.buffer, address, 3 * kernel.bases.length);
      for (const [n, base] of kernel.bases.entries()) table.set([at(base, 0), at(base, 1) - at(base, 0), 0], 3 * n);
      return (t: number) => kernel.call(B, t, t, address);
    });
  const [forward, backward] = [run(plan.forward), run(plan.backward)];
  for (let t = 0; t < T; t++) loadGates(t);
  rt.view(at({ block: stateBlock('c') }, 0), cPrev.length).set(cPrev);
  rt.view(at({ block: 'dy' }, 0), dy.length).set(dy);
  return {
    outside: 0,
    run: times =>
      clocked(times, () => {
        for (let t = 0; t < T; t++) for (const kernel of forward) kernel(t);
        for (let t = T - 1; t >= 0; t--) for (const kernel of backward) kernel(t);
      }),
    result() {
      loadGates(0);
      for (const part of ['h', 'c']) rt.view(at({ block: stateGradientBlock(part) }, 0), dy.length).fill(0);
      for (const kernel of [...forward, ...backward]) kernel(0);
      const copy = (block: string, after: boolean) => Float64Array.from(rt.view(at({ block, after }, 0), m * B));
      const da = new Float64Array(4 * m * B);
      for (const [g, gate] of GATES.entries()) {
        rows(dgates?.left.block ?? '', 0, columnOf(gate), m, (row, n) => da.set(row, (4 * n + g) * m));
      }
      return {
        h: copy(stateBlock('h'), true),
        c: copy(stateBlock('c'), true),
        da,
        dcPrev: copy(stateGradientBlock('c'), false),
      };
    },
    drop() {
      for (const { address, size } of places.values()) heap.give(address, size);
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
