/** A run of the benchmark over many cases. */
import type { Precision } from '../lib/engine/precision.ts';
import { type Backend, byOneThread } from './backends.ts';
import type { Case } from './cases/case.ts';
import { kernels } from './cases/index.ts';
import type { Field } from './field.ts';
import { bandwidthNow, larger, type Machine, machine, type Peak, peakOf } from './machine.ts';
import { type Measured, type Outcome, Races } from './race.ts';
import { kernelShares, meansOf, type Report, type Row } from './report.ts';
import { slopesOf } from './slopes.ts';

export interface RunOptions {
  readonly cases: readonly Case[];
  readonly backends: readonly Backend[];
  readonly precisions: readonly Precision[];
  readonly rounds: number;
  readonly field: Field;
}

/** Who looks on while it runs. */
export interface Onlooker {
  /** So many cases are done, each precision counted, and this one is next. */
  next(done: number, name: string): void;
  /** The signal that came, if one did. */
  stopped(): string | null;
}

const BYTES: Readonly<Record<Precision, number>> = { f64: 8, f32: 4 };

/** Verifies and times every case; what the machine can do at most is measured before and after, and the better one counts. */
export async function run(options: RunOptions, onlooker: Onlooker): Promise<Report> {
  const { cases, backends, precisions, field } = options;
  const stopped = () => onlooker.stopped() !== null;
  const before = { peaks: await peaksOf(options), bandwidth: bandwidthNow() };
  const outcomes: Outcome[] = [];
  for (const which of cases) {
    if (stopped()) break;
    const own = backends.filter(backend => !backend.threads || which.gains?.(backend));
    await which.prepare?.(own);
    const races = new Races(which);
    for (const precision of precisions) {
      if (stopped()) break;
      onlooker.next(outcomes.length, `${which.name} ${precision}`);
      outcomes.push(await races.run(precision, { ...options, backends: own, stopped }));
    }
  }
  onlooker.next(outcomes.length, 'peaks');
  const peaks = stopped() ? before.peaks : larger(before.peaks, await peaksOf(options));
  const here = machine(Math.max(before.bandwidth, bandwidthNow()), peaks, backends);
  const rows = outcomes.flatMap(each => each.rows).map(row => withShares(row, here, options));
  const refused = outcomes.flatMap(each => each.refused);
  const leftOut = outcomes.flatMap(each => each.leftOut);
  const placed = rows.flatMap(row => {
    const place = caseOf(row, cases)?.series;
    return place ? [{ ...row, place }] : [];
  });
  return {
    ok: refused.length === 0 && !stopped(),
    stopped: onlooker.stopped(),
    machine: here,
    cases: rows,
    refused,
    slopes: slopesOf(placed),
    means: meansOf(rows),
    kernels: kernelShares(rows, kernels),
    absent: field.absent,
    leftOut,
  };
}

async function peaksOf({ backends, precisions }: RunOptions): Promise<readonly Peak[]> {
  const peaks: Peak[] = [];
  for (const backend of byOneThread(backends)) {
    for (const precision of precisions) {
      if (backend.precisions.includes(precision)) peaks.push(await peakOf(backend, precision));
    }
  }
  return peaks;
}

/** A row held against what the machine can do by as many threads. */
function withShares(row: Measured, { peaks, bandwidth }: Machine, { cases, backends }: RunOptions): Row {
  const each = backends.find(({ name }) => name === row.backend)?.threads?.each.name ?? row.backend;
  const peak = peaks.find(({ backend, precision }) => backend === each && precision === row.precision);
  const bytes = (caseOf(row, cases)?.work.numbers ?? 0) * BYTES[row.precision];
  return {
    ...row,
    share: row.gflops / row.workers / (peak?.gflops ?? Number.NaN),
    bandwidthShare: bytes / row.ms / 1e6 / bandwidth,
  };
}

function caseOf({ name }: Measured, cases: readonly Case[]): Case | undefined {
  return cases.find(each => each.name === name);
}
