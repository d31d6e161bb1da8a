/**
 * From a sequence to one vector, for DD2424 Lecture 9's "many to one": the last step, the mean or the maximum over time
 * (IIIT Hyderabad Lecture 20: "Consider pooling schemes as an alternative to RNNs"). Derived in `derivations/pooling.md`.
 *
 * | symbol | shape | meaning |
 * |--------|-------|---------|
 * | x, dx  | τ     | one feature of one sequence, over the τ steps that count |
 * | y, dy  | 1     | what becomes of it |
 *
 * Features and sequences do not meet, so the equations are those of one feature of one sequence. None has parameters or
 * a state. Padding is not looked at, and takes no gradient in.
 */
import { ParamSet } from '../params.ts';
import { requireSize } from '../require.ts';
import { read, Sequence } from '../sequence.ts';
import { type Layer, requireState, requireTape } from './layer.ts';
import { made } from './made.ts';

/** What the backward pass of a pool needs. */
export interface PoolTape {
  readonly x: Sequence;
}

/**
 * The layer that keeps the last step of each sequence that counts: from T steps of F features to one.
 *
 * @throws ValueError when F is not a positive integer.
 */
export function lastStep(F: number): Layer<PoolTape> {
  return pool('last-step', F, 'PO-B1', {
    forward: x => x.at(-1) ?? Number.NaN, // PO-F1  y = x_τ
    backward: (x, dy) => x.map((_, t) => (t === x.length - 1 ? dy : 0)), // PO-B1  dL/dx_t = dL/dy where t = τ, else 0, through F1
  });
}

/**
 * The layer that takes each feature's mean over the steps that count: from T steps of F features to one.
 *
 * @throws ValueError when F is not a positive integer.
 */
export function meanOverTime(F: number): Layer<PoolTape> {
  return pool('mean-over-time', F, 'PO-B2', {
    forward: x => x.reduce((sum, xt) => sum + xt, 0) / x.length, // PO-F2  y = 1/τ Σ_t x_t
    backward: (x, dy) => x.map(() => dy / x.length), // PO-B2  dL/dx_t = 1/τ dL/dy, through F2
  });
}

/**
 * The layer that takes each feature's maximum over the steps that count: from T steps of F features to one. Of steps
 * that are equally large, the earliest takes the gradient.
 *
 * @throws ValueError when F is not a positive integer.
 */
export function maxOverTime(F: number): Layer<PoolTape> {
  return pool('max-over-time', F, 'PO-B3', {
    forward: x => x[largest(x)] ?? Number.NaN, // PO-F3  y = max_t x_t
    backward: (x, dy) => x.map((_, t) => (t === largest(x) ? dy : 0)), // PO-B3  dL/dx_t = dL/dy where t = t*, else 0, through F3
  });
}

/** One feature of one sequence, forward and backward. */
interface Pooling {
  forward(x: readonly number[]): number;
  backward(x: readonly number[], dy: number): number[];
}

type PoolName = 'last-step' | 'mean-over-time' | 'max-over-time';

function pool(name: PoolName, F: number, equation: string, { forward, backward }: Pooling): Layer<PoolTape> {
  requireSize('F', F);
  const layer: Layer<PoolTape> = {
    name,
    params: ParamSet.of({}),
    inputs: F,
    outputs: F,
    state: {},
    equations: { x: equation },

    forward(given, s0) {
      const x = read('x', given, F);
      requireState('s0', s0, {}, x.B);
      const y = Sequence.zeros({ T: 1, B: x.B, F });
      forEachFeature(x, (b, k, feature) => y.rows().set(b, k, forward(feature)));
      return { y, sT: {}, tape: { x } };
    },

    backward(tape, given, dsT) {
      const { x } = requireTape(tape, F);
      const dy = read('dy', given, F, Sequence.zeros({ T: 1, B: x.B, F }));
      requireState('dsT', dsT, {}, x.B);
      const dx = Sequence.zeros({ ...x.extent(), F });
      const [dX, dY] = [dx.rows(), dy.rows()];
      forEachFeature(x, (b, k, feature) => {
        backward(feature, dY.get(b, k)).forEach((dxt, t) => {
          dX.set(t * x.B + b, k, dxt);
        });
      });
      return { dx, ds0: {} };
    },
  };
  return made(layer, { kind: name, F });
}

/** Calls `visit` with every feature k of every sequence b, over the steps that count. */
function forEachFeature(x: Sequence, visit: (b: number, k: number, feature: readonly number[]) => void): void {
  const X = x.rows();
  for (let b = 0; b < x.B; b++) {
    const length = x.lengths?.[b] ?? x.T;
    for (let k = 0; k < x.F; k++) {
      const feature = Array.from({ length }, (_, t) => X.get(t * x.B + b, k));
      visit(b, k, feature);
    }
  }
}

/** t*, the earliest step at which x is largest. */
function largest(x: readonly number[]): number {
  return x.reduce((best, xt, t) => (xt > (x[best] ?? Number.NaN) ? t : best), 0);
}
