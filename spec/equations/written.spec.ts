/** Equations as plain data: the cell that they are gives the bits of the cell that they were read off, unrolled and fused. */
import { describe, expect, it } from 'vitest';
import { record } from '../../lib/equations/record.ts';
import { cellFrom, type WrittenEquations, writtenOf } from '../../lib/equations/written.ts';
import { type Cell, cells, conditioned, explain, lstm, recurrent, traceFixed, unroll } from '../../lib/index.ts';
import { everything } from '../engine/agreement.ts';

const size = { d: 4, m: 4 };

function again(cell: Cell): Cell {
  const { equations, reason } = record(cell, size);
  if (!equations) throw new Error(reason);
  const written = writtenOf(cell, equations);
  if (!written) throw new Error('it cannot be written down');
  return cellFrom(cell.name, JSON.parse(JSON.stringify(written)) as WrittenEquations);
}

const all: readonly Cell[] = [
  ...Object.values<Cell>(cells),
  traceFixed(0.7) as Cell,
  conditioned(lstm, { k: 2 }) as Cell,
].filter(cell => !cell.time);

describe.each(all)('$name', cell => {
  it.each([false, true])('is the cell that its equations are, to the last bit, with one-hot inputs: %o', oneHot => {
    const sizes = { T: 3, B: 3, ...size, ragged: true, oneHot, seed: 3 };
    const remade = again(cell);
    expect(everything(unroll(remade, size), sizes)).toEqual(everything(unroll(cell, size), sizes));
    expect(everything(recurrent(remade, size), sizes)).toEqual(everything(recurrent(cell, size), sizes));
    expect(explain(remade, size)).toBe(explain(cell, size));
  });
});
