/**
 * The lecture's character model once more, in column vectors and plain arrays, one number at a time, written from the
 * equations of IIIT Hyderabad Lecture 20 and sharing nothing with the library: an oracle for the whole training loop.
 */

type Vector = number[];

/** Rows of numbers. */
export type Rows = number[][];

/** W: m×m, U: m×C, V: C×m, b: m×1, c: C×1. */
export interface Weights {
  readonly W: Rows;
  readonly U: Rows;
  readonly V: Rows;
  readonly b: Rows;
  readonly c: Rows;
}

/** The losses of the first `steps` updates: clip to ±5, Adagrad at 0.1, memory reset at the end of the text. */
export function train(initial: Weights, text: Vector, chunk: number, steps: number): number[] {
  let weights = initial;
  let mem = map(weights, () => 0);
  let h = weights.b.map(() => 0);
  let p = 0;
  return Array.from({ length: steps }, () => {
    if (p + chunk + 1 > text.length) {
      p = 0;
      h = h.map(() => 0);
    }
    const { loss, d, hT } = lossFun(weights, text.slice(p, p + chunk), text.slice(p + 1, p + chunk + 1), h);
    const g = map(d, x => Math.min(5, Math.max(-5, x)));
    mem = map(mem, (x, name, i, j) => x + get(g[name], i, j) ** 2);
    weights = map(weights, (x, name, i, j) => x - (0.1 * get(g[name], i, j)) / Math.sqrt(get(mem[name], i, j) + 1e-8));
    h = hT;
    p += chunk;
    return loss;
  });
}

/** Loss (a sum, in nats), gradients and last state of one chunk. */
function lossFun({ W, U, V, b, c }: Weights, inputs: Vector, targets: Vector, h0: Vector) {
  const hs: Rows = [h0];
  const ps: Rows = [];
  let loss = 0;
  inputs.forEach((x, t) => {
    const h = W.map((row, i) => Math.tanh(dot(row, hs[t]) + get(U, i, x) + get(b, i, 0)));
    const e = V.map((row, k) => Math.exp(dot(row, h) + get(c, k, 0)));
    const Z = e.reduce((sum, y) => sum + y, 0);
    const p = e.map(y => y / Z);
    loss -= Math.log(at(p, at(targets, t)));
    hs.push(h);
    ps.push(p);
  });
  let d = map({ W, U, V, b, c }, () => 0);
  let dhNext = h0.map(() => 0);
  for (let t = inputs.length - 1; t >= 0; t--) {
    const [h, hPrev] = [hs[t + 1], hs[t]];
    const g = (ps[t] ?? []).map((p, k) => p - (k === targets[t] ? 1 : 0));
    const da = dhNext.map((next, j) => (next + dot(column(V, j), g)) * (1 - at(h, j) ** 2));
    const step = {
      W: (i: number, j: number) => at(da, i) * at(hPrev, j),
      U: (i: number, j: number) => (j === inputs[t] ? at(da, i) : 0),
      V: (i: number, j: number) => at(g, i) * at(h, j),
      b: (i: number) => at(da, i),
      c: (i: number) => at(g, i),
    };
    d = map(d, (x, name, i, j) => x + step[name](i, j));
    dhNext = dhNext.map((_, j) => dot(column(W, j), da));
  }
  return { loss, d, hT: hs.at(-1) ?? h0 };
}

function map(weights: Weights, f: (x: number, name: keyof Weights, i: number, j: number) => number): Weights {
  const each = (name: keyof Weights) => weights[name].map((row, i) => row.map((x, j) => f(x, name, i, j)));
  return { W: each('W'), U: each('U'), V: each('V'), b: each('b'), c: each('c') };
}

const at = (v: Vector | undefined, i: number): number => v?.[i] ?? Number.NaN;
const get = (rows: Rows, i: number, j: number): number => at(rows[i], j);
const column = (rows: Rows, j: number): Vector => rows.map(row => at(row, j));
const dot = (a: Vector, b: Vector | undefined): number => a.reduce((sum, x, i) => sum + x * at(b, i), 0);
