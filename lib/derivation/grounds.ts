/** What a statement rests on, by all that names in it stand for: lines that cannot fit, kinks, the loss. */
import { keyIn } from './definitions.ts';
import { type Expression, walk } from './expression.ts';
import type { Line } from './lines.ts';
import { allNames } from './names.ts';
import type { Sizes } from './sizes.ts';
import type { System } from './system.ts';

/** A line whose shapes cannot fit and on which expressions rest: by names that it defines, or by the loss. */
export function unfitFor(all: readonly Expression[], system: System, misfits: Sizes['misfits']): Line | undefined {
  const [first] = misfits.keys();
  if (!first || all.some(isOfLoss)) return first;
  const seen = new Set<string>();
  const visit = (of: Expression): Line | undefined => {
    for (const name of allNames(of)) {
      const key = keyIn(name, system.vocabulary);
      if (seen.has(key)) continue;
      seen.add(key);
      for (const definition of system.definitions.get(key) ?? []) {
        const found = misfits.has(definition.line) ? definition.line : visit(definition.of);
        if (found) return found;
      }
    }
    return undefined;
  };
  return all.map(visit).find(found => found !== undefined);
}

/** Whether expressions, or what names in them stand for, ask which of two numbers is the larger. */
export function hasKink(
  all: readonly Expression[],
  definedAs: (key: string) => readonly Expression[],
  vocabulary: System['vocabulary'],
): boolean {
  const seen = new Set<string>();
  const visit = (of: Expression): boolean =>
    walk(of).some(
      part =>
        part.kind === 'holds' ||
        (part.kind === 'call' && /^(max|min|abs|relu|sign)$/.test(part.name)) ||
        (part.kind === 'over' && /^(arg)?(max|min)$/.test(part.operation)),
    ) ||
    allNames(of).some(name => {
      const key = keyIn(name, vocabulary);
      if (seen.has(key)) return false;
      seen.add(key);
      return definedAs(key).some(visit);
    });
  return all.some(visit);
}

/** Whether an expression speaks of the loss. */
export function isOfLoss(of: Expression): boolean {
  return walk(of).some(({ kind }) => kind === 'gradient' || kind === 'given');
}
