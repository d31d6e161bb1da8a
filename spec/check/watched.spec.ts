/** Cells and layers that throw, or return what they did not declare: the error names them, the pass, and the part. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { format } from '../../lib/check/format.ts';
import type { CellOracle } from '../../lib/check/oracle.ts';
import { PassError } from '../../lib/check/watched.ts';
import { ShapeError } from '../../lib/errors.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Sequence } from '../../lib/sequence.ts';

type Rnn = typeof rnn;
type Forward = ReturnType<Rnn['forward']>;
type Backward = ReturnType<Rnn['backward']>;

/** The vanilla network, with another result of one pass: of any kind, as JavaScript lets a user return. */
const returning = (change: {
  forward?: (result: Forward) => unknown;
  backward?: (result: Backward) => unknown;
}): Rnn => ({
  ...rnn,
  name: 'mine',
  forward: (p, x, prev) => (change.forward ?? (r => r))(rnn.forward(p, x, prev)) as Forward,
  backward: (p, tape, dnext, dp) => (change.backward ?? (r => r))(rnn.backward(p, tape, dnext, dp)) as Backward,
});

const narrow = (a: AbstractMatrix) => a.subMatrix(0, a.rows - 1, 0, a.columns - 2);
const spoilt = (a: AbstractMatrix) => a.clone().set(0, 1, Number.NaN);

const SHAPES: readonly [string, Rnn, string][] = [
  ['no result of forward', returning({ forward: () => undefined }), 'mine.forward: expected an object, got undefined'],
  [
    'a promise',
    returning({ forward: async r => r }),
    'mine.forward: next: expected a state of parts {h}, got undefined',
  ],
  [
    'a next of another shape',
    returning({ forward: ({ next, tape }) => ({ next: { h: narrow(next.h) }, tape }) }),
    'mine.forward: next.h: expected a 3×5 matrix, got a 3×4 matrix',
  ],
  [
    'a part missing from next',
    returning({ forward: ({ tape }) => ({ next: {}, tape }) }),
    'mine.forward: next.h: expected a 3×5 matrix, got undefined',
  ],
  [
    'a part of next that was not declared',
    returning({ forward: ({ next, tape }) => ({ next: { ...next, c: next.h }, tape }) }),
    'mine.forward: next: expected a state of parts {h}, got an object with keys {h, c}',
  ],
  [
    'a list for a matrix',
    returning({ forward: ({ next, tape }) => ({ next: { h: next.h.to2DArray() }, tape }) }),
    'mine.forward: next.h: expected a 3×5 matrix, got Array of length 3',
  ],
  ['no result of backward', returning({ backward: () => null }), 'mine.backward: expected an object, got null'],
  [
    'a dx of another shape',
    returning({ backward: r => ({ ...r, dx: narrow(r.dx) }) }),
    'mine.backward: dx: expected a 3×4 matrix, got a 3×3 matrix',
  ],
  [
    'a missing dprev',
    returning({ backward: ({ dx }) => ({ dx }) }),
    'mine.backward: dprev: expected a state of parts {h}, got undefined',
  ],
  [
    'a dprev of another shape',
    returning({ backward: r => ({ ...r, dprev: { h: narrow(r.dprev.h) } }) }),
    'mine.backward: dprev.h: expected a 3×5 matrix, got a 3×4 matrix',
  ],
  [
    'a part of dprev that was not declared',
    returning({ backward: r => ({ ...r, dprev: { ...r.dprev, c: r.dprev.h } }) }),
    'mine.backward: dprev: expected a state of parts {h}, got an object with keys {h, c}',
  ],
];

const ofRows = (message: string, rows: number) => message.replaceAll(/\d×(?=\d matrix)/g, `${rows}×`);

describe('what a cell returns', () => {
  it.each(SHAPES)('%s: named where the cell is checked, and wherever it is unrolled', (_, cell, message) => {
    expect(() => checkCell(cell)).toThrow(message.includes('backward') ? ofRows(message, 1) : message); // the longest sequence alone has the last step
    const layer = unroll(cell, { d: 4, m: 5 });
    const x = Sequence.zeros({ T: 2, B: 3, F: 4 });
    const run = () => layer.backward(layer.forward(x).tape, Sequence.zeros({ T: 2, B: 3, F: 5 }));
    expect(run).toThrow(message);
    if (!message.includes('an object, got')) expect(run).toThrow(ShapeError);
  });

  it('no number: the equation too, where one is known', () => {
    const at = (cell: Rnn) => {
      try {
        checkCell(cell);
      } catch (error) {
        if (error instanceof PassError) return [error.message, error.equation];
      }
      return undefined;
    };
    const nan = 'expected a finite number, got NaN';
    expect(at(returning({ forward: ({ next, tape }) => ({ next: { h: spoilt(next.h) }, tape }) }))).toEqual([
      `mine.forward: next.h[0,1]: ${nan}`,
      undefined,
    ]);
    expect(at(returning({ backward: r => ({ ...r, dx: spoilt(r.dx) }) }))).toEqual([
      `mine.backward: dx[0,1] (RNN-B5): ${nan}`,
      'RNN-B5',
    ]);
    expect(at(returning({ backward: r => ({ ...r, dprev: { h: spoilt(r.dprev.h) } }) }))).toEqual([
      `mine.backward: dprev.h[0,1] (RNN-B6): ${nan}`,
      'RNN-B6',
    ]);
    const adding: Rnn = {
      ...rnn,
      backward(p, tape, dnext, dp) {
        dp.W.set(1, 0, Number.POSITIVE_INFINITY);
        return rnn.backward(p, tape, dnext, dp);
      },
    };
    expect(at(adding)?.[0]).toMatch(/^rnn\.backward: dp\.W\[1,0\] \(RNN-B2\): expected a finite number, got Infinity$/);
  });

  it('a tape that the passes do not agree on, or that backward changes: the pass, or the law', () => {
    const untaped = returning({ forward: ({ next }) => ({ next }) });
    expect(() => checkCell(untaped)).toThrow(/^mine\.backward: expected a pass that returns .*, got TypeError: /);
    const mutating: Rnn = {
      ...rnn,
      backward(p, tape, dnext, dp) {
        const result = rnn.backward(p, tape, dnext, dp);
        tape.h.mul(2);
        return result;
      },
    };
    const report = checkCell(mutating);
    expect(report.verdict).toBe('wrong');
    expect(format(report)).toMatch(
      /^nothing but the gradients changed .* BROKEN by tape, inputs, cotangents or parameters$/m,
    );
  });
});

describe('a cell that throws', () => {
  it('is named with its pass and what it threw, whatever that is', () => {
    const thrown: readonly [unknown, string][] = [
      [new TypeError('no such luck'), 'TypeError: no such luck'],
      ['a string', '"a string"'],
      [Object.create(null), 'an object with keys {}'],
      [undefined, 'undefined'],
      [new ShapeError('a·B', 'matrices whose shapes fit', '3×4 with 5×5'), 'ShapeError: a·B: expected matrices'],
    ];
    for (const [error, text] of thrown) {
      const fail = () => {
        throw error;
      };
      expect(() => checkCell(returning({ forward: fail }))).toThrow(
        `mine.forward: expected a pass that returns (its parameters are W, U, b), got ${text}`,
      );
      expect(() => checkCell(returning({ backward: fail }))).toThrow(`mine.backward: expected a pass that returns`);
      expect(() => checkCell({ ...rnn, params: fail })).toThrow(
        `rnn.params: expected a pass that returns, got ${text}`,
      );
    }
  });

  it('keeps the error it threw as the cause', () => {
    const error = new RangeError('own');
    const fail = () => {
      throw error;
    };
    expect(() => checkCell(returning({ forward: fail }))).toThrow(expect.objectContaining({ cause: error }));
  });

  it('for a parameter that there is none of is told which there are', () => {
    const misnamed: Rnn = {
      ...rnn,
      backward(p, tape, dnext, dp) {
        (dp as unknown as Record<string, Matrix>).V?.clone();
        return rnn.backward(p, tape, dnext, { ...dp, W: (dp as unknown as { Wx: Matrix }).Wx });
      },
    };
    expect(() => checkCell(misnamed)).toThrow(/^rnn\.backward: dp\.Wx: expected one of W, U, b, got no parameter$/);
  });
});

it('an instance of a class is a cell like any other', () => {
  class Mine implements Rnn {
    readonly name = 'mine' as const as Rnn['name'];
    readonly equations = rnn.equations;
    readonly scale: number;
    constructor(scale: number) {
      this.scale = scale;
    }
    params(size: Parameters<Rnn['params']>[0]) {
      return rnn.params(size);
    }
    state(size: Parameters<Rnn['state']>[0]) {
      return rnn.state(size);
    }
    forward(...given: Parameters<Rnn['forward']>) {
      return rnn.forward(...given);
    }
    backward(...given: Parameters<Rnn['backward']>) {
      const { dx, dprev } = rnn.backward(...given);
      return { dx: Matrix.mul(dx, this.scale), dprev };
    }
  }
  expect(checkCell(new Mine(1)).verdict).toBe('ok');
  const { verdict, tensors } = checkCell(new Mine(2));
  expect(verdict).toBe('wrong');
  expect(tensors.filter(({ ok }) => !ok).map(({ name }) => name)).toContain('x');
});

it('an oracle that throws, or knows other parts, says of which cell, at which step, and which part', () => {
  const law = (oracle: CellOracle) =>
    checkCell(rnn, { oracle, T: 1, B: 1, d: 1, m: 1, C: 1 }).laws.find(({ name }) => name === 'forward is the oracle');
  const throwing: CellOracle = p => {
    throw new TypeError(`of ${Object.keys(p).join()}`);
  };
  expect(law(throwing)).toMatchObject({ ok: false, broken: 'the oracle, which threw TypeError: of W,U,b' });
  expect(law(() => ({ c: [1] }))).toMatchObject({
    ok: false,
    broken: expect.stringMatching(/^rnn\.forward: h\[0,0\] at t=0: \S+, and of the oracle no number$/),
  });
});

describe('a layer', () => {
  const own = unroll(rnn, { d: 2, m: 3 }) as Layer;
  const changed = (change: Partial<Layer>): Layer => ({ ...own, ...change, name: 'ours' });

  it('that throws, or returns what it did not declare, is named with the pass and the part', () => {
    const fail = () => {
      throw new Error('nothing');
    };
    const forward: Layer['forward'] = (x, s0) => own.forward(x, s0);
    const cases: readonly [Partial<Layer>, RegExp][] = [
      [{ forward: fail }, /^ours\.forward: expected a pass that returns, got Error: nothing$/],
      [{ backward: fail }, /^ours\.backward: expected a pass that returns, got Error: nothing$/],
      [{ forward: (x, s0) => ({ ...forward(x, s0), y: x }) }, /^ours\.forward: y: expected 3 features a step, got 2$/],
      [
        { forward: (x, s0) => ({ ...forward(x, s0), sT: {} }) },
        /^ours\.forward: sT\.h: expected a 3×3 matrix, got undefined$/,
      ],
      [
        { backward: (tape, dy, ds) => ({ ...own.backward(tape, dy, ds), dx: dy }) },
        /^ours\.backward: dx: expected 2 features a step, got 3$/,
      ],
      [
        {
          backward(tape, dy, ds) {
            const { dx, ds0 } = own.backward(tape, dy, ds);
            return { dx, ds0: { h: spoilt(ds0.h ?? Matrix.zeros(0, 0)) } };
          },
        },
        /^ours\.backward: ds0\.h\[0,1\] \(RNN-B6\): expected a finite number, got NaN$/,
      ],
    ];
    for (const [change, message] of cases) expect(() => checkLayer(changed(change))).toThrow(message);
  });
});
