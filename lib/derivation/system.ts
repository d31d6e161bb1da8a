/** The system that a derivation's forward equations define, and what its other equations claim of it. */
import { type Expression, isLossKey, type Name, namesOf, partsOf, walk } from './expression.ts';
import type { Statement } from './grammar.ts';
import { Unread } from './latex.ts';
import type { Line, NamedSet, Reading } from './lines.ts';
import { allNames, keyWithout, lettersOf, rebuilt, shownKey, Vocabulary, withLetter } from './names.ts';

/** What a name stands for. */
export interface Definition {
  readonly key: string;
  /** In the equation of step t it stands with t + offset; none where it does not go with the time. */
  readonly offset?: number;
  /** The one time at which it holds. */
  readonly fixed?: number;
  readonly of: Expression;
  readonly line: Line;
  /** Whether it was said of a function of the name: log i = a. */
  readonly implied?: boolean;
}

/** A statement for one letter of every set that it has. */
export interface Instance {
  readonly line: Line;
  readonly statement: Statement;
  /** `k = f`, where there are several. */
  readonly of: string;
}

/** What the lines of one prefix are judged by. */
export interface System {
  readonly vocabulary: Vocabulary;
  readonly definitions: ReadonlyMap<string, readonly Definition[]>;
  /** The sides of statements that define a name by another side. */
  readonly defining: ReadonlySet<Expression>;
  /** Names of forward equations that no equation defines: parameters, inputs, the state before the first step. */
  readonly leaves: ReadonlySet<string>;
  /** Forward definitions: those that the leaves are from. */
  readonly forward: readonly Definition[];
  /** Names that a forward equation or the loss uses. */
  readonly seen: ReadonlySet<string>;
  /** Names that the loss sees: `L` alone where it is defined. */
  readonly outputs: readonly string[];
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
  /** The sets that sums over letters run over. */
  membersOf(letter: string, of: Expression): readonly string[];
}

/** All instances of a reading, and the system for the lines of every prefix. */
export interface Systems {
  readonly lines: readonly Line[];
  readonly instances: readonly Instance[];
  for(prefix: string): System;
  /** Lines of which a set of letters could not be made out. */
  readonly unread: ReadonlyMap<Line, { readonly reason: string; readonly at: number }>;
}

/** A function that an equation defines: `D(a) = diag(g′(a))`. */
export interface FunctionDefinition {
  readonly name: string;
  readonly argument: Name;
  readonly of: Expression;
}

/** A reading in which what is defined at a step j or k is defined at t. */
function inT(reading: Reading): Reading {
  const timed = new Vocabulary(
    [...reading.lines, ...reading.abbreviations].flatMap(({ statements }) => statements.flatMap(namesIn)),
  );
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

/** @param given readings whose forward equations hold too, where this one does not define the name. */
export function systemsOf(first: Reading, more: readonly Reading[]): Systems {
  const [reading, ...given] = [first, ...more].map(inT) as [Reading, ...Reading[]];
  const lines = [reading, ...given].flatMap(({ lines: own, abbreviations }) => [...own, ...abbreviations]);
  const vocabulary = new Vocabulary(lines.flatMap(({ statements }) => statements.flatMap(namesIn)));
  const sets = new Sets(reading.sets, knownKeys(lines));
  const unread = new Map<Line, { reason: string; at: number }>();
  const expanded = (own: readonly Line[], report: boolean) =>
    own.flatMap(line =>
      line.statements.flatMap((statement): readonly Instance[] => {
        try {
          return sets.instances(line, statement, vocabulary);
        } catch (error) {
          if (!(error instanceof Unread)) throw error;
          if (report) unread.set(line, { reason: error.message, at: error.at });
          return [];
        }
      }),
    );
  const instances = expanded(reading.lines, true);
  const abbreviations = expanded(reading.abbreviations, false);
  const others = given.flatMap(other => expanded([...other.lines, ...other.abbreviations], false));
  const systems = new Map<string, System>();
  return {
    lines: reading.lines,
    instances,
    unread,
    for(prefix) {
      const known = systems.get(prefix) ?? systemOf(prefix, instances, abbreviations, others, vocabulary, sets);
      systems.set(prefix, known);
      return known;
    },
  };
}

function namesIn({ members }: Statement): readonly Name[] {
  return members.flatMap(allNames);
}

/** Whether an expression speaks of gradients, and so belongs to the backward pass. */
export function isBackward(expression: Expression): boolean {
  return [...walk(expression)].some(({ kind }) => kind === 'gradient' || kind === 'given' || kind === 'jacobian');
}

/** The keys of all names in equations that are not about gradients, as they are written but for the time. */
function knownKeys(lines: readonly Line[]): ReadonlySet<string> {
  const forward = lines.filter(({ letter }) => letter === 'F');
  return new Set(
    (forward.length > 0 ? lines.filter(({ letter }) => letter !== 'D') : lines)
      .flatMap(({ statements }) => statements)
      .flatMap(({ members }) => members.filter(member => !isBackward(member)))
      .flatMap(member => allNames(member).map(timeless)),
  );
}

/** A name's key without what stands where the time does. */
function timeless(name: Name): string {
  return keyWithout(name, ({ letter }) => letter === 't');
}

/** Letters that stand for every letter of a set. */
class Sets {
  readonly #named: readonly NamedSet[];
  readonly #known: ReadonlySet<string>;

  constructor(named: readonly NamedSet[], known: ReadonlySet<string>) {
    this.#named = named;
    this.#known = known;
  }

  /** The statement for every letter of the sets of its free letters. */
  instances(line: Line, statement: Statement, vocabulary: Vocabulary): readonly Instance[] {
    const names = namesIn(statement);
    const bound = new Set(statement.members.flatMap(member => [...walk(member)].flatMap(boundLetters)));
    const times = new Set(names.flatMap(name => vocabulary.freeTimes(name)));
    const [first] = statement.members;
    const leading = first ? allNames(first).flatMap(lettersOf) : [];
    const free = new Set(leading.filter(letter => !bound.has(letter) && !times.has(letter)));
    let instances: readonly Instance[] = [{ line, statement, of: '' }];
    for (const letter of free) {
      const members = this.members(letter, names, line.offset);
      if (!members) continue;
      instances = instances.flatMap(instance =>
        members.map(member => ({
          ...instance,
          statement: {
            ...instance.statement,
            members: instance.statement.members.map(side => withLetter(side, letter, member)),
          },
          of: [instance.of, `${letter} = ${member}`].filter(Boolean).join(', '),
        })),
      );
    }
    return instances;
  }

  /** What a letter runs over: said in the text, or all letters with which every name that has it is known. None where it is a name's own. */
  members(letter: string, names: readonly Name[], offset: number): readonly string[] | undefined {
    if (!/^[a-z]$/.test(letter) || letter === 't') return undefined;
    const having = names.filter(name => lettersOf(name).includes(letter));
    const named = [...this.#named].filter(set => set.letter === letter);
    const said = named.filter(set => set.offset < offset).at(-1) ?? named[0];
    const knownWith = (other: string) =>
      having.every(name => {
        const [only] = allNames(withLetter({ kind: 'name', name, at: name.at }, letter, other));
        return only !== undefined && this.#known.has(timeless(only));
      });
    if (said?.members.some(member => having.some(name => this.#known.has(timeless(swapped(name, letter, member))))))
      return said.members;
    if (having.some(name => this.#known.has(timeless(name)))) return undefined;
    const found = 'abcdefghijklmnopqrsuvwxyz'.split('').filter(other => other !== letter && knownWith(other));
    return found.length > 0 ? found : undefined;
  }
}

function swapped(name: Name, from: string, to: string): Name {
  const [only] = allNames(withLetter({ kind: 'name', name, at: name.at }, from, to));
  return only ?? name;
}

function boundLetters(part: Expression): readonly string[] {
  return part.kind === 'over' ? [part.range.index] : [];
}

function systemOf(
  prefix: string,
  instances: readonly Instance[],
  abbreviations: readonly Instance[],
  others: readonly Instance[],
  vocabulary: Vocabulary,
  sets: Sets,
): System {
  const definitions = new Map<string, Definition[]>();
  const defining = new Set<Expression>();
  const sidesOf = new Map<Definition, readonly Expression[]>();
  const own = instances.filter(({ line }) => line.prefix === prefix);
  const isForward = ({ line }: Instance) => line.letter === 'F' || line.letter === '';
  const hasForward = own.some(({ line }) => line.letter === 'F');
  const rest = instances.filter(({ line }) => line.prefix !== prefix && line.letter === 'F');
  const sources = [
    own.filter(isForward),
    own.filter(instance => !isForward(instance)),
    abbreviations,
    rest,
    others.filter(({ line }) => line.letter !== 'D'),
  ];
  const ofForward = new Set(
    own
      .filter(instance => isForward(instance) && !instance.statement.members.some(isBackward))
      .flatMap(({ statement }) => namesIn(statement).map(name => keyIn(name, vocabulary))),
  );
  const add = (definition: Definition, side: Expression) => {
    if (definition.line.prose && ofForward.has(definition.key)) return; // “with p = 0” is a case, and no definition
    const same = definitions.get(definition.key) ?? [];
    if (same.some(other => other.fixed === definition.fixed)) return;
    definitions.set(definition.key, [...same, definition]);
    sidesOf.set(definition, [side]);
    defining.add(side);
  };
  const asked = new Set(
    own.flatMap(({ statement }) =>
      statement.members.flatMap(member =>
        [...walk(member)].flatMap(part => (part.kind === 'gradient' ? [keyIn(part.by, vocabulary)] : [])),
      ),
    ),
  );
  for (const backward of [false, true]) {
    for (const source of sources) {
      for (const { line, statement } of source) {
        if (statement.adds || statement.members.some(isBackward) !== backward) continue;
        for (const [side, definition] of definitionsIn(line, statement, vocabulary)) add(definition, side);
      }
    }
  }
  for (const { line, statement } of sources.flat()) {
    for (const [side, definition] of impliedIn(line, statement, vocabulary)) {
      if (!definitions.has(definition.key)) add(definition, side);
    }
  }
  for (const { line, statement } of ownSteps(own)) {
    // What a gradient is asked in has to be seen: f = σ(q) where q was made of f.
    if (statement.members.some(isBackward)) continue;
    for (const [side, definition] of definitionsIn(line, statement, vocabulary)) {
      const mentioned = allNames(definition.of).map(name => keyIn(name, vocabulary));
      if (!mentioned.some(key => isUnseen(key, definitions, asked, vocabulary)) || !ofForward.has(definition.key))
        continue;
      for (const replaced of definitions.get(definition.key) ?? [])
        for (const other of sidesOf.get(replaced) ?? []) defining.delete(other);
      definitions.set(definition.key, [definition]);
      defining.add(side);
    }
  }
  const chosen = [...definitions.values()].flat();
  const isFirst = ({ key, of, line }: Definition) =>
    !isBackward(of) && line.prefix === prefix && (hasForward ? line.letter === 'F' || ofForward.has(key) : !line.prose);
  const mentioned = new Set(own.flatMap(({ statement }) => namesIn(statement).map(name => keyIn(name, vocabulary))));
  const elsewhere = new Set(others.map(({ line }) => line));
  const isGiven = ({ key, of, line }: Definition) => !isBackward(of) && elsewhere.has(line) && mentioned.has(key);
  const forward = withAllTheyUse(
    chosen.filter(definition => isFirst(definition) || isGiven(definition)),
    definitions,
    vocabulary,
  );
  const used = new Set(forward.flatMap(({ of }) => allNames(of).map(name => keyIn(name, vocabulary))));
  const leaves = new Set([...used].filter(key => !definitions.has(key)));
  for (const { key } of forward) leaves.add(key);
  const outputs = outputsOf(forward, own, vocabulary);
  const functions = functionsIn(sources.flat(), definitions, vocabulary);
  return {
    vocabulary,
    definitions,
    defining,
    seen: new Set([...used, ...outputs]),
    leaves,
    forward,
    outputs,
    functions,
    membersOf(letter, of) {
      const names = allNames(of).filter(name => lettersOf(name).includes(letter));
      const members = sets.members(letter, names, 0);
      if (!members) throw new Unread(`what ${letter} runs over is not said`, of.at);
      return members;
    },
  };
}

/** The steps of the derivation itself. */
function ownSteps(own: readonly Instance[]): readonly Instance[] {
  return own.filter(({ line }) => line.letter === 'D');
}

/** Whether a gradient is asked in a name that is defined, and that no forward equation uses. */
function isUnseen(
  key: string,
  definitions: ReadonlyMap<string, readonly Definition[]>,
  asked: ReadonlySet<string>,
  vocabulary: Vocabulary,
): boolean {
  if (!asked.has(key) || !definitions.has(key)) return false;
  const forward = [...definitions.values()].flat().filter(({ line, of }) => line.letter === 'F' && !isBackward(of));
  if (forward.some(definition => definition.key === key)) return false;
  return !forward.some(({ of }) => allNames(of).some(name => keyIn(name, vocabulary) === key));
}

/** What stands for a function of one name; names that are made of its argument are written out in it. */
function functionsIn(
  instances: readonly Instance[],
  definitions: ReadonlyMap<string, readonly Definition[]>,
  vocabulary: Vocabulary,
): ReadonlyMap<string, FunctionDefinition> {
  const functions = new Map<string, FunctionDefinition>();
  for (const { statement } of instances) {
    const [first] = statement.members;
    const last = statement.members.at(-1);
    if (first?.kind !== 'call' || !last || last === first || functions.has(first.name) || isBackward(last)) continue;
    const [argument, more] = first.args;
    if (argument?.kind !== 'name' || more || first.order > 0 || !/^[gfφψDN]$/.test(first.name)) continue;
    const key = keyIn(argument.name, vocabulary);
    if (
      lettersOf(argument.name).length > 0 ||
      [...walk(last)].some(part => part.kind === 'call' && part.name === first.name)
    )
      continue;
    functions.set(first.name, {
      name: first.name,
      argument: argument.name,
      of: writtenOut(last, key, definitions, vocabulary, 0),
    });
  }
  return functions;
}

/** An expression with the definition of every name that mentions a key in place of the name. */
function writtenOut(
  of: Expression,
  key: string,
  definitions: ReadonlyMap<string, readonly Definition[]>,
  vocabulary: Vocabulary,
  depth: number,
): Expression {
  if (depth > 8) throw new Unread('a function that is made of itself', of.at);
  return rebuilt(of, part => {
    if (part.kind !== 'name') return part;
    const own = keyIn(part.name, vocabulary);
    const [definition] = own === key ? [] : (definitions.get(own) ?? []);
    if (!definition || definition.offset !== undefined || isBackward(definition.of)) return part;
    const inner = writtenOut(definition.of, key, definitions, vocabulary, depth + 1);
    return allNames(inner).some(name => keyIn(name, vocabulary) === key) ? inner : part;
  });
}

/** Definitions, and those of the names in them. */
function withAllTheyUse(
  first: readonly Definition[],
  definitions: ReadonlyMap<string, readonly Definition[]>,
  vocabulary: Vocabulary,
): readonly Definition[] {
  const all = new Set(first);
  for (const { of } of all) {
    for (const name of allNames(of))
      for (const definition of definitions.get(keyIn(name, vocabulary)) ?? []) all.add(definition);
  }
  return [...all];
}

/** The key of a name, whatever its time. */
export function keyIn(name: Name, vocabulary: Vocabulary): string {
  const anyTime = new Map(lettersOf(name).map(letter => [letter, 1]));
  return vocabulary.resolve(name, anyTime, 1).key;
}

/** What a statement defines: every name in it but the last side, by the last side. */
function* definitionsIn(
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

/** `log i = a` implies i = exp a, and so does `−log i = −a`. */
function* impliedIn(
  line: Line,
  { members }: Statement,
  vocabulary: Vocabulary,
): Generator<readonly [Expression, Definition]> {
  const last = members.at(-1);
  if (!last) return;
  for (const side of members.slice(0, -1)) {
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
    return Number.isNaN(time) ? undefined : { key, fixed: time, of, line };
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
function defines(of: Expression, key: string, offset: number, vocabulary: Vocabulary): boolean {
  return [...walk(of)].some(part => {
    if (part.kind !== 'name') return false;
    const times = new Map([['t', 0]]);
    for (const letter of lettersOf(part.name)) if (!times.has(letter)) times.set(letter, Number.NaN);
    const found = vocabulary.resolve(part.name, times, Number.NaN);
    return found.key === key && (found.time ?? 0) === offset;
  });
}

/** What the loss sees: L where it is defined; else what no forward equation of the same step uses, and what gradients are handed in of. */
function outputsOf(
  forward: readonly Definition[],
  own: readonly Instance[],
  vocabulary: Vocabulary,
): readonly string[] {
  const loss = forward.find(({ key }) => isLossKey(key));
  if (loss) return [loss.key];
  const offsets = new Map(forward.map(({ key, offset }) => [key, offset ?? 0]));
  const usedNow = new Set(
    forward.flatMap(({ key, of }) =>
      allNames(of).flatMap(name => {
        const times = new Map(lettersOf(name).map(letter => [letter, 0]));
        const found = vocabulary.resolve(name, times, Number.NaN);
        return found.key !== key && (found.time ?? 0) === offsets.get(found.key) ? [found.key] : [];
      }),
    ),
  );
  const given = own.flatMap(({ statement }) =>
    statement.members.flatMap(member =>
      [...walk(member)].flatMap(part => (part.kind === 'given' ? [keyIn(part.of, vocabulary)] : [])),
    ),
  );
  const unused = forward
    .filter(
      ({ key, offset, of, implied }) => offset !== undefined && !implied && of.kind !== 'name' && !usedNow.has(key),
    )
    .map(({ key }) => key);
  const defined = new Set(forward.map(({ key }) => key));
  return [...new Set([...unused, ...given.filter(key => defined.has(key) && vocabulary.isTimed(key))])];
}

/** All names of an expression, those of sums over letters for each of them. */
function namesAmong(of: Expression, system: System): readonly Name[] {
  if (of.kind === 'over' && !of.range.from && of.range.index !== '' && of.range.index !== 't') {
    const { index } = of.range;
    const isTime = allNames(of.of).some(name => system.vocabulary.freeTimes(name).includes(index));
    if (!isTime) {
      return system.membersOf(index, of.of).flatMap(member => namesAmong(withLetter(of.of, index, member), system));
    }
  }
  if (of.kind === 'over') return namesAmong(of.of, system);
  if (of.kind === 'power') return namesAmong(of.of, system);
  return [...namesOf(of), ...partsOf(of).flatMap(part => namesAmong(part, system))];
}

/** Throws where a name is neither defined nor one that a forward equation is made of. */
export function requireKnownNames(expression: Expression, system: System): void {
  const seen = new Set<string>();
  const visit = (part: Expression, within: readonly string[]): void => {
    for (const name of namesAmong(part, system)) {
      const key = keyIn(name, system.vocabulary);
      if (within.includes(key)) throw new Unread(`what ${shownKey(key)} begins with is not said`, expression.at);
      if (seen.has(key) || isLossKey(key)) continue;
      seen.add(key);
      const definitions = system.definitions.get(key);
      if (!definitions && !system.leaves.has(key) && !/^[τT]$/.test(key)) {
        throw new Unread(`${shownKey(key)} is defined nowhere`, part === expression ? name.at : expression.at);
      }
      for (const definition of definitions ?? []) {
        visit(definition.of, system.forward.includes(definition) || isBackward(definition.of) ? [] : [...within, key]);
      }
    }
  };
  visit(expression, []);
}
