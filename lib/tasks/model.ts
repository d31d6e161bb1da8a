/** The file of a task's model: the network, what is known beside it, and where its training stands. */
import type { Cell } from '../cells/cell.ts';
import { FormatError, ValueError } from '../errors.ts';
import { load, save } from '../io/model-file.ts';
import { describe, isPlain } from '../require.ts';
import type { TrainingState } from '../training/training-state.ts';
import { tasks } from './all.ts';
import type { HowRead } from './table.ts';
import type { Known, Learnt, Task } from './task.ts';
import { taskNames } from './understanding.ts';

/** How the file that it learns from is read, and which file that is. */
export type Source = HowRead & { readonly sha256: string };

/** A model with its task. */
export interface TaskModel {
  readonly task: Task;
  readonly known: Known;
  readonly source: Source;
  readonly learnt: Learnt;
  readonly training: TrainingState | undefined;
}

/** What stands in the note of the file. */
interface Note extends Pick<Known, 'understanding' | 'settings' | 'classes' | 'counts'> {
  readonly source: Source;
}

/** The bytes of a model's file. The parameters are the best so far; a training that goes on has its own. */
export function encoded(
  { learnt, known, source }: Omit<TaskModel, 'task' | 'training'>,
  training: TrainingState,
): Uint8Array {
  const { understanding, settings, classes, counts, scaler, vocabulary } = known;
  const note: Note = { understanding, settings, classes, counts, source };
  const { params } = learnt.model;
  const present = params.values.slice();
  if (training.best) params.values.set(training.best);
  try {
    return save(learnt.model, { ...(scaler && { scaler }), ...(vocabulary && { vocabulary }), training, note });
  } finally {
    params.values.set(present);
  }
}

/**
 * A model of a task, of the bytes of its file.
 *
 * @param file what it is called, for errors.
 * @param cells those that it may have been made of.
 * @throws FormatError when they are of none; ValueError when they are no bytes.
 */
export function decoded(bytes: Uint8Array, file: string, cells: Readonly<Record<string, Cell>>): TaskModel {
  if (!(bytes instanceof Uint8Array)) throw new ValueError(file, 'the bytes of a file', describe(bytes));
  const { model, scaler, vocabulary, training, note } = load(bytes, { file, cells, as: 'any' });
  const { understanding, settings, classes, counts, source } = noteOf(note, file);
  const task = tasks[understanding.task];
  const beside: Known = { understanding, settings, classes, counts, scaler, vocabulary };
  return { task, known: beside, source, learnt: task.learnt(model, beside), training };
}

/** What the note says, or throws FormatError: a model of the library is not yet one of a task. */
function noteOf(note: unknown, path: string): Note {
  const { understanding, settings, source, classes, counts } = { ...(note as Partial<Note> | null) };
  const { task, features, kinds } = { ...(understanding as Partial<Note['understanding']> | undefined) };
  const isOurs =
    taskNames.some(name => name === task) &&
    isTexts(features) &&
    isPlain(kinds) &&
    isPlain(settings) &&
    Object.values({ ...settings }).every(Number.isFinite) &&
    isSource(source) &&
    (classes === undefined || isTexts(classes)) &&
    (counts === undefined || (Array.isArray(counts) && counts.every(Number.isFinite)));
  if (isOurs) return note as Note;
  throw new FormatError(path, 'a model that bptt fit wrote', describe(note));
}

/** Whether it says how a table is read, and which. */
function isSource(source: unknown): boolean {
  const { format, delimiter, missing, missingValues, sha256, ...more } = { ...(source as Partial<Source> | null) };
  return (
    (format === 'csv' || format === 'jsonl') &&
    (missing === 'error' || missing === 'drop' || missing === 'carry') &&
    typeof delimiter === 'string' &&
    typeof sha256 === 'string' &&
    isTexts(missingValues) &&
    Object.keys(more).length === 0
  );
}

function isTexts(list: unknown): boolean {
  return Array.isArray(list) && list.every(text => typeof text === 'string');
}
