/** The kernels of a plan, compiled when the first pass needs them. */
import { assemble } from './assembler.ts';
import { type Kernel, kernelOf } from './kernel.ts';
import type { KernelPlan, Plan, Work } from './planning/work.ts';
import type { Runtime } from './precision.ts';
import { instantiateKernels } from './wasm.ts';

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
