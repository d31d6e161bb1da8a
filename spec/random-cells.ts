/**
 * Cells that nobody would write: a few steps, each an operation of what is there, drawn at random, and the right gradient
 * of each as an author writes it. What is drawn are small numbers, so that fast-check finds the shortest cell that fails.
 */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { Cell, CellSize, State } from '../lib/cells/cell.ts';
import * as algebra from '../lib/matrix.ts';
import type { Matrices, Shape } from '../lib/shape.ts';

const { add, addColumn, addColumnSums, addRow, addTTimes, beside, columns, divColumn, mul, mulColumn } = algebra;
const { mulRow, oneMinus, rows, scale, shift, sub, subColumn, sumUnits, times, timesT } = algebra;

/** One step of a cell: an operation, and three numbers that say of what. */
export interface Instruction {
  readonly op: string;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** A value made of others, and what the gradients in these are. */
interface Step {
  readonly args: readonly number[];
  readonly width: number;
  forward(args: readonly AbstractMatrix[], p: Matrices): AbstractMatrix;
  backward(given: Given): readonly (AbstractMatrix | undefined)[];
}

interface Given {
  readonly dy: AbstractMatrix;
  readonly y: AbstractMatrix;
  readonly args: readonly AbstractMatrix[];
  readonly p: Matrices;
  readonly dp: Matrices;
}

/** What an operation is drawn from: the widths of what is there, and new parameters. */
interface Draft {
  readonly size: CellSize;
  /** The value that a number means. */
  pick(n: number): number;
  /** One of those of a width. */
  ofWidth(width: number, n: number): number;
  width(value: number): number;
  /** A parameter's name: of that shape, one that there is already where `n` is odd and there is one. */
  param(shape: Shape, n: number): string;
}

type Draw = (draft: Draft, a: number, b: number, c: number) => Step;
type Map1 = (a: AbstractMatrix) => AbstractMatrix;

const part = (p: Matrices, name: string): AbstractMatrix => p[name] as AbstractMatrix;
const one = (args: readonly AbstractMatrix[]) => args as readonly [AbstractMatrix];
const two = (args: readonly AbstractMatrix[]) => args as readonly [AbstractMatrix, AbstractMatrix];

/** f of one value, and its slope of output and input. */
const unary =
  (f: Map1, slope: (y: AbstractMatrix, a: AbstractMatrix) => AbstractMatrix): Draw =>
  (draft, a) => {
    const value = draft.pick(a);
    return {
      args: [value],
      width: draft.width(value),
      forward: args => f(...one(args)),
      backward: ({ dy, y, args: [x = y] }) => [mul(dy, slope(y, x))],
    };
  };

/** f of two values of one width, and the gradients in both. */
const binary =
  (
    f: (a: AbstractMatrix, b: AbstractMatrix) => AbstractMatrix,
    backward: (
      dy: AbstractMatrix,
      y: AbstractMatrix,
      a: AbstractMatrix,
      b: AbstractMatrix,
    ) => [AbstractMatrix, AbstractMatrix],
  ): Draw =>
  (draft, a, b) => {
    const value = draft.pick(a);
    return {
      args: [value, draft.ofWidth(draft.width(value), b)],
      width: draft.width(value),
      forward: args => f(...two(args)),
      backward: ({ dy, y, args }) => backward(dy, y, ...two(args)),
    };
  };

/** f of a value and a column, a value of width 1. */
const byColumn =
  (
    f: (a: AbstractMatrix, b: AbstractMatrix) => AbstractMatrix,
    backward: (
      dy: AbstractMatrix,
      y: AbstractMatrix,
      a: AbstractMatrix,
      c: AbstractMatrix,
    ) => [AbstractMatrix, AbstractMatrix],
  ): Draw =>
  (draft, a, b) => {
    const value = draft.pick(a);
    const [other, width] = [draft.pick(b), draft.width(value)];
    const narrow: Map1 = draft.width(other) === 1 ? v => v : sumUnits;
    const wide: Map1 = d => (draft.width(other) === 1 ? d : addColumn(Matrix.zeros(d.rows, draft.width(other)), d));
    return {
      args: [value, other],
      width,
      forward: args => f(two(args)[0], narrow(two(args)[1])),
      backward: ({ dy, y, args }) => {
        const [da, dc] = backward(dy, y, two(args)[0], narrow(two(args)[1]));
        return [da, wide(dc)];
      },
    };
  };

const above = (a: AbstractMatrix, c: number): Matrix => algebra.above(a, Matrix.ones(a.rows, a.columns).mul(c));
const square: Map1 = a => mul(a, a);
const kept = (value: AbstractMatrix, from: number, width: number): AbstractMatrix => {
  const parts = [Matrix.zeros(value.rows, from), value, Matrix.zeros(value.rows, width - from - value.columns)];
  const [first = value, ...rest] = parts.filter(matrix => matrix.columns > 0);
  return beside(first, ...rest);
};

/** A row's left and right half, where it has two. */
function halvesOf(row: AbstractMatrix): [AbstractMatrix, ...AbstractMatrix[]] {
  const middle = Math.floor(row.columns / 2);
  return middle === 0 ? [row] : [columns(row, 0, middle), columns(row, middle, row.columns)];
}

/** Every operation that a cell may be drawn of, with arguments at which none is steep or has a kink. */
export const DRAWS: Readonly<Record<string, Draw>> = {
  tanh: unary(algebra.tanh, algebra.tanhSlope),
  sigmoid: unary(algebra.sigmoid, algebra.sigmoidSlope),
  relu: unary(
    a => algebra.relu(shift(a, 0.1234567)),
    y => algebra.reluSlope(y),
  ),
  exp: unary(
    a => algebra.exp(algebra.clamp(a, -3.21, 1.23)),
    (y, a) => mul(y, algebra.clampSlope(a, -3.21, 1.23)),
  ),
  log: unary(
    a => algebra.log(shift(square(a), 0.5)),
    (_, a) => algebra.div(scale(a, 2), shift(square(a), 0.5)), // ALG-D7
  ),
  sqrt: unary(
    a => algebra.sqrt(shift(square(a), 0.5)),
    (y, a) => mul(a, algebra.reciprocal(y)),
  ),
  reciprocal: unary(
    a => algebra.reciprocal(shift(square(a), 1)),
    (y, a) => scale(mul(a, square(y)), -2), // ALG-D4
  ),
  softplus: unary(algebra.softplus, algebra.softplusSlope),
  elu: unary(algebra.elu, algebra.eluSlope),
  gelu: unary(algebra.gelu, (_, a) => algebra.geluSlope(a)),
  softsign: unary(algebra.softsign, algebra.softsignSlope),
  hardSigmoid: unary(algebra.hardSigmoid, algebra.hardSigmoidSlope),
  abs: unary(
    a => algebra.abs(shift(a, 0.0123457)),
    (_, a) => algebra.sign(shift(a, 0.0123457)),
  ),
  copy: unary(algebra.copy, y => Matrix.ones(y.rows, y.columns)),
  oneMinus: unary(oneMinus, y => Matrix.ones(y.rows, y.columns).mul(-1)),
  clamp: unary(
    a => algebra.clamp(a, -0.777, 0.555),
    (_, a) => algebra.clampSlope(a, -0.777, 0.555),
  ),
  scale: unary(
    a => scale(a, -0.7),
    y => Matrix.ones(y.rows, y.columns).mul(-0.7),
  ),
  add: binary(add, dy => [dy, dy]), // ALG-D1
  sub: binary(sub, dy => [dy, scale(dy, -1)]),
  mul: binary(mul, (dy, _, a, b) => [mul(dy, b), mul(dy, a)]), // ALG-D2
  div: binary(
    (a, b) => algebra.div(a, shift(square(b), 1)),
    (dy, y, _, b) => {
      const da = algebra.div(dy, shift(square(b), 1));
      return [da, scale(mul(da, y, b), -2)]; // ALG-D3
    },
  ),
  max: binary(
    (a, b) => algebra.max(a, shift(b, 0.3141)),
    (dy, _, a, b) => {
      const da = mul(dy, algebra.above(a, shift(b, 0.3141)));
      return [da, sub(dy, da)];
    },
  ),
  min: binary(
    (a, b) => algebra.min(a, shift(b, 0.3141)),
    (dy, _, a, b) => {
      const db = mul(dy, algebra.above(a, shift(b, 0.3141)));
      return [sub(dy, db), db];
    },
  ),
  gated: binary(
    (a, b) => mul(above(a, 0.0321), b),
    (dy, _, a) => [scale(dy, 0), mul(dy, above(a, 0.0321))],
  ),
  addColumn: byColumn(addColumn, dy => [dy, sumUnits(dy)]),
  subColumn: byColumn(subColumn, dy => [dy, scale(sumUnits(dy), -1)]),
  mulColumn: byColumn(mulColumn, (dy, _, a, c) => [mulColumn(dy, c), sumUnits(mul(dy, a))]), // ALG-D6
  divColumn: byColumn(
    (a, c) => divColumn(a, shift(square(c), 1)),
    (dy, y, _, c) => {
      const da = divColumn(dy, shift(square(c), 1));
      return [da, scale(mul(sumUnits(mul(da, y)), c), -2)];
    },
  ),
  sumUnits: (draft, a) => {
    const value = draft.pick(a);
    return {
      args: [value],
      width: 1,
      forward: args => sumUnits(...one(args)),
      backward: ({ dy, args: [x = dy] }) => [addColumn(Matrix.zeros(x.rows, x.columns), dy)], // ALG-D10
    };
  },
  softmaxUnits: unaryGradient(algebra.softmaxUnits, ({ dy, y }) => [algebra.softmaxUnitsGradient(y, dy)]),
  normalised: unaryGradient(
    a => {
      const centred = subColumn(a, algebra.meanUnits(a)); // ALG-D13
      return divColumn(centred, algebra.sqrt(shift(algebra.meanUnits(square(centred)), 0.1)));
    },
    ({ dy, y, args: [a = dy] }) => {
      const centred = subColumn(a, algebra.meanUnits(a));
      const spread = algebra.sqrt(shift(algebra.meanUnits(square(centred)), 0.1));
      const rest = subColumn(sub(dy, mulColumn(y, algebra.meanUnits(mul(dy, y)))), algebra.meanUnits(dy)); // ALG-D14
      return [divColumn(rest, spread)];
    },
  ),
  constantRow: (draft, a, b) => {
    const value = draft.pick(a);
    const width = draft.width(value);
    const row = Matrix.rowVector(Array.from({ length: width }, (_, j) => 0.5 - ((j + b) % 5) / 4));
    return {
      args: [value],
      width,
      forward: args => mulRow(addRow(...one(args), row), row),
      backward: ({ dy }) => [mulRow(dy, row)],
    };
  },
  addRow: (draft, a, b) => {
    const value = draft.pick(a);
    const name = draft.param([1, draft.width(value)], b);
    return {
      args: [value],
      width: draft.width(value),
      forward: (args, p) => addRow(...one(args), part(p, name)),
      backward: ({ dy, dp }) => {
        addColumnSums(part(dp, name), dy);
        return [dy];
      },
    };
  },
  mulRow: (draft, a, b) => {
    const value = draft.pick(a);
    const name = draft.param([1, draft.width(value)], b);
    return {
      args: [value],
      width: draft.width(value),
      forward: (args, p) => mulRow(...one(args), part(p, name)),
      backward: ({ dy, args: [x = dy], p, dp }) => {
        addColumnSums(part(dp, name), mul(dy, x)); // ALG-D5
        return [mulRow(dy, part(p, name))];
      },
    };
  },
  /** A row that is computed of a parameter. */
  computedRow: (draft, a, b) => {
    const value = draft.pick(a);
    const name = draft.param([1, draft.width(value)], b);
    return {
      args: [value],
      width: draft.width(value),
      forward: (args, p) => mulRow(...one(args), oneMinus(algebra.sigmoid(part(p, name)))),
      backward: ({ dy, args: [x = dy], p, dp }) => {
        const s = algebra.sigmoid(part(p, name));
        addColumnSums(part(dp, name), mulRow(mul(dy, x), scale(algebra.sigmoidSlope(s), -1)));
        return [mulRow(dy, oneMinus(s))];
      },
    };
  },
  /** Rows of parameters in other ways; into these no gradient is handed on but by the samples. */
  parameterRow: (draft, a, b, c) => {
    const value = draft.pick(a);
    const width = draft.width(value);
    const [r, s, W] = [draft.param([1, width], b), draft.param([1, width], b + 1), draft.param([3, width + 2], c)];
    const row = (p: Matrices): AbstractMatrix => {
      const both = beside(part(p, r), part(p, s));
      switch (c % 7) {
        case 0:
          return algebra.softmaxUnits(part(p, r));
        case 1:
          return columns(both, Math.floor(width / 2), Math.floor(width / 2) + width);
        case 2:
          return columns(algebra.outer(part(p, r), part(p, s)), width * (width - 1), width * width);
        case 3:
          return columns(rows(part(p, W), 1, 2), 1, 1 + width);
        case 4:
          return addColumn(algebra.tanh(part(p, s)), sumUnits(both));
        case 5:
          return columns(algebra.sigmoid(both), 1, 1 + width);
        default:
          return sub(part(p, r), algebra.exp(beside(...halvesOf(part(p, s)))));
      }
    };
    return {
      args: [value],
      width,
      forward: (args, p) => mulRow(...one(args), row(p)),
      backward: ({ dy, args: [x = dy], p, dp }) => {
        addColumnSums(part(dp, r), mul(dy, x));
        return [mulRow(dy, row(p))];
      },
    };
  },
  timesT: (draft, a, b, c) => {
    const value = draft.pick(a);
    const width = 1 + (c % 5);
    const name = draft.param([width, draft.width(value)], b);
    return {
      args: [value],
      width,
      forward: (args, p) => timesT(...one(args), part(p, name)),
      backward: ({ dy, args: [x = dy], p, dp }) => {
        addTTimes(part(dp, name), dy, x);
        return [times(dy, part(p, name))]; // ALG-D8
      },
    };
  },
  /** A product that backward makes again, since no tape has it. */
  again: (draft, a, b, c) => {
    const value = draft.pick(a);
    const width = 1 + (c % 5);
    const name = draft.param([width, draft.width(value)], b);
    return {
      args: [value],
      width,
      forward: (args, p) => algebra.gelu(timesT(...one(args), part(p, name))),
      backward: ({ dy, args: [x = dy], p, dp }) => {
        const da = mul(dy, algebra.geluSlope(timesT(x, part(p, name))));
        addTTimes(part(dp, name), da, x);
        return [times(da, part(p, name))];
      },
    };
  },
  times: (draft, a, b, c) => {
    const value = draft.pick(a);
    const width = 1 + (c % 5);
    const name = draft.param([draft.width(value), width], b);
    return {
      args: [value],
      width,
      forward: (args, p) => times(...one(args), part(p, name)),
      backward: ({ dy, args: [x = dy], p, dp }) => {
        addTTimes(part(dp, name), x, dy);
        return [timesT(dy, part(p, name))]; // ALG-D9
      },
    };
  },
  affine: (draft, a, b, c) => {
    const [first, second] = [draft.pick(a), draft.pick(b)];
    const width = draft.size.m;
    const [W, U, r] = [
      draft.param([width, draft.width(first)], c),
      draft.param([width, draft.width(second)], 2 * c),
      draft.param([1, width], c),
    ];
    return {
      args: [first, second],
      width,
      forward: (args, p) => addRow(add(timesT(two(args)[0], part(p, W)), timesT(two(args)[1], part(p, U))), part(p, r)),
      backward: ({ dy, args, p, dp }) => {
        addTTimes(part(dp, W), dy, two(args)[0]);
        addTTimes(part(dp, U), dy, two(args)[1]);
        addColumnSums(part(dp, r), dy);
        return [times(dy, part(p, W)), times(dy, part(p, U))];
      },
    };
  },
  /** Two values by the upper and the lower rows of one matrix, or by its left and its right columns. */
  halves: (draft, a, b, c) => {
    const value = draft.pick(a);
    const [width, k] = [2 + (c % 4), draft.width(value)];
    const name = draft.param([width, k], b);
    const [split, isLow] = [1 + (b % (width - 1)), c % 2 === 0];
    const [from, to] = isLow ? [0, split] : [split, width];
    return {
      args: [value],
      width: to - from,
      forward: (args, p) => timesT(...one(args), rows(part(p, name), from, to)),
      backward: ({ dy, args: [x = dy], p, dp }) => {
        addTTimes(part(dp, name), kept(dy, from, width), x);
        return [times(dy, rows(part(p, name), from, to))];
      },
    };
  },
  /** [a, b] by one matrix, whose columns are those of both. */
  joint: (draft, a, b, c) => {
    const [first, second] = [draft.pick(a), draft.pick(b)];
    const [p1, p2] = [draft.width(first), draft.width(second)];
    const width = 1 + (c % 5);
    const name = draft.param([width, p1 + p2], c);
    return {
      args: [first, second],
      width,
      forward: (args, p) => timesT(beside(...two(args)), part(p, name)),
      backward: ({ dy, args, p, dp }) => {
        addTTimes(part(dp, name), dy, beside(...two(args)));
        const W = part(p, name);
        if (c % 2 === 0) return [times(dy, columns(W, 0, p1)), times(dy, columns(W, p1, p1 + p2))];
        const both = times(dy, W);
        return [columns(both, 0, p1), columns(both, p1, p1 + p2)];
      },
    };
  },
  beside: (draft, a, b) => {
    const [first, second] = [draft.pick(a), draft.pick(b)];
    const [p, q] = [draft.width(first), draft.width(second)];
    return {
      args: [first, second],
      width: p + q,
      forward: args => beside(...two(args)),
      backward: ({ dy }) => [columns(dy, 0, p), columns(dy, p, p + q)],
    };
  },
  columns: (draft, a, b, c) => {
    const value = draft.pick(a);
    const width = draft.width(value);
    const from = b % width;
    const to = from + 1 + (c % (width - from));
    return {
      args: [value],
      width: to - from,
      forward: args => columns(...one(args), from, to),
      backward: ({ dy }) => [kept(dy, from, width)], // ALG-D12
    };
  },
  outer: (draft, a, b) => {
    const [first, second] = [draft.pick(a), draft.pick(b)];
    return {
      args: [first, second],
      width: draft.width(first) * draft.width(second),
      forward: args => algebra.outer(...two(args)),
      backward: ({ dy, args }) => [algebra.applyEach(dy, two(args)[1]), algebra.applyEachT(dy, two(args)[0])], // ALG-D11
    };
  },
  /** A matrix of every sample, of one value, times another. */
  applyEach: (draft, a, b) => {
    const [first, second] = [draft.pick(a), draft.pick(b)];
    return {
      args: [first, second],
      width: draft.width(first),
      forward: args => algebra.applyEach(algebra.outer(...two(args)), two(args)[1]),
      backward: ({ dy, args: given }) => {
        const [u, v] = two(given);
        const [A, dA] = [algebra.outer(u, v), algebra.outer(dy, v)];
        return [algebra.applyEach(dA, v), add(algebra.applyEachT(dA, u), algebra.applyEachT(A, dy))];
      },
    };
  },
};

function unaryGradient(f: Map1, backward: Step['backward']): Draw {
  return (draft, a) => {
    const value = draft.pick(a);
    return { args: [value], width: draft.width(value), forward: args => f(...one(args)), backward };
  };
}

/** The widths that values have at most: outer products make wide ones. */
const WIDEST = 40;

/** A cell of these steps, whose state has parts of the given widths beside h. */
export function cellOf(
  instructions: readonly Instruction[],
  parts: Readonly<Record<string, number>>,
  ends: readonly number[],
  size: CellSize,
  unused: boolean = false,
): Cell {
  const state: Readonly<Record<string, number>> = { h: size.m, ...parts };
  const names = Object.keys(state);
  const widths: number[] = [size.d, ...Object.values(state)];
  const params = new Map<string, Shape>();
  const steps: Step[] = [];
  const draft: Draft = {
    size,
    pick: n => {
      const recent = n % 2 === 0 ? widths.length : Math.min(widths.length, 3);
      return widths.length - 1 - (Math.floor(n / 2) % recent);
    },
    ofWidth(width, n) {
      const fitting = [...widths.keys()].filter(value => widths[value] === width);
      return fitting[n % fitting.length] ?? 0;
    },
    width: value => widths[value] ?? 0,
    param(shape, n) {
      const known = [...params].filter(([, [r, c]]) => r === shape[0] && c === shape[1]).map(([name]) => name);
      const found = n % 2 === 1 ? known[n % known.length] : undefined;
      const name = found ?? `p${params.size}`;
      params.set(name, shape);
      return name;
    },
  };
  const push = (step: Step): number => {
    steps.push(step);
    return widths.push(step.width) - 1;
  };
  for (const { op, a, b, c } of instructions) {
    const step = DRAWS[op]?.(draft, a, b, c);
    if (step && step.width <= WIDEST) push(step);
  }
  // Every part of the next state is a value of its width, where there is one, bounded so that nothing runs away.
  const nexts = names.map((name, n) => {
    const end = ends[n] ?? 0;
    const width = state[name] ?? 0;
    const value = draft.ofWidth(width, widths.length - 1 - (end % widths.length));
    if (end % 3 === 0) return value;
    if (end % 3 === 1) return push({ ...(DRAWS.tanh as Draw)(draft, 0, 0, 0), args: [value], width });
    const last = widths.length - 1;
    const P = draft.param([width, widths[last] ?? 0], 0);
    const product = push({
      args: [last],
      width,
      forward: (args, p) => timesT(...one(args), part(p, P)),
      backward: ({ dy, args: [x = dy], p, dp }) => {
        addTTimes(part(dp, P), dy, x);
        return [times(dy, part(p, P))];
      },
    });
    return push({ ...(DRAWS.tanh as Draw)(draft, 0, 0, 0), args: [product], width });
  });
  if (unused) params.set('unused', [3, 2]);

  type Tape = Readonly<Record<string, AbstractMatrix>>;
  const made: Cell<string, string, Tape> = {
    name: 'random',
    equations: Object.fromEntries([...params.keys(), ...names, 'x'].map(name => [name, 'RND-B1'])) as Cell['equations'],
    params: () => Object.fromEntries(params),
    state: () => state as Readonly<Record<string, number>> & { readonly h: number },
    forward(p, x, prev) {
      const values: AbstractMatrix[] = [x, ...names.map(name => part(prev, name))];
      for (const step of steps)
        values.push(
          step.forward(
            step.args.map(n => values[n] as AbstractMatrix),
            p,
          ),
        );
      return {
        next: Object.fromEntries(
          names.map((name, n) => [name, values[nexts[n] ?? 0] as AbstractMatrix]),
        ) as State<string>,
        tape: Object.fromEntries(values.map((value, n) => [`v${n}`, value])),
      };
    },
    backward(p, tape, dnext, dp) {
      const values = Object.values(tape);
      const grads: (AbstractMatrix | undefined)[] = [];
      const give = (n: number, gradient: AbstractMatrix) => {
        const before = grads[n];
        grads[n] = before ? add(before, gradient) : gradient;
      };
      for (const [n, name] of names.entries()) give(nexts[n] ?? 0, part(dnext, name));
      for (let n = steps.length - 1; n >= 0; n--) {
        const step = steps[n] as Step;
        const id = n + 1 + names.length;
        const dy = grads[id];
        if (!dy) continue;
        const args = step.args.map(arg => values[arg] as AbstractMatrix);
        const given = step.backward({ dy, y: values[id] as AbstractMatrix, args, p, dp });
        for (const [k, gradient] of given.entries()) if (gradient) give(step.args[k] ?? 0, gradient);
      }
      const total = (n: number) => grads[n] ?? Matrix.zeros((values[0] as AbstractMatrix).rows, widths[n] ?? 0);
      return {
        dx: total(0),
        dprev: Object.fromEntries(names.map((name, n) => [name, total(n + 1)])) as State<string>,
      };
    },
  };
  return made as unknown as Cell;
}

/** What a random cell is made of; `cellOf` of it and a size is the cell. */
export interface Recipe {
  readonly instructions: readonly Instruction[];
  readonly parts: Readonly<Record<string, number>>;
  readonly ends: readonly number[];
  readonly unused: boolean;
}

const small = fc.nat({ max: 30 });

/** Recipes of so many steps at most. */
export const recipes = (steps: number): fc.Arbitrary<Recipe> =>
  fc.record({
    instructions: fc.array(fc.record({ op: fc.constantFrom(...Object.keys(DRAWS)), a: small, b: small, c: small }), {
      minLength: 1,
      maxLength: steps,
    }),
    parts: fc.oneof(
      fc.constant({}),
      fc.record({ c: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ c: fc.integer({ min: 1, max: 5 }), n: fc.integer({ min: 1, max: 5 }) }),
    ),
    ends: fc.array(small, { minLength: 3, maxLength: 3 }),
    unused: fc.boolean(),
  });
