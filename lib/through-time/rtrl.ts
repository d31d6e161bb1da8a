/**
 * Real-time recurrent learning (Williams & Zipser 1989, "A Learning Algorithm for Continually Running Fully Recurrent
 * Neural Networks"): the gradient of any cell through time, carried forward with the state instead of sent back over a
 * tape. Derived in `derivations/rtrl.md`.
 *
 * | symbol  | shape | meaning |
 * |---------|-------|---------|
 * | s       | 1×n   | the state of one sequence, all its parts side by side |
 * | J       | n×n   | ∂s_t/∂s_{t−1} |
 * | inTheta | n×P   | S_t = ∂s_t/∂θ, all P parameters in the order of `params.values` |
 * | inS0    | n×n   | R_t = ∂s_t/∂s_0 |
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { Cell, CellSize, State } from '../cells/cell.ts';
import { requireState, zeroState } from '../layers/layer.ts';
import { stepsOf } from '../layers/steps.ts';
import { add, addTo, times } from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireKnown, requireMatrix, requireObject } from '../require.ts';
import { read, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { FlatMatrix } from '../views.ts';

/** The state of one sequence and how it answers to the parameters and to the initial state. */
export interface Sensitivity {
  /** s_t, every part 1×its columns. */
  readonly s: Matrices;
  /** ∂s_t/∂θ, n×P. */
  readonly inTheta: AbstractMatrix;
  /** ∂s_t/∂s_0, n×n. */
  readonly inS0: AbstractMatrix;
}

/** A cell that learns in real time: what `rtrl` makes. */
export interface Rtrl<P extends string = string> {
  readonly params: ParamSet<P>;
  /** Before the first step of one sequence; s0 is zeros unless given. ShapeError, ValueError when it does not fit. */
  start(s0?: Matrices): Sensitivity;
  /** One step with the 1×d input x. Mutates nothing. ShapeError, ValueError when x does not fit. */
  step(before: Sensitivity, x: AbstractMatrix): Sensitivity;
  /**
   * The gradient of a loss whose gradient in s_t alone is `ds`: ADDS dL/dθ into `params.grads`, returns dL/ds_0.
   * ShapeError, ValueError when `ds` has not the parts and shapes of the state of one sequence.
   */
  gradientAt(now: Sensitivity, ds: Matrices): Matrices;
  /**
   * The gradient of a whole batch, what `unroll` has after `backward`: ADDS dL/dθ into `params.grads`. s0 and dsT are
   * zeros unless given. There is no dL/dx: S would need columns for every input that has been.
   *
   * @throws ShapeError, ValueError when an argument does not fit or is not finite.
   */
  gradient(
    x: Sequence,
    dy: Sequence,
    ends?: { readonly s0?: Matrices; readonly dsT?: Matrices },
  ): { readonly y: Sequence; readonly sT: Matrices; readonly ds0: Matrices };
}

/**
 * `cell` with its sensitivities. A step costs O(n²·P) and O(n·P) numbers of memory, however long the sequence; `unroll`
 * costs O(P) a step, and a tape as long as the sequence. Worth it for few units in a stream without end, where every
 * step's gradient is wanted at that step.
 *
 * @param cell the cell.
 * @param size d inputs and m hidden units.
 * @returns fresh parameters, all zero but those that the cell has other first values of, and the steps.
 * @throws ValueError when a size is not a positive integer, or none that the cell can have; the steps throw what those of
 * `unroll` do where the cell fails.
 */
export function rtrl<P extends string, S extends string, Tape>(cell: Cell<P, S, Tape>, size: CellSize): Rtrl<P> {
  const { params, state, forward, backward } = stepsOf(cell, size);
  const n = Object.values<number>(state).reduce((sum, columns) => sum + columns, 0);

  function start(s: Matrices): Sensitivity {
    return { s, inTheta: Matrix.zeros(n, params.size), inS0: Matrix.eye(n) }; // RTRL-F1  S_0 = 0, R_0 = I
  }

  function step({ s, inTheta, inS0 }: Sensitivity, x: AbstractMatrix): Sensitivity {
    const p = params.named();
    const { next, tape } = forward(p, x, s as State<S>);
    const [J, immediate] = [Matrix.zeros(n, n), Matrix.zeros(n, params.size)];
    for (let i = 0; i < n; i++) {
      const own = ParamSet.of(params.shapes);
      const unit = split(Matrix.zeros(1, n).set(0, i, 1), state) as State<S>;
      const { dprev } = backward(p, tape, unit, own.namedGrads());
      J.setRow(i, join(dprev, state)); // RTRL-F2  row i of J_t = e_i ∂s_t/∂s_{t−1}
      immediate.setRow(i, flat(own.grads)); // RTRL-F3  row i of ∂⁺s_t/∂θ = e_i ∂⁺s_t/∂θ
    }
    return {
      s: next,
      inTheta: add(times(J, inTheta), immediate), // RTRL-F4  S_t = J_t S_{t−1} + ∂⁺s_t/∂θ
      inS0: times(J, inS0), // RTRL-F5  R_t = J_t R_{t−1}
    };
  }

  function gradientAt({ inTheta, inS0 }: Sensitivity, ds: Matrices): Matrices {
    const row = join(ds, state);
    addTo(flat(params.grads), times(row, inTheta)); // RTRL-B1  dL/dθ += Σ_t l_t S_t, l_t being ds
    return split(times(row, inS0), state); // RTRL-B2  dL/ds_0 = Σ_t l_t R_t
  }

  function requireSensitivity(argument: string, at: Sensitivity): Sensitivity {
    const { s, inTheta, inS0 } = requireObject(argument, at);
    requireState(`${argument}.s`, requireObject(`${argument}.s`, s), state, 1);
    requireMatrix(`${argument}.inTheta`, inTheta, [n, params.size]);
    requireMatrix(`${argument}.inS0`, inS0, [n, n]);
    return at;
  }

  return {
    params,
    start: s0 => start(requireState('s0', s0, state, 1)),
    step: (before, x) => step(requireSensitivity('before', before), requireMatrix('x', x, [1, size.d])),
    gradientAt: (now, ds) => gradientAt(requireSensitivity('now', now), requireState('ds', ds, state, 1)),

    gradient(input, cotangent, ends = {}) {
      const { s0, dsT } = requireKnown('ends', ends, ['s0', 'dsT']);
      const x = read('x', input, size.d);
      const dy = read('dy', cotangent, state.h, x);
      const [first, last] = [requireState('s0', s0, state, x.B), requireState('dsT', dsT, state, x.B)];
      const y = Sequence.zeros({ ...x.extent(), F: state.h });
      const [sT, ds0] = [zeroState(state, x.B), zeroState(state, x.B)];
      for (let b = 0; b < x.B; b++) {
        const length = x.lengths?.[b] ?? x.T;
        let now = start(rowOf(first, b));
        for (let t = 0; t < length; t++) {
          now = step(now, x.at(t).getRowVector(b)); // RTRL-F6  s_t = s_{t−1}, S_t = S_{t−1}, R_t = R_{t−1} where t > length
          y.at(t).setRow(b, now.s.h as AbstractMatrix);
          addToRow(ds0, b, gradientAt(now, { ...zeroState(state, 1), h: dy.at(t).getRowVector(b) }));
        }
        for (const [name, part] of Object.entries(sT)) part.setRow(b, now.s[name] as AbstractMatrix);
        addToRow(ds0, b, gradientAt(now, rowOf(last, b)));
      }
      return { y, sT, ds0 };
    },
  };
}

/** The parts of a state side by side: 1×n. */
function join(s: Matrices, state: Readonly<Record<string, number>>): Matrix {
  return new Matrix([Object.keys(state).flatMap(part => (s[part] as AbstractMatrix).getRow(0))]);
}

/** The parts of which `join` makes this row. */
function split(row: AbstractMatrix, state: Readonly<Record<string, number>>): Matrices {
  let from = 0;
  return mapParts(state, columns => {
    from += columns;
    return row.subMatrix(0, 0, from - columns, from - 1);
  });
}

/** A buffer as one row that shares its memory. */
function flat(data: Float64Array): FlatMatrix {
  return new FlatMatrix(data, 1, data.length);
}

/** Row b of every part. */
function rowOf(s: Matrices, b: number): Matrices {
  return mapParts(s, part => part.getRowVector(b));
}

/** Row b of every part of S += s. */
function addToRow(S: Matrices, b: number, s: Matrices): void {
  for (const [name, part] of Object.entries(S)) {
    part.setRow(b, add(part.getRowVector(b), s[name] as AbstractMatrix));
  }
}

function mapParts<A>(s: Readonly<Record<string, A>>, f: (part: A) => AbstractMatrix): Matrices {
  return Object.fromEntries(Object.entries(s).map(([name, part]) => [name, f(part)]));
}
