/**
 * The gradient of an LSTM in its memory cells, split by the way it came: along c alone, through forget gates only, or
 * through some later h and the gates that saw it. Derived in `derivations/lstm-paths.md`.
 *
 * | symbol     | shape | meaning |
 * |------------|-------|---------|
 * | whole      | B×m   | dL/dc_t, by whatever way |
 * | alongC     | B×m   | the part of it that came along c alone, p_t |
 * | throughH   | B×m   | the part that came through h and the gates at least once, r_t |
 * | own, final | B×m   | what is said of h_t from outside: dy_t, and after the last step `final`, dL/dh_T |
 * | gates      | B×m   | what the gates of step t+1 say of h_t; dh is both |
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { GateName } from '../cells/gates.ts';
import { type LstmTape, lstm } from '../cells/lstm.ts';
import { activeRows, rowsOf, rowsOfEach, stepsIn, withRowsOfEach } from '../layers/active.ts';
import { type Layer, requireLayer, requireState, requireTape } from '../layers/layer.ts';
import type { UnrollTape } from '../layers/unroll.ts';
import { add, mul, tanhSlope } from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireCount } from '../require.ts';
import { read, type Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** The gradient in one c_t. */
export interface LstmPaths {
  /** dL/dc_t, with what c_t does to the loss through h_t. */
  readonly whole: AbstractMatrix;
  /** The part that came along c alone: from an output, by products of forget gates. */
  readonly alongC: AbstractMatrix;
  /** The part that came through some h_j, j ≥ t, and the gates of step j+1. */
  readonly throughH: AbstractMatrix;
}

/**
 * Splits the gradient of an unrolled LSTM at every step. Each part has a recursion of its own, and neither is a
 * difference. Mutates nothing, `layer.params.grads` included.
 *
 * @param layer what `unroll(lstm, size)` returned.
 * @param tape of its forward pass.
 * @param given dL/dy, of y's shape.
 * @param dsT dL/ds_T, zeros unless given; its c counts as having come along c.
 * @returns T+1 slots, c_0 first. Where a sequence has ended, its rows hold dL/dc_T.
 * @throws ShapeError, ValueError when dy or dsT do not fit or are not finite.
 */
export function lstmPaths(
  layer: Layer<UnrollTape<LstmTape>, GateName<'f' | 'i' | 'o' | 'g'>>,
  tape: UnrollTape<LstmTape>,
  given: Sequence,
  dsT?: Matrices,
): LstmPaths[] {
  const { params, state, outputs, inputs } = requireLayer('layer', layer);
  const { x, steps } = requireTape(tape, inputs);
  requireCount('tape.steps', steps, stepsIn(x), 'tapes of steps');
  const dy = read('dy', given, outputs, x);
  const { h: dhT, c: dcT } = requireState('dsT', dsT, state, x.B) as Matrices<'h' | 'c'>;
  const p = params.named();
  const unused = ParamSet.of(params.shapes).namedGrads();
  const zero = Matrix.zeros(x.B, outputs);
  const slots: LstmPaths[] = [];
  let behind: Behind = { final: dhT, gates: zero, dc: dcT, alongC: dcT, throughH: zero };
  for (let t = x.T - 1; t >= 0; t--) {
    const tape = steps[t];
    const ended = paths(behind);
    if (!tape) {
      slots.unshift(ended);
      continue;
    }
    const rows = activeRows(x, t);
    const { final, gates, dc, ...parts } = rowsOfEach(behind, rows);
    const own = add(final, rowsOf(dy.at(t), rows));
    const dh = add(own, gates);
    const slope = tanhSlope(tape.tc);
    const whole = add(dc, mul(dh, tape.o, slope)); // LSTM-B2  dL/dc_t = dc + dh⊙o⊙(1−tanh²(c_t))
    const alongC = add(parts.alongC, mul(own, tape.o, slope)); // PATH-B1  p_t = f_{t+1}⊙p_{t+1} + dy_t⊙o_t⊙(1−tanh²(c_t))
    const throughH = add(parts.throughH, mul(gates, tape.o, slope)); // PATH-B2  r_t = f_{t+1}⊙r_{t+1} + (Σ_k dL/da^k_{t+1} W_k)⊙o_t⊙(1−tanh²(c_t))
    const { dprev } = lstm.backward(p, tape, { h: dh, c: dc }, unused);
    const faded = { alongC: mul(alongC, tape.f), throughH: mul(throughH, tape.f) };
    slots.unshift(withRowsOfEach(ended, rows, { whole, alongC, throughH })); // PATH-B3  p_t = dL/dc_T, r_t = 0 where t > length
    const nothing = Matrix.zeros(own.rows, outputs);
    behind = withRowsOfEach(behind, rows, { final: nothing, gates: dprev.h, dc: dprev.c, ...faded });
  }
  return [paths(behind), ...slots];
}

/** What of it is said of c_t where there is no step t+1. */
function paths({ dc, alongC, throughH }: Behind): Matrices<keyof LstmPaths> {
  return { whole: dc, alongC, throughH };
}

/** What step t receives from step t+1: what is said of h_t, and the gradients in c_{t+1} times f_{t+1}. */
type Behind = Matrices<'final' | 'gates' | 'dc' | 'alongC' | 'throughH'>;
