/** How the next symbol is chosen from its logits. Derived in `derivations/sampling.md`. */
import { ValueError } from '../errors.ts';
import { argmax, greatest } from '../extremes.ts';
import type { Random } from '../random.ts';
import { describe, requireFiniteNumber, requireSize } from '../require.ts';

/** How to choose. */
export interface ChoiceOptions {
  /** Logits are divided by it: below 1 bolder, above 1 wilder; 0 always takes the most probable symbol. */
  readonly temperature?: number;
  /** No more than so many of the most probable symbols are drawn from: all unless given. */
  readonly topK?: number | undefined;
  /** Of these, the fewest whose probabilities come to so much of theirs, in (0, 1]: the nucleus; all unless given. */
  readonly topP?: number | undefined;
}

/** Every option is in its range, or throws {@link ValueError}. */
export function requireChoice({ temperature = 1, topK, topP }: ChoiceOptions): void {
  if (requireFiniteNumber('temperature', temperature) < 0) {
    throw new ValueError('temperature', 'a number ≥ 0', `${temperature}`);
  }
  if (topK !== undefined) requireSize('topK', topK);
  if (topP !== undefined && !(Number.isFinite(topP) && topP > 0 && topP <= 1)) {
    throw new ValueError('topP', 'a number in (0, 1]', describe(topP));
  }
}

/** A class, drawn from its logits, which are finite. Nothing is drawn where the temperature is 0. */
export function choose(logits: readonly number[], options: ChoiceOptions, rng: Random): number {
  const { temperature = 1, topK, topP } = options;
  if (temperature === 0) return argmax(logits);
  const most = greatest(logits);
  const q = logits.map(o => Math.exp((o - most) / temperature)); // SA-F1  q_k = exp o_k/T, over what makes them 1 in all
  if (topK === undefined && topP === undefined) return rng.index(q);
  const order = logits.map((_, k) => k).sort((i, j) => (logits[j] ?? 0) - (logits[i] ?? 0) || i - j);
  const likeliest = order.slice(0, topK ?? order.length); // SA-F2  s_k = [r_k < N], r_k = Σ_j [o_j > o_k]
  const kept = new Set(topP === undefined || topP === 1 ? likeliest : nucleus(q, likeliest, topP));
  return rng.index(q.map((weight, k) => (kept.has(k) ? weight : 0))); // SA-F4  π_k = q_k s′_k / Σ_j q_j s′_j
}

/** The fewest of the first classes whose weights come to P of all of theirs. */
function nucleus(q: readonly number[], classes: readonly number[], P: number): readonly number[] {
  const enough = P * classes.reduce((sum, k) => sum + (q[k] ?? 0), 0);
  let sum = 0;
  const last = classes.findIndex(k => {
    sum += q[k] ?? 0;
    return sum >= enough;
  });
  return last < 0 ? classes : classes.slice(0, last + 1); // SA-F3  s′_k = s_k [Σ_j q_j s_j [r_j < r_k] < P Σ_j q_j s_j]
}
