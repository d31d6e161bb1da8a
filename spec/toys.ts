/** Small cells that are unlike the library's in one way each. */
import type { AbstractMatrix } from 'ml-matrix';
import type { Cell } from '../lib/cells/cell.ts';
import { rnn } from '../lib/cells/rnn.ts';
import {
  add,
  addColumnSums,
  addTTimes,
  log,
  mul,
  mulRow,
  reciprocal,
  shift,
  sub,
  tanh,
  tanhSlope,
  times,
  timesT,
} from '../lib/matrix.ts';

/** The vanilla network with another number of units than it is asked for. */
export const wide = (name: string, units: (m: number) => number): typeof rnn => ({
  ...rnn,
  name,
  params: ({ d, m }) => rnn.params({ d, m: units(m) }),
  state: ({ m }) => ({ h: units(m) }),
});

interface InverseTape {
  readonly x: AbstractMatrix;
  readonly r: AbstractMatrix;
  readonly l: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly h: AbstractMatrix;
}

/** h_t = tanh(W h_{t−1} + U (1/x_t) + V log x_t): of an input of 0 there is none. */
export const inverse: Cell<'W' | 'U' | 'V', 'h', InverseTape> = {
  name: 'inverse',
  equations: { W: 'B2', U: 'B3', V: 'B4', x: 'B5', h: 'B6' },
  params: ({ d, m }) => ({ W: [m, m], U: [m, d], V: [m, d] }),
  state: ({ m }) => ({ h: m }),

  forward({ W, U, V }, x, { h: hPrev }) {
    const [r, l] = [reciprocal(x), log(x)];
    const h = tanh(add(timesT(hPrev, W), timesT(r, U), timesT(l, V)));
    return { next: { h }, tape: { x, r, l, hPrev, h } };
  },

  backward({ W, U, V }, { r, l, hPrev, h }, { h: dh }, dp) {
    const da = mul(dh, tanhSlope(h));
    addTTimes(dp.W, da, hPrev);
    addTTimes(dp.U, da, r);
    addTTimes(dp.V, da, l);
    const dx = sub(mul(times(da, V), r), mul(times(da, U), r, r));
    return { dx, dprev: { h: times(da, W) } };
  },
};

interface FadingTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly h: AbstractMatrix;
  readonly r: AbstractMatrix;
}

/** h_t = tanh(W h_{t−1} + U x_t + c/(1+n)) at the n-th step of a sequence, from 0. */
export const fading: Cell<'W' | 'U' | 'c', 'h', FadingTape> = {
  name: 'fading',
  equations: { W: 'B2', U: 'B3', c: 'B4', x: 'B5', h: 'B6' },
  time: true,
  params: ({ d, m }) => ({ W: [m, m], U: [m, d], c: [m, 1] }),
  state: ({ m }) => ({ h: m }),

  forward({ W, U, c }, x, { h: hPrev }, time: AbstractMatrix) {
    const r = reciprocal(shift(time, 1));
    const h = tanh(add(timesT(hPrev, W), timesT(x, U), timesT(r, c)));
    return { next: { h }, tape: { x, hPrev, h, r } };
  },

  backward({ W, U }, { x, hPrev, h, r }, { h: dh }, dp) {
    const da = mul(dh, tanhSlope(h));
    addTTimes(dp.W, da, hPrev);
    addTTimes(dp.U, da, x);
    addTTimes(dp.c, da, r);
    return { dx: times(da, U), dprev: { h: times(da, W) } };
  },
};

interface GainedTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly u: AbstractMatrix;
}

/** h_t = g⊙tanh(W h_{t−1} + U x_t) with a gain that begins at 1, and as many units as come in pairs. */
export const gained: Cell<'W' | 'U' | 'g', 'h', GainedTape> = {
  name: 'gained',
  equations: { W: 'B2', U: 'B3', g: 'B4', x: 'B5', h: 'B6' },
  first: { g: 1 },
  sizes: ({ m }) => (m % 2 === 0 ? {} : { m: 'an even number' }),
  params: ({ d, m }) => ({ W: [m, m], U: [m, d], g: [1, m] }),
  state: ({ m }) => ({ h: m }),

  forward({ W, U, g }, x, { h: hPrev }) {
    const u = tanh(add(timesT(hPrev, W), timesT(x, U)));
    return { next: { h: mulRow(u, g) }, tape: { x, hPrev, u } };
  },

  backward({ W, U, g }, { x, hPrev, u }, { h: dh }, dp) {
    const da = mul(mulRow(dh, g), tanhSlope(u));
    addTTimes(dp.W, da, hPrev);
    addTTimes(dp.U, da, x);
    addColumnSums(dp.g, mul(dh, u));
    return { dx: times(da, U), dprev: { h: times(da, W) } };
  },
};
