/** What a model says of a table: what `bptt predict` does, in any runtime. */
import type { Cell } from '../cells/cell.ts';
import { cells } from '../cells/index.ts';
import { answersOf } from './answers.ts';
import { ofTable, type TableOptions, tableOf } from './held-table.ts';
import { decoded } from './model.ts';
import type { Answer } from './task.ts';

/**
 * The answers of a model for a table with the columns that it was learnt from; what is to be foretold may be absent.
 *
 * @param model the bytes of a file that `bptt fit` wrote, or `TableFit.save`.
 * @param source a text or its bytes. It is read as that was which the model learnt from, unless told otherwise.
 * @param known the cells that the model may have been made of, where its equations are not in the file: the library's unless given.
 * @throws ValueError when an option is none; FormatError when the bytes are of no such model, or, when it comes to it, naming line and
 * column where the table is wrong.
 *
 * @example
 * ```ts
 * import { answerTable, fitTable } from 'bptt/tasks';
 *
 * const table = `text,kind\n${['aa,a', 'ab,b', 'ba,a', 'bb,b'].flatMap(row => Array(10).fill(row)).join('\n')}\n`;
 * const fit = await fitTable(table, { task: 'classify', settings: { epochs: 20, hidden: 8, learningRate: 0.02 } });
 * while (!fit.training.done) fit.training.step();
 * for await (const { line, kind } of answerTable(fit.save(), 'text\nbba\naab\n')) console.log(line, kind); // → 2 a
 * // → 3 b
 * ```
 */
export function answerTable(
  model: Uint8Array,
  source: string | Uint8Array,
  options: TableOptions = {},
  known: Readonly<Record<string, Cell>> = cells,
): AsyncGenerator<Answer, void, undefined> {
  const own = ofTable(options);
  const read = decoded(model, 'model', known);
  return answersOf(read, tableOf(source, own, read.source));
}
