/**
 * The Jacobians of one step as formulas, of one sequence: what `stepJacobians` finds by backward passes, said without one.
 * Derived in `derivations/gradient-flow.md`, the GRU's in `derivations/gru.md`.
 *
 * Rows are the state after the step, columns the state before it. diag(v)·W is W with row i times v_i.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { GruTape } from '../cells/gru.ts';
import type { LstmTape } from '../cells/lstm.ts';
import type { RnnTape } from '../cells/rnn.ts';
import { ShapeError } from '../errors.ts';
import { add, mul, oneMinus, sigmoidSlope, sub, tanhSlope } from '../matrix.ts';
import { requireAnyMatrix, requireFunction, requireObject } from '../require.ts';
import type { Matrices } from '../shape.ts';

/**
 * ∂h_t/∂h_{t−1} of the vanilla network, m×m.
 *
 * @param slope g′ in terms of its output: `tanhSlope` or `reluSlope`.
 * @throws ShapeError when the tape is of several sequences, or does not fit W.
 */
export function rnnJacobian(p: Matrices<'W'>, tape: Pick<RnnTape, 'h'>, slope: (h: AbstractMatrix) => Matrix): Matrix {
  const { W } = requireParts('p', p, ['W']);
  const { h } = requireParts('tape', tape, ['h']);
  requireFunction('slope', slope);
  return scaled(slope(h), W); // FLOW-F2  ∂h_t/∂h_{t−1} = diag(g′(a_t)) W
}

/**
 * ∂(h_t, c_t)/∂(h_{t−1}, c_{t−1}) of the LSTM, 2m×2m, h before c.
 *
 * @throws ShapeError when the tape is of several sequences, or does not fit the matrices.
 */
export function lstmJacobian(p: Matrices<'W_f' | 'W_i' | 'W_o' | 'W_g'>, tape: LstmTape): Matrix {
  requireParts('p', p, ['W_f', 'W_i', 'W_o', 'W_g']);
  const { cPrev, f, i, o, g, tc } = requireParts('tape', tape, ['cPrev', 'f', 'i', 'o', 'g', 'tc']);
  const K = add(
    scaled(mul(cPrev, sigmoidSlope(f)), p.W_f),
    scaled(mul(g, sigmoidSlope(i)), p.W_i),
    scaled(mul(i, tanhSlope(g)), p.W_g),
  ); // FLOW-F3  ∂c_t/∂h_{t−1} = diag(c_{t−1}⊙f(1−f)) W_f + diag(g⊙i(1−i)) W_i + diag(i⊙(1−g²)) W_g
  const F = Matrix.diag(f.getRow(0)); // FLOW-F4  ∂c_t/∂c_{t−1} = diag(f_t)
  const out = mul(o, tanhSlope(tc));
  const H = add(scaled(mul(tc, sigmoidSlope(o)), p.W_o), scaled(out, K)); // FLOW-F5  ∂h_t/∂h_{t−1} = diag(tanh(c_t)⊙o(1−o)) W_o + diag(o⊙(1−tanh²(c_t))) ∂c_t/∂h_{t−1}
  const C = scaled(out, F); // FLOW-F6  ∂h_t/∂c_{t−1} = diag(o⊙(1−tanh²(c_t))⊙f_t)
  const m = f.columns;
  const J = Matrix.zeros(2 * m, 2 * m);
  J.setSubMatrix(H, 0, 0).setSubMatrix(C, 0, m).setSubMatrix(K, m, 0).setSubMatrix(F, m, m);
  return J;
}

/**
 * ∂h_t/∂h_{t−1} of the GRU that resets after the product, m×m.
 *
 * @throws ShapeError when the tape is of several sequences, or does not fit the matrices.
 */
export function gruJacobian(p: Matrices<'W_r' | 'W_z' | 'W_n'>, tape: GruTape): Matrix {
  requireParts('p', p, ['W_r', 'W_z', 'W_n']);
  const { hPrev, r, z, q, n } = requireParts('tape', tape, ['hPrev', 'r', 'z', 'q', 'n']);
  const proposal = add(scaled(r, p.W_n), scaled(mul(q, sigmoidSlope(r)), p.W_r));
  return add(
    Matrix.diag(z.getRow(0)),
    scaled(mul(sub(hPrev, n), sigmoidSlope(z)), p.W_z),
    scaled(mul(oneMinus(z), tanhSlope(n)), proposal),
  ); // GRU-D4  ∂h_t/∂h_{t−1} = diag(z) + diag(h_{t−1}−n) S_z W_z + diag(1−z) S_n (diag(r) W_n + diag(q) S_r W_r)
}

/** `s` has matrices of these names, or throws ValueError or ShapeError. Returns it. */
function requireParts<K extends string, S extends Matrices<K>>(argument: string, s: S, names: readonly K[]): S {
  for (const name of names) requireAnyMatrix(`${argument}.${name}`, requireObject(argument, s)[name]);
  return s;
}

/** diag(v)·A: row i of A times v_i. */
function scaled(v: AbstractMatrix, A: AbstractMatrix): Matrix {
  requireAnyMatrix('slope(h)', v);
  if (v.rows !== 1 || v.columns !== A.rows) {
    throw new ShapeError('tape', `1×${A.rows} matrices`, `${v.rows}×${v.columns}`);
  }
  return new Matrix(A).mulColumnVector(v.getRow(0));
}
