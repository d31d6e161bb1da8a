/**
 * The Jacobians of a recurrent layer along one sequence, exactly and by its own backward pass. Derived in
 * `derivations/gradient-flow.md`.
 *
 * | symbol | shape | meaning |
 * |--------|-------|---------|
 * | s_t    | 1×n   | the state after step t, all its parts side by side; s_0 is the initial one |
 * | J_t    | n×n   | ∂s_t/∂s_{t−1} |
 * | v      | B×n   | cotangents of a state, one a row |
 *
 * They work on any layer that has a state: unrolled, of the engine, stacked. What such a layer holds is read and nothing
 * of it changed, its gradients included.
 */
import { Matrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import { type Layer, requireState, zeroState } from '../layers/layer.ts';
import {
  requireAnyMatrix,
  requireInteger,
  requireKnown,
  requireList,
  requireMatrix,
  requireObject,
  requirePositive,
} from '../require.ts';
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { finite, finiteState } from './overflow.ts';
import { joined, parted, repeated, requireRun, stateColumns, stateCopies } from './state.ts';

/** A layer's way along one sequence. */
export interface Trajectory {
  /** s_0 … s_T, every part 1×its columns. */
  readonly states: readonly Matrices[];
  /** J_1 … J_T, each n×n. */
  readonly steps: readonly Matrix[];
}

/** Where a run begins, and how much memory its Jacobians may take. */
export interface RunOptions {
  /** The state before the first step; zeros unless given. */
  readonly s0?: Matrices;
  /** Bytes that dense results may take: {@link DENSE_BYTES} unless given. */
  readonly bytes?: number;
}

/** What dense results may take unless told otherwise: 1 GiB. */
export const DENSE_BYTES: number = 2 ** 30;

/**
 * J_1 … J_T. A step costs one forward and one backward step of a batch of n sequences.
 *
 * @param layer any layer with a state.
 * @param x one sequence, T×1×d.
 * @throws ShapeError, ValueError when x or s0 do not fit, or a parameter is not finite; OverflowError when a state or a
 * Jacobian is not; ValueError when T
 * matrices of n×n take more than `bytes`: it says how many, and that {@link pullBack} needs rows only.
 */
export function stepJacobians(layer: Layer, x: Sequence, options: RunOptions = {}): Trajectory {
  const { s0, bytes = DENSE_BYTES } = requireRunOptions(options);
  requireRun(layer, x);
  const { state } = layer;
  const n = stateColumns(state);
  requireMemory({ count: x.T, rows: n, columns: n }, bytes);
  const before = requireState('s0', s0, state, 1);
  return untouched(layer, () => {
    const inputs = repeated(x, n);
    const nothing = Sequence.zeros({ T: 1, B: n, F: layer.outputs });
    const unit = parted(Matrix.eye(n), state);
    const states: Matrices[] = [before];
    const steps: Matrix[] = [];
    for (let t = 0; t < x.T; t++) {
      const { sT, tape } = layer.forward(inputs.slice(t, t + 1), stateCopies(states[t] ?? {}, n));
      const { ds0 } = layer.backward(tape, nothing, unit);
      layer.release?.(tape);
      states.push(parted(finite(`s_${t + 1}`, joined(sT, state)).getRowVector(0), state));
      steps.push(finite(`J_${t + 1}`, joined(ds0, state))); // FLOW-F1  row i of J_t = e_i ∂s_t/∂s_{t−1}, all i in one batch
    }
    return { states, steps };
  });
}

/**
 * ∂s_t/∂s_k, n×n: row i says how unit i of s_t answers to s_k. The identity for t = k.
 *
 * @throws ValueError when not 0 ≤ k ≤ t ≤ T.
 */
export function productOfSteps(trajectory: Trajectory, t: number, k: number): Matrix {
  const { steps } = requireObject('trajectory', trajectory);
  requireList('steps', steps, 'a list of Jacobians');
  requireInteger('t', t, 0, steps.length);
  requireInteger('k', k, 0, t);
  const n = steps[0] === undefined ? 0 : requireAnyMatrix('J_1', steps[0]).rows;
  for (const [i, J] of steps.entries()) requireMatrix(`J_${i + 1}`, J, [n, n]);
  let product = Matrix.eye(n);
  for (let i = k; i < t; i++) product = (steps[i] ?? Matrix.zeros(0, 0)).mmul(product); // FLOW-F7  ∂s_t/∂s_k = J_t J_{t−1} ⋯ J_{k+1}
  return product;
}

/**
 * v ∂s_T/∂s_k for every k, by backward steps alone: no matrix of n×n, B·n numbers a step. The adjoint of
 * {@link productOfSteps}.
 *
 * @param v cotangents of s_T, one a row: B×n.
 * @returns T+1 slots, k = 0 … T, each B×n; the last is v.
 * @throws ShapeError, ValueError when an argument does not fit, or a parameter is not finite; OverflowError when a state or
 * a cotangent is not.
 */
export function pullBack(layer: Layer, x: Sequence, v: Matrix, options: RunOptions = {}): readonly Matrix[] {
  const { s0 } = requireRunOptions(options);
  requireRun(layer, x);
  const { state, outputs } = layer;
  requireMatrix('v', v, [requireAnyMatrix('v', v).rows, stateColumns(state)]);
  const before = requireState('s0', s0, state, 1);
  return untouched(layer, () => {
    const inputs = repeated(x, v.rows);
    const nothing = Sequence.zeros({ T: 1, B: v.rows, F: outputs });
    const tapes: unknown[] = [];
    try {
      let s: Matrices = stateCopies(before, v.rows);
      for (let t = 0; t < x.T; t++) {
        const { sT, tape } = layer.forward(inputs.slice(t, t + 1), s);
        tapes.push(tape);
        s = finiteState(t + 1, sT);
      }
      const slots = [v];
      let ds = v;
      for (const tape of tapes.toReversed()) {
        const { ds0 } = layer.backward(tape, nothing, parted(ds, state));
        layer.release?.(tapes.pop());
        ds = joined(ds0, state); // FLOW-B1  v_{t−1} = v_t J_t, v_T = v
        slots.unshift(finite('v', ds));
      }
      return slots;
    } finally {
      for (const tape of tapes) layer.release?.(tape); // where a number was not finite
    }
  });
}

/**
 * ∂h_T/∂s_k for every k, m×n: what {@link pullBack} makes of the unit cotangents of h_T.
 *
 * @returns T+1 slots, k = 0 … T; the last is (I 0).
 * @throws ShapeError, ValueError as {@link pullBack}; ValueError when T+1 of them take more than `bytes`.
 */
export function lastOutputIn(layer: Layer, x: Sequence, options: RunOptions = {}): readonly Matrix[] {
  requireRun(layer, x);
  const { state, outputs } = layer;
  const n = stateColumns(state);
  const { bytes = DENSE_BYTES, ...run } = requireRunOptions(options);
  requireMemory({ count: x.T + 1, rows: outputs, columns: n }, bytes);
  const v = joined({ ...zeroState(state, outputs), h: Matrix.eye(outputs) }, state);
  return pullBack(layer, x, v, run);
}

/** Options of a run: none but these, each read once. */
export function requireRunOptions(options: RunOptions): RunOptions {
  const known = requireKnown('options', options, ['s0', 'bytes']);
  if (known.bytes !== undefined) requirePositive('bytes', known.bytes);
  return known;
}

/**
 * What is asked for fits into memory, or throws ValueError saying how many bytes it takes, and what does without.
 *
 * @param what matrices of so many rows and columns, and how many of them.
 * @param bytes the most that they may take.
 */
export function requireMemory(
  { count, rows, columns }: { readonly count: number; readonly rows: number; readonly columns: number },
  bytes: number,
): void {
  requirePositive('bytes', bytes);
  const needed = 8 * count * rows * columns;
  if (needed <= bytes) return;
  throw new ValueError(
    'length',
    `dense matrices within ${bytes} bytes (a gradient's way back by the adjoint, a row a step, needs none)`,
    `${count} of ${rows}×${columns}, ${needed} bytes`,
  );
}

/** What `run` returns; the gradients that it adds are taken back. */
export function untouched<T>({ params }: Layer, run: () => T): T {
  const kept = params.grads.slice();
  try {
    return run();
  } finally {
    params.grads.set(kept);
  }
}
