/** What a task takes a file for: which column is what, guessed from names and kinds where nobody says. */
import { ValueError } from '../errors.ts';
import type { ColumnKind, Reading, SeenColumn } from './table.ts';

/** What can be learnt of a file. */
export const taskNames = ['forecast', 'classify', 'tag', 'translate', 'language'] as const;
export type TaskName = (typeof taskNames)[number];

/** What a text is made of. */
export type Level = 'char' | 'word';

/** Which column is what. */
export interface Roles {
  /** When a row was: it is shown, and not learnt from. */
  readonly time?: string;
  /** Rows that are equal here, one after the other, are the steps of one sequence. */
  readonly sequence?: string;
  /** Numbers that go in, at every step. */
  readonly features: readonly string[];
  /** The text that goes in, or a list; of rows that are steps, one token each. */
  readonly text?: string;
  /** What is to be foretold. */
  readonly target?: string;
}

/** What a file is taken for. */
export interface Understanding extends Roles {
  readonly task: TaskName;
  readonly level: Level;
  readonly kinds: Readonly<Record<string, ColumnKind>>;
}

/** The roles that somebody gave. */
export interface GivenRoles {
  readonly time?: string;
  readonly sequence?: string;
  readonly features?: readonly string[];
  readonly text?: string;
  readonly target?: string;
}

const NAMED: Readonly<Record<'time' | 'sequence' | 'text' | 'target', RegExp>> = {
  time: /^(time|date|day|timestamp|datetime)$/i,
  sequence: /^(sequence|series|session|sentence|group|id)([_ -]?id)?$/i,
  text: /^(text|source|input|tokens|words?|steps)$/i,
  target: /^(target|label|class|tags?|translation|output)$/i,
};

/**
 * What the columns are taken for.
 *
 * @throws ValueError naming a column that is not there, or the role that no column fits.
 */
export function rolesOf(task: TaskName, columns: readonly SeenColumn[], given: GivenRoles): Roles {
  const names = columns.map(({ name }) => name);
  const there = (role: keyof GivenRoles, name: string): string => {
    if (names.includes(name)) return name;
    throw new ValueError(role, `one of the columns ${names.join(', ')}`, name);
  };
  const named = (role: keyof typeof NAMED, among: readonly string[]): string | undefined => {
    const own = given[role];
    return own === undefined ? among.find(name => NAMED[role].test(name)) : there(role, own);
  };
  const none = (role: string, wanted: string) =>
    new ValueError(role, `${wanted} among ${names.join(', ')}`, `none${undivided(names)}`);
  const isLong = given.sequence !== undefined || (task !== 'language' && task !== 'translate' && isOfSteps(columns));
  const time = named('time', names);
  const sequence = isLong ? named('sequence', names) : undefined;
  const others = columns.filter(({ name }) => name !== time && name !== sequence);
  const numbers = others.filter(({ kind }) => kind === 'number').map(({ name }) => name);
  const words = others.filter(({ kind }) => kind !== 'number').map(({ name }) => name);
  const roles = { ...(time !== undefined && { time }), ...(sequence !== undefined && { sequence }) };
  const chosen = given.features?.map(name => there('features', name));
  if (task === 'forecast') {
    const target = named('target', numbers) ?? numbers.at(-1);
    if (target === undefined) throw none('target', 'a column of numbers');
    const features = chosen ?? numbers;
    return { ...roles, features: features.includes(target) ? features : [...features, target], target };
  }
  const textOf = (among: readonly string[]) => named('text', among) ?? among[0];
  if (task === 'language') {
    const text = textOf(words);
    if (text === undefined) throw none('text', 'a column of text');
    return { ...roles, features: [], text };
  }
  const target =
    named(
      'target',
      others.map(({ name }) => name),
    ) ?? others.at(-1)?.name;
  if (target === undefined) throw none('target', 'a column');
  const text = chosen ? undefined : textOf(words.filter(name => name !== target));
  if (text !== undefined) return { ...roles, features: [], text, target };
  const features = chosen ?? numbers.filter(name => name !== target);
  if (task === 'translate' || features.length === 0) throw none('text', 'a column of text or lists beside the target');
  if (sequence === undefined) throw none('sequence', 'the column by which rows are the steps of one sequence');
  return { ...roles, features, target };
}

/** What to do where the only column has a name that seems to be several. */
function undivided([only = '', ...others]: readonly string[]): string {
  const [sign] = only.match(/[;|]/) ?? [];
  if (sign === undefined || others.length > 0) return '';
  return ` (delimiter "${sign}", if that stands between fields)`;
}

/** Whether rows seem to be steps of sequences, which a column tells apart, and not sequences. */
function isOfSteps(columns: readonly SeenColumn[]): boolean {
  const isNamed = columns.some(({ name }) => NAMED.sequence.test(name));
  return isNamed && columns.length > 2 && columns.every(({ kind }) => kind !== 'list');
}

/** Words a text, on average, from which on it is taken for one of words. */
const WORDS = 5;

/** What texts seem to be made of. */
export function levelOf(task: TaskName, texts: readonly string[]): Level {
  if (task === 'tag') return 'word';
  const words = texts.reduce((sum, text) => sum + text.trim().split(/\s+/).length, 0);
  return texts.length > 0 && words / texts.length >= WORDS ? 'word' : 'char';
}

/** What was understood, a line each, for a reader to see whether it is right. */
export function understood({ name: file }: Reading, understanding: Understanding): readonly string[] {
  const { task, time, sequence, features, text, target, level, kinds } = understanding;
  const quoted = (name: string) => JSON.stringify(name);
  const isList = text !== undefined && kinds[text] === 'list';
  const made = isList ? 'a list of tokens' : level === 'word' ? 'words' : 'characters';
  const steps = sequence === undefined ? [] : [`steps      rows of equal ${quoted(sequence)} are one sequence`];
  const when = time === undefined ? [] : [`time       ${quoted(time)}, shown and not learnt from`];
  const inputs =
    text === undefined
      ? `${features.map(quoted).join(', ')}`
      : `${quoted(text)}, ${sequence === undefined ? made : 'one a row'}`;
  return [
    `file       ${file}`,
    `task       ${task}`,
    ...when,
    ...steps,
    `inputs     ${inputs}`,
    ...(target === undefined ? [] : [`target     ${quoted(target)}`]),
  ];
}
