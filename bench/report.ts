/** What a run of the benchmark found. */
import type { Precision } from '../lib/engine/precision.ts';
import { least } from '../lib/extremes.ts';
import type { Verification } from './cases/case.ts';
import type { LeftOut } from './field.ts';
import type { Machine } from './machine.ts';
import type { Slope } from './slopes.ts';
import type { Timing } from './timing.ts';

/** A peer's time for the same work. */
export interface PeerTime extends Timing {
  readonly name: string;
  /** Its time over ours: above 1 where we are faster. */
  readonly ratio: number;
  readonly verified: boolean;
  readonly note: string | null;
}

/** One case on one backend in one precision. */
export interface Row extends Timing {
  readonly name: string;
  readonly backend: string;
  readonly precision: Precision;
  /** Threads that ours was done by. */
  readonly workers: number;
  /** Whether its kernels ran in vectors of 256 bits. */
  readonly wide: boolean;
  readonly gflops: number;
  readonly tokensPerSecond: number | null;
  /** Part of the product peak of the same backend and precision, of each thread. */
  readonly share: number;
  /** Part of the memory's bandwidth that the least possible traffic would take. */
  readonly bandwidthShare: number;
  /** Bytes held at most at once; null where nothing counts them. */
  readonly peakMemory: number | null;
  /** Bytes that a step of training allocates on JavaScript's heap once warm, by sampling; null of what is none. */
  readonly allocated: number | null;
  readonly verified: Omit<Verification, 'ok'>;
  readonly peers: readonly PeerTime[];
}

/** A case that is wrong, and so was not timed. */
export interface Refused extends Omit<Verification, 'ok'> {
  readonly name: string;
  readonly backend: string;
  readonly precision: Precision;
}

/** The geometric mean of the ratios to one peer over the cases that it ran in, and the least of them. */
export interface Mean {
  readonly backend: string;
  readonly precision: Precision;
  readonly peer: string;
  readonly ratio: number;
  readonly least: number;
  readonly cases: number;
}

/** What part of a layer's time goes into the elementwise kernels. */
export interface KernelShare {
  readonly layer: string;
  readonly backend: string;
  readonly precision: Precision;
  readonly part: number;
}

export interface Report {
  /** Nothing was refused, and nothing stopped it. */
  readonly ok: boolean;
  /** The signal that ended it, or null. */
  readonly stopped: string | null;
  readonly machine: Machine;
  readonly cases: readonly Row[];
  readonly refused: readonly Refused[];
  readonly slopes: readonly Slope[];
  readonly means: readonly Mean[];
  readonly kernels: readonly KernelShare[];
  readonly absent: readonly { readonly family: string; readonly why: string }[];
  readonly leftOut: readonly LeftOut[];
}

/** What stands for the fastest backend of each case. */
export const BEST = 'best';

/** The geometric means over the rows of each backend and precision, peer by peer; then those of the fastest backends. */
export function meansOf(rows: readonly Row[]): readonly Mean[] {
  const several = new Set(rows.map(({ backend }) => backend)).size > 1;
  const best = fastest(rows).map(row => ({ ...row, backend: BEST, peers: [...row.peers, ...bestThreads(row.peers)] }));
  return [...meansByBackend(rows), ...(several ? meansByBackend(best) : [])];
}

/** Of every case in a precision the row of the fastest backend. */
export function fastest(rows: readonly Row[]): readonly Row[] {
  return rows.filter(row =>
    rows.every(other => other.ms >= row.ms || other.name !== row.name || other.precision !== row.precision),
  );
}

/** Of a peer that ran by different numbers of threads, the fastest of these. */
function bestThreads(peers: readonly PeerTime[]): readonly PeerTime[] {
  const kindOf = ({ name }: PeerTime) => name.replace(/, \d+ threads?$/, '');
  return [...new Set(peers.map(kindOf))].flatMap(kind => {
    const [first, ...others] = peers.filter(peer => kindOf(peer) === kind);
    if (!first || others.length === 0) return [];
    const best = others.reduce((one, other) => (other.ratio < one.ratio ? other : one), first);
    return { ...best, name: `${kind}, whichever number of threads is fastest` };
  });
}

function meansByBackend(rows: readonly Row[]): readonly Mean[] {
  const ratios = new Map<string, { mean: Omit<Mean, 'ratio' | 'least' | 'cases'>; values: number[] }>();
  for (const { backend, precision, peers } of rows) {
    for (const { name: peer, ratio } of peers) {
      const key = `${backend} ${precision} ${peer}`;
      const known = ratios.get(key) ?? { mean: { backend, precision, peer }, values: [] };
      known.values.push(ratio);
      ratios.set(key, known);
    }
  }
  return [...ratios.values()].map(({ mean, values }) => {
    const ratio = Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
    return { ...mean, ratio, least: least(values), cases: values.length };
  });
}

/** The time of the kernels over that of the layer they belong to, on each backend. */
export function kernelShares(
  rows: readonly Row[],
  { name, layer }: { readonly name: string; readonly layer: string },
): readonly KernelShare[] {
  return rows
    .filter(row => row.name === name)
    .flatMap(({ backend, precision, ms }) => {
      const whole = rows.find(row => row.name === layer && row.backend === backend && row.precision === precision);
      return whole ? [{ layer, backend, precision, part: ms / whole.ms }] : [];
    });
}
