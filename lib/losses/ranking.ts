/**
 * The ranking losses of IIIT Hyderabad Lecture 20, "Action/Activity Recognition" (Ma, Sigal and Sclaroff 2016, equations
 * 7, 8, 14, 15): while an activity goes on, its score should not fall below what it has been. Derived in
 * `derivations/losses.md`.
 *
 * | symbol  | shape   | meaning |
 * |---------|---------|---------|
 * | O, dO   | (T·B)×C | the logits o_t of every step of every sequence, stacked by rows |
 * | P, dP   | (T·B)×C | p_t = softmax(o_t), the detection scores |
 * | y       | T·B     | the activity of every step |
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { exp } from '../elementary.ts';
import { ShapeError, ValueError } from '../errors.ts';
import { argmax } from '../extremes.ts';
import { describe, requireFiniteNumber, requireKnown, requireObject } from '../require.ts';
import { requireSequence } from '../sequence.ts';
import { type CrossEntropyTape, crossEntropy } from './cross-entropy.ts';
import type { Loss } from './loss.ts';
import { releaseRoom } from './room.ts';

/** Which ranking loss, and how much it counts beside the cross-entropy. */
export interface RankingOptions {
  /** What is ranked: `s`, the score p_t^y; `m`, its margin over the best other class. */
  readonly kind: 's' | 'm';
  /** λ_r ≥ 0. */
  readonly lambda: number;
}

/** A step whose ranking loss is not 0. n and best are rows of the stacked steps. */
export interface RankingTerm {
  readonly n: number;
  /** The class whose score is looked at: the activity that goes on, or the former one. */
  readonly k: number;
  /** β_t, where its score was best before; absent at a transition. */
  readonly best?: number;
  /** The step's factor in L. */
  readonly factor: number;
}

/** What the backward pass of the loss needs. */
export interface RankingTape {
  readonly classification: CrossEntropyTape;
  readonly P: AbstractMatrix;
  readonly terms: readonly RankingTerm[];
}

/**
 * L = Σ_t w_t (−log p_t[y_t] + λ_r r_t) over all steps that count. The target is the activity of every step, T·B integers
 * in 0…C−1, time-major. Where an activity goes on, r_t is how far its score has fallen below its best since it began;
 * where another takes its place, what score the former still has; at the first step 0.
 *
 * A step that does not count (masked, or of weight 0) is not seen: the one after it follows the one before it, and its
 * score is not among the earlier ones. A margin may be negative, and eq. 15 has no floor: with `m` the loss can be as
 * low as −λ_r a transition.
 *
 * @throws ValueError when the kind is neither s nor m, or λ_r not a number ≥ 0. The `forward` of `m` throws ShapeError
 * when there is no other class to have a margin over.
 *
 * @example
 * ```ts
 * import { rankingLoss, Sequence } from 'bptt';
 *
 * // Class 0 goes on, but its score falls from 3/4 to 1/2 and rises to 2/3.
 * const logits = Sequence.dense([Math.log(3), 0, 0, 0, Math.log(2), 0], { T: 3, F: 2 });
 * const { loss } = rankingLoss({ kind: 's', lambda: 12 }).forward(logits, [0, 0, 0]);
 * const { loss: withoutRanking } = rankingLoss({ kind: 's', lambda: 0 }).forward(logits, [0, 0, 0]);
 * console.log((loss - withoutRanking).toFixed(10)); // → 4.0000000000
 * ```
 */
export function rankingLoss(options: RankingOptions): Loss<ArrayLike<number>, RankingTape> {
  const { kind, lambda } = requireKnown('options', options, ['kind', 'lambda']);
  if (kind !== 's' && kind !== 'm') throw new ValueError('kind', 's or m', describe(kind));
  if (requireFiniteNumber('lambda', lambda) < 0) throw new ValueError('lambda', 'a number ≥ 0', `${lambda}`);

  return {
    name: `ranking-${kind}`,
    equation: 'RK-B6',

    forward(logits, target, weighting) {
      requireSequence('logits', logits);
      if (kind === 'm' && logits.F < 2)
        throw new ShapeError('logits', 'at least 2 classes for a margin', `${logits.F}`);
      const { loss: Lc, count, tape: classification } = crossEntropy.forward(logits, target, weighting);
      const P = new Matrix(classification.logP.to2DArray().map(row => row.map(exp))); // RK-F1  p_t = softmax(o_t)
      const score = (n: number, k: number): number =>
        kind === 's' ? P.get(n, k) : P.get(n, k) - P.get(n, rival(P, n, k)); // RK-F2  s_tk = p_tk − μ q_tk, q_tk = max_{j≠k} p_tj, μ = 0 or 1
      const terms = ranked(classification, score);
      let Lr = 0;
      for (const { n, k, best, factor } of terms) {
        if (best !== undefined) {
          Lr += factor * (score(best, k) - score(n, k)); // RK-F3  u_t = max(0, s*_t − s_{t,y_t}) where y_t = y_{t−1}
        } else {
          Lr += factor * score(n, k); // RK-F5  v_t = s_{t,y_{t−1}} where y_t ≠ y_{t−1}
        }
      }
      const loss = Lc + lambda * Lr; // RK-F6  L = Σ_t w_t (l_t + λ_r (u_t + v_t))
      return { loss, count, tape: { classification, P, terms } };
    },

    backward(tape, dloss = 1) {
      const { classification, P, terms } = requireObject('tape', tape);
      const dO = crossEntropy.backward(classification, dloss);
      const dP = Matrix.zeros(P.rows, P.columns);
      const addScore = (n: number, k: number, ds: number): void => {
        addAt(dP, n, k, ds); // RK-B1  dL/dp_t += dL/ds_t, through F2
        if (kind === 'm') addAt(dP, n, rival(P, n, k), -ds); // RK-B2  dL/dp_ti += Σ_k [i = argmax_{j≠k} p_tj] dL/dq_tk, dL/dq_t = −μ dL/ds_t, through F2
      };
      for (const { n, k, best, factor } of terms) {
        const dr = dloss * factor * lambda;
        if (best === undefined) {
          addScore(n, k, dr); // RK-B3  dL/ds_t += dL/dv_t y_{t−1}ᵀ where y_t ≠ y_{t−1}, dL/dv_t = λ_r w_t, through F5
        } else {
          addScore(n, k, -dr); // RK-B4  dL/ds_t −= dL/du_t y_tᵀ where s*_t > s_{t,y_t}, dL/du_t = λ_r w_t, through F3
          addScore(best, k, dr); // RK-B5  dL/ds_j += Σ_t dL/du_t y_jᵀ over the t whose s*_t was first reached at j = β_t, through F3, F4
        }
      }
      const rows = dO.rows();
      for (let n = 0; n < P.rows; n++) {
        let mean = 0;
        for (let k = 0; k < P.columns; k++) mean += dP.get(n, k) * P.get(n, k);
        for (let k = 0; k < P.columns; k++) {
          addAt(rows, n, k, P.get(n, k) * (dP.get(n, k) - mean)); // RK-B6  dL/do_t += dL/dp_t (diag(p_t) − p_t p_tᵀ), through F1
        }
      }
      return dO;
    },

    release: tape => releaseRoom(tape?.classification),
  };
}

/** The steps whose ranking loss is not 0, sequence after sequence, given the score of class k at step n. */
function ranked(
  { logits, y, factors }: CrossEntropyTape,
  score: (n: number, k: number) => number,
): readonly RankingTerm[] {
  const terms: RankingTerm[] = [];
  for (let b = 0; b < logits.B; b++) {
    let activity: number | undefined;
    let best = b;
    for (let n = b; n < factors.length; n += logits.B) {
      const [k, factor] = [y[n] ?? 0, factors[n] ?? 0];
      if (factor === 0) continue;
      if (k !== activity) {
        if (activity !== undefined) terms.push({ n, k: activity, factor });
        [activity, best] = [k, n];
      } else if (score(n, k) < score(best, k)) {
        terms.push({ n, k, best, factor });
      } else if (score(n, k) > score(best, k)) {
        best = n; // RK-F4  s*_{t+1} = max(s*_t, s_{t,y_t}), first reached at β_{t+1} = t where s_{t,y_t} is larger
      }
    }
  }
  return terms;
}

/** The class other than k whose probability is largest at step n, the first of several. */
function rival(P: AbstractMatrix, n: number, k: number): number {
  return argmax(P.getRow(n).fill(-1, k, k + 1)); // below any probability
}

function addAt(a: AbstractMatrix, i: number, j: number, x: number): void {
  a.set(i, j, a.get(i, j) + x);
}
