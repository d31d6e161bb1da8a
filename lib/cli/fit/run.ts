/** How `bptt fit` learns: anew, or from where a model's training was stopped. */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Cell } from '../../cells/cell.ts';
import { FormatError, ValueError } from '../../errors.ts';
import { writeAtomically } from '../../io/node/files.ts';
import { makeFolder } from '../../io/node/folders.ts';
import { piecesAt } from '../../io/node/pieces.ts';
import type { ReadCounts } from '../../io/records.ts';
import type { Cells } from '../modules/cell.ts';
import { aboutOf } from '../tasks/about.ts';
import { tasks } from '../tasks/index.ts';
import { type Item, itemsOf } from '../tasks/items.ts';
import { encoded, readModel } from '../tasks/model.ts';
import { givenRoles, type RoleFlags, requireSettings } from '../tasks/options.ts';
import { columnsOf, type Reading, rowsOf } from '../tasks/table.ts';
import type { Settings } from '../tasks/task.ts';
import { type Level, levelOf, rolesOf, type TaskName, type Understanding, understood } from '../tasks/understanding.ts';
import { print, progress, untilSignal, type Verbosity } from '../terminal.ts';
import { TURN } from '../turns.ts';
import { type Fit, report } from './report.ts';

/** What is asked for of a new model. */
export interface Wanted extends RoleFlags {
  readonly task: TaskName;
  readonly level?: Level;
  readonly settings: Settings;
  readonly cell: Cell;
  readonly out: string;
}

/** Learns anew. */
export async function beginFit(reading: Reading, wanted: Wanted, verbosity: Verbosity): Promise<void> {
  const { settings, cell, out } = wanted;
  const understanding = await understand(reading, wanted);
  const isTalkative = !verbosity.json && !verbosity.quiet;
  if (isTalkative) print(understood(reading, understanding).join('\n'));
  const task = tasks[understanding.task];
  const { items, counts } = await all(reading, understanding);
  const parts = task.split(items, { understanding, settings });
  const known = task.know(parts, { understanding, settings });
  const learnt = task.learnt(task.build(known, cell), known);
  const { path, ...how } = reading;
  const source = { ...how, sha256: await hashOf(path) };
  makeFolder(dirname(out));
  const model = { task, known, source, learnt };
  await run({ model, reading, parts, counts, steps: learnt.train(parts), out }, verbosity);
}

/** Goes on. */
export async function resumeFit(
  file: string,
  { path: out, cells, cell }: { readonly path: string; readonly cells: Cells; readonly cell: string | undefined },
  changes: Partial<Settings>,
  verbosity: Verbosity,
): Promise<void> {
  const { task, known: before, source, learnt: saved, training } = await readModel(out, cells, cell);
  const { sha256, ...how } = source;
  const reading = { ...how, path: file };
  if ((await hashOf(file)) !== sha256) throw new ValueError('FILE', `the file that ${out} was made of`, 'another one');
  const settings = requireSettings({ ...before.settings, ...changes });
  const known = { ...before, settings };
  const { understanding } = known;
  const { items, counts } = await all(reading, understanding);
  const parts = task.split(items, known);
  const learnt = task.learnt(saved.model, known);
  const steps = learnt.train(parts);
  if (!training) throw new FormatError(out, 'a model that says where its training stands', 'none');
  steps.resume(training);
  if (steps.done)
    throw new ValueError('--epochs', `more than ${steps.history.length}, or more --patience`, `${settings.epochs}`);
  await run({ model: { task, known, source, learnt }, reading, parts, counts, steps, out }, verbosity);
}

/** Rows by which it is guessed what a text is made of. */
const LOOKED_AT = 100;

/** What the file is taken for, by its beginning. */
async function understand(reading: Reading, { task, level, ...flags }: Wanted): Promise<Understanding> {
  const columns = await columnsOf(reading);
  const roles = rolesOf(task, columns, givenRoles(flags));
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

/** All sequences of a file. */
async function all(
  reading: Reading,
  understanding: Understanding,
): Promise<{ readonly items: readonly Item[]; readonly counts: ReadCounts }> {
  const items: Item[] = [];
  const read = itemsOf(reading, understanding, true);
  for await (const item of read) items.push(item);
  if (items.length === 0) throw new FormatError(reading.path, 'at least one sequence', 'none');
  return { items, counts: read.counts() };
}

/** Trains until all is done, or until a signal; either way the model is written. */
async function run(fit: Fit, verbosity: Verbosity): Promise<void> {
  const { model, steps, out } = fit;
  const signal = untilSignal();
  const save = () => writeAtomically(out, encoded(model, steps.state()));
  let shown: ReturnType<typeof progress> | undefined;
  let turn = performance.now();
  try {
    while (!steps.done && signal.name === null) {
      const { update, updates, loss, ended } = steps.step();
      shown ??= progress(updates, update - 1, verbosity);
      if (ended) save();
      const now = performance.now();
      if (now - turn < TURN && !ended) continue;
      turn = now;
      const validation = ended?.validation ?? steps.history.at(-1)?.validation;
      const judged = typeof validation === 'number' ? `, validation ${validation.toPrecision(4)}` : '';
      shown.update(update, `epoch ${steps.history.length}, loss ${loss.toPrecision(4)}${judged}`);
      await breathe();
    }
    save();
  } finally {
    signal.ignore();
    shown?.stop();
  }
  report(fit, steps.done ? null : signal.name, aboutOf(fit.reading.path), verbosity);
}

/** The SHA-256 of a file, of which no more than a piece is held. */
async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of piecesAt(path)) hash.update(piece);
  return hash.digest('hex');
}
