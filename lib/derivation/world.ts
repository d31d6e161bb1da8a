/** A derivation's forward equations, run for some steps over dual numbers. */
import { type Dual, dualNumbers } from '../check/dual.ts';
import type { ProofNumbers } from '../check/field.ts';
import { callOf } from './applied.ts';
import { lengthOf } from './counts.ts';
import { gradientOf, jacobianOf, unmoved } from './derivatives.ts';
import type { Evaluator } from './evaluator.ts';
import { type Expression, isLossKey } from './expression.ts';
import { Unread } from './latex.ts';
import { probability } from './likelihood.ts';
import { ofMany } from './many.ts';
import { Algebra, type Block, Circle, isNumber } from './matrices.ts';
import { momentOf } from './moments.ts';
import { shownKey } from './names.ts';
import { arrayOf, elementOf } from './places.ts';
import { powerOf } from './powers.ts';
import {
  DEFAULT,
  type Moment,
  NoStep,
  type Nudge,
  type Reader,
  type Scope,
  type Setting,
  type Truth,
} from './scope.ts';
import { itemsOf, partOf, shareOf } from './shares.ts';
import { holdsAt, isStepName, isThere } from './steps.ts';

/** Parts that an expression has evaluated, all that it is made of included: sums within sums have more before one sees it. */
const MOST = 300_000;

/** The values of names and expressions, at steps; a name is evaluated once at each. */
export class World<N> implements Evaluator<N> {
  readonly setting: Setting<N>;
  readonly #nudge: Nudge<N> | undefined;
  readonly #truth: Truth<N> | undefined;
  readonly #along: ((of: Expression, scope: Scope) => Block<N>) | undefined;
  readonly numbers: ProofNumbers<Dual<N>>;
  readonly #known = new Map<string, Block<Dual<N>> | 'begun'>();
  readonly algebra: Algebra<Dual<N>>;
  /** What is moved, as it is seen where it is. */
  #nudged: readonly Dual<N>[] | undefined;
  #evaluated = 0;

  /** @param along how an expression changes as the parameters move. */
  constructor(
    setting: Setting<N>,
    nudge?: Nudge<N>,
    truth?: Truth<N>,
    along?: (of: Expression, scope: Scope) => Block<N>,
  ) {
    this.setting = setting;
    this.#along = along;
    this.#nudge = nudge;
    this.#truth = truth;
    this.numbers = dualNumbers(setting.ground.numbers);
    this.algebra = new Algebra(this.numbers);
  }

  /** From here on another expression is evaluated, which may be as long as the ones before. */
  begin(): void {
    this.#evaluated = 0;
  }

  /** The loss: L where it is defined, else random cotangents times what it sees. */
  loss(): Dual<N> {
    const { system, last } = this.setting;
    const n = this.numbers;
    let sum = n.constant(0);
    for (const key of system.outputs) {
      const isL = isLossKey(key);
      const once = isL || !system.isTimed(key);
      for (let t = 1; t <= (once ? 1 : last); t++) {
        const { data } = this.value(
          { key, time: once ? undefined : t },
          { key: 'the loss', step: Number.POSITIVE_INFINITY },
        );
        data.forEach((x, e) => {
          sum = n.add(sum, isL ? x : n.mul(x, this.leaf(`cotangent ${key} ${t} ${e}`)));
        });
      }
    }
    return sum;
  }

  value({ key, time }: Moment, reader: Reader): Block<Dual<N>> {
    const name = `${key} ${time ?? ''}`;
    const known = this.#known.get(name);
    if (known === 'begun') throw new Circle(`${shownKey(key)} is defined by itself`);
    let block = known;
    if (!block) {
      this.#known.set(name, 'begun');
      try {
        block = this.#made({ key, time });
      } catch (error) {
        this.#known.delete(name);
        throw error;
      }
      this.#known.set(name, block);
    }
    const nudge = this.#nudge;
    if (nudge?.key !== key || nudge.time !== time || !nudge.seenBy(reader)) return block;
    const { numbers } = this.setting.ground;
    this.#nudged ??= block.data.map(({ value, tangent }, e) => ({
      value,
      tangent: numbers.add(tangent, nudge.by(e)),
    }));
    return { ...block, data: this.#nudged };
  }

  #made({ key, time }: Moment): Block<Dual<N>> {
    const { system, last, sizes, ground } = this.setting;
    const steps = lengthOf(key, last);
    if (steps !== undefined) return this.algebra.number(steps);
    if (time !== undefined && (time < 0 || time > last + 1)) throw new NoStep();
    const definitions = system.definitions.get(key) ?? [];
    const isBehind = time !== undefined && time > last && system.awaited.has(key);
    for (const definition of definitions) {
      const { offset, of, fromLast } = definition;
      const fixed = fromLast ? last + (definition.fixed ?? 0) : definition.fixed;
      if (fixed === undefined ? isBehind : fixed !== time) continue;
      const step = fixed !== undefined || time === undefined ? 1 : time - (offset ?? 0);
      const reader = { key, step: time === undefined ? 0 : step };
      const scopeAt = (t: number) => ({
        times: new Map(time === undefined ? [] : [['t', t] as const]),
        reader,
        extents: DEFAULT,
      });
      const isAt = (t: number) => of.kind !== 'where' || isThere(of, scopeAt(t), this.setting);
      const begin = !isAt(1) || system.initial.has(definition) ? 0 : 1; // “where t < 1” is before the first
      if (fixed === undefined && time !== undefined && (step < begin || step > last + 1)) continue;
      const scope = scopeAt(step);
      if (!isAt(step)) continue;
      const made = this.evaluate(of, scope);
      const [rows, columns] = sizes.of(key);
      return made.fits || isNumber(made) ? this.algebra.sized(made, rows, columns) : made;
    }
    const isMade =
      definitions.some(({ fixed, of }) => fixed === undefined && of.kind !== 'where') && time !== undefined;
    if (isMade && !isBehind && (time > 0 || !system.carried.has(key))) throw new NoStep();
    if (definitions.length === 0 && key === 'π') return this.algebra.number(Math.PI);
    if (definitions.length === 0 && system.dimensions.has(key)) return this.algebra.number(sizes.dimension(key));
    const whole = sizes.wholeOf(key);
    if (whole !== undefined) return this.algebra.number(ground.whole(`${key} ${time ?? ''}`, whole));
    const [rows, columns] = sizes.of(key);
    const data = Array.from({ length: rows * columns }, (_, e) => this.leaf(`${key} ${time ?? ''} ${e}`));
    return { rows, columns, data };
  }

  trueAt(at: number): Truth<N> {
    if (!this.#truth) throw new Unread('a gradient in an equation of the forward pass', at);
    return this.#truth;
  }

  leaf(text: string): Dual<N> {
    const { ground } = this.setting;
    return { value: ground.leaf(text), tangent: ground.numbers.constant(0) };
  }

  evaluate(of: Expression, scope: Scope): Block<Dual<N>> {
    this.#evaluated++;
    if (this.#evaluated > MOST) throw new Unread('it takes too long to evaluate', of.at);
    const { algebra } = this;
    const part = (inner: Expression) => this.evaluate(inner, scope);
    switch (of.kind) {
      case 'number':
        return algebra.number(of.value);
      case 'constant':
        return this.#fixed(of);
      case 'name': {
        const step = isStepName(of.name, this.setting.system) ? scope.times.get(of.name.letter) : undefined;
        if (step !== undefined) return algebra.number(step);
        const moment = momentOf(of.name, scope, this.setting);
        const instead = scope.instead?.get(`${moment.key} ${moment.time}`);
        return instead === undefined ? this.value(moment, scope.reader) : algebra.number(instead);
      }
      case 'probability':
        return probability(this, of, scope);
      case 'sum':
        return of.terms
          .map(({ sign, of: term }) => ({ sign, block: part(term) }))
          .reduce<Block<Dual<N>> | undefined>((sum, { sign, block }) => {
            if (sum) return algebra.add(sum, block, sign);
            return sign === 1 ? block : algebra.times(algebra.number(-1), block);
          }, undefined) as Block<Dual<N>>;
      case 'product':
        return of.factors.map(part).reduce((a, b) => algebra.times(a, b));
      case 'each':
        return algebra.elementwise(of.operation, part(of.left), part(of.right));
      case 'transpose':
        return algebra.transpose(part(of.of));
      case 'power':
        return powerOf(this, of, scope);
      case 'call':
        return callOf(this, of, scope);
      case 'place': {
        const place = scope.places?.get(of.letter);
        if (place === undefined) throw new Unread(`what ${of.letter} is is not said`, of.at);
        return algebra.number(place);
      }
      case 'element':
        return elementOf(this, of, scope);
      case 'array':
        return arrayOf(this, of, scope);
      case 'along':
        if (!this.#along) throw new Unread('ℛ in an equation of the forward pass', of.at);
        return unmoved(this, this.#along(of.of, scope));
      case 'part':
        return partOf(this, of, part(of.of));
      case 'holds': {
        const found = holdsAt(of, scope, this.setting);
        return found === undefined ? this.#holds(of, part(of.left), part(of.right)) : algebra.number(found ? 1 : 0);
      }
      case 'where':
        if (!isThere(of, scope, this.setting)) throw new NoStep();
        return part(of.of);
      case 'stack':
        return of.columns === undefined
          ? algebra.stack(
              itemsOf(this, of, scope).map(item => this.evaluate(item.of, item.scope)),
              of.below,
            )
          : algebra.table(of.parts.map(part), of.columns);
      case 'share':
        return shareOf(this, of, part(of.of), scope);
      case 'over':
        return ofMany(this, of, scope);
      case 'gradient':
      case 'given':
        return gradientOf(this, of, scope);
      case 'jacobian':
        return jacobianOf(this, of, scope);
    }
  }

  /** I, 𝟏 and 𝟎. */
  #fixed({ name, size }: Expression & { kind: 'constant' }): Block<Dual<N>> {
    const { algebra } = this;
    if (name === '0') return algebra.number(0);
    const fitting = algebra.fitting(name === 'I' ? 'I' : 'ones');
    const { system, sizes } = this.setting;
    if (size === undefined || !system.dimensions.has(size)) return fitting;
    const n = sizes.dimension(size);
    return algebra.sized(fitting, n, name === 'I' ? n : 1);
  }

  #holds({ relation }: Expression & { kind: 'holds' }, left: Block<Dual<N>>, right: Block<Dual<N>>): Block<Dual<N>> {
    const n = this.numbers;
    const not = (x: Dual<N>) => n.sub(n.constant(1), x);
    const equal = (a: Dual<N>, b: Dual<N>) => n.constant(this.setting.ground.same(a.value, b.value) ? 1 : 0);
    const is: Readonly<Record<typeof relation, (a: Dual<N>, b: Dual<N>) => Dual<N>>> = {
      '>': n.above,
      '<': (a, b) => n.above(b, a),
      '≤': (a, b) => not(n.above(a, b)),
      '≥': (a, b) => not(n.above(b, a)),
      '=': equal,
      '≠': (a, b) => not(equal(a, b)),
    };
    return this.algebra.both(relation, is[relation], left, right);
  }
}
