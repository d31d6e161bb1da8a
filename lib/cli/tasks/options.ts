/** Options that say how a file is read, and which of its columns is what. */
import { type Command, Option } from 'commander';
import { ValueError } from '../../errors.ts';
import { requireFiniteNumber, requireInteger, requirePositive, requireSize } from '../../require.ts';
import { number } from '../terminal.ts';
import { formatOf, type Reading } from './table.ts';
import type { Settings } from './task.ts';
import type { GivenRoles } from './understanding.ts';

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
  const count = (flag: string, text: string, value: number) =>
    command.addOption(new Option(`${flag} <n>`, text).default(value).argParser(number(flag)));
  count('--hidden', 'hidden units of each layer', 24);
  count('--layers', 'recurrent layers on top of each other', 1);
  count('--epochs', 'how often all is gone through, at most', 40);
  count('--patience', 'epochs without a better validation after which it ends', 6);
  count('--batch', 'sequences, or windows, an update', 16);
  count('--learning-rate', 'the step of Adam', 0.005);
  count('--length', 'rows that a forecast sees', 28);
  count('--horizon', 'rows that it foretells', 1);
  count('--validation', 'part of the file that is chosen by', 0.15);
  count('--test', 'part of the file that is kept for the test', 0.15);
  count('--seed', 'fixes every number that is drawn', 1);
  return command;
}

/** How a file is read: as asked for, or else as it was before. */
export function readingOf(path: string, flags: ReadingFlags, before?: Omit<Reading, 'path'>): Reading {
  const { delimiter, missing, missingValues } = flags;
  const format = formatOf(path);
  const usual = before?.format === format ? before : undefined;
  return {
    path,
    format,
    delimiter: delimiter ?? usual?.delimiter ?? (/\.tsv$/i.test(path) ? '\t' : ','),
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

/** Every setting is in its range, or throws ValueError naming the option. Returns them, and nothing beside. */
export function requireSettings(flags: Settings): Settings {
  const { hidden, layers, epochs, batch, learningRate, patience, seed, length, horizon, validation, test } = flags;
  for (const [name, size] of Object.entries({ hidden, layers, epochs, batch, patience, length, horizon }))
    requireSize(`--${name}`, size);
  requirePositive('--learning-rate', learningRate);
  requireInteger('--seed', seed, 0, 2 ** 32 - 1);
  for (const [name, part] of Object.entries({ validation, test })) {
    if (requireFiniteNumber(`--${name}`, part) <= 0 || part >= 1)
      throw new ValueError(`--${name}`, 'a part in (0, 1)', `${part}`);
  }
  if (validation + test >= 1) throw new ValueError('--test', 'less than what --validation leaves', `${test}`);
  return { hidden, layers, epochs, batch, learningRate, patience, seed, length, horizon, validation, test };
}
