/** A counterexample, or the corrected statement in numbers, for each erratum of derivations/errata.md. */
import fc from 'fast-check';
import { EigenvalueDecomposition, inverse, Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { lstm } from '../lib/cells/lstm.ts';
import { lstmPeephole } from '../lib/cells/lstm-peephole.ts';
import { rnn } from '../lib/cells/rnn.ts';
import { checkCell } from '../lib/check/check-cell.ts';
import { checkGradients } from '../lib/check/finite-differences.ts';
import { normal } from '../lib/init/initialisers.ts';
import { readout } from '../lib/layers/readout.ts';
import { stack } from '../lib/layers/stack.ts';
import { unroll } from '../lib/layers/unroll.ts';
import { rankingLoss } from '../lib/losses/ranking.ts';
import { clipByNorm } from '../lib/optim/clip.ts';
import { ParamSet } from '../lib/params.ts';
import { Random } from '../lib/random.ts';
import { Sequence } from '../lib/sequence.ts';
import { matrix, size } from './arbitraries.ts';
import { deviation, flat } from './numbers.ts';

const power = (A: Matrix, n: number): Matrix => (n === 0 ? Matrix.eye(A.rows) : power(A, n - 1).mmul(A));
const frobenius = (A: Matrix) => A.norm('frobenius');
const spectralNorm = (A: Matrix) => new SingularValueDecomposition(A, { autoTranspose: true }).norm2;
const spectralRadius = (A: Matrix) => {
  const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(A);
  return Math.max(...realEigenvalues.map((re, i) => Math.hypot(re, imaginaryEigenvalues[i] ?? Number.NaN)));
};

/** A nilpotent W, and the slopes where the network rests at h = (0, ½). */
const W = new Matrix([
  [8, 32 / 3],
  [-6, -8],
]);
const rest = [0, 0.5];
const D = Matrix.diag(rest.map(h => 1 - h * h));

/** ∂h_T/∂h_0 of a network that rests, row by row from the library's own backward pass. */
function jacobian(T: number): Matrix {
  const layer = unroll(rnn, { d: 1, m: 2 });
  const a = rest.map(Math.atanh);
  const b = a.map((ai, i) => ai - W.getRow(i).reduce((sum, w, j) => sum + w * (rest[j] ?? Number.NaN), 0));
  layer.params.values.set([...flat(W), 0, 0, ...b]);
  const { tape } = layer.forward(Sequence.zeros({ T, F: 1 }), { h: new Matrix([rest]) });
  const none = Sequence.zeros({ T, F: 2 });
  return new Matrix(
    [0, 1].map(i => layer.backward(tape, none, { h: Matrix.eye(2).getRowVector(i) }).ds0.h?.getRow(0) ?? []),
  );
}

describe('ERR-1: the closed form separates what does not commute', () => {
  it('the slide’s product is 0 where the true one has norm 7832.6', () => {
    const separated = power(D, 10).mmul(power(W, 10));
    const inTurn = power(D.mmul(W), 10);
    expect(frobenius(separated)).toBeLessThan(1e-12);
    expect(frobenius(inTurn)).toBeCloseTo(7832.559, 2);
    expect(frobenius(power(W.mmul(D), 10))).toBeCloseTo(7240.773, 2);
  });

  it('and the true one is what the network’s gradient is', () => {
    for (const T of [1, 2, 5]) expect(deviation(jacobian(T), power(D.mmul(W), T))).toBeLessThan(1e-9);
    expect(Math.abs(frobenius(jacobian(10)) / 7832.559 - 1)).toBeLessThan(1e-6);
  });
});

describe('ERR-2: an orthogonal eigenbasis is the exception', () => {
  const A = new Matrix([
    [0.9, 100],
    [0, 0.8],
  ]);

  it('a diagonalisable matrix with eigenvalues below 1 has powers above 100 for twenty steps', () => {
    expect(spectralRadius(A)).toBeCloseTo(0.9, 12);
    for (let n = 1; n <= 20; n++) expect(spectralNorm(power(A, n))).toBeGreaterThanOrEqual(100);
    expect(spectralNorm(power(A, 30))).toBeLessThan(100);
  });

  it('‖Wⁿ‖ ≤ κ(S) ρ(W)ⁿ with its true, oblique eigenbasis', () => {
    const S = new Matrix([
      [1, 1],
      [0, -0.001],
    ]);
    expect(deviation(S.mmul(Matrix.diag([0.9, 0.8])).mmul(inverse(S)), A)).toBeLessThan(1e-12);
    const kappa = spectralNorm(S) * spectralNorm(inverse(S));
    for (let n = 1; n <= 60; n++) expect(spectralNorm(power(A, n))).toBeLessThanOrEqual(kappa * 0.9 ** n);
    expect(kappa).toBeGreaterThan(1000);
  });
});

describe('ERR-3: eigenvalues below 1 do not make gradients vanish', () => {
  it('ρ(W) = 0 and ρ(DW) = 2, with slopes that only shrink', () => {
    expect(frobenius(power(W, 2))).toBeLessThan(1e-13);
    expect(spectralRadius(D.mmul(W))).toBeCloseTo(2, 12);
    expect(D.diag()).toEqual([1, 0.75]);
  });
});

describe('ERR-4: a large singular value is necessary for exploding, not sufficient', () => {
  it('σ_max = 10, and no gradient gets further than one step', () => {
    const A = new Matrix([
      [0, 10],
      [0, 0],
    ]);
    expect(spectralNorm(A)).toBeCloseTo(10, 12);
    expect(flat(power(A, 2))).toEqual([0, 0, 0, 0]);
  });

  it('‖∂h_j/∂h_t‖ ≤ σ_max(W)^{j−t} holds for every tanh network', () => {
    const networks = fc
      .tuple(size(8), size(4))
      .chain(([T, m]) => fc.tuple(fc.constant(T), matrix(m, m), matrix(1, m), matrix(1, m)));
    fc.assert(
      fc.property(networks, ([T, V, b, h0]) => {
        const m = V.rows;
        const layer = unroll(rnn, { d: 1, m });
        layer.params.values.set([...flat(V), ...new Array(m).fill(0), ...flat(b)]);
        const { tape } = layer.forward(Sequence.zeros({ T, F: 1 }), { h: h0 });
        const none = Sequence.zeros({ T, F: m });
        const rows = Array.from(
          { length: m },
          (_, i) => layer.backward(tape, none, { h: Matrix.eye(m).getRowVector(i) }).ds0.h,
        );
        const J = new Matrix(rows.map(row => row?.getRow(0) ?? []));
        expect(spectralNorm(J)).toBeLessThanOrEqual(spectralNorm(V) ** T * (1 + 1e-9) + 1e-12);
      }),
    );
  });
});

describe('ERR-5: the transposed Jacobian', () => {
  it('∂h_i/∂h_{i−1} is diag(g′) W and not Wᵀ diag(g′)', () => {
    const J = jacobian(1);
    expect(deviation(J, D.mmul(W))).toBeLessThan(1e-12);
    expect(deviation(J, W.transpose().mmul(D))).toBeGreaterThan(0.5);
    expect(deviation(J.transpose(), W.transpose().mmul(D))).toBeLessThan(1e-12);
  });
});

describe('ERR-6: the immediate derivative', () => {
  it('summed over the steps it gives dh_t/dw; the total one in its place counts paths many times', () => {
    const [w, T] = [0.9, 4];
    const states = (weight: number) => {
      const h = [0.5];
      for (let t = 1; t <= T; t++) h.push(Math.tanh(weight * (h[t - 1] ?? Number.NaN)));
      return h;
    };
    const h = states(w);
    const slope = (t: number) => 1 - (h[t] ?? Number.NaN) ** 2;
    const between = (t: number, k: number): number => (t === k ? 1 : slope(t) * w * between(t - 1, k));
    const immediate = (k: number) => slope(k) * (h[k - 1] ?? Number.NaN);
    const sum = (derivative: (k: number) => number) =>
      Array.from({ length: T }, (_, n) => between(T, n + 1) * derivative(n + 1)).reduce((a, b) => a + b, 0);
    const total = (k: number): number => immediate(k) + (k === 1 ? 0 : slope(k) * w * total(k - 1));

    const weight = new Matrix([[w]]);
    const loss = () => states(weight.get(0, 0))[T] ?? Number.NaN;
    const check = (gradient: number) =>
      checkGradients(loss, [{ name: 'w', values: weight, gradient: new Matrix([[gradient]]) }]).ok;
    expect(check(sum(immediate))).toBe(true);
    expect(check(sum(total))).toBe(false);
    expect(sum(total)).toBeGreaterThan(1.5 * sum(immediate));
  });
});

describe('ERR-7: the bias of the listing', () => {
  it('the bias is added: logits at a zero bias tell inputs apart, and V gets a gradient', () => {
    const layer = readout({ m: 2, C: 2 });
    layer.params.named().V.set(0, 0, 1);
    const h = Sequence.dense([0.5, -0.5], { T: 1, F: 2 });
    const { y, tape } = layer.forward(h);
    expect([...y.data]).toEqual([0.5, 0]);
    expect(flat(Matrix.mul(new Matrix([[0.5, 0]]), new Matrix([[0, 0]])))).toEqual([0, 0]); // as printed: (V h) ⊙ c
    layer.backward(tape, Sequence.dense([1, 2], { T: 1, F: 2 }));
    expect(flat(layer.params.namedGrads().V)).toEqual([0.5, -0.5, 1, -1]);
  });
});

describe('ERR-8: only the direct path is elementwise', () => {
  const m = 3;
  const layer = unroll(lstm, { d: 2, m });
  normal(1)(layer.params, new Random(8));
  const through = (T: number) => {
    const x = Sequence.dense([1, -1, 0.5, 2].slice(0, 2 * T), { T, F: 2 });
    const s0 = { h: new Matrix([[0.3, -0.2, 0.1]]), c: new Matrix([[0.5, 1, -0.7]]) };
    const { tape } = layer.forward(x, s0);
    const rows = Array.from({ length: m }, (_, i) => {
      const dsT = { h: Matrix.zeros(1, m), c: Matrix.eye(m).getRowVector(i) };
      return layer.backward(tape, Sequence.zeros({ T, F: m }), dsT).ds0.c?.getRow(0) ?? [];
    });
    const highway = tape.steps.reduce((product, { f }) => product.mul(f), Matrix.ones(1, m));
    return { whole: new Matrix(rows), direct: Matrix.diag(highway.getRow(0)) };
  };

  it('dc_t/dc_{t−1} is diag(f_t) over one step, and full over two', () => {
    const [one, two] = [through(1), through(2)];
    expect(deviation(one.whole, one.direct)).toBeLessThan(1e-15);
    const roundabout = Matrix.sub(two.whole, two.direct);
    expect(Math.min(...flat(roundabout).map(Math.abs))).toBeGreaterThan(1e-4);
    expect(frobenius(roundabout) / frobenius(two.direct)).toBeGreaterThan(0.05);
  });
});

describe('ERR-9: which state the gates peep at', () => {
  it('the output gate sees c_t: with p_o it follows the state just made, not the one before', () => {
    const layer = unroll(lstmPeephole, { d: 1, m: 1 });
    const { p_o, b_i, U_g } = layer.params.named();
    p_o.set(0, 0, 3);
    b_i.set(0, 0, 50); // i = 1, and f = σ(0) = ½
    U_g.set(0, 0, 1);
    const [c0, x] = [0.8, -2];
    const { y, sT } = layer.forward(Sequence.dense([x], { T: 1, F: 1 }), {
      h: new Matrix([[0]]),
      c: new Matrix([[c0]]),
    });
    const c1 = 0.5 * c0 + Math.tanh(x);
    const sigma = (a: number) => 1 / (1 + Math.exp(-a));
    expect(sT.c?.get(0, 0)).toBeCloseTo(c1, 12);
    expect(y.data[0]).toBeCloseTo(sigma(3 * c1) * Math.tanh(c1), 12);
    expect(Math.abs(sigma(3 * c0) * Math.tanh(c1) - (y.data[0] ?? 0))).toBeGreaterThan(0.1);
  });
});

describe('ERR-10: clip what the optimiser receives', () => {
  it('a derivative clipped inside the recursion is caught as wrong', () => {
    const clipped: typeof rnn = {
      ...rnn,
      backward(p, tape, dnext, dp) {
        const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
        return {
          dx,
          dprev: { h: new Matrix(dprev.h.to2DArray().map(row => row.map(g => Math.max(-0.1, Math.min(0.1, g))))) },
        };
      },
    };
    expect(checkCell(clipped).ok).toBe(false);
  });

  it('a finished gradient that is clipped keeps its direction', () => {
    const params = ParamSet.of({ W: [2, 2] });
    params.grads.set([3, -4, 0, 12]);
    const before = params.grads.slice();
    clipByNorm(params, 1);
    const product = before.reduce((sum, g, i) => sum + g * (params.grads[i] ?? Number.NaN), 0);
    expect(product).toBeCloseTo(13, 12); // θ ‖G‖
  });
});

describe('ERR-11: the forget gate has a matrix of its own', () => {
  const gates = (own: boolean) => {
    const layer = unroll(lstm, { d: 3, m: 1 });
    const { U_f, U_i } = layer.params.named();
    [1, -2, 0.5].forEach((u, j) => {
      U_i.set(0, j, u);
      U_f.set(0, j, own ? -u : u);
    });
    const inputs = Sequence.dense([1, 0, 0, 0, 1, 0, 0, 0, 1], { T: 1, B: 3, F: 3 });
    const [step] = layer.forward(inputs).tape.steps;
    const order = (gate: number[]) => gate.map((_, b) => b).sort((a, b) => (gate[a] ?? 0) - (gate[b] ?? 0));
    return [order(step?.f.getColumn(0) ?? []), order(step?.i.getColumn(0) ?? [])] as const;
  };

  it('with W_i in both gates they rank inputs alike; with W_f they need not', () => {
    const [[f, i], [ownF, ownI]] = [gates(false), gates(true)];
    expect(f).toEqual(i);
    expect(ownF).toEqual(ownI.toReversed());
  });
});

describe('ERR-12: what the readout reads', () => {
  it('o_t = V h_t + c, which V a_t + c is not', () => {
    const net = stack({ rnn: unroll(rnn, { d: 1, m: 1 }), readout: readout({ m: 1, C: 1 }) });
    net.params.values.set([0, 1, 0, 2, 0.5]); // W, U, b, V, c
    const [o] = net.forward(Sequence.dense([3], { T: 1, F: 1 })).y.data;
    expect(o).toBeCloseTo(2 * Math.tanh(3) + 0.5, 14);
    expect(Math.abs((o ?? 0) - (2 * 3 + 0.5))).toBeGreaterThan(4);
  });
});

describe('ERR-13: a margin without a floor', () => {
  it('equation (15) goes below zero when the activity that has ended has lost', () => {
    const logits = Sequence.dense([5, 0, 0, 5], { T: 2, F: 2 });
    const ranking = (lambda: number) => rankingLoss({ kind: 'm', lambda }).forward(logits, [0, 1]).loss;
    const margin = (ranking(2) - ranking(1)) / 1;
    const p = 1 / (1 + Math.exp(-5));
    expect(margin).toBeCloseTo(1 - p - p, 12);
    expect(ranking(2)).toBeLessThan(0);
  });
});
