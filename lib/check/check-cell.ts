/**
 * A cell's gradients, checked where they are used: unrolled through time under the lecture's readout and cross-entropy.
 */
import type { Cell } from '../cells/cell.ts';
import { normal } from '../init/initialisers.ts';
import { readout } from '../layers/readout.ts';
import { unroll } from '../layers/unroll.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { addTo } from '../matrix.ts';
import { Random } from '../random.ts';
import { requireSize } from '../require.ts';
import { checkGradients, type GradientReport } from './finite-differences.ts';
import {
  initialStates,
  inner,
  innerStates,
  parameters,
  raggedLengths,
  randomSequence,
  randomState,
} from './problem.ts';

/** The problem that a cell is checked on; every size is a positive integer. */
export interface CheckCellOptions {
  /** Steps, sequences, inputs, hidden units, classes. The last sequence of a batch ends early where T > 1. */
  readonly T?: number;
  readonly B?: number;
  readonly d?: number;
  readonly m?: number;
  readonly C?: number;
  /** Fixes every number that is drawn. */
  readonly seed?: number;
}

/**
 * Checks every gradient that a cell declares, and the readout's, against finite differences of
 *
 * L = Σ_t −log p_t[y_t] + Σ_t ⟨R_t, h_t⟩ + ⟨r, s_T⟩
 *
 * with random parameters, inputs, initial state and targets, and random cotangents R_t on every h_t and r on every
 * part of the final state. Tensors are named as on the slides: W, U, b, V, c, x, h0.
 *
 * @throws ValueError when a size or the seed is none.
 *
 * @example
 * ```ts
 * import { rnn } from 'bptt';
 * import { checkCell } from 'bptt/check';
 *
 * const { ok, tensors } = checkCell(rnn);
 * console.log(ok, tensors.map(({ name }) => name).join(' ')); // → true W U b V c x h0
 * ```
 */
export function checkCell<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  { T = 5, B = 3, d = 4, m = 5, C = 4, seed = 1 }: CheckCellOptions = {},
): GradientReport {
  for (const [name, size] of Object.entries({ T, B, d, m, C })) requireSize(name, size);
  const rng = new Random(seed);
  const lengths = raggedLengths(T, B);
  const layer = unroll(cell, { d, m });
  const out = readout({ m: layer.outputs, C });
  const draw = normal(0.5);
  draw(layer.params, rng);
  draw(out.params, rng);
  const x = randomSequence({ T, B, F: d, lengths }, rng);
  const s0 = randomState(layer, B, rng);
  const R = randomSequence({ T, B, F: layer.outputs, lengths }, rng);
  const r = randomState(layer, B, rng);
  const y = Array.from({ length: T * B }, () => Math.floor(rng.uniform() * C));

  const loss = () => {
    const { y: h, sT } = layer.forward(x, s0);
    return crossEntropy.forward(out.forward(h).y, y).loss + inner(R.rows(), h.rows()) + innerStates(r, sT);
  };

  const { y: h, tape } = layer.forward(x, s0);
  const { y: o, tape: outTape } = out.forward(h);
  const { dx: dh } = out.backward(outTape, crossEntropy.backward(crossEntropy.forward(o, y).tape));
  addTo(dh.rows(), R.rows());
  const { dx, ds0 } = layer.backward(tape, dh, r);

  return checkGradients(loss, [
    ...parameters(layer),
    ...parameters(out),
    {
      name: 'x',
      values: x.rows(),
      gradient: dx.rows(),
      tag: cell.equations.x,
      index: (n, j) => [Math.floor(n / B), n % B, j],
    },
    ...initialStates(layer, s0, ds0),
  ]);
}
