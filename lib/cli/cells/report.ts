/** What `bptt cells` says of a network and a text: for the terminal, as JSON, and for the page. */
import { basename } from 'node:path';
import { greatest } from '../../extremes.ts';
import type { Interpretable, Tracking } from '../../flow/interpretable.ts';
import type { Checkpoint } from '../../io/checkpoint.ts';
import { byteOf } from './shades.ts';

/** The text that was read. */
export interface Read {
  readonly file: string;
  readonly text: string;
  /** Whether the model was trained on it. */
  readonly trained: boolean;
}

/** All that is said. */
export interface CellsReport {
  readonly checkpoint: string;
  readonly cell: string;
  readonly layers: number;
  /** The part of its own text that the model was not trained on. */
  readonly heldOut: number;
  readonly read: Read;
  readonly found: Interpretable;
  /** The unit that the text is coloured by, and the signal that it was chosen for, if it was. */
  readonly unit: number;
  readonly tracks: string | null;
  readonly excerpt: Excerpt;
  /** The command that says it again. */
  readonly command: string;
}

/** The part of the text that is shown. */
export interface Excerpt {
  readonly symbols: readonly string[];
  /** Activations as bytes, the first symbol's m units, then the next one's: −scale is 0, scale is 255. */
  readonly bytes: Uint8Array;
  readonly m: number;
  readonly scale: number;
}

/** Units that are named for each signal. */
const NAMED = 5;

/** What was asked for. */
export interface Asked {
  /** The unit to colour by; the one chosen for the first signal unless given. */
  readonly unit: number | undefined;
  /** Symbols to choose on at most, and symbols to show. */
  readonly symbols: number;
  readonly excerpt: number;
}

/** Puts it all together. */
export function reportOf(
  { file: checkpoint, options }: Checkpoint,
  read: Read,
  found: Interpretable,
  { unit, symbols: most, excerpt }: Asked,
): CellsReport {
  const shown = unit ?? found.tracked[0]?.unit ?? 0;
  const { m, cut, excerpt: values, layer, state } = found;
  const scale = values.reduce((most, a) => Math.max(most, Math.abs(a)), 1);
  const symbols = Array.from(read.text).slice(cut, cut + values.length / m);
  return {
    checkpoint,
    cell: options.cell.name,
    layers: options.layers,
    heldOut: options.heldOut,
    read,
    found,
    unit: shown,
    tracks: found.tracked.find(tracking => tracking.unit === shown)?.name ?? null,
    excerpt: { symbols, bytes: Uint8Array.from(values, a => byteOf(a, scale)), m, scale },
    command: `bptt cells ${checkpoint} ${basename(read.file)} --layer ${layer} --state ${state} --unit ${shown} --symbols ${most} --excerpt ${excerpt}`,
  };
}

/** What was looked at, in two sentences. */
export function subjectOf({ cell, layers, found, read, heldOut }: CellsReport): readonly string[] {
  const { layer, state, m, from, cut, to } = found;
  const value = state === 'c' ? 'tanh(c)' : state;
  const trained = read.trained && heldOut > 0;
  const [chosen, held] = trained ? [' that it was trained on', ' that it was not trained on'] : ['', ''];
  const same = read.trained && !trained ? ', all of which it was trained on' : '';
  return [
    `${value} of the ${m} units of layer ${layer} of ${layers} (${cell}).`,
    `Units chosen on ${cut - from} symbols${chosen}; held out: the next ${to - cut}${held}${same}.`,
  ];
}

/** The table's columns. */
export const COLUMNS = ['tracks', 'unit', 'chosen at', 'held out', 'chance 99 %', 'p', 'symbol', 'next'] as const;

/** The table's row of a signal. */
export function rowOf({ name, unit, choice, heldOut, chance, symbolAlone, ranked }: Tracking): readonly string[] {
  const next = ranked.slice(1, NAMED).map(j => `${j} (${signed(heldOut[j])})`);
  return [
    name,
    `${unit}`,
    signed(choice[unit]),
    signed(heldOut[unit]),
    chance.quantile99.toFixed(2),
    chance.p.toFixed(3),
    symbolAlone.toFixed(2),
    next.join(' '),
  ];
}

/** The report as text, without the excerpt. */
export function linesOf(report: CellsReport): readonly string[] {
  const { tracked, absent } = report.found;
  const rows = [COLUMNS, ...tracked.map(rowOf)];
  const widths = COLUMNS.map((_, n) => greatest(rows.map(row => row[n]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, n) =>
      n === 0 || n === row.length - 1 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0),
    );
  return [
    ...subjectOf(report),
    '',
    ...rows.map(row => line(row).join('  ').trimEnd()),
    ...(absent.length > 0 ? [`not in the text: ${absent.join(', ')}`] : []),
    '',
    `unit ${report.unit}${report.tracks === null ? '' : `, ${report.tracks}`}`,
  ];
}

/** The report as JSON, without the text. */
export function jsonOf(report: CellsReport): Readonly<Record<string, unknown>> {
  const { checkpoint, cell, read, found, unit } = report;
  const { layer, state, m, from, cut, to, tracked, absent } = found;
  const of = ({ choice, heldOut }: Tracking, j: number) => ({ unit: j, choice: choice[j], heldOut: heldOut[j] });
  return {
    ok: true,
    checkpoint,
    cell,
    text: read.file,
    trained: read.trained,
    layer,
    state,
    units: m,
    choice: { from, to: cut },
    heldOut: { from: cut, to },
    signals: tracked.map(tracking => {
      const { name, mean, chance, symbolAlone, ranked } = tracking;
      return {
        name,
        mean,
        ...of(tracking, tracking.unit),
        chance,
        symbolAlone,
        next: ranked.slice(1, NAMED).map(j => of(tracking, j)),
      };
    }),
    absent,
    shown: { unit, signals: tracked.map(tracking => ({ name: tracking.name, ...of(tracking, unit) })) },
  };
}

/** A correlation to two digits, with its sign. */
export function signed(r: number = 0): string {
  return `${r < 0 ? '−' : '+'}${Math.abs(r).toFixed(2)}`;
}
