/**
 * The zoo: cells of every kind with every mistake that can be planted without knowing their equations, in what they take in
 * and in what they give back. Each must be caught, and the report must name the tensor that it spoils and no other: in a
 * single step, where a report's smallest problem has it, no recursion carries a mistake elsewhere. These are done to whole matrices, which no
 * equations show, so that finite differences alone see them. Mistakes in the equations of all cells are planted line by
 * line in `planted.spec.ts`.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstmPeephole } from '../../lib/cells/lstm-peephole.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { addTo } from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';

type Change = (a: AbstractMatrix) => AbstractMatrix;

type Mistake = readonly [tensor: string, what: string, cell: Cell, guess: string | undefined];

/** What may become of a gradient, and the guess that a report makes of it where its numbers say so. */
const CHANGES: readonly (readonly [string, Change, string?])[] = [
  ['the wrong sign', a => Matrix.mul(a, -1), 'sign'],
  ['nothing', a => Matrix.mul(a, 0), 'nothing arrives'],
  ['its columns shifted by one', a => rolled(a)],
];

/** Two steps of two sequences, for what shows in sums only, and one of one. */
const SIZES = { T: 2, B: 2, d: 1, m: 2, C: 1, seed: 4 } as const;
const STEP = { ...SIZES, T: 1, B: 1, seed: 1 };
const SUMS = ['assigned', 'the mean over the batch'];

/** One state and one product; gates; two states and row parameters. */
const all: readonly Cell[] = [rnn, gru, lstmPeephole] as unknown as readonly Cell[];

describe.each(all)('of $name', cell => {
  const sizes = { d: SIZES.d, m: SIZES.m };
  const parameters = Object.keys(cell.params(sizes));
  const parts = Object.keys(cell.state(sizes));
  const isSquare = (name: string) => name.startsWith('W');
  const mistakes: readonly Mistake[] = [
    ...CHANGES.flatMap(([what, change, guess]): Mistake[] => [
      ...parameters.map((name): Mistake => [name, what, changedParameter(cell, name, change), guess]),
      ['x', what, changedInput(cell, change), guess],
      ...parts.map((name): Mistake => [`${name}0`, what, changedState(cell, name, change), guess]),
    ]),
    ...parameters.flatMap((name): Mistake[] => {
      return [
        [name, 'assigned', assigned(cell, name), 'missing accumulation'],
        [name, 'the mean over the batch', changedParameter(cell, name, (a, B) => Matrix.div(a, B)), 'factor 0.5'],
      ];
    }),
    ...parameters.filter(isSquare).map((name): Mistake => {
      return [name, 'transposed', changedParameter(cell, name, a => a.transpose()), 'transpose'];
    }),
  ];

  it(`has ${mistakes.length} inhabitants, at least 12`, () => {
    expect(mistakes.length).toBeGreaterThanOrEqual(12);
    expect(checkCell(cell, SIZES).ok).toBe(true);
  });

  it.each(mistakes)('d%s: %s', (tensor, what, mistaken, guess) => {
    const { ok, smallest } = checkCell(mistaken, SUMS.includes(what) ? SIZES : STEP);
    expect(ok).toBe(false);
    const spoilt = smallest?.tensors.filter(({ ok }) => !ok) ?? [];
    expect(spoilt.map(({ name }) => name)).toEqual([tensor]);
    if (guess) expect(spoilt[0]?.guess).toBe(guess);
  });

  it('takes a forward pass that does not see its input, or its past, for what it is', () => {
    const blind = checkCell({ ...cell, forward: (p, x, prev) => cell.forward(p, Matrix.mul(x, 0), prev) }, SIZES);
    expect(blind.laws.find(({ name }) => name === 'everything has an effect')?.broken).toMatch(/\bx$|\bx,/);
    const forgetful = checkCell({ ...cell, forward: (p, x, prev) => cell.forward(p, x, zeroed(prev)) }, SIZES);
    const { broken = '' } = forgetful.laws.find(({ name }) => name === 'everything has an effect') ?? {};
    expect(parts.filter(name => broken.split(', ').includes(`${name}0`))).not.toEqual([]);
  });
});

function changedParameter(cell: Cell, name: string, change: (a: AbstractMatrix, B: number) => AbstractMatrix): Cell {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      const own = zeroed(p);
      const result = cell.backward(p, tape, dnext, own);
      for (const [key, total] of Object.entries(dp)) {
        const gradient = own[key] ?? total;
        addTo(total, key === name ? change(gradient, batchOf(dnext)) : gradient);
      }
      return result;
    },
  };
}

function changedInput(cell: Cell, change: Change): Cell {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      const { dx, dprev } = cell.backward(p, tape, dnext, dp);
      return { dx: change(dx), dprev };
    },
  };
}

function changedState(cell: Cell, name: string, change: Change): Cell {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      const { dx, dprev } = cell.backward(p, tape, dnext, dp);
      return { dx, dprev: { ...dprev, [name]: change(part(dprev, name)) } };
    },
  };
}

function assigned(cell: Cell, name: string): Cell {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      dp[name]?.mul(0);
      return cell.backward(p, tape, dnext, dp);
    },
  };
}

/** How many sequences a state is of. */
const batchOf = (s: Matrices): number => part(s, 'h').rows;

function part(s: Matrices, name: string): AbstractMatrix {
  const matrix = s[name];
  if (!matrix) throw new Error(`there is no ${name}`);
  return matrix;
}

function zeroed<Name extends string>(matrices: Matrices<Name>): Record<Name, Matrix> {
  const entries = Object.entries<AbstractMatrix>(matrices);
  return Object.fromEntries(entries.map(([name, a]) => [name, Matrix.zeros(a.rows, a.columns)])) as Record<
    Name,
    Matrix
  >;
}

/** Column j where column j + 1 was: of a single column, the rows. */
function rolled(a: AbstractMatrix): Matrix {
  return new Matrix(a.to2DArray().map(row => [...row.slice(1), (row[0] ?? 0) + (row.length === 1 ? 1 : 0)]));
}
