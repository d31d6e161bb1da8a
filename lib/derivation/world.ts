/** A derivation's forward equations, run for some steps over dual numbers. */
import { type Dual, dualNumbers } from '../check/dual.ts';
import type { ProofNumbers } from '../check/field.ts';
import { lengthOf } from './counts.ts';
import { type FunctionDefinition, functionKey, isOfMany, keyIn } from './definitions.ts';
import { type Event, type Expression, isLossKey, type Name } from './expression.ts';
import { called } from './functions.ts';
import { Unread } from './latex.ts';
import { inverse } from './linear.ts';
import { gradientsOf } from './lists.ts';
import { Algebra, type Block, isNumber, Misfit } from './matrices.ts';
import { allNames, lettersOf, shownKey, substituted, withLetter } from './names.ts';
import { unnamed } from './numbers.ts';
import { countOf, countsIn, elementAt, placedAt } from './places.ts';
import { summed } from './probability.ts';
import {
  DEFAULT,
  type Extent,
  type Moment,
  NoStep,
  type Nudge,
  type Reader,
  type Scope,
  type Setting,
  type Truth,
} from './scope.ts';
import { boundOf, exponentOf, holdsAt, isStepName, isThere } from './steps.ts';

/** Parts that an expression has evaluated, all that it is made of included: sums within sums have more before one sees it. */
const MOST = 300_000;

/** Places that a name may stand for. */
const MOST_PLACES = 64;

export class World<N> {
  readonly #setting: Setting<N>;
  readonly #nudge: Nudge | undefined;
  readonly #truth: Truth<N> | undefined;
  readonly #along: ((of: Expression, scope: Scope) => Block<N>) | undefined;
  readonly #numbers: ProofNumbers<Dual<N>>;
  readonly #known = new Map<string, Block<Dual<N>> | 'begun'>();
  readonly algebra: Algebra<Dual<N>>;
  #evaluated = 0;

  /** @param along how an expression changes as the parameters move. */
  constructor(
    setting: Setting<N>,
    nudge?: Nudge,
    truth?: Truth<N>,
    along?: (of: Expression, scope: Scope) => Block<N>,
  ) {
    this.#setting = setting;
    this.#along = along;
    this.#nudge = nudge;
    this.#truth = truth;
    this.#numbers = dualNumbers(setting.ground.numbers);
    this.algebra = new Algebra(this.#numbers);
  }

  /** From here on another expression is evaluated, which may be as long as the ones before. */
  begin(): void {
    this.#evaluated = 0;
  }

  /** The loss: L where it is defined, else random cotangents times what it sees. */
  loss(): Dual<N> {
    const { system, last } = this.#setting;
    const n = this.#numbers;
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
          sum = n.add(sum, isL ? x : n.mul(x, this.#leaf(`cotangent ${key} ${t} ${e}`)));
        });
      }
    }
    return sum;
  }

  value({ key, time }: Moment, reader: Reader): Block<Dual<N>> {
    const name = `${key} ${time ?? ''}`;
    const known = this.#known.get(name);
    if (known === 'begun') throw new Misfit(`${shownKey(key)} is defined by itself`);
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
    const { ground } = this.#setting;
    const moved = block.data.map((x, e) =>
      e === nudge.element ? { value: x.value, tangent: ground.numbers.add(x.tangent, ground.numbers.constant(1)) } : x,
    );
    return { ...block, data: moved };
  }

  #made({ key, time }: Moment): Block<Dual<N>> {
    const { system, last, sizes, ground } = this.#setting;
    const steps = lengthOf(key, last);
    if (steps !== undefined) return this.algebra.number(steps);
    if (time !== undefined && (time < 0 || time > last + 1)) throw new NoStep();
    const definitions = system.definitions.get(key) ?? [];
    for (const definition of definitions) {
      const { offset, fixed, of } = definition;
      if (fixed !== undefined && fixed !== time) continue;
      const step = fixed !== undefined || time === undefined ? 1 : time - (offset ?? 0);
      const reader = { key, step: time === undefined ? 0 : step };
      const scopeAt = (t: number) => ({
        times: new Map(time === undefined ? [] : [['t', t] as const]),
        reader,
        extents: DEFAULT,
      });
      const isAt = (t: number) => of.kind !== 'where' || isThere(of, scopeAt(t), this.#setting);
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
    if (isMade && (time > 0 || !system.carried.has(key))) throw new NoStep();
    if (definitions.length === 0 && key === 'π') return this.algebra.number(Math.PI);
    if (definitions.length === 0 && system.dimensions.has(key)) return this.algebra.number(sizes.dimension(key));
    const whole = sizes.wholeOf(key);
    if (whole !== undefined) return this.algebra.number(ground.whole(`${key} ${time ?? ''}`, whole));
    const [rows, columns] = sizes.of(key);
    const data = Array.from({ length: rows * columns }, (_, e) => this.#leaf(`${key} ${time ?? ''} ${e}`));
    return { rows, columns, data };
  }

  #leaf(text: string): Dual<N> {
    const { ground } = this.#setting;
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
        const step = isStepName(of.name, this.#setting.system) ? scope.times.get(of.name.letter) : undefined;
        if (step !== undefined) return algebra.number(step);
        const moment = this.momentOf(of.name, scope);
        const instead = scope.instead?.get(`${moment.key} ${moment.time}`);
        return instead === undefined ? this.value(moment, scope.reader) : algebra.number(instead);
      }
      case 'probability':
        return this.#probability(of, scope);
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
      case 'power': {
        const squared =
          of.of.kind === 'call' && of.of.name === 'norm' && of.exponent.kind === 'number' && of.exponent.value === 2;
        const root = this.#rooted(of, scope);
        if (root) return root;
        const [inside] = squared && of.of.kind === 'call' ? of.of.args : [];
        if (inside) {
          const block = part(inside); // of a square, a field knows more than of a root
          return algebra.fold(this.#numbers.add, algebra.elementwise('⊙', block, block));
        }
        const whole = exponentOf(of.exponent, scope, this.#setting);
        return whole === undefined ? this.#raised(part(of.of), part(of.exponent)) : this.#power(part(of.of), whole);
      }
      case 'call': {
        const defined = this.#setting.system.functions.get(functionKey(of));
        if (defined) return part(applied(defined, of.args));
        if (isOfMany(of)) return this.#unknown(of, of.args.map(part));
        const slope = slopeOf(of, this.#setting.system.functions);
        return slope ? part(slope) : called(algebra, of, of.args.map(part));
      }
      case 'place': {
        const place = scope.places?.get(of.letter);
        if (place === undefined) throw new Unread(`what ${of.letter} is is not said`, of.at);
        return algebra.number(place);
      }
      case 'element': {
        const places = of.places.map(place => this.#placeOf(place, scope));
        return elementAt(part(of.of), places, this.#numbers.constant(0), of.at);
      }
      case 'array':
        return this.#array(of, scope);
      case 'along':
        if (!this.#along) throw new Unread('ℛ in an equation of the forward pass', of.at);
        return this.#constant(this.#along(of.of, scope));
      case 'part':
        return this.#part(of, part(of.of));
      case 'holds': {
        const found = holdsAt(of, scope, this.#setting);
        return found === undefined ? this.#holds(of, part(of.left), part(of.right)) : algebra.number(found ? 1 : 0);
      }
      case 'where':
        if (!isThere(of, scope, this.#setting)) throw new NoStep();
        return part(of.of);
      case 'stack':
        return of.columns === undefined
          ? algebra.stack(
              this.#items(of, scope).map(item => this.evaluate(item.of, item.scope)),
              of.below,
            )
          : algebra.table(of.parts.map(part), of.columns);
      case 'entry':
        return this.#entry(of, part(of.of), scope);
      case 'share':
        return this.#share(of, part(of.of), scope);
      case 'over':
        return this.#over(of, scope);
      case 'gradient':
      case 'given': {
        const name = of.kind === 'gradient' ? of.by : of.of;
        const moment = this.aliased(this.momentOf(name, scope));
        const list = this.#listed(moment, of, scope);
        if (list) return list;
        const extent = of.kind === 'gradient' ? scope.extents.gradient : this.#givenOf(moment, scope);
        return this.#constant(this.#true(of).gradient(...spread(moment), extent, scope.through ?? []));
      }
      case 'jacobian': {
        const [above, below] = [this.momentOf(of.of, scope), this.momentOf(of.by, scope)];
        return this.#constant(
          this.#true(of).jacobian(
            above,
            below,
            of.immediate ? scope.extents.immediate : scope.extents.jacobian,
            of.vec,
          ),
        );
      }
    }
  }

  /** Rows of a column; of a matrix rows or columns, as they are said. */
  #part(of: Expression & { kind: 'part' }, whole: Block<Dual<N>>): Block<Dual<N>> {
    const { algebra } = this;
    const { part, parts, below, at } = of;
    if (whole.columns > 1 && !below)
      return algebra.transpose(this.#part({ ...of, below: true }, algebra.transpose(whole)));
    const rows = whole.rows / parts;
    if (!Number.isInteger(rows)) throw new Unread(`a part of ${parts} of ${whole.rows} rows`, at);
    const data = whole.data.slice(part * rows * whole.columns, (part + 1) * rows * whole.columns);
    return { rows, columns: whole.columns, data };
  }

  /** I, 𝟏 and 𝟎. */
  #fixed({ name, size }: Expression & { kind: 'constant' }): Block<Dual<N>> {
    const { algebra } = this;
    if (name === '0') return algebra.number(0);
    const fitting = algebra.fitting(name === 'I' ? 'I' : 'ones');
    const { system, sizes } = this.#setting;
    if (size === undefined || !system.dimensions.has(size)) return fitting;
    const n = sizes.dimension(size);
    return algebra.sized(fitting, n, name === 'I' ? n : 1);
  }

  /** A function of several columns that no equation defines, as large as the first: any function of random combinations of them. */
  #unknown({ name, at }: Expression & { kind: 'call' }, args: readonly Block<Dual<N>>[]): Block<Dual<N>> {
    const { algebra } = this;
    const rows = args[0]?.rows ?? 1;
    const sum = args
      .map((arg, n) => {
        if (arg.fits || arg.columns !== 1) throw new Unread(`${name} of what is no column`, at);
        const size = rows * arg.rows;
        const data = Array.from({ length: size }, (_, e) => this.#leaf(`${name} of ${args.length} ${n} ${e}`));
        return algebra.times({ rows, columns: arg.rows, data }, arg);
      })
      .reduce((a, b) => algebra.add(a, b));
    const f = unnamed(name, 0, at);
    return algebra.each(x => this.#numbers.apply(f, x), sum);
  }

  /** How much `d` before a name means: all of it where the name is handed to no later step, nor to the loss. */
  #givenOf({ key }: Moment, { extents }: Scope): Extent {
    return extents.given === 'given' && !this.#setting.system.handed.has(key) ? 'total' : extents.given;
  }

  /** What σ² is where σ was said by its square: of that a field knows more than of a root. */
  #rooted({ of, exponent }: Expression & { kind: 'power' }, scope: Scope): Block<Dual<N>> | undefined {
    if (of.kind !== 'name' || exponent.kind !== 'number' || exponent.value !== 2) return undefined;
    const { definitions, vocabulary } = this.#setting.system;
    const [definition] = definitions.get(keyIn(of.name, vocabulary)) ?? [];
    const [square] =
      definition?.implied && definition.of.kind === 'call' && definition.of.name === 'sqrt' ? definition.of.args : [];
    return square && definition?.offset === undefined ? this.evaluate(square, scope) : undefined;
  }

  momentOf(name: Name, { times }: Scope): Moment {
    const { system, last } = this.#setting;
    const { key, time } = system.vocabulary.resolve(name, times, last);
    return { key, time: time ?? (system.isTimed(key) ? times.get('t') : undefined) };
  }

  /** What a moment is another name for: a name that is defined as another and that nobody sees. */
  aliased(moment: Moment): Moment {
    const { system } = this.#setting;
    const [definition, ...others] = system.definitions.get(moment.key) ?? [];
    if (definition?.of.kind !== 'name' || others.length > 0 || system.seen.has(moment.key)) return moment;
    const step = moment.time === undefined ? [] : [['t', moment.time - (definition.offset ?? 0)] as const];
    const scope = { times: new Map(step), reader: { key: '', step: 0 }, extents: DEFAULT };
    return this.aliased(this.momentOf(definition.of.name, scope));
  }

  /** The gradient in a list that nobody uses as a whole: the list of those in what stands in it. */
  #listed(moment: Moment, of: Expression & { kind: 'gradient' | 'given' }, scope: Scope): Block<Dual<N>> | undefined {
    const { system } = this.#setting;
    const [definition, ...others] = system.definitions.get(moment.key) ?? [];
    if (!definition || others.length > 0 || system.seen.has(moment.key)) return undefined;
    const { layout } = this.#true(of);
    const list = gradientsOf(definition.of, of, layout === 'rows');
    if (!list) return undefined;
    const step = moment.time === undefined ? [] : [['t', moment.time - (definition.offset ?? 0)] as const];
    const block = this.evaluate(list, { ...scope, times: new Map([...scope.times, ...step]) });
    return layout === 'rows' && block.columns === 1 ? this.algebra.transpose(block) : block;
  }

  /** What stands in a list, what is written with dots too, and where each is to be evaluated. */
  #items({ parts }: Expression & { kind: 'stack' }, scope: Scope): readonly { of: Expression; scope: Scope }[] {
    return parts.flatMap(of => {
      if (of.kind !== 'over' || of.operation !== '…') return [{ of, scope }];
      return this.#steps(of, scope).map(time => ({
        of: of.of,
        scope: { ...scope, times: new Map([...scope.times, [of.range.index, time]]) },
      }));
    });
  }

  /** The elements of a gradient in a list that belong to one name in the list. */
  #share({ of, name, at }: Expression & { kind: 'share' }, block: Block<Dual<N>>, scope: Scope): Block<Dual<N>> {
    const { system, last } = this.#setting;
    const by = of.kind === 'gradient' ? of.by : of.kind === 'given' ? of.of : undefined;
    if (!by) throw new Unread('an index of what is no gradient', at);
    const whole = this.momentOf(by, scope);
    const definition = system.definitions.get(whole.key)?.find(({ fixed }) => fixed === undefined);
    if (definition?.of.kind !== 'stack') throw new Unread(`${shownKey(whole.key)} is no list`, at);
    const step = whole.time === undefined ? [] : [['t', whole.time - (definition.offset ?? 0)] as const];
    const wanted = this.momentOf(name, scope);
    const isWanted = ({ key, time }: Moment) =>
      key === wanted.key && (time === wanted.time || wanted.time === undefined || lettersOf(name).length === 0);
    let begun = 0;
    for (const item of this.#items(definition.of, { ...scope, times: new Map([...scope.times, ...step]) })) {
      const moment = item.of.kind === 'name' ? this.momentOf(item.of.name, item.scope) : undefined;
      const { length } = this.evaluate(item.of, item.scope).data;
      if (!moment || !isWanted(moment)) {
        begun += length;
        continue;
      }
      const data = block.data.slice(begun, begun + length);
      return block.rows === 1 ? { rows: 1, columns: length, data } : { rows: length, columns: 1, data };
    }
    if (wanted.time !== undefined && wanted.time > last) throw new NoStep();
    throw new Unread(`${shownKey(wanted.key)} is not in ${shownKey(whole.key)}`, at);
  }

  /** An element, a row or a column; there is none behind the last. */
  #entry({ row, column, at }: Expression & { kind: 'entry' }, a: Block<Dual<N>>, scope: Scope): Block<Dual<N>> {
    if (a.fits) throw new Unread('an element of what has no size', at);
    const numbered = (index: Expression | undefined, size: number) => {
      const n = index && boundOf(index, scope, this.#setting);
      if (n !== undefined && (n < 1 || n > size)) throw new NoStep();
      return n;
    };
    const isRow = a.rows === 1 && a.columns > 1 && row !== undefined && column === undefined;
    const [i, j] = [numbered(isRow ? undefined : row, a.rows), numbered(isRow ? row : column, a.columns)];
    const { columns } = a;
    const data = a.data.filter(
      (_, n) => (i === undefined || Math.floor(n / columns) === i - 1) && (j === undefined || n % columns === j - 1),
    );
    return { rows: i === undefined ? a.rows : 1, columns: j === undefined ? a.columns : 1, data };
  }

  #true({ at }: Expression): Truth<N> {
    if (!this.#truth) throw new Unread('a gradient in an equation of the forward pass', at);
    return this.#truth;
  }

  #constant(block: Block<N>): Block<Dual<N>> {
    const zero = this.#setting.ground.numbers.constant(0);
    return { ...block, data: block.data.map(value => ({ value, tangent: zero })) };
  }

  #power(a: Block<Dual<N>>, exponent: number): Block<Dual<N>> {
    const { algebra } = this;
    const isMatrix = a.rows > 1 && a.rows === a.columns; // of any other, each element's power is meant
    if (exponent < 0) {
      if (isMatrix) return this.#power(inverse(algebra, a), -exponent);
      return algebra.elementwise('⊘', algebra.number(1), this.#power(a, -exponent));
    }
    if (exponent === 0) return isMatrix ? algebra.fitting('I') : algebra.each(() => this.#numbers.constant(1), a);
    let product = a;
    for (let n = 1; n < exponent; n++)
      product = isMatrix ? algebra.times(product, a) : algebra.elementwise('⊙', product, a);
    return product;
  }

  /** A power whose exponent is any number. */
  #raised(base: Block<Dual<N>>, exponent: Block<Dual<N>>): Block<Dual<N>> {
    if (base.columns > 1) throw new Misfit('a matrix to a power that is no whole number');
    const n = this.#numbers;
    return this.algebra.both('to the power', (a, b) => n.exp(n.mul(b, n.log(a))), base, exponent);
  }

  #holds({ relation }: Expression & { kind: 'holds' }, left: Block<Dual<N>>, right: Block<Dual<N>>): Block<Dual<N>> {
    const n = this.#numbers;
    const not = (x: Dual<N>) => n.sub(n.constant(1), x);
    const equal = (a: Dual<N>, b: Dual<N>) => n.constant(this.#setting.ground.same(a.value, b.value) ? 1 : 0);
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

  #isSo(condition: Expression, scope: Scope): boolean {
    const { same, numbers } = this.#setting.ground;
    return this.evaluate(condition, scope).data.every(({ value }) => same(value, numbers.constant(1)));
  }

  #over(of: Expression & { kind: 'over' }, scope: Scope): Block<Dual<N>> {
    const { algebra } = this;
    const terms = this.#terms(of, scope);
    if (of.operation === 'argmax' || of.operation === 'argmin') return this.#bestOf(of, terms);
    const [first, ...others] = terms;
    if (of.operation === 'max' || of.operation === 'min') {
      if (!first) throw new NoStep();
      const f = of.operation === 'max' ? this.#numbers.max : this.#numbers.min;
      return others.reduce((a, b) => algebra.both(of.operation, f, a, b), first);
    }
    if (!first) return of.operation === 'Σ' ? algebra.number(0) : this.#nothing(of, scope);
    if (of.operation === 'Σ') return others.reduce((a, b) => algebra.add(a, b), first);
    return others.reduce(
      (a, b) => (a.columns > 1 && a.rows > 1 ? algebra.times(a, b) : algebra.elementwise('⊙', a, b)),
      first,
    );
  }

  /** A product of nothing: I, if its factors are matrices. */
  #nothing({ range, of }: Expression & { kind: 'over' }, scope: Scope): Block<Dual<N>> {
    const factor = this.evaluate(of, { ...scope, times: new Map([...scope.times, [range.index, 1]]) });
    return factor.rows > 1 && factor.columns > 1 ? this.algebra.fitting('I') : this.algebra.number(1);
  }

  /** The first place at which a number is the largest, or the smallest. */
  #bestOf({ operation, at }: Expression & { kind: 'over' }, terms: readonly Block<Dual<N>>[]): Block<Dual<N>> {
    const { same } = this.#setting.ground;
    const n = this.#numbers;
    let best = 0;
    for (const [place, { data }] of terms.entries()) {
      const [x, y] = [data[0], terms[best]?.data[0]];
      if (!x || !y || data.length > 1) throw new Unread(`${operation} of what is no number`, at);
      const isBetter = operation === 'argmax' ? n.above(x, y) : n.above(y, x);
      if (same(isBetter.value, n.constant(1).value)) best = place;
    }
    return this.algebra.number(best + 1);
  }

  #probability({ events, given, at }: Expression & { kind: 'probability' }, scope: Scope): Block<Dual<N>> {
    const condition = this.#heldFast(given, new Map(), scope);
    const of = this.#heldFast(events, condition, scope);
    const { algebra } = this;
    return algebra.elementwise('⊘', this.#jointly(of, scope, at), this.#jointly(condition, scope, at));
  }

  /** What events say of values, beside what is said already. */
  #heldFast(events: readonly Event[], before: ReadonlyMap<string, number>, scope: Scope): ReadonlyMap<string, number> {
    const fixed = new Map(before);
    for (const { name, to, value } of events) {
      const [first, last] = [name, to ?? name].map(one => this.momentOf(one, scope));
      const [from = 1, end = from] = [first?.time, last?.time];
      if (!first || (!to && (from < 1 || end > this.#setting.last))) throw new NoStep();
      for (let time = from; time <= end; time++) {
        const own = () => this.#wholeAt(this.value({ ...first, time }, scope.reader), name.at);
        fixed.set(`${first.key} ${time}`, value ? this.#placeOf(value, scope) : own());
      }
    }
    return fixed;
  }

  /** The probability of some values, whatever the others are. */
  #jointly(fixed: ReadonlyMap<string, number>, scope: Scope, at: number): Block<Dual<N>> {
    const { system, sizes, last } = this.#setting;
    const { joint } = system;
    if (!joint) throw new Unread('no equation says the joint probability', at);
    const moments = joint.names.flatMap(name => {
      const { key } = this.momentOf(name, scope);
      return Array.from({ length: last }, (_, n) => [`${key} ${n + 1}`, sizes.wholeOf(key) ?? 0] as const);
    });
    const free = moments.filter(([moment]) => !fixed.has(moment));
    const { algebra } = this;
    const of = (instead: ReadonlyMap<string, number>) => this.evaluate(joint.of, { ...scope, instead });
    return summed(free, fixed, of, (a, b) => algebra.add(a, b), algebra.number(0));
  }

  /** The number that a place is. */
  #placeOf(of: Expression, scope: Scope): number {
    const known = of.kind === 'place' ? scope.places?.get(of.letter) : of.kind === 'number' ? of.value : undefined;
    if (known !== undefined) return known;
    return this.#wholeAt(this.evaluate(of, scope), of.at);
  }

  #wholeAt({ data: [x] }: Block<Dual<N>>, at: number): number {
    const { ground } = this.#setting;
    for (let place = 1; x && place <= MOST_PLACES; place++)
      if (ground.same(x.value, ground.numbers.constant(place))) return place;
    throw new Unread('a place that is no whole number', at);
  }

  /** A number for every place of a letter, or for all pairs of two. */
  #array({ letters, of, like, at }: Expression & { kind: 'array' }, scope: Scope): Block<Dual<N>> {
    const [rows, columns = 1] = letters.map(letter => {
      const count = countOf(letter, [of, like], this.#setting);
      if (count === undefined) throw new Unread(`what ${letter} runs over is not said`, at);
      return count;
    });
    if (rows === undefined) throw new Unread('places of nothing', at);
    const data = Array.from({ length: rows * columns }, (_, n) => {
      const [i, j] = [Math.floor(n / columns) + 1, (n % columns) + 1];
      const placed = letters.map((letter, k) => [letter, k === 0 ? i : j] as const);
      const [element, ...others] = this.evaluate(of, placedAt(scope, placed)).data;
      if (!element || others.length > 0) throw new Misfit('an element that is no number');
      return element;
    });
    return { rows, columns, data };
  }

  /** What a sum, a product or a maximum is made of. */
  #terms(of: Expression & { kind: 'over' }, scope: Scope): Block<Dual<N>>[] {
    const { index, from, to, where } = of.range;
    const { system } = this.#setting;
    const names = allNames(of.of).filter(name => lettersOf(name).includes(index));
    const counts = allNames(of.of).some(name => name.letter === index && isStepName(name, system)); // k of min_k (k + τ/k)
    const isStep = index === 't' || from !== undefined || counts;
    const isTime = isStep || names.some(name => system.vocabulary.freeTimes(name).includes(index));
    if (index === '') return [this.evaluate(of.of, scope)];
    const places = countsIn(index, of.of) ? countOf(index, [of.of], this.#setting) : undefined;
    if (places !== undefined) {
      return Array.from({ length: places }, (_, n) => placedAt(scope, [[index, n + 1]]))
        .filter(placed => !where || this.#isSo(where, placed))
        .slice(from ? boundOf(from, scope, this.#setting) - 1 : 0, to ? boundOf(to, scope, this.#setting) : undefined)
        .map(placed => this.evaluate(of.of, placed));
    }
    if (!isTime)
      return system.membersOf(index, of.of).map(member => this.evaluate(withLetter(of.of, index, member), scope));
    return this.#steps(of, scope)
      .map(time => ({ ...scope, times: new Map([...scope.times, [index, time]]) }))
      .filter(at => !where || this.#isSo(where, at))
      .map(at => this.evaluate(of.of, at));
  }

  /** The steps that a sum, a product or a list runs over, in their order. */
  #steps({ range: { from, to, down = false } }: Expression & { kind: 'over' }, scope: Scope): readonly number[] {
    const first = from ? boundOf(from, scope, this.#setting) : 1;
    const end = to ? boundOf(to, scope, this.#setting) : this.#setting.last;
    const count = down ? first - end + 1 : end - first + 1;
    if (count < 0) throw new NoStep();
    return Array.from({ length: count }, (_, n) => (down ? first - n : first + n));
  }
}

/** The slope of a function that an equation says is another: of g where g(a) = tanh a, tanh′. */
function slopeOf(
  of: Expression & { kind: 'call' },
  functions: ReadonlyMap<string, FunctionDefinition>,
): Expression | undefined {
  const body = of.order > 0 ? functions.get(functionKey({ ...of, order: 0 }))?.of : undefined;
  if (body?.kind !== 'call' || body.order > 0 || body.args.length > 1 || body.args[0]?.kind !== 'name')
    return undefined;
  return { ...body, order: of.order, args: of.args };
}

/** A function's body, of its arguments. */
function applied({ arguments: names, of }: FunctionDefinition, to: readonly Expression[]): Expression {
  return substituted(
    of,
    ({ letter, bold, sup, sub }) =>
      to[names.findIndex(name => name.letter === letter && name.bold === bold && sup.length + sub.length === 0)],
  );
}

function spread({ key, time }: Moment): [string, number | undefined] {
  return [key, time];
}
