/** R{·} of the slopes that a backward pass multiplies by: the second derivatives of tanh and σ, in terms of their output. */
import type { AbstractMatrix, Matrix } from 'ml-matrix';
import { mul, oneMinus, sub } from '../../matrix.ts';

/** R{1 − h²} from tanh's output h and R{h}. */
export function rTanhSlope(h: AbstractMatrix, Rh: AbstractMatrix): Matrix {
  return mul(h, Rh).mul(-2); // ROP-D4  R{1−h²} = −2h⊙R{h}
}

/** R{s(1 − s)} from the logistic function's output s and R{s}. */
export function rSigmoidSlope(s: AbstractMatrix, Rs: AbstractMatrix): Matrix {
  return mul(sub(oneMinus(s), s), Rs); // ROP-D5  R{s(1−s)} = (1−2s)⊙R{s}
}
