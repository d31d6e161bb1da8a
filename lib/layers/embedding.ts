/**
 * A vector for every symbol: the input matrix of DD2424 Lecture 9 met by one-hot inputs, as a layer of its own.
 * Derived in `derivations/embedding.md`.
 *
 * | symbol | shape    | meaning |
 * |--------|----------|---------|
 * | X, dX  | (T·B)×C  | every x_t of every sequence, stacked by rows |
 * | Y, dY  | (T·B)×e  | every y_t |
 * | E, dE  | C×e      | the embedding: row k is the vector of symbol k |
 *
 * The vectors are rows, one after the other in memory, so E is a transposed U: `U` below is a view of it, and the
 * products that gather and scatter for a one-hot x·Uᵀ do so here.
 */
import { type AbstractMatrix, MatrixTransposeView } from 'ml-matrix';
import { addTo, addTTimes, copy, keepRows, timesT } from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireKnown, requireSize } from '../require.ts';
import { read, Sequence } from '../sequence.ts';
import { readLater } from './later.ts';
import { type Layer, requireState, requireTape } from './layer.ts';
import { made } from './made.ts';

/** What the backward pass of the embedding needs. */
export interface EmbeddingTape {
  readonly x: Sequence;
}

/**
 * The layer y_t = Eᵀ x_t, without a bias or a state. Where x is one-hot, rows of E are gathered, and their gradients
 * are added where they came from. Padding puts out zeros and takes no gradient in.
 *
 * @param size C symbols, e numbers for each.
 * @throws ValueError when a size is not a positive integer.
 */
export function embedding(size: { readonly C: number; readonly e: number }): Layer<EmbeddingTape, 'E'> {
  const { C, e } = requireKnown('size', size, ['C', 'e']);
  requireSize('C', C);
  requireSize('e', e);
  const params = ParamSet.of({ E: [C, e] });

  const layer: Layer<EmbeddingTape, 'E'> = {
    name: 'embedding',
    params,
    inputs: C,
    outputs: e,
    state: {},
    equations: { E: 'EM-B1', x: 'EM-B2' },

    forward(given, s0) {
      const x = read('x', given, C);
      requireState('s0', s0, {}, x.B);
      const U = new MatrixTransposeView(params.named().E);
      const y = Sequence.zeros({ ...x.extent(), F: e });
      const Y = timesT(x.rows(), U); // EM-F1  y_t = Eᵀ x_t = U x_t
      addTo(y.rows(), keepRows(Y, x.countedRows()));
      return { y, sT: {}, tape: { x } };
    },

    backward(tape, given, dsT) {
      const { x } = requireTape(tape, C);
      const dy = read('dy', given, e, x);
      requireState('dsT', dsT, {}, x.B);
      const dU = new MatrixTransposeView(params.namedGrads().E);
      const dY = keepRows(dy.rows(), x.countedRows());
      addTTimes(dU, dY, x.rows()); // EM-B1  dL/dE += Σ_t x_t dL/dy_t, through F1; dU is its transpose
      const E = copy(params.named().E); // it may have been changed when dx is read
      let dx: Sequence | undefined;
      return readLater(() => {
        dx ??= through(dY, E, x);
        return dx;
      }, {});
    },
  };
  return made(layer, { kind: 'embedding', C, e });
}

/** The gradient in x: of symbols hardly anybody asks for it, so it is computed when it is read. */
function through(dY: AbstractMatrix, E: AbstractMatrix, x: Sequence): Sequence {
  const dx = Sequence.zeros({ ...x.extent(), F: x.F });
  addTo(dx.rows(), timesT(dY, E)); // EM-B2  dL/dx_t = dL/dy_t Eᵀ, through F1
  return dx;
}
