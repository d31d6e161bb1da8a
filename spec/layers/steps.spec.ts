/** The parameters of a cell, what counts of its state, and whose pass an error comes from. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { cellParams, countsOf, stepsOf } from '../../lib/layers/steps.ts';
import type { Matrices } from '../../lib/shape.ts';
import { fading, gained } from '../toys.ts';

const size = { d: 2, m: 2 };

describe('what a cell declares', () => {
  it('of its parameters is in them: what keeps, and what begins with what', () => {
    const shapes = rnn.params(size);
    const params = cellParams({ name: 'mine', keeps: { b: -1 }, first: { b: 3 } }, shapes);
    expect(params.named().b.to2DArray()).toEqual([[3, 3]]);
    expect(params.keeps).toEqual({ b: -1 });
    expect(cellParams({ name: 'mine' }, shapes).values).toEqual(new Float64Array(10));
    expect(stepsOf(gained, size).params.named().g.to2DArray()).toEqual([[1, 1]]);
    expect(() => cellParams({ name: 'mine', first: { g: 1 } } as never, shapes)).toThrow(/^mine\.params: first\.g/);
  });

  it('of the time is a part that counts', () => {
    expect([countsOf(fading), countsOf(rnn)]).toEqual([['t'], []]);
    expect([stepsOf(fading, size).counts, stepsOf(rnn, size).counts]).toEqual([['t'], []]);
  });
});

describe('an error in a pass', () => {
  const run = (forward: (p: Matrices) => never) => () => {
    const cell = { ...rnn, name: 'mine', forward } as unknown as Cell;
    const { params, ...steps } = stepsOf(cell, size);
    steps.forward(params.named(), Matrix.ones(1, 2), { h: Matrix.ones(1, 2) });
  };
  const thrown = (error: unknown) =>
    run(() => {
      throw error;
    });

  it('names the pass once, in the kind that it is of', () => {
    for (const [argument, named] of [
      ['W', 'mine.forward: W'],
      ['mine.forward: next', 'mine.forward: next'],
      ['W of mine.forward', 'mine.forward: W of mine.forward'],
    ] as const) {
      for (const Kind of [ShapeError, ValueError]) {
        const { name, message } = new Kind(named, 'this', 'that');
        const wanted = expect.objectContaining({ name, message });
        expect(thrown(new Kind(argument, 'this', 'that'))).toThrow(wanted);
      }
    }
    const foreign = new RangeError('too much');
    const expected = 'mine.forward: expected a pass that returns, got RangeError: too much';
    expect(thrown(foreign)).toThrow(expect.objectContaining({ message: expected, cause: foreign }));
  });

  it('says which parameter there is not, and no symbol is one', () => {
    const missing = run(p => {
      throw new Error(`${p.V?.rows}`);
    });
    expect(missing).toThrow(/^mine\.forward: p\.V: expected one of W, U, b, got no parameter/);
    const iterated = run(p => {
      const [first] = p as unknown as Matrix[];
      throw new Error(`${first}`);
    });
    expect(iterated).toThrow(/^mine\.forward: expected a pass that returns, got TypeError: .* not iterable/);
  });
});
