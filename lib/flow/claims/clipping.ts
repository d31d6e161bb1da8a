/** Claims on clipping. */
import { rnn } from '../../cells/rnn.ts';
import { clipByGlobalNorm, clipByValue } from '../../optim/clip.ts';
import type { ParamSet } from '../../params.ts';
import { type Clipped, clippingOf, clippingSummary } from '../clipping.ts';
import { probe } from '../networks.ts';
import { type Claim, type Effort, median } from './claim.ts';

/** The largest norm that a gradient keeps. */
const THETA = 5;
/** Limits on every value, over the largest of a gradient, that a picture goes over. */
const SHARES = [0.0001, 0.001, 0.01, 0.1, 0.3, 1];

/** The claims. */
export const clippingClaims: readonly Claim[] = [
  {
    name: 'clip-norm',
    source: 'DD2424 Lecture 9, “Easy solution to exploding gradients”; MIT 6.S191; P-ITEEA-0011 Lecture 9',
    says: 'Clip: G ← (θ/‖G‖) G where ‖G‖ ≥ θ. Exploding is controlled with gradient clipping.',
    verdict: 'holds',
    because:
      'No step is longer than θ, and each keeps its direction (ERR-10). It cannot know which way to go: an exploded gradient still points where the product’s largest direction does.',
    measure(effort) {
      const seen = gradients(effort, params => clipByGlobalNorm(params, THETA)).sort((a, b) => a.before - b.before);
      const { bites, before, after, cosine } = clippingSummary(seen);
      return {
        shown: bites > 0 && before > 10 * THETA && after <= THETA * (1 + 1e-9) && cosine > 1 - 1e-9,
        figures: {
          'part of gradients clipped': bites,
          'largest norm before': before,
          after,
          'smallest cosine': cosine,
        },
        chart: {
          x: 'gradients, by their norm',
          y: 'norm of the gradient',
          log: true,
          series: [
            { name: 'before', points: seen.map((one, n) => [n + 1, one.before]) },
            { name: `after, θ = ${THETA}`, points: seen.map((one, n) => [n + 1, one.after]) },
          ],
        },
      };
    },
  },
  {
    name: 'clip-value',
    source: '“Sequence Modeling”, “Exploding gradients”; IIIT Hyderabad Lecture 20, `lossFun`',
    says: 'Clip or normalize the values of the gradients to avoid huge changes of weights.',
    verdict: 'needs a condition',
    because:
      'Huge changes are avoided either way. Clipping each value by itself turns the gradient as well, the further the lower the limit; normalising does not.',
    measure(effort) {
      const cosines = SHARES.map(share => {
        const seen = gradients(effort, params => clipByValue(params, share * largest(params.grads)));
        return { share, cosine: median(seen.map(({ cosine }) => cosine)), worst: clippingSummary(seen).cosine };
      });
      const [low, high] = [cosines[0]?.cosine ?? 1, cosines.at(-1)?.cosine ?? 0];
      return {
        shown: low < 0.9 && Math.abs(high - 1) < 1e-9 && cosines.every(({ worst }) => worst > 0),
        figures: Object.fromEntries(cosines.map(({ share, cosine }) => [`cosine at ${share} of the largest`, cosine])),
        chart: {
          x: 'limit over the gradient’s largest value (powers of ten)',
          y: 'cosine of clipped and whole gradient',
          log: false,
          series: [
            { name: 'by value', points: cosines.map(({ share, cosine }) => [Math.log10(share), cosine]) },
            { name: 'by norm', points: SHARES.map(share => [Math.log10(share), 1]) },
          ],
        },
      };
    },
  },
];

/** What clipping does to whole gradients of networks whose gradient explodes: one a seed. */
function gradients({ seeds, length, d, m }: Effort, clip: (params: ParamSet) => unknown): Clipped[] {
  return Array.from({ length: seeds }, (_, n) => {
    const { layer, x, dy } = probe({ cell: rnn, init: 'normal', gain: 3, d, m, seed: n + 1 }, length);
    layer.params.zeroGrads();
    const { tape } = layer.forward(x);
    layer.backward(tape, dy);
    layer.release?.(tape);
    return clippingOf(layer.params, clip);
  });
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
