/** The definition of an adjoint as a test: one number for all gradients at once, at any size. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { normal } from '../init/initialisers.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { Random } from '../random.ts';
import { requireKnown, requirePositive, requireSize } from '../require.ts';
import { dense, Sequence } from '../sequence.ts';
import { judged } from './differences.ts';
import { inner, moveAlong } from './directions.ts';
import type { CheckedTensor } from './finite-differences.ts';
import type { Law } from './law.ts';
import { type Exactness, exactnessOf, noiseIn } from './noise.ts';
import {
  initialStates,
  innerStates,
  input,
  parameters,
  raggedLengths,
  randomClasses,
  randomParameters,
  randomSequence,
} from './problem.ts';
import { finalCotangent, type Scope, stateBefore } from './scope.ts';

/** The problem that the dot test is tried on. */
export interface DotTestOptions {
  readonly T?: number;
  readonly B?: number;
  readonly seed?: number;
  /** By how much inputs and initial states are larger than standard normal numbers and those of a usual state. 1 unless given. */
  readonly scale?: number;
}

/**
 * The dot test ⟨dy, J v⟩ = ⟨Jᵀ dy, v⟩: dy random cotangents on every output and final state, v a random direction of
 * length 1 in parameters, input and initial state together, J v from a four-point difference along v, Jᵀ dy from the
 * backward pass. It is tried twice: with lengths, initial state and final gradient given, and with none of them and x of classes.
 * Each takes four forward passes whatever the size, and some dozens where the two do not agree at once, where
 * a check of every element takes four for each; but it does not say which gradient is wrong. The layer's parameters are
 * overwritten.
 *
 * @returns a law: `worst` is |⟨dy, J v⟩ − ⟨Jᵀ dy, v⟩| over the larger of |⟨dy, J v⟩| and 1. With `noise` where rounding
 * hides whether it holds.
 * @throws ValueError when a size, the seed or the scale is none.
 *
 * @example
 * ```ts
 * import { lstm, unroll } from 'bptt';
 * import { dotTest } from 'bptt/check';
 *
 * const { ok, worst } = dotTest(unroll(lstm, { d: 30, m: 40 }), { T: 50, B: 8 });
 * console.log(ok, worst < 1e-8); // → true true
 * ```
 */
export function dotTest(layer: Layer, options: DotTestOptions = {}): Law {
  requireLayer('layer', layer);
  const { T = 20, B = 3, seed = 1, scale = 1 } = requireKnown('options', options, ['T', 'B', 'seed', 'scale']);
  requireSize('T', T);
  requireSize('B', B);
  requirePositive('scale', scale);
  const given = adjointLaw(layer, { T, B, seed, scale });
  if (!given.ok) return given;
  const bare = adjointLaw(layer, { T, B, seed, scale, bare: true });
  return bare.ok ? { ...given, worst: Math.max(given.worst, bare.worst) } : bare;
}

/** A problem of the dot test. */
export interface Dotted {
  readonly T: number;
  readonly B: number;
  readonly seed: number;
  readonly scale?: number;
  /** Without lengths, initial state and final gradient, and with classes for the rows of x where gradients are asked for. */
  readonly bare?: boolean;
  readonly scope?: Scope;
}

/** The dot test of one problem. */
export function adjointLaw(layer: Layer, problem: Dotted): Law {
  const { T, scale = 1, bare = false } = problem;
  const { loss, tensors } = problemOf(layer, problem);
  const name = `⟨dy, Jv⟩ = ⟨Jᵀdy, v⟩ over ${T} steps${scale === 1 ? '' : `, inputs ${scale}×`}`;
  return alongLaw(name, loss, tensors, `the whole gradient${bare ? ', no lengths, no s0, no dsT, one-hot x' : ''}`);
}

/** How a loss changes along a direction of length 1 in all tensors together, against what their gradients say. */
export function alongLaw(name: string, loss: () => number, tensors: readonly Moving[], broken: string): Law {
  const length = Math.sqrt(tensors.reduce((sum, { v }) => sum + inner(v, v), 0));
  const adjoint = tensors.reduce((sum, { gradient, v }) => sum + inner(gradient, v), 0) / length; // ⟨Jᵀ dy, v⟩
  const shift = Matrix.zeros(1, 1);
  const along = () => {
    for (const { values, start, v } of tensors) moveAlong(values, start, v, shift.get(0, 0) / length);
    return loss();
  };
  let measured: Exactness | undefined;
  const exactness = () => {
    measured ??= exactnessOf(along, [shift]);
    return measured;
  };
  const { verdict, numeric, error } = judged(along, shift, 0, 0, adjoint, exactness); // numeric is ⟨dy, J v⟩
  along();
  const worst = Math.abs(numeric - adjoint) / Math.max(1, Math.abs(numeric));
  if (verdict === 'wrong') return { name, ok: false, worst, broken };
  if (verdict !== 'too noisy') return { name, ok: true, worst };
  const noise = noiseIn(
    loss,
    tensors.map(({ values }) => values),
    exactness(),
    error,
  );
  return { name, ok: false, worst, noise };
}

/** What moves, and along what. */
export interface Moving {
  readonly values: AbstractMatrix;
  readonly gradient: AbstractMatrix;
  readonly start: AbstractMatrix;
  readonly v: AbstractMatrix;
}

/** A tensor from where it is, along a direction that is drawn. */
export function movingFrom({ values, gradient }: Pick<CheckedTensor, 'values' | 'gradient'>, rng: Random): Moving {
  const v = values.clone();
  normal(1)(v, rng);
  return { values, gradient, start: values.clone(), v };
}

function problemOf(layer: Layer, { T, B, seed, scale = 1, bare = false, scope = {} }: Dotted) {
  const rng = new Random(seed);
  randomParameters(layer, Math.min(0.5, 1 / Math.sqrt(layer.outputs)), rng);
  const F = layer.inputs;
  const classes = randomClasses(T * B, F, rng);
  const extent = bare ? { T, B } : { T, B, lengths: raggedLengths(T, B) };
  const symbols = Sequence.oneHot(classes, { T, B, classes: F });
  const x = bare ? dense(symbols) : randomSequence({ ...extent, F }, rng);
  const s0 = stateBefore(layer, B, rng, scope);
  if (scale !== 1 && !bare) for (const part of [x.rows(), ...Object.values(s0)]) part.mul(scale);
  const before = bare ? undefined : s0;
  const { y, tape } = layer.forward(bare ? symbols : x, before);
  const R = randomSequence({ ...y.extent(), F: y.F }, rng);
  const r = finalCotangent(layer, B, rng, scope);
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, R, bare ? undefined : r);
  const states = bare || scope.initial === 'zero' ? [] : initialStates(layer, s0, ds0);
  const tensors = [...parameters(layer), input(x, dx), ...states].map(tensor => movingFrom(tensor, rng));
  const loss = () => {
    const { y, sT } = layer.forward(x, before);
    return inner(R.rows(), y.rows()) + (bare ? 0 : innerStates(r, sT));
  };
  return { loss, tensors };
}
