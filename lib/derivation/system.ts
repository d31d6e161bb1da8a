/** The system that a derivation's forward equations define, and what its other equations claim of it. */

import { citedFor, inChapters, keysDefinedBy } from './chapters.ts';
import {
  conditionText,
  type Definition,
  definitionsIn,
  type FunctionDefinition,
  functionsIn,
  type Instance,
  impliedIn,
  inT,
  isBackward,
  isUnconditional,
  keyIn,
  namesIn,
} from './definitions.ts';
import { withElements } from './elements.ts';
import { type Expression, isLossKey, type Name, walk } from './expression.ts';
import { Unread } from './latex.ts';
import type { Line, Reading } from './lines.ts';
import { isListed } from './lists.ts';
import { allNames, lettersOf, Vocabulary } from './names.ts';
import { elementsIn } from './numbered.ts';
import { carriedBy, outputsOf } from './outputs.ts';
import { isJoint } from './probability.ts';
import { knownKeys, Sets } from './sets.ts';
import { latexOf } from './show.ts';
import { dimensionsOf, type SaidShape } from './table.ts';

/** What the lines of one prefix are judged by. */
export interface System {
  readonly vocabulary: Vocabulary;
  readonly definitions: ReadonlyMap<string, readonly Definition[]>;
  /** The sides of statements that define a name by another side. */
  readonly defining: ReadonlySet<Expression>;
  /** Names of forward equations that no equation defines: parameters, inputs, the state before the first step. */
  readonly leaves: ReadonlySet<string>;
  /** Whether a name goes with the time here: what is given and never written with a time does not, though another network has a letter like it that does. */
  isTimed(key: string): boolean;
  /** Shapes that a table says. A letter that is in one and that no equation defines is any value of that shape. */
  readonly said: ReadonlyMap<string, SaidShape>;
  /** Forward definitions: those that the leaves are from. */
  readonly forward: readonly Definition[];
  /** Names that a forward equation or the loss uses. */
  readonly seen: ReadonlySet<string>;
  /** Names that the loss sees: `L` alone where it is defined. */
  readonly outputs: readonly string[];
  /** Names that a later step or the loss uses. */
  readonly handed: ReadonlySet<string>;
  /** Names that a later step uses: these are there before the first one, too. */
  readonly carried: ReadonlySet<string>;
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
  /** What is supposed of the state, of which it holds before the first step too. */
  readonly initial: ReadonlySet<Definition>;
  /** The joint probability of everything that is drawn at random: of what names, and what it is. */
  readonly joint?: { readonly names: readonly Name[]; readonly of: Expression };
  /** Letters of those shapes: numbers, where no equation says what they are. */
  readonly dimensions: ReadonlySet<string>;
  /** The sets that sums over letters run over. */
  membersOf(letter: string, of: Expression): readonly string[];
}

/** All instances of a reading, and the system for the lines of every prefix. */
export interface Systems {
  readonly lines: readonly Line[];
  readonly instances: readonly Instance[];
  for(prefix: string): System;
  /** That of its prefix, with what it follows from. */
  of(instance: Instance): System;
  /** Lines of which a set of letters could not be made out. */
  readonly unread: ReadonlyMap<Line, { readonly reason: string; readonly at: number }>;
}

function vocabularyOf(readings: readonly Reading[]): Vocabulary {
  const lines = readings.flatMap(({ lines: own, abbreviations }) => [...own, ...abbreviations]);
  return new Vocabulary(lines.flatMap(({ statements }) => statements.flatMap(namesIn)));
}

/** @param given readings whose forward equations hold too, where this one does not define the name. */
export function systemsOf(text: Reading, more: readonly Reading[]): Systems {
  const all = [text, ...more];
  const { readings, said } = withElements(all, vocabularyOf(all));
  const timed = vocabularyOf(readings);
  const [reading = text, ...given] = readings.map(other => inT(other, timed));
  const lines = [reading, ...given].flatMap(({ lines: own, abbreviations }) => [...own, ...abbreviations]);
  const vocabulary = vocabularyOf([reading, ...given]);
  const known = knownKeys(lines);
  const sets = new Sets(reading.sets, known);
  const unread = new Map<Line, { reason: string; at: number }>();
  const expanded = (own: readonly Line[], report: boolean, by: Sets = sets) =>
    own.flatMap(line =>
      line.statements.flatMap((statement): readonly Instance[] => {
        try {
          const found = by.instances(line, statement, vocabulary);
          vocabulary.learn(found.flatMap(instance => namesIn(instance.statement)));
          return found;
        } catch (error) {
          if (!(error instanceof Unread)) throw error;
          if (report) unread.set(line, { reason: error.message, at: error.at });
          return [];
        }
      }),
    );
  const { instances, unsure } = inChapters(reading.lines, expanded(reading.lines, true), vocabulary);
  for (const [line, why] of unsure) unread.set(line, why);
  const chapters = new Map(instances.map(({ line }) => [line.name, line]));
  const abbreviations = expanded(reading.abbreviations, false);
  const others = given.map(other => {
    const own = other.sets.length > 0 ? new Sets(other.sets, known) : sets;
    return { lines: expanded(other.lines, false, own), abbreviations: expanded(other.abbreviations, false, own) };
  });
  sets.learn(instances);
  const whole = { vocabulary, sets, said, dimensions: dimensionsOf(said) };
  const systems = new Map<string, System>();
  /** Of what is given, the equations of one network: those that the text cites before others, and none that define a name again. */
  const givenTo = (cited: ReadonlySet<string>) => {
    const lines = others.flatMap(other => other.lines);
    const taken = new Set<string>();
    const kept = new Set(
      [...new Set(lines.map(({ line }) => line.prefix))]
        .sort((a, b) => Number(cited.has(b)) - Number(cited.has(a)))
        .filter(other => {
          const own = lines.filter(({ line }) => line.prefix === other && (line.letter === 'F' || line.letter === ''));
          const keys = keysDefinedBy(own, vocabulary);
          if (keys.some(key => taken.has(key))) return false;
          for (const key of keys) taken.add(key);
          return true;
        }),
    );
    const isKept = ({ line }: Instance) => kept.has(line.prefix);
    return [...kept]
      .flatMap(other => lines.filter(({ line }) => line.prefix === other))
      .concat(others.flatMap(other => (other.lines.some(isKept) ? other.abbreviations : [])));
  };
  const made = (prefix: string, supposed: readonly Instance[]) => {
    const sides = supposed.flatMap(({ statement }) => statement.members.map(latexOf).join('='));
    const name = [prefix, ...sides].join(', ');
    const cited = citedFor(prefix, reading);
    const more = { instances: givenTo(cited), cited };
    const system = systems.get(name) ?? systemOf(prefix, instances, abbreviations, more, whole, supposed);
    systems.set(name, system);
    return system;
  };
  return {
    lines: reading.lines.map(line => (unread.has(line) ? line : (chapters.get(line.name) ?? line))),
    instances,
    unread,
    for: prefix => made(prefix, []),
    of: ({ line, statement: { under = [], cites = [] } }) =>
      made(line.prefix, [
        ...under.map(statement => ({ line, statement, of: '' })),
        ...cites.flatMap(tag => cited(tag, [instances, ...others.map(other => other.lines)])),
      ]),
  };
}

/** The equations of the forward pass of a tag, in the first text that has it. */
function cited(tag: string, texts: readonly (readonly Instance[])[]): readonly Instance[] {
  const found = texts.map(all => all.filter(({ line }) => line.tag === tag)).find(all => all.length > 0);
  if (!found) throw new Unread(`${tag} is not known`, 0);
  return found.filter(one => isUnconditional(one) && !one.statement.members.some(isBackward));
}

/** What all systems of a text share. */
interface Whole extends Pick<System, 'vocabulary' | 'said' | 'dimensions'> {
  readonly sets: Sets;
}

function systemOf(
  prefix: string,
  instances: readonly Instance[],
  abbreviations: readonly Instance[],
  { instances: others, cited }: { readonly instances: readonly Instance[]; readonly cited: ReadonlySet<string> },
  { vocabulary, sets, said, dimensions }: Whole,
  supposed: readonly Instance[],
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
  ].map(source => source.filter(isUnconditional));
  const ofForward = new Set(
    own
      .filter(instance => isForward(instance) && !instance.statement.members.some(isBackward))
      .flatMap(({ statement }) => namesIn(statement).map(name => keyIn(name, vocabulary))),
  );
  const add = (definition: Definition, side: Expression) => {
    const isConstant = (/^[A-Z]$/.test(definition.key) && isNumber(definition.of)) || isOneHot(definition.of);
    const isCase = !isConstant && !isListed(definition.of); // “with p = 0” is a case, and no definition
    if (definition.line.prose && ofForward.has(definition.key) && isCase) return;
    const same = definitions.get(definition.key) ?? [];
    const condition = conditionText(definition);
    if (same.some(other => other.fixed === definition.fixed && conditionText(other) === condition)) return;
    definitions.set(definition.key, condition === '' ? [...same, definition] : [definition, ...same]);
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
  for (const { line, statement } of [...own, ...abbreviations]) {
    // What a matrix has as its rows says what it is; that it is a product of others is a claim.
    for (const [side, definition] of definitionsIn(line, statement, vocabulary))
      if (/^[A-Z]/.test(definition.key) && isListed(definition.of)) add(definition, side);
  }
  const suppositions = new Set<Definition>();
  for (const { line, statement } of supposed) {
    const made = [...definitionsIn(line, statement, vocabulary), ...impliedIn(line, statement, vocabulary)];
    if (made.length === 0) throw new Unread('it supposes what defines nothing', statement.at);
    for (const [side, definition] of made) {
      add(definition, side);
      suppositions.add(definition);
    }
  }
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
  const [begin] = own.filter(isForward);
  if (begin) {
    const lists = abbreviations.filter(({ statement }) => statement.members.some(isListed));
    const names = [...own, ...lists, ...rest].flatMap(({ statement }) => namesIn(statement));
    for (const definition of elementsIn(names, key => definitions.has(key), begin.line, vocabulary))
      add(definition, definition.of);
  }
  for (const { line, statement } of ownSteps(own).filter(isUnconditional)) {
    // What a gradient is asked in has to be seen: f = σ(q) where q was made of f.
    if (statement.members.some(isBackward)) continue;
    for (const [side, definition] of definitionsIn(line, statement, vocabulary)) {
      if (defining.has(side)) continue;
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
  const isFirst = (definition: Definition) => suppositions.has(definition) || isOwnForward(definition);
  const ofBackward = madeOfGradients(chosen, vocabulary);
  const isOwnForward = ({ key, line }: Definition) =>
    !ofBackward.has(key) &&
    line.prefix === prefix &&
    (hasForward ? line.letter === 'F' || ofForward.has(key) : !line.prose);
  const keysOf = (some: readonly Instance[]) =>
    some.flatMap(({ statement }) => namesIn(statement).map(name => keyIn(name, vocabulary)));
  const ownKeys = new Set(keysOf(own));
  const mentioned = new Set([
    ...ownKeys,
    ...keysOf(
      abbreviations.filter(
        ({
          statement: {
            members: [first],
          },
        }) => first?.kind === 'name' && ownKeys.has(keyIn(first.name, vocabulary)),
      ),
    ),
  ]);
  const elsewhere = new Set(others.map(({ line }) => line));
  const isCitedLoss = ({ key, line }: Definition) =>
    isLossKey(key) &&
    cited.has(line.prefix) &&
    keysOf(others.filter(other => other.line.prefix === line.prefix)).some(other => asked.has(other));
  const isGiven = (definition: Definition) =>
    !isBackward(definition.of) &&
    elsewhere.has(definition.line) &&
    (mentioned.has(definition.key) || isCitedLoss(definition));
  const forward = withAllTheyUse(
    chosen.filter(definition => isFirst(definition) || isGiven(definition)),
    definitions,
    vocabulary,
  );
  const used = new Set(forward.flatMap(({ of }) => allNames(of).map(name => keyIn(name, vocabulary))));
  const leaves = new Set([...used].filter(key => !definitions.has(key) && !dimensions.has(key)));
  const isSteady = (key: string) =>
    leaves.has(key) && forward.flatMap(({ of }) => allNames(of)).every(name => isWithoutTime(name, key, vocabulary));
  const steady = new Set([...leaves].filter(isSteady));
  for (const { key } of forward) leaves.add(key);
  for (const key of said.keys()) if (!definitions.has(key)) leaves.add(key);
  const joint = jointIn(own, defining);
  const outputs = outputsOf(forward, own, vocabulary, suppositions);
  const carried = new Set(carriedBy(forward, vocabulary));
  const isOfState = ({ of }: Definition) =>
    allNames(of)
      .map(name => keyIn(name, vocabulary))
      .every(key => carried.has(key) || !vocabulary.isTimed(key));
  const functions = functionsIn(sources.flat(), definitions, defining, vocabulary);
  return {
    vocabulary,
    definitions,
    defining,
    seen: new Set([...used, ...outputs]),
    leaves,
    ...(joint && { joint }),
    isTimed: key => vocabulary.isTimed(key) && !steady.has(key),
    said,
    forward,
    outputs,
    handed: new Set([...outputs, ...carried]),
    initial: new Set([...suppositions].filter(isOfState)),
    carried,
    functions,
    dimensions,
    membersOf(letter, of) {
      const names = allNames(of).filter(name => lettersOf(name).includes(letter));
      const members = sets.members(letter, names, 0);
      if (!members) throw new Unread(`what ${letter} runs over is not said`, of.at);
      return members;
    },
  };
}

/** What is said of the joint probability, which is no claim. */
function jointIn(own: readonly Instance[], defining: Set<Expression>): System['joint'] {
  for (const { statement } of own) {
    const [first, of] = statement.members;
    if (!of || !isJoint(first)) continue;
    defining.add(first);
    return { names: first.events.map(({ name }) => name), of };
  }
  return undefined;
}

/** Whether a name is another than that of a key, or written without a time. */
function isWithoutTime(name: Name, key: string, vocabulary: Vocabulary): boolean {
  const found = vocabulary.resolve(name, new Map(lettersOf(name).map(letter => [letter, 0])), 0);
  return found.key !== key || found.time === undefined;
}

/** Whether the elements of an expression say which place is meant: y_k = [k = y]. */
function isOneHot(of: Expression): boolean {
  return of.kind === 'array' && of.of.kind === 'holds';
}

/** Whether an expression is made of numbers alone. */
function isNumber(of: Expression): boolean {
  return [...walk(of)].every(({ kind }) => kind === 'number' || kind === 'power');
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

/** Names that gradients and Jacobians are in, or names that they are in. */
function madeOfGradients(all: readonly Definition[], vocabulary: Vocabulary): ReadonlySet<string> {
  const made = new Set(all.filter(({ of }) => isBackward(of)).map(({ key }) => key));
  for (let size = 0; size < made.size; ) {
    size = made.size;
    for (const { key, of } of all) if (allNames(of).some(name => made.has(keyIn(name, vocabulary)))) made.add(key);
  }
  return made;
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
