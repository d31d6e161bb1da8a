/** A statement judged by itself: what it says is equal is evaluated, with true gradients wherever it refers to one. */
import type { Dual } from '../check/dual.ts';
import { NoInverse, Unprovable } from '../check/field.ts';
import { editsOf, type Stock } from './edits.ts';
import { type Expression, walk } from './expression.ts';
import { Unread } from './latex.ts';
import type { Line } from './lines.ts';
import { type Block, isNumber, Misfit, shapeText } from './matrices.ts';
import { allNames, lettersOf, shownKey } from './names.ts';
import { exactly, type Ground, inFloats } from './numbers.ts';
import { type Manner, type Reading, readingsOf } from './readings.ts';
import { latexOf } from './show.ts';
import type { Size, Sizes } from './sizes.ts';
import { type Instance, keyIn, requireKnownNames, type System } from './system.ts';
import { type Layout, truthOf } from './truth.ts';
import { type Extents, NoStep, type Scope, type Setting, World } from './world.ts';

export type Verdict =
  /** By what the functions' slopes are, as numbers of a field. */
  | 'proven'
  /** In floats, where it rests on another property of a function. */
  | 'holds numerically'
  | 'wrong'
  /** It says what a name stands for. */
  | 'defines'
  | 'not read';

/** Where two sides differ. */
export interface Difference {
  /** `t = 2, k = f`. */
  readonly where: string;
  /** `[1,3]`, or nothing of a number. */
  readonly element: string;
  readonly left: number;
  readonly right: number;
}

export interface Judged {
  readonly verdict: Verdict;
  /** Why it is not read, or cannot be right. */
  readonly reason?: string;
  readonly at?: number;
  readonly difference?: Difference;
  /** One edit that would make it right. */
  readonly mended?: Mended;
  /** The extents with which it holds. */
  readonly reading?: Reading;
}

/** A line that is right, one edit away. */
export interface Mended {
  /** What is to be changed, in a few words. */
  readonly what: string;
  /** The right line, in LaTeX. */
  readonly latex: string;
}

/** Edits that are tried. */
const MOST_EDITS = 20_000;

/** Steps that are run. */
const STEPS = 3;

/** Judges the statements of one system in one layout. */
export class Judge {
  readonly #system: System;
  readonly #manner: Manner;
  readonly #misfits: Sizes['misfits'];
  readonly #exact: Bench<unknown>[];
  readonly #floats: Bench<number>;

  constructor(system: System, sizes: Sizes, manner: Manner, seed: number) {
    this.#misfits = sizes.misfits;
    const sizeOf = sizes.of;
    this.#system = system;
    this.#manner = manner;
    this.#exact = [0, 1, 2].map(n => new Bench(system, sizeOf, manner.layout, exactly(seed + n)) as Bench<unknown>);
    this.#floats = new Bench(system, sizeOf, manner.layout, inFloats(seed));
  }

  /** All that a statement says. */
  judge({ line, statement, of }: Instance): Judged {
    const { members, adds } = statement;
    const { defining } = this.#system;
    const [first, ...others] = members;
    const last = members.at(-1);
    if (!first) return { verdict: 'not read', reason: 'there is nothing' };
    const misfit = this.#misfits.get(line);
    if (misfit) return { verdict: 'wrong', ...misfit };
    const claims = others.filter(side => {
      if (defining.has(first)) return side !== last && !defining.has(side);
      return !(defining.has(side) && side !== last);
    });
    let judged: Judged = { verdict: 'defines' };
    const [unfit] = this.#misfits.keys();
    if (unfit && claims.length > 0) return { verdict: 'not read', reason: `the shapes of ${unfit.name} cannot fit` };
    const twice = this.#definedBefore(line, first);
    if (twice) return { verdict: 'not read', reason: twice, at: first.at };
    for (const right of claims) judged = worse(judged, this.claim(first, right, adds, of));
    return judged;
  }

  /** Says so where a forward equation defines a name that another does define. */
  #definedBefore({ letter, prefix, name }: Line, first: Expression): string | undefined {
    if (letter !== 'F' || first.kind !== 'name' || this.#system.defining.has(first)) return undefined;
    const key = keyIn(first.name, this.#system.vocabulary);
    const before = this.#system.definitions.get(key)?.find(({ line }) => line.letter === 'F' && line.prefix === prefix);
    return before && before.line.name !== name
      ? `${shownKey(key)} is defined a second time, after ${before.line.name}`
      : undefined;
  }

  /** Whether one side is the other. */
  claim(left: Expression, right: Expression, adds: boolean, of: string): Judged {
    try {
      requireKnownNames(left, this.#system);
      requireKnownNames(right, this.#system);
    } catch (error) {
      return unreadable(error);
    }
    const readings = readingsOf(left, right, adds, this.#manner);
    const exact = this.#exactly(left, right, readings);
    if (exact?.verdict === 'proven' || exact?.verdict === 'not read') return exact;
    for (const reading of readings) {
      const difference = this.#floats.difference(left, right, reading);
      if (difference === undefined) return { verdict: 'holds numerically', reading };
      if (difference instanceof Error)
        return { ...unreadable(difference), ...(difference instanceof Misfit && { verdict: 'wrong' as const }) };
    }
    const [usual] = readings;
    const difference = usual && this.#floats.difference(left, right, usual);
    const where = [of, difference && !(difference instanceof Error) ? difference.where : ''].filter(Boolean).join(', ');
    return {
      verdict: 'wrong',
      ...(difference && !(difference instanceof Error) && { difference: { ...difference, where } }),
    };
  }

  /** The nearest right line, of a statement that is wrong; nothing where no single edit mends it. */
  mend({ statement }: Instance, stock: Stock): Mended | undefined {
    const [left, ...others] = statement.members;
    const right = others.find(side => left && this.claim(left, side, statement.adds, '').verdict === 'wrong');
    if (!left || !right) return undefined;
    const sign = statement.adds ? '\\mathrel{+}=' : '=';
    const [usual] = readingsOf(left, right, statement.adds, this.#manner);
    const least = usual ? this.#floats.compared(left, right, usual, true).moments : 0;
    let tried = 0;
    for (const { what, to } of editsOf(right, stock)) {
      tried++;
      if (tried > MOST_EDITS) return undefined;
      if ([...walk(to)].some(part => part.kind === left.kind && latexOf(part) === latexOf(left))) continue; // that is no news
      if (this.#wouldHold(left, to, statement.adds, least))
        return { what, latex: `${latexOf(left)} ${sign} ${latexOf(to)}` };
    }
    for (const { what, to } of editsOf(left, { factors: [], terms: [] })) {
      if (to.kind !== 'gradient' && to.kind !== 'given' && to.kind !== 'transpose') continue;
      if (this.#wouldHold(to, right, statement.adds, least))
        return { what, latex: `${latexOf(to)} ${sign} ${latexOf(right)}` };
    }
    return undefined;
  }

  /** Whether a right side would be right in one of the readings, in floats, at so many moments. */
  #wouldHold(left: Expression, right: Expression, adds: boolean, least: number): boolean {
    try {
      return readingsOf(left, right, adds, this.#manner).some(reading => {
        const { found, moments } = this.#floats.compared(left, right, reading, false);
        return found === undefined && moments >= least;
      });
    } catch (error) {
      if (error instanceof Unprovable || error instanceof NoInverse) return false;
      throw error;
    }
  }

  #exactly(left: Expression, right: Expression, readings: readonly Reading[]): Judged | undefined {
    for (const bench of this.#exact) {
      try {
        for (const reading of readings) {
          const difference = bench.difference(left, right, reading);
          if (difference === undefined) return { verdict: 'proven', reading };
          if (difference instanceof Error) {
            return difference instanceof Misfit ? undefined : unreadable(difference);
          }
        }
        return undefined;
      } catch (error) {
        if (error instanceof Unprovable) return undefined;
        if (!(error instanceof NoInverse)) throw error;
      }
    }
    return undefined;
  }
}

/** One kind of numbers, with the true gradients over them. */
class Bench<N> {
  readonly #setting: Setting<N>;
  readonly #world: World<N>;
  readonly #truth: ReturnType<typeof truthOf<N>>;

  constructor(system: System, sizeOf: (key: string) => Size, layout: Layout, ground: Ground<N>) {
    this.#setting = { system, sizeOf, ground, last: STEPS };
    this.#truth = truthOf(this.#setting, layout);
    this.#world = new World(this.#setting, undefined, this.#truth);
  }

  /** The first place where two sides differ; nothing where they do nowhere; or why they cannot be compared. */
  difference(left: Expression, right: Expression, reading: Reading): Difference | Error | undefined {
    return this.compared(left, right, reading, false).found;
  }

  /** The same, and at how many moments the sides could be compared: all of them where `whole`, else up to the first difference. */
  compared(
    left: Expression,
    right: Expression,
    reading: Reading,
    whole: boolean,
  ): { readonly found: Difference | Error | undefined; readonly moments: number } {
    let compared = 0;
    let first: Difference | undefined;
    for (const times of this.#moments(left, right)) {
      try {
        const found = this.#at(left, right, reading, times);
        compared++;
        if (!found || first) continue;
        first = { ...found, where: [...times].map(([letter, time]) => `${letter} = ${time}`).join(', ') };
        if (!whole) break;
      } catch (error) {
        if (error instanceof NoStep) continue;
        if (error instanceof Misfit || error instanceof Unread || error instanceof RangeError) {
          return { found: error, moments: compared };
        }
        throw error;
      }
    }
    const none = compared === 0 ? new Unread('there is no step at which all of it is there', left.at) : undefined;
    return { found: first ?? none, moments: compared };
  }

  #at(
    left: Expression,
    right: Expression,
    reading: Reading,
    times: ReadonlyMap<string, number>,
  ): Omit<Difference, 'where'> | undefined {
    const scope = (extents: Extents): Scope => ({
      times,
      reader: { key: '', step: Number.POSITIVE_INFINITY },
      extents,
    });
    const { algebra } = this.#world;
    const { ground } = this.#setting;
    const valueOfLeft = this.#left(left, right, reading, scope(reading.extents));
    const valueOfRight = this.#world.evaluate(right, scope(reading.extents));
    const [a, b] = [valueOfLeft, valueOfRight].map((block, n, both) => {
      const other = both[1 - n];
      return other && (block.fits || isNumber(block)) && !other.fits
        ? algebra.sized(block, other.rows, other.columns)
        : block;
    });
    if (!a || !b) return undefined;
    if (a.rows !== b.rows || a.columns !== b.columns || a.fits !== b.fits)
      throw new Misfit(`the left side is ${shapeText(a)}, the right side ${shapeText(b)}`);
    for (const [n, x] of a.data.entries()) {
      const y = b.data[n];
      if (y && ground.same(x.value, y.value)) continue;
      const element =
        a.data.length > 1
          ? `[${[Math.floor(n / a.columns) + 1, (n % a.columns) + 1].filter((_, k) => (k === 0 ? a.rows : a.columns) > 1)}]`
          : '';
      return { element, left: Number(x.value), right: Number(y?.value) };
    }
    return undefined;
  }

  /** The left side, whose own gradient is the one in question. */
  #left(left: Expression, right: Expression, { left: extent }: Reading, scope: Scope): Block<Dual<N>> {
    const own = { ...scope, extents: { gradient: extent, given: extent, immediate: extent, jacobian: extent } };
    if (left.kind !== 'gradient' && left.kind !== 'given' && left.kind !== 'jacobian')
      return this.#world.evaluate(left, scope);
    const zero = this.#setting.ground.numbers.constant(0);
    const dual = (block: Block<N>) => ({ ...block, data: block.data.map(value => ({ value, tangent: zero })) });
    if (left.kind === 'jacobian') {
      const [of, by] = [this.#world.momentOf(left.of, scope), this.#world.momentOf(left.by, scope)];
      return dual(this.#truth.jacobian(of, by, extent, left.vec));
    }
    if (extent !== 'through') return this.#world.evaluate(left, own);
    const { key, time } = this.#world.aliased(
      this.#world.momentOf(left.kind === 'gradient' ? left.by : left.of, scope),
    );
    const through = [...walk(right)].flatMap(part =>
      part.kind === 'gradient'
        ? [keyIn(part.by, this.#setting.system.vocabulary)]
        : part.kind === 'given'
          ? [keyIn(part.of, this.#setting.system.vocabulary)]
          : [],
    );
    return dual(this.#truth.gradient(key, time, 'through', through));
  }

  /** The steps of all letters that stand for one and are bound by nothing. */
  #moments(left: Expression, right: Expression): readonly ReadonlyMap<string, number>[] {
    const { vocabulary } = this.#setting.system;
    const parts = [left, right];
    const names = parts.flatMap(allNames);
    const bound = new Set(
      parts.flatMap(part => [...walk(part)].flatMap(inner => (inner.kind === 'over' ? [inner.range.index] : []))),
    );
    const letters = new Set(
      names.flatMap(name => [...lettersOf(name).filter(letter => letter === 't'), ...vocabulary.freeTimes(name)]),
    );
    const free = [...letters].filter(letter => letter === 't' || !bound.has(letter));
    const hasT = free.includes('t') || names.some(name => vocabulary.isTimed(keyIn(name, vocabulary)));
    let moments: ReadonlyMap<string, number>[] = [new Map()];
    for (const letter of new Set([...(hasT ? ['t'] : []), ...free])) {
      moments = moments.flatMap(moment =>
        Array.from({ length: STEPS }, (_, n) => new Map([...moment, [letter, n + 1]])),
      );
    }
    return moments;
  }
}

const ORDER: readonly Verdict[] = ['defines', 'proven', 'holds numerically', 'not read', 'wrong'];

/** The worse of two verdicts: what is wrong before what is not known. */
export function worse(a: Judged, b: Judged): Judged {
  return ORDER.indexOf(b.verdict) > ORDER.indexOf(a.verdict) ? b : a;
}

function unreadable(error: unknown): Judged {
  if (error instanceof Unread) return { verdict: 'not read', reason: error.message, at: error.at };
  if (error instanceof Misfit) return { verdict: 'wrong', reason: `the shapes cannot fit: ${error.message}` };
  if (error instanceof RangeError) return { verdict: 'not read', reason: 'it is nested too deeply' };
  throw error;
}
