/** Options that say how a file is read, and which of its columns is what. */
import { type Command, Option } from 'commander';
import { ValueError } from '../../errors.ts';
import { piecesAt } from '../../io/node/pieces.ts';
import { requireSettings, usualSettings } from '../../tasks/settings.ts';
import { delimiterOf, formatOf, type HowRead, type Reading } from '../../tasks/table.ts';
import type { Settings } from '../../tasks/task.ts';
import type { GivenRoles } from '../../tasks/understanding.ts';
import { number } from '../terminal.ts';

/** How the file is read, as it is asked for. */
export interface ReadingFlags {
  readonly delimiter?: string;
  readonly missing?: Reading['missing'];
  readonly missingValues?: string;
}

/** Which column is what, as it is asked for. */
export interface RoleFlags extends Omit<GivenRoles, 'features'> {
  readonly features?: string;
}

/** Adds the options of {@link ReadingFlags}. */
export function withReading(command: Command): Command {
  return command
    .option('--delimiter <c>', 'what stands between fields (default: a comma; a tab in .tsv)')
    .addOption(
      new Option(
        '--missing <what>',
        'where a value is missing: stop and say where, leave the row out, or take that of the row before, of the same sequence',
      ).choices(['error', 'drop', 'carry']),
    )
    .option('--missing-values <list>', 'what stands where a value is missing, beside nothing, such as NA,?');
}

/** Adds the options of {@link RoleFlags}. */
export function withRoles(command: Command): Command {
  return command
    .option('--target <column>', 'what is to be foretold: the series, the label, the tags, the translation')
    .option('--features <columns>', 'numbers that go in, with commas between (default: all)')
    .option('--text <column>', 'the text that goes in; of rows that are steps, the token')
    .option('--sequence <column>', 'rows that are equal here are the steps of one sequence')
    .option('--time <column>', 'when a row was: shown, and not learnt from');
}

/** Adds the options of {@link Settings}, with what they are unless given. */
export function withSettings(command: Command): Command {
  const usual = usualSettings;
  const count = (flag: string, text: string, value: number) =>
    command.addOption(new Option(`${flag} <n>`, text).default(value).argParser(number(flag)));
  count('--hidden', 'hidden units of each layer', usual.hidden);
  count('--layers', 'recurrent layers on top of each other', usual.layers);
  count('--epochs', 'how often all is gone through, at most', usual.epochs);
  count('--patience', 'epochs without a better validation after which it ends', usual.patience);
  count('--batch', 'sequences, or windows, an update', usual.batch);
  count('--learning-rate', 'the step of Adam', usual.learningRate);
  count('--length', 'rows that a forecast sees', usual.length);
  count('--horizon', 'rows that it foretells', usual.horizon);
  count('--validation', 'part of the file that is chosen by', usual.validation);
  count('--test', 'part of the file that is kept for the test', usual.test);
  count('--seed', 'fixes every number that is drawn', usual.seed);
  return command;
}

/** How a file is read: as asked for, or else as it was before. */
export function readingOf(path: string, flags: ReadingFlags, before?: HowRead): Reading {
  const { delimiter, missing, missingValues } = flags;
  const format = formatOf('FILE', path);
  const usual = before?.format === format ? before : undefined;
  return {
    name: path,
    open: () => piecesAt(path),
    format,
    delimiter: delimiter ?? usual?.delimiter ?? delimiterOf(path),
    missing: missing ?? usual?.missing ?? 'error',
    missingValues: missingValues === undefined ? (usual?.missingValues ?? ['']) : ['', ...missingValues.split(',')],
  };
}

/** Which column is what. */
export function givenRoles({ features, time, sequence, text, target }: RoleFlags): GivenRoles {
  return {
    ...(time !== undefined && { time }),
    ...(sequence !== undefined && { sequence }),
    ...(text !== undefined && { text }),
    ...(target !== undefined && { target }),
    ...(features !== undefined && { features: features.split(',').map(name => name.trim()) }),
  };
}

/** Every setting of the flags is in its range, or throws ValueError naming the option. Returns them, and nothing beside. */
export function settingsOf(flags: Settings): Promise<Settings> {
  const { hidden, layers, epochs, batch, learningRate, patience, seed, length, horizon, validation, test } = flags;
  return asFlags(() =>
    requireSettings({ hidden, layers, epochs, batch, learningRate, patience, seed, length, horizon, validation, test }),
  );
}

/** What is done; where an option of it is at fault, that is called as the command calls it. */
export async function asFlags<T>(made: () => T | Promise<T>): Promise<T> {
  try {
    return await made();
  } catch (error) {
    if (!(error instanceof ValueError) || !FLAGS.includes(error.argument)) throw error;
    const flag = error.argument.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
    throw new ValueError(`--${flag}`, error.expected, error.got);
  }
}

const FLAGS: readonly string[] = [...Object.keys(usualSettings), 'time', 'sequence', 'features', 'text', 'target'];
