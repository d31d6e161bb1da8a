/**
 * A cell of anybody's beside the library's GRU and LSTM of the same sizes, timed in turns with them on the same backend. One
 * that runs unrolled has no backend: it is timed as what it is, the reference, beside both on what ours runs on.
 */
import type { Cell } from '../lib/cells/cell.ts';
import { plannedOf } from '../lib/engine/plan.ts';
import type { Precision } from '../lib/engine/precision.ts';
import { explain } from '../lib/engine/recurrent.ts';
import { type Backend, byOneThread, reference } from './backends.ts';
import type { Case } from './cases/case.ts';
import { layerCase } from './cases/layers.ts';
import type { Field, LeftOut, Rival } from './field.ts';
import type { Report } from './report.ts';
import { figure, markdown } from './table.ts';
import { Verifier } from './verify.ts';

const [D, M, T] = [128, 128, 50];
const BATCHES: readonly number[] = [16, 1];
const BESIDE = ['gru', 'lstm'] as const;

/** A cell, and what it is to run in and beside. */
export interface OwnCell {
  /** Its cases. */
  readonly cases: readonly Case[];
  /** How it runs, and why not otherwise. */
  readonly runs: string;
  readonly backends: readonly Backend[];
  readonly precisions: readonly Precision[];
  readonly field: Field;
}

/** One figure of the cell and those of the library's. */
export interface BesideLibrary {
  readonly case: string;
  readonly backend: string;
  readonly precision: Precision;
  readonly tokensPerSecond: number;
  /** The others, each with the cell's tokens a second over its own. */
  readonly beside: readonly { readonly name: string; readonly tokensPerSecond: number; readonly ratio: number }[];
}

/** What to run for a cell, on backends and in precisions that are asked for. */
export function ownCell(cell: Cell, backends: readonly Backend[], precisions: readonly Precision[]): OwnCell {
  const size = { d: D, m: M };
  const isFused = plannedOf(cell, size).plan !== undefined;
  const sized = (which: Cell | (typeof BESIDE)[number], B: number) => layerCase(which, [D, M, B, T]);
  const races = BATCHES.map(B => ({
    own: sized(cell, B),
    others: BESIDE.map(name => ({ name, case: sized(name, B) })),
  }));
  return {
    cases: races.map(({ own }) => own),
    runs: `${cell.name} ${explain(cell, size)}`,
    backends: isFused ? byOneThread(backends) : [reference],
    precisions: isFused ? precisions : ['f64'],
    field: {
      absent: [],
      async invite({ name: own, precision }) {
        const rivals: Rival[] = [];
        const leftOut: LeftOut[] = [];
        const others = races.find(race => race.own.name === own)?.others ?? [];
        for (const backend of backends.filter(({ precisions }) => precisions.includes(precision))) {
          for (const other of others) {
            const name = isFused ? other.name : `${other.name} on ${backend.name}`;
            const opened = other.case.open();
            const { ok, by } = new Verifier(opened, other.case.work).verify(backend, precision);
            if (!ok) {
              leftOut.push({ name: own, precision, who: name, why: `wrong against ${by}` });
              continue;
            }
            const { run, drop } = opened.ours(backend, precision);
            const contender = { name, verified: true, note: null, run, ...(drop && { drop }) };
            rivals.push(isFused ? { ...contender, beside: backend } : contender);
          }
        }
        return { rivals, leftOut };
      },
      close() {},
    },
  };
}

/** What a report says of the cell beside the others. */
export function besideLibrary({ cases }: Report): readonly BesideLibrary[] {
  return cases.flatMap(({ name, backend, precision, tokensPerSecond, peers }) => {
    if (tokensPerSecond === null) return [];
    const beside = peers.map(({ name, ratio }) => ({ name, tokensPerSecond: tokensPerSecond / ratio, ratio }));
    return [{ case: name, backend, precision, tokensPerSecond, beside }];
  });
}

/** The same as a table. */
export function besideTable(rows: readonly BesideLibrary[]): string {
  const names = [...new Set(rows.flatMap(({ beside }) => beside.map(({ name }) => name)))];
  return markdown([
    ['tokens/s, and over those of', 'backend', 'its own', ...names],
    ...rows.map(({ case: name, backend, precision, tokensPerSecond, beside }) => [
      name,
      `${backend} ${precision}`,
      tokensPerSecond.toFixed(0),
      ...names.map(other => {
        const found = beside.find(each => each.name === other);
        return found ? `${found.tokensPerSecond.toFixed(0)} (${figure(found.ratio)}×)` : '';
      }),
    ]),
  ]);
}
