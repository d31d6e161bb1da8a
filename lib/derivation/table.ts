/** What a table of a derivation says of its letters: `| W | m×d | … |`. */
import { keyIn } from './definitions.ts';
import { expressionOf } from './grammar.ts';
import { parseLatex, Unread } from './latex.ts';
import { lettersOf, type Vocabulary, withLetter } from './names.ts';

/** Rows and columns, in letters of the table; `1` is one. */
export type SaidShape = readonly [rows: string, columns: string];

const SHAPE = /^[\p{L}\d′]+(?:\s*[×x]\s*[\p{L}\d′]+)?$/u;

/**
 * The shapes of the names in a table's first column, by their keys. A column is `m` or `m×1`, a number `1`. A row may have
 * several names, of one shape or each of its own: `b, c | m, C`.
 *
 * @param clock the letter that the text counts steps with.
 */
export function shapesSaid(text: string, vocabulary: Vocabulary, clock = 't'): ReadonlyMap<string, SaidShape> {
  const shapes = new Map<string, SaidShape>();
  for (const [, first = '', second = ''] of text.matchAll(/^\|([^|\n]+)\|([^|\n]+)\|/gm)) {
    const names = first.split(',');
    const each = second.split(',').map(shape => shape.trim());
    if (!each.every(shape => SHAPE.test(shape)) || (each.length > 1 && each.length !== names.length)) continue;
    for (const [n, name] of names.entries()) {
      const [rows = '', columns = '1'] = (each[n] ?? each[0] ?? '').split(/\s*[×x]\s*/);
      const key = keyOf(name.replace(/[$`]/g, '').trim(), vocabulary, clock);
      if (key !== undefined) shapes.set(key, [rows, columns]);
    }
  }
  return shapes;
}

/** The letters of shapes. */
export function dimensionsOf(said: ReadonlyMap<string, SaidShape>): ReadonlySet<string> {
  return new Set([...said.values()].flat().filter(letter => /^\p{L}$/u.test(letter)));
}

/** The key of a name in LaTeX; nothing where it is no name, or an element of what the row is about: `e_{tj}`. */
function keyOf(latex: string, vocabulary: Vocabulary, clock: string): string | undefined {
  try {
    const [row] = parseLatex(latex);
    const read = withLetter(expressionOf(row?.cells.flat() ?? []), clock, 't');
    if (read.kind !== 'name') return undefined;
    const letters = lettersOf(read.name).filter(letter => letter !== 't');
    if (!read.name.bold && letters.length > 0 && letters.every(letter => /^[ij]$/.test(letter))) return undefined;
    const key = keyIn(read.name, vocabulary);
    if (lettersOf(read.name).includes('t')) vocabulary.addTimed(key);
    return key;
  } catch (error) {
    if (error instanceof Unread) return undefined;
    throw error;
  }
}
