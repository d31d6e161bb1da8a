/** Cells that break their contract: an error names the cell, the pass and the part, whatever is made of them. */
import type { AbstractMatrix } from 'ml-matrix';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { BpttError, MemoryError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { add, addColumnSums, addTTimes, columns, times } from '../../lib/matrix.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Shape } from '../../lib/shape.ts';
import { rtrl } from '../../lib/through-time/rtrl.ts';
import { flat } from '../numbers.ts';

type Passes = Pick<Cell, 'forward' | 'backward'>;
type Any = Record<string, AbstractMatrix>;

const base = rnn as unknown as Cell;
/** The vanilla network with some of it replaced. */
const mine = (change: Partial<Cell>): Cell => ({ ...base, name: 'mine', ...change });
const matrix = (a: AbstractMatrix | undefined) => a as Matrix;

const size = { d: 2, m: 3 };
const x = Sequence.dense([1, -1, 2, 0.5, 3, 1, -2, 1], { T: 2, B: 2, F: 2 });

function run(layer: Layer): readonly number[] {
  normal(0.5)(layer.params, new Random(1));
  const { y, tape } = layer.forward(x);
  const { dx } = layer.backward(tape, Sequence.zeros({ T: 2, B: 2, F: layer.outputs }));
  return [...flat(y.rows()), ...flat(dx.rows())];
}

const BROKEN: readonly (readonly [string, string, Partial<Cell>])[] = [
  [
    'adds to a parameter that it has not',
    'mine.backward: dp.Q: expected one of W, U, b',
    {
      backward(p, tape, dnext, dp) {
        addTTimes((dp as Any).Q as Matrix, matrix(dnext.h), matrix(dnext.h));
        return base.backward(p, tape, dnext, dp);
      },
    },
  ],
  [
    'adds the rows of another',
    'mine.backward: dp.c: expected one of W, U, b',
    {
      backward(p, tape, dnext, dp) {
        addColumnSums((dp as Any).c as Matrix, matrix(dnext.h));
        return base.backward(p, tape, dnext, dp);
      },
    },
  ],
  [
    'reads a method of one that it has not',
    'mine.forward: p.V: expected one of W, U, b',
    { forward: (p, step, prev) => base.forward({ ...p, W: matrix((p as Any).V).clone() }, step, prev) },
  ],
  [
    'puts another matrix in the place of a gradient',
    'mine.backward: expected a pass that returns, got TypeError: Cannot assign to read only property',
    {
      backward(p, tape, dnext, dp) {
        (dp as Any).W = add(matrix(dp.W), matrix(dp.W));
        return base.backward(p, tape, dnext, dp);
      },
    },
  ],
  [
    'makes a gradient for itself',
    'mine.backward: expected a pass that returns, got TypeError: Cannot add property Q',
    {
      backward(p, tape, dnext, dp) {
        (dp as Any).Q = Matrix.zeros(1, 1);
        return base.backward(p, tape, dnext, dp);
      },
    },
  ],
  [
    'hands on a part of the state that it did not declare',
    'mine.forward: next: expected a state of parts {h}, got an object with keys {h, c}',
    {
      forward(p, step, prev) {
        const { next, tape } = base.forward(p, step, prev);
        return { next: { ...next, c: matrix(next.h) } as typeof next, tape };
      },
    },
  ],
  [
    'hands one back',
    'mine.backward: dprev: expected a state of parts {h}, got an object with keys {h, c}',
    {
      backward(p, tape, dnext, dp) {
        const { dx, dprev } = base.backward(p, tape, dnext, dp);
        return { dx, dprev: { ...dprev, c: matrix(dprev.h) } as typeof dprev };
      },
    },
  ],
  [
    'puts out fewer columns than its backward pass takes',
    'mine.forward: next.h: expected a 2×3 matrix, got a 2×2 matrix',
    {
      forward(p, step, prev) {
        const { next, tape } = base.forward(p, step, prev);
        return { next: { h: columns(matrix(next.h), 0, 2) }, tape };
      },
    },
  ],
  [
    'goes back through another shape than it went forward through',
    'mine.backward: a·b: expected matrices whose shapes fit',
    {
      backward(p, tape, dnext, dp) {
        const { dx, dprev } = base.backward(p, tape, dnext, dp);
        return { dx: times(columns(matrix(dnext.h), 0, 2), matrix(p.U)) ?? dx, dprev };
      },
    },
  ],
  [
    'adds a gradient of another shape',
    'mine.backward: a + bᵀ·c: expected matrices whose shapes fit',
    {
      backward(p, tape, dnext, dp) {
        addTTimes(matrix(dp.W), matrix(dnext.h), matrix(columns(matrix(dnext.h), 0, 1)));
        return base.backward(p, tape, dnext, dp);
      },
    },
  ],
  [
    'wants a part of the state that it did not declare',
    'mine.forward: expected a pass that returns, got TypeError',
    { forward: (p, step, prev) => base.forward({ ...p, W: matrix((prev as Any).c).clone() }, step, prev) },
  ],
  [
    'throws what is no error',
    'mine.forward: expected a pass that returns, got "no"',
    {
      forward() {
        const no: unknown = 'no';
        throw no;
      },
    },
  ],
];

describe.each(BROKEN.map(broken => [...broken] as const))('a cell that %s', (_, message, change) => {
  const cell = mine(change);

  it('is told so by name, unrolled, through the engine and in real time', () => {
    for (const make of [unroll, recurrent as unknown as typeof unroll]) {
      expect(() => run(make(cell, size))).toThrow(BpttError);
      expect(() => run(make(cell, size))).toThrow(message);
    }
    expect(explain(cell)).toMatch(/^runs unrolled, because/);
    const live = rtrl(cell, size);
    expect(() => live.step(live.start(), Matrix.ones(1, 2))).toThrow(/^mine\.(forward|backward): /);
  });

  it('is no secret to the checker', () => {
    expect(() => checkCell(cell)).toThrow(/^mine\.(forward|backward)/);
  });
});

describe('a cell that changes what it is given', () => {
  const law = (cell: Cell) =>
    checkCell(cell, { T: 2, B: 1, d: 1, m: 2, C: 2 })
      .laws.filter(({ ok }) => !ok)
      .map(({ name, broken }) => `${name}: ${broken}`);
  const CHANGED = 'nothing but the gradients changed: ';

  it.each<[string, string, Partial<Cell>]>([
    [
      'a tape, by its backward pass',
      'tape, inputs, cotangents or parameters',
      {
        backward(p, tape, dnext, dp) {
          const result = base.backward(p, tape, dnext, dp);
          matrix((tape as Any).h).mul(2);
          return result;
        },
      },
    ],
    [
      'its parameters, by its forward pass',
      'inputs, initial state or parameters, by forward',
      {
        forward(p, step, prev) {
          matrix(p.b).add(1);
          return base.forward(p, step, prev);
        },
      },
    ],
    [
      'a state, by its forward pass',
      'inputs, initial state or parameters, by forward',
      {
        forward(p, step, prev) {
          const result = base.forward(p, step, { h: matrix(prev.h).clone() });
          matrix(prev.h).mul(0.5);
          return result;
        },
      },
    ],
  ])('breaks a law that says what: %s', (_, what, change) => {
    const cell = mine(change);
    expect(law(cell)).toContain(CHANGED + what);
    expect(explain(cell)).toMatch(/^runs unrolled, because/);
  });
});

describe('a cell that says one thing now and another later', () => {
  it('has the parameters and the state it was recorded with, and no kernel reads beside them', () => {
    let more = 0;
    const growing = mine({
      params: ({ d, m }): Record<string, Shape> => ({
        W: [m, m],
        U: [m, d],
        b: [1, m],
        ...(more > 0 && { extra: [9, 9] }),
      }),
      state: ({ m }) => ({ h: m + (more > 0 ? 1 : 0) }),
    });
    const right = run(recurrent(growing, size));
    more = 1;
    expect(run(recurrent(growing, size))).toEqual(right);
    expect(recurrent(growing, size).outputs).toBe(3);
  });

  it('runs as its passes are when the layer is made', () => {
    const changing: { -readonly [K in keyof Cell]: Cell[K] } = { ...mine({}) };
    const first = run(recurrent(changing, size));
    const doubled: Passes['forward'] = (p, step, prev) => base.forward(p, add(step, step), prev);
    changing.forward = doubled;
    const expected = run(unroll(changing, size));
    const second = run(recurrent(changing, size));
    expect(second).not.toEqual(first);
    for (const [i, value] of second.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 12);
  });
});

it('what is optional in a cell may be asked for', () => {
  const cell = mine({ forward: (p, step, prev) => ((p as Any).V ? base : base).forward(p, step, prev) });
  expect(run(unroll(cell, size))).toEqual(run(unroll(base, size)));
});

it('a part of the state without columns, or none at all, names the cell', () => {
  for (const make of [unroll, recurrent as unknown as typeof unroll]) {
    expect(() => make(mine({ state: () => ({ h: 0 }) }), size)).toThrow('mine.state.h: expected a positive integer');
    expect(() => make(mine({ state: ({ m }) => ({ h: m, c: 1.5 }) }), size)).toThrow(
      'mine.state.c: expected a positive',
    );
    expect(() => make(mine({ state: () => ({}) as never }), size)).toThrow('mine.state.h: expected a positive integer');
    expect(() => make(mine({ params: () => ({ W: [2] as never }) }), size)).toThrow(
      'mine.params.W: expected [rows, columns]',
    );
    expect(() => make(mine({ params: () => null as never }), size)).toThrow(
      'mine.params: expected an object of shapes',
    );
  }
});

it('an error of memory stays one', () => {
  const cell = mine({
    forward() {
      throw new MemoryError('a', 'less', 'more');
    },
  });
  expect(() => run(unroll(cell, size))).toThrow(MemoryError);
});

it('a cell of a class is a cell', () => {
  class Own {
    readonly name = 'own';
    readonly equations = lstm.equations;
    readonly gates = lstm;
    params(of: typeof size) {
      return this.gates.params(of);
    }
    state(of: typeof size) {
      return this.gates.state(of);
    }
    forward(...args: Parameters<typeof lstm.forward>) {
      return this.gates.forward(...args);
    }
    backward(...args: Parameters<typeof lstm.backward>) {
      return this.gates.backward(...args);
    }
  }
  const cell = new Own();
  expect(run(unroll(cell, size) as Layer)).toEqual(run(unroll(lstm, size) as Layer));
  expect(explain(cell)).toBe(explain(lstm));
  expect(run(recurrent(cell, size) as Layer)).toEqual(run(recurrent(lstm, size) as Layer));
  expect(checkCell(cell, { T: 2, B: 2, d: 2, m: 2, C: 2 }).ok).toBe(true);
});
