/** The losses to second order: R{·} of the gradient in the outputs. Derived in `derivations/second-order.md`. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { exp } from '../../elementary.ts';
import { type CrossEntropyTape, crossEntropy } from '../../losses/cross-entropy.ts';
import type { Loss } from '../../losses/loss.ts';
import { type SquaredErrorTape, squaredError } from '../../losses/squared-error.ts';
import { scale } from '../../matrix.ts';
import type { Sequence } from '../../sequence.ts';

/** A loss with R{·} of its backward pass: its Hessian in the outputs, times R{o_t}, step by step. */
export interface TwiceLoss<Target, Tape = unknown> extends Loss<Target, Tape> {
  /** R{dL/do_t} from R{o_t}, all steps stacked by rows, zero where a step does not count. Mutates nothing. */
  rBackward(tape: Tape, RO: AbstractMatrix): Matrix;
}

/** `crossEntropy` with R{·} of its backward pass: the Hessian of a step is diag(p_t) − p_t p_tᵀ. */
export const crossEntropyTwice: TwiceLoss<ArrayLike<number>, CrossEntropyTape> = {
  ...crossEntropy,

  rBackward({ logP, factors }, RO) {
    const RdO = Matrix.zeros(RO.rows, RO.columns);
    factors.forEach((factor, n) => {
      const p = logP.getRow(n).map(exp);
      const mean = p.reduce((sum, pk, k) => sum + pk * RO.get(n, k), 0);
      p.forEach((pk, k) => {
        if (factor) RdO.set(n, k, factor * pk * (RO.get(n, k) - mean)); // RCE-B1  R{dL/do_t} = w_t R{o_t}ᵀ (diag(p_t) − p_t p_tᵀ)
      });
    });
    return RdO;
  },
};

/** `squaredError` with R{·} of its backward pass: the Hessian of a step is the identity. */
export const squaredErrorTwice: TwiceLoss<Sequence, SquaredErrorTape> = {
  ...squaredError,

  rBackward({ factors }, RO) {
    const RdO = Matrix.zeros(RO.rows, RO.columns);
    factors.forEach((factor, n) => {
      if (factor) RdO.setRow(n, scale(RO.getRowVector(n), factor)); // RSE-B1  R{dL/do_t} = w_t R{o_t}ᵀ
    });
    return RdO;
  },
};
