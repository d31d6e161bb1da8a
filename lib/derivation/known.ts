/** Whether all names of an expression are known. */

import { lengthOf } from './counts.ts';
import { isBackward, keyIn } from './definitions.ts';
import { type Expression, isLossKey, type Name, namesOf, partsOf, walk } from './expression.ts';
import { Unread } from './latex.ts';
import { isListed } from './lists.ts';
import { allNames, shownKey, withLetter } from './names.ts';
import { countsIn } from './places.ts';
import type { System } from './system.ts';

/** All names of an expression, those of sums over letters for each of them. */
function namesAmong(of: Expression, system: System): readonly Name[] {
  if (
    of.kind === 'over' &&
    !countsIn(of.range.index, of) &&
    !of.range.from &&
    of.range.index !== '' &&
    of.range.index !== 't'
  ) {
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

/** Whether a key is a number of steps, or a letter that one is counted with, or that stands for the step of a name. */
function isWhole(key: string, within: Expression, vocabulary: System['vocabulary']): boolean {
  if (key === 't' || lengthOf(key, 0) !== undefined) return true;
  if (allNames(within).some(name => vocabulary.freeTimes(name).includes(key))) return true;
  const isIt = (of: Expression | undefined) => of?.kind === 'name' && of.name.letter === key;
  return walk(within).some(part => {
    if (part.kind === 'holds') return /^[A-Z]$/.test(key) && (isIt(part.left) || isIt(part.right));
    if (part.kind !== 'over') return false;
    return part.range.index === key || (/^[A-Z]$/.test(key) && (isIt(part.range.from) || isIt(part.range.to)));
  });
}

/** Names without indices that are a function's argument, or what it is the negative of: what is said of the function is said of any number. */
export function argumentsIn(side: Expression, { vocabulary }: System): readonly string[] {
  const calls = walk(side).filter(part => part.kind === 'call');
  const names = calls.flatMap(partsOf).flatMap(argument => {
    const [only, ...others] = argument.kind === 'sum' ? argument.terms.map(({ of }) => of) : [argument];
    return only?.kind === 'name' && others.length === 0 ? [only.name] : [];
  });
  return names.filter(({ sub, sup }) => sub.length + sup.length === 0).map(name => keyIn(name, vocabulary));
}

/** Throws where a name is neither defined nor one that a forward equation is made of, nor any of some others. */
export function requireKnownNames(expression: Expression, system: System, free: readonly string[]): void {
  const seen = new Set<string>(free);
  const visit = (part: Expression, within: readonly string[]): void => {
    for (const name of namesAmong(part, system)) {
      const key = keyIn(name, system.vocabulary);
      if (within.includes(key)) throw new Unread(`what ${shownKey(key)} begins with is not said`, expression.at);
      if (seen.has(key) || isLossKey(key)) continue;
      seen.add(key);
      const definitions = system.definitions.get(key);
      if (
        !definitions &&
        !system.leaves.has(key) &&
        !system.dimensions.has(key) &&
        !isWhole(key, expression, system.vocabulary) &&
        !isWhole(key, part, system.vocabulary)
      ) {
        throw new Unread(`${shownKey(key)} is defined nowhere`, part === expression ? name.at : expression.at);
      }
      const isBegun = definitions?.some(({ fixed }) => fixed !== undefined) ?? false;
      for (const definition of definitions ?? []) {
        const isOfSteps = isBegun || system.forward.includes(definition) || isBackward(definition.of);
        visit(definition.of, isOfSteps ? [] : [...within, key]);
      }
    }
  };
  visit(expression, []);
}

/** Throws where a Jacobian is of a name that no equation makes, or a gradient is asked in one that the loss cannot see. */
export function requireMade(sides: readonly Expression[], system: System): void {
  const { definitions, vocabulary, seen } = system;
  for (const part of sides.flatMap(side => walk(side))) {
    if (part.kind === 'jacobian') {
      const key = keyIn(part.of, vocabulary);
      if (!definitions.has(key)) throw new Unread(`what ${shownKey(key)} is made of is not said`, part.at);
    }
    if (part.kind !== 'gradient') continue;
    const key = keyIn(part.by, vocabulary);
    const [definition] = definitions.get(key) ?? [];
    if (definition && definition.of.kind !== 'name' && !isListed(definition.of) && !seen.has(key))
      throw new Unread(`no equation of the forward pass uses ${shownKey(key)}`, part.at);
  }
}

/** Whether all names are of what is given, and the forward pass is made of some: then a line says what is so of them, and follows from nothing. A letter that only a table says is any. */
export function isOfGiven(sides: readonly Expression[], { definitions, vocabulary, seen, said }: System): boolean {
  const parts = sides.flatMap(side => walk(side));
  if (parts.some(({ kind }) => kind === 'gradient' || kind === 'given' || kind === 'jacobian')) return false;
  const keys = sides.flatMap(allNames).map(name => keyIn(name, vocabulary));
  const isAny = (key: string) => said.has(key) && !seen.has(key);
  return keys.some(key => seen.has(key)) && !keys.some(isAny) && keys.every(key => !definitions.has(key));
}
