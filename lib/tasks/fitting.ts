/** From a file to a network that is about to learn: what the file is taken for, what is learnt from, and the training. */
import type { Cell } from '../cells/cell.ts';
import { FormatError } from '../errors.ts';
import type { ReadCounts } from '../io/records.ts';
import { tasks } from './all.ts';
import { type Item, itemsOf } from './items.ts';
import type { TaskModel } from './model.ts';
import { columnsOf, type Reading, requireRow, rowsOf } from './table.ts';
import type { Known, Parts, Settings, Steps } from './task.ts';
import { type GivenRoles, type Level, levelOf, rolesOf, type TaskName, type Understanding } from './understanding.ts';

/** What is to be learnt, and which column is what, as far as that is said. */
export interface Asked extends GivenRoles {
  readonly task: TaskName;
  readonly level?: Level;
}

/** A network that is about to learn. */
export interface Fitting {
  readonly model: Omit<TaskModel, 'training' | 'source'>;
  readonly parts: Parts;
  readonly counts: ReadCounts;
  readonly steps: Steps;
}

/** Rows by which it is guessed what a text is made of. */
const LOOKED_AT = 100;

/**
 * What a file is taken for, by its beginning.
 *
 * @throws ValueError naming the role that no column fits; FormatError where the file cannot be read.
 */
export async function understand(reading: Reading, { task, level, ...given }: Asked): Promise<Understanding> {
  const columns = await columnsOf(reading);
  await requireRow(reading);
  const roles = rolesOf(task, columns, given);
  const kinds = Object.fromEntries(columns.map(({ name, kind }) => [name, kind]));
  const { text } = roles;
  const texts: string[] = [];
  if (level === undefined && text !== undefined && kinds[text] === 'text' && roles.sequence === undefined) {
    for await (const { value } of rowsOf({ ...reading, missing: 'drop' }, { [text]: 'text' })) {
      texts.push(String(value[text]));
      if (texts.length >= LOOKED_AT) break;
    }
  }
  return { task, ...roles, kinds, level: level ?? levelOf(task, texts) };
}

/**
 * A network with fresh parameters, and the training that it is to go through.
 *
 * @throws FormatError naming file and line where something is wrong, or there is too little.
 */
export async function begun(
  reading: Reading,
  understanding: Understanding,
  settings: Settings,
  cell: Cell,
): Promise<Fitting> {
  const task = tasks[understanding.task];
  const { items, counts } = await allItems(reading, understanding);
  const parts = task.split(items, { understanding, settings });
  const known = task.know(parts, { understanding, settings });
  const learnt = task.learnt(task.build(known, cell), known);
  return { model: { task, known, learnt }, parts, counts, steps: learnt.train(parts) };
}

/**
 * A network that has begun to learn, and its training, where that stands; from there on with other settings.
 *
 * @throws as {@link begun}; FormatError when the model does not say where its training stands.
 */
export async function goneOn(reading: Reading, before: TaskModel, file: string, settings: Settings): Promise<Fitting> {
  const { task, learnt: saved, training } = before;
  const known: Known = { ...before.known, settings };
  const { items, counts } = await allItems(reading, known.understanding);
  const parts = task.split(items, known);
  const learnt = task.learnt(saved.model, known);
  const steps = learnt.train(parts);
  if (!training) throw new FormatError(file, 'a model that says where its training stands', 'none');
  steps.resume(training);
  return { model: { task, known, learnt }, parts, counts, steps };
}

/**
 * All sequences of a file.
 *
 * @throws FormatError naming file and line where something is wrong, or there is none.
 */
export async function allItems(
  reading: Reading,
  understanding: Understanding,
): Promise<{ readonly items: readonly Item[]; readonly counts: ReadCounts }> {
  const items: Item[] = [];
  const read = itemsOf(reading, understanding, true);
  for await (const item of read) items.push(item);
  const counts = read.counts();
  if (items.length === 0) {
    await requireRow(reading);
    const { dropped } = counts;
    const none = dropped > 0 ? `none: ${dropped} rows are dropped, which miss a value` : 'none';
    throw new FormatError(reading.name, 'at least one sequence', none);
  }
  return { items, counts };
}
