/** A statement judged by itself: what it says is equal is evaluated, with true gradients wherever it refers to one. */
import { NoInverse, Unprovable } from '../check/field.ts';
import { Bench, type Difference } from './bench.ts';
import { Benches } from './benches.ts';
import { type Instance, keyIn } from './definitions.ts';

import { editsOf, type Stock } from './edits.ts';
import { type Expression, type Relation, walk } from './expression.ts';
import { hasKink, isOfLoss, unfitFor } from './grounds.ts';
import { argumentsIn, isOfGiven, requireKnownNames, requireMade } from './known.ts';
import type { Line } from './lines.ts';
import { Misfit } from './matrices.ts';
import { allNames, shownKey } from './names.ts';
import { exactly, type Ground, inFloats } from './numbers.ts';
import { type Manner, type Reading, readingsOf } from './readings.ts';
import { latexOf } from './show.ts';
import type { Sizes } from './sizes.ts';
import type { System } from './system.ts';
import { type Judged, type Mended, unreadable, worse } from './verdict.ts';

/**
 * Draws on which a line with a kink is tried, whose names go with the time or do not: an indicator is 0 in all elements of all of
 * them once in many millions. Where the left side is zero throughout a draw, which then says nothing, more are made.
 */
const DRAWS = { once: 8, timed: 3, most: 24 };

/** Edits that are tried. */
const MOST_EDITS = 20_000;

/** Judges the statements of one system in one layout. */
export class Judge {
  readonly #system: System;
  readonly #manner: Manner;
  readonly #misfits: Sizes['misfits'];
  readonly #exact: Benches<unknown>;
  readonly #floats: Bench<number>;
  /** Other draws, where something turns on which of two numbers is the larger: in one draw it may not show. */
  readonly #others: Benches<number>;

  constructor(whole: System, sizes: Sizes, manner: Manner, seed: number) {
    const system = manner.given === 'total' ? { ...whole, outputs: whole.unhanded } : whole;
    this.#misfits = sizes.misfits;
    this.#system = system;
    this.#manner = manner;
    const bench = <N>(ground: Ground<N>) => new Bench(system, sizes, manner.layout, ground);
    this.#exact = new Benches(n => bench(exactly(seed + n)) as Bench<unknown>);
    this.#floats = bench(inFloats(seed));
    this.#others = new Benches(n => bench(inFloats(seed + n + 1)));
  }

  /** All that a statement says. */
  judge({ line, statement, of }: Instance): Judged {
    const { members, adds, relation } = statement;
    const { defining } = this.#system;
    const [first, ...others] = members;
    const last = members.at(-1);
    if (!first) return { verdict: 'not read', reason: 'there is nothing' };
    const misfit = this.#misfits.get(line);
    if (misfit) {
      const { certain, ...why } = misfit;
      return { verdict: certain ? 'wrong' : 'not read', ...why };
    }
    const claims = others.filter(side => {
      if (defining.has(first)) return side !== last && !defining.has(side);
      return !(defining.has(side) && side !== last);
    });
    let judged: Judged = { verdict: 'defines' };
    const unfit = claims.length > 0 ? unfitFor(members, this.#system, this.#misfits) : undefined;
    if (unfit) return { verdict: 'not read', reason: `the shapes of ${unfit.name} cannot fit` };
    const twice = this.#definedBefore(line, first);
    if (twice) return { verdict: 'not read', reason: twice, at: first.at };
    for (const right of claims) {
      const found = relation ? this.#related(first, right, relation) : this.claim(first, right, adds, of);
      judged = worse(judged, found);
    }
    if (this.#system.outputs.length === 0 && members.some(isOfLoss) && !judged.reason && judged.verdict !== 'defines')
      return { verdict: 'not read', reason: 'nothing says what the loss sees', at: first.at };
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
    const unknown = this.#unknownIn(left, right);
    if (unknown) return unknown;
    const readings = readingsOf(left, right, adds, this.#manner);
    const exact = this.#exactly(left, right, readings);
    if ('verdict' in exact) return exact;
    const proven = exact.find(reading => this.#everywhere(left, right, reading));
    if (proven) return { verdict: 'proven', reading: proven };
    for (const reading of readings) {
      const { found: difference, isEmpty } = this.#floats.compared(left, right, reading, false);
      if (difference === undefined && isEmpty && reading !== readings[0] && !this.#isSeen(left, right, reading))
        continue;
      if (difference === undefined && !this.#everywhere(left, right, reading)) continue;
      if (difference === undefined) return { verdict: 'holds numerically', reading };
      if (difference instanceof Error)
        return { ...unreadable(difference), ...(difference instanceof Misfit && { verdict: 'wrong' as const }) };
    }
    if (isOfGiven([left, right], this.#system))
      return { verdict: 'not read', reason: 'it says something of what is given', at: left.at };
    const [usual] = readings;
    const difference = usual && this.#firstDifference(left, right, usual);
    const where = [of, difference && !(difference instanceof Error) ? difference.where : ''].filter(Boolean).join(', ');
    return {
      verdict: 'wrong',
      ...(difference && !(difference instanceof Error) && { difference: { ...difference, where } }),
    };
  }

  /** Whether one side is less or more than the other on every draw, or another anywhere on one. */
  #related(left: Expression, right: Expression, relation: Relation): Judged {
    const unknown = this.#unknownIn(left, right);
    if (unknown) return unknown;
    const [usual] = readingsOf(left, right, false, this.#manner);
    if (!usual) return { verdict: 'not read' };
    const all = [this.#floats, ...this.#others.first(DRAWS.once)];
    const found = all.map(bench => bench.difference(left, right, usual, relation === '≠' ? '=' : relation));
    const error = found.find(one => one instanceof Error);
    if (error) return { verdict: 'not read', reason: error.message };
    const holds = relation === '≠' ? found.some(one => one !== undefined) : found.every(one => one === undefined);
    const [difference] = found.flatMap(one => (one instanceof Error || !one ? [] : [one]));
    return holds ? { verdict: 'holds numerically' } : { verdict: 'wrong', ...(difference && { difference }) };
  }

  /** Why sides cannot be judged whose names are not all known. */
  #unknownIn(left: Expression, right: Expression): Judged | undefined {
    try {
      const free = argumentsIn(left, this.#system);
      requireKnownNames(left, this.#system, free);
      requireKnownNames(right, this.#system, free);
      requireMade([left, right], this.#system);
      return undefined;
    } catch (error) {
      return unreadable(error);
    }
  }

  #firstDifference(left: Expression, right: Expression, reading: Reading): Difference | Error | undefined {
    for (const bench of [this.#floats, ...this.#others.first(DRAWS.once)]) {
      const found = bench.difference(left, right, reading);
      if (found) return found;
    }
    return undefined;
  }

  /** Whether it holds on either side of every kink that there is. */
  #everywhere(left: Expression, right: Expression, reading: Reading): boolean {
    const { definitions, vocabulary } = this.#system;
    if (!hasKink([left, right], key => definitions.get(key)?.map(({ of }) => of) ?? [], vocabulary)) return true;
    const isTimed = [left, right].flatMap(allNames).some(name => this.#system.isTimed(keyIn(name, vocabulary)));
    let telling = 0;
    for (const bench of this.#others.first(isTimed ? DRAWS.most : DRAWS.once)) {
      const { found, isEmpty } = bench.compared(left, right, reading, false);
      if (found !== undefined) return false;
      if (!isEmpty) telling++;
      if (isTimed && telling === DRAWS.timed) return true;
    }
    return true;
  }

  /** Whether the left side is other than zero on some draw: what says 0 = 0 on all of them says nothing. */
  #isSeen(left: Expression, right: Expression, reading: Reading): boolean {
    for (const bench of this.#others.first(DRAWS.most))
      if (!bench.compared(left, right, reading, true).isEmpty) return true;
    return false;
  }

  /** The nearest right line, of a statement that is wrong; nothing where no single edit mends it. */
  mend({ line, statement }: Instance, stock: Stock): Mended | undefined {
    if (this.#misfits.has(line)) return undefined;
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
      if (walk(to).some(part => this.#areOne(part, left))) continue; // that is no news
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

  /** Whether two sides are written alike, or are the gradient of one name at one step. */
  #areOne(a: Expression, b: Expression): boolean {
    if (a.kind === b.kind && latexOf(a) === latexOf(b)) return true;
    const momentOf = (of: Expression) => {
      const name = of.kind === 'gradient' ? of.by : of.kind === 'given' ? of.of : undefined;
      const found = name && this.#system.vocabulary.resolve(name, new Map([['t', 0]]), Number.NaN);
      return found && `${found.key} ${found.time ?? 0}`;
    };
    return (
      a.kind !== b.kind &&
      momentOf(a) !== undefined &&
      momentOf(a) === momentOf(b) &&
      !this.#system.handed.has(momentOf(a)?.split(' ')[0] ?? '')
    );
  }

  /** Whether a right side would be right in one of the readings, in floats, at so many moments. */
  #wouldHold(left: Expression, right: Expression, adds: boolean, least: number): boolean {
    try {
      return readingsOf(left, right, adds, this.#manner).some(reading => {
        const { found, moments } = this.#floats.compared(left, right, reading, false);
        return found === undefined && moments >= least && this.#everywhere(left, right, reading);
      });
    } catch (error) {
      if (error instanceof Unprovable || error instanceof NoInverse) return false;
      throw error;
    }
  }

  /** The readings in which both sides are the same residues; or why they cannot be compared at all. */
  #exactly(left: Expression, right: Expression, readings: readonly Reading[]): readonly Reading[] | Judged {
    for (const bench of this.#exact.first(DRAWS.most)) {
      const agreeing: Reading[] = [];
      let saysNothing = false;
      try {
        for (const reading of readings) {
          const { found: difference, isEmpty } = bench.compared(left, right, reading, false);
          if (difference instanceof Misfit) return [];
          if (difference instanceof Error) return unreadable(difference);
          if (difference !== undefined) continue;
          if (isEmpty && reading !== readings[0]) saysNothing = true;
          else agreeing.push(reading);
        }
        if (!saysNothing || agreeing.length > 0) return agreeing;
      } catch (error) {
        if (error instanceof Unprovable) return [];
        if (!(error instanceof NoInverse)) throw error;
      }
    }
    return [];
  }
}
