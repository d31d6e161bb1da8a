/** A network that learns from a table: what `bptt fit` does, in any runtime. */
import { type Cell, requireCell } from '../cells/cell.ts';
import { gru } from '../cells/gru.ts';
import { cells } from '../cells/index.ts';
import { ValueError } from '../errors.ts';
import type { ReadCounts } from '../io/records.ts';
import { describe, requireFiniteNumber, requireKnown, requireList, requireName } from '../require.ts';
import { type Asked, begun, type Fitting, goneOn, understand } from './fitting.ts';
import { hashOf, type TableOptions, tableOf, tableOptions } from './held-table.ts';
import { decoded, encoded, type Source } from './model.ts';
import { requireSettings, usualSettings } from './settings.ts';
import { type Sizes, sizesOf } from './split.ts';
import type { Reading } from './table.ts';
import type { About, Judged, Settings, Steps } from './task.ts';
import { type TaskName, taskNames, type Understanding } from './understanding.ts';

/** What is to be learnt of a table, and how. */
export interface FitTableOptions extends TableOptions, Asked {
  /** The recurrent cell: the GRU unless given. */
  readonly cell?: Cell;
  /** What is to be other than `usualSettings`. */
  readonly settings?: Partial<Settings>;
}

/** How a training goes on. */
export interface ResumeTableOptions extends Pick<TableOptions, 'name'> {
  /** What is to be other than it was. */
  readonly settings?: Partial<Pick<Settings, 'epochs' | 'patience'>>;
}

/** A network that learns from a table. */
export interface TableFit {
  /** Which column was taken for what. */
  readonly understanding: Understanding;
  readonly settings: Settings;
  /** Rows that were read, and what was done where a value was missing. */
  readonly rows: ReadCounts;
  /** How much of it is learnt from, chosen by, and tested. */
  readonly sizes: Sizes;
  /** Numbers that are learnt. */
  readonly parameters: number;
  /** The training, at its beginning or where it was left: `step()` until it is `done`. */
  readonly training: Steps;
  /**
   * The model as it is now, the best parameters so far, and where its training stands: a file that `bptt predict`, `bptt evaluate` and
   * `answerTable` read, and that `bptt fit --resume` and `resumeTable` go on with.
   */
  save(): Uint8Array;
  /** How well it does at the part that is kept for the test. */
  judge(about?: About): Judged;
}

/**
 * Reads a table and makes a network that is to learn from it: which column is what, is guessed by names and by what they hold
 * where nothing is said. A part is not learnt from: by it the best parameters are chosen, and by another it is judged.
 *
 * @param source a text or its bytes: CSV, or JSON Lines.
 * @throws ValueError when an option is none, or no column fits; FormatError naming line and column where the table is wrong, or there is
 * too little of it.
 *
 * @example
 * ```ts
 * import { fitTable } from 'bptt/tasks';
 *
 * const waves = Array.from({ length: 200 }, (_, t) => `${t},${Math.sin(t / 3).toFixed(4)}`);
 * const table = `time,height\n${waves.join('\n')}\n`;
 * const fit = await fitTable(table, { task: 'forecast', settings: { length: 10, epochs: 10, learningRate: 0.02 } });
 * console.log(fit.understanding.target, fit.sizes.train); // → height 140
 * while (!fit.training.done) fit.training.step();
 * const { rmse = null, naiveRmse = null } = fit.judge().figures;
 * console.log(Number(rmse) < Number(naiveRmse)); // → true
 * ```
 */
export function fitTable(source: string | Uint8Array, options: FitTableOptions): Promise<TableFit> {
  const known = requireKnown('options', options, NAMES);
  const { cell = gru, settings: changes = {}, name, delimiter, missing, missingValues, ...asked } = known;
  requireCell('cell', cell);
  const settings = requireSettings({ ...usualSettings, ...requireKnown('settings', changes, SETTINGS) });
  const reading = tableOf(source, {
    ...(name !== undefined && { name }),
    ...(delimiter !== undefined && { delimiter }),
    ...(missing !== undefined && { missing }),
    ...(missingValues !== undefined && { missingValues }),
  });
  return made(source, reading, requireAsked(asked), settings, cell);
}

async function made(
  source: string | Uint8Array,
  reading: Reading,
  asked: Asked,
  settings: Settings,
  cell: Cell,
): Promise<TableFit> {
  const understanding = await understand(reading, asked);
  const fitting = await begun(reading, understanding, settings, cell);
  const { format, delimiter, missing, missingValues } = reading;
  return fitOf(fitting, { format, delimiter, missing, missingValues, sha256: hashOf(source) });
}

/**
 * Goes on with a training where it was when its model was saved, as if it had not stopped: every parameter comes to the same bits.
 *
 * @param model the bytes of `TableFit.save`, or of a file that `bptt fit` wrote.
 * @param source the table that it learns from. It is read as it was.
 * @param known the cells that the model may be made of, where its equations are not in the file: the library's unless given.
 * @throws ValueError when an option is none, or the table is another; FormatError when the bytes are of no such model.
 *
 * @example
 * ```ts
 * import { fitTable, resumeTable } from 'bptt/tasks';
 *
 * const table = `text,kind\n${['aa,a', 'ab,b', 'ba,a', 'bb,b'].flatMap(row => Array(10).fill(row)).join('\n')}\n`;
 * const fit = await fitTable(table, { task: 'classify', settings: { epochs: 5, hidden: 8 } });
 * fit.training.step();
 * const kept = fit.save(); // in a file, or in the storage of a browser
 * const later = await resumeTable(kept, table, { settings: { epochs: 20 } });
 * while (!later.training.done) later.training.step();
 * console.log(later.training.history.length); // → 20
 * ```
 */
export function resumeTable(
  model: Uint8Array,
  source: string | Uint8Array,
  options: ResumeTableOptions = {},
  known: Readonly<Record<string, Cell>> = cells,
): Promise<TableFit> {
  const { name, settings: changes = {} } = requireKnown('options', options, ['name', 'settings']);
  const before = decoded(model, 'model', known);
  const { sha256, ...how } = before.source;
  const reading = { ...tableOf(source, { name: name ?? `table.${how.format}` }), ...how };
  if (hashOf(source) !== sha256) throw new ValueError('source', 'the table that the model was made of', 'another one');
  const settings = requireSettings({
    ...before.known.settings,
    ...requireKnown('settings', changes, ['epochs', 'patience']),
  });
  return goneOn(reading, before, 'model', settings).then(fitting => fitOf(fitting, before.source));
}

/** @param source how the table is read, and which it is. */
function fitOf({ model, parts, counts, steps }: Fitting, source: Source): TableFit {
  return {
    understanding: model.known.understanding,
    settings: model.known.settings,
    rows: counts,
    sizes: sizesOf(parts, model.known),
    parameters: model.learnt.model.params.size,
    training: steps,
    save: () => encoded({ ...model, source }, steps.state()),
    judge: about => model.learnt.judge(parts.test, requireAbout(about ?? {})),
  };
}

const SETTINGS = Object.keys(usualSettings) as (keyof Settings)[];
const ROLES = ['time', 'sequence', 'text', 'target'] as const;
const NAMES = [...tableOptions, ...ROLES, 'features', 'task', 'level', 'cell', 'settings'] as const;

function requireAsked(asked: Asked): Asked {
  const { task, level, features } = asked;
  if (!taskNames.includes(task as TaskName))
    throw new ValueError('task', `one of ${taskNames.join(', ')}`, describe(task));
  if (level !== undefined && level !== 'char' && level !== 'word')
    throw new ValueError('level', 'char or word', describe(level));
  for (const role of ROLES) if (asked[role] !== undefined) requireName(role, asked[role]);
  if (features !== undefined)
    for (const name of requireList('features', features, 'a list of columns')) requireName('features', name);
  return asked;
}

function requireAbout(about: About): About {
  const { noiseFloor } = requireKnown('about', about, ['noiseFloor']);
  if (noiseFloor !== undefined && requireFiniteNumber('noiseFloor', noiseFloor) < 0)
    throw new ValueError('noiseFloor', 'a number ≥ 0', `${noiseFloor}`);
  return about;
}
