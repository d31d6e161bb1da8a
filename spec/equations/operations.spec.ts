/** Every operation of the table: its slope, its edges, its shapes, and that it is a formula and nothing else. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { checkCell } from '../../lib/check/check-cell.ts';
import { evaluate } from '../../lib/equations/evaluate.ts';
import { float64, type Grid, type Numbers } from '../../lib/equations/numbers.ts';
import type { Elementwise, Operation } from '../../lib/equations/operation.ts';
import * as table from '../../lib/equations/operations.ts';
import { record } from '../../lib/equations/record.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import * as algebra from '../../lib/matrix.ts';
import { Random } from '../../lib/random.ts';
import type { Matrices, Shape } from '../../lib/shape.ts';
import { flat } from '../numbers.ts';
import { cellOf, DRAWS, recipes } from '../random-cells.ts';

const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: minus } = Number;

/** The table, where an operation that is made for given columns or a given function is made for some. */
const operations: Readonly<Record<string, Operation>> = {
  ...table,
  columns: table.columns(1, 3),
  rows: table.rows(1, 3),
  map: table.map(Math.cos),
};

const of = (operation: Elementwise, a: number, b: number = a): number => operation.element(float64, a, b);

/** A grid on no multiple of which a function here has a kink. */
const GRID = Array.from({ length: 61 }, (_, n) => (n - 30) / 5 + 0.0123);

/** The slope of f by four points, with Richardson's weights. */
function numeric(f: (x: number) => number, x: number): number {
  const h = 1e-3;
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
}

/** What each elementwise function's slope is, of its input a and its output y: an operation of the table, or written with some. */
const SLOPES: Readonly<Record<string, (a: number, y: number) => number>> = {
  copy: () => 1,
  oneMinus: () => -1,
  reciprocal: (_, y) => -y * y,
  sigmoid: (_, y) => of(table.sigmoidSlope, y),
  tanh: (_, y) => of(table.tanhSlope, y),
  relu: (_, y) => of(table.reluSlope, y),
  exp: (_, y) => y,
  log: a => 1 / a,
  sqrt: (_, y) => 0.5 / y,
  softplus: (_, y) => of(table.softplusSlope, y),
  elu: (_, y) => of(table.eluSlope, y),
  softsign: (_, y) => of(table.softsignSlope, y),
  hardSigmoid: (_, y) => of(table.hardSigmoidSlope, y),
  gelu: a => of(table.geluSlope, a),
  abs: a => of(table.sign, a),
  sign: () => 0,
  // Slopes are functions too: a second derivative may be written with them.
  sigmoidSlope: a => 1 - 2 * a,
  tanhSlope: a => -2 * a,
  reluSlope: () => 0,
  softplusSlope: (_, y) => 1 - y,
  eluSlope: a => (a < 0 ? 1 : 0),
  softsignSlope: a => -2 * (1 - Math.abs(a)) * Math.sign(a),
  hardSigmoidSlope: () => 0,
  geluSlope: a => numeric(x => of(table.geluSlope, x), a), // checked where it is a slope
};

/** The slopes of functions of two, in either. */
const SLOPES_OF_TWO: Readonly<Record<string, (a: number, b: number, y: number) => readonly [number, number]>> = {
  add: () => [1, 1],
  addTo: () => [1, 1],
  sub: () => [1, -1],
  mul: (a, b) => [b, a],
  div: (_, b, y) => [1 / b, -y / b],
  max: (a, b) => [of(table.above, a, b), 1 - of(table.above, a, b)],
  min: (a, b) => [1 - of(table.above, a, b), of(table.above, a, b)],
  above: () => [0, 0],
};

/** Operations of matrices: shapes that fit and the result's, and shapes that do not. */
const SHAPES: Readonly<
  Record<string, { readonly fits: readonly [...Shape[], Shape]; readonly refused: readonly (readonly Shape[])[] }>
> = {
  times: { fits: [[2, 3], [3, 4], [2, 4]], refused: [[[2, 3], [4, 3]]] }, // biome-ignore format: a table
  timesT: {
    fits: [
      [2, 3],
      [4, 3],
      [2, 4],
    ],
    refused: [
      [
        [2, 3],
        [3, 4],
      ],
    ],
  },
  addTTimes: {
    fits: [
      [3, 4],
      [2, 3],
      [2, 4],
      [3, 4],
    ],
    refused: [
      [
        [3, 4],
        [2, 3],
        [1, 4],
      ],
      [
        [4, 3],
        [2, 3],
        [2, 4],
      ],
    ],
  },
  addColumnSums: {
    fits: [
      [1, 3],
      [5, 3],
      [1, 3],
    ],
    refused: [
      [
        [2, 3],
        [5, 3],
      ],
      [
        [1, 3],
        [5, 4],
      ],
    ],
  },
  addTo: {
    fits: [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    refused: [
      [
        [2, 3],
        [1, 3],
      ],
      [
        [2, 3],
        [2, 1],
      ],
      [
        [2, 3],
        [1, 1],
      ],
    ],
  },
  sumUnits: {
    fits: [
      [5, 3],
      [5, 1],
    ],
    refused: [],
  },
  maxUnits: {
    fits: [
      [5, 3],
      [5, 1],
    ],
    refused: [],
  },
  outer: {
    fits: [
      [5, 2],
      [5, 3],
      [5, 6],
    ],
    refused: [
      [
        [5, 2],
        [4, 3],
      ],
    ],
  },
  applyEach: {
    fits: [
      [5, 6],
      [5, 3],
      [5, 2],
    ],
    refused: [
      [
        [5, 6],
        [4, 3],
      ],
      [
        [5, 6],
        [5, 4],
      ],
    ],
  },
  applyEachT: {
    fits: [
      [5, 6],
      [5, 2],
      [5, 3],
    ],
    refused: [
      [
        [5, 6],
        [4, 2],
      ],
      [
        [5, 6],
        [5, 4],
      ],
    ],
  },
  beside: {
    fits: [
      [5, 2],
      [5, 3],
      [5, 5],
    ],
    refused: [
      [
        [5, 2],
        [4, 3],
      ],
    ],
  },
  columns: {
    fits: [
      [5, 4],
      [5, 2],
    ],
    refused: [[[5, 2]]],
  },
  rows: {
    fits: [
      [4, 5],
      [2, 5],
    ],
    refused: [[[2, 5]]],
  },
  map: {
    fits: [
      [2, 3],
      [2, 3],
    ],
    refused: [],
  },
  copy: {
    fits: [
      [2, 3],
      [2, 3],
    ],
    refused: [],
  },
};

test('every operation of the table is tested here', () => {
  const tested = [...Object.keys(SLOPES), ...Object.keys(SLOPES_OF_TWO), ...Object.keys(SHAPES)];
  expect(Object.keys(table).filter(name => !tested.includes(name))).toEqual([]);
  for (const [name, operation] of Object.entries(operations)) expect(operation.name).toBe(name);
  const elementwise = Object.values(operations).filter(({ kind }) => kind === 'elementwise');
  for (const { name } of elementwise) expect(name in SLOPES || name in SLOPES_OF_TWO, name).toBe(true);
});

test('every operation of the table is offered to cells under its name', () => {
  const offered: Readonly<Record<string, unknown>> = algebra;
  expect(Object.keys(table).filter(name => typeof offered[name] !== 'function')).toEqual([]);
});

describe('slopes are those of finite differences', () => {
  const isNear = (claimed: number, x: number, f: (x: number) => number, what: string) => {
    const measured = numeric(f, x);
    expect(Math.abs(claimed - measured), what).toBeLessThanOrEqual(1e-8 + 1e-7 * Math.abs(measured));
  };

  test.each(Object.entries(SLOPES))('%s', (name, slope) => {
    const operation = operations[name] as Elementwise;
    const grid = ['log', 'sqrt'].includes(name)
      ? GRID.filter(x => x > 0.1)
      : GRID.filter(x => name !== 'reciprocal' || Math.abs(x) > 0.3);
    for (const a of grid) isNear(slope(a, of(operation, a)), a, x => of(operation, x), `${name} at ${a}`);
  });

  test.each(Object.entries(SLOPES_OF_TWO))('%s', (name, slopes) => {
    const operation = operations[name] as Elementwise;
    for (const a of GRID.filter((_, n) => n % 3 === 0)) {
      for (const b of GRID.map(x => x + 0.05).filter(x => name !== 'div' || Math.abs(x) > 0.3)) {
        const [da, db] = slopes(a, b, of(operation, a, b));
        isNear(da, a, x => of(operation, x, b), `${name}(${a}, ${b}) in a`);
        isNear(db, b, x => of(operation, a, x), `${name}(${a}, ${b}) in b`);
      }
    }
  });

  /** Functions of a row, and what their gradient is written with. */
  const ROWS: Readonly<Record<string, readonly [(a: Matrix) => Matrix, (a: Matrix, y: Matrix, dy: Matrix) => Matrix]>> =
    {
      softmaxUnits: [algebra.softmaxUnits, (_, y, dy) => algebra.softmaxUnitsGradient(y, dy)],
      clamp: [a => algebra.clamp(a, -0.5, 0.7), (a, _, dy) => algebra.mul(dy, algebra.clampSlope(a, -0.5, 0.7))],
      sumUnits: [algebra.sumUnits, (a, _, dy) => algebra.addColumn(Matrix.zeros(a.rows, a.columns), dy)],
      meanUnits: [
        algebra.meanUnits,
        (a, _, dy) => algebra.addColumn(Matrix.zeros(a.rows, a.columns), algebra.scale(dy, 1 / a.columns)),
      ],
      maxUnits: [
        algebra.maxUnits,
        (a, y, dy) =>
          algebra.mulColumn(
            algebra.oneMinus(algebra.above(algebra.mulColumn(Matrix.ones(a.rows, a.columns), y), a)),
            dy,
          ),
      ],
    };
  test.each(Object.entries(ROWS))('%s, of rows', (_, [f, gradient]) => {
    const rng = new Random(3);
    const a = new Matrix(Array.from({ length: 4 }, () => Array.from({ length: 5 }, () => rng.normal())));
    const y = f(a);
    const dy = new Matrix(Array.from({ length: y.rows }, () => Array.from({ length: y.columns }, () => rng.normal())));
    const da = gradient(a, y, dy);
    for (let i = 0; i < a.rows; i++) {
      for (let j = 0; j < a.columns; j++) {
        const loss = (x: number) => flat(algebra.mul(f(a.clone().set(i, j, x)), dy)).reduce((sum, z) => sum + z, 0);
        isNear(da.get(i, j), a.get(i, j), loss, `${i},${j}`);
      }
    }
  });
});

describe('at its edges', () => {
  const EDGES: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
    copy: [
      [-0, -0],
      [inf, inf],
      [nan, nan],
    ],
    oneMinus: [
      [inf, minus],
      [nan, nan],
      [1, 0],
    ],
    reciprocal: [
      [0, inf],
      [-0, minus],
      [inf, 0],
      [minus, -0],
      [nan, nan],
    ],
    sigmoid: [
      [0, 0.5],
      [minus, 0],
      [inf, 1],
      [-800, 0],
      [800, 1],
      [nan, nan],
    ],
    sigmoidSlope: [
      [0, 0],
      [1, 0],
      [0.5, 0.25],
      [nan, nan],
    ],
    tanh: [
      [-0, -0],
      [minus, -1],
      [inf, 1],
      [nan, nan],
    ],
    tanhSlope: [
      [1, 0],
      [-1, 0],
      [0, 1],
      [nan, nan],
    ],
    relu: [
      [-0, 0],
      [0, 0],
      [minus, 0],
      [inf, inf],
      [nan, nan],
    ],
    reluSlope: [
      [0, 0],
      [5e-324, 1],
      [inf, 1],
      [nan, 0],
    ],
    exp: [
      [minus, 0],
      [0, 1],
      [710, inf],
      [-750, 0],
      [nan, nan],
    ],
    log: [
      [0, minus],
      [-0, minus],
      [1, 0],
      [inf, inf],
      [-1, nan],
      [nan, nan],
    ],
    sqrt: [
      [0, 0],
      [-0, -0],
      [-1, nan],
      [inf, inf],
      [nan, nan],
    ],
    softplus: [
      [800, 800],
      [-800, 0],
      [0, Math.LN2],
      [inf, inf],
      [minus, 0],
      [nan, nan],
    ],
    softplusSlope: [
      [0, 0],
      [800, 1],
      [inf, 1],
      [Math.LN2, 0.5],
      [nan, nan],
    ],
    elu: [
      [0, 0],
      [3, 3],
      [-800, -1],
      [minus, -1],
      [inf, inf],
      [nan, nan],
    ],
    eluSlope: [
      [-1, 0],
      [0, 1],
      [inf, 1],
      [nan, nan],
    ],
    softsign: [
      [0, 0],
      [1, 0.5],
      [-1, -0.5],
      [1e308, 1],
      [inf, nan],
      [nan, nan],
    ],
    softsignSlope: [
      [0, 1],
      [1, 0],
      [-1, 0],
      [nan, nan],
    ],
    hardSigmoid: [
      [-3, 0],
      [3, 1],
      [0, 0.5],
      [minus, 0],
      [inf, 1],
      [nan, nan],
    ],
    hardSigmoidSlope: [
      [0, 0],
      [1, 0],
      [0.5, 1 / 6],
      [nan, 0],
    ],
    gelu: [
      [0, 0],
      [40, 40],
      [-40, -0],
      [inf, inf],
      [minus, nan],
      [nan, nan],
    ],
    geluSlope: [
      [0, 0.5],
      [40, 1],
      [-40, 0],
      [inf, nan],
      [nan, nan],
    ],
    abs: [
      [-0, 0],
      [minus, inf],
      [nan, nan],
    ],
    sign: [
      [0, 0],
      [-0, 0],
      [5e-324, 1],
      [minus, -1],
      [nan, 0],
    ],
  };

  test('every function of one value is tested', () => {
    expect(Object.keys(EDGES).sort()).toEqual(Object.keys(SLOPES).sort());
  });

  test.each(Object.entries(EDGES))('%s is exact', (name, edges) => {
    const got = edges.map(([a]) => [a, of(operations[name] as Elementwise, a)]);
    expect(got).toEqual(edges.map(edge => [...edge]));
  });

  test('functions of two are exact', () => {
    const two = (operation: Elementwise, ...edges: readonly (readonly [number, number, number])[]) => {
      expect(edges.map(([a, b]) => [a, b, of(operation, a, b)])).toEqual(edges.map(edge => [...edge]));
    };
    two(table.max, [nan, 1, nan], [1, nan, nan], [-0, 0, 0], [0, -0, 0], [minus, inf, inf]);
    two(table.min, [nan, 1, nan], [1, nan, nan], [-0, 0, -0], [0, -0, -0], [minus, inf, minus]);
    two(table.above, [1, 1, 0], [0, -0, 0], [nan, 0, 0], [0, nan, 0], [inf, 1, 1], [inf, inf, 0]);
    two(table.div, [1, 0, inf], [-1, 0, minus], [0, 0, nan], [1, inf, 0], [inf, inf, nan]);
    two(table.sub, [inf, inf, nan], [0, 0, 0]);
    two(table.mul, [0, inf, nan], [-0, 1, -0]);
    two(table.add, [inf, minus, nan], [-0, 0, 0]);
  });

  test('a clamp is its ends there, with slope 0; where ties are, the larger of two is the second', () => {
    const a = new Matrix([[minus, -1, -0.5, 0, 0.5, 1, inf, nan]]);
    expect(flat(algebra.clamp(a, -0.5, 0.5))).toEqual([-0.5, -0.5, -0.5, 0, 0.5, 0.5, 0.5, nan]);
    expect(flat(algebra.clampSlope(a, -0.5, 0.5))).toEqual([0, 0, 0, 1, 0, 0, 0, 0]);
  });

  test('what is small is not lost', () => {
    for (const a of [-1e-10, -1e-5, -3e-3, -0.1, -2, -30]) expect(of(table.elu, a) / Math.expm1(a)).toBeCloseTo(1, 14);
    for (const a of [-36, -100, -700]) expect(of(table.softplus, a) / Math.exp(a)).toBeCloseTo(1, 14);
    for (const y of [1e-300, 1e-10, 1e-3, 0.5, 3]) {
      expect(of(table.softplusSlope, y) / -Math.expm1(-y)).toBeCloseTo(1, 14);
    }
  });

  test('a softmax neither overflows nor divides by zero', () => {
    expect(
      flat(
        algebra.softmaxUnits(
          new Matrix([
            [1e308, 0, -1e308],
            [-1e4, -1e4, -1e4],
            [0, minus, minus],
          ]),
        ),
      ),
    ).toEqual([1, 0, 0, 1 / 3, 1 / 3, 1 / 3, 1, 0, 0]);
  });
});

describe('shapes', () => {
  test.each(Object.entries(SHAPES))('of %s: the result’s, and what is refused', (name, { fits, refused }) => {
    const operation = operations[name] as Operation;
    const shapeOf = (shapes: readonly Shape[]) => {
      const [a = [0, 0], b = a, c = a] = shapes;
      return operation.shape(a, b, c);
    };
    expect(shapeOf(fits.slice(0, -1))).toEqual(fits.at(-1));
    for (const shapes of refused) expect(shapeOf(shapes), `${shapes.join(' ')}`).toBeUndefined();
    const offered = algebra as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
    const more = name === 'map' ? [Math.cos] : name === 'columns' || name === 'rows' ? [1, 3] : [];
    const given = (shapes: readonly Shape[]) => [
      ...shapes.map(([rows, columns]) => Matrix.zeros(rows, columns)),
      ...more,
    ];
    offered[name]?.(...given(fits.slice(0, -1)));
    for (const shapes of refused) {
      expect(() => offered[name]?.(...given(shapes))).toThrow(ShapeError);
      expect(() => offered[name]?.(...given(shapes))).toThrow(shapes.map(shape => shape.join('×')).join(' with '));
    }
  });

  test('a row stands for all rows and a column for all columns where the table says so, and only where it is asked for', () => {
    for (const [a, b, result] of [
      [
        [2, 3],
        [1, 3],
        [2, 3],
      ],
      [
        [2, 3],
        [2, 1],
        [2, 3],
      ],
      [
        [2, 3],
        [1, 1],
        [2, 3],
      ],
      [[2, 3], [3, 3], undefined],
    ] as const) {
      expect(table.add.shape(a, b, a)).toEqual(result);
      expect(table.add.shape(b, a, a)).toEqual(result);
    }
    const [full, row, column] = [Matrix.ones(2, 3), Matrix.ones(1, 3), Matrix.ones(2, 1)];
    const { above, add, addColumn, addRow, div, divColumn, max, min, mul, mulColumn, mulRow, sub, subColumn } = algebra;
    for (const f of [above, add, div, max, min, mul, sub]) {
      for (const other of [row, column]) expect(() => f(full, other)).toThrow(ShapeError);
    }
    for (const f of [addRow, mulRow]) expect(() => f(full, column)).toThrow(ShapeError);
    for (const f of [addColumn, divColumn, mulColumn, subColumn]) expect(() => f(full, row)).toThrow(ShapeError);
  });

  test('numbers that are none, ends that are no columns, functions that are none', () => {
    const a = Matrix.ones(2, 3);
    for (const act of [() => algebra.scale(a, nan), () => algebra.shift(a, inf), () => algebra.clamp(a, 0, nan)]) {
      expect(act).toThrow(ValueError);
    }
    for (const take of [algebra.columns, algebra.rows]) {
      for (const [from, to] of [
        [0, 4],
        [2, 2],
        [2, 1],
      ] as const)
        expect(() => take(a, from, to)).toThrow(ShapeError);
      for (const [from, to] of [
        [-1, 2],
        [0.5, 2],
        [nan, 2],
        [0, 1.5],
      ] as const) {
        expect(() => take(a, from, to)).toThrow(ValueError);
      }
    }
    expect(() => algebra.map(a, 3 as never)).toThrow(ValueError);
    expect(() => algebra.clamp(a, 1, 0)).toThrow(ValueError);
  });
});

/** a + bε, ε² = 0: exact slopes, if the formulas are made of `Numbers` and nothing else. */
interface Dual {
  readonly a: number;
  readonly b: number;
}
const lift =
  (f: (a: number) => number, slope: (a: number, y: number) => number) =>
  ({ a, b }: Dual): Dual => {
    const y = f(a);
    return { a: y, b: slope(a, y) * b };
  };
const dual: Numbers<Dual> = {
  constant: a => ({ a, b: 0 }),
  add: (x, y) => ({ a: x.a + y.a, b: x.b + y.b }),
  sub: (x, y) => ({ a: x.a - y.a, b: x.b - y.b }),
  mul: (x, y) => ({ a: x.a * y.a, b: x.a * y.b + x.b * y.a }),
  div: (x, y) => ({ a: x.a / y.a, b: (x.b - (x.a / y.a) * y.b) / y.a }),
  max: (x, y) => (x.a > y.a ? x : y),
  min: (x, y) => (x.a > y.a ? y : x),
  abs: lift(Math.abs, Math.sign),
  above: (x, y) => ({ a: x.a > y.a ? 1 : 0, b: 0 }),
  sqrt: lift(Math.sqrt, (_, y) => 0.5 / y),
  exp: lift(Math.exp, (_, y) => y),
  log: lift(Math.log, a => 1 / a),
  log1p: lift(Math.log1p, a => 1 / (1 + a)),
  sigmoid: lift(float64.sigmoid, (_, y) => y * (1 - y)),
  tanh: lift(Math.tanh, (_, y) => 1 - y * y),
};

describe('a formula is evaluated over other numbers:', () => {
  test.each(Object.entries(SLOPES).filter(([name]) => !name.endsWith('Slope')))(
    '%s over dual numbers has its slope',
    (name, slope) => {
      const operation = operations[name] as Elementwise;
      for (const a of GRID.filter(x => x > 0.1 || !['log', 'sqrt'].includes(name))) {
        const { a: y, b } = operation.element(dual, { a, b: 1 }, { a, b: 1 });
        expect(y).toBe(of(operation, a));
        expect(b).toBeCloseTo(slope(a, y), 12);
      }
    },
  );

  test('products, sums, parts and products of every sample over integers of any size are exact', () => {
    const refuse = (): never => {
      throw new Error('a function of floats');
    };
    const integers: Numbers<bigint> = {
      constant: BigInt,
      add: (a, b) => a + b,
      sub: (a, b) => a - b,
      mul: (a, b) => a * b,
      max: (a, b) => (a > b ? a : b),
      min: (a, b) => (a > b ? b : a),
      abs: a => (a < 0n ? -a : a),
      above: (a, b) => (a > b ? 1n : 0n),
      ...{ div: refuse, sqrt: refuse, exp: refuse, log: refuse, log1p: refuse, sigmoid: refuse, tanh: refuse },
    };
    const big = 2n ** 70n;
    for (const [name, { fits }] of Object.entries(SHAPES).filter(([name]) => name !== 'map')) {
      const shapes = fits.slice(0, -1);
      const [rows, columns] = fits.at(-1) as Shape;
      const entry = (n: number, i: number, j: number) => ((7 * i + 3 * j + 5 * n) % 11) - 4;
      const grids = <N>(scale: (x: number) => N): Grid<N>[] =>
        shapes.map(([r, c], n) => ({ rows: r, columns: c, get: (i, j) => scale(entry(n, i, j)) }));
      const at = <N>(numbers: Numbers<N>, [a, b = a, c = a]: readonly Grid<N>[], i: number, j: number) =>
        (operations[name] as Operation).evaluate(numbers, [a, b, c] as [Grid<N>, Grid<N>, Grid<N>], i, j);
      const own = grids(x => BigInt(x) * big);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const exact = at(integers, own, i, j);
          const square = name.startsWith('times') || ['outer', 'applyEach', 'applyEachT'].includes(name);
          const factor = square ? big * big : big;
          if (name === 'addTTimes') continue;
          expect(exact, `${name} ${i},${j}`).toBe(
            BigInt(
              at(
                float64,
                grids(x => x),
                i,
                j,
              ),
            ) * factor,
          );
        }
      }
    }
  });

  test('but for a function of one’s own, which says so', () => {
    const grid: Grid<bigint> = { rows: 1, columns: 1, get: () => 1n };
    const numbers = { constant: BigInt } as unknown as Numbers<bigint>;
    expect(() => table.map(Math.cos).evaluate(numbers, [grid, grid, grid], 0, 0)).toThrow('a function of floats');
  });
});

test('cells drawn at random, recorded, evaluate to their own numbers bit for bit', () => {
  const sizes = fc.record({ d: fc.integer({ min: 1, max: 4 }), m: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(recipes(15), sizes, fc.nat(), ({ instructions, parts, ends, unused }, size, seed) => {
      const cell = cellOf(instructions, parts, ends, size, unused);
      const { equations, reason } = record(cell, size);
      if (!equations) throw new Error(reason);
      const rng = new Random(seed);
      const drawn = ([rows, columns]: Shape) =>
        new Matrix(Array.from({ length: rows }, () => Array.from({ length: columns }, () => rng.normal())));
      const each = (shapes: Readonly<Record<string, Shape>>) =>
        Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, drawn(shape)]));
      const B = 3;
      const state = Object.fromEntries(
        Object.entries(cell.state(size)).map(([name, width]): [string, Shape] => [name, [B, width]]),
      );
      const [p, dp, prev, dnext] = [each(cell.params(size)), each(cell.params(size)), each(state), each(state)];
      const given: Readonly<Record<string, Matrices>> = {
        p,
        prev,
        dnext,
        x: { x: drawn([B, size.d]) },
        dp: clones(dp),
      };
      const grids = evaluate<number>(equations, float64, ({ role, name }) => given[role]?.[name] as AbstractMatrix);
      type Own = Parameters<typeof cell.forward>[2];
      const { next, tape } = cell.forward(p, given.x?.x as AbstractMatrix, prev as unknown as Own);
      const { dx, dprev } = cell.backward(p, tape, dnext as unknown as Own, dp);
      const same = (id: number | undefined, own: AbstractMatrix | undefined) =>
        expect(numbersOf(grids[id ?? -1])).toEqual(own && flat(own));
      for (const part of Object.keys(state)) {
        same(equations.next[part]?.id, (next as Matrices)[part]);
        same(equations.dprev[part]?.id, (dprev as Matrices)[part]);
      }
      same(equations.dx.id, dx);
      for (const name of Object.keys(dp)) same(equations.dp[name]?.id, dp[name]);
    }),
    { numRuns: 150 },
  );
});

test.each(Object.keys(DRAWS).filter(op => op !== 'parameterRow'))(
  'the backward line of %s, as derived, is right',
  op => {
    const [first, second] = [
      { op, a: 0, b: 2, c: 3 },
      { op, a: 0, b: 6, c: 2 },
    ];
    const size = { d: 3, m: 4 };
    const cell = cellOf([{ op: 'affine', a: 4, b: 2, c: 0 }, first, second], { c: 2 }, [2, 1, 0], size);
    const { tensors, laws } = checkCell(cell, { ...size, T: 2, B: 2 });
    const isIndicator = op === 'gated'; // what is before it has no effect
    const wanted = laws.filter(({ name }) => !(isIndicator && name === 'everything has an effect'));
    expect([...tensors, ...wanted].filter(({ ok }) => !ok)).toEqual([]);
  },
);

function clones(matrices: Readonly<Record<string, Matrix>>): Record<string, Matrix> {
  return Object.fromEntries(Object.entries(matrices).map(([name, matrix]) => [name, matrix.clone()]));
}

function numbersOf(grid: Grid<number> | undefined): readonly number[] | undefined {
  return (
    grid &&
    Array.from({ length: grid.rows * grid.columns }, (_, n) => grid.get(Math.floor(n / grid.columns), n % grid.columns))
  );
}
