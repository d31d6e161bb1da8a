/**
 * What the Hessian's and the Gauss–Newton matrix's products have in common: a network, its forward pass, and the R{·} of
 * it along a direction, up to R{dL/do_t}. Derived in `derivations/second-order.md`.
 *
 * | symbol  | shape         | meaning |
 * |---------|---------------|---------|
 * | v       | P numbers     | the direction, R{θ}: the cell's parameters, then V and c |
 * | s, Rs   | B×its columns | the state and R{s_t}, part by part: of the sequences that have step t |
 * | h, Rh   | T×B×m         | every h_t and R{h_t}, zero at padding |
 * | RO, RdO | (T·B)×C       | every R{o_t} and R{dL/do_t} |
 */
import type { AbstractMatrix } from 'ml-matrix';
import { requireCell, type State } from '../../cells/cell.ts';
import { activeRows, addToRows, rowsOfEach, withRowsOfEach } from '../../layers/active.ts';
import { type Layer, zeroState } from '../../layers/layer.ts';
import { type ReadoutTape, readout } from '../../layers/readout.ts';
import { type UnrollTape, unroll } from '../../layers/unroll.ts';
import type { Weighting } from '../../losses/loss.ts';
import { add, addRow, timesT } from '../../matrix.ts';
import { ParamSet } from '../../params.ts';
import { requireCount, requireFinite, requireFunction, requireKnown, requireObject } from '../../require.ts';
import { Sequence } from '../../sequence.ts';
import type { Matrices } from '../../shape.ts';
import type { RTape, TwiceCell } from './twice-cell.ts';
import type { TwiceLoss } from './twice-loss.ts';

/** A cell through time under a readout and a loss, each known to second order. */
export interface TwiceNet<Target> {
  readonly cell: TwiceCell<string, 'h'>;
  readonly loss: TwiceLoss<Target>;
  /** Inputs, hidden units, outputs. */
  readonly d: number;
  readonly m: number;
  readonly C: number;
}

/** What the loss is taken over. */
export interface LabelledBatch<Target> {
  /** T steps of B sequences of d inputs, dense or one-hot. */
  readonly x: Sequence;
  /** What the outputs should be, as the loss takes it. */
  readonly y: Target;
  /** The state before the first step; zeros unless given. */
  readonly s0?: Matrices;
  /** Which steps count, and how much; all alike unless given. */
  readonly weighting?: Weighting;
}

/** The forward pass and its R{·}. The layers are fresh copies: their gradients are nobody else's. */
export interface RForward {
  readonly layer: Layer<UnrollTape<unknown>>;
  readonly out: Layer<ReadoutTape, 'V' | 'c'>;
  /** The parameters of both, and their gradients, zero as yet. */
  readonly params: ParamSet;
  /** R{params}: its values are v, and its gradients, zero as yet, R{dL/dθ}. */
  readonly R: { readonly layer: ParamSet; readonly out: ParamSet<'V' | 'c'>; readonly params: ParamSet };
  readonly unrolled: UnrollTape<unknown>;
  readonly Rsteps: readonly RTape<unknown>[];
  readonly outTape: ReadoutTape;
  readonly lossTape: unknown;
  readonly Rh: Sequence;
  readonly RdO: AbstractMatrix;
}

/** Runs the network, and R{·} of it, at the parameters θ along v. Mutates nothing. */
export function rForward<Target>(
  net: TwiceNet<Target>,
  theta: ArrayLike<number>,
  batch: LabelledBatch<Target>,
  v: ArrayLike<number>,
): RForward {
  const { cell, loss, d, m, C } = requireKnown('net', net, ['cell', 'loss', 'd', 'm', 'C']);
  const { x, y, s0, weighting } = requireKnown('batch', batch, ['x', 'y', 's0', 'weighting']);
  requireFunction('cell.rForward', requireCell('cell', cell).rForward);
  requireFunction('cell.rBackward', cell.rBackward);
  for (const part of ['forward', 'backward', 'rBackward'] as const) {
    requireFunction(`loss.${part}`, requireObject('loss', loss)[part]);
  }
  const layer = unroll(cell, { d, m });
  const out = readout({ m: layer.outputs, C });
  const [RLayer, ROut] = [ParamSet.of(layer.params.shapes), ParamSet.of(out.params.shapes)];
  const params = ParamSet.join({ cell: layer.params, readout: out.params });
  const R = ParamSet.join({ cell: RLayer, readout: ROut });
  params.values.set(requireVector('theta', theta, params.size));
  R.values.set(requireVector('v', v, params.size));
  const { y: h, tape: unrolled } = layer.forward(x, s0);
  const { y: o, tape: outTape } = out.forward(h);
  const { tape: lossTape } = loss.forward(o, y, weighting);

  const [p, Rp] = [layer.params.named(), RLayer.named()];
  const Rh = Sequence.zeros({ ...x.extent(), F: layer.outputs });
  const Rsteps: RTape<unknown>[] = [];
  let Rs = zeroState(layer.state, x.B) as State<'h'>;
  for (const [t, tape] of unrolled.steps.entries()) {
    const rows = activeRows(x, t);
    const { Rnext, Rtape } = cell.rForward(p, Rp, tape, rowsOfEach(Rs, rows)); // ROP-F1  R{s_t} = R{f(s_{t−1}, x_t; θ)}, R{s_0} = 0
    Rs = withRowsOfEach(Rs, rows, Rnext); // ROP-F2  R{s_t} = R{s_{t−1}} where t > length
    addToRows(Rh.at(t), rows, Rnext.h); // ROP-F3  R{y_t} = R{h_t}, 0 where t > length
    Rsteps.push(Rtape);
  }
  const { V } = out.params.named();
  const { V: RV, c: Rc } = ROut.named();
  const RO = add(addRow(timesT(h.rows(), RV), Rc), timesT(Rh.rows(), V)); // RRO-F1  R{o_t} = R{V} h_t + V R{h_t} + R{c}
  const RdO = loss.rBackward(lossTape, RO);
  const directions = { layer: RLayer, out: ROut, params: R };
  return { layer, out, params, R: directions, unrolled, Rsteps, outTape, lossTape, Rh, RdO };
}

function requireVector(argument: string, values: ArrayLike<number>, size: number): ArrayLike<number> {
  requireCount(argument, values, size, 'numbers');
  requireFinite(argument, values);
  return values;
}
