/** Elements of a column by their numbers: what α_1 and α_2 are to 𝛂. */
import { type Definition, keyIn } from './definitions.ts';
import type { Expression, Index, Name } from './expression.ts';
import type { Line } from './lines.ts';
import type { Vocabulary } from './names.ts';

/** A column of which single elements are mentioned. */
interface Column {
  readonly name: Name;
  /** Names of its elements by their numbers. */
  readonly elements: Map<number, Name>;
}

/**
 * What follows from a plain letter's being an element of the bold one: where its elements are defined the column is their list, and
 * else each is one of its parts.
 */
export function elementsIn(
  names: readonly Name[],
  defined: (key: string) => boolean,
  line: Line,
  vocabulary: Vocabulary,
): readonly Definition[] {
  const columns = columnsOf(names, vocabulary);
  return [...columns].flatMap(([key, { name, elements }]): readonly Definition[] => {
    const offset = name.sub.concat(name.sup).some(({ letter }) => letter === 't') ? { offset: 0 } : {};
    const at = line.offset;
    const sorted = [...elements].sort(([a], [b]) => a - b);
    const isMade = sorted.some(([, element]) => defined(keyIn(element, vocabulary)));
    if (isMade) {
      const parts = sorted.map(([, element]): Expression => ({ kind: 'name', name: element, at }));
      return defined(key)
        ? []
        : [{ key, of: { kind: 'stack', parts, below: true, at }, line, implied: true, ...offset }];
    }
    return sorted.map(([, element], part) => ({
      key: keyIn(element, vocabulary),
      of: { kind: 'part', of: { kind: 'name', name, at }, part, parts: sorted.length, below: true, single: true, at },
      line,
      implied: true,
      ...offset,
    }));
  });
}

function columnsOf(names: readonly Name[], vocabulary: Vocabulary): ReadonlyMap<string, Column> {
  const bold = new Set(names.filter(name => name.bold).map(name => keyIn(name, vocabulary)));
  const columns = new Map<string, Column>();
  for (const name of names) {
    const number = [...name.sub, ...name.sup].find(isNumber);
    if (name.bold || number?.letter === undefined) continue;
    const element = { ...name, sub: now(name.sub), sup: now(name.sup) };
    const isOther = (index: Index) => index.letter !== number.letter;
    const column = { ...element, bold: true, sub: element.sub.filter(isOther), sup: element.sup.filter(isOther) };
    const key = keyIn(column, vocabulary);
    if (!bold.has(key)) continue;
    const known = columns.get(key) ?? { name: column, elements: new Map<number, Name>() };
    known.elements.set(Number(number.letter), element);
    columns.set(key, known);
  }
  return columns;
}

/** An index that a number was put in for. */
function isNumber({ letter }: Index): boolean {
  return letter !== undefined && /^\d$/.test(letter);
}

/** The indices of step t, whatever the step. */
function now(indices: readonly Index[]): readonly Index[] {
  return indices.map(index => (index.letter === 't' ? { letter: 't', offset: 0 } : index));
}
