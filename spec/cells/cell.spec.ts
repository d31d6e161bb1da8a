/** What is a cell, and what is asked of one. */
import { describe, expect, it } from 'vitest';
import { type Cell, isCell, requireCell, requireCellSize } from '../../lib/cells/cell.ts';
import { declaredBy } from '../../lib/cells/declared.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { ValueError } from '../../lib/errors.ts';

const FUNCTIONS = ['params', 'state', 'forward', 'backward'] as const;

describe('a cell', () => {
  it('is what has four functions, of a class too, and has nothing else that must be there', () => {
    expect(isCell(rnn)).toBe(true);
    const { params, state, forward, backward } = rnn;
    expect(isCell({ params, state, forward, backward })).toBe(true);
    expect(isCell(Object.create(rnn))).toBe(true);
    for (const none of [
      undefined,
      null,
      1,
      'rnn',
      [],
      {},
      () => rnn,
      Object.assign(() => 0, { params, state, forward, backward }),
    ]) {
      expect(isCell(none)).toBe(false);
    }
  });

  it.each(FUNCTIONS)('is nothing without %s', name => {
    expect(isCell({ ...rnn, [name]: undefined })).toBe(false);
    const without = { ...rnn, [name]: 3 } as unknown as Cell;
    expect(isCell(without)).toBe(false);
    expect(() => requireCell('mine', without)).toThrow(`mine.${name}: expected a function, got 3`);
  });

  it.each<[string, object, string]>([
    ['no name', { name: undefined }, 'mine.name: expected a string, got undefined'],
    ['equations that are none', { equations: 'B1' }, 'mine.equations: expected an object'],
    ['a tag that is none', { equations: { W: 'RNN-B2', U: 3 } }, 'mine.equations.U: expected a tag, got 3'],
  ])('is refused with %s', (_, change, message) => {
    const changed = { ...rnn, ...change } as unknown as Cell;
    expect(() => requireCell('mine', changed)).toThrow(ValueError);
    expect(() => requireCell('mine', changed)).toThrow(message);
  });

  it('is given back where it is one, with equations or without', () => {
    const { equations: _, ...without } = rnn;
    for (const cell of [rnn, without]) expect(requireCell('cell', cell)).toBe(cell);
  });
});

describe('sizes', () => {
  it('are two positive integers, and with a cell those that it can have', () => {
    const fits = { name: 'mine', sizes: ({ m }: { m: number }) => (m === 2 ? {} : { m: 'two' }) };
    expect(requireCellSize({ d: 1, m: 2 })).toEqual({ d: 1, m: 2 });
    expect(requireCellSize({ d: 1, m: 3 }, { name: 'any' })).toEqual({ d: 1, m: 3 });
    expect(requireCellSize({ d: 1, m: 2 }, fits)).toEqual({ d: 1, m: 2 });
    expect(() => requireCellSize({ d: 1, m: 3 }, fits)).toThrow('m: expected two, for mine, got 3');
    expect(() => requireCellSize({ d: 0, m: 3 })).toThrow('d: expected a positive integer, got 0');
    expect(() => requireCellSize({ d: 1, m: 0.5 })).toThrow('m: expected a positive integer, got 0.5');
  });

  it('of a state are of all its parts, h among them', () => {
    const declaring = (state: object) => () => declaredBy({ ...rnn, state: () => state as never }, { d: 1, m: 2 });
    expect(declaring({ h: 2, c: 3 })().state).toEqual({ h: 2, c: 3 });
    expect(declaring({ c: 3 })).toThrow('rnn.state.h: expected a positive integer');
    expect(declaring({ h: 2, c: 0 })).toThrow('rnn.state.c: expected a positive integer, got 0');
  });
});
