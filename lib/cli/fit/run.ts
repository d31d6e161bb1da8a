/** How `bptt fit` learns: anew, or from where a model's training was stopped. */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Cell } from '../../cells/cell.ts';
import { ValueError } from '../../errors.ts';
import { writeAtomically } from '../../io/node/files.ts';
import { makeFolder } from '../../io/node/folders.ts';
import { piecesAt } from '../../io/node/pieces.ts';
import { type Asked, begun, goneOn, understand } from '../../tasks/fitting.ts';
import { encoded } from '../../tasks/model.ts';
import { requireSettings } from '../../tasks/settings.ts';
import type { Reading } from '../../tasks/table.ts';
import type { Settings } from '../../tasks/task.ts';
import { understood } from '../../tasks/understanding.ts';
import type { Cells } from '../modules/cell.ts';
import { aboutOf } from '../tasks/about.ts';
import { readModel } from '../tasks/model.ts';
import { asFlags } from '../tasks/options.ts';
import { print, progress, untilSignal, type Verbosity } from '../terminal.ts';
import { TURN } from '../turns.ts';
import { type Fit, report } from './report.ts';

/** What is asked for of a new model. */
export interface Wanted extends Asked {
  readonly settings: Settings;
  readonly cell: Cell;
  readonly out: string;
}

/** Learns anew. */
export async function beginFit(
  reading: Reading,
  { settings, cell, out, ...asked }: Wanted,
  verbosity: Verbosity,
): Promise<void> {
  const understanding = await asFlags(() => understand(reading, asked));
  const isTalkative = !verbosity.json && !verbosity.quiet;
  if (isTalkative) print(understood(reading, understanding).join('\n'));
  const fitting = await begun(reading, understanding, settings, cell);
  const { format, delimiter, missing, missingValues } = reading;
  const source = { format, delimiter, missing, missingValues, sha256: await hashOf(reading.name) };
  makeFolder(dirname(out));
  await run({ ...fitting, model: { ...fitting.model, source }, reading, out }, verbosity);
}

/** Goes on. */
export async function resumeFit(
  file: string,
  { path: out, cells, cell }: { readonly path: string; readonly cells: Cells; readonly cell: string | undefined },
  changes: Partial<Settings>,
  verbosity: Verbosity,
): Promise<void> {
  const before = await readModel(out, cells, cell);
  const { sha256, ...how } = before.source;
  const reading: Reading = { ...how, name: file, open: () => piecesAt(file) };
  if ((await hashOf(file)) !== sha256) throw new ValueError('FILE', `the file that ${out} was made of`, 'another one');
  const settings = await asFlags(() => requireSettings({ ...before.known.settings, ...changes }));
  const fitting = await goneOn(reading, before, out, settings);
  const { steps } = fitting;
  if (steps.done) throw doneAlready(steps.history, settings);
  await run({ ...fitting, model: { ...fitting.model, source: before.source }, reading, out }, verbosity);
}

/** What would do for a training to go on that is at its end: more epochs, or more of them without a better validation. */
function doneAlready(history: Fit['steps']['history'], { epochs, patience }: Settings): ValueError {
  const made = history.length;
  const since = made - (history.findLast(({ best }) => best)?.epoch ?? 0);
  if (made >= epochs) {
    const also = since >= patience ? `, and more than ${since} of --patience` : '';
    return new ValueError('--epochs', `more than ${made}${also}`, `${epochs}`);
  }
  return new ValueError('--patience', `more than ${since}, the epochs since the best`, `${patience}`);
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
  report(fit, steps.done ? null : signal.name, aboutOf(fit.reading.name), verbosity);
}

/** The SHA-256 of a file, of which no more than a piece is held. */
async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of piecesAt(path)) hash.update(piece);
  return hash.digest('hex');
}
