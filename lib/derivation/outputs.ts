/** What the loss sees of a system, and what is carried from step to step. */
import { type Definition, type Instance, keyIn } from './definitions.ts';
import { isLossKey, walk } from './expression.ts';
import { allNames, isLast, lettersOf, type Vocabulary } from './names.ts';

/** Names that an equation of a later step uses. */
export function carriedBy(forward: readonly Definition[], vocabulary: Vocabulary): readonly string[] {
  const offsets = new Map(forward.map(({ key, offset }) => [key, offset ?? 0]));
  return forward.flatMap(({ of }) =>
    allNames(of).flatMap(name => {
      const times = new Map(lettersOf(name).map(letter => [letter, 0]));
      const { key, time = 0 } = vocabulary.resolve(name, times, Number.NaN);
      return time < (offsets.get(key) ?? Number.NEGATIVE_INFINITY) ? [key] : [];
    }),
  );
}

/** Names that an equation of an earlier step uses: what goes down from the last one, and is given behind it. */
export function awaitedBy(forward: readonly Definition[], vocabulary: Vocabulary): readonly string[] {
  const offsets = new Map(forward.map(({ key, offset }) => [key, offset ?? 0]));
  return forward.flatMap(({ key: own, of }) =>
    allNames(of).flatMap(name => {
      const times = new Map(lettersOf(name).map(letter => [letter, 0]));
      const { key, time = 0 } = vocabulary.resolve(name, times, Number.NaN);
      return key === own && time > (offsets.get(key) ?? Number.POSITIVE_INFINITY) ? [key] : [];
    }),
  );
}

/** Whether a name is made of one of some others. */
function reaches(
  key: string,
  others: ReadonlySet<string>,
  forward: readonly Definition[],
  vocabulary: Vocabulary,
): boolean {
  const seen = new Set([key]);
  for (const next of seen) {
    if (others.has(next)) return true;
    for (const { of } of forward.filter(definition => definition.key === next))
      for (const name of allNames(of)) seen.add(keyIn(name, vocabulary));
  }
  return false;
}

/** Whether a name is made of numbers and of itself alone: n_t = n_{t−1} + 1. */
function isCount(key: string, forward: readonly Definition[], vocabulary: Vocabulary): boolean {
  const own = forward.filter(definition => definition.key === key);
  const names = own.flatMap(({ of }) => allNames(of));
  return names.length > 0 && names.every(name => keyIn(name, vocabulary) === key);
}

/** What the loss sees: L where it is defined; else what no forward equation of the same step uses, and the states that gradients are handed in of; of what is supposed, what is made of it. @param isHanded whether `d` before a name is what a step is handed, and not all of the gradient. */
export function outputsOf(
  forward: readonly Definition[],
  own: readonly Instance[],
  vocabulary: Vocabulary,
  suppositions: ReadonlySet<Definition>,
  isHanded = true,
): readonly string[] {
  const loss = forward.find(({ key }) => isLossKey(key));
  if (loss) return [loss.key];
  const offsets = new Map(forward.map(({ key, offset }) => [key, offset ?? 0]));
  const usedNow = new Set(
    forward.flatMap(({ key, of }) =>
      allNames(of).flatMap(name => {
        const steps = lettersOf(name).filter(letter => !isLast(letter));
        const found = vocabulary.resolve(name, new Map(steps.map(letter => [letter, 0])), Number.NaN);
        const { time = 0 } = found;
        const isNow = time === offsets.get(found.key) || Number.isNaN(time); // at τ + 1 − t, some step uses it
        return found.key !== key && isNow ? [found.key] : [];
      }),
    ),
  );
  const given = (isHanded ? own : []).flatMap(({ statement }) =>
    statement.members.flatMap(member =>
      walk(member).flatMap(part => (part.kind === 'given' ? [keyIn(part.of, vocabulary)] : [])),
    ),
  );
  const isUnused = (definition: Definition) => {
    const { key, of, implied } = definition;
    const isOwn = (!implied || suppositions.has(definition)) && of.kind !== 'name' && !usedNow.has(key);
    return isOwn && !isCount(key, forward, vocabulary);
  };
  const timed = forward.filter(({ offset }) => offset !== undefined);
  const made = (timed.length > 0 ? timed : forward).filter(isUnused);
  const unused = (made.length > 0 ? made : forward.filter(({ key }) => !usedNow.has(key))).map(({ key }) => key);
  const carried = new Set(carriedBy(forward, vocabulary));
  const outputs = [...new Set([...unused, ...given.filter(key => carried.has(key))])];
  const supposed = new Set([...suppositions].map(({ key }) => key));
  const supposedThemselves = outputs.filter(key => supposed.has(key));
  if (supposedThemselves.length > 0) return supposedThemselves;
  const touched = outputs.filter(key => supposed.size > 0 && reaches(key, supposed, forward, vocabulary));
  return touched.length > 0 ? touched : outputs;
}
