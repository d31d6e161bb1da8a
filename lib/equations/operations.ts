/**
 * The table of operations: all that an equation can be made of. An entry is a name, a rule of shapes and an evaluation
 * over any {@link Numbers}; an elementwise one is a formula. Slopes are operations as any other: the function they are the
 * slope of stands beside them. Derived in `derivations/algebra.md`.
 */
import type { Shape } from '../shape.ts';
import type { Grid, Numbers } from './numbers.ts';
import type {
  Args,
  Elementwise,
  Joined,
  Opaque,
  OverRows,
  OverUnits,
  Part,
  PerSample,
  Product,
  Slope,
} from './operation.ts';

type Unary = <N>(n: Numbers<N>, a: N) => N;
type Binary = <N>(n: Numbers<N>, a: N, b: N) => N;

// Sums, products and quotients. Of a constant and a matrix too: a constant is a 1×1 matrix.
export const add: Elementwise = infix('add', '+', (n, a, b) => n.add(a, b)); // ALG-F1  y = a + b
export const sub: Elementwise = infix('sub', '−', (n, a, b) => n.sub(a, b)); // ALG-F2  y = a − b
export const mul: Elementwise = infix('mul', '⊙', (n, a, b) => n.mul(a, b)); // ALG-F3  y = a ⊙ b
export const div: Elementwise = infix('div', '⊘', (n, a, b) => n.div(a, b), true); // ALG-F4  y = a ⊘ b
export const copy: Elementwise = unary('copy', (_, a) => a);
export const oneMinus: Elementwise = {
  ...unary('oneMinus', (n, a) => n.sub(n.constant(1), a)), // ALG-F5  y = 1 − a
  print: a => `1 − ${a}`,
};
export const reciprocal: Elementwise = unary('reciprocal', (n, a) => n.div(n.constant(1), a), true); // ALG-F6  y = 1 ⊘ a

// Functions, each before its slope. A slope is of the function's *output*, unless said otherwise.
export const sigmoid: Elementwise = unary('sigmoid', (n, a) => n.sigmoid(a), true); // ALG-F7  y = σ(a)
export const sigmoidSlope: Elementwise = unary('sigmoidSlope', (n, s) => n.mul(s, n.sub(n.constant(1), s))); // ALG-B1  dy/da = y(1 − y)
export const tanh: Elementwise = unary('tanh', (n, a) => n.tanh(a), true); // ALG-F8  y = tanh a
export const tanhSlope: Elementwise = unary('tanhSlope', (n, y) => n.sub(n.constant(1), n.mul(y, y))); // ALG-B2  dy/da = 1 − y²
export const relu: Elementwise = unary('relu', (n, a) => n.max(n.constant(0), a)); // ALG-F9  y = max(0, a)
export const reluSlope: Elementwise = unary('reluSlope', (n, y) => n.above(y, n.constant(0))); // ALG-B3  dy/da = [y > 0]
export const exp: Elementwise = unary('exp', (n, a) => n.exp(a), true); // ALG-F10  y = eᵃ
export const log: Elementwise = unary('log', (n, a) => n.log(a), true); // ALG-F11  y = log a
export const sqrt: Elementwise = unary('sqrt', (n, a) => n.sqrt(a), true); // ALG-F12  y = √a

/** log(1 + eᵃ) = max(a, 0) + log(1 + e^−|a|), which neither overflows nor loses what is small. */
export const softplus: Elementwise = unary(
  'softplus',
  (n, a) => n.add(n.max(a, n.constant(0)), n.log1p(n.exp(n.sub(n.constant(0), n.abs(a))))), // ALG-F13  y = max(a, 0) + log(1 + e^−|a|)
  true,
  { of: 'output', by: () => softplusSlope },
);
/** 1 − e^−y = 2t/(1+t), t = tanh(y/2). */
export const softplusSlope: Elementwise = unary(
  'softplusSlope',
  (n, y) => {
    const t = n.tanh(n.mul(n.constant(0.5), y));
    return n.div(n.add(t, t), n.add(n.constant(1), t)); // ALG-B4  dy/da = 2t / (1 + t), t = tanh ½y
  },
  true,
);

/** a where a > 0, else eᵃ − 1 = 2t/(1−t), t = tanh(a/2). */
export const elu: Elementwise = unary(
  'elu',
  (n, a) => {
    const t = n.tanh(n.mul(n.constant(0.5), n.min(a, n.constant(0))));
    return n.add(n.max(a, n.constant(0)), n.div(n.add(t, t), n.sub(n.constant(1), t))); // ALG-F14  y = a where a > 0, else 2t / (1 − t), t = tanh ½a
  },
  true,
  { of: 'output', by: () => eluSlope },
);
export const eluSlope: Elementwise = unary('eluSlope', (n, y) => n.add(n.constant(1), n.min(y, n.constant(0)))); // ALG-B5  dy/da = 1 + min(y, 0)

/** a/(1+|a|). */
export const softsign: Elementwise = unary(
  'softsign',
  (n, a) => n.div(a, n.add(n.constant(1), n.abs(a))), // ALG-F15  y = a / (1 + |a|)
  true,
  { of: 'output', by: () => softsignSlope },
);
export const softsignSlope: Elementwise = unary('softsignSlope', (n, y) => {
  const rest = n.sub(n.constant(1), n.abs(y));
  return n.mul(rest, rest); // ALG-B6  dy/da = (1 − |y|)²
});

/** a/6 + ½ between 0 and 1. */
export const hardSigmoid: Elementwise = unary(
  'hardSigmoid',
  (n, a) => {
    const line = n.add(n.mul(a, n.constant(1 / 6)), n.constant(0.5));
    return n.max(n.constant(0), n.min(n.constant(1), line)); // ALG-F16  y = min(1, max(0, a/6 + ½))
  },
  false,
  { of: 'output', by: () => hardSigmoidSlope },
);
export const hardSigmoidSlope: Elementwise = unary('hardSigmoidSlope', (n, y) =>
  n.mul(n.constant(1 / 6), n.mul(n.above(y, n.constant(0)), n.above(n.constant(1), y))),
); // ALG-B7  dy/da = ⅙ [0 < y < 1]

/** ½a(1 + tanh u), u = √(2/π)(a + 0.044715 a³). */
export const gelu: Elementwise = unary(
  'gelu',
  (n, a) => n.mul(n.mul(n.constant(0.5), a), n.add(n.constant(1), geluTanh(n, a))), // ALG-F17  y = ½a (1 + tanh u)
  true,
  { of: 'input', by: () => geluSlope },
);
/** Of the *input* a: ½(1 + tanh u) + ½a(1 − tanh² u)u′, u′ = √(2/π)(1 + 0.134145 a²). */
export const geluSlope: Elementwise = unary(
  'geluSlope',
  (n, a) => {
    const t = geluTanh(n, a);
    const inner = n.add(n.constant(1), n.mul(n.constant(3 * 0.044715), n.mul(a, a)));
    const slope = n.mul(n.mul(n.constant(Math.sqrt(2 / Math.PI)), inner), n.sub(n.constant(1), n.mul(t, t)));
    return n.mul(n.constant(0.5), n.add(n.add(n.constant(1), t), n.mul(a, slope))); // ALG-B8  dy/da = ½(1 + tanh u) + ½a (1 − tanh² u) u′
  },
  true,
);

export const abs: Elementwise = unary('abs', (n, a) => n.abs(a)); // ALG-F18  y = |a|
/** The slope of |a|, of the *input*: 1, −1, and 0 at 0. */
export const sign: Elementwise = unary('sign', (n, a) => n.sub(n.above(a, n.constant(0)), n.above(n.constant(0), a))); // ALG-B9  dy/da = sign a

export const max: Elementwise = binary('max', (n, a, b) => n.max(a, b)); // ALG-F19  y = max(a, b)
export const min: Elementwise = binary('min', (n, a, b) => n.min(a, b)); // ALG-F20  y = min(a, b)
/** 1 where a > b, else 0: the slope of max(a, b) in a, and of min(a, b) in b. */
export const above: Elementwise = binary('above', (n, a, b) => n.above(a, b)); // ALG-B10  [a > b]

/** a·B: a is n×k, B is k×p. */
export const times: Product = {
  name: 'times',
  kind: 'product',
  shape: ([n, k], [rows, p]) => (k === rows ? [n, p] : undefined),
  evaluate: (n, [a, B], i, j) => sum(n, n.constant(0), a.columns, k => n.mul(a.get(i, k), B.get(k, j))), // ALG-F23  y = a B
  print: (a, B) => `${a}·${B}`,
};

/** a·Bᵀ: a is n×k, B is p×k. */
export const timesT: Product = {
  name: 'timesT',
  kind: 'product',
  shape: ([n, k], [p, columns]) => (k === columns ? [n, p] : undefined),
  evaluate: (n, [a, B], i, j) => sum(n, n.constant(0), a.columns, k => n.mul(a.get(i, k), B.get(j, k))), // ALG-F24  y = a Bᵀ
  print: (a, B) => `${a}·${B}ᵀ`,
};

/** D + aᵀ·b: a is n×p, b is n×q, D is p×q. */
export const addTTimes: Product = {
  name: 'addTTimes',
  kind: 'product',
  shape: ([p, q], [n, columnsA], [rows, columnsB]) =>
    n === rows && p === columnsA && q === columnsB ? [p, q] : undefined,
  evaluate: (n, [D, a, b], i, j) => sum(n, D.get(i, j), a.rows, k => n.mul(a.get(k, i), b.get(k, j))), // ALG-B12  D += aᵀ b
  print: (D, a, b) => `${D} + ${a}ᵀ·${b}`,
};

/** d + 1ᵀ·a: a is n×p, d is 1×p. */
export const addColumnSums: OverRows = {
  name: 'addColumnSums',
  kind: 'over rows',
  shape: ([one, p], [, columns]) => (one === 1 && p === columns ? [1, p] : undefined),
  evaluate: (n, [d, a], _, j) => sum(n, d.get(0, j), a.rows, k => a.get(k, j)), // ALG-B13  d += 1ᵀ a
  print: (d, a) => `${d} + 1ᵀ·${a}`,
};

/** D + a, of one shape. */
export const addTo: Elementwise = {
  ...infix('addTo', '+', (n, a, b) => n.add(a, b)), // ALG-B14  D += a
  shape: ([n, p], [rows, columns]) => (n === rows && p === columns ? [n, p] : undefined),
};

/** The sum over a row, a·1: B×1. */
export const sumUnits: OverUnits = overUnits('sumUnits', (n, a, b) => n.add(a, b)); // ALG-F25  y = a·1

/** The largest of a row: B×1. Its slope is given by who uses it: 0 where it only guards against overflow. */
export const maxUnits: OverUnits = overUnits('maxUnits', (n, a, b) => n.max(a, b)); // ALG-F26  y_i = max_j a_ij

/** a_i b_j of every sample: a is B×m, b is B×k, the result B×(m·k). */
export const outer: PerSample = {
  name: 'outer',
  kind: 'per sample',
  shape: ([B, m], [rows, k]) => (B === rows ? [B, m * k] : undefined),
  evaluate: (n, [a, b], i, j) => n.mul(a.get(i, Math.floor(j / b.columns)), b.get(i, j % b.columns)), // ALG-F29  y_(ij) = a_i b_j
  print: (a, b) => `outer(${a}, ${b})`,
};

/** A v of every sample: A is B×(m·k), v is B×k, the result B×m. */
export const applyEach: PerSample = {
  name: 'applyEach',
  kind: 'per sample',
  shape: ([B, mk], [rows, k]) => (B === rows && mk % k === 0 ? [B, mk / k] : undefined),
  evaluate: (n, [A, v], i, j) => sum(n, n.constant(0), v.columns, k => n.mul(A.get(i, j * v.columns + k), v.get(i, k))), // ALG-F30  y_i = Σ_j A_(ij) v_j
  print: (A, v) => `applyEach(${A}, ${v})`,
};

/** Aᵀ u of every sample: A is B×(m·k), u is B×m, the result B×k. */
export const applyEachT: PerSample = {
  name: 'applyEachT',
  kind: 'per sample',
  shape: ([B, mk], [rows, m]) => (B === rows && mk % m === 0 ? [B, mk / m] : undefined),
  evaluate: (n, [A, u], i, j) => {
    const k = A.columns / u.columns;
    return sum(n, n.constant(0), u.columns, l => n.mul(A.get(i, l * k + j), u.get(i, l))); // ALG-F31  y_j = Σ_i A_(ij) u_i
  },
  print: (A, u) => `applyEachT(${A}, ${u})`,
};

/** [a, b]. */
export const beside: Joined = {
  name: 'beside',
  kind: 'joined',
  shape: ([n, p], [rows, q]) => (n === rows ? [n, p + q] : undefined),
  evaluate: (_, [a, b], i, j) => (j < a.columns ? a.get(i, j) : b.get(i, j - a.columns)), // ALG-F32  y = [a, b]
  print: (a, b) => `[${a}, ${b}]`,
};

/** Columns `from` (included) to `to` (excluded). */
export const columns = (from: number, to: number): Part => ({
  name: 'columns',
  kind: 'part',
  of: 'columns',
  from,
  shape: ([n, p]) => (isRange(from, to, p) ? [n, to - from] : undefined),
  evaluate: (_, [a], i, j) => a.get(i, from + j), // ALG-F33  y = a[:, from:to]
  print: a => `${a}[:, ${from}:${to}]`,
});

/** Rows `from` (included) to `to` (excluded). */
export const rows = (from: number, to: number): Part => ({
  name: 'rows',
  kind: 'part',
  of: 'rows',
  from,
  shape: ([n, p]) => (isRange(from, to, n) ? [to - from, p] : undefined),
  evaluate: (_, [a], i, j) => a.get(from + i, j), // ALG-F34  y = a[from:to, :]
  print: a => `${a}[${from}:${to}]`,
});

/** f of every element, where f is a function of floats: other numbers cannot be put into it. */
export const map = (f: (a: number) => number): Opaque => ({
  name: 'map',
  kind: 'opaque',
  shape: a => a,
  evaluate: <N>(n: Numbers<N>, [a]: Args<Grid<N>>, i: number, j: number): N => {
    const element = a.get(i, j);
    if (typeof element !== 'number') throw new TypeError('a function of floats has no value over other numbers');
    return n.constant(f(element)); // ALG-F22  y = f(a)
  },
  print: a => `${f.name || 'f'}(${a})`,
});

function unary(name: string, element: Unary, costly: boolean = false, slope?: Slope): Elementwise {
  return {
    name,
    kind: 'elementwise',
    element,
    costly,
    ...(slope && { slope }),
    shape: a => a,
    evaluate: (n, [a], i, j) => element(n, a.get(i, j)),
    print: a => `${name}(${a})`,
  };
}

function binary(name: string, element: Binary, costly: boolean = false): Elementwise {
  return {
    name,
    kind: 'elementwise',
    element,
    costly,
    shape: broadcast,
    evaluate: (n, [a, b], i, j) => element(n, spread(a, i, j), spread(b, i, j)),
    print: (a, b) => `${name}(${a}, ${b})`,
  };
}

function infix(name: string, sign: string, element: Binary, costly: boolean = false): Elementwise {
  return { ...binary(name, element, costly), print: (a, b) => `${a} ${sign} ${b}` };
}

function overUnits(name: string, join: Binary): OverUnits {
  return {
    name,
    kind: 'over units',
    join,
    shape: ([n]) => [n, 1],
    evaluate: (n, [a], i) => {
      let joined = a.get(i, 0);
      for (let j = 1; j < a.columns; j++) joined = join(n, joined, a.get(i, j));
      return joined;
    },
    print: a => `${name}(${a})`,
  };
}

/** Rows and columns of one shape; a single one stands for all. */
function broadcast([n, p]: Shape, [rows, columns]: Shape): Shape | undefined {
  const fits = (n === rows || n === 1 || rows === 1) && (p === columns || p === 1 || columns === 1);
  return fits ? [Math.max(n, rows), Math.max(p, columns)] : undefined;
}

/** Whether there are columns or rows from one on to another, of so many. */
function isRange(from: number, to: number, count: number): boolean {
  return 0 <= from && from < to && to <= count;
}

/** The element at a place, or the one that stands for it. */
function spread<N>(a: Grid<N>, i: number, j: number): N {
  return a.get(a.rows === 1 ? 0 : i, a.columns === 1 ? 0 : j);
}

function sum<N>(n: Numbers<N>, from: N, count: number, term: (k: number) => N): N {
  let total = from;
  for (let k = 0; k < count; k++) total = n.add(total, term(k));
  return total;
}

/** tanh u, u = √(2/π)(a + 0.044715 a³). */
function geluTanh<N>(n: Numbers<N>, a: N): N {
  const cube = n.mul(a, n.mul(a, a));
  return n.tanh(n.mul(n.constant(Math.sqrt(2 / Math.PI)), n.add(a, n.mul(n.constant(0.044715), cube))));
}
