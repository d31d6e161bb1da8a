/** What a line that is wrong may have been meant as: one edit away from what it is. */
import type { Expression, Name, Term } from './expression.ts';
import { boundsOf, partsOf, walk } from './expression.ts';

/** An expression with one thing in it changed, and what that is. */
export interface Edit {
  readonly what: string;
  readonly to: Expression;
}

/** Names and gradients that a factor or a term may be missing of. */
export interface Stock {
  readonly factors: readonly Expression[];
  readonly terms: readonly Expression[];
}

/** All single edits, the smallest first: signs, transposes, factors, times, order, letters, then what may be missing. */
export function* editsOf(of: Expression, stock: Stock): Generator<Edit> {
  for (const kind of [signs, transposes, less, times, orders, slopes]) yield* everywhere(of, kind);
  yield* sums(of);
  yield* everywhere(of, part => letters(part, stock));
  yield* everywhere(of, part => factors(part, stock));
  yield* missingTerms(of, stock);
}

/** The edits of the expression itself, and those of all that it is made of. */
function* everywhere(of: Expression, edits: (part: Expression) => Iterable<Edit>): Generator<Edit> {
  yield* edits(of);
  for (const [n, part] of partsOf(of).entries()) {
    if (of.kind === 'power' && n === 1) continue;
    for (const { what, to } of everywhere(part, edits)) yield { what, to: withPart(of, n, to) };
  }
}

/** An expression with its n-th part, in the order of {@link partsOf}, replaced. */
function withPart(of: Expression, n: number, to: Expression): Expression {
  switch (of.kind) {
    case 'sum':
      return { ...of, terms: of.terms.map((term, k) => (k === n ? { ...term, of: to } : term)) };
    case 'product':
      return { ...of, factors: of.factors.map((factor, k) => (k === n ? to : factor)) };
    case 'each':
    case 'holds':
      return n === 0 ? { ...of, left: to } : { ...of, right: to };
    case 'transpose':
    case 'array':
    case 'where':
    case 'share':
      return { ...of, of: to };
    case 'element':
      return n === 0 ? { ...of, of: to } : of;
    case 'power':
      return n === 0 ? { ...of, of: to } : { ...of, exponent: to };
    case 'call':
      return { ...of, args: of.args.map((arg, k) => (k === n ? to : arg)) };
    case 'over': {
      return n === boundsOf(of.range).length ? { ...of, of: to } : of;
    }
    case 'stack':
      return { ...of, parts: of.parts.map((part, k) => (k === n ? to : part)) };
    default:
      return of;
  }
}

function* signs(of: Expression): Generator<Edit> {
  if (of.kind !== 'sum') {
    if (
      of.kind === 'product' ||
      of.kind === 'each' ||
      of.kind === 'gradient' ||
      of.kind === 'name' ||
      of.kind === 'call'
    ) {
      yield { what: 'a sign', to: { kind: 'sum', terms: [{ sign: -1, of }], at: of.at } };
    }
    return;
  }
  for (const n of of.terms.keys()) {
    const terms = of.terms.map((term, k): Term => (k === n ? { ...term, sign: term.sign === 1 ? -1 : 1 } : term));
    yield { what: 'a sign', to: { ...of, terms } };
  }
}

function* transposes(of: Expression): Generator<Edit> {
  if (of.kind === 'transpose') yield { what: 'a transpose', to: of.of };
  else if (
    of.kind === 'name' ||
    of.kind === 'gradient' ||
    of.kind === 'sum' ||
    of.kind === 'given' ||
    of.kind === 'jacobian'
  ) {
    yield { what: 'a transpose', to: { kind: 'transpose', of, at: of.at } };
  }
}

/** A factor or term less: one that is too much. */
function* less(of: Expression): Generator<Edit> {
  if (of.kind === 'each') {
    yield { what: 'a factor too many', to: of.left };
    if (of.operation === '⊙') yield { what: 'a factor too many', to: of.right };
    yield {
      what: of.operation === '⊙' ? '⊘ for ⊙' : '⊙ for ⊘',
      to: { ...of, operation: of.operation === '⊙' ? '⊘' : '⊙' },
    };
  }
  if (of.kind === 'product' || (of.kind === 'sum' && of.terms.length > 1)) {
    for (const n of partsOf(of).keys()) {
      if (of.kind === 'sum')
        yield { what: 'a term too many', to: { ...of, terms: of.terms.filter((_, k) => k !== n) } };
      else
        yield {
          what: 'a factor too many',
          to: single(
            of.factors.filter((_, k) => k !== n),
            of.at,
          ),
        };
    }
  }
  if (of.kind === 'power' || of.kind === 'over') yield { what: of.kind === 'power' ? 'a power' : 'a sum', to: of.of };
  if (of.kind === 'name' || of.kind === 'call') {
    yield { what: 'a square', to: { kind: 'power', of, exponent: { kind: 'number', value: 2, at: of.at }, at: of.at } };
  }
}

function single(factors: readonly Expression[], at: number): Expression {
  const [only, ...others] = factors;
  return only && others.length === 0 ? only : { kind: 'product', factors, at };
}

function* times(of: Expression): Generator<Edit> {
  const shifted = (name: Name, by: number): Name => ({
    ...name,
    sub: name.sub.map(index => (index.letter === 't' ? { ...index, offset: index.offset + by } : index)),
    sup: name.sup.map(index => (index.letter === 't' ? { ...index, offset: index.offset + by } : index)),
  });
  const timeOf = ({ sup, sub }: Name) => {
    const index = [...sup, ...sub].find(({ letter }) => letter === 't');
    const offset = index?.letter === undefined ? 0 : index.offset;
    return offset === 0 ? 't' : offset > 0 ? `t+${offset}` : `t−${-offset}`;
  };
  for (const by of [-1, 1, -2, 2]) {
    const name = nameIn(of);
    if (!name || !isTimed(name)) continue;
    const to = shifted(name, by);
    const what = `${timeOf(name)} for ${timeOf(to)}`;
    if (of.kind === 'name') yield { what, to: { ...of, name: to } };
    if (of.kind === 'gradient') yield { what, to: { ...of, by: to } };
    if (of.kind === 'given') yield { what, to: { ...of, of: to } };
  }
}

/** The name of a value, or of what its gradient is in. */
function nameIn(of: Expression): Name | undefined {
  return of.kind === 'name' ? of.name : of.kind === 'gradient' ? of.by : of.kind === 'given' ? of.of : undefined;
}

function isTimed(name: Name | undefined): boolean {
  return name !== undefined && [...name.sup, ...name.sub].some(({ letter }) => letter === 't');
}

function* orders(of: Expression): Generator<Edit> {
  if (of.kind !== 'product') return;
  for (let n = 0; n + 1 < of.factors.length; n++) {
    const factors = [...of.factors];
    const [a, b] = [factors[n], factors[n + 1]];
    if (a && b) factors.splice(n, 2, b, a);
    yield { what: 'the order of a product', to: { ...of, factors } };
  }
}

/** A sum over all steps that is missing before what is of one. */
function* sums(of: Expression): Generator<Edit> {
  if (of.kind === 'over' || !walk(of).some(part => isTimed(nameIn(part)))) return;
  yield { what: 'a missing sum', to: { kind: 'over', operation: 'Σ', range: { index: 't' }, of, at: of.at } };
}

/** 1 − x for x, and the slope 1 − x² for x(1 − x). */
function* slopes(of: Expression): Generator<Edit> {
  const one: Expression = { kind: 'number', value: 1, at: of.at };
  const rest = (x: Expression): Expression => ({
    kind: 'sum',
    terms: [
      { sign: 1, of: one },
      { sign: -1, of: x },
    ],
    at: of.at,
  });
  if (of.kind === 'name') yield { what: '1 − x for x', to: rest(of) };
  if (of.kind !== 'sum' || of.terms.length !== 2) return;
  const [first, second] = of.terms;
  if (first?.of.kind === 'number' && first.of.value === 1 && second?.sign === -1)
    yield { what: 'x for 1 − x', to: second.of };
}

/** Another name in place of one. */
function* letters(of: Expression, stock: Stock): Generator<Edit> {
  const kinds = of.kind === 'name' ? stock.factors : of.kind === 'gradient' || of.kind === 'given' ? stock.terms : [];
  for (const to of kinds) yield { what: 'a letter', to: { ...to, at: of.at } };
}

/** A factor that is missing. */
function* factors(of: Expression, stock: Stock): Generator<Edit> {
  if (
    of.kind !== 'each' &&
    of.kind !== 'product' &&
    of.kind !== 'gradient' &&
    of.kind !== 'given' &&
    of.kind !== 'name'
  )
    return;
  const one: Expression = { kind: 'number', value: 1, at: of.at };
  const minus: Expression = { kind: 'sum', terms: [{ sign: -1, of }], at: of.at };
  for (const value of [2, 0.5]) {
    const number: Expression = { kind: 'number', value, at: of.at };
    yield { what: `a factor ${value === 2 ? 2 : '½'}`, to: { kind: 'product', factors: [number, of], at: of.at } };
  }
  for (const factor of stock.factors) {
    yield { what: 'a missing factor', to: { kind: 'each', operation: '⊙', left: of, right: factor, at: of.at } };
    yield { what: 'a missing factor', to: { kind: 'product', factors: [of, factor], at: of.at } };
    yield { what: 'a missing factor', to: { kind: 'product', factors: [factor, of], at: of.at } };
    for (const x of [factor, power(factor)]) {
      const right: Expression = {
        kind: 'sum',
        terms: [
          { sign: 1, of: one },
          { sign: -1, of: x },
        ],
        at: of.at,
      };
      yield { what: 'a missing factor', to: { kind: 'each', operation: '⊙', left: of, right, at: of.at } };
    }
  }
  yield { what: 'a sign', to: minus };
}

function power(of: Expression): Expression {
  return { kind: 'power', of, exponent: { kind: 'number', value: 2, at: of.at }, at: of.at };
}

/** A term that is missing: a gradient, or one times a name. */
function* missingTerms(of: Expression, stock: Stock): Generator<Edit> {
  const what = 'a missing term';
  const isNothing = of.kind === 'number' && of.value === 0;
  const terms = of.kind === 'sum' ? of.terms : isNothing ? [] : [{ sign: 1 as const, of }];
  const plus = (term: Expression): Edit => ({
    what,
    to: isNothing ? term : { kind: 'sum', terms: [...terms, { sign: 1, of: term }], at: of.at },
  });
  for (const term of stock.terms) {
    yield plus(term);
    for (const factor of stock.factors) {
      yield plus({ kind: 'each', operation: '⊙', left: term, right: factor, at: of.at });
      yield plus({ kind: 'product', factors: [term, factor], at: of.at });
      yield plus({ kind: 'product', factors: [{ kind: 'transpose', of: factor, at: of.at }, term], at: of.at });
    }
  }
}
