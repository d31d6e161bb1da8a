/**
 * A window of fixed size, counted: the next symbol by what followed the last few symbols in a text. The counts of all
 * sizes are interpolated by modified Kneser–Ney smoothing (Chen and Goodman 1998). Said in `derivations/ngram.md`.
 *
 * | symbol  | meaning |
 * |---------|---------|
 * | K       | the order: K − 1 symbols are read, one is foretold |
 * | h, w    | a context of k − 1 symbols, and the symbol after it |
 * | h′      | h without its first symbol |
 * | n(hw)   | how often hw stands in the text |
 * | c(hw)   | what is counted in its place at order k |
 * | D_k(c)  | what is taken off a count c of order k |
 * | γ(h)    | the part of the probability that is left for the shorter context |
 */
import { allocate, requireClasses, requireInteger, requireKnown, requireSize } from '../require.ts';
import { integers, StringTree } from './string-tree.ts';

/** A smoothed n-gram model of a text. */
export interface Ngram {
  /** K, one more than the symbols it reads. */
  readonly order: number;
  /** How many strings of up to K symbols have a count: the numbers that it remembers. */
  readonly counts: number;
  /** P(w | context) of all C symbols; of the context, the last K − 1 symbols are read, or as many as there are. */
  probabilities(context: Int32Array): Float64Array;
  /**
   * The mean of −log p over every symbol of the text but the first, in nats a symbol.
   *
   * @throws ValueError when the text is too short or holds what is no class.
   */
  evaluate(text: Int32Array): number;
}

/** The largest order: longer contexts than any text repeats. */
const LONGEST = 1000;

/**
 * Counts a text.
 *
 * @param text class indices, at least one.
 * @param options C classes, order K in 1…1000.
 * @throws ValueError when an option is out of range, or the text is empty or holds what is no class; MemoryError when memory
 * does not hold its strings.
 */
export function ngram(text: Int32Array, options: { readonly C: number; readonly order: number }): Ngram {
  const { C, order } = requireKnown('options', options, ['C', 'order']);
  requireSize('C', C);
  requireClasses('text', text, C, 1);
  requireInteger('order', order, 1, LONGEST);
  const strings = countStrings(text, order);
  const { total, gamma } = sums(strings);
  const { tree, c, discount } = strings;

  /** P(w | h), given the nodes of h and all its ends, from the empty one on; a context that never was adds nothing. */
  const probability = (contexts: readonly number[], w: number): number => {
    let p = 1 / C; // NG-F5  p_0w = 1/C
    for (const h of contexts) {
      const sum = total[h] ?? 0;
      if (sum === 0) break;
      const hw = tree.find(h, w);
      const kept = hw === 0 ? 0 : (c[hw] ?? 0) - (discount[hw] ?? 0);
      p = kept / sum + (gamma[h] ?? 0) * p; // NG-F6  p_kw = (c_kw − d_kw) / Σ_v c_kv + γ_k p_{k−1,w}
    }
    return p;
  };
  /** The nodes of the contexts one symbol later. */
  const after = (contexts: readonly number[], w: number): number[] => {
    const next = [0];
    for (const h of contexts.slice(0, order - 1)) {
      const hw = tree.find(h, w);
      if (hw === 0) break; // longer ones that end in it were not there either
      next.push(hw);
    }
    return next;
  };

  return {
    order,
    counts: c.length - 1,
    probabilities(context) {
      requireClasses('context', context, C, 0);
      const contexts = context.reduce<number[]>(after, [0]).slice(0, order);
      return Float64Array.from({ length: C }, (_, w) => probability(contexts, w));
    },
    evaluate(held) {
      requireClasses('text', held, C, 2);
      let loss = 0;
      let contexts = [0];
      held.forEach((w, t) => {
        if (t > 0) loss -= Math.log(probability(contexts, w));
        contexts = after(contexts, w);
      });
      return loss / (held.length - 1);
    },
  };
}

/** Every string of up to K symbols that stands in a text. */
interface Strings {
  readonly tree: StringTree;
  /** c and D_k(c) of every node. */
  readonly c: Float64Array;
  readonly discount: Float64Array;
}

function countStrings(text: Int32Array, K: number): Strings {
  const tree = new StringTree();
  let ends = [0]; // the nodes of the last 0, 1, … K − 1 symbols
  for (const w of text) ends = [0, ...ends.map(h => tree.count(h, w))].slice(0, K);
  const { size, parent, symbol, counted: n } = tree;
  const c = allocate('text', size);
  const length = new Uint16Array(size); // k
  const shorter = integers(size); // the node without the first symbol
  for (let node = 1; node < size; node++) {
    const [h, w] = [parent[node] ?? 0, symbol[node] ?? 0];
    length[node] = (length[h] ?? 0) + 1;
    const end = h === 0 ? 0 : tree.find(shorter[h] ?? 0, w);
    shorter[node] = end;
    if (length[node] === K) c[node] = n[node] ?? 0; // NG-F1  c(hw) = n(hw) at order K
    if (end > 0) c[end] = (c[end] ?? 0) + 1; // NG-F2  c(hw) = |{v : n(vhw) > 0}| below
  }
  const discounts = Array.from({ length: K + 1 }, (_, k) => discountsOf(c.filter((_, node) => length[node] === k)));
  const discount = allocate('text', size);
  for (let node = 1; node < size; node++) {
    discount[node] = discounts[length[node] ?? 0]?.[Math.min(c[node] ?? 0, 3)] ?? 0;
  }
  return { tree, c, discount };
}

/** D_k of the counts 0, 1, 2, and 3 or more, given all of order k; half a count where they are too few to say. */
function discountsOf(c: Float64Array): readonly number[] {
  const [t1 = 0, t2 = 0, t3 = 0, t4 = 0] = [1, 2, 3, 4].map(i => c.filter(count => count === i).length);
  const Y = t1 / (t1 + 2 * t2);
  const D = [1 - (2 * Y * t2) / t1, 2 - (3 * Y * t3) / t2, 3 - (4 * Y * t4) / t3]; // NG-F3  D_k(i) = i − (i+1) Y t_{i+1} / t_i with Y = t_1 / (t_1 + 2 t_2)
  return [0, ...D.map((x, n) => (x > 0 && x < n + 1 ? x : 0.5))];
}

/** Σ_v c(hv) and γ(h) of every context h. */
function sums({ tree: { parent }, c, discount }: Strings): {
  readonly total: Float64Array;
  readonly gamma: Float64Array;
} {
  const [total, gamma] = [allocate('text', c.length), allocate('text', c.length)];
  for (let node = 1; node < c.length; node++) {
    const h = parent[node] ?? 0;
    total[h] = (total[h] ?? 0) + (c[node] ?? 0);
    gamma[h] = (gamma[h] ?? 0) + (discount[node] ?? 0);
  }
  for (let h = 0; h < c.length; h++) gamma[h] = (gamma[h] ?? 0) / (total[h] ?? 0); // NG-F4  γ_k = Σ_v d_kv / Σ_v c_kv
  return { total, gamma };
}
