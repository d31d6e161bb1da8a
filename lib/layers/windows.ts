/**
 * Connections to several steps at once, of the MultiLSTM on IIIT Hyderabad Lecture 20’s slides "Action/Activity
 * Recognition" (Yeung et al. 2015, "Every Moment Counts"): a layer between them sees N inputs at each step, and at each
 * step speaks of N outputs. Derived in `derivations/windows.md`.
 *
 * | symbol   | shape        | meaning |
 * |----------|--------------|---------|
 * | X, dX    | (T·B)×F      | every x_t of every sequence, stacked by rows |
 * | P, dP    | (T·B)×(N·C)  | what step i says: block j of its row is p_it for t = i − j + offset |
 * | Y, dY    | (T·B)×F·N, ×C | every y_t |
 * | beta     |              | β_it, by block j: how much of y_t is what step i says of it; they add up to 1 |
 * | w, dw    | 1×N          | the logits of β, where it is learned |
 *
 * Row n − j·B holds the same sequence as row n, j steps earlier.
 */
import { ValueError } from '../errors.ts';
import { greatest } from '../extremes.ts';
import { ParamSet, pick } from '../params.ts';
import { describe, requireInteger, requireKnown, requireSize } from '../require.ts';
import { read, Sequence } from '../sequence.ts';
import type { Shapes } from '../shape.ts';
import { type Layer, requireState, requireTape } from './layer.ts';
import { made } from './made.ts';

/** What the backward pass of either window needs. */
export interface WindowTape {
  readonly x: Sequence;
}

/**
 * (a) Connections to multiple inputs: y_t = [x_t, x_{t−1}, …, x_{t−N+1}], zeros standing for what is before the start.
 * Causal. Padding puts out zeros and takes no gradient in. A one-hot x comes out dense: put an embedding below.
 *
 * @param size F features in, N steps at once: N·F features out, the present step first.
 * @throws ValueError when a size is not a positive integer.
 */
export function windowInput(size: { readonly F: number; readonly N: number }): Layer<WindowTape> {
  const { F, N } = requireKnown('size', size, ['F', 'N']);
  requireSize('F', F);
  requireSize('N', N);
  const layer: Layer<WindowTape> = {
    name: 'window-input',
    params: ParamSet.of({}),
    inputs: F,
    outputs: N * F,
    state: {},
    equations: { x: 'WI-B1' },

    forward(given, s0) {
      const x = read('x', given, F);
      requireState('s0', s0, {}, x.B);
      const y = Sequence.zeros({ ...x.extent(), F: N * F });
      const [X, Y] = [x.rows(), y.rows()];
      forEachBlock(x, N, (n, from, j) => {
        for (let k = 0; k < F; k++) Y.set(n, j * F + k, X.get(from, k)); // WI-F1  y_t = [x_t, x_{t−1}, …, x_{t−N+1}]
      });
      return { y, sT: {}, tape: { x } };
    },

    backward(tape, given, dsT) {
      const { x } = requireTape(tape, F);
      const dy = read('dy', given, N * F, x);
      requireState('dsT', dsT, {}, x.B);
      const dx = Sequence.zeros({ ...x.extent(), F });
      const [dX, dY] = [dx.rows(), dy.rows()];
      forEachBlock(x, N, (n, from, j) => {
        for (let k = 0; k < F; k++) dX.set(from, k, dX.get(from, k) + dY.get(n, j * F + k)); // WI-B1  dL/dx_t = Σ_j block j of dL/dy_{t+j}, through F1
      });
      return { dx, ds0: {} };
    },
  };
  return made(layer, { kind: 'window-input', F, N });
}

/**
 * (b) Multiple outputs: y_t = Σ_i β_it p_it, where p_it is what step i says of step t. Step i speaks of the N steps
 * i + offset − N + 1 … i + offset, the latest first; the sum is over the steps i of the sequence that speak of t.
 *
 * With offset 0 a step speaks of itself and of those before it: y_t takes up hindsight and is known N − 1 steps late.
 * With offset N − 1 it speaks of itself and of those to come, and y_t is causal. Other offsets are the slide's (c); there
 * the steps that nobody speaks of have y_t = 0. Padding puts out zeros and takes no gradient in.
 *
 * @param options C features out, N·C in; `offset` an integer, 0 unless given; `beta` the same for all who speak
 * (`uniform`, unless given: the slide's 1/N, and more where fewer speak), or `learned`: softmax over them of a parameter
 * w, 1×N.
 * @throws ValueError when a size is not a positive integer or an option none of these.
 */
export function windowOutput(options: {
  readonly C: number;
  readonly N: number;
  readonly offset?: number;
  readonly beta?: 'uniform' | 'learned';
}): Layer<WindowTape> {
  const { C, N, offset = 0, beta: kind = 'uniform' } = requireKnown('options', options, ['C', 'N', 'offset', 'beta']);
  requireSize('C', C);
  requireSize('N', N);
  requireInteger('offset', offset, -Number.MAX_SAFE_INTEGER);
  if (kind !== 'uniform' && kind !== 'learned') throw new ValueError('beta', 'uniform or learned', describe(kind));
  const learned = kind === 'learned';
  const shapes: Shapes = learned ? { w: [1, N] } : {};
  const params = ParamSet.of(shapes);
  const logits = (): number[] => (learned ? pick(params.named(), 'w').to1DArray() : new Array(N).fill(0));

  const layer: Layer<WindowTape> = {
    name: 'window-output',
    params,
    inputs: N * C,
    outputs: C,
    state: {},
    equations: learned ? { w: 'WI-B3', x: 'WI-B2' } : { x: 'WI-B2' },

    forward(given, s0) {
      const x = read('x', given, N * C);
      requireState('s0', s0, {}, x.B);
      const y = Sequence.zeros({ ...x.extent(), F: C });
      const [P, Y] = [x.rows(), y.rows()];
      forEachStep(x, { offset, w: logits() }, (n, speakers) => {
        for (const { i, j, beta } of speakers) {
          for (let k = 0; k < C; k++) Y.set(n, k, Y.get(n, k) + beta * P.get(i, j * C + k)); // WI-F3  y_t = Σ_i β_it p_it
        }
      });
      return { y, sT: {}, tape: { x } };
    },

    backward(tape, given, dsT) {
      const { x } = requireTape(tape, N * C);
      const dy = read('dy', given, C, x);
      requireState('dsT', dsT, {}, x.B);
      const dx = Sequence.zeros({ ...x.extent(), F: N * C });
      const [P, dP, dY] = [x.rows(), dx.rows(), dy.rows()];
      const dw = learned ? pick(params.namedGrads(), 'w') : undefined;
      forEachStep(x, { offset, w: logits() }, (n, speakers) => {
        const dyp = speakers.map(({ i, j, beta }) => {
          let sum = 0; // ⟨dL/dy_t, p_it⟩
          for (let k = 0; k < C; k++) {
            dP.set(i, j * C + k, dY.get(n, k) * beta); // WI-B2  dL/dp_it = β_it dL/dy_t, through F3
            sum += dY.get(n, k) * P.get(i, j * C + k);
          }
          return sum;
        });
        const dyy = speakers.reduce((sum, { beta }, s) => sum + beta * (dyp[s] ?? 0), 0); // ⟨dL/dy_t, y_t⟩
        speakers.forEach(({ j, beta }, s) => {
          dw?.set(0, j, dw.get(0, j) + beta * ((dyp[s] ?? 0) - dyy)); // WI-B3  dL/dw_j += Σ_t β_it (⟨dL/dy_t, p_it⟩ − ⟨dL/dy_t, y_t⟩), through F2, F3
        });
      });
      return { dx, ds0: {} };
    },
  };
  return made(layer, { kind: 'window-output', C, N, offset, beta: kind });
}

/** Calls `visit` with every row n that counts and the row of each of the N steps up to it, j steps earlier. */
function forEachBlock(x: Sequence, N: number, visit: (n: number, from: number, j: number) => void): void {
  for (let n = 0; n < x.T * x.B; n++) {
    for (let j = 0; x.counts(n) && j < N && n - j * x.B >= 0; j++) visit(n, n - j * x.B, j);
  }
}

/** A step that speaks of another: its row, the block in which it does, and its weight. */
interface Speaker {
  readonly i: number;
  readonly j: number;
  readonly beta: number;
}

/** Calls `visit` with every row n that counts and the steps that speak of it. */
function forEachStep(
  x: Sequence,
  { offset, w }: { readonly offset: number; readonly w: readonly number[] },
  visit: (n: number, speakers: readonly Speaker[]) => void,
): void {
  const rows = x.T * x.B;
  for (let n = 0; n < rows; n++) {
    if (!x.counts(n)) continue;
    const speakers = w
      .map((wj, j) => ({ i: n + (j - offset) * x.B, j, wj }))
      .filter(({ i }) => i >= 0 && i < rows && x.counts(i));
    const most = greatest(speakers.map(({ wj }) => wj));
    const sum = speakers.reduce((all, { wj }) => all + Math.exp(wj - most), 0);
    visit(
      n,
      speakers.map(({ i, j, wj }) => ({ i, j, beta: Math.exp(wj - most) / sum })), // WI-F2  β_it = exp(w_j) / Σ_i′ exp(w_j′), j = i − t + offset, over the i′ that speak of t
    );
  }
}
