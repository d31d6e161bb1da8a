/** What the tasks that tell classes apart have in common: their names, and how well they are told. */
import { FormatError } from '../errors.ts';
import { greatest } from '../extremes.ts';
import { accuracy, confusion, perClass } from '../training/classes.ts';
import type { Judged } from './task.ts';

/** The classes of some labels, in order. */
export function classesOf(labels: readonly string[]): readonly string[] {
  return [...new Set(labels)].sort();
}

/** The number of a label, or throws FormatError naming its place. */
export function classOf(label: string, classes: readonly string[], place: string): number {
  const k = classes.indexOf(label);
  if (k >= 0) return k;
  const known = `one of the ${classes.length} classes that the model knows (${classes.slice(0, 10).join(', ')}${classes.length > 10 ? ', …' : ''})`;
  throw new FormatError(place, known, JSON.stringify(label));
}

/** How well classes are told apart: a figure each, and a line a class. */
export function judgedClasses(
  foretold: readonly number[],
  right: readonly number[],
  classes: readonly string[],
  what: string,
): Judged {
  const table = confusion(foretold, right, { classes: classes.length });
  const figures = perClass(table);
  const most = greatest(figures.map(({ support }) => support));
  const score = accuracy(foretold, right);
  const shares = { accuracy: score, commonest: most / right.length };
  const percent = (part: number) => (Number.isNaN(part) ? '–' : `${(100 * part).toFixed(1)} %`).padStart(8);
  const width = Math.max(5, greatest(classes.map(({ length }) => length)));
  return {
    figures: shares,
    lines: [
      `accuracy ${percent(score).trim()} of ${right.length} ${what}; always the commonest: ${percent(shares.commonest).trim()}`,
      `${'class'.padEnd(width)} precision   recall       F1   count`,
      ...figures.map(
        ({ precision, recall, f1, support }, k) =>
          `${(classes[k] ?? '').padEnd(width)}  ${percent(precision)} ${percent(recall)} ${percent(f1)} ${`${support}`.padStart(7)}`,
      ),
    ],
    confusion: { classes, counts: table.to2DArray() },
  };
}
