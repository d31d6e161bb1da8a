/**
 * A cell run through time: the reference recurrent layer, and the one reference time loop.
 * Derived in `derivations/through-time.md`.
 */
import { type Cell, type CellSize, type State, tagsOf } from '../cells/cell.ts';
import { add } from '../matrix.ts';
import { requireCount } from '../require.ts';
import { read, Sequence } from '../sequence.ts';
import { activeRows, addToRows, rowsOf, rowsOfEach, stepsIn, withRowsOfEach } from './active.ts';
import { type Layer, requireState, requireTape } from './layer.ts';
import { made } from './made.ts';
import { stepsOf } from './steps.ts';

/** The tapes of all steps, and the extent they were made for. */
export interface UnrollTape<Tape> {
  readonly x: Sequence;
  /** Of each step up to the longest sequence's last: of the sequences that have it, in order. */
  readonly steps: readonly Tape[];
}

/**
 * The layer that applies `cell` at every time step with the same parameters; y_t is h_t.
 *
 * A sequence of the batch whose length is reached keeps its state, puts out zeros, and takes no gradient in: the cell is not
 * given it any more.
 *
 * @param cell the cell.
 * @param size d inputs and m hidden units.
 * @returns a layer with fresh parameters, all zero but those that the cell has other first values of: see the initialisers.
 * @throws ValueError when a size is not a positive integer, or none that the cell can have. Its passes throw ShapeError or
 * ValueError naming the cell, the pass and the part where the cell fails, or returns what it did not declare:
 * `mine.backward: dprev.h: expected a 3×5 matrix, got a 3×4 matrix`.
 *
 * @example
 * ```ts
 * import { normal, Random, rnn, Sequence, unroll } from 'bptt';
 *
 * const layer = unroll(rnn, { d: 2, m: 3 });
 * normal(0.5)(layer.params, new Random(1));
 * const x = Sequence.dense([1, 0, 0, 1], { T: 2, F: 2 });
 * const { y, tape } = layer.forward(x);
 * const { dx } = layer.backward(tape, y); // dL/dy = y: the loss is ½‖y‖²
 * console.log(y.T, y.F, dx.F); // → 2 3 2
 * ```
 */
export function unroll<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  size: CellSize,
): Layer<UnrollTape<Tape>, P> {
  const { params, state, counts, equations, ...step } = stepsOf(cell, size);
  const outputs = state.h;

  const layer: Layer<UnrollTape<Tape>, P> = {
    name: cell.name,
    params,
    inputs: size.d,
    outputs,
    state,
    ...(counts.length > 0 && { counts }),
    equations: tagsOf({ equations }),

    forward(given, s0) {
      const x = read('x', given, size.d);
      const p = params.named();
      const y = Sequence.zeros({ ...x.extent(), F: outputs });
      const steps: Tape[] = [];
      let s = requireState('s0', s0, state, x.B) as State<S>;
      for (let t = 0; t < stepsIn(x); t++) {
        const rows = activeRows(x, t);
        const { next, tape } = step.forward(p, rowsOf(x.at(t), rows), rowsOfEach(s, rows)); // BPTT-F1  s_t = f(s_{t−1}, x_t; θ)
        s = withRowsOfEach(s, rows, next); // BPTT-F2  s_t = s_{t−1} where t > length
        addToRows(y.at(t), rows, next.h); // BPTT-F3  y_t = h_t, 0 where t > length
        steps.push(tape);
      }
      return { y, sT: s, tape: { x, steps } };
    },

    backward(tape, given, dsT) {
      const { x, steps } = requireTape(tape, size.d);
      requireCount('tape.steps', steps, stepsIn(x), 'tapes of steps');
      const dy = read('dy', given, outputs, x);
      const p = params.named();
      const dp = params.namedGrads();
      const dx = Sequence.zeros({ ...x.extent(), F: size.d });
      let ds = requireState('dsT', dsT, state, x.B) as State<S>;
      for (let t = steps.length - 1; t >= 0; t--) {
        const rows = activeRows(x, t);
        const total = { ...ds, h: add(ds.h, dy.at(t)) }; // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
        const back = step.backward(p, steps[t] as Tape, rowsOfEach(total, rows), dp); // BPTT-B2  dL/dθ += dL/ds_t ∂⁺s_t/∂θ
        addToRows(dx.at(t), rows, back.dx);
        ds = withRowsOfEach(ds, rows, back.dprev); // BPTT-B3  dL/ds_{t−1} = dL/ds_t where t > length
      }
      return { dx, ds0: ds };
    },
  };
  return made(layer, { kind: 'cell', cell: cell as unknown as Cell, d: size.d, m: size.m, engine: 'reference' });
}
