/** A cell's forward step beside an independent one in plain numbers. */
import type { Cell } from '../cells/cell.ts';
import { stepsOf } from '../layers/steps.ts';
import { unroll } from '../layers/unroll.ts';
import { Random } from '../random.ts';
import type { Matrices } from '../shape.ts';
import type { Law } from './law.ts';
import { randomParameters, randomSequence, randomState } from './problem.ts';
import { saidBy } from './watched.ts';

/**
 * One step of one sequence, written without matrices and without the cell.
 *
 * @param p every parameter, row by row; a bias has one row.
 * @param x the input, d numbers.
 * @param prev every part of the state before the step; of a cell that asks for the time that too, as `t`.
 * @returns every part of the state after it.
 */
export type CellOracle = (
  p: Readonly<Record<string, readonly (readonly number[])[]>>,
  x: readonly number[],
  prev: Readonly<Record<string, readonly number[]>>,
) => Readonly<Record<string, readonly number[]>>;

/** Rounding of some sums and functions in another order, over the largest number or 1. */
const ROUNDING = 1e-12;

/** Runs both over T steps of B sequences and compares every part of every state. */
export function oracleLaw(
  cell: Cell,
  oracle: CellOracle,
  { T, B, d, m, seed }: Readonly<Record<'T' | 'B' | 'd' | 'm' | 'seed', number>>,
): Law {
  const name = 'forward is the oracle';
  const rng = new Random(seed);
  const layer = unroll(cell, { d, m });
  const { forward, counts } = stepsOf(cell, { d, m });
  randomParameters(layer, 0.5, rng);
  const x = randomSequence({ T, B, F: d }, rng);
  let s: Matrices = randomState(layer, B, rng);
  const p = layer.params.named();
  const numbers = Object.fromEntries(Object.entries(p).map(([name, matrix]) => [name, matrix.to2DArray()]));
  const rows = (state: Matrices, b: number) =>
    Object.fromEntries(Object.entries(state).map(([name, part]) => [name, part.getRow(b)]));
  let [worst, broken]: [number, string | undefined] = [0, undefined];
  for (let t = 0; t < T; t++) {
    const { next } = forward(p, x.at(t), s as Matrices<'h'>);
    for (let b = 0; b < B; b++) {
      const { expected, thrown } = answered(() => oracle(numbers, x.at(t).getRow(b), rows(s, b)));
      if (thrown !== undefined) return { name, ok: false, worst: Number.POSITIVE_INFINITY, broken: thrown };
      for (const [part, values] of Object.entries(rows(next, b))) {
        if (counts.includes(part)) continue;
        for (const [j, value] of values.entries()) {
          const wanted = expected?.[part]?.[j] ?? Number.NaN;
          const apart = Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
          if (!(apart <= ROUNDING)) {
            const other = Number.isNaN(wanted) ? 'and of the oracle no number' : `and by the oracle ${wanted}`;
            broken ??= `${cell.name}.forward: ${part}[${b},${j}] at t=${t}: ${value}, ${other}`;
          }
          if (!(apart <= worst)) worst = apart;
        }
      }
    }
    s = next;
  }
  return broken === undefined ? { name, ok: true, worst } : { name, ok: false, worst, broken };
}

/** What an oracle says, or what it throws. */
function answered(run: () => ReturnType<CellOracle>) {
  try {
    return { expected: run() };
  } catch (error) {
    return { thrown: `the oracle, which threw ${saidBy(error)}` };
  }
}
