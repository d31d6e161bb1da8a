/** The ranking losses against the slide's words, finite differences, and planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { checkLoss } from '../../lib/check/check-loss.ts';
import { checkGradients } from '../../lib/check/finite-differences.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import type { Loss } from '../../lib/losses/loss.ts';
import { type RankingOptions, type RankingTape, rankingLoss } from '../../lib/losses/ranking.ts';
import type { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { lengths, sequence, size } from '../arbitraries.ts';
import { flat } from '../numbers.ts';

type Kind = RankingOptions['kind'];

const kinds = ['s', 'm'] as const;

/** Activities that go on for some steps, and several transitions. */
const target = ({ T, B, F }: { T: number; B: number; F: number }, rng: Random): number[] => {
  const y: number[] = [];
  for (let n = 0; n < T * B; n++) {
    const before = y[n - B];
    y.push(before !== undefined && rng.uniform() < 0.7 ? before : Math.floor(F * rng.uniform()));
  }
  return y;
};

/** Sequences of few classes, so that activities go on, with weights, some of them 0. */
const problem = fc
  .tuple(size(8), size(3), fc.integer({ min: 2, max: 4 }))
  .chain(([T, B, C]) => fc.tuple(fc.constant([T, B, C] as const), lengths(T, B)))
  .chain(([[T, B, C], own]) => {
    const each = { minLength: T * B, maxLength: T * B };
    return fc.record({
      logits: sequence(T, B, C, own),
      y: fc.array(fc.nat(1), each),
      weights: fc.array(fc.constantFrom(0, 0.5, 1, 1.5), each),
      kind: fc.constantFrom(...kinds),
      lambda: fc.constantFrom(0, 0.3, 2),
    });
  });

/** The slide's loss of one sequence, in its words: probabilities and classes of the steps that are seen. */
function slide(kind: Kind, p: readonly number[][], y: readonly number[], lambda: number): number[] {
  const scoreOf = (t: number, k: number): number => {
    const others = (p[t] ?? []).filter((_, j) => j !== k);
    return (p[t]?.[k] ?? Number.NaN) - (kind === 'm' ? Math.max(...others) : 0);
  };
  return y.map((k, t) => {
    const classification = -Math.log(p[t]?.[k] ?? Number.NaN);
    const former = y[t - 1];
    if (former === undefined) return classification;
    if (former !== k) return classification + lambda * scoreOf(t, former); // (8), (15)
    const began = y.findLastIndex((other, j) => j < t && other !== k) + 1;
    const previous = Array.from({ length: t - began }, (_, j) => scoreOf(began + j, k));
    return classification + lambda * Math.max(0, Math.max(...previous) - scoreOf(t, k)); // (7), (14)
  });
}

const softmax = (o: readonly number[]): number[] => {
  const e = o.map(Math.exp);
  return e.map(x => x / e.reduce((a, b) => a + b, 0));
};

/** Logits whose softmax is the given probabilities, a step each. */
const logitsOf = (...p: readonly number[][]): Sequence =>
  Sequence.dense(p.flat().map(Math.log), { T: p.length, F: p[0]?.length ?? 0 });

/** r_t of every step: the loss without its cross-entropy, at λ_r = 1, a step of weight 1 added at a time. */
const rank = (kind: Kind, logits: Sequence, y: readonly number[], weights?: readonly number[]): number => {
  const weighting = weights && { weights };
  const { loss } = rankingLoss({ kind, lambda: 1 }).forward(logits, y, weighting);
  return loss - crossEntropy.forward(logits, y, weighting).loss;
};

/** dL/do_t of the ranking alone, step by step. */
const rankGradient = (kind: Kind, logits: Sequence, y: readonly number[]): number[][] => {
  const loss = rankingLoss({ kind, lambda: 1 });
  const whole = loss.backward(loss.forward(logits, y).tape).rows().to2DArray();
  const classification = crossEntropy.backward(crossEntropy.forward(logits, y).tape).rows();
  return whole.map((row, n) => row.map((g, k) => g - classification.get(n, k)));
};

describe('the ranking loss', () => {
  it('is the slide’s, sequence by sequence, over the steps that count', () => {
    fc.assert(
      fc.property(problem, ({ logits, y, weights, kind, lambda }) => {
        let expected = 0;
        for (let b = 0; b < logits.B; b++) {
          const seen = y.map((_, n) => n).filter(n => n % logits.B === b && logits.counts(n) && weights[n]);
          const p = seen.map(n => softmax(logits.rows().getRow(n)));
          const classes = seen.map(n => y[n] ?? -1);
          slide(kind, p, classes, lambda).forEach((l, i) => {
            expected += (weights[seen[i] ?? -1] ?? Number.NaN) * l;
          });
        }
        const { loss, count } = rankingLoss({ kind, lambda }).forward(logits, y, { weights });
        expect(count).toBe(weights.filter((w, n) => w && logits.counts(n)).length);
        expect(Math.abs(loss - expected)).toBeLessThan(1e-12 * Math.max(1, Math.abs(expected)));
      }),
    );
  });

  it('is by how much a score has fallen, from its best since the activity began', () => {
    const p = [0.3, 0.6, 0.5, 0.4, 0.7].map(x => [x, 1 - x]);
    expect(rank('s', logitsOf(...p), [0, 0, 0, 0, 0])).toBeCloseTo(0.1 + 0.2, 13);
    expect(rank('m', logitsOf(...p), [0, 0, 0, 0, 0])).toBeCloseTo(0.2 + 0.4, 13);
  });

  it('is of a margin over the strongest other class, whichever that is', () => {
    const p = [
      [0.5, 0.3, 0.2, 0],
      [0.4, 0.1, 0.5, 0],
      [0.3, 0.1, 0.1, 0.5],
    ];
    const margins = [0.2, -0.1, -0.2];
    const expected = (margins[0] ?? 0) - (margins[1] ?? 0) + (margins[0] ?? 0) - (margins[2] ?? 0);
    expect(rank('m', logitsOf(...p.map(row => row.map(x => x + 1e-300))), [0, 0, 0])).toBeCloseTo(expected, 13);
  });

  it('is what the former activity still scores at a transition, and begins anew there', () => {
    const p = [
      [0.9, 0.1],
      [0.7, 0.3],
      [0.4, 0.6],
      [0.5, 0.5],
    ];
    // r = 0, p₂⁰ = 0.7, p₃¹ = 0.6, 0: p₄⁰ is above p₃⁰, and 0.9 belongs to an earlier stretch
    expect(rank('s', logitsOf(...p), [0, 1, 0, 0])).toBeCloseTo(0.7 + 0.6, 13);
    expect(rank('m', logitsOf(...p), [0, 1, 0, 0])).toBeCloseTo(0.4 + 0.2, 13);
  });

  it('has no floor under the margin of an activity that is over', () => {
    expect(rank('m', logitsOf([0.5, 0.5], [0.1, 0.9]), [0, 1])).toBeCloseTo(-0.8, 13);
    const sure = Sequence.dense([0, 0, -50, 50], { T: 2, F: 2 });
    expect(rankingLoss({ kind: 'm', lambda: 3 }).forward(sure, [0, 1]).loss).toBeCloseTo(Math.LN2 - 3, 13);
  });

  it('does not see a step of weight 0, masked or padding: neither its score nor its activity', () => {
    const p = [
      [0.6, 0.4],
      [0.9, 0.1],
      [0.5, 0.5],
    ];
    expect(rank('s', logitsOf(...p), [0, 0, 0])).toBeCloseTo(0.4, 13);
    expect(rank('s', logitsOf(...p), [0, 0, 0], [1, 0, 1])).toBeCloseTo(0.1, 13);
    expect(rank('s', logitsOf(...p), [0, 1, 0], [1, 0, 1])).toBeCloseTo(0.1, 13);
    expect(rank('s', logitsOf(...p), [1, 0, 0], [0, 1, 1])).toBeCloseTo(0.4, 13);
    const { data } = logitsOf(...p);
    const loss = rankingLoss({ kind: 's', lambda: 2 });
    const padded = Sequence.dense(Float64Array.from(data), { T: 3, F: 2, lengths: [2] });
    const short = Sequence.dense(Float64Array.from(data.subarray(0, 4)), { T: 2, F: 2 });
    const [long, own] = [loss.forward(padded, [0, 1, 99]), loss.forward(short, [0, 1])];
    expect(long.loss).toBe(own.loss);
    expect([...loss.backward(long.tape).data]).toEqual([...loss.backward(own.tape).data, 0, 0]);
    const masked = loss.forward(Sequence.dense(Float64Array.from(data), { T: 3, F: 2 }), [0, -1, 0], {
      mask: [1, 0, 1],
    });
    expect([...loss.backward(masked.tape).data].slice(2, 4)).toEqual([0, 0]);
  });

  it('weights L_t as a whole, by the weight of the later step', () => {
    const logits = logitsOf([0.6, 0.4], [0.5, 0.5]);
    expect(rank('s', logits, [0, 0], [3, 2])).toBeCloseTo(2 * 0.1, 13);
  });

  it('is the cross-entropy where λ is 0', () => {
    fc.assert(
      fc.property(problem, ({ logits, y, weights, kind }) => {
        const loss = rankingLoss({ kind, lambda: 0 });
        const [ours, theirs] = [loss.forward(logits, y, { weights }), crossEntropy.forward(logits, y, { weights })];
        expect(ours.loss).toBe(theirs.loss);
        expect(loss.backward(ours.tape).data.map(g => g + 0)).toEqual(
          crossEntropy.backward(theirs.tape).data.map(g => g + 0),
        );
      }),
    );
  });
});

describe('its gradient', () => {
  describe.each(kinds)('%s', kind => {
    it.each([1, 2, 3, 4])('passes the gradient check, seed %d', seed => {
      const { ok, tensors } = checkLoss(rankingLoss({ kind, lambda: 1.7 }), { T: 9, B: 3, F: 3, target, seed });
      expect(tensors.flatMap(({ failures }) => failures)).toEqual([]);
      expect(ok).toBe(true);
      expect(tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual(['o (sum) RK-B6', 'o (mean) RK-B6']);
    });

    it('is that of finite differences with the cross-entropy taken away', () => {
      const logits = Sequence.dense([0.9, -0.2, 0.4, 0.1, 0.3, -1, 1.2, 0.2, 0.5, -0.3, 0.6, 0.8], { T: 4, F: 3 });
      const y = [0, 0, 0, 2];
      const gradient = new Matrix(rankGradient(kind, logits, y));
      const report = checkGradients(() => rank(kind, logits, y), [{ name: 'o', values: logits.rows(), gradient }]);
      expect(report.tensors[0]?.failures).toEqual([]);
    });

    it('changes no step’s sum of logits', () => {
      fc.assert(
        fc.property(problem, ({ logits, y, weights, lambda }) => {
          const loss = rankingLoss({ kind, lambda });
          for (const row of loss
            .backward(loss.forward(logits, y, { weights }).tape)
            .rows()
            .to2DArray()) {
            expect(Math.abs(row.reduce((a, b) => a + b, 0))).toBeLessThan(1e-13);
          }
        }),
      );
    });

    it('leaves its tape as it is, and is the same twice', () => {
      const loss = rankingLoss({ kind, lambda: 0.5 });
      const logits = Sequence.dense([0.9, -0.2, 0.1, 0.3, -0.4, 0.2], { T: 3, F: 2 });
      const { tape } = loss.forward(logits, [0, 0, 1]);
      const before = JSON.stringify(tape);
      expect(loss.backward(tape)).toEqual(loss.backward(tape));
      expect(JSON.stringify(tape)).toBe(before);
    });
  });

  it('goes back through time: to the earlier step whose score was better, because of a later one’s loss', () => {
    const p = [
      [0.3, 0.7],
      [0.6, 0.4],
      [0.5, 0.5],
      [0.4, 0.6],
    ];
    // Steps 3 and 4 both fall short of step 2: RK-D1  s*₃ = s*₄ = s₂, RK-D2  slopes −1 and +1. ∂p⁰/∂o⁰ = p⁰p¹.
    const ds = [0, 2, -1, -1];
    const expected = p.map(([a = 0, b = 0], t) => (ds[t] ?? 0) * a * b);
    rankGradient('s', logitsOf(...p), [0, 0, 0, 0]).forEach(([first = 0, second = 0], t) => {
      expect(first).toBeCloseTo(expected[t] ?? Number.NaN, 14);
      expect(second).toBeCloseTo(-(expected[t] ?? Number.NaN), 14);
    });
    const loss = rankingLoss({ kind: 's', lambda: 1 });
    const { tape } = loss.forward(logitsOf(...p), [0, 0, 0, 0]);
    expect(tape.terms).toEqual([
      { n: 2, k: 0, best: 1, factor: 1 },
      { n: 3, k: 0, best: 1, factor: 1 },
    ]);
  });

  it('goes to the earliest of several best steps, and to none where a score is as good as the best', () => {
    const logits = Sequence.dense([1, 0, 1, 0, 0, 0], { T: 3, F: 2 });
    const gradient = rankGradient('s', logits, [0, 0, 0]);
    expect(gradient[0]?.[0]).toBeGreaterThan(0.1);
    expect(gradient[1]).toEqual([0, 0]);
    expect(gradient[2]?.[0]).toBeLessThan(-0.1);
    expect(rankGradient('s', Sequence.dense([1, 0, 1, 0], { T: 2, F: 2 }), [0, 0])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('of a margin goes to the first of several strongest others', () => {
    const loss = rankingLoss({ kind: 'm', lambda: 1 });
    const { tape } = loss.forward(Sequence.dense([2, 0, 0, 1, 1, 1], { T: 2, F: 3 }), [0, 0]);
    const dO = loss.backward(tape).rows();
    const dC = crossEntropy.backward(tape.classification).rows();
    const [a, b] = [dO.get(1, 1) - dC.get(1, 1), dO.get(1, 2) - dC.get(1, 2)];
    expect([a, b].map(x => Number(x.toFixed(12)))).toEqual([Number((1 / 3).toFixed(12)), 0]);
  });
});

describe.each(kinds)('a planted mistake in %s is caught', kind => {
  const loss = rankingLoss({ kind, lambda: 1.7 });
  type Backward = Loss<ArrayLike<number>, RankingTape>['backward'];
  type Terms = RankingTape['terms'];
  /** The backward pass on other terms. */
  const on =
    (change: (terms: Terms, tape: RankingTape) => Terms): Backward =>
    (tape, dloss) =>
      loss.backward({ ...tape, terms: change(tape.terms, tape) }, dloss);

  const mistakes: readonly (readonly [string, Backward])[] = [
    [
      'the best score taken for a constant',
      on(terms => terms.map(({ best, ...term }) => (best === undefined ? term : { ...term, factor: -term.factor }))),
    ],
    [
      'the present score taken for a constant',
      on(terms => terms.map(({ best, ...term }) => ({ ...term, n: best ?? term.n }))),
    ],
    [
      'the last score instead of the best',
      on((terms, { classification: { logits } }) =>
        terms.map(term => (term.best === undefined ? term : { ...term, best: term.n - logits.B })),
      ),
    ],
    [
      'the new activity’s score at a transition',
      on((terms, { classification: { y } }) =>
        terms.map(term => (term.best === undefined ? { ...term, k: y[term.n] ?? -1 } : term)),
      ),
    ],
    ['transitions dropped', on(terms => terms.filter(({ best }) => best !== undefined))],
    ['all but transitions dropped', on(terms => terms.filter(({ best }) => best === undefined))],
    [
      'the weight of the earlier step',
      on((terms, { classification: { factors } }) =>
        terms.map(term => ({ ...term, factor: factors[term.best ?? term.n] ?? 0 })),
      ),
    ],
    ['the sign of the ranking', on(terms => terms.map(term => ({ ...term, factor: -term.factor })))],
    ['λ dropped', (tape, dloss) => rankingLoss({ kind, lambda: 1 }).backward(tape, dloss)],
    ['the ranking dropped', ({ classification }, dloss) => crossEntropy.backward(classification, dloss)],
    [
      'the margin for the score, or the score for the margin',
      (tape, dloss) => rankingLoss({ kind: kind === 's' ? 'm' : 's', lambda: 1.7 }).backward(tape, dloss),
    ],
    [
      'p pᵀ dropped from the slope of softmax',
      (tape, dloss = 1) => {
        const dO = loss.backward(tape, dloss);
        const dC = crossEntropy.backward(tape.classification, dloss).rows();
        const rows = dO.rows();
        for (const { n, k, factor } of tape.terms)
          rows.set(n, k, dC.get(n, k) - dloss * 1.7 * factor * tape.P.get(n, k));
        return dO;
      },
    ],
  ];

  it.each(mistakes)('%s', (_, backward) => {
    const problem = { T: 9, B: 3, F: 3, target };
    expect(checkLoss(loss, problem).ok).toBe(true);
    const { tensors } = checkLoss({ ...loss, backward }, problem);
    expect(tensors.filter(({ ok }) => !ok).map(({ name, tag }) => `${name} ${tag}`)).toEqual([
      'o (sum) RK-B6',
      'o (mean) RK-B6',
    ]);
  });
});

it('refuses what does not fit, naming it', () => {
  const options = (bad: unknown) => () => rankingLoss(bad as RankingOptions);
  expect(options({ kind: 'x', lambda: 1 })).toThrow(/^kind: expected s or m, got "x"$/);
  expect(options({ kind: 's', lambda: -1 })).toThrow(/^lambda: expected a number ≥ 0, got -1$/);
  expect(options({ kind: 's', lambda: Number.NaN })).toThrow(/^lambda: expected a finite number/);
  const one = Sequence.zeros({ T: 2, F: 1 });
  expect(() => rankingLoss({ kind: 'm', lambda: 1 }).forward(one, [0, 0])).toThrow(
    expect.objectContaining({
      name: 'ShapeError',
      argument: 'logits',
      expected: 'at least 2 classes for a margin',
      got: '1',
    }),
  );
  const single = rankingLoss({ kind: 's', lambda: 1 });
  const { loss, tape } = single.forward(one, [0, 0]);
  expect([loss, ...flat(single.backward(tape).rows())]).toEqual([0, 0, 0]);
  expect(() => single.forward(one, [0])).toThrow(/^y: expected 2 class indices/);
  expect(() => single.forward(one, [0, 1])).toThrow(/^y\[1\]: expected an integer in 0…0, got 1$/);
  expect(() => single.backward(tape, Number.POSITIVE_INFINITY)).toThrow(/^dloss:/);
  expect(single.name).toBe('ranking-s');
});
