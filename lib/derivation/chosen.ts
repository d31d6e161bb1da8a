/** Which equations define: of several that say what a name is, the one that counts. */
import {
  conditionText,
  type Definition,
  definitionsIn,
  type Instance,
  impliedIn,
  isBackward,
  isUnconditional,
  keyIn,
  namesIn,
} from './definitions.ts';
import { type Expression, walk } from './expression.ts';
import { Unread } from './latex.ts';
import { isListed } from './lists.ts';
import { allNames, type Vocabulary } from './names.ts';
import { elementsIn } from './numbered.ts';

/** Where definitions are looked for. */
export interface Sources {
  /** The equations of the prefix. */
  readonly own: readonly Instance[];
  readonly abbreviations: readonly Instance[];
  /** The forward equations of other prefixes. */
  readonly rest: readonly Instance[];
  /** What an equation follows from. */
  readonly supposed: readonly Instance[];
  /** Equations that define what those before them do not. */
  readonly inOrder: readonly (readonly Instance[])[];
}

/** What defines what. */
export interface Chosen {
  readonly definitions: ReadonlyMap<string, readonly Definition[]>;
  /** The sides of statements that define. */
  readonly defining: ReadonlySet<Expression>;
  /** Definitions that are supposed. */
  readonly suppositions: ReadonlySet<Definition>;
  /** Names in the forward equations of the prefix. */
  readonly ofForward: ReadonlySet<string>;
  /** Names that gradients are asked in. */
  readonly asked: ReadonlySet<string>;
}

export function isForward({ line }: Instance): boolean {
  return line.letter === 'F' || line.letter === '';
}

export function chosenAmong({ own, abbreviations, rest, supposed, inOrder }: Sources, vocabulary: Vocabulary): Chosen {
  const definitions = new Map<string, Definition[]>();
  const defining = new Set<Expression>();
  const sidesOf = new Map<Definition, readonly Expression[]>();
  const ofForward = new Set(
    own
      .filter(instance => isForward(instance) && !instance.statement.members.some(isBackward))
      .flatMap(({ statement }) => namesIn(statement).map(name => keyIn(name, vocabulary))),
  );
  const add = (definition: Definition, side: Expression) => {
    const isConstant = (/^[A-Z]$/.test(definition.key) && isNumber(definition.of)) || isOneHot(definition.of);
    const isCase = !isConstant && !isListed(definition.of) && !definition.normalises; // “with p = 0” is a case, and no definition
    if (definition.line.prose && ofForward.has(definition.key) && isCase) return;
    const same = definitions.get(definition.key) ?? [];
    const condition = conditionText(definition);
    if (same.some(other => isAtOnce(other, definition) && conditionText(other) === condition)) return;
    const isOfAny = condition === '' && !definition.fromLast;
    definitions.set(definition.key, isOfAny ? [...same, definition] : [definition, ...same]);
    sidesOf.set(definition, [side]);
    defining.add(side);
  };
  const asked = new Set(
    own.flatMap(({ statement }) =>
      statement.members.flatMap(member =>
        walk(member).flatMap(part => (part.kind === 'gradient' ? [keyIn(part.by, vocabulary)] : [])),
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
    for (const source of inOrder) {
      for (const { line, statement } of source) {
        if (statement.adds || statement.members.some(isBackward) !== backward) continue;
        for (const [side, definition] of definitionsIn(line, statement, vocabulary)) add(definition, side);
      }
    }
  }
  for (const { line, statement } of inOrder.flat()) {
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
  return { definitions, defining, suppositions, ofForward, asked };
}

/** Whether the elements of an expression say which place is meant: y_k = [k = y]. */
function isOneHot(of: Expression): boolean {
  return of.kind === 'array' && of.of.kind === 'holds';
}

/** Whether an expression is made of numbers alone. */
function isNumber(of: Expression): boolean {
  return walk(of).every(({ kind }) => kind === 'number' || kind === 'power');
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

/** Whether two definitions are of one step, or of any. */
function isAtOnce(a: Definition, b: Definition): boolean {
  return a.fixed === b.fixed && a.fromLast === b.fromLast;
}
