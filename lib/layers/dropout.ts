/**
 * Dropout between layers (Srivastava et al. 2014; between, not along, the recurrent layers: Zaremba et al. 2014), with
 * inverted scaling, so that evaluation is the identity. Derived in `derivations/dropout.md`.
 *
 * | symbol | shape   | meaning |
 * |--------|---------|---------|
 * | X, dX  | (T·B)×F | every x_t of every sequence, stacked by rows |
 * | Y, dY  | (T·B)×F | every y_t |
 * | R      | (T·B)×F | the mask: 0, or 1/(1−ρ) |
 *
 * The mask is a function of the seed, of the input's sizes and of the layer's place in a network, and of nothing else:
 * between two calls of `resample` the layer is one linear map, which a gradient checker may run as often as it likes, and it
 * draws nothing in `forward`. The place is that of its parameters, of which it has none ({@link ParamSet.place}): one seed
 * for a whole network gives every layer of it a mask of its own, and the same network the same masks again.
 */
import { ValueError } from '../errors.ts';
import { ParamSet } from '../params.ts';
import { Random, streamSeed } from '../random.ts';
import {
  describe,
  requireBoolean,
  requireInstance,
  requireInteger,
  requireKnown,
  requireMatrix,
  requireSize,
} from '../require.ts';
import { read, Sequence } from '../sequence.ts';
import { FlatMatrix } from '../views.ts';
import { type Layer, requireState, requireTape } from './layer.ts';
import { made } from './made.ts';

/** What the backward pass of dropout needs: the mask, all zero at padding. */
export interface DropoutTape {
  readonly x: Sequence;
  readonly R: FlatMatrix;
}

/** A layer that can be switched off, and whose mask can be drawn anew. */
export interface Dropout extends Layer<DropoutTape> {
  /** Whether features are dropped. Set it to false to evaluate or sample: the layer is then the identity. */
  training: boolean;
  /** What the present mask is drawn from: an integer in 0…2³²−1. */
  seed: number;
  /** The next mask: a seed drawn from `rng`. Call it before each training step. */
  resample(rng: Random): void;
}

/** How many seeds there are. */
const SEEDS = 2 ** 32;

/**
 * The layer that sets each feature of each step to 0 with probability ρ, the rate, and divides the others by 1 − ρ.
 * Padding puts out zeros and takes no gradient in.
 *
 * Layers of one seed have independent masks where they are parts of one network, by their names in it: in a stack, another
 * layer around layers, or joined by {@link ParamSet.join}. Two that stand alone have the same.
 *
 * @param options F features; the rate in [0, 1), 0 being the identity; the first mask's seed.
 * @throws ValueError when F is not a positive integer, the rate not in [0, 1) or the seed not in 0…2³²−1.
 *
 * @example
 * ```ts
 * import { dropout, Random, Sequence } from 'bptt';
 *
 * const rng = new Random(1);
 * const drop = dropout({ F: 4, rate: 0.5, seed: 7 });
 * const x = Sequence.dense([1, 2, 3, 4], { T: 1, F: 4 });
 * const again = drop.forward(x).y.data.join() === drop.forward(x).y.data.join();
 * drop.resample(rng); // another mask, for the next training step
 * drop.training = false;
 * console.log(again, drop.forward(x).y.data); // → true Float64Array(4) [ 1, 2, 3, 4 ]
 * ```
 */
export function dropout(options: { readonly F: number; readonly rate: number; readonly seed: number }): Dropout {
  const { F, rate, seed: first } = requireKnown('options', options, ['F', 'rate', 'seed']);
  requireSize('F', F);
  if (!Number.isFinite(rate) || rate < 0 || rate >= 1)
    throw new ValueError('rate', 'a number in [0, 1)', describe(rate));
  let seed = requireInteger('seed', first, 0, SEEDS - 1);
  let training = true;
  const params = ParamSet.of({});

  const layer: Dropout = {
    name: 'dropout',
    params,
    inputs: F,
    outputs: F,
    state: {},
    equations: { x: 'DR-B1' },

    get training(): boolean {
      return training;
    },
    set training(on: boolean) {
      training = requireBoolean('training', on);
    },
    get seed(): number {
      return seed;
    },
    set seed(next: number) {
      seed = requireInteger('seed', next, 0, SEEDS - 1);
    },
    resample(rng) {
      seed = Math.floor(SEEDS * requireInstance('rng', rng, Random).uniform());
    },

    forward(given, s0) {
      const x = read('x', given, F);
      requireState('s0', s0, {}, x.B);
      const R = mask(x, training ? rate : 0, new Random(streamSeed(seed, `dropout ${params.place}`)));
      const y = masked(x, R, x); // DR-F2  y_t = r_t ⊙ x_t
      return { y, sT: {}, tape: { x, R } };
    },

    backward(tape, given, dsT) {
      const { x, R } = requireTape(tape, F);
      requireMatrix('tape.R', R, [x.T * x.B, F]);
      const dy = read('dy', given, F, x);
      requireState('dsT', dsT, {}, x.B);
      const dx = masked(x, R, dy); // DR-B1  dL/dx_t = dL/dy_t ⊙ r_t, through F2
      return { dx, ds0: {} };
    },
  };
  return made(layer, {
    kind: 'dropout',
    F,
    rate,
    get seed() {
      return seed;
    },
    get training() {
      return training;
    },
  });
}

/** R for a sequence: drawn at padding too, so that lengths do not shift the draws, but 0 there. */
function mask(x: Sequence, rate: number, rng: Random): FlatMatrix {
  const R = new Float64Array(x.T * x.B * x.F);
  for (let n = 0; n < x.T * x.B; n++) {
    const counts = x.counts(n);
    for (let j = n * x.F; j < (n + 1) * x.F; j++) {
      const r = rng.uniform() < rate ? 0 : 1 / (1 - rate); // DR-F1  r_t = [u_t > ρ] / (1 − ρ)
      if (counts) R[j] = r;
    }
  }
  return new FlatMatrix(R, x.T * x.B, x.F);
}

/** R ⊙ a as a sequence over x's steps. */
function masked(x: Sequence, { data: R }: FlatMatrix, a: Sequence): Sequence {
  const from = a.data instanceof Int32Array ? a.rows().to1DArray() : a.data;
  const y = R.map((r, k) => r * (from[k] ?? 0));
  return Sequence.dense(y, { ...x.extent(), F: x.F });
}
