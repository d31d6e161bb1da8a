/** The counted window: distributions, an independent count, what smoothing is for, planted mistakes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baselines } from '../../lib/models/baselines.ts';
import { ngram } from '../../lib/models/ngram.ts';
import { size } from '../arbitraries.ts';

const classesOf = (...indices: number[]) => Int32Array.from(indices);

/** A number of classes, an order, a text to count, a context. */
const texts = fc
  .tuple(size(5), size(5))
  .chain(([C, order]) =>
    fc.tuple(
      fc.constant({ C, order }),
      fc.array(fc.nat(C - 1), { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(C - 1), { maxLength: 7 }),
    ),
  );

/** The same model once more, from strings, by recursion: P(w | h) of one symbol. */
function plain(
  text: readonly number[],
  { C, order: K }: { C: number; order: number },
  h: readonly number[],
  w: number,
) {
  const strings = (k: number): string[] => text.slice(k - 1).map((_, t) => text.slice(t, t + k).join());
  const has = (s: string, k: number): number => strings(k).filter(other => other === s).length;
  const c = (s: readonly number[]): number =>
    s.length === K
      ? has(s.join(), K)
      : Array.from({ length: C }, (_, v) => has([v, ...s].join(), s.length + 1)).filter(n => n > 0).length;
  const kinds = (k: number): number[] => [...new Set(strings(k))].map(s => c(s.split(',').map(Number)));
  const D = (k: number, i: number): number => {
    if (i === 0) return 0;
    const [t1 = 0, t2 = 0, t3 = 0, t4 = 0] = [1, 2, 3, 4].map(n => kinds(k).filter(other => other === n).length);
    const Y = t1 / (t1 + 2 * t2);
    const n = Math.min(i, 3);
    const value = n - ((n + 1) * Y * ([t2, t3, t4][n - 1] ?? 0)) / ([t1, t2, t3][n - 1] ?? 0);
    return value > 0 && value < n ? value : 0.5;
  };
  const P = (h: readonly number[]): number => {
    const below = h.length === 0 ? 1 / C : P(h.slice(1));
    const counts = Array.from({ length: C }, (_, v) => c([...h, v]));
    const total = counts.reduce((sum, n) => sum + n, 0);
    if (total === 0) return below;
    const taken = counts.reduce((sum, n) => sum + D(h.length + 1, n), 0);
    const own = counts[w] ?? 0;
    return (own - D(h.length + 1, own)) / total + (taken / total) * below;
  };
  return P(h.slice(Math.max(0, h.length - K + 1)));
}

describe('n-grams', () => {
  it('are what NG-F1 to NG-F6 say, symbol by symbol, as strings count them', () => {
    fc.assert(
      fc.property(texts, ([options, text, context]) => {
        const p = ngram(Int32Array.from(text), options).probabilities(Int32Array.from(context));
        for (const [w, pw] of p.entries()) expect(pw).toBeCloseTo(plain(text, options, context, w), 12);
      }),
      { numRuns: 60 },
    );
  });

  it('are a distribution, in which nothing is impossible', () => {
    fc.assert(
      fc.property(texts, ([options, text, context]) => {
        const p = ngram(Int32Array.from(text), options).probabilities(Int32Array.from(context));
        expect(p.reduce((sum, pw) => sum + pw, 0)).toBeCloseTo(1, 12); // NG-D1  Σ_w P_k(w | h) = 1
        for (const pw of p) expect(pw).toBeGreaterThan(0); // NG-D2  P_k(w | h) > 0
      }),
    );
  });

  it('foretell a text as their probabilities, one after the other, do', () => {
    fc.assert(
      fc.property(texts, ([options, text, held]) => {
        fc.pre(held.length >= 2);
        const model = ngram(Int32Array.from(text), options);
        const losses = held
          .slice(1)
          .map((w, t) => -Math.log(model.probabilities(Int32Array.from(held.slice(0, t + 1)))[w] ?? 0));
        const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
        expect(model.evaluate(Int32Array.from(held))).toBeCloseTo(mean, 12);
      }),
    );
  });

  it('know by heart what always follows, and how many strings they have counted', () => {
    const cycle = Int32Array.from({ length: 300 }, (_, t) => [0, 1, 2, 1][t % 4] ?? 0);
    const [two, three] = [2, 3].map(order => ngram(cycle, { C: 3, order }));
    expect(three?.evaluate(cycle)).toBeLessThan(0.02);
    expect(two?.evaluate(cycle)).toBeGreaterThan(0.3); // after 1 comes 0 or 2: half the time log 2
    expect([two?.counts, three?.counts]).toEqual([3 + 4, 3 + 4 + 4]);
  });

  it('of order 1 are the unigram model, but for the smoothing', () => {
    const text = Int32Array.from({ length: 3000 }, (_, t) => (t * t + (t % 7)) % 5);
    const { unigram } = baselines(5, text, text);
    expect(ngram(text, { C: 5, order: 1 }).evaluate(text)).toBeCloseTo(unigram, 3);
  });

  it('ask in how many places a symbol was seen, where the longer context was not: Kneser and Ney’s Francisco', () => {
    // 3 is as frequent as 2, but comes after 1 alone: after a context that was never seen, 2 is the likelier.
    const text = classesOf(...[0, 2, 4, 2, 5, 2, 0, 1, 3, 1, 3, 1, 3, 0]);
    const p = ngram(text, { C: 7, order: 2 }).probabilities(classesOf(6));
    expect(p[2]).toBeGreaterThan(2 * (p[3] ?? 1));
  });

  it('do not change with what stands before the context that they read', () => {
    const model = ngram(classesOf(0, 1, 2, 0, 1, 1, 2, 0), { C: 3, order: 3 });
    expect(model.probabilities(classesOf(2, 2, 1, 0, 1))).toEqual(model.probabilities(classesOf(0, 1)));
    expect(model.probabilities(classesOf(1, 1))).not.toEqual(model.probabilities(classesOf(0, 1)));
  });

  it.each<[argument: string, run: () => unknown]>([
    ['C', () => ngram(classesOf(0), { C: 0, order: 2 })],
    ['order', () => ngram(classesOf(0), { C: 2, order: 0 })],
    ['order', () => ngram(classesOf(0), { C: 2, order: 1.5 })],
    ['text', () => ngram(classesOf(), { C: 2, order: 2 })],
    ['text[1]', () => ngram(classesOf(0, 2), { C: 2, order: 2 })],
    ['context[0]', () => ngram(classesOf(0), { C: 2, order: 2 }).probabilities(classesOf(-1))],
    ['text', () => ngram(classesOf(0), { C: 2, order: 2 }).evaluate(classesOf(1))],
    ['text[1]', () => ngram(classesOf(0), { C: 2, order: 2 }).evaluate(classesOf(1, 2))],
  ])('refuse a bad %s', (argument, run) => {
    expect(run).toThrow(expect.objectContaining({ name: 'ValueError', argument }));
  });
});
