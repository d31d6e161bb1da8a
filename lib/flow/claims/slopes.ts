/** Claims on slopes, gains and first weights. */

import { rnn, rnnRelu } from '../../cells/rnn.ts';
import { greatest, least } from '../../extremes.ts';
import type { Layer } from '../../layers/layer.ts';
import { outputsOf } from '../../layers/outputs.ts';
import { frobenius } from '../../optim/norm.ts';
import type { Sequence } from '../../sequence.ts';
import { stateGradients } from '../gradients.ts';
import { stepJacobians } from '../jacobians.ts';
import { lyapunov } from '../lyapunov.ts';
import { initNames, probe } from '../networks.ts';
import {
  type Claim,
  type Effort,
  FADING,
  fadingOfKind,
  type Kind,
  lastOf,
  median,
  medianLine,
  SURVIVES,
  VANISHED,
} from './claim.ts';

const tanh = (init: Kind['init'], gain = 1): Kind => ({ cell: rnn, init, gain });
const relu = (init: Kind['init'], gain = 1): Kind => ({ cell: rnnRelu, init, gain });

/** Gains that a picture goes over. */
const GAINS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];

/** The claims. */
export const slopeClaims: readonly Claim[] = [
  {
    name: 'small-slopes',
    source: 'DD2424 Lecture 9, “Focus on gradient of loss w.r.t. W”',
    says: 'The product of slopes is likely small, so ∂L/∂a_t only depends on the first few entries in the sum.',
    verdict: 'needs a condition',
    because:
      'W must not make up for the slopes. At four times the gain the slopes are smaller still, and the gradient grows.',
    measure(effort) {
      const [one, four] = [fadingOfKind(tanh('normal'), effort), fadingOfKind(tanh('normal', 4), effort)];
      const [slopesOne, slopesFour] = [slopeProducts(tanh('normal'), effort), slopeProducts(tanh('normal', 4), effort)];
      const [few, many] = [median(lastOf(one)), median(lastOf(four))];
      const [mild, steep] = [slopesOne.at(-1) ?? 1, slopesFour.at(-1) ?? 1];
      return {
        shown: few < VANISHED && many > 1 && steep < mild && mild < VANISHED,
        figures: { 'arrives, gain 1': few, 'arrives, gain 4': many, 'slopes, gain 1': mild, 'slopes, gain 4': steep },
        chart: {
          ...FADING,
          series: [
            { name: 'gradient, gain 4', points: medianLine(four) },
            { name: 'gradient, gain 1', points: medianLine(one) },
            { name: 'slopes alone, gain 1', points: slopesOne.map((slope, n) => [n, slope]) },
            { name: 'slopes alone, gain 4', points: slopesFour.map((slope, n) => [n, slope]) },
          ],
        },
      };
    },
  },
  {
    name: 'close-to-1',
    source: 'IIIT Hyderabad Lecture 20, “Vanishing/Exploding gradients”',
    says: '∂C_T/∂W ∝ |W|^T |g′|^T: |W| ≪ 1 vanishing, |W| ≫ 1 exploding, close to 1 is ideal.',
    verdict: 'needs a condition',
    because:
      'A tanh unit with a large w saturates, and g′ falls faster than w grows: where h = tanh(w h) comes to rest, w g′ is largest at w = 1. The first and the third hold.',
    measure() {
      const points = Array.from({ length: 59 }, (_, n) => 0.1 + 0.05 * n).map(w => [w, w * restingSlope(w)] as const);
      const best = points.reduce((most, point) => (point[1] > most[1] ? point : most));
      const factor = (w: number) => w * restingSlope(w);
      return {
        shown: Math.abs(best[0] - 1) < 1e-9 && factor(0.5) <= 0.5 && factor(3) < 0.1,
        figures: { 'w of the largest factor': best[0], 'factor at w = 0.5': factor(0.5), 'at w = 3': factor(3) },
        chart: {
          x: 'recurrent weight w of one unit',
          y: 'factor on a gradient, a step',
          log: false,
          series: [
            { name: 'tanh: w·g′(w h)', points },
            { name: 'slopes of 1: w', points: points.filter(([w]) => w <= 1.5).map(([w]) => [w, w]) },
          ],
        },
      };
    },
  },
  {
    name: 'gain-in-the-loop',
    source:
      'P-ITEEA-0011 Lecture 9, “Activation function in feedback loop”; “Sequence Models”, “LSTM / GRU: RNN review (2)”',
    says: 'tanh keeps outputs between −1 and 1 and avoids exploding; the gain should be smaller than 1 in the loop.',
    verdict: 'needs a condition',
    because:
      'It holds of the states. Of gradients, tanh does not keep them from exploding (λ₁ > 0 at gain 4), and a gain below 1 makes them vanish.',
    measure(effort) {
      const few = { ...effort, seeds: Math.min(effort.seeds, 5) }; // an exponent varies little, and takes long
      const rate = (gain: number) => median(exponents(tanh('normal', gain), few));
      const points = GAINS.map(gain => [gain, rate(gain)] as const);
      const at = (gain: number) => points.find(([g]) => g === gain)?.[1] ?? Number.NaN;
      return {
        shown: at(0.5) < -0.5 && at(4) > 0 && largestState(tanh('normal', 4), effort) <= 1,
        figures: {
          'λ₁ at gain 0.5': at(0.5),
          'λ₁ at gain 1': at(1),
          'λ₁ at gain 4': at(4),
          'largest |h| at gain 4': largestState(tanh('normal', 4), effort),
        },
        chart: {
          x: 'gain: standard deviation of W over 1/√m',
          y: 'largest Lyapunov exponent (nats a step)',
          log: false,
          series: [
            { name: 'λ₁', points },
            { name: '0: neither', points: GAINS.map(gain => [gain, 0]) },
          ],
        },
      };
    },
  },
  {
    name: 'usually-decreases',
    source: '“Sequence Modeling”, “Vanishing gradients” and “Exploding gradients”',
    says: 'The magnitude usually decreases quickly; sometimes gradients increase exponentially, which happens rarely.',
    verdict: 'holds',
    because: 'Of networks that begin as is usual: all of these vanish. At a gain of 4 it is the other way round.',
    measure(effort) {
      const usual = initNames.filter(init => init !== 'identity');
      const curves = usual.map(init => ({ init, all: fadingOfKind(tanh(init), effort) }));
      const exploding = fadingOfKind(tanh('normal', 4), effort);
      const share = (all: readonly (readonly number[])[], test: (norm: number) => boolean) =>
        lastOf(all).filter(test).length / all.length;
      return {
        shown:
          curves.every(({ all }) => share(all, norm => norm < VANISHED) === 1) && share(exploding, n => n > 1) > 0.5,
        figures: {
          'part that vanishes, usual': least(curves.map(({ all }) => share(all, norm => norm < VANISHED))),
          'part that explodes, gain 4': share(exploding, norm => norm > 1),
        },
        chart: {
          ...FADING,
          series: [
            { name: 'normal, gain 4', points: medianLine(exploding) },
            ...curves.map(({ init, all }) => ({ name: init, points: medianLine(all) })),
          ],
        },
      };
    },
  },
  {
    name: 'early-layers',
    source: '“Sequence Models”, “RNN: Vanishing Gradient (2)” and “(3)”',
    says: 'Small gradients mean that the early layers (time steps) do not learn.',
    verdict: 'wrong as written',
    because: 'All steps share W, and dL/dW does not vanish. What vanishes is the early steps’ part of it.',
    measure({ length, d, m }) {
      const { layer, x, dy } = probe({ ...tanh('uniform'), d, m, seed: 1 }, length);
      dy.data.fill(0, 0, (length - 1) * m);
      const parts = contributions(layer, x, dy);
      const whole = parts.reduce((sum, part) => sum + part, 0);
      const early = parts.slice(0, Math.floor(length / 2)).reduce((sum, part) => sum + part, 0);
      return {
        shown: whole > SURVIVES && early > 0 && early / whole < VANISHED,
        figures: { 'norms of all parts of dL/dW': whole, 'of which in the first half': early / whole },
        chart: {
          x: 'time step t',
          y: 'norm of what step t adds to dL/dW, of the last loss',
          log: true,
          series: [{ name: '‖g_tᵀ h_{t−1}ᵀ‖', points: parts.map((part, n) => [n + 1, part]) }],
        },
      };
    },
  },
  {
    name: 'relu',
    source: 'MIT 6.S191, “Trick #1: activation functions”; DD2424 Lecture 9, “Solution 2”',
    says: 'ReLU prevents f′ from shrinking the gradients where x > 0, and is to be used in place of tanh.',
    verdict: 'needs a condition',
    because:
      'The slope is 1 where x > 0, but 0 elsewhere, and about half of the units are there: with the same W it vanishes alike. It takes W = I besides.',
    measure(effort) {
      const lines = [
        { name: 'ReLU, identity', all: fadingOfKind(relu('identity'), effort) },
        { name: 'tanh, glorot', all: fadingOfKind(tanh('glorot'), effort) },
        { name: 'ReLU, glorot', all: fadingOfKind(relu('glorot'), effort) },
      ];
      const [identity = 0, tanhs = 1, relus = 1] = lines.map(({ all }) => median(lastOf(all)));
      return {
        shown: identity > SURVIVES && tanhs < VANISHED && relus < VANISHED,
        figures: { 'ReLU, identity': identity, 'tanh, glorot': tanhs, 'ReLU, glorot': relus },
        chart: { ...FADING, series: lines.map(({ name, all }) => ({ name, points: medianLine(all) })) },
      };
    },
  },
  {
    name: 'identity',
    source: 'DD2424 Lecture 9, “Solution 1”; MIT 6.S191, “Trick #2: parameter initialization”',
    says: 'Initialise W to the identity, biases to zero: it keeps the gradient from shrinking.',
    verdict: 'needs a condition',
    because:
      'ReLU, with which W = I is an IRNN (Le et al. 2015); or a tanh whose inputs are too small to bend it. And biases not below zero, which end every unit.',
    measure(effort) {
      const lines = [
        { name: 'tanh, tiny inputs', all: fadingOfKind(tanh('identity'), effort) },
        { name: 'ReLU, any inputs', all: fadingOfKind({ ...relu('identity'), inputGain: 250 }, effort) },
        { name: 'tanh, inputs of size 1', all: fadingOfKind({ ...tanh('identity'), inputGain: 250 }, effort) },
      ];
      const negative = fadingOfKind(relu('identity'), effort, ({ params }) => params.named().b?.fill(-0.1));
      const [tiny = 0, relus = 0, tanhs = 1] = lines.map(({ all }) => median(lastOf(all)));
      const ended = greatest(lastOf(negative));
      return {
        shown: tiny > SURVIVES && relus > SURVIVES && tanhs < VANISHED && ended === 0,
        figures: { 'tanh, tiny inputs': tiny, ReLU: relus, 'tanh, inputs of size 1': tanhs, 'ReLU, bias −0.1': ended },
        chart: { ...FADING, series: lines.map(({ name, all }) => ({ name, points: medianLine(all) })) },
      };
    },
  },
];

/** g′ where h = tanh(w h) comes to rest, begun at 1: the stable of its solutions. */
function restingSlope(w: number): number {
  let h = 1;
  for (let n = 0; n < 100_000; n++) {
    const next = Math.tanh(w * h);
    if (next === h) break;
    h = next;
  }
  return 1 - h * h;
}

/** The median over seeds of the geometric mean over units of Π g′, at 0, 1, … T−1 steps back. */
function slopeProducts(kind: Kind, { seeds, length, d, m }: Effort): number[] {
  const logs = Array.from({ length: seeds }, (_, n) => {
    const { layer, x } = probe({ ...kind, d, m, seed: n + 1 }, length);
    const y = outputsOf(layer, x);
    const means = Array.from({ length }, (_, t) => {
      const h = y.at(t).getRow(0);
      return h.reduce((sum, value) => sum + Math.log(1 - value * value), 0) / m;
    });
    let sum = 0;
    return means.toReversed().map(value => {
      sum += value;
      return sum - value;
    });
  });
  return medianLine(logs).map(([, log]) => Math.exp(log));
}

function exponents(kind: Kind, { seeds, length, d, m }: Effort): number[] {
  return Array.from({ length: seeds }, (_, n) => {
    const { layer, x } = probe({ ...kind, d, m, seed: n + 1 }, length);
    return lyapunov(stepJacobians(layer, x).steps).exponents[0] ?? Number.NaN;
  });
}

function largestState(kind: Kind, { length, d, m }: Effort): number {
  const { layer, x } = probe({ ...kind, d, m, seed: 1 }, length);
  return outputsOf(layer, x)
    .rows()
    .to1DArray()
    .reduce((most, h) => Math.max(most, Math.abs(h)), 0);
}

/** ‖g_tᵀ h_{t−1}ᵀ‖ for every step, the terms of RNN-B2. */
function contributions(layer: Layer, x: Sequence, dy: Sequence): number[] {
  const gradients = stateGradients(layer, x, dy);
  const y = outputsOf(layer, x);
  return Array.from({ length: x.T }, (_, t) => {
    const [dh, h] = [gradients[t + 1]?.h?.getRow(0) ?? [], y.at(t).getRow(0)];
    const g = dh.reduce((norm, value, i) => Math.hypot(norm, value * (1 - (h[i] ?? 0) ** 2)), 0);
    return t === 0 ? 0 : g * frobenius(y.at(t - 1));
  });
}
