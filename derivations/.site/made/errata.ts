/** What the pictures of “Where the lectures are wrong” show, computed by the library: each beside the slide's own prediction. */
import {
  type AbstractMatrix,
  type Cell,
  crossEntropy,
  lstm,
  Matrix,
  normal,
  Random,
  rnn,
  Sequence,
  scale,
  unroll,
} from 'bptt';
import { type Chart, lstmPathNorms, spectralNorm } from 'bptt/flow';

const STEPS = 'steps back';
const power = (A: Matrix, n: number): Matrix => (n === 0 ? Matrix.eye(A.rows) : power(A, n - 1).mmul(A));
const over = (from: number, to: number, y: (n: number) => number): (readonly [x: number, y: number])[] =>
  Array.from({ length: to - from + 1 }, (_, n) => [from + n, y(from + n)] as const);

/** By their names in the guide. */
export const errataCharts: Readonly<Record<string, () => Chart>> = {
  'closed-form': closedForm,
  eigenvalues,
  singular,
  'two-paths': twoPaths,
  clipping,
};

/** ERR-1: a network that rests at h = (0, ½), whose W has the square 0. */
function closedForm(): Chart {
  const W = new Matrix([
    [8, 32 / 3],
    [-6, -8],
  ]);
  const rest = [0, 0.5];
  const D = Matrix.diag(rest.map(h => 1 - h * h));
  const gradient = (n: number) => spectralNorm(jacobianAtRest(W, rest, n));
  const separated = over(0, 1, n => spectralNorm(power(D, n).mmul(power(W, n))));
  return {
    ...{ x: STEPS, y: '‖∂h_j/∂h_t‖', log: true },
    series: [
      { name: 'the library’s gradient', points: over(0, 12, gradient) },
      { name: 'the slide’s: then 0', points: separated },
    ],
  };
}

/** ∂h_T/∂h_0 of a network that stays where it is, row by row from its backward pass. */
function jacobianAtRest(W: Matrix, rest: readonly number[], T: number): Matrix {
  if (T === 0) return Matrix.eye(rest.length);
  const layer = unroll(rnn, { d: 1, m: rest.length });
  const b = rest.map((h, i) => Math.atanh(h) - W.getRow(i).reduce((sum, w, j) => sum + w * (rest[j] ?? 0), 0));
  layer.params.values.set([...W.to1DArray(), ...rest.map(() => 0), ...b]);
  const { tape } = layer.forward(Sequence.zeros({ T, F: 1 }), { h: new Matrix([[...rest]]) });
  const none = Sequence.zeros({ T, F: rest.length });
  const unit = Matrix.eye(rest.length);
  return new Matrix(rest.map((_, i) => layer.backward(tape, none, { h: unit.getRowVector(i) }).ds0.h?.getRow(0) ?? []));
}

/** ERR-2: eigenvalues 0.9 and 0.8, with eigenvectors that are nearly parallel. */
function eigenvalues(): Chart {
  const W = new Matrix([
    [0.9, 100],
    [0, 0.8],
  ]);
  const S = new Matrix([
    [1, 1],
    [0, -0.001],
  ]);
  const inverse = new Matrix([
    [1, 1000],
    [0, -1000],
  ]);
  const condition = spectralNorm(S) * spectralNorm(inverse);
  return {
    ...{ x: STEPS, y: '‖Wⁿ‖', log: true },
    series: [
      { name: 'W to the n', points: over(0, 80, n => spectralNorm(power(W, n))) },
      { name: 'the slide’s 0.9 to the n', points: over(0, 80, n => 0.9 ** n) },
      { name: 'the bound of ERR-2', points: over(0, 80, n => condition * 0.9 ** n) },
    ],
  };
}

/** ERR-4: a singular value of 10 and a square of 0; and an orthogonal matrix times 0.8. */
function singular(): Chart {
  const large = new Matrix([
    [0, 10],
    [0, 0],
  ]);
  const small = new Matrix([
    [0.48, -0.64],
    [0.64, 0.48],
  ]);
  const at = (W: Matrix, n: number) => spectralNorm(jacobianAtRest(W, [0, 0], n));
  return {
    ...{ x: STEPS, y: '‖∂h_j/∂h_t‖', log: true },
    series: [
      { name: 'σ = 10: then 0', points: over(0, 1, n => at(large, n)) },
      { name: 'σ = 10, predicted', points: over(0, 12, n => 10 ** n) },
      { name: 'σ = 0.8', points: over(0, 12, n => at(small, n)) },
    ],
  };
}

/** ERR-8: both parts of an LSTM's gradient, by their distance from the last step. */
function twoPaths(): Chart {
  const [d, m, T] = [4, 16, 40];
  const layer = unroll(lstm, { d, m });
  const random = new Random(1);
  normal(0.6)(layer.params, random);
  const x = Sequence.dense(
    Float64Array.from({ length: T * d }, () => random.normal()),
    { T, F: d },
  );
  const dh = new Matrix([Array.from({ length: m }, () => random.normal())]);
  const { alongC, throughH } = lstmPathNorms(layer.params.values as Float64Array, { d, m }, x, dh);
  return {
    ...{ x: STEPS, y: 'norm of what comes back', log: true },
    series: [
      { name: 'along c alone', points: over(0, T - 1, n => alongC[n] ?? 0) },
      { name: 'through h and the gates', points: over(0, T - 1, n => throughH[n] ?? 0) },
    ],
  };
}

/** ERR-10: the angle between the gradient and what clipping at every step makes of it. */
function clipping(): Chart {
  const { G } = gradientsClippedTo(Number.POSITIVE_INFINITY);
  const angle = (bound: number): number => {
    const { G: other } = gradientsClippedTo(bound);
    const cosine = dot(G, other) / Math.sqrt(dot(G, G) * dot(other, other));
    return (Math.acos(Math.min(1, cosine)) * 180) / Math.PI;
  };
  const { largest } = gradientsClippedTo(Number.POSITIVE_INFINITY);
  const shares = Array.from({ length: 40 }, (_, n) => (n + 1) / 40);
  return {
    ...{ x: 'bound, as a part of the largest ‖∂L/∂h_t‖', y: 'degrees off the gradient', log: false },
    series: [
      { name: 'clipped at every step', points: shares.map(share => [share, angle(share * largest)] as const) },
      { name: 'clipped once finished', points: shares.map(share => [share, 0] as const) },
    ],
  };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, n) => sum + value * (b[n] ?? 0), 0);

/** The gradient of a network that foretells classes at every step, what reaches each h_t being shortened to a bound. */
function gradientsClippedTo(bound: number): { readonly G: ArrayLike<number>; readonly largest: number } {
  let largest = 0;
  const shortened = (dh: AbstractMatrix) => {
    const norm = dh.norm('frobenius');
    largest = Math.max(largest, norm);
    return norm > bound ? scale(dh, bound / norm) : dh;
  };
  const cell: Cell = {
    ...(rnn as Cell),
    backward: (p, tape, dnext, dp) => (rnn as Cell).backward(p, tape, { h: shortened(dnext.h as AbstractMatrix) }, dp),
  };
  const [T, m] = [30, 8];
  const layer = unroll(cell, { d: m, m });
  normal(0.55)(layer.params, new Random(3));
  const classes = Array.from({ length: T }, (_, t) => (3 * t * t) % m);
  const { y, tape } = layer.forward(Sequence.oneHot(classes, { T, classes: m }));
  const { tape: lossTape } = crossEntropy.forward(
    y,
    classes.map((_, t) => classes[(t + 1) % T] ?? 0),
  );
  layer.params.zeroGrads();
  layer.backward(tape, crossEntropy.backward(lossTape));
  return { G: layer.params.grads.slice(), largest };
}
