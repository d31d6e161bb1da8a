/**
 * Everything that `lib/flow` says of one recurrent layer along one sequence: what of the gradient arrives where, and what
 * bounds and spectra make of it beforehand.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ownName } from '../cells/index.ts';
import type { Layer } from '../layers/layer.ts';
import { makingOf } from '../layers/made.ts';
import type { Sequence } from '../sequence.ts';
import { fadingOf, gradientNorms, memoryDepth, reachMatrix } from './gradients.ts';
import { lastOutputIn, type RunOptions, stepJacobians } from './jacobians.ts';
import { type Lyapunov, lyapunov } from './lyapunov.ts';
import { finiteNorm, followed, type Overflow, OverflowError } from './overflow.ts';
import { type Complex, type Spectrum, spectralNorm, spectrum } from './spectrum.ts';

/** A prediction of ‖∂h_T/∂s_k‖₂ at d = T − k, beside what it is. */
export interface Prediction {
  readonly distance: number;
  /** ‖∂h_T/∂s_k‖₂ itself. */
  readonly truth: number;
  /** What it cannot exceed: (γ_W γ_g)^d of a vanilla network, of others the product of ‖J_t‖₂. */
  readonly bound: number;
  /** ρ^d with the ρ(W) of a vanilla network, of others the ρ(J_T). */
  readonly eigenvalue: number;
  /** e^{λ_1 d}. */
  readonly exponent: number;
}

/** What was found. */
export interface Study {
  readonly steps: number;
  /** Numbers in a state, n, and in h, m. */
  readonly n: number;
  readonly m: number;
  /** ‖∂L/∂h_t‖, t = 0 … T. */
  readonly gradients: readonly number[];
  /** R[t][j], t = 0 … T, j = 1 … T. */
  readonly reach: readonly (readonly number[])[];
  /** κ_0 … κ_{T−1}. */
  readonly fading: readonly number[];
  /** The effective memory length, in steps. */
  readonly memory: number;
  readonly predictions: readonly Prediction[];
  /** Of the recurrent matrix; null where a cell has none or several. */
  readonly recurrent: Spectrum | null;
  /** The eigenvalues of J_T. */
  readonly lastStep: readonly Complex[];
  readonly exponents: Lyapunov;
  /** Where the network could not be followed to the end: all figures are of the `steps` before. */
  readonly overflow: Overflow | null;
}

/** How many distances a prediction is made for, about. */
const PREDICTIONS = 25;

/**
 * Studies a layer of one cell.
 *
 * @param layer `unroll(…)` or `recurrent(…)`.
 * @param x one sequence, T×1×d.
 * @param dy what the loss of every step says of h_t, T×1×m.
 * Where a state or a gradient overflows, what is studied is the longest beginning of x in which none does.
 *
 * @yields how many of {@link STUDY_STAGES} are done.
 * @throws ShapeError, ValueError when an argument does not fit or is not finite, and ValueError when a dense matrix would
 * take more than `bytes`; OverflowError when the very first step overflows.
 */
export function* study(
  layer: Layer,
  x: Sequence,
  dy: Sequence,
  options: RunOptions = {},
): Generator<number, Study, undefined> {
  try {
    return yield* studyOf(layer, x, dy, options, null);
  } catch (error) {
    if (!(error instanceof OverflowError)) throw error;
    return yield* beginningOf(layer, x, dy, options, error);
  }
}

/** Studies as many steps as can be followed; throws the error that says why not all where there are none. */
function* beginningOf(
  layer: Layer,
  x: Sequence,
  dy: Sequence,
  options: RunOptions,
  reason: OverflowError,
): Generator<number, Study, undefined> {
  const { steps, overflow } = followed(layer, { x, s0: options.s0 }, n => {
    const part = x.slice(0, n);
    gradientNorms(layer, part, dy.slice(0, n), options);
    for (const [k, J] of lastOutputIn(layer, part, options).entries()) finiteNorm(`∂h_T/∂s_${k}`, J);
  });
  for (let n = steps; n > 0; n--) {
    try {
      const why = n === steps ? overflow : ({ ...overflow, step: n + 1, of: 'gradient' } as const);
      return yield* studyOf(layer, x.slice(0, n), dy.slice(0, n), options, why);
    } catch (error) {
      if (!(error instanceof OverflowError)) throw error; // a step less: of losses that cancel, one alone overflows
    }
  }
  throw reason;
}

function* studyOf(
  layer: Layer,
  x: Sequence,
  dy: Sequence,
  options: RunOptions,
  overflow: Overflow | null,
): Generator<number, Study, undefined> {
  const { steps } = stepJacobians(layer, x, options);
  yield 1;
  const gradients = gradientNorms(layer, x, dy, options);
  const reach = reachMatrix(layer, x, dy, options);
  yield 2;
  const fading = fadingOf(reach);
  const exponents = lyapunov(steps);
  yield 3;
  const last = lastOutputIn(layer, x, options);
  const W = recurrentMatrix(layer);
  const recurrent = W && spectrum(W);
  const atEnd = spectrum(steps.at(-1) ?? x.at(0));
  yield 4;
  const norms = recurrent ? steps.map(() => recurrent.norm) : steps.map(spectralNorm); // γ_g = 1 of tanh and ReLU
  const radius = (recurrent ?? atEnd).radius;
  const [rate = Number.NaN] = exponents.exponents;
  const predictions = predict(last, norms, radius, rate);
  return {
    steps: x.T,
    n: steps[0]?.rows ?? 0,
    m: layer.outputs,
    gradients,
    reach,
    fading,
    memory: memoryDepth(fading),
    predictions,
    recurrent,
    lastStep: atEnd.eigenvalues,
    exponents,
    overflow,
  };
}

/** The stages that {@link study} yields, its end included. */
export const STUDY_STAGES: number = 5;

function predict(last: readonly Matrix[], norms: readonly number[], radius: number, rate: number): Prediction[] {
  const T = norms.length;
  const every = Math.max(1, Math.floor(T / PREDICTIONS));
  const distances = Array.from({ length: T + 1 }, (_, d) => d).filter(d => d % every === 0 || d === T);
  return distances.map(distance => ({
    distance,
    truth: spectralNorm(last[T - distance] ?? Matrix.zeros(1, 1)),
    bound: norms.slice(T - distance).reduce((product, norm) => product * norm, 1), // FLOW-F13  ‖∂h_T/∂s_k‖₂ ≤ ‖J_T‖₂ ⋯ ‖J_{k+1}‖₂ ≤ (γ_W γ_g)^{T−k}
    eigenvalue: radius ** distance,
    exponent: Math.exp(rate * distance),
  }));
}

/** The one recurrent matrix of a vanilla network: of the library's own cells, since what another does is not known. */
function recurrentMatrix(layer: Layer): AbstractMatrix | null {
  const making = makingOf(layer);
  if (making?.kind !== 'cell' || !VANILLA.includes(ownName(making.cell) ?? '')) return null;
  return layer.params.named().W ?? null;
}

const VANILLA: readonly string[] = ['rnn', 'rnn-relu'];
