/** Attention and its two decoders once more, of one sequence, in plain numbers. */

type Vector = readonly number[];
type Rows = readonly Vector[];

const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, n) => sum + x * (b[n] ?? Number.NaN), 0);
const times = (A: Rows, x: Vector): number[] => A.map(row => dot(row, x));
const plus = (a: Vector, b: Vector): number[] => a.map((x, n) => x + (b[n] ?? Number.NaN));

/** The parameters of Bahdanau's scores. */
export interface Additive {
  readonly W: Rows;
  readonly U: Rows;
  readonly v: Rows;
}

/** vᵀ tanh(W q + U h). */
export const additiveScore =
  ({ W, U, v }: Additive) =>
  (q: Vector, h: Vector): number =>
    dot(plus(times(W, q), times(U, h)).map(Math.tanh), v.flat());

/** Weights and context of one query, by any score. */
export function attend(
  score: (q: Vector, h: Vector) => number,
  q: Vector,
  H: Rows,
): { readonly weights: number[]; readonly c: number[] } {
  const powers = H.map(h => Math.exp(score(q, h)));
  const sum = powers.reduce((a, b) => a + b);
  const weights = powers.map(power => power / sum);
  const c = (H[0] ?? []).map((_, i) => weights.reduce((mean, w, j) => mean + w * (H[j]?.[i] ?? Number.NaN), 0));
  return { weights, c };
}

/** The vanilla network's parameters. */
export interface Rnn {
  readonly W: Rows;
  readonly U: Rows;
  readonly b: Rows;
}

const rnnStep = ({ W, U, b }: Rnn, x: Vector, h: Vector): number[] =>
  plus(plus(times(W, h), times(U, x)), b.flat()).map(Math.tanh);

/** [h_t; c_t] of all steps, h_t = tanh(W h + U [x_t; c_t] + b), c_t by h_{t−1}. */
export function bahdanauRnn(score: Additive, rnn: Rnn, x: Rows, H: Rows, h0: Vector): Rows {
  let h = h0;
  return x.map(xt => {
    const { c } = attend(additiveScore(score), h, H);
    h = rnnStep(rnn, [...xt, ...c], h);
    return [...h, ...c];
  });
}

/** h̃_t of all steps, tanh(W_c [c_t; h_t]), c_t by h_t. */
export function luongRnn(rnn: Rnn, W_c: Rows, x: Rows, H: Rows, h0: Vector): Rows {
  let h = h0;
  return x.map(xt => {
    h = rnnStep(rnn, xt, h);
    return times(W_c, [...attend(dot, h, H).c, ...h]).map(Math.tanh);
  });
}
