/** A cell as the engine runs it: its plan, and its kernels, compiled when the first pass needs them. */
import type { Cell, CellSize } from '../cells/cell.ts';
import { record } from '../equations/record.ts';
import { assemble } from './assembler.ts';
import { type Kernel, kernelOf } from './kernel.ts';
import { graphOf, Unfused } from './nodes.ts';
import { type KernelPlan, type Plan, planOf, type Work } from './plan.ts';
import type { Runtime } from './precision.ts';
import { instantiateKernels } from './wasm.ts';

/** A plan, or why there is none, in half a sentence. */
export type Planned =
  | { readonly plan: Plan; readonly reason?: undefined }
  | { readonly plan?: undefined; readonly reason: string };

const planned = new WeakMap<object, Map<string, Planned>>();

/** The plan of a cell of that size; the same when asked again. */
export function plannedOf(cell: Cell, size: CellSize): Planned {
  const ofCell = planned.get(cell) ?? new Map<string, Planned>();
  planned.set(cell, ofCell);
  const key = `${size.d} ${size.m}`;
  const made = ofCell.get(key) ?? newPlan(cell, size);
  ofCell.set(key, made);
  return made;
}

function newPlan(cell: Cell, size: CellSize): Planned {
  const { equations, reason } = record(cell, size);
  if (!equations) return { reason };
  try {
    return { plan: planOf(graphOf(equations), { size, state: cell.state(size), shapes: cell.params(size) }) };
  } catch (error) {
    if (error instanceof Unfused) return { reason: error.message };
    throw error;
  }
}

/** A kernel as it can be called: with the number of rows, and the addresses of its bases at their first of these. */
export interface CompiledKernel extends Pick<Kernel, 'bases'> {
  readonly call: (...numbers: readonly number[]) => void;
}

/** The kernels of a plan in a runtime, and the columns of scratch that they need. */
export interface Compiled {
  readonly kernels: ReadonlyMap<KernelPlan, CompiledKernel>;
  readonly scratch: number;
}

const compiled = new WeakMap<Plan, WeakMap<Runtime, Compiled>>();

export function compiledOf(plan: Plan, runtime: Runtime): Compiled {
  const ofPlan = compiled.get(plan) ?? new WeakMap<Runtime, Compiled>();
  compiled.set(plan, ofPlan);
  const made = ofPlan.get(runtime) ?? compile(plan, runtime);
  ofPlan.set(runtime, made);
  return made;
}

function compile(plan: Plan, runtime: Runtime): Compiled {
  const blocks = new Map(plan.blocks.map(block => [block.name, block]));
  const plans = [plan.before, plan.forward, plan.backward].flat().filter(isKernel);
  const generated = plans.map((kernel, n) => kernelOf(`k${n}`, kernel, blocks, runtime));
  const functions = instantiateKernels(assemble(generated.map(({ assembled }) => assembled)), runtime.heap.memory);
  const kernels = new Map(
    plans.map((kernel, n) => {
      const { bases = [] } = generated[n] ?? {};
      return [kernel, { bases, call: functions[`k${n}`] as CompiledKernel['call'] }] as const;
    }),
  );
  const scratch = Math.max(0, ...generated.map(kernel => kernel.scratch));
  return { kernels, scratch };
}

const isKernel = (work: Work): work is KernelPlan => work.kind === 'kernel';
