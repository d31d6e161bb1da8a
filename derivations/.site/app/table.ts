/** What a table looks like, and what it may be meant for; the rest is the library's. */
import { readCsv, readJsonLines } from 'bptt';
import type { TaskName } from 'bptt/tasks';
import type { Look } from './data-messages.ts';
import { textOf } from './text-of.ts';

/** A table that can be read: its bytes, what it is to be called, and what stands between its fields. */
export interface Readable {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly delimiter: string;
  readonly notes: readonly string[];
}

/** Rows that are shown, and by which it is guessed what is meant. */
const SHOWN = 6;
const LOOKED_AT = 300;

/** Characters of the beginning by which it is guessed how a table is written. */
const BEGINNING = 4000;

/**
 * How a table is written, by its beginning: CSV with which sign between fields, or JSON Lines. Where the first line has numbers alone, names
 * are put before it.
 *
 * @throws Error in words where it is no text.
 */
export function readable(bytes: Uint8Array, name: string, delimiter?: string): Readable {
  const read = textOf(bytes);
  if ('why' in read) throw new Error(read.why);
  const [first = ''] = read.text.slice(0, BEGINNING).split(/\r?\n/);
  if (first.trimStart().startsWith('{')) return { bytes, name: `${stem(name)}.jsonl`, delimiter: ',', notes: [] };
  const between = delimiter ?? [',', '\t', ';', '|'].find(sign => first.includes(sign)) ?? ',';
  const notes =
    delimiter === undefined && between !== ',' ? [`Fields are taken to be parted by ${shown(between)}.`] : [];
  const own = `${stem(name)}.csv`;
  const fields = first.split(between).map(field => field.trim());
  if (!fields.every(field => field !== '' && Number.isFinite(Number(field))))
    return { bytes, name: own, delimiter: between, notes };
  const names = fields.map((_, n) => (fields.length === 1 ? 'value' : `column ${n + 1}`)).join(between);
  return {
    bytes: new TextEncoder().encode(`${names}\n${read.text}`),
    ...{ name: own, delimiter: between },
    notes: [
      ...notes,
      `The first line has numbers and no names, so the columns are called “${names}”. The command asks for such a first line, too.`,
    ],
  };
}

function stem(name: string): string {
  return name.replace(/\.[^.]*$/, '') || 'table';
}

function shown(sign: string): string {
  return sign === '\t' ? 'tabs' : `“${sign}”`;
}

/** The columns of a table, its first rows, and what it may be meant for. */
export async function looked(table: Readable, task?: TaskName): Promise<Look> {
  const { columns, rows } = table.name.endsWith('.jsonl') ? await jsonBeginning(table) : await csvBeginning(table);
  return { columns, rows: rows.slice(0, SHOWN), notes: table.notes, task: task ?? taskFor(columns, rows) };
}

type Beginning = Pick<Look, 'columns' | 'rows'>;

async function csvBeginning({ bytes, name, delimiter }: Readable): Promise<Beginning> {
  const columns = await readCsv(bytes, { name, delimiter }).columns();
  const kinds = Object.fromEntries(columns.map(column => [column.name, 'text' as const]));
  const rows: string[][] = [];
  for await (const { value } of readCsv(bytes, {
    name,
    delimiter,
    columns: kinds,
    missing: 'carry',
    missingValues: [],
  })) {
    rows.push(columns.map(column => String(value[column.name] ?? '')));
    if (rows.length === LOOKED_AT) break;
  }
  return { columns, rows };
}

async function jsonBeginning({ bytes, name }: Readable): Promise<Beginning> {
  const records: Record<string, unknown>[] = [];
  for await (const { value } of readJsonLines(bytes, { name })) {
    records.push({ ...(value as object) });
    if (records.length === LOOKED_AT) break;
  }
  const columns = Object.entries(records[0] ?? {}).map(([own, value]) => ({
    name: own,
    kind: typeof value === 'number' ? 'number' : Array.isArray(value) ? 'list' : 'text',
  }));
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value ?? null));
  return { columns, rows: records.map(record => columns.map(column => text(record[column.name]))) };
}

/** Values that a column of classes has at most, of the rows that are looked at. */
const CLASSES = 12;

/** What may be meant, by what columns hold. */
function taskFor(columns: Look['columns'], rows: Look['rows']): TaskName {
  const kinds = columns.map(({ kind }) => kind);
  const lists = kinds.filter(kind => kind === 'list').length;
  if (lists >= 2) return 'tag';
  const different = (at: number) => new Set(rows.map(row => row[at])).size;
  const last = columns.length - 1;
  const isFew = different(last) <= CLASSES && different(last) <= rows.length / 2;
  const texts = kinds.filter(kind => kind === 'text').length;
  const numbers = kinds.filter(kind => kind === 'number').length;
  if (kinds[last] !== 'number' && isFew && columns.length > 1) return 'classify';
  if (numbers > 0 && kinds[last] === 'number') return 'forecast';
  if (texts === 1 && columns.length === 1) return 'language';
  if (texts >= 2) return 'translate';
  return numbers > 0 ? 'forecast' : 'language';
}
