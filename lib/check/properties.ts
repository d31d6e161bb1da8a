/**
 * Gradient checks as properties of fast-check, for any test runner: sizes and seeds are drawn, and what fails is shrunk to
 * the smallest problem and replayed by fast-check's own seed and path. fast-check is an optional peer: install it to
 * import this.
 */
import fc from 'fast-check';
import { type Cell, requireCell } from '../cells/cell.ts';
import { fitting } from '../cells/sizes.ts';
import type { Layer } from '../layers/layer.ts';
import type { Loss } from '../losses/loss.ts';
import { requireKnown, requireSize } from '../require.ts';
import { type CheckCellOptions, checkCell } from './check-cell.ts';
import { type CheckLayerOptions, checkLayer } from './check-layer.ts';
import { type CheckLossOptions, checkLoss } from './check-loss.ts';
import { format } from './format.ts';
import type { CheckReport } from './report.ts';

/** A property for `fc.assert`. */
export type CheckProperty = fc.IProperty<[Readonly<Record<string, number>>]>;

/** What {@link cellProperty} may be told. */
export interface CellPropertyOptions extends Pick<CheckCellOptions, 'oracle'> {
  /** 1 unless given: more where a parameter has no effect on fewer, as a gain on a lone unit that is normalised. */
  readonly leastUnits?: number;
}

const size = (max: number) => fc.integer({ min: 1, max });
const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/**
 * {@link checkCell} holds for all sizes and seeds: 1–6 steps, 1–3 sequences, 1–4 inputs, units (from `leastUnits` on) and
 * classes, or the nearest that the cell can have.
 *
 * @throws ValueError when an option is none.
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { rnn } from 'bptt';
 * import { cellProperty } from 'bptt/check/properties';
 *
 * fc.assert(cellProperty(rnn), { numRuns: 10 });
 * ```
 */
export function cellProperty(cell: Cell, options: CellPropertyOptions = {}): CheckProperty {
  const { oracle, leastUnits = 1 } = requireKnown('options', options, ['oracle', 'leastUnits']);
  requireSize('leastUnits', leastUnits);
  const m = fc.integer({ min: leastUnits, max: leastUnits + 3 });
  const problem = fc.record({ T: size(6), B: size(3), d: size(4), m, C: size(4), seed });
  const near = (sizes: { readonly d: number; readonly m: number }) => fitting(requireCell('cell', cell), sizes);
  return holds(problem, ({ d, m, ...sizes }) =>
    checkCell(cell, { ...sizes, ...near({ d, m }), ...(oracle && { oracle }) }),
  );
}

/** {@link checkLayer} holds for all numbers of steps and sequences, and seeds. */
export function layerProperty(layer: Layer, options: Omit<CheckLayerOptions, 'T' | 'B' | 'seed'> = {}): CheckProperty {
  return holds(fc.record({ T: size(6), B: size(3), seed }), sizes => checkLayer(layer, { ...options, ...sizes }));
}

/** {@link checkLoss} holds for all sizes and seeds. */
export function lossProperty<Target>(loss: Loss<Target>, target: CheckLossOptions<Target>['target']): CheckProperty {
  const problem = fc.record({ T: size(6), B: size(3), F: fc.integer({ min: 2, max: 5 }), seed });
  return holds(problem, sizes => checkLoss(loss, { ...sizes, target }));
}

const FOUND = { ok: 'right', wrong: 'wrong', 'too noisy': 'too noisy to judge' } as const;

function holds<Sizes extends Record<string, number>>(
  problem: fc.Arbitrary<Sizes>,
  check: (sizes: Sizes) => CheckReport,
): CheckProperty {
  return fc.property(problem, sizes => {
    const report = check(sizes);
    if (!report.ok) throw new Error(`${report.name} is ${FOUND[report.verdict]}\n${format(report)}`);
  });
}
