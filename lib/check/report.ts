/** What a check has found, and what a wrong one shrinks to. */
import type { Tag } from '../cells/cell.ts';
import { BpttError } from '../errors.ts';
import type { Layer } from '../layers/layer.ts';
import { type GradientReport, type TensorReport, type Verdict, worstOf } from './finite-differences.ts';
import type { Law } from './law.ts';
import type { Proof } from './prove-cell.ts';
import { isNarrow, type Scope } from './scope.ts';

/** The sizes of a problem and the seed of its numbers: what replays it. */
export type Problem = Readonly<Record<string, number>>;

/** The verdict on a cell, a layer or a loss. */
export interface CheckReport extends GradientReport {
  /** Whether every gradient agrees with finite differences and every law holds: false, too, where that could not be seen. */
  readonly ok: boolean;
  /** `wrong` where a gradient is, or a law broken; `too noisy` where none is, and of some it could not be judged. */
  readonly verdict: Verdict;
  readonly name: string;
  readonly problem: Problem;
  /** Where the loss was told to look at a part of the state only, or to begin with zeros: what it was told. */
  readonly scope?: Scope;
  /** Every gradient against finite differences. */
  readonly tensors: readonly TensorReport[];
  readonly laws: readonly Law[];
  /** Of a cell: what is proven of its equations. */
  readonly proof?: Proof;
  /**
   * What the verdict on a cell's gradients rests on: the proof of its equations, or where there is none, or floats do not
   * compute what was proven, finite differences.
   */
  readonly restsOn?: 'proof' | 'finite differences';
  /** Where something is wrong: the smallest problem in which it still is. */
  readonly smallest?: Smallest;
}

/** A wrong problem that cannot be made smaller without being right. */
export interface Smallest {
  readonly problem: Problem;
  readonly tensors: readonly TensorReport[];
  /** Tried where it is a law that is broken, and not a gradient wrong. */
  readonly laws: readonly Law[];
  /**
   * The equations that all the wrong gradients of this problem, and none of the right ones, come from or go through. In
   * one step there is no recursion to carry a mistake elsewhere, so that is where to look. Empty where there is none, and of a
   * layer with a loop through time of its own, which may be at fault.
   */
  readonly suspects: readonly Tag[];
  /** The cell that such a layer takes its steps from, where it is proven: the loop is wrong then, and not the step. */
  readonly provenStep?: string;
}

/** What is known of a loop that is not the library's. */
export interface OwnLoop {
  readonly provenStep?: string | undefined;
}

/** How a subject is checked on a problem of some sizes. */
export interface Checks {
  /** With `closely`, element by element, and with the equations that each goes through, where they can be read. */
  gradients(problem: Problem, closely?: boolean): readonly TensorReport[];
  /** Whether one of them is wrong. */
  someWrong(problem: Problem): boolean;
  /** @param differentiated whether those are tried that differentiate too: a gradient that is known to be wrong breaks them all. */
  laws(problem: Problem, differentiated: boolean): readonly Law[];
  /** The tensors that may be without effect. */
  readonly idle?: readonly string[];
  readonly scope?: Scope;
  /** Of a subject that has a loop through time of its own; asked where something is wrong. */
  ownLoop?(): OwnLoop | undefined;
}

/**
 * Checks on the problem given and, where something is wrong, on ever smaller ones.
 *
 * @param together sizes of which one may hang on another: they are made smaller together.
 */
export function reported(
  name: string,
  problem: Problem,
  { gradients, someWrong, laws, idle = [], scope = {}, ownLoop }: Checks,
  together: readonly (readonly string[])[] = [],
): CheckReport {
  const narrow = isNarrow(scope); // such a loss may not see all that there is
  const told = narrow ? { scope } : {};
  const found = (at: Problem) => {
    const tensors = gradients(at);
    const moving = tensors.filter(({ name }) => !idle.includes(name));
    const others = (n: number) => gradients({ ...at, seed: (at.seed ?? 0) + n });
    return {
      tensors,
      laws: [...laws(at, !tensors.some(isWrong)), ...(narrow ? [] : [effects(moving, others)])],
    };
  };
  const all = found(problem);
  const gradient = worstOf(all.tensors.map(tensor => tensor.verdict));
  const verdict = worstOf([gradient, ...all.laws.map(lawVerdict)]);
  if (verdict !== 'wrong') return { ok: verdict === 'ok', verdict, name, problem, ...told, ...all };
  const wrong =
    gradient === 'wrong' ? someWrong : (at: Problem) => found(at).laws.some(law => lawVerdict(law) === 'wrong');
  const alone = (names: readonly string[]) => names.filter(name => !together.flat().includes(name)).map(name => [name]);
  const short = shrunk(problem, alone(['T', 'B']), wrong);
  const least = shrunk(short, [...alone(Object.keys(problem)), ...together], wrong);
  const guesses = new Map(gradients(short, true).map(({ name, guess }) => [name, guess]));
  const guessed = (tensors: readonly TensorReport[]) =>
    tensors.map(({ guess: own, ...tensor }) => {
      const guess = !isWrong(tensor) ? undefined : (guesses.get(tensor.name) ?? own);
      return { ...tensor, ...(guess && { guess }) };
    });
  const own = ownLoop?.();
  const smallest = gradient === 'wrong' ? { tensors: gradients(least, true), laws: [] } : found(least);
  return {
    ok: false,
    verdict,
    name,
    problem,
    ...told,
    tensors: guessed(all.tensors),
    laws: all.laws,
    smallest: {
      problem: least,
      tensors: guessed(smallest.tensors),
      laws: smallest.laws,
      suspects: own ? [] : suspects(smallest.tensors),
      ...(own?.provenStep !== undefined && { provenStep: own.provenStep }),
    },
  };
}

/** Whether a gradient is known to be wrong. */
export const isWrong = ({ verdict }: TensorReport): boolean => verdict === 'wrong';

/** The verdict on one law. */
export function lawVerdict({ ok, noise }: Law): Verdict {
  if (ok) return 'ok';
  return noise ? 'too noisy' : 'wrong';
}

/** A derivative below this is none: the rounding of a difference between numbers that are the same. */
const NONE = 1e-9;

/** How many draws may leave a tensor without effect, as those that leave a small layer of ReLUs dead do. */
const DRAWS = 12;

/**
 * The outputs of the step before, where a layer's state has other parts: what it carries may be these alone, as in a linear
 * recurrence whose output is read off its state.
 */
export function outputsBefore({ state, counts = [] }: Pick<Layer, 'state' | 'counts'>): readonly string[] {
  const parts = Object.keys(state).filter(name => !counts.includes(name));
  const layerOf = (name: string) => name.slice(0, name.lastIndexOf('.') + 1);
  const isOutput = (name: string) => name === `${layerOf(name)}h`;
  const beside = (name: string) => parts.some(other => other !== name && layerOf(other) === layerOf(name));
  return parts.filter(name => isOutput(name) && beside(name)).map(name => `${name}0`);
}

/** What nothing depends on cannot be checked: a forward pass that ignores an argument, a loop that never runs. */
function effects(tensors: readonly TensorReport[], others: (n: number) => readonly TensorReport[]): Law {
  const idleIn = (draw: readonly TensorReport[]) =>
    draw.flatMap(({ name, largest, kinks, unjudged }) => (largest < NONE && kinks + unjudged === 0 ? [name] : []));
  let idle = idleIn(tensors);
  for (let n = 1; n <= DRAWS && idle.length > 0; n++) {
    const again = new Set(idleIn(others(n)));
    idle = idle.filter(name => again.has(name));
  }
  const name = 'everything has an effect';
  if (idle.length === 0) return { name, ok: true, worst: 0 };
  return { name, ok: false, worst: Number.POSITIVE_INFINITY, broken: idle.join(', ') };
}

/** The sizes named made as small as they can be with the problem still wrong, one list after the other. */
function shrunk(
  problem: Problem,
  sizes: readonly (readonly string[])[],
  wrong: (candidate: Problem) => boolean,
): Problem {
  let smallest = problem;
  for (const names of sizes.filter(([name]) => name !== 'seed')) {
    const candidate = smaller(smallest, names).find(candidate => !refused(candidate, wrong));
    if (candidate) smallest = candidate;
  }
  return smallest;
}

/** The problems with fewer of what is named, those with the fewest in all first. */
function smaller(problem: Problem, names: readonly string[]): readonly Problem[] {
  const total = (candidate: Problem) => names.reduce((sum, name) => sum + (candidate[name] ?? 0), 0);
  const each = (candidates: readonly Problem[], name: string) =>
    candidates.flatMap(candidate =>
      Array.from({ length: problem[name] ?? 0 }, (_, n) => ({ ...candidate, [name]: n + 1 })),
    );
  const all = names.reduce(each, [problem]);
  return all.filter(candidate => total(candidate) < total(problem)).sort((a, b) => total(a) - total(b));
}

/** Whether a candidate is right, or of a size that the subject does not take. */
function refused(candidate: Problem, wrong: (candidate: Problem) => boolean): boolean {
  try {
    return !wrong(candidate);
  } catch (error) {
    if (error instanceof BpttError) return true;
    throw error;
  }
}

/** See {@link Smallest.suspects}. */
function suspects(tensors: readonly TensorReport[]): Tag[] {
  const behind = ({ tag, via = [] }: TensorReport) => [...(tag ? [tag] : []), ...via];
  const judged = tensors.filter(({ verdict }) => verdict !== 'too noisy');
  const tags = [...new Set(judged.flatMap(behind))];
  return tags.filter(tag => judged.every(tensor => behind(tensor).includes(tag) === isWrong(tensor)));
}
