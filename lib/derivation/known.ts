/** Whether all names of an expression are known. */
import { isBackward, keyIn } from './definitions.ts';
import { type Expression, isLossKey, type Name, namesOf, partsOf } from './expression.ts';
import { Unread } from './latex.ts';
import { allNames, shownKey, withLetter } from './names.ts';
import type { System } from './system.ts';

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
