/** Equations as plain data: the cell that they are gives the bits of the cell that they were read off, unrolled and fused. */
import { describe, expect, it } from 'vitest';
import { record } from '../../lib/equations/record.ts';
import { cellFrom, type WrittenEquations, writtenOf } from '../../lib/equations/written.ts';
import {
  BpttError,
  type Cell,
  cells,
  conditioned,
  explain,
  lstm,
  recurrent,
  traceFixed,
  unroll,
} from '../../lib/index.ts';
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

describe('what is none', () => {
  const { equations } = record(lstm, size);
  const written = equations && writtenOf(lstm as Cell, equations);

  it.each<[unknown, string]>([
    [null, 'values[0]: expected'],
    [{ input: 5 }, 'values[0].input: expected'],
    [{ rows: 5 }, 'values[0].rows: expected'],
    [{ rows: [[1], 'x'] }, 'values[0].rows[1]: expected'],
    [{ operation: 'add', args: 5 }, 'values[0].args: expected'],
    [{ operation: 'add', args: [0] }, 'values[0].args[0]: expected'],
    [{ operation: 'constructor', args: [] }, 'values[0].operation: expected an operation'],
    [{ operation: 'columns', args: [], part: 5 }, 'values[0].part: expected'],
  ])('%j is refused by its place', (value, message) => {
    const values = [value] as unknown as WrittenEquations['values'];
    const made = () => cellFrom('mine', { ...(written as WrittenEquations), values });
    expect(made).toThrow(BpttError);
    expect(made).toThrow(message);
  });

  it('nor is a size that they are not of', () => {
    expect(() => unroll(cellFrom('mine', written as WrittenEquations), { d: 4, m: 5 })).toThrow(
      'd = 4 and m = 4, of which its equations are',
    );
  });
});
