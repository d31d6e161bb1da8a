/**
 * A window of fixed size, learned: one hidden layer sees the last N symbols, each through a matrix of its own (MIT 6.S191,
 * "Idea #1: use a fixed window" and "Idea #3: use a really big fixed window"). Derived in `derivations/window-net.md`.
 *
 * | symbol | shape   | meaning |
 * |--------|---------|---------|
 * | x_j    | C       | the symbol j steps before the latest one that an example sees, one-hot: j = 0 … N − 1 |
 * | E, dE  | N·C×m   | row j·C + k is what symbol k adds j steps back: the lecture's "separate parameter" for each place |
 * | b, db  | 1×m     | the bias, a row |
 * | a, da  | B×m     | the hidden layer before the non-linearity, an example a row |
 * | h, dh  | B×m     | the hidden layer |
 *
 * Inputs are symbols, so there is no gradient in them. A readout goes on top, as on any layer.
 */
import { tanhSlope } from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireCount, requireInstance, requireInteger, requireKnown, requireObject, requireSize } from '../require.ts';
import { dense, read, requireExtent, Sequence } from '../sequence.ts';
import type { FlatMatrix } from '../views.ts';

/** The hidden layer of a window of symbols. */
export interface WindowNet {
  /** Symbols that it sees at most: fewer where the text has just begun. */
  readonly N: number;
  readonly params: ParamSet<'E' | 'b'>;
  /**
   * What the hidden layer makes of the windows that end before some places of a text.
   *
   * @param text class indices.
   * @param places where the symbols to be foretold stand: those before them are seen.
   * @returns h, one step of as many sequences as there are places, of m features; the tape.
   * @throws ValueError when a place is none of the text, or the text holds what is no class.
   */
  forward(text: Int32Array, places: Int32Array): { readonly h: Sequence; readonly tape: WindowNetTape };
  /**
   * ADDS the parameters' gradients into `params.grads`, and mutates nothing else.
   *
   * @param dh dL/dh, of h's shape.
   * @throws ShapeError, ValueError when dh does not fit or is not finite.
   */
  backward(tape: WindowNetTape, dh: Sequence): void;
}

/** What the backward pass needs. */
export interface WindowNetTape {
  readonly h: Sequence;
  /** The rows of E that example n met: N at n·N, −1 where there was no symbol. */
  readonly rows: Int32Array;
}

/**
 * The hidden layer h = tanh(Σ_j E_jᵀ x_j + b), with fresh parameters, all zero.
 *
 * @param size C classes, N symbols, m hidden units.
 * @throws ValueError when a size is not a positive integer.
 */
export function windowNet(size: { readonly C: number; readonly N: number; readonly m: number }): WindowNet {
  const { C, N, m } = requireKnown('size', size, ['C', 'N', 'm']);
  requireSize('C', C);
  requireSize('N', N);
  requireSize('m', m);
  const params = ParamSet.of({ E: [N * C, m], b: [1, m] });

  return {
    N,
    params,

    forward(text, places) {
      requireInstance('text', text, Int32Array);
      const B = requireSize('places.length', requireInstance('places', places, Int32Array).length);
      const rows = rowsOf(text, places, { C, N });
      const { E, b } = params.named();
      const h = new Float64Array(B * m);
      for (let n = 0; n < B; n++) {
        const a = h.subarray(n * m, (n + 1) * m);
        a.set(row(b, 0));
        for (let j = 0; j < N; j++) {
          const r = rows[n * N + j] ?? -1;
          if (r >= 0) addTo(a, row(E, r)); // WN-F1  a = Σ_j E_jᵀ x_j + b
        }
        for (let i = 0; i < m; i++) a[i] = Math.tanh(a[i] ?? 0); // WN-F2  h = tanh(a)
      }
      const y = Sequence.dense(h, { T: 1, B, F: m });
      return { h: y, tape: { h: y, rows } };
    },

    backward(tape, given) {
      const { h, rows } = requireObject('tape', tape);
      requireExtent('tape.h', h, m);
      requireCount('tape.rows', rows, h.B * N, 'rows of E');
      const dh = dense(read('dh', given, m, h));
      const { E: dE, b: db } = params.namedGrads();
      const slope = tanhSlope(h.rows());
      const da = new Float64Array(m);
      for (let n = 0; n < h.B; n++) {
        for (let i = 0; i < m; i++) da[i] = (dh.data[n * m + i] ?? 0) * slope.get(n, i); // WN-B1  dL/da = dL/dh diag(1 − h²), through F2
        for (let j = 0; j < N; j++) {
          const r = rows[n * N + j] ?? -1;
          if (r >= 0) addTo(row(dE, r), da); // WN-B2  dL/dE_j += x_j dL/da, through F1
        }
        addTo(row(db, 0), da); // WN-B3  dL/db += dL/da, through F1
      }
    },
  };
}

/** The rows of E that the window before each place meets. */
function rowsOf(
  text: Int32Array,
  places: Int32Array,
  { C, N }: { readonly C: number; readonly N: number },
): Int32Array {
  const rows = new Int32Array(places.length * N).fill(-1);
  places.forEach((place, n) => {
    requireInteger(`places[${n}]`, place, 0, text.length);
    for (let j = 0; j < Math.min(N, place); j++) {
      const at = place - 1 - j;
      rows[n * N + j] = j * C + requireInteger(`text[${at}]`, text[at] ?? -1, 0, C - 1);
    }
  });
  return rows;
}

/** A row of a matrix, sharing its memory. */
function row({ data, offset, columns }: FlatMatrix, i: number): FlatMatrix['data'] {
  return data.subarray(offset + i * columns, offset + (i + 1) * columns);
}

function addTo(into: FlatMatrix['data'], add: FlatMatrix['data']): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] ?? 0) + (add[i] ?? 0);
}
