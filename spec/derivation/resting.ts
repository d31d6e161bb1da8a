/** Lines that only define and are evaluated all the same, since a line that is judged is made of what they say, or follows from it. */
import { functionKey, type Instance, isBackward, keyIn } from '../../lib/derivation/definitions.ts';
import { type Expression, walk } from '../../lib/derivation/expression.ts';
import { type Reading, readingOf } from '../../lib/derivation/lines.ts';
import { allNames } from '../../lib/derivation/names.ts';
import { latexOf } from '../../lib/derivation/show.ts';
import type { System } from '../../lib/derivation/system.ts';
import { systemsOf } from '../../lib/derivation/systems.ts';

/** The names of all lines that lines of some names rest on; a misprint in one of them is not what those rest on any more. */
export function restedOn(text: string, given: readonly Reading[], judged: ReadonlySet<string>): ReadonlySet<string> {
  const systems = systemsOf(readingOf(text), given);
  const rested = new Set<string>();
  const sides = new Set<string>();
  for (const instance of systems.instances.filter(({ line }) => judged.has(line.name))) {
    const system = systems.of(instance);
    const { statement } = instance;
    for (const one of statement.under ?? []) sides.add(written(one));
    for (const expression of madeOf(statement.members, system, name => rested.add(name)))
      for (const part of walk(expression)) {
        if (part.kind === 'call') sides.add(functionKey(part));
        if (part.kind === 'probability' && system.joint) sides.add(latexOf(system.joint.of));
      }
  }
  for (const { line, statement } of systems.instances) {
    const [first, second] = statement.members;
    const isFunction = first?.kind === 'call' && sides.has(functionKey(first));
    const isJoint = first?.kind === 'probability' && second && sides.has(latexOf(second));
    if (isFunction || isJoint || sides.has(written(statement))) rested.add(line.name);
  }
  return rested;
}

/** Expressions, and those that names in them stand for; where one speaks of gradients, all that the loss is made of. */
function madeOf(first: readonly Expression[], system: System, tell: (name: string) => void): readonly Expression[] {
  const all = new Set(first);
  const keysIn = (of: Expression) => allNames(of).map(name => keyIn(name, system.vocabulary));
  const outputs = first.some(isBackward) ? system.outputs : [];
  const keys = new Set([...first.flatMap(keysIn), ...outputs]);
  for (const key of keys)
    for (const { of, line } of key === 't' ? [] : (system.definitions.get(key) ?? [])) {
      tell(line.name);
      all.add(of);
      for (const other of keysIn(of)) keys.add(other);
    }
  return [...all];
}

function written({ members }: Instance['statement']): string {
  return members.map(latexOf).join(' = ');
}
