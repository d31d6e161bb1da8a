/** The problems that a cell is proven on: what is drawn for them, what is judged of them, and how sure that is. */

import type { CellSize } from '../cells/cell.ts';
import { COUNT } from '../cells/timed.ts';
import type { Equations } from '../equations/record.ts';
import type { Input, Value } from '../equations/symbol.ts';
import { greatest, least } from '../extremes.ts';
import { Random } from '../random.ts';
import { along, alongGradient, backward, type Each, forward, type Parts, type Run } from './chain.ts';
import { drawn } from './degree.ts';
import { DRAWS, NoInverse, same, Unprovable } from './field.ts';
import { degrees, floats, type Interpretation, interpretation, type Table } from './interpretation.ts';
import { type Certainty, certaintyOf, near, noneApplied, redrawn } from './judge.ts';
import { looksAt, type Scope } from './scope.ts';

/** A problem: its sizes, which sequences end before the last step, and what there is besides x. */
export interface Case extends CellSize {
  readonly T: number;
  readonly B: number;
  readonly lengths?: readonly number[];
  readonly oneHot?: boolean;
  readonly s0?: boolean;
  readonly dsT?: boolean;
  /** Whether the time is a part of the state, in which nothing has a gradient. */
  readonly counts?: boolean;
  readonly scope?: Scope;
}

/**
 * One step of everything, in several sizes: d = m and not, units that are no power of two, and more than fill a vector. An
 * equation that is wrong over many steps is wrong in one of these, so that they say how sure the proof is.
 */
export const STEPS: readonly Case[] = [
  { d: 3, m: 3, T: 1, B: 4, s0: true, dsT: true },
  { d: 2, m: 5, T: 1, B: 4, s0: true, dsT: true },
  { d: 5, m: 17, T: 1, B: 1, s0: true, dsT: true },
  { d: 2, m: 1, T: 1, B: 8, s0: true, dsT: true },
];

/** Chains of them: with and without lengths, s_0 and dL/ds_T, of dense and of one-hot rows. */
export const CHAINS: readonly Case[] = [
  { d: 3, m: 3, T: 4, B: 3, lengths: [4, 2, 3], s0: true, dsT: true },
  { d: 2, m: 5, T: 3, B: 2, oneHot: true, s0: true },
  { d: 2, m: 5, T: 2, B: 1, dsT: true },
  { d: 2, m: 1, T: 30, B: 1 },
  { d: 2, m: 1, T: 11, B: 2, lengths: [5, 11], oneHot: true, dsT: true },
];

/** Elements that an indicator is to have in all, each of which may take either side, and times that steps are proven for it. */
const CHOICES = 57;
const ROUNDS = 15;

/** What came of a case. */
export interface Found {
  readonly tensors: readonly string[];
  readonly wrong: readonly string[];
  /** Whether what is wrong is right in floats. */
  readonly inFloats: boolean;
}

/** One case; where it divides by a state of zeros, with another state. */
export function proven(equations: Equations, given: Case, seed: number): Found {
  try {
    return redrawn(seed, field => {
      const judged = judgedIn(interpretation(field, given.B), equations, given, {
        draw: field.draw,
        equal: same,
        seed,
      });
      const { tensors, wrong } = judged();
      return { tensors, wrong, inFloats: wrong.length > 0 && holdsInFloats(equations, given, seed, wrong) };
    });
  } catch (error) {
    if (!(error instanceof NoInverse)) throw error;
    if (!startsWith(given) && given.scope?.initial !== 'zero') return proven(equations, { ...given, s0: true }, seed);
    throw new Unprovable('it divides by zero');
  }
}

/** How numbers are drawn, and when two of them are the same. */
interface Drawing<N> {
  readonly draw: () => N;
  readonly equal: (a: N, b: N) => boolean;
  readonly seed: number;
}

/** Which gradients, all of them or those that are named, are not how the loss changes. */
function judgedIn<N>(reading: Interpretation<N>, equations: Equations, given: Case, { draw, equal, seed }: Drawing<N>) {
  const run = runOf(reading, equations, given, draw, new Random(seed));
  const steps = forward(reading, equations, run);
  const gradient = backward(reading, equations, run, steps);
  const direction = directionOf(reading, equations, given, draw);
  const agrees = (some: Each<N>) =>
    equal(alongGradient(reading, gradient, some), along(reading, equations, run, steps, some));
  const each = Object.entries(oneByOne(direction));
  return (names?: readonly string[]) => ({
    tensors: each.map(([name]) => name),
    wrong: agrees(direction)
      ? []
      : each.flatMap(([name, one]) => ((names?.includes(name) ?? true) && !agrees(one) ? [name] : [])),
  });
}

/** Sizes of what is drawn in floats: small and large, so that indicators take both sides. */
const SPREADS: readonly number[] = [0.5, 1, 2, 4, 0.5, 1, 2, 4];

/** Whether what is wrong is right in floats, where an equation may hold by more than the slopes of its functions. */
function holdsInFloats(equations: Equations, given: Case, seed: number, wrong: readonly string[]): boolean {
  const rng = new Random(seed);
  return SPREADS.every(spread => {
    const draw = () => spread * (2 * rng.uniform() - 1);
    return judgedIn(floats(given.B), equations, given, { draw, equal: near, seed })(wrong).wrong.length === 0;
  });
}

/** Whether there is a state before the first step that is not zero. */
const startsWith = ({ s0 = false, scope }: Case): boolean => s0 && scope?.initial !== 'zero';

/** What is run on, and one-hot rows where that is asked for. */
function runOf<N>(reading: Interpretation<N>, equations: Equations, given: Case, draw: () => N, rng: Random): Run<N> {
  const { T, B, d, lengths, oneHot, dsT, scope = {} } = given;
  const { constant } = reading.numbers;
  const drawn = (role: Input['role'], isDrawn: boolean = true) =>
    partsOf(equations, role, value => reading.input(value, isDrawn ? draw : () => constant(0)));
  const times = Array.from({ length: T }, (_, t) => t);
  const hot = Array.from({ length: T * B }, () => Math.floor(d * rng.uniform()));
  const step = (t: number) => {
    let n = 0;
    return partsOf(equations, 'x', value =>
      reading.input(value, () => {
        const [b, j] = [Math.floor(n / d), n++ % d];
        return constant(hot[t * B + b] === j ? 1 : 0);
      }),
    );
  };
  return {
    p: drawn('p'),
    x: times.flatMap(t => Object.values(oneHot ? step(t) : drawn('x'))),
    s0: drawn('prev', startsWith(given)),
    R: times.flatMap(() => drawn('dnext').h ?? []),
    r: partsOf(equations, 'dnext', value =>
      reading.input(value, dsT && looksAt(scope, value.input?.name ?? '') ? draw : () => constant(0)),
    ),
    dp: drawn('dp'),
    rows: times.map(t => {
      const left = lengths?.flatMap((length, b) => (t < length ? [b] : []));
      return left && left.length < B ? left : undefined;
    }),
  };
}

/** A direction in all that has a gradient. Of one-hot rows and of a state of zeros none is asked: they may lie at a kink. */
function directionOf<N>(reading: Interpretation<N>, equations: Equations, given: Case, draw: () => N): Each<N> {
  const drawn = (role: Input['role']) => partsOf(equations, role, value => reading.input(value, draw));
  const { [COUNT]: count, ...others } = drawn('prev');
  const state = count && !given.counts ? { ...others, [COUNT]: count } : others;
  return {
    p: drawn('p'),
    x: given.oneHot ? [] : Array.from({ length: given.T }, () => drawn('x')).flatMap(parts => Object.values(parts)),
    s0: startsWith(given) ? state : {},
  };
}

/** The direction cut up by tensors. */
function oneByOne<N>({ p, x, s0 }: Each<N>): Readonly<Record<string, Each<N>>> {
  const none = { p: {}, x: [], s0: {} };
  const each: Record<string, Each<N>> = {};
  for (const [name, own] of Object.entries(p)) each[name] = { ...none, p: { [name]: own } };
  if (x.length > 0) each.x = { ...none, x };
  for (const [name, own] of Object.entries(s0)) each[`${name}0`] = { ...none, s0: { [name]: own } };
  return each;
}

function partsOf<N>({ values }: Equations, role: Input['role'], table: (value: Value) => Table<N>): Parts<N> {
  const own = values.filter(({ input }) => input?.role === role);
  return Object.fromEntries(own.map(value => [value.input?.name ?? '', table(value)]));
}

/** How sure the proof is: as it is of the size that it is least sure of. */
export function certaintyIn(
  cases: readonly Case[],
  equationsFor: (size: CellSize) => Equations,
): Certainty & { readonly rounds: number } {
  const all = cases.map(given => {
    const applied = noneApplied();
    const reading = degrees(given.B, applied);
    const equations = equationsFor(given);
    const run = runOf(reading, equations, given, drawn, new Random(1));
    const direction = directionOf(reading, equations, given, drawn);
    const steps = forward(reading, equations, run);
    const claimed = alongGradient(reading, backward(reading, equations, run, steps), direction);
    const choices = least(applied.choices.values());
    const sides = [claimed, along(reading, equations, run, steps, direction)];
    return { choices, ...certaintyOf(sides, { ...applied, choices: new Map() }) };
  });
  const choices = all.reduce((sum, one) => sum + one.choices, 0);
  const rounds = Math.min(ROUNDS, Math.ceil(Math.max(1, CHOICES / choices)));
  return {
    rounds,
    draws: DRAWS,
    degree: greatest(all.map(({ degree }) => degree)),
    chance: Math.min(1, greatest(all.map(({ chance }) => chance)) + 2 ** -(choices * rounds)),
  };
}
