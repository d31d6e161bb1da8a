/** The names of an entry in groups: those of `bptt` as README has them, others by what they are. */
import { dirname } from 'node:path';
import { readIn } from '../root.ts';
import type { Entry, Exported } from './entries.ts';

/** Names under one heading. */
export interface Group {
  readonly title: string;
  readonly names: readonly Exported[];
}

/** README's tables of names: behind each row's names what they are. */
const ROWS: readonly (readonly [names: readonly string[], title: string])[] = rowsOf('What there is');
const ALGEBRA: ReadonlySet<string> = new Set(rowsOf('Adding a cell').flatMap(([names]) => names));
const ALGEBRA_TITLE = 'What a cell is written in';
const REST = 'Besides';

function rowsOf(chapter: string): [string[], string][] {
  const text = readIn('README.md').split(`\n## ${chapter}\n`)[1]?.split('\n## ')[0] ?? '';
  return Array.from(text.matchAll(/^\| (.+?) \| (.+?) \|$/gm), ([row, first = '', second = '']) => {
    const names = chapter === 'What there is' ? first : row;
    return [Array.from(names.matchAll(/`([\w.]+)`/g), ([, name = '']) => name.split('.')[0] ?? ''), plain(second)];
  });
}

function plain(title: string): string {
  const text = title.replaceAll('`', '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The groups of an entry, in order, none of them empty. */
export function groupsOf({ name, names }: Entry): readonly Group[] {
  const titleOf = name === 'bptt' ? readmeTitles(names) : kindOf;
  const titles = name === 'bptt' ? [...ROWS.map(([, title]) => title), ALGEBRA_TITLE, REST] : KINDS;
  return titles
    .map(title => ({ title, names: names.filter(one => titleOf(one) === title) }))
    .filter(group => group.names.length > 0);
}

const KINDS = ['Functions and values', 'Types'] as const;
const kindOf = ({ isType }: Exported): string => KINDS[isType ? 1 : 0];

/** The row of README that names it; else that of what is written in the same file, or in the same folder. */
function readmeTitles(names: readonly Exported[]): (one: Exported) => string {
  const named = new Map<string, string>();
  for (const [of, title] of ROWS) for (const name of of) if (!named.has(name)) named.set(name, title);
  const nearby = new Map<string, string>();
  for (const { name, place } of names) {
    const title = named.get(name);
    if (title === undefined || place === undefined) continue;
    for (const where of [place.file, dirname(place.file)]) if (!nearby.has(where)) nearby.set(where, title);
  }
  return ({ name, place: { file } = { file: '' } }) => {
    const own = named.get(name) ?? (ALGEBRA.has(name) || file === 'lib/matrix.ts' ? ALGEBRA_TITLE : undefined);
    const folder = dirname(file);
    return own ?? nearby.get(file) ?? (folder === 'lib' ? REST : nearby.get(folder)) ?? REST;
  };
}
