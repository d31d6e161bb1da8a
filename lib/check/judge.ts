/**
 * Claims about gradients, judged exactly: over the integers modulo a prime, where equality is no accident. What is claimed,
 * times a random direction, must be how the loss changes along it. Derived in `derivations/verification.md`, "Exact proof".
 */

import type { Value } from '../equations/symbol.ts';
import { greatest, least } from '../extremes.ts';
import { Random } from '../random.ts';
import { type Degree, degreeOf, drawn } from './degree.ts';
import {
  ancestorsOf,
  derivative,
  evaluated,
  inner,
  type Move,
  type Result,
  type Tables,
  tableIn,
  type Use,
} from './evaluation.ts';
import { DRAWS, type Field, fieldOf, NoInverse, PRIME, same } from './field.ts';
import { type Applied, degrees, floats, type Interpretation, interpretation, type Table } from './interpretation.ts';

/** The gradient of the loss in a value: in the whole of it, or through some of its uses alone. */
export interface GradientOf {
  readonly gradient: Value;
  readonly of: Value;
  readonly uses?: readonly Use[];
  /** What it was added to. */
  readonly before?: Value;
}

/** L = Σ ⟨cotangent, result⟩, and what is claimed of it. */
export interface Statement {
  readonly results: readonly Result[];
  readonly claims: readonly GradientOf[];
  /** Inputs that stand for gradients which are right: what a single line refers to. */
  readonly given?: readonly GradientOf[];
}

/**
 * `right` is proven. `unproven` is an equation that is right in floats, to ten digits, and no identity that follows from the
 * slopes of its functions alone: it rests on another property of one, such as σ(−a) = 1 − σ(a).
 */
export type Judgement = 'right' | 'wrong' | 'unproven';

/** How sure a judgement is. */
export interface Certainty {
  /** Draws of every number, made at once. */
  readonly draws: number;
  /** The degree, at most, of the polynomials that were compared. */
  readonly degree: number;
  /** The chance, at most, that something wrong passes. */
  readonly chance: number;
}

export interface Judged extends Certainty {
  /** One for every claim. */
  readonly judgements: readonly Judgement[];
}

/**
 * Judges claims, all at once and, where that fails, one by one. The cost is that of some evaluations of the equations.
 *
 * @throws NoInverse when a denominator is zero whatever is drawn; Unprovable when something that a claim rests on is a function of floats.
 */
export function judge(statement: Statement, seed: number = 1): Judged {
  const { results, claims } = statement;
  const values = ancestorsOf([
    ...results.flatMap(({ value, cotangent }) => [value, cotangent]),
    ...[...claims, ...(statement.given ?? [])].flatMap(({ gradient, of, before }) => [
      gradient,
      of,
      ...(before ? [before] : []),
    ]),
  ]);
  const few = certainty(statement, values, FEW);
  const batch = few.chance > RARE ? MANY : FEW;
  const judgements = redrawn(seed, field => {
    const reading = interpretation(field, batch);
    const tables = numbersOf(reading, values, statement, () => field.draw());
    const holds = (some: readonly GradientOf[]) =>
      agree(reading, values, tables, results, some, () => field.draw(), same);
    if (holds(claims)) return claims.map((): Judgement => 'right');
    const isRight = claims.map(claim => holds([claim]));
    return claims.map(
      (claim, n): Judgement =>
        isRight[n] ? 'right' : holdsInFloats(statement, values, claim, seed, batch) ? 'unproven' : 'wrong',
    );
  });
  return { judgements, ...(batch === FEW ? few : certainty(statement, values, batch)) };
}

/** Samples in a batch, and where indicators take their sides by chance enough of them that each is taken. */
const [FEW, MANY] = [2, 64];

/** A chance that is none: beyond it there are indicators. */
const RARE = 1e-12;

/** Something done with residues, again under another key where a denominator is zero. */
export function redrawn<R>(seed: number, of: (field: Field) => R): R {
  for (let attempt = 0; ; attempt++) {
    try {
      return of(fieldOf(seed * ATTEMPTS + attempt));
    } catch (error) {
      if (!(error instanceof NoInverse) || attempt === ATTEMPTS - 1) throw error;
    }
  }
}

/** Draws that may have a denominator of zero, each by chance: more are equations that divide by it. */
const ATTEMPTS = 8;

/** All values, where inputs that stand for gradients are those. */
function numbersOf<N>(
  reading: Interpretation<N>,
  values: readonly Value[],
  { results, given = [] }: Statement,
  draw: () => N,
): Tables<N> {
  const drawn = new Map(values.filter(({ input }) => input).map(value => [value, reading.input(value, draw)]));
  const before = evaluated(reading, values, value => drawn.get(value) as Table<N>);
  for (const { gradient, of, uses } of given) {
    drawn.set(gradient, elementwise(reading, values, before, results, { value: of, ...(uses && { uses }) }));
  }
  return given.length === 0 ? before : evaluated(reading, values, value => drawn.get(value) as Table<N>);
}

/** The gradient in a value, element by element: how the loss changes where one is moved by 1. */
export function elementwise<N>(
  reading: Interpretation<N>,
  values: readonly Value[],
  tables: Tables<N>,
  results: readonly Result[],
  { value, uses }: Omit<Move<N>, 'direction'>,
): Table<N> {
  const { numbers } = reading;
  const { rows, columns, data } = tableIn(tables, value);
  const gradient = data.map((_, n) => {
    const unit = data.map((_, k) => numbers.constant(k === n ? 1 : 0));
    const direction = { rows, columns, data: unit, get: (i: number, j: number) => unit[i * columns + j] as N };
    return derivative(reading, values, tables, results, [{ value, direction, ...(uses && { uses }) }]);
  });
  return { rows, columns, data: gradient, get: (i, j) => gradient[i * columns + j] as N };
}

/** Whether the loss changes along random directions in all of what is claimed by as much as the claims say. */
function agree<N>(
  reading: Interpretation<N>,
  values: readonly Value[],
  tables: Tables<N>,
  results: readonly Result[],
  claims: readonly GradientOf[],
  draw: () => N,
  equal: (claimed: N, real: N) => boolean,
): boolean {
  const [claimed, real] = bothSides(reading, values, tables, results, claims, draw);
  return equal(claimed, real);
}

function bothSides<N>(
  reading: Interpretation<N>,
  values: readonly Value[],
  tables: Tables<N>,
  results: readonly Result[],
  claims: readonly GradientOf[],
  draw: () => N,
): readonly [claimed: N, real: N] {
  const { numbers } = reading;
  const moves = claims.map(({ of, uses }) => ({
    value: of,
    direction: reading.input(of, draw),
    ...(uses && { uses }),
  }));
  const claimed = claims.reduce((sum, { gradient, before }, n) => {
    const { direction } = moves[n] as Move<N>;
    const whole = numbers.add(sum, inner(numbers, tableIn(tables, gradient), direction));
    return before ? numbers.sub(whole, inner(numbers, tableIn(tables, before), direction)) : whole;
  }, numbers.constant(0));
  const real = derivative(reading, values, tables, results, moves);
  return [claimed, real];
}

/** Floats agree to so many digits. */
const DIGITS = 1e-10;

function holdsInFloats(
  statement: Statement,
  values: readonly Value[],
  claim: GradientOf,
  seed: number,
  batch: number,
): boolean {
  const rng = new Random(seed);
  const reading = floats(batch);
  return Array.from({ length: DRAWS }, () => {
    const tables = numbersOf(reading, values, statement, () => rng.uniform() - 0.5);
    return agree(reading, values, tables, statement.results, [claim], () => rng.uniform(), near);
  }).every(Boolean);
}

/** What is not finite agrees: it says nothing. */
export const near = (a: number, b: number): boolean =>
  !Number.isFinite(a - b) || Math.abs(a - b) <= DIGITS * (1 + Math.abs(a) + Math.abs(b));

/** What the claims' degrees say of the chance that one of them is wrong and not seen to be. */
function certainty(statement: Statement, values: readonly Value[], batch: number): Certainty {
  const applied = noneApplied();
  const reading = degrees(batch, applied);
  const tables = numbersOf(reading, values, statement, drawn);
  const sides = bothSides(reading, values, tables, statement.results, statement.claims, drawn);
  return certaintyOf(sides, applied);
}

export const noneApplied = (): Applied => ({ elements: 0, degree: 0, choices: new Map() });

/** See "Exact proof" in `derivations/verification.md`. */
export function certaintyOf(sides: readonly Degree[], { elements, degree: argument, choices }: Applied): Certainty {
  const degree = greatest(sides.map(degreeOf));
  const pairs = (elements * elements) / 2;
  const each = degree / PRIME + pairs / 2 ** 32;
  const oneSided = 2 ** -least(choices.values());
  return { draws: DRAWS, degree, chance: Math.min(1, each ** DRAWS + pairs * (argument / PRIME) ** DRAWS + oneSided) };
}
