/** Vectors of 256 bits for the command, where V8 can be told to make them. */
import { setFlagsFromString } from 'node:v8';
import { KNOWN, selfTest } from '../engine/self-test.ts';

/** What is asked of the runtime, and told it: other than Node's in tests. */
export interface WideRuntime {
  readonly v8: string;
  readonly arch: string;
  /** Whether somebody wants none: `BPTT_WIDE=0`. */
  readonly off: boolean;
  setFlag(flag: string): void;
  selfTest(): number;
}

/** Versions of V8 whose flags these are, and that it was tried with: those of Node 24 to 26. */
const TRIED = [13, 14];

/** A V8 that is asked to compile for speed when a kernel was called once, and at once; and as it was. */
const [HASTY, PATIENT] = [
  ['--wasm-sync-tier-up', '--wasm-tiering-budget=1'],
  ['--no-wasm-sync-tier-up', '--wasm-tiering-budget=13000000'],
];

/**
 * Has all kernels that are compiled from now on, in this process and its threads, run in vectors of 256 bits, if a fixed set
 * of them gives the known bits so; else they stay as they are. It is called before any is compiled.
 *
 * @returns whether V8 was told so and computes right.
 */
export function widen(runtime: WideRuntime = here()): boolean {
  const { v8, arch, off, setFlag } = runtime;
  if (off || arch !== 'x64' || !TRIED.includes(Number.parseInt(v8, 10))) return false;
  for (const flag of ['--experimental-wasm-revectorize', ...HASTY]) setFlag(flag);
  const right = computesRight(runtime);
  for (const flag of PATIENT) setFlag(flag);
  if (!right) setFlag('--no-experimental-wasm-revectorize');
  return right;
}

function computesRight({ selfTest }: WideRuntime): boolean {
  try {
    return selfTest() === KNOWN;
  } catch {
    return false;
  }
}

function here(): WideRuntime {
  const { env, versions, arch } = process;
  return { v8: versions.v8, arch, off: env.BPTT_WIDE === '0', setFlag: setFlagsFromString, selfTest };
}
