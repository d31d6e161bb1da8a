/**
 * A cell run through time: the reference recurrent layer, and the one reference time loop.
 * Derived in `derivations/through-time.md`.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { type Cell, type CellSize, requireCell, requireCellSize, type State, tagsOf } from '../cells/cell.ts';
import { add, addTo, keepRows, selectRows } from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireCount, requireObject, requireShape, requireSize } from '../require.ts';
import { read, Sequence } from '../sequence.ts';
import { type Layer, requireParts, requireState, requireTape } from './layer.ts';
import { made } from './made.ts';

/** The tapes of all steps, and the extent they were made for. */
export interface UnrollTape<Tape> {
  readonly x: Sequence;
  readonly steps: readonly Tape[];
}

/**
 * The layer that applies `cell` at every time step with the same parameters; y_t is h_t.
 *
 * A sequence of the batch whose length is reached keeps its state, puts out zeros, and takes no gradient in.
 *
 * @param cell the cell.
 * @param size d inputs and m hidden units.
 * @returns a layer with fresh parameters, all zero: see the initialisers.
 * @throws ValueError when a size is not a positive integer. Its passes throw ShapeError naming the cell, the pass and the
 * part where the cell returns what it did not declare: `mine.backward: dprev.h: expected a 3×5 matrix, got a 3×4 matrix`.
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
  requireCell('cell', cell);
  requireCellSize(size);
  const params = ParamSet.of(cell.params(size));
  const state = cell.state(size);
  const outputs = requireSize(`${cell.name}.state.h`, state.h);
  const [there, back] = [`${cell.name}.forward`, `${cell.name}.backward`];

  const layer: Layer<UnrollTape<Tape>, P> = {
    name: cell.name,
    params,
    inputs: size.d,
    outputs,
    state,
    equations: tagsOf(cell),

    forward(given, s0) {
      const x = read('x', given, size.d);
      const p = params.named();
      const y = Sequence.zeros({ ...x.extent(), F: outputs });
      const steps: Tape[] = [];
      let s = requireState('s0', s0, state, x.B) as State<S>;
      for (let t = 0; t < x.T; t++) {
        const active = x.active(t);
        const { next, tape } = requireObject(there, cell.forward(p, x.at(t), s)); // BPTT-F1  s_t = f(s_{t−1}, x_t; θ)
        requireParts(`${there}: next`, next, state, x.B);
        s = active ? hold(active, next, s) : next; // BPTT-F2  s_t = s_{t−1} where t > length
        addTo(y.at(t), active ? keepRows(next.h, active) : next.h); // BPTT-F3  y_t = h_t, 0 where t > length
        steps.push(tape);
      }
      return { y, sT: s, tape: { x, steps } };
    },

    backward(tape, given, dsT) {
      const { x, steps } = requireTape(tape, size.d);
      requireCount('tape.steps', steps, x.T, 'tapes of steps');
      const dy = read('dy', given, outputs, x);
      const p = params.named();
      const dp = params.namedGrads();
      const dx = Sequence.zeros({ ...x.extent(), F: size.d });
      let ds = requireState('dsT', dsT, state, x.B) as State<S>;
      for (let t = x.T - 1; t >= 0; t--) {
        const active = x.active(t);
        const total = { ...ds, h: add(ds.h, dy.at(t)) }; // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
        const dnext = active ? keep(active, total) : total;
        const step = requireObject(back, cell.backward(p, steps[t] as Tape, dnext, dp)); // BPTT-B2  dL/dθ += dL/ds_t ∂⁺s_t/∂θ
        requireShape(`${back}: dx`, step.dx, [x.B, size.d]);
        requireParts(`${back}: dprev`, step.dprev, state, x.B);
        addTo(dx.at(t), step.dx);
        ds = active ? hold(active, step.dprev, ds) : step.dprev; // BPTT-B3  dL/ds_{t−1} = dL/ds_t where t > length
      }
      return { dx, ds0: ds };
    },
  };
  return made(layer, { kind: 'cell', cell: cell as unknown as Cell, d: size.d, m: size.m });
}

/** Every part of a where the sequence is active, of b where it is not. */
function hold<S extends string>(active: readonly boolean[], a: State<S>, b: State<S>): State<S> {
  return mapParts(a, (part, name) => selectRows(active, part, b[name]));
}

/** Every part of s where the sequence is active, zeros where it is not. */
function keep<S extends string>(active: readonly boolean[], s: State<S>): State<S> {
  return mapParts(s, part => keepRows(part, active));
}

function mapParts<S extends string>(s: State<S>, f: (part: AbstractMatrix, name: S | 'h') => AbstractMatrix): State<S> {
  const names = Object.keys(s) as (S | 'h')[];
  return Object.fromEntries(names.map(name => [name, f(s[name], name)])) as State<S>;
}
