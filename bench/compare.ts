/** A run against an earlier one. */
import { FormatError } from '../lib/errors.ts';
import { readText, writeAtomically } from '../lib/io/node/files.ts';
import type { Report, Row } from './report.ts';
import { figure, markdown } from './table.ts';

/** One case now and before. */
export interface Change {
  readonly name: string;
  readonly backend: string;
  readonly precision: string;
  /** Milliseconds. */
  readonly before: number;
  readonly now: number;
  /** Above 1 where it is faster now. */
  readonly ratio: number;
  /** The quartiles of one run do not reach those of the other. */
  readonly apart: boolean;
}

export function save(path: string, report: Report): void {
  writeAtomically(path, `${JSON.stringify(report)}\n`);
}

/** Every case that both runs have. */
export function compared({ cases }: Report, earlier: readonly Row[]): readonly Change[] {
  return cases.flatMap(({ name, backend, precision, ms, spread }) => {
    const same = (row: Row) => row.name === name && row.backend === backend && row.precision === precision;
    const before = earlier.find(same);
    if (!before) return [];
    const apart = spread[0] > before.spread[1] || spread[1] < before.spread[0];
    return [{ name, backend, precision, before: before.ms, now: ms, ratio: before.ms / ms, apart }];
  });
}

/** The changes as a table. */
export function changesTable(changes: readonly Change[], path: string): string {
  const rows = changes.map(({ name, backend, precision, before, now, ratio, apart }) => [
    `${name}, ${backend} ${precision}`,
    figure(before),
    figure(now),
    `${figure(ratio)}×`,
    apart ? (ratio > 1 ? 'faster' : 'slower') : 'within the spread',
  ]);
  return `Against ${path}:\n\n${markdown([['case', 'ms before', 'ms now', 'before / now', ''], ...rows])}`;
}

/**
 * The figures of an earlier run.
 *
 * @throws FileError when the file cannot be read, FormatError when it is not one that {@link save} wrote.
 */
export function rowsOf(path: string): readonly Row[] {
  let found: unknown;
  try {
    found = JSON.parse(readText(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const { cases } = { ...(found as Partial<Report> | null | undefined) };
  const isRow = (row: Partial<Row> | null) =>
    typeof row?.name === 'string' && typeof row.ms === 'number' && Array.isArray(row.spread);
  if (Array.isArray(cases) && cases.every(isRow)) return cases;
  throw new FormatError(path, 'what `bench --save` wrote', 'something else');
}
