/**
 * The queries of one sequence, and what each gets of the steps of its source: weights, and a mean under them. Derived in
 * `derivations/attention.md`.
 *
 * | symbol | shape | meaning |
 * |--------|-------|---------|
 * | P, dP  | n×a, or n×m | what the score makes of the queries |
 * | H, dH  | τ×k   | the source: its own steps, no padding |
 * | A, dA  | n×τ   | the weights; the rows add up to 1 |
 * | C, dC  | n×k   | the contexts |
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { addTo, addTTimes, softmaxUnits, softmaxUnitsGradient, times, timesT } from '../../matrix.ts';
import type { Sequence } from '../../sequence.ts';
import { FlatMatrix } from '../../views.ts';
import type { Score, ScoreTape } from './scores.ts';

/** A source that queries may be held against: its steps, and what the score makes of them. Or the gradients in both. */
export interface Source {
  readonly H: AbstractMatrix;
  readonly K: AbstractMatrix;
}

/** What the backward pass of some queries needs. */
export interface LookTape {
  readonly source: Source;
  readonly A: AbstractMatrix;
  readonly score: ScoreTape;
}

/** The source of every sequence of a batch. */
export function sourcesOf(score: Score, memory: Sequence): Source[] {
  return Array.from({ length: memory.B }, (_, b) => {
    const H = sequenceRows(memory, b);
    return { H, K: score.keys(H) };
  });
}

/** Gradients in a source, to be added to. */
export function noGradients({ H, K }: Source): Source {
  return { H: Matrix.zeros(H.rows, H.columns), K: Matrix.zeros(K.rows, K.columns) };
}

/** What the score makes of some queries, held against a source: contexts, and the tape. */
export function look(
  score: Score,
  source: Source,
  P: AbstractMatrix,
): { readonly C: AbstractMatrix; readonly tape: LookTape } {
  const { E, tape } = score.forward(P, source.K);
  const A = softmaxUnits(E); // ATT-F1  α_tj = exp e_tj / Σ_i exp e_ti
  const C = times(A, source.H); // ATT-F2  c_t = Σ_j α_tj h_j
  return { C, tape: { source, A, score: tape } };
}

/** Its gradient dP, from that in the contexts. ADDS into the parameters' and the source's. */
export function lookBack(
  score: Score,
  { source, A, score: tape }: LookTape,
  dC: AbstractMatrix,
  dsource: Source,
): AbstractMatrix {
  const dA = timesT(dC, source.H); // ATT-B1  dL/dα_tj = dL/dc_t h_j, through F2
  addTTimes(dsource.H, A, dC); // ATT-B2  dL/dh_j += Σ_t α_tj dL/dc_t, through F2
  const dE = softmaxUnitsGradient(A, dA); // ATT-B3  dL/de_t = (dL/dα_t − ⟨dL/dα_t, α_t⟩)⊙α_tᵀ, through F1
  return score.backward(tape, dE, dsource.K);
}

/** When all queries have gone back: what the source's gradients come to in its steps, written into those of a batch. */
export function sourcesBack(
  score: Score,
  sources: readonly Source[],
  dsources: readonly Source[],
  dmemory: Sequence,
): void {
  for (const [b, { H }] of sources.entries()) {
    const { H: dH, K: dK } = dsources[b] ?? noGradients({ H, K: H });
    addTo(dH, score.keysBackward(H, dK)); // ATT-B4  dL/dy^E_j = dL/dh_j, of both paths
    setSequenceRows(dmemory, b, dH);
  }
}

/** The steps of sequence b that count, a row each: a copy. What counts is what does in the extent: x may come without lengths. */
export function sequenceRows(x: Sequence, b: number, extent: Sequence = x): FlatMatrix {
  const { data, B, F } = x;
  const length = extent.lengths?.[b] ?? extent.T;
  const own = new Float64Array(length * F);
  for (let t = 0; t < length; t++) {
    const at = (t * B + b) * F;
    own.set(data.subarray(at, at + F), t * F);
  }
  return new FlatMatrix(own, length, F);
}

/** The steps of sequence b = rows, from the first on. */
export function setSequenceRows(x: Sequence, b: number, rows: AbstractMatrix): void {
  for (let t = 0; t < rows.rows; t++) setRow(x, t, b, rows.getRow(t));
}

/** Step t of sequence b = some numbers, from the first on: there may be fewer than F. */
export function setRow({ data, B, F }: Sequence, t: number, b: number, row: readonly number[]): void {
  data.set(row, (t * B + b) * F);
}
