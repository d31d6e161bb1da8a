/**
 * The generalised Gauss–Newton matrix of a network's loss, times a vector, through time (Schraudolph 2002, "Fast
 * Curvature Matrix-Vector Products for Second-Order Gradient Descent"; Martens & Sutskever 2011, "Learning Recurrent
 * Neural Networks with Hessian-Free Optimization"). Derived in `derivations/second-order.md`.
 */
import { addTo } from '../matrix.ts';
import { Sequence } from '../sequence.ts';
import { type LabelledBatch, rForward, type TwiceNet } from './second-order/r-forward.ts';

/**
 * G·v with G = JᵀH_L J, where J = ∂o/∂θ is the Jacobian of all outputs and H_L the Hessian of the loss in them: what is
 * left of the Hessian where the outputs are taken to be linear in the parameters. vᵀGv ≥ 0 for every v, which is what
 * conjugate gradients ask for, and the Hessian does not give. Mutates nothing.
 *
 * θ, v and the result are flat, as in {@link hessianVector}.
 *
 * @param net the cell, the loss and the sizes.
 * @param theta the parameters, P numbers.
 * @param batch inputs, targets, initial state and weights of the steps.
 * @param v the direction, P numbers.
 * @returns P fresh numbers.
 * @throws ShapeError, ValueError when an argument does not fit or is not finite.
 */
export function gaussNewtonVector<Target>(
  net: TwiceNet<Target>,
  theta: ArrayLike<number>,
  batch: LabelledBatch<Target>,
  v: ArrayLike<number>,
): Float64Array {
  const { layer, out, params, unrolled, outTape, RdO } = rForward(net, theta, batch, v);
  const Rdo = Sequence.zeros({ ...batch.x.extent(), F: out.outputs });
  addTo(Rdo.rows(), RdO);
  layer.backward(unrolled, out.backward(outTape, Rdo).dx); // GN-B1  G v = Σ_t J_tᵀ (Λ_t R{o_t})
  return params.grads;
}
