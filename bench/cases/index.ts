/** All cases. */
import { availableParallelism } from 'node:os';
import { ValueError } from '../../lib/errors.ts';
import type { Case, CellName } from './case.ts';
import { charStep } from './char-step.ts';
import { kernelsCase } from './kernels.ts';
import { layerCase } from './layers.ts';
import { productCase } from './product.ts';
import { trainCase } from './train.ts';

const CELLS: readonly CellName[] = ['lstm', 'gru', 'rnn'];
const full = { full: true };

/** Threads that the machine has cores for: 1, 2, 4, … */
const THREADS = [1, 2, 4, 8, 16, 32].filter(workers => workers === 1 || workers <= availableParallelism());

/** The kernels that are held against the time of a layer. */
export const kernels: ReturnType<typeof kernelsCase> = kernelsCase(128, 64, 50);

/** Every case, those of the default selection and those of `--full`. */
export const cases: readonly Case[] = [
  ...CELLS.flatMap(cell => [
    layerCase(cell, [64, 100, 1, 25]),
    layerCase(cell, [128, 128, 1, 25]),
    layerCase(cell, [128, 128, 16, 50]),
    layerCase(cell, [128, 128, 64, 50]),
    layerCase(cell, [256, 256, 32, 50], full),
    layerCase(cell, [512, 512, 32, 50], full),
    layerCase(cell, [1024, 1024, 64, 25], full),
  ]),
  layerCase('lstm', [512, 512, 64, 50], full),
  layerCase('lstm', [128, 128, 16, 50], { topology: 'stacked' }),
  layerCase('lstm', [128, 128, 16, 50], { topology: 'bidirectional' }),
  layerCase('lstm', [128, 128, 16, 50], { ragged: true }),
  charStep,
  trainCase(1),
  trainCase(2),
  kernels,
  productCase(512),
  ...[25, 100, 400, 1600].map(T => layerCase('lstm', [64, 64, 1, T], { series: { along: 'T', at: T } })),
  ...[10_000, 100_000].map(T => layerCase('lstm', [64, 64, 1, T], { series: { along: 'T', at: T }, full: true })),
  ...[1, 4, 16, 64].map(B => layerCase('lstm', [64, 64, B, 50], { series: { along: 'B', at: B } })),
  ...[32, 64, 128, 256].map(m => layerCase('lstm', [m, m, 16, 25], { series: { along: 'm', at: m } })),
  ...THREADS.map(workers =>
    layerCase('lstm', [128, 128, 64, 50], { workers, series: { along: 'workers', at: workers } }),
  ),
];

/**
 * The cases that are asked for: those of a name, `full` or not; those whose names begin so; all.
 *
 * @throws ValueError when a name is the beginning of none.
 */
export function chosenCases(
  only: readonly string[] | undefined,
  everything: boolean,
  known: readonly Case[] = cases,
): readonly Case[] {
  const offered = known.filter(({ full }) => everything || !full);
  if (!only) return offered;
  const chosen = only.flatMap(name => {
    const exactly = known.filter(each => each.name === name);
    const found = exactly.length > 0 ? exactly : offered.filter(each => each.name.startsWith(name));
    if (found.length === 0) {
      throw new ValueError(
        '--only',
        `names of cases: ${known.map(each => each.name).join(', ')}`,
        JSON.stringify(name),
      );
    }
    return found;
  });
  return known.filter(each => chosen.includes(each));
}
