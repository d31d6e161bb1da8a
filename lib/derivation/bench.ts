/** One kind of numbers, over which the sides of an equation are compared. */
import type { Dual } from '../check/dual.ts';
import { STEPS } from './counts.ts';
import { keyIn } from './definitions.ts';
import { type Expression, type Relation, walk } from './expression.ts';
import { Unread } from './latex.ts';
import { isListed } from './lists.ts';
import { type Block, isNumber, Misfit, shapeText } from './matrices.ts';
import { momentOf } from './moments.ts';
import { allNames, lettersOf } from './names.ts';
import { type Ground, moving } from './numbers.ts';
import type { Reading } from './readings.ts';
import { type Extents, type Layout, NoStep, type Scope, type Setting } from './scope.ts';
import { isStepName } from './steps.ts';
import type { System } from './system.ts';
import { truthOf } from './truth.ts';
import { World } from './world.ts';

/** Where two sides differ. */
export interface Difference {
  /** `t = 2, k = f`. */
  readonly where: string;
  /** `[1,3]`, or nothing of a number. */
  readonly element: string;
  readonly left: number;
  readonly right: number;
}

/** How numbers are to each other. */
export type Order = Exclude<Relation, '≠'>;

/** How two sides compared: where they differ first, or why they cannot be compared; at how many moments they could be; whether the left was zero at all of them. */
export interface Compared {
  readonly found: Difference | Error | undefined;
  readonly moments: number;
  readonly isEmpty: boolean;
}

/** One kind of numbers, with the true gradients over them. */
export class Bench<N> {
  readonly #setting: Setting<N>;
  readonly #world: World<N>;
  readonly #truth: ReturnType<typeof truthOf<N>>;
  readonly #layout: Layout;
  #moved: World<Dual<N>> | undefined;
  #isEmpty = true;

  constructor(system: System, sizes: Setting<N>['sizes'], layout: Layout, ground: Ground<N>) {
    this.#setting = { system, sizes, ground, last: STEPS };
    this.#truth = truthOf(this.#setting, layout);
    this.#world = new World(this.#setting, undefined, this.#truth, (of, scope) => this.#along(of, scope));
    this.#layout = layout;
  }

  /** ℛ of an expression: all of it evaluated once more, over dual numbers of which every parameter moves along a random direction. */
  #along(of: Expression, scope: Scope): Block<N> {
    const setting = { ...this.#setting, ground: moving(this.#setting.ground) };
    this.#moved ??= new World(setting, undefined, truthOf(setting, this.#layout));
    const block = this.#moved.evaluate(of, scope);
    return { ...block, data: block.data.map(({ value }) => value.tangent) };
  }

  /** The first place where two sides are not as they should; nothing where there is none; or why they cannot be compared. */
  difference(
    left: Expression,
    right: Expression,
    reading: Reading,
    relation: Order = '=',
  ): Difference | Error | undefined {
    return this.compared(left, right, reading, false, relation).found;
  }

  /** The same, and at how many moments the sides could be compared: all of them where `whole`, else up to the first difference. */
  compared(left: Expression, right: Expression, reading: Reading, whole: boolean, relation: Order = '='): Compared {
    let compared = 0;
    this.#isEmpty = true;
    let first: Difference | undefined;
    for (const times of this.#moments(left, right)) {
      try {
        const found = this.#at(left, right, reading, times, relation);
        compared++;
        if (!found || first) continue;
        first = { ...found, where: [...times].map(([letter, time]) => `${letter} = ${time}`).join(', ') };
        if (!whole) break;
      } catch (error) {
        if (error instanceof NoStep) continue;
        if (error instanceof Misfit || error instanceof Unread || error instanceof RangeError) {
          return { found: error, moments: compared, isEmpty: false };
        }
        throw error;
      }
    }
    const none = compared === 0 ? new Unread('there is no step at which all of it is there', left.at) : undefined;
    return { found: first ?? none, moments: compared, isEmpty: this.#isEmpty };
  }

  #at(
    left: Expression,
    right: Expression,
    reading: Reading,
    times: ReadonlyMap<string, number>,
    relation: Order,
  ): Omit<Difference, 'where'> | undefined {
    const scope = (extents: Extents): Scope => ({
      times,
      reader: { key: '', step: Number.POSITIVE_INFINITY },
      extents,
    });
    const { algebra } = this.#world;
    const { ground } = this.#setting;
    this.#world.begin();
    this.#moved?.begin();
    const valueOfLeft = this.#left(left, right, reading, scope(reading.extents));
    const value = this.#world.evaluate(right, scope(reading.extents));
    const isCrossed =
      right.kind === 'array' && value.columns === 1 && valueOfLeft.rows === 1 && valueOfLeft.columns > 1;
    const valueOfRight = isCrossed ? algebra.transpose(value) : value;
    const slopes = left.kind === 'jacobian' && !left.of.bold && !left.by.bold;
    const [a, b] = [slopes ? this.#slopes(valueOfLeft, valueOfRight) : valueOfLeft, valueOfRight].map(
      (block, n, both) => {
        const other = both[1 - n];
        return other && (block.fits || isNumber(block)) && !other.fits
          ? algebra.sized(block, other.rows, other.columns)
          : block;
      },
    );
    if (!a || !b) return undefined;
    if (a.rows !== b.rows || a.columns !== b.columns || a.fits !== b.fits)
      throw new Misfit(`the left side is ${shapeText(a)}, the right side ${shapeText(b)}`);
    const zero = ground.numbers.constant(0);
    if (!a.data.every(({ value }) => ground.same(value, zero))) this.#isEmpty = false;
    const pairs = a.data.map((x, n) => [n, x, b.data[n]] as const);
    const isRelated = ([, x, y]: (typeof pairs)[number]) => y && isTrue(relation, x.value, y.value, ground.same);
    for (const [n, x, y] of pairs) {
      if (isRelated([n, x, y])) continue;
      const element =
        a.data.length > 1
          ? `[${[Math.floor(n / a.columns) + 1, (n % a.columns) + 1].filter((_, k) => (k === 0 ? a.rows : a.columns) > 1)}]`
          : '';
      return { element, left: Number(x.value), right: Number(y?.value) };
    }
    return undefined;
  }

  /** The diagonal of a Jacobian, where it has nothing beside it and is held against as many numbers: dy/da of an elementwise function. */
  #slopes(jacobian: Block<Dual<N>>, other: Block<Dual<N>>): Block<Dual<N>> {
    const { rows, columns, data } = jacobian;
    const { numbers, same } = this.#setting.ground;
    const isSquare = other.rows === rows && other.columns === rows;
    if (rows !== columns || rows === 1 || isSquare || other.data.length !== rows) return jacobian;
    const isDiagonal = (_: unknown, n: number) => n % (columns + 1) === 0;
    const others = data.filter((x, n) => !isDiagonal(x, n));
    if (others.some(({ value }) => !same(value, numbers.constant(0)))) return jacobian;
    return { ...other, data: data.filter(isDiagonal) };
  }

  /** The left side, whose own gradient is the one in question. */
  #left(left: Expression, right: Expression, { left: extent }: Reading, scope: Scope): Block<Dual<N>> {
    const mentioned = walk(right).flatMap(part =>
      part.kind === 'gradient' ? [part.by] : part.kind === 'given' ? [part.of] : [],
    );
    const own = {
      ...scope,
      extents: { gradient: extent, given: extent, immediate: extent, jacobian: extent },
      through: mentioned.flatMap(name => this.#listed(keyIn(name, this.#setting.system.vocabulary))),
    };
    if (left.kind === 'along' || left.kind === 'gradient' || left.kind === 'given')
      return this.#world.evaluate(left, own);
    if (left.kind !== 'jacobian') return this.#world.evaluate(left, scope);
    const zero = this.#setting.ground.numbers.constant(0);
    const [of, by] = [momentOf(left.of, scope, this.#setting), momentOf(left.by, scope, this.#setting)];
    const block = this.#truth.jacobian(of, by, extent, left.vec);
    return { ...block, data: block.data.map(value => ({ value, tangent: zero })) };
  }

  /** A name, and the names that it is a list of, which may be lists too. */
  #listed(key: string): readonly string[] {
    const { definitions, vocabulary } = this.#setting.system;
    const [list] = (definitions.get(key) ?? []).filter(({ of }) => isListed(of));
    const inner = list ? allNames(list.of).flatMap(name => this.#listed(keyIn(name, vocabulary))) : [];
    return [key, ...inner];
  }

  /** The letters in the bounds of a sum or product over steps. */
  #boundsOver(of: Expression): readonly string[] {
    if (of.kind !== 'over') return [];
    const { index, from, to } = of.range;
    const { vocabulary, definitions } = this.#setting.system;
    const isOverSteps = allNames(of.of).some(name => vocabulary.freeTimes(name).includes(index));
    const names = [from, to].flatMap(bound => (bound && isOverSteps ? allNames(bound) : []));
    return names.map(({ letter }) => letter).filter(letter => /^[a-z]$/.test(letter) && !definitions.has(letter));
  }

  /** The steps of all letters that stand for one and are bound by nothing. */
  #moments(left: Expression, right: Expression): readonly ReadonlyMap<string, number>[] {
    const { vocabulary } = this.#setting.system;
    const parts = [left, right];
    const names = parts.flatMap(allNames);
    const bound = new Set(
      parts.flatMap(part => walk(part).flatMap(inner => (inner.kind === 'over' ? [inner.range.index] : []))),
    );
    const letters = new Set([
      ...parts.flatMap(part => walk(part).flatMap(inner => this.#boundsOver(inner))),
      ...names.flatMap(name => [
        ...(isStepName(name, this.#setting.system) ? [name.letter] : lettersOf(name)).filter(letter => letter === 't'),
        ...vocabulary.freeTimes(name),
      ]),
    ]);
    const free = [...letters].filter(letter => letter === 't' || !bound.has(letter));
    const hasT = free.includes('t') || names.some(name => this.#setting.system.isTimed(keyIn(name, vocabulary)));
    let moments: ReadonlyMap<string, number>[] = [new Map()];
    for (const letter of new Set([...(hasT ? ['t'] : []), ...free])) {
      moments = moments.flatMap(moment =>
        Array.from({ length: STEPS }, (_, n) => new Map([...moment, [letter, n + 1]])),
      );
    }
    return moments;
  }
}

/** Whether two numbers are as a relation says; which is the larger of two that are all but the same is not known. */
function isTrue<N>(relation: Order, a: N, b: N, same: (a: N, b: N) => boolean): boolean {
  switch (relation) {
    case '=':
      return same(a, b);
    case '<':
      return Number(a) < Number(b);
    case '>':
      return Number(a) > Number(b);
    case '≤':
      return Number(a) < Number(b) || same(a, b);
    case '≥':
      return Number(a) > Number(b) || same(a, b);
  }
}
