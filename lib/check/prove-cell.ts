/** A cell's recorded equations, proven exactly: no step size, no tolerance, no rounding. */
import { type Cell, type CellSize, requireCell, requireCellSize } from '../cells/cell.ts';
import { fitting as nearest } from '../cells/sizes.ts';
import { type Equations, record } from '../equations/record.ts';
import { requireInteger, requireKnown, requireSize } from '../require.ts';
import { type Case, CHAINS, certaintyIn, type Found, proven, STEPS } from './cases.ts';
import { Unprovable } from './field.ts';
import type { Certainty } from './judge.ts';
import { isNarrow, requireScope, type Scope } from './scope.ts';
import { type Suspect, suspectsIn } from './suspects.ts';

/** What a proof is made with. */
export interface ProveCellOptions extends Scope {
  /** Inputs and units, where the cell cannot have the library's own choice of them; several of each unless given. */
  readonly d?: number;
  readonly m?: number;
  /** Fixes every number that is drawn. */
  readonly seed?: number;
}

/** What was proven of a gradient. */
export interface ProvenTensor {
  /** As on the slides, and as `checkCell` has it: W, U, b, x, h0. */
  readonly name: string;
  readonly ok: boolean;
}

/** The verdict of a proof. */
export interface Proof extends Certainty {
  readonly ok: boolean;
  /**
   * `not provable` where the cell has no equations that can be written down, or they rest on more than the slopes of their
   * functions: finite differences are left to judge it then.
   */
  readonly verdict: 'proven' | 'wrong' | 'not provable';
  readonly name: string;
  /** Why it is not provable, in half a sentence. */
  readonly reason?: string;
  /** Problems of different sizes that it was proven on. */
  readonly cases: number;
  readonly tensors: readonly ProvenTensor[];
  /** Where something is wrong, the lines of backward to look at, the likeliest first; see {@link Suspect}. */
  readonly suspects: readonly Suspect[];
}

/**
 * Proves the backward pass of a cell from its own equations, recorded as it runs: every gradient of
 *
 * L = Σ_t ⟨R_t, h_t⟩ + ⟨r, s_T⟩
 *
 * with random cotangents, in every parameter, in every x_t and in every part of s_0, over the integers modulo a prime. An
 * elementary function is a random one with the slope of its own. What is claimed times a random direction must be how L
 * changes along it, exactly: one unit in one element is seen. One pass along a direction in all tensors at once proves them
 * all, since what is wrong would have to cancel there; where that fails, one for each names the wrong ones.
 *
 * Of a loss that is told to look at a part of the state only, or to begin with zeros, the chance is that of whole chains of steps: a
 * line that is wrong for any other loss may be right for it.
 *
 * It judges the equations, not how floats compute them: that is left to {@link checkCell}, which does both.
 *
 * @returns what was proven, and the chance at most that something wrong was not seen; of a cell that looks at single
 * elements, or uses a function of JavaScript's, why nothing can be.
 * @throws ValueError when the cell or the seed is none; ShapeError, ValueError when the cell has no parameters or state.
 *
 * @example
 * ```ts
 * import { lstm } from 'bptt';
 * import { proveCell } from 'bptt/check';
 *
 * const { verdict, draws, chance } = proveCell(lstm);
 * console.log(verdict, draws, chance < 1e-12); // → proven 3 true
 * ```
 */
export function proveCell<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  options: ProveCellOptions = {},
): Proof {
  const {
    seed = 1,
    initial,
    cotangents,
    ...given
  } = requireKnown('options', options, ['d', 'm', 'seed', 'initial', 'cotangents']);
  requireInteger('seed', seed, 0, 2 ** 32 - 1);
  for (const [name, size] of Object.entries(given)) requireSize(name, size);
  const own = requireCell('cell', cell) as Cell;
  const scope = requireScope({ initial, cotangents }, cotangents ? partsOf(own, given) : []);
  const fitted = fitting(own, given, scope);
  const sure = isNarrow(scope) ? CHAINS : STEPS;
  const equationsFor = recording(own);
  try {
    const { rounds, ...certainty } = certaintyIn(sure.map(fitted), equationsFor);
    const again = Array.from({ length: rounds - 1 }, () => sure).flat();
    const found: Found[] = [];
    let suspects: readonly Suspect[] = [];
    for (const [n, problem] of [...STEPS, ...CHAINS, ...again].map(fitted).entries()) {
      const one = proven(equationsFor(problem), problem, seed + n);
      found.push(one);
      if (one.wrong.length === 0) continue;
      suspects = one.inFloats ? [] : suspectsIn(equationsFor(problem), seed + n);
      break;
    }
    return reported(own.name, found, certainty, suspects);
  } catch (error) {
    if (!(error instanceof Unprovable)) throw error;
    return { ok: false, verdict: 'not provable', name: own.name, reason: error.message, ...NOTHING };
  }
}

const NOTHING = { draws: 0, degree: 0, chance: 1, cases: 0, tensors: [], suspects: [] };

/** The parts of a cell's state. */
function partsOf(cell: Cell, given: Partial<CellSize>): readonly string[] {
  const [first = { d: 1, m: 1, T: 1, B: 1 }] = STEPS;
  return Object.keys(cell.state(fitting(cell, given)(first)));
}

/** A case in the sizes that are given, or the nearest that the cell can have. */
function fitting(cell: Cell, { d, m }: Partial<CellSize>, scope: Scope = {}): (wanted: Case) => Case {
  const kept = d !== undefined ? 'd' : m !== undefined ? 'm' : undefined;
  return wanted => {
    const size = { d: d ?? wanted.d, m: m ?? wanted.m };
    const near = d !== undefined && m !== undefined ? requireCellSize(size, cell) : nearest(cell, size, kept);
    return { ...wanted, ...near, counts: cell.time ?? false, scope };
  };
}

/** The cell's equations, recorded once for every size. */
function recording(cell: Cell): (size: CellSize) => Equations {
  const known = new Map<string, Equations>();
  return ({ d, m }) => {
    const before = known.get(`${d} ${m}`);
    if (before) return before;
    const { equations, reason } = record(cell, { d, m });
    if (!equations) throw new Unprovable(reason);
    known.set(`${d} ${m}`, equations);
    return equations;
  };
}

function reported(name: string, found: readonly Found[], certainty: Certainty, suspects: readonly Suspect[]): Proof {
  const wrong = new Set(found.flatMap(one => one.wrong));
  const tensors = [...new Set(found.flatMap(one => one.tensors))].map(tensor => ({
    name: tensor,
    ok: !wrong.has(tensor),
  }));
  const common = { name, ...certainty, cases: found.length, tensors, suspects };
  if (wrong.size === 0) return { ok: true, verdict: 'proven', ...common };
  if (!found.some(one => one.inFloats)) return { ok: false, verdict: 'wrong', ...common };
  const reason = `it rests on more than the slopes of its functions, in d${[...wrong].join(', d')}`;
  return { ok: false, verdict: 'not provable', reason, ...common };
}
