/** What lies beside what: products that share an operand are one where their other operands are neighbours. */

/**
 * An order of things in which every list, as far as can be, is a run of neighbours, the first lists before all. Lists that
 * overlap meet at their ends.
 */
export function chains<T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] {
  const made: { members: T[]; fixed: boolean }[] = [];
  for (const list of lists.map(things => [...new Set(things)])) {
    const fresh = list.filter(thing => !made.some(({ members }) => members.includes(thing)));
    const meets = made.find(({ members }) => list.some(thing => members.includes(thing)));
    if (!meets) made.push({ members: fresh, fixed: false });
    if (!meets || fresh.length === 0) continue;
    const isShared = (thing: T) => list.includes(thing);
    const shared = meets.members.filter(isShared).length;
    if (!meets.fixed) {
      meets.members = [...meets.members.filter(thing => !isShared(thing)), ...meets.members.filter(isShared)];
    }
    meets.fixed = true;
    if (meets.members.slice(-shared).every(isShared)) meets.members = [...meets.members, ...fresh];
    else if (meets.members.slice(0, shared).every(isShared)) meets.members = [...fresh, ...meets.members];
    else made.push({ members: fresh, fixed: false });
  }
  return made.map(({ members }) => members);
}

/** Things in a row that follow each other, as far as `follows` says so. */
export function runs<T>(things: readonly T[], follows: (before: T, after: T) => boolean): readonly (readonly T[])[] {
  const found: T[][] = [];
  for (const thing of things) {
    const run = found.at(-1);
    const before = run?.at(-1);
    if (run && before !== undefined && follows(before, thing)) run.push(thing);
    else found.push([thing]);
  }
  return found;
}
