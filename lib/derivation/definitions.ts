/** What statements define: a name by an expression, a function by its body. */
import { type Expression, type Name, namesOf, partsOf, walk } from './expression.ts';
import type { Statement } from './grammar.ts';
import { Unread } from './latex.ts';
import type { Line, Reading } from './lines.ts';
import { allNames, lettersOf, rebuilt, type Vocabulary, withLetter } from './names.ts';
import { normalised, summedIn } from './normalised.ts';
import { latexOf } from './show.ts';

/** What a name stands for. */
export interface Definition {
  readonly key: string;
  /** In the equation of step t it stands with t + offset; none where it does not go with the time. */
  readonly offset?: number;
  /** The one time at which it holds. */
  readonly fixed?: number;
  /** Whether that is counted from the last step: 0 is τ. */
  readonly fromLast?: true;
  readonly of: Expression;
  readonly line: Line;
  /** Whether it was said of a function of the name: log i = a. */
  readonly implied?: boolean;
  /** Whether it says of what is given that its elements are 1 in all. */
  readonly normalises?: boolean;
}

/** A statement for one letter of every set that it has. */
export interface Instance {
  readonly line: Line;
  readonly statement: Statement;
  /** `k = f`, where there are several. */
  readonly of: string;
}

/** A function that an equation defines: `D(a) = diag(g′(a))`, `N′(a, g) = …`. */
export interface FunctionDefinition {
  readonly name: string;
  readonly arguments: readonly Name[];
  readonly of: Expression;
}

/** A reading in which what is defined at a step j or k is defined at t; `timed` knows what goes with the time. */
export function inT(reading: Reading, timed: Vocabulary): Reading {
  const again = (line: Line): Line => ({
    ...line,
    statements: line.statements.map(statement => {
      const [first, ...others] = statement.members;
      if (first?.kind !== 'name') return statement;
      const steps = new Set(others.flatMap(allNames).flatMap(name => timed.freeTimes(name)));
      const [letter] = lettersOf(first.name).filter(one => steps.has(one));
      if (letter === undefined || lettersOf(first.name).includes('t')) return statement;
      return { ...statement, members: statement.members.map(member => withLetter(member, letter, 't')) };
    }),
  });
  return { ...reading, lines: reading.lines.map(again), abbreviations: reading.abbreviations.map(again) };
}

/** The names of a statement, and of those that it follows from. */
export function namesIn({ members, under = [] }: Statement): readonly Name[] {
  return [...members.flatMap(allNames), ...under.flatMap(namesIn)];
}

/** Whether it says what is equal, whatever else may be so: then it may define. */
export function isUnconditional({ statement: { relation, under, cites } }: Instance): boolean {
  return relation === undefined && under === undefined && cites === undefined;
}

/** Whether an expression speaks of gradients, and so belongs to the backward pass. */
export function isBackward(expression: Expression): boolean {
  return walk(expression).some(({ kind }) => kind === 'gradient' || kind === 'given' || kind === 'jacobian');
}

/** What stands for a function of one name, whose sides are added to those that define; names that are made of its argument are written out in it. */
export function functionsIn(
  instances: readonly Instance[],
  definitions: ReadonlyMap<string, readonly Definition[]>,
  defining: Set<Expression>,
  vocabulary: Vocabulary,
): ReadonlyMap<string, FunctionDefinition> {
  const functions = new Map<string, FunctionDefinition>();
  for (const { statement } of instances) {
    const [first] = statement.members;
    const last = statement.members.at(-1);
    if (first?.kind !== 'call' || !last || last === first || functions.has(functionKey(first)) || isBackward(last))
      continue;
    const names = first.args.flatMap(argument => (argument.kind === 'name' ? [argument.name] : []));
    if (names.length < first.args.length || !/^[gfφψDN]$/.test(first.name)) continue;
    if (names.length === 1 && first.order > 0) continue;
    const keys = names.map(name => keyIn(name, vocabulary));
    if (
      names.some(name => lettersOf(name).length > 0) ||
      walk(last).some(part => part.kind === 'call' && functionKey(part) === functionKey(first))
    )
      continue;
    defining.add(first);
    functions.set(functionKey(first), {
      name: first.name,
      arguments: names,
      of: writtenOut(last, keys, definitions, vocabulary, 0),
    });
  }
  return functions;
}

/** A function of a name: N′(a, g) is another than N(a). */
export function functionKey({ name, order, args }: Expression & { readonly kind: 'call' }): string {
  return `${name}${'′'.repeat(order)} ${args.length}`;
}

/** Whether it is a function of several names that a letter stands for: f(s, x; θ). */
export function isOfMany({ name, order, args }: Expression & { readonly kind: 'call' }): boolean {
  return args.length > 1 && order === 0 && /^[gfφψ]$/.test(name);
}

/** An expression with the definition of every name that mentions one of some keys in place of the name. */
export function writtenOut(
  of: Expression,
  keys: readonly string[],
  definitions: ReadonlyMap<string, readonly Definition[]>,
  vocabulary: Vocabulary,
  depth: number,
): Expression {
  if (depth > 8) throw new Unread('a function that is made of itself', of.at);
  return rebuilt(of, part => {
    if (part.kind === 'power') return squared(part) ?? part;
    if (part.kind !== 'name') return part;
    const own = keyIn(part.name, vocabulary);
    const [definition] = keys.includes(own) ? [] : (definitions.get(own) ?? []);
    if (!definition || definition.offset !== undefined || isBackward(definition.of)) return part;
    const inner = writtenOut(definition.of, keys, definitions, vocabulary, depth + 1);
    return allNames(inner).some(name => keys.includes(keyIn(name, vocabulary))) ? inner : part;
  });
}

/** The steps at which alone it defines; empty where it does at all. */
export function conditionText({ of }: Definition): string {
  return of.kind === 'where' ? latexOf(of.condition) : '';
}

/** The key of a name, whatever its time. */
export function keyIn(name: Name, vocabulary: Vocabulary): string {
  const anyTime = new Map(lettersOf(name).map(letter => [letter, 1]));
  return vocabulary.resolve(name, anyTime, 1).key;
}

/** What a statement defines: every name in it but the last side, by the last side. */
export function* definitionsIn(
  line: Line,
  { members }: Statement,
  vocabulary: Vocabulary,
): Generator<readonly [Expression, Definition]> {
  const last = members.at(-1);
  const first = members.slice(0, -1).find(({ kind }) => kind === 'name');
  if (!last || !first) return;
  for (const side of members.slice(0, -1)) {
    if (side.kind !== 'name') continue;
    const definition = definitionOf(side.name, side === first ? last : first, line, vocabulary);
    if (definition && !defines(last, definition.key, definition.offset ?? 0, vocabulary)) yield [side, definition];
  }
}

/** `log i = a` implies i = exp a, and so does `−log i = −a`; `σ² = v` implies σ = √v, and `[a; b] = c` that a and b are parts of c. */
export function* impliedIn(
  line: Line,
  { members }: Statement,
  vocabulary: Vocabulary,
): Generator<readonly [Expression, Definition]> {
  const last = members.at(-1);
  if (!last) return;
  for (const side of members.slice(0, -1)) {
    if (
      side.kind === 'power' &&
      side.of.kind === 'name' &&
      side.exponent.kind === 'number' &&
      side.exponent.value === 2
    ) {
      const root: Expression = { kind: 'call', name: 'sqrt', order: 0, args: [last], at: last.at };
      const definition = definitionOf(side.of.name, root, line, vocabulary);
      if (definition) yield [side, { ...definition, implied: true }];
    }
    const summed = last.kind === 'number' && last.value === 1 ? summedIn(side) : undefined;
    if (summed) {
      const definition = definitionOf(summed, normalised(summed, last.at), line, vocabulary);
      if (definition) yield [side, { ...definition, implied: true, normalises: true }];
    }
    const list = side.kind === 'stack' && last.kind !== 'stack' ? side : undefined;
    for (const [part, one] of list?.parts.entries() ?? []) {
      if (one.kind !== 'name') continue;
      const whole = members.find(({ kind }) => kind === 'name') ?? last;
      const of: Expression = {
        kind: 'part',
        of: whole,
        part,
        parts: list?.parts.length ?? 1,
        below: list?.below ?? true,
        at: one.at,
      };
      const definition = definitionOf(one.name, of, line, vocabulary);
      if (definition) yield [side, { ...definition, implied: true }];
    }
    const [term] = side.kind === 'sum' && side.terms.length === 1 ? side.terms : [{ sign: 1 as const, of: side }];
    const call = term?.of;
    const [of] = call?.kind === 'call' && call.name === 'log' && call.order === 0 ? call.args : [];
    if (!term || of?.kind !== 'name') continue;
    const exponent: Expression = { kind: 'sum', terms: [{ sign: term.sign, of: last }], at: last.at };
    const exp: Expression = { kind: 'call', name: 'exp', order: 0, args: [exponent], at: last.at };
    const definition = definitionOf(of.name, exp, line, vocabulary);
    if (definition) yield [side, { ...definition, implied: true }];
  }
}

function definitionOf(name: Name, of: Expression, line: Line, vocabulary: Vocabulary): Definition | undefined {
  const letters = lettersOf(name);
  try {
    const { key, time } = vocabulary.resolve(name, new Map([['t', 0]]), Number.NaN);
    if (time === undefined) {
      if (mentionsT(of)) vocabulary.addTimed(key);
      return { key, of, line, ...(vocabulary.isTimed(key) && { offset: 0 }) };
    }
    if (letters.includes('t')) return { key, offset: time, of, line };
    if (!Number.isNaN(time)) return { key, fixed: time, of, line };
    const { time: fixed = 0 } = vocabulary.resolve(name, new Map(), 0);
    return { key, fixed, fromLast: true, of, line };
  } catch (error) {
    if (error instanceof Unread) return undefined;
    throw error;
  }
}

/** Whether an expression goes with the time: mentions a t that no sum binds. */
function mentionsT(of: Expression): boolean {
  if (of.kind === 'over' && of.range.index === 't') return false;
  return namesOf(of).some(name => lettersOf(name).includes('t')) || partsOf(of).some(mentionsT);
}

/** Whether an expression mentions the very name, at the same time. */
export function defines(of: Expression, key: string, offset: number, vocabulary: Vocabulary): boolean {
  return walk(of).some(part => {
    if (part.kind !== 'name') return false;
    const times = new Map([['t', 0]]);
    for (const letter of lettersOf(part.name)) if (!times.has(letter)) times.set(letter, Number.NaN);
    const found = vocabulary.resolve(part.name, times, Number.NaN);
    return found.key === key && (found.time ?? 0) === offset;
  });
}

/** x of (√x)², as a name comes out that was said by its square: of that a field knows more than of a root. */
function squared({ of, exponent }: Expression & { readonly kind: 'power' }): Expression | undefined {
  const isRoot = of.kind === 'call' && of.name === 'sqrt' && of.order === 0;
  return isRoot && exponent.kind === 'number' && exponent.value === 2 ? of.args[0] : undefined;
}
