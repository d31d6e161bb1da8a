/** The kernels of a plan, compiled when the first pass needs them. */
import { greatest } from '../extremes.ts';
import { assemble } from './assembler.ts';
import { type Kernel, kernelOf, TABLE_ROW } from './kernel.ts';
import type { Block, KernelPlan, Plan, Work } from './planning/work.ts';
import type { Runtime } from './precision.ts';
import { instantiateKernels, type KernelFunction } from './wasm.ts';

/** A kernel as it can be called, and where its table begins among those of all. */
export interface CompiledKernel extends Pick<Kernel, 'bases'> {
  readonly table: number;
  readonly call: KernelFunction;
}

/** A plan's blocks by name, its kernels in a runtime, the bytes of all their tables, and the columns of scratch that they need. */
export interface Compiled {
  readonly blocks: ReadonlyMap<string, Block>;
  readonly kernels: ReadonlyMap<KernelPlan, CompiledKernel>;
  readonly tables: number;
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
  const kernels = new Map<KernelPlan, CompiledKernel>();
  let tables = 0;
  for (const [n, { bases }] of generated.entries()) {
    const [kernel, call] = [plans[n], functions[`k${n}`]];
    if (kernel && call) kernels.set(kernel, { bases, table: tables, call });
    tables += bases.length * TABLE_ROW;
  }
  return { blocks, kernels, tables, scratch: greatest([0, ...generated.map(kernel => kernel.scratch)]) };
}

const isKernel = (work: Work): work is KernelPlan => work.kind === 'kernel';
