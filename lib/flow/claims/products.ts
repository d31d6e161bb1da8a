/** Claims that argue from the matrices alone: products, eigenvalues, singular values. */
import { Matrix } from 'ml-matrix';
import { rnn } from '../../cells/rnn.ts';
import { greatest, least } from '../../extremes.ts';
import { unroll } from '../../layers/unroll.ts';
import { frobenius } from '../../optim/norm.ts';
import { Sequence } from '../../sequence.ts';
import { productOfSteps, stepJacobians } from '../jacobians.ts';
import { probe } from '../networks.ts';
import { spectralNorm, spectrum } from '../spectrum.ts';
import { study } from '../study.ts';
import { type Claim, FADING, fadingOfKind, lastOf, median, medianLine, VANISHED } from './claim.ts';

/** W² = 0, and slopes 1 and ¾ where the network rests: ERR-1. */
const NILPOTENT = new Matrix([
  [8, 32 / 3],
  [-6, -8],
]);
const REST = [0, 0.5];
/** Two eigenvalues below 1, and powers above 100 for twenty steps: ERR-2. */
const OBLIQUE = new Matrix([
  [0.9, 100],
  [0, 0.8],
]);

const tanhGlorot = { cell: rnn, init: 'glorot' } as const;

/** The claims. */
export const productClaims: readonly Claim[] = [
  {
    name: 'closed-form',
    source: 'DD2424 Lecture 9, “Focus on gradient of loss w.r.t. W”',
    says: '∂L/∂h_t = Σ_j g_j V (Π_k D(a_{t+k})) W^{j−t}: all slopes first, then all W.',
    verdict: 'wrong as written',
    because:
      'D and W do not commute (ERR-1). In turn, as BPTT-P3 has them, the factors give what backpropagation gives.',
    measure() {
      const T = 10;
      const J = stepJacobians(resting(), Sequence.zeros({ T, F: 1 }), { s0: { h: new Matrix([REST]) } });
      const D = Matrix.diag(REST.map(h => 1 - h * h));
      const norms = Array.from({ length: T }, (_, n) => {
        const separated = power(D, n + 1).mmul(power(NILPOTENT, n + 1));
        return { n: n + 1, truth: frobenius(productOfSteps(J, n + 1, 0)), slide: frobenius(separated) };
      });
      const [truth = 0, slide = 0] = [norms.at(-1)?.truth, norms.at(-1)?.slide];
      return {
        shown: truth > 1000 && slide < 1e-9,
        figures: { 'in turn, 10 steps': truth, 'separated, 10 steps': slide },
        chart: {
          x: 'steps',
          y: 'Frobenius norm of the product',
          log: true,
          series: [
            { name: 'in turn (true)', points: norms.map(({ n, truth }) => [n, truth]) },
            {
              name: 'separated: 0 from 2 on',
              points: norms.filter(({ slide }) => slide > 1e-9).map(({ n, slide }) => [n, slide]),
            },
          ],
        },
      };
    },
  },
  {
    name: 'eigenvalues',
    source: 'DD2424 Lecture 9, “Focus on gradient of loss w.r.t. W”',
    says: 'W = QΛQᵀ with Q orthogonal, so that W^n = QΛ^nQᵀ vanishes where |λ_i| < 1, and the gradient with it.',
    verdict: 'wrong as written',
    because:
      'An orthogonal Q needs a symmetric W, or over ℂ a normal one. Else W^n may grow first (ERR-2), and D W may have larger eigenvalues than W (ERR-3).',
    measure() {
      const powers = Array.from({ length: 80 }, (_, n) => spectralNorm(power(OBLIQUE, n + 1)));
      const { radius, henrici } = spectrum(OBLIQUE);
      const DW = spectrum(Matrix.diag(REST.map(h => 1 - h * h)).mmul(NILPOTENT)).radius;
      const above = powers.filter(norm => norm > 1).length;
      return {
        shown: radius < 1 && above > 20 && (powers.at(-1) ?? 0) < (powers[0] ?? 0) && DW > 1,
        figures: {
          'ρ(W)': radius,
          'Henrici’s departure from normality': henrici,
          'steps with ‖Wⁿ‖ > 1': above,
          'ρ(DW) where ρ(W) = 0': DW,
        },
        chart: {
          x: 'steps n',
          y: '2-norm',
          log: true,
          series: [
            { name: '‖Wⁿ‖ (true)', points: powers.map((norm, n) => [n + 1, norm]) },
            { name: '‖Λⁿ‖ = 0.9ⁿ (slide)', points: powers.map((_, n) => [n + 1, radius ** (n + 1)]) },
          ],
        },
      };
    },
  },
  {
    name: 'singular-above-1',
    source: 'MIT 6.S191, “Standard RNN gradient flow”; P-ITEEA-0011 Lecture 9',
    says: 'Largest singular value > 1: exploding gradients.',
    verdict: 'wrong as written',
    because: 'It is necessary, not sufficient (ERR-4): a bound above 1 permits growth and does not cause it.',
    measure(effort) {
      const sigmas: number[] = [];
      const curves = fadingOfKind(tanhGlorot, effort, ({ params }) => {
        sigmas.push(spectrum(params.named().W ?? NILPOTENT).norm);
      });
      const smallest = least(sigmas);
      return {
        shown: smallest > 1 && greatest(lastOf(curves)) < VANISHED,
        figures: { 'smallest σ_max': smallest, 'most that arrives': greatest(lastOf(curves)) },
        chart: {
          ...FADING,
          series: [
            { name: 'arrives (true)', points: medianLine(curves) },
            { name: 'σ_max^d', points: medianLine(curves).map(([n]) => [n, median(sigmas) ** n]) },
          ],
        },
      };
    },
  },
  {
    name: 'singular-below-1',
    source: 'MIT 6.S191, “Standard RNN gradient flow”; P-ITEEA-0011 Lecture 9',
    says: 'Largest singular value < 1: vanishing gradients.',
    verdict: 'holds',
    because: 'With slopes of at most 1, ‖∂h_j/∂h_t‖ ≤ σ_max^{j−t} (FLOW-F13), which goes to 0.',
    measure(effort) {
      const sigma = 0.9;
      const curves = fadingOfKind(tanhGlorot, effort, ({ params }) => {
        const { W } = params.named();
        W?.mul(sigma / spectrum(W).norm);
      });
      const worst = greatest(curves.flatMap(curve => curve.map((norm, n) => norm / sigma ** n)));
      return {
        shown: worst <= 1 + 1e-9 && greatest(lastOf(curves)) < sigma ** (effort.length - 1),
        figures: {
          σ_max: sigma,
          'most of the bound that is reached, at any distance': worst,
          arrives: median(lastOf(curves)),
        },
        chart: {
          ...FADING,
          series: [
            { name: 'σ_max^d', points: medianLine(curves).map(([n]) => [n, sigma ** n]) },
            { name: 'arrives (true)', points: medianLine(curves) },
          ],
        },
      };
    },
  },
  {
    name: 'bound',
    source: 'IIIT Hyderabad Lecture 20, “Training RNNs – BPTT, Vanishing gradients” (after Pascanu et al. 2013)',
    says: '‖∂h_i/∂h_{i−1}‖ ≤ γ_W γ_g.',
    verdict: 'holds',
    because: 'And it is far from what happens, as are ρ(W)^d and, close by, exp(λ₁ d), which knows the whole product.',
    measure({ length, d, m }) {
      const { layer, x, dy } = probe({ ...tanhGlorot, d, m, seed: 1 }, length);
      const run = study(layer, x, dy);
      let step = run.next();
      while (!step.done) step = run.next();
      const { predictions } = step.value;
      const far = predictions.at(-1) ?? { truth: Number.NaN, bound: 0, eigenvalue: 0, exponent: 0 };
      const orders = (value: number) => Math.log10(value / far.truth);
      return {
        shown:
          predictions.every(({ truth, bound }) => truth <= bound * (1 + 1e-9)) && Math.abs(orders(far.exponent)) < 2,
        figures: {
          'orders of magnitude off: γ_W γ_g': orders(far.bound),
          'ρ(W)': orders(far.eigenvalue),
          'λ₁': orders(far.exponent),
        },
        chart: {
          x: 'distance back (steps)',
          y: '2-norm of ∂h_T/∂h_k',
          log: true,
          series: [
            { name: '(γ_W γ_g)^d', points: predictions.map(({ distance, bound }) => [distance, bound]) },
            { name: 'ρ(W)^d', points: predictions.map(({ distance, eigenvalue }) => [distance, eigenvalue]) },
            { name: 'true', points: predictions.map(({ distance, truth }) => [distance, truth]) },
            { name: 'exp(λ₁ d)', points: predictions.map(({ distance, exponent }) => [distance, exponent]) },
          ],
        },
      };
    },
  },
];

/** The network of ERR-1: it stays at rest, and its product of Jacobians explodes. */
function resting() {
  const layer = unroll(rnn, { d: 1, m: 2 });
  const { W, b } = layer.params.named();
  W.setSubMatrix(NILPOTENT, 0, 0);
  const rest = NILPOTENT.mmul(Matrix.columnVector(REST));
  for (const [i, h] of REST.entries()) b.set(0, i, Math.atanh(h) - rest.get(i, 0));
  return layer;
}

function power(A: Matrix, n: number): Matrix {
  return n === 0 ? Matrix.eye(A.rows) : power(A, n - 1).mmul(A);
}
