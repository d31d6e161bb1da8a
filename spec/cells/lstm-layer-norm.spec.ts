/** The LSTM with layer normalisation: its derivation, its gradients, what it is blind to, planted mistakes. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { normalised, throughNormalised } from '../../lib/cells/layer-norm.ts';
import { type LstmLayerNormTape, lstmLayerNorm } from '../../lib/cells/lstm-layer-norm.ts';
import { explain } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { matrix } from '../arbitraries.ts';
import { deviation, flat, inner } from '../numbers.ts';
import { assigned, everything } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

const GATES = ['f', 'i', 'o', 'g'] as const;

describe('lstm-layer-norm', () => {
  it('runs fused, as an LSTM does', () => {
    expect(explain(lstmLayerNorm)).toBe('runs fused: 2 products and 1 kernel a step');
  });

  it('goes back through a normalisation by a symmetric Jacobian, which leaves out the mean and what lies along N', () => {
    fc.assert(
      fc.property(matrix(1, 6), matrix(1, 6), (a, dN) => {
        const { N, r } = normalised({ a });
        const R = r.get(0, 0);
        const n = N.a.to2DArray();
        const NN = new Matrix(n).transpose().mmul(new Matrix(n));
        const J = Matrix.sub(Matrix.eye(6), Matrix.div(Matrix.add(Matrix.ones(6, 6), NN), 6)).mul(R); // LLN-D2  ∂N/∂a = r (I − 11ᵀ/M − NNᵀ/M)
        expect(deviation(throughNormalised({ N, r }, { a: dN }).a, dN.mmul(J))).toBeLessThan(1e-11); // LLN-D3  dN times it
      }),
    );
  });

  it('normalises several matrices as one, to a mean of 0 and a variance of 1', () => {
    const [a, b] = [
      new Matrix([
        [100, 200, 350],
        [1, 2, 4],
      ]),
      new Matrix([
        [-100, 40, 7],
        [8, 16, 32],
      ]),
    ];
    const { N } = normalised({ a, b });
    for (const n of [0, 1]) {
      const units = [...N.a.getRow(n), ...N.b.getRow(n)];
      expect(units.reduce((sum, unit) => sum + unit, 0)).toBeCloseTo(0, 12);
      expect(units.reduce((sum, unit) => sum + unit * unit, 0) / 6).toBeCloseTo(1, 5);
    }
  });

  it('does not see how large its weights are; their gradients are at a right angle to them', () => {
    const layer = unroll(lstmLayerNorm, { d: 3, m: 5 });
    normal(0.5)(layer.params, new Random(4));
    const { W_f, W_i, W_o, W_g, U_f, U_i, U_o, U_g } = layer.params.named();
    const [W, U] = [
      [W_f, W_i, W_o, W_g],
      [U_f, U_i, U_o, U_g],
    ];
    for (const weights of [...W, ...U]) weights.mul(1000); // beside which ε is nothing
    const x = Sequence.dense(
      Array.from({ length: 36 }, (_, n) => Math.sin(n)),
      { T: 6, B: 2, F: 3 },
    );
    const { y, tape } = layer.forward(x);
    const before = flat(y.rows());
    layer.backward(tape, y);
    const grads = layer.params.namedGrads();
    for (const [kind, weights] of [
      ['W', W],
      ['U', U],
    ] as const) {
      const gradients = GATES.map(k => grads[`${kind}_${k}`]);
      const along = weights.reduce((sum, w, n) => sum + inner(w, gradients[n] ?? w), 0);
      const sizes = weights.reduce((sum, w, n) => sum + w.norm() * (gradients[n] ?? w).norm(), 0);
      expect(Math.abs(along) / sizes).toBeLessThan(1e-5); // LLN-D1  Σ_k ⟨dL/dW_k, W_k⟩ = 0
    }
    for (const weights of W) weights.mul(7);
    for (const weights of U) weights.mul(0.3);
    expect(deviation(layer.forward(x).y.rows(), Matrix.from1DArray(12, 5, before))).toBeLessThan(1e-6);
  });

  it('has gains and biases with which it is an LSTM’s output gate alone: what is proposed is not seen where w_c = 0', () => {
    const layer = unroll(lstmLayerNorm, { d: 1, m: 3 });
    normal(0.5)(layer.params, new Random(5));
    const { w_c, b_c, w_o, u_o, b_o } = layer.params.named();
    for (const row of [w_c, w_o, u_o, b_o]) row.fill(0);
    b_c.fill(0.5);
    const { y } = layer.forward(Sequence.dense([1, 2, 3], { T: 3, F: 1 }));
    expect(flat(y.rows())).toEqual(new Array(9).fill(Math.tanh(0.5) / 2));
  });

  describeDerivation(lstmLayerNorm);

  describeCheck(lstmLayerNorm, [
    ...GATES.map(k => `W_${k} LLN-B18`),
    ...GATES.map(k => `U_${k} LLN-B19`),
    ...GATES.map(k => `b_${k} LLN-B13`),
    ...GATES.map(k => `w_${k} LLN-B11`),
    ...GATES.map(k => `u_${k} LLN-B12`),
    'w_c LLN-B3',
    'b_c LLN-B4',
    'V RO-B1',
    'c RO-B2',
    'x LLN-B20',
    'h0 LLN-B21',
    'c0 LLN-B10',
  ]);
});

/** The cell whose backward pass is handed another tape. */
const planted = (change: (tape: LstmLayerNormTape) => Partial<LstmLayerNormTape>): typeof lstmLayerNorm => ({
  ...lstmLayerNorm,
  backward: (p, tape, dnext, dp) => lstmLayerNorm.backward(p, { ...tape, ...change(tape) }, dnext, dp),
});

const all = everything(lstmLayerNorm);
const ones = (a: AbstractMatrix) => Matrix.ones(a.rows, a.columns);
const none = (a: AbstractMatrix) => Matrix.zeros(a.rows, a.columns);
const [U, u] = ['U', 'u'].map(kind => GATES.map(k => `${kind}_${k}`)) as [string[], string[]];

describeMistakes(lstmLayerNorm, [
  ['what comes from the input not divided by σ', [...U, 'x'], planted(({ Q }) => ({ Q: { ...Q, r: ones(Q.r) } }))],
  [
    'its part along N left in',
    [...U, ...u, 'x'],
    planted(({ Q: { N, r } }) => ({ Q: { N: { f: none(N.f), i: none(N.i), o: none(N.o), g: none(N.g) }, r } })),
  ],
  ['what comes from the state not divided by σ', all, planted(({ P }) => ({ P: { ...P, r: ones(P.r) } }))],
  ['the memory not divided by σ', all, planted(({ C }) => ({ C: { ...C, r: ones(C.r) } }))],
  ['c_t for c_{t−1}', all, planted(({ C }) => ({ cPrev: C.N.c }))],
  ['dw_c assigned where it must be added', ['w_c'], assigned(lstmLayerNorm, 'w_c')],
]);
