/**
 * A cell's gradients, checked where they are used: unrolled through time under the lecture's readout and cross-entropy.
 */
import { type Cell, type CellSize, requireCell, requireCellSize, tagsOf } from '../cells/cell.ts';
import { fitting } from '../cells/sizes.ts';
import { unroll } from '../layers/unroll.ts';
import { requireFunction, requireKnown, requireSize } from '../require.ts';
import { cellGradients, someWrongOf } from './cell-gradients.ts';
import { cellLaws } from './cell-laws.ts';
import { lawsOf } from './laws.ts';
import { type CellOracle, oracleLaw } from './oracle.ts';
import { asked, originsOfCell } from './origins.ts';
import { type Proof, type ProveCellOptions, proveCell } from './prove-cell.ts';
import { type CheckReport, outputsBefore, reported } from './report.ts';
import { requireScope, type Scope } from './scope.ts';
import { watchedCell } from './watched.ts';

/** The problem that a cell is checked on; every size is a positive integer. */
export interface CheckCellOptions extends Scope {
  /**
   * Steps, sequences, inputs, hidden units, classes. The last sequence of a batch ends early where T > 1. Inputs and units
   * that are not given are as many as the cell can have.
   */
  readonly T?: number;
  readonly B?: number;
  readonly d?: number;
  readonly m?: number;
  readonly C?: number;
  /** Fixes every number that is drawn. */
  readonly seed?: number;
  /** The forward step once more, in plain numbers: finite differences cannot see that the wrong function is differentiated. */
  readonly oracle?: CellOracle;
}

/**
 * Checks every gradient that a cell declares: first its equations, proven exactly, see {@link proveCell}; then, as floats
 * compute them, and the readout's beside them, against finite differences, along a random direction in each tensor where they
 * are proven and element by element where not, of
 *
 * L = Σ_t (−log p_t[y_t] + ⟨Q_t, o_t⟩ + ⟨R_t, h_t⟩) + ⟨r, s_T⟩
 *
 * with random parameters, inputs, initial state and targets, and random cotangents Q_t on every o_t, R_t on every h_t and
 * r on every part of the final state, or those that are named; and the laws of its passes, see {@link checkLaws}. Tensors are named as on the slides: W, U, b,
 * V, c, x, h0. What is wrong is tried again on ever smaller problems: the report's `smallest` names the equation to look at
 * where the gradients that are wrong in the shortest of them have one in common; its `proof` names lines.
 *
 * @throws ValueError when a size or the seed is none, or the cell is no cell; PassError when one of its passes throws, or
 * gives what is not finite; ShapeError when it returns what it did not declare. Both name the cell, the pass and the part.
 *
 * @example
 * ```ts
 * import { rnn } from 'bptt';
 * import { checkCell } from 'bptt/check';
 *
 * const { ok, restsOn, tensors } = checkCell(rnn);
 * console.log(ok, restsOn, tensors.map(({ name }) => name).join(' ')); // → true proof W U b V c x h0
 * ```
 */
export function checkCell<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  options: CheckCellOptions = {},
): CheckReport {
  const {
    T = 5,
    B = 3,
    C = 4,
    seed = 1,
    oracle,
    initial,
    cotangents,
    ...given
  } = requireKnown('options', options, ['T', 'B', 'd', 'm', 'C', 'seed', 'oracle', 'initial', 'cotangents']);
  if (oracle !== undefined) requireFunction('oracle', oracle);
  for (const [name, size] of Object.entries({ T, B, ...given, C })) requireSize(name, size);
  const own = requireCell('cell', cell) as Cell;
  const { d, m } = sizesFor(own, given);
  const names = () => [...Object.keys(watched.params({ d, m })), ...Object.keys(watched.state({ d, m })), 'x'];
  const origins = asked(tagsOf(own), names, () => originsOfCell(own, { d, m }));
  const watched = watchedCell(own, origins);
  const scope = requireScope({ initial, cotangents }, cotangents ? Object.keys(watched.state({ d, m })) : []);
  const proof = proofOf(own, { d, m }, { ...scope, seed });
  const judged = proof !== undefined && proof.verdict !== 'not provable';
  const report = reported(
    cell.name,
    { T, B, d, m, C, seed },
    {
      gradients: (problem, closely = false) =>
        cellGradients(watched, problem, { scope, along: judged && !closely, origins: () => origins(closely) }),
      someWrong: problem => someWrongOf(watched, problem, scope),
      idle: outputsBefore({ state: watched.state({ d, m }) }),
      scope,
      laws({ T = 1, B = 1, d = 1, m = 1, seed = 1 }, differentiated) {
        const fixed = given.d !== undefined || given.m !== undefined;
        const laws = [
          ...lawsOf(unroll(watched, { d, m }), { T, B, seed, recurrent: true }, { differentiated, scope }),
          ...cellLaws(watched, { T, B, d, m, seed, fixed, differentiated, scope }),
        ];
        return oracle ? [...laws, oracleLaw(watched, oracle, { T, B, d, m, seed })] : laws;
      },
    },
    watched.sizes ? [['d', 'm']] : [],
  );
  return proof ? withProof(report, proof) : report;
}

/** What is proven of a cell: in the library's choice of sizes, and where the cell cannot have that, in those of the check. */
function proofOf(cell: Cell, size: CellSize, options: ProveCellOptions): Proof | undefined {
  for (const sizes of [{}, size]) {
    try {
      const proof = proveCell(cell, { ...sizes, ...options });
      if (proof.verdict !== 'not provable' || sizes === size) return proof;
    } catch {
      // what it does wrong, its passes say when they are watched
    }
  }
  return undefined;
}

/** A mistake that is proven is one, though floats may hide it. */
function withProof(report: CheckReport, proof: Proof): CheckReport {
  if (proof.verdict === 'wrong') return { ...report, ok: false, verdict: 'wrong', proof, restsOn: 'proof' };
  const restsOn = report.ok && proof.ok ? 'proof' : 'finite differences';
  return { ...report, proof, restsOn };
}

/** The sizes that were given, and for those that were not some that the cell can have with them. */
function sizesFor(cell: Cell, { d, m }: Partial<CellSize>): CellSize {
  const wanted = { d: d ?? 4, m: m ?? 5 };
  if (d !== undefined && m !== undefined) return requireCellSize(wanted, cell);
  return fitting(cell, wanted, d !== undefined ? 'd' : m !== undefined ? 'm' : undefined);
}
