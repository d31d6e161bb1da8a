/**
 * A cell of one's own, which a derivation says, with what every line of it makes. Loaded when such a cell is looked at: the
 * reading of derivations is the larger part of the library.
 */
import { type AbstractMatrix, type Cell, Matrix } from 'bptt';
import { cellOf, type MadeByLine } from 'bptt/check';
import temml from 'temml';
import type { Inputs, Row } from './listing.ts';

export interface OwnCell {
  readonly cell: Cell;
  readonly rows: readonly Row[];
  /** The value of every line, by its number. */
  valuesOf(inputs: Inputs): readonly AbstractMatrix[];
}

/** @throws FormatError when the derivation is no complete and right one. */
export function ownCell(text: string): OwnCell {
  let told: MadeByLine[] = [];
  const cell = cellOf(text, { name: 'own', watch: made => told.push(made) });
  const valuesOf = ({ p, x, prev, dnext }: Inputs) => {
    told = [];
    const { tape } = cell.forward(p as never, x, prev as never);
    if (dnext) {
      const dp = Object.fromEntries(Object.entries(p).map(([name, matrix]) => [name, matrix.clone().mul(0)]));
      cell.backward(p as never, tape, dnext as never, dp as never);
    }
    return told.map(({ value }) => value);
  };
  valuesOf(tiny(cell));
  return { cell, rows: rowsOf(told, text), valuesOf };
}

/** The lines in the order in which they are first computed; those of one tag are one. */
function rowsOf(told: readonly MadeByLine[], text: string): readonly Row[] {
  const groups = new Map<string, MadeByLine[]>();
  for (const made of told) {
    const key = `${made.pass} ${made.tag ?? made.name}`;
    groups.set(key, [...(groups.get(key) ?? []), made]);
  }
  return Array.from(groups.values(), made => {
    const [{ tag, pass }] = made as [MadeByLine];
    const latex = tag === undefined ? undefined : displayOf(tag, text);
    const math =
      latex === undefined ? undefined : temml.renderToString(latex, { displayMode: true, throwOnError: false });
    const makes = made.map(one => ({ id: told.indexOf(one), name: pass === 'forward' ? one.name : `d${one.name}` }));
    return { ...(tag !== undefined && { tag }), ...(math !== undefined && { math }), pass, makes, takes: [] };
  });
}

function displayOf(tag: string, text: string): string | undefined {
  const displays = Array.from(text.matchAll(/\$\$([\s\S]*?)\$\$|\\\[([\s\S]*?)\\\]/g), ([, a, b]) => a ?? b ?? '');
  return displays
    .find(latex => latex.includes(`\\tag{${tag}}`))
    ?.replace(/\\tag\{[^}]*\}/g, '')
    .trim();
}

/** A step of two units, so that the lines are known before a scene is. */
function tiny(cell: Cell): Inputs {
  const size = { d: 2, m: 2 };
  const ones = (rows: number, columns: number) => Matrix.ones(rows, columns);
  const state = Object.fromEntries(Object.entries(cell.state(size)).map(([name, columns]) => [name, ones(1, columns)]));
  const p = Object.fromEntries(
    Object.entries(cell.params(size)).map(([name, [rows, columns]]) => [name, ones(rows, columns)]),
  );
  return { m: 2, p, x: ones(1, 2), prev: state, dnext: state };
}
