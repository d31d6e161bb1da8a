/**
 * The Hessian of a network's loss, times a vector, through time (Pearlmutter 1994, "Fast Exact Multiplication by the
 * Hessian"): the derivative of the gradient along v, for the price of about two more gradients, without the Hessian.
 * Derived in `derivations/second-order.md`. What the symbols mean stands in `second-order/r-forward.ts`.
 */
import type { State } from '../cells/cell.ts';
import { activeRows, rowsOfEach, withRowsOfEach } from '../layers/active.ts';
import { zeroState } from '../layers/layer.ts';
import { add, addColumnSums, addTo, addTTimes, times } from '../matrix.ts';
import { Sequence } from '../sequence.ts';
import { type LabelledBatch, rForward, type TwiceNet } from './second-order/r-forward.ts';
import type { RTape } from './second-order/twice-cell.ts';

/**
 * H·v, where H = ∂²L/∂θ² is the Hessian of the loss in all parameters, the cell's and the readout's. Exact: there is no
 * step size. Mutates nothing.
 *
 * θ, v and the result are flat, in the layout of `stack({ cell: unroll(cell, { d, m }), readout: readout({ m, C }) })`.
 *
 * @param net the cell, the loss and the sizes.
 * @param theta the parameters, P numbers: the `params.values` of such a stack.
 * @param batch inputs, targets, initial state and weights of the steps.
 * @param v the direction, P numbers.
 * @returns P fresh numbers.
 * @throws ShapeError, ValueError when an argument does not fit or is not finite.
 *
 * @example
 * ```ts
 * import { hessianVector, rnnTwice, Sequence, squaredErrorTwice } from 'bptt';
 *
 * // One step of one unit, h = tanh(0) = 0, and o = V h + c: ∂²L/∂c² = 1, and ∂²L/∂b∂V = (o − y)·∂h/∂b = −2.
 * const net = { cell: rnnTwice, loss: squaredErrorTwice, d: 1, m: 1, C: 1 };
 * const x = Sequence.dense([1], { T: 1, F: 1 });
 * const y = Sequence.dense([2], { T: 1, F: 1 });
 * const [W, U, b, V, c] = hessianVector(net, [0, 0, 0, 0, 0], { x, y }, [0, 0, 1, 0, 1]);
 * console.log(W, U, b, V, c); // → 0 0 0 -2 1
 * ```
 */
export function hessianVector<Target>(
  net: TwiceNet<Target>,
  theta: ArrayLike<number>,
  batch: LabelledBatch<Target>,
  v: ArrayLike<number>,
): Float64Array {
  const { layer, out, R, unrolled, Rsteps, outTape, lossTape, Rh, RdO } = rForward(net, theta, batch, v);
  const { x, steps } = unrolled;
  const dO = net.loss.backward(lossTape);
  const dy = out.backward(outTape, dO).dx;

  const { V } = out.params.named();
  const { V: RV } = R.out.named();
  const { V: RdV, c: Rdc } = R.out.namedGrads();
  addTTimes(RdV, RdO, outTape.h.rows());
  addTTimes(RdV, dO.rows(), Rh.rows()); // RRO-B1  R{dV} += Σ_t R{do_t}ᵀ h_tᵀ + do_tᵀ R{h_t}ᵀ
  addColumnSums(Rdc, RdO); // RRO-B2  R{dc} += Σ_t R{do_t}
  const Rdy = Sequence.zeros({ ...x.extent(), F: dy.F });
  addTo(Rdy.rows(), add(times(RdO, V), times(dO.rows(), RV))); // RRO-B3  R{dh_t} += R{do_t} V + do_t R{V}

  const [p, dp] = [layer.params.named(), layer.params.namedGrads()];
  const [Rp, Rdp] = [R.layer.named(), R.layer.namedGrads()];
  let ds = zeroState(layer.state, x.B) as State<'h'>;
  let Rds = ds;
  for (let t = steps.length - 1; t >= 0; t--) {
    const rows = activeRows(x, t);
    const [tape, Rtape] = [steps[t], Rsteps[t] as RTape<unknown>];
    const dnext = rowsOfEach({ ...ds, h: add(ds.h, dy.at(t)) }, rows); // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
    const Rdnext = rowsOfEach({ ...Rds, h: add(Rds.h, Rdy.at(t)) }, rows); // ROP-B1  R{dL/ds_t} = R{dL/dy_t} + R{dL/ds_{t+1} ∂s_{t+1}/∂s_t}
    const Rdprev = net.cell.rBackward({ p, tape, dnext }, { p: Rp, tape: Rtape, dnext: Rdnext }, Rdp); // ROP-B2  R{dL/dθ} += R{dL/ds_t ∂⁺s_t/∂θ}
    Rds = withRowsOfEach(Rds, rows, Rdprev);
    ds = withRowsOfEach(ds, rows, net.cell.backward(p, tape, dnext, dp).dprev);
  }
  return R.params.grads;
}
