/** The system that a derivation's forward equations define, and what its other equations claim of it. */

import { chosenAmong, isForward } from './chosen.ts';
import {
  type Definition,
  type FunctionDefinition,
  functionsIn,
  type Instance,
  isBackward,
  isUnconditional,
  keyIn,
  namesIn,
} from './definitions.ts';
import { type Expression, isLossKey, type Name, walk } from './expression.ts';
import { Unread } from './latex.ts';
import { allNames, lettersOf, type Vocabulary } from './names.ts';
import { awaitedBy, carriedBy, outputsOf } from './outputs.ts';
import { isJoint } from './probability.ts';
import type { Sets } from './sets.ts';
import type { SaidShape } from './table.ts';

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
  /** The same where `d` before a name is its whole gradient, and nothing that is handed in. */
  readonly unhanded: readonly string[];
  /** Names that a later step or the loss uses. */
  readonly handed: ReadonlySet<string>;
  /** Names that a later step uses: these are there before the first one, too. */
  readonly carried: ReadonlySet<string>;
  /** Names that are made of themselves a step later: these are there behind the last one. */
  readonly awaited: ReadonlySet<string>;
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

/** What all systems of a text share. */
export interface Whole extends Pick<System, 'vocabulary' | 'said' | 'dimensions'> {
  readonly sets: Sets;
}

export function systemOf(
  prefix: string,
  instances: readonly Instance[],
  abbreviations: readonly Instance[],
  { instances: others, cited }: { readonly instances: readonly Instance[]; readonly cited: ReadonlySet<string> },
  { vocabulary, sets, said, dimensions }: Whole,
  supposed: readonly Instance[],
): System {
  const own = instances.filter(({ line }) => line.prefix === prefix);
  const hasForward = own.some(({ line }) => line.letter === 'F');
  const rest = instances.filter(({ line }) => line.prefix !== prefix && line.letter === 'F');
  const inOrder = [
    own.filter(isForward),
    own.filter(instance => !isForward(instance)),
    abbreviations,
    rest,
    others.filter(({ line }) => line.letter !== 'D'),
  ].map(source => source.filter(isUnconditional));
  const found = chosenAmong({ own, abbreviations, rest, supposed, inOrder }, vocabulary);
  const { definitions, suppositions, ofForward, asked } = found;
  const defining = new Set(found.defining);
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
  const unhanded = outputsOf(forward, own, vocabulary, suppositions, false);
  const carried = new Set(carriedBy(forward, vocabulary));
  const isOfState = ({ of }: Definition) =>
    allNames(of)
      .map(name => keyIn(name, vocabulary))
      .every(key => carried.has(key) || !vocabulary.isTimed(key));
  const functions = functionsIn(inOrder.flat(), definitions, defining, vocabulary);
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
    unhanded,
    handed: new Set([...outputs, ...carried]),
    initial: new Set([...suppositions].filter(isOfState)),
    carried,
    awaited: new Set(awaitedBy(forward, vocabulary)),
    functions,
    dimensions,
    membersOf(letter, of) {
      const names = allNames(of).filter(name => lettersOf(name).includes(letter));
      const members = sets.members(letter, names, own.at(-1)?.line.offset ?? 0);
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

/** Whether an expression speaks of how another changes as the parameters move. */
function isAlong(of: Expression): boolean {
  return walk(of).some(({ kind }) => kind === 'along');
}

/** Names that gradients, Jacobians and ℛ are in, or names that they are in. */
function madeOfGradients(all: readonly Definition[], vocabulary: Vocabulary): ReadonlySet<string> {
  const made = new Set(all.filter(({ of }) => isBackward(of) || isAlong(of)).map(({ key }) => key));
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
