/** Which equations hold together: the chapters of a text, and what of other texts it cites. */
import { conditionText, definitionsIn, type Instance, isBackward, isUnconditional } from './definitions.ts';
import type { Line, Reading } from './lines.ts';
import { shownKey, type Vocabulary } from './names.ts';

/** Prefixes of equations that the text mentions from where the lines before those of a prefix end. */
export function citedFor(prefix: string, { lines, text }: Reading): ReadonlySet<string> {
  const [own] = prefix.split(' ');
  const begin = lines.findIndex(line => line.prefix === own);
  const end = lines.findLastIndex(line => line.prefix === own);
  const before = lines[begin - 1];
  const from = before ? before.offset + before.latex.length : 0;
  const mentions = text.slice(from, lines[end]?.offset ?? 0).matchAll(/\b([A-Z]{2,})-[FB]\d/g);
  return new Set(Array.from(mentions, ([, other = '']) => other));
}

/** Where a forward equation defines a name a second time a new chapter begins: a system of its own, whose lines have a prefix of its own. */
export function inChapters(
  all: readonly Line[],
  instances: readonly Instance[],
  vocabulary: Vocabulary,
): { readonly instances: readonly Instance[]; readonly unsure: ReadonlyMap<Line, { reason: string; at: number }> } {
  const defined = new Map<string, Map<string, string>>();
  const chapters = new Map<string, number>();
  const own = new Map<Line, Line>();
  const unsure = new Map<Line, { reason: string; at: number }>();
  /** Why it is not clear by which definition the lines of a prefix go. */
  const doubts = new Map<string, string>();
  const last = new Map<string, string>();
  for (const line of all) {
    const { prefix, letter, name } = line;
    const isDefining = letter === 'F' || (letter === '' && prefix !== '');
    const before = defined.get(prefix) ?? new Map<string, string>();
    defined.set(prefix, before);
    const keys = isDefining
      ? keysDefinedBy(
          instances.filter(instance => instance.line === line),
          vocabulary,
        )
      : [];
    const [again] = keys.filter(key => before.has(key));
    if (again !== undefined) {
      chapters.set(prefix, (chapters.get(prefix) ?? 1) + 1);
      if (last.get(prefix) === 'F' && letter === 'F') {
        doubts.set(
          prefix,
          `${shownKey(again.split(' ')[0] ?? '')} is defined a second time, after ${before.get(again)}`,
        );
      } else doubts.delete(prefix);
      before.clear();
    }
    if (isDefining && line.unread && chapters.has(prefix)) doubts.set(prefix, `${name} is not read`);
    for (const key of keys) before.set(key, name);
    last.set(prefix, letter);
    const chapter = chapters.get(prefix);
    if (chapter === undefined) continue;
    const cut = { ...line, prefix: `${prefix} ${chapter}` };
    own.set(line, cut);
    const doubt = doubts.get(prefix);
    if (doubt !== undefined && !isDefining && !line.statements.every(({ under, cites }) => under || cites))
      unsure.set(cut, { reason: doubt, at: 0 });
  }
  const cut = instances.map(instance => ({ ...instance, line: own.get(instance.line) ?? instance.line }));
  return { instances: cut, unsure };
}

/** What forward equations define, each with the one time at which they do. */
export function keysDefinedBy(instances: readonly Instance[], vocabulary: Vocabulary): readonly string[] {
  return instances
    .filter(isUnconditional)
    .flatMap(({ line, statement }) =>
      statement.members.some(isBackward) || statement.members[0]?.kind !== 'name'
        ? []
        : [...definitionsIn(line, statement, vocabulary)]
            .slice(0, 1)
            .map(
              ([, definition]) =>
                `${definition.key} ${definition.fromLast ? 'τ' : ''}${definition.fixed ?? ''} ${conditionText(definition)}`,
            ),
    );
}
