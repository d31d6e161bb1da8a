import { ShapeError, ValueError } from '../errors.ts';
import { greatest } from '../extremes.ts';
import { describe, requireInteger, requireKnown, requireList } from '../require.ts';

/** A word of a text, or its class. */
export type Token = string | number;

/** How near texts are to what people wrote. */
export interface Bleu {
  /** From 0 to 1. */
  readonly bleu: number;
  /** The part of the n-grams of the texts that their references have too, for n = 1, 2, …; NaN where no text is as long as n. */
  readonly precisions: readonly number[];
  /** What is taken off texts that are shorter than their references: a factor from 0 to 1. */
  readonly brevity: number;
  /** Tokens of all texts. */
  readonly length: number;
  /** Tokens of the references nearest to each in length. */
  readonly referenceLength: number;
}

/**
 * BLEU of a corpus of generated texts, such as captions or translations: how many of their n-grams stand in their references
 * as well (Papineni et al. 2002; DD2424, “Evaluation of text translation results”). Derived in `derivations/metrics.md`.
 *
 * It judges a corpus, not a sentence: where no n-gram of one order is matched, it is 0. Texts are to be cut into tokens alike,
 * and two figures compare only where they were. Nothing is smoothed.
 *
 * @param candidates one text each, a list of tokens; it may be empty.
 * @param references one list of reference texts for each of them.
 * @param options the longest n-grams that count, 4 tokens unless given.
 * @throws ShapeError when there are no candidates, or not as many lists of references; ValueError when one has no reference, or a
 * token is neither a string nor a number.
 * @example
 * ```ts
 * import { bleu } from 'bptt';
 *
 * const words = (text: string) => text.split(' ');
 * const { bleu: score, precisions, brevity } = bleu(
 *   [words('a boy does a backflip on the wakeboard')],
 *   [[words('a boy does a backflip on a wakeboard'), words('boy is doing backflip on wakeboard')]],
 * );
 * console.log(score.toFixed(4), precisions.map(p => p.toFixed(3)), brevity);
 * // → 0.7071 [ '0.875', '0.714', '0.667', '0.600' ] 1
 * ```
 */
export function bleu(
  candidates: readonly ArrayLike<Token>[],
  references: readonly (readonly ArrayLike<Token>[])[],
  options: { readonly order?: number } = {},
): Bleu {
  const { order = 4 } = requireKnown('options', options, ['order']);
  requireInteger('order', order, 1, MOST);
  requirePairs(candidates, references);
  const counts = Array.from({ length: order }, () => ({ matched: 0, all: 0 }));
  candidates.forEach((candidate, i) => {
    const own = references[i] ?? [];
    const ids = new Map<Token, number>();
    counts.forEach((count, n) => {
      const grams = gramsOf(candidate, n + 1, ids);
      const most = own.map(reference => gramsOf(reference, n + 1, ids));
      for (const [gram, times] of grams) {
        const there = greatest(most.map(reference => reference.get(gram) ?? 0));
        count.matched += Math.min(times, there); // BL-F1  m_n = Σ_i Σ_g min(#_g(i), max_j #_g(i, j))
        count.all += times;
      }
    });
  });
  const precisions = counts.map(({ matched, all }) => matched / all); // BL-F2  p_n = m_n / Σ_i Σ_g #_g(i)
  const c = candidates.reduce((sum, candidate) => sum + candidate.length, 0);
  const r = candidates.reduce((sum, { length }, i) => sum + nearest(length, references[i] ?? []), 0); // BL-F3  r = Σ_i r_i
  const brevity = c > r ? 1 : c === 0 ? 0 : Math.exp(1 - r / c); // BL-F4  BP = 1 where c > r, else exp(1 − r/c)
  const logs = precisions.reduce((sum, p) => sum + Math.log(p || 0) / order, 0);
  const whole = brevity * Math.exp(logs); // BL-F5  BLEU = BP exp(Σ_n log p_n / K)
  return { bleu: whole, precisions, brevity, length: c, referenceLength: r };
}

/** N-grams longer than this match in nothing but copies. */
const MOST = 100;

/** How often each n-gram stands in a text, by the numbers of its tokens. */
function gramsOf(text: ArrayLike<Token>, n: number, ids: Map<Token, number>): ReadonlyMap<string, number> {
  const numbers = Array.from(text, token => {
    const known = ids.get(token) ?? ids.size;
    ids.set(token, known);
    return known;
  });
  const grams = new Map<string, number>();
  for (let from = 0; from + n <= numbers.length; from++) {
    const gram = numbers.slice(from, from + n).join();
    grams.set(gram, (grams.get(gram) ?? 0) + 1);
  }
  return grams;
}

/** The length nearest to another, the shorter of two. */
function nearest(length: number, references: readonly ArrayLike<Token>[]): number {
  const lengths = references.map(reference => reference.length);
  return lengths.reduce((best, other) => {
    const [near, far] = [Math.abs(best - length), Math.abs(other - length)];
    return far < near || (far === near && other < best) ? other : best;
  });
}

function requirePairs(
  candidates: readonly ArrayLike<Token>[],
  references: readonly (readonly ArrayLike<Token>[])[],
): void {
  requireList('candidates', candidates, 'a list of texts');
  requireList('references', references, 'a list of references for each candidate');
  if (candidates.length === 0) throw new ShapeError('candidates', 'at least one text', 'none');
  if (references.length !== candidates.length) {
    throw new ShapeError('references', `${candidates.length} lists, one a candidate`, `${references.length}`);
  }
  for (let i = 0; i < candidates.length; i++) {
    requireTokens(`candidates[${i}]`, candidates[i]);
    const own = requireList(`references[${i}]`, references[i] as readonly ArrayLike<Token>[], 'a list of references');
    if (own.length === 0) throw new ValueError(`references[${i}]`, 'at least one reference, a list of tokens', 'none');
    for (let j = 0; j < own.length; j++) requireTokens(`references[${i}][${j}]`, own[j]);
  }
}

function requireTokens(place: string, given: unknown): void {
  const text = requireList(place, given as ArrayLike<unknown>, 'a list of tokens');
  for (let n = 0; n < text.length; n++) {
    const token: unknown = text[n];
    if (typeof token !== 'string' && !Number.isFinite(token)) {
      throw new ValueError(`${place}[${n}]`, 'a token, which is a string or a class', describe(token));
    }
  }
}
