/**
 * The hidden Markov model: against the sum over all ways through its states, its gradients and their planted mistakes,
 * Baum and Welch, and what it can remember.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGradients } from '../../lib/check/finite-differences.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { type Hmm, type HmmTape, hmm } from '../../lib/models/hmm.ts';
import { Random } from '../../lib/random.ts';
import { entries, size } from '../arbitraries.ts';

const classesOf = (...indices: number[]) => Int32Array.from(indices);

const drawn = (N: number, C: number, seed = 1): Hmm => {
  const model = hmm({ N, C });
  normal(1)(model.params, new Random(seed));
  return model;
};

/** A model with logits of the grid, and a text of at most six symbols. */
const problem = fc.tuple(size(3), size(3)).chain(([N, C]) =>
  fc
    .tuple(entries(N + N * N + N * C), fc.array(fc.nat(C - 1), { minLength: 1, maxLength: 6 }))
    .map(([logits, text]) => {
      const model = hmm({ N, C });
      model.params.values.set(logits);
      return { model, text: Int32Array.from(text) };
    }),
);

/** Row i of a matrix of logits as probabilities. */
const softmax = (model: Hmm, name: 'pi' | 'A' | 'B', i: number): number[] => {
  const e = model.params.named()[name].getRow(i).map(Math.exp);
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map(x => x / sum);
};

/** P(x, s), of a text and a way through the states. */
function joint(model: Hmm, text: Int32Array, states: readonly number[]): number {
  return states.reduce((p, s, t) => {
    const from = states[t - 1];
    const went = from === undefined ? softmax(model, 'pi', 0)[s] : softmax(model, 'A', from)[s];
    return p * (went ?? 0) * (softmax(model, 'B', s)[text[t] ?? 0] ?? 0);
  }, 1); // HMM-D1  P(x, s) = π_{s_1} B_{s_1x_1} Π_t A_{s_{t−1}s_t} B_{s_tx_t}
}

/** All sequences of `length` numbers below n. */
function all(n: number, length: number): number[][] {
  if (length === 0) return [[]];
  return all(n, length - 1).flatMap(shorter => Array.from({ length: n }, (_, k) => [...shorter, k]));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** P(x) by all ways through the states. */
const probability = (model: Hmm, text: Int32Array): number =>
  sum(all(model.N, text.length).map(states => joint(model, text, states)));

/** The gradient check of a model's backward pass: the names of what is wrong. */
function wrong(model: Hmm, text: Int32Array, backward: Hmm['backward'] = model.backward): string[] {
  model.params.zeroGrads();
  backward(model.forward(text).tape);
  const [values, grads] = [model.params.named(), model.params.namedGrads()];
  const tensors = (['pi', 'A', 'B'] as const).map(name => ({
    name,
    values: values[name],
    gradient: grads[name].clone(),
    tag: 'HMM-B5',
  }));
  const report = checkGradients(() => model.forward(text).loss, tensors);
  return report.tensors.filter(({ ok }) => !ok).map(({ name }) => name);
}

describe('the forward pass', () => {
  it('is the sum over all ways through the states', () => {
    fc.assert(
      fc.property(problem, ({ model, text }) => {
        expect(model.forward(text).loss).toBeCloseTo(-Math.log(probability(model, text)), 11);
      }),
    );
  });

  it('gives all texts of a length the probability 1 together', () => {
    const model = drawn(3, 3);
    const texts = all(3, 5).map(text => Math.exp(-model.forward(Int32Array.from(text)).loss));
    expect(sum(texts)).toBeCloseTo(1, 12);
  });

  it('does not underflow', () => {
    const text = Int32Array.from({ length: 5000 }, (_, t) => (t * t) % 3);
    const { loss } = drawn(4, 3).forward(text);
    expect(loss).toBeGreaterThan(1000); // e^−1000 is 0 in float64
    expect(Number.isFinite(loss)).toBe(true);
  });

  it('scores a text from its second symbol on, given those before', () => {
    fc.assert(
      fc.property(problem, ({ model, text }) => {
        fc.pre(text.length >= 2);
        const rest = model.forward(text).loss - model.forward(text.subarray(0, 1)).loss;
        expect(model.evaluate(text)).toBeCloseTo(rest / (text.length - 1), 12);
      }),
    );
  });
});

describe('the backward pass', () => {
  it('gives the gradients of all logits', () => {
    for (const [N, C] of [
      [1, 3],
      [3, 1],
      [3, 4],
    ] as const) {
      const text = Int32Array.from([0, 1, 2, 3, 3, 1, 0, 2, 2, 1], k => k % C);
      expect(wrong(drawn(N, C), text)).toEqual([]);
    }
  });

  it('gives them for any logits and texts', () => {
    fc.assert(
      fc.property(problem, ({ model, text }) => {
        expect(wrong(model, text)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('carries β: P is linear in α_t(j), with the probability of what follows as its slope', () => {
    const model = drawn(3, 2, 5);
    const text = classesOf(0, 1, 1, 0);
    // HMM-D2  β_tj = ∂P/∂α_tj = P(x_{t+1} … x_τ | s_t = j), so Σ_j α_tj β_tj = P at every t
    for (let t = 1; t <= text.length; t++) {
      const parts = Array.from({ length: 3 }, (_, j) => {
        const ending = all(3, t).filter(states => states.at(-1) === j);
        const alpha = sum(ending.map(states => joint(model, text.subarray(0, t), states)));
        const later = all(3, text.length - t).map(states => joint(model, text, [...(ending[0] ?? []), ...states]));
        return (alpha * sum(later)) / joint(model, text.subarray(0, t), ending[0] ?? []);
      });
      expect(sum(parts)).toBeCloseTo(Math.exp(-model.forward(text).loss), 12);
    }
  });

  it('counts as the posterior does, and the counts are the gradient', () => {
    const model = drawn(2, 3, 7);
    const text = classesOf(2, 0, 1, 1, 2);
    const P = probability(model, text);
    const n = [0, 0, 0, 0];
    for (const states of all(2, text.length)) {
      const q = joint(model, text, states) / P;
      states.slice(1).forEach((s, t) => {
        const k = 2 * (states[t] ?? 0) + s;
        n[k] = (n[k] ?? 0) + q;
      });
    }
    model.backward(model.forward(text).tape);
    const { A: dA } = model.params.namedGrads();
    for (const [i, j] of all(2, 2) as [number, number][]) {
      const used = (n[2 * i] ?? 0) + (n[2 * i + 1] ?? 0);
      const expected = (softmax(model, 'A', i)[j] ?? 0) * used - (n[2 * i + j] ?? 0); // HMM-D3  A_ij dL/dA_ij = −n_ij
      expect(dA.get(i, j)).toBeCloseTo(expected, 12);
    }
  });

  it('adds, twice the same to the last bit, and changes nothing else', () => {
    const model = drawn(3, 3);
    const text = classesOf(0, 2, 1, 1, 0);
    const { tape } = model.forward(text);
    const before = JSON.stringify([tape, [...model.params.values]]);
    model.backward(tape);
    const once = model.params.grads.slice();
    model.backward(tape);
    for (const [k, g] of model.params.grads.entries()) expect(g).toBeCloseTo(2 * (once[k] ?? 0), 12);
    model.params.zeroGrads();
    model.backward(tape);
    expect(model.params.grads).toEqual(once);
    expect(JSON.stringify([tape, [...model.params.values]])).toBe(before);
  });

  describe('with a planted mistake is caught, and named by the tensor it spoils:', () => {
    const TEXT = classesOf(0, 1, 2, 2, 1, 0, 0, 2);
    /** A backward pass of another tape. */
    const of = (change: (tape: HmmTape) => Partial<HmmTape>) => (model: Hmm) => (tape: HmmTape) =>
      model.backward({ ...tape, ...change(tape) });
    const transposed = (a: Float64Array) => Float64Array.from(a, (_, k) => a[(k % 3) * 3 + Math.floor(k / 3)] ?? 0);

    it.each<[string, readonly string[], (model: Hmm) => Hmm['backward']]>([
      ['A transposed', ['pi', 'A', 'B'], of(({ p }) => ({ p: { ...p, A: transposed(p.A) } }))],
      ['the scale dropped', ['pi', 'A', 'B'], of(({ c }) => ({ c: c.map(() => 1) }))],
      ['the scale of the step before', ['pi', 'A', 'B'], of(({ c }) => ({ c: c.map((_, t) => c[t - 1] ?? 1) }))],
      ['α of the step after', ['pi', 'A', 'B'], of(({ alpha }) => ({ alpha: alpha.map((a, k) => alpha[k + 3] ?? a) }))],
      ['the last symbol left out', ['pi', 'A', 'B'], of(({ text }) => ({ text: text.subarray(0, -1) }))],
      [
        'the softmax’s mean left out',
        ['pi', 'A', 'B'],
        model => tape => {
          const { A, B, pi } = model.params.namedGrads();
          model.backward(tape);
          for (const grad of [pi, A, B]) grad.add(1e-3);
        },
      ],
      [
        'the sign of one row',
        ['B'],
        model => tape => {
          model.backward(tape);
          model.params.namedGrads().B.mulRow(1, -1);
        },
      ],
    ])('%s', (_, spoilt, backward) => {
      const model = drawn(3, 3);
      expect(wrong(model, TEXT)).toEqual([]);
      expect(wrong(model, TEXT, backward(model))).toEqual(spoilt);
    });
  });
});

describe('Baum and Welch', () => {
  const texts = [classesOf(0, 1, 2, 0, 1, 2, 2, 0, 1), classesOf(1, 2, 0, 0, 1)];
  const PRIOR = 1e-9;

  it('never make the texts less probable, and end where the gradient does', () => {
    const model = drawn(2, 3, 3);
    const losses = Array.from({ length: 3000 }, () => model.reestimate(texts, PRIOR));
    losses.slice(1).forEach((loss, n) => {
      expect(loss).toBeLessThan((losses[n] ?? 0) + 1e-7);
    });
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 1);
    model.params.zeroGrads();
    for (const text of texts) model.backward(model.forward(text).tape);
    for (const g of model.params.grads) expect(Math.abs(g)).toBeLessThan(1e-5);
  });

  it('do not say that they end where they do not: a step along the gradient from the start makes a difference', () => {
    const model = drawn(2, 3, 3);
    for (const text of texts) model.backward(model.forward(text).tape);
    expect(Math.max(...model.params.grads.map(Math.abs))).toBeGreaterThan(0.1);
  });

  it('gain at least what Q gains', () => {
    fc.assert(
      fc.property(problem, ({ model, text }) => {
        const P = probability(model, text);
        const ways = all(model.N, text.length);
        const before = ways.map(states => joint(model, text, states));
        model.reestimate([text], 0.1);
        // HMM-D4  log P′(x) − log P(x) ≥ Σ_s q(s) log (P′(x, s) / P(x, s))
        const Q = sum(
          ways.map((states, n) => ((before[n] ?? 0) / P) * Math.log(joint(model, text, states) / (before[n] ?? 0))),
        );
        expect(Math.log(probability(model, text) / P)).toBeGreaterThan(Q - 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it('with a prior leave nothing impossible', () => {
    const model = drawn(2, 3);
    for (let n = 0; n < 50; n++) model.reestimate([classesOf(0, 1, 0, 1, 0, 1)], 0.1);
    expect(model.evaluate(classesOf(0, 2, 1))).toBeLessThan(10);
  });

  it('learn what a window of one symbol cannot: a rhythm of three', () => {
    const text = Int32Array.from({ length: 120 }, (_, t) => (t % 3 === 0 ? 1 : 0));
    const model = drawn(3, 2, 2);
    for (let n = 0; n < 60; n++) model.reestimate([text], 1e-3);
    expect(model.evaluate(text)).toBeLessThan(0.02); // after 0 alone it would be log 2 two times out of three
  });
});

describe('what it can remember', () => {
  /** I(the first half; the second half) of texts of 2k symbols, in nats, by all of them. */
  function information(model: Hmm, k: number): number {
    const halves = all(model.C, k).map(half => Int32Array.from(half));
    const P = halves.map(past =>
      halves.map(future => Math.exp(-model.forward(Int32Array.of(...past, ...future)).loss)),
    );
    const pasts = P.map(sum);
    const futures = halves.map((_, n) => sum(P.map(row => row[n] ?? 0)));
    return sum(P.flatMap((row, m) => row.map((p, n) => p * Math.log(p / ((pasts[m] ?? 0) * (futures[n] ?? 0))))));
  }

  /** A model that begins anywhere, stays there and says so, but for a chance of about e^−20. */
  function faithful(N: number): Hmm {
    const model = hmm({ N, C: N });
    const { A, B } = model.params.named();
    for (let i = 0; i < N; i++) {
      A.set(i, i, 20);
      B.set(i, i, 20);
    }
    return model;
  }

  it('is at most log N of the past, whatever its parameters', () => {
    fc.assert(
      fc.property(fc.tuple(size(3), fc.nat(1000), fc.integer({ min: 1, max: 30 })), ([N, seed, std]) => {
        const model = hmm({ N, C: 4 });
        normal(std / 10)(model.params, new Random(seed));
        expect(information(model, 2)).toBeLessThan(Math.log(N) + 1e-9); // HMM-D5  I(past; future) ≤ I(past; s_t) ≤ log N
      }),
      { numRuns: 25 },
    );
  });

  it.each([2, 3, 4])('and log N where it stays in one of %i states and shows it', N => {
    expect(information(faithful(N), 1)).toBeCloseTo(Math.log(N), 6);
  });

  it('so that a copy of two binary symbols, worth log 4, is beyond two states and not beyond more', () => {
    const copies = all(2, 2).map(half => Int32Array.of(...half, ...half));
    const learn = (N: number): number => {
      const runs = [1, 2, 3, 4].map(seed => {
        const model = drawn(N, 2, seed);
        for (let n = 0; n < 80; n++) model.reestimate(copies, 1e-6);
        return sum(copies.map(text => model.forward(text).loss)) / copies.length;
      });
      return Math.min(...runs);
    };
    // A text costs what two free symbols do, log 4, and what of the other two is not foretold: log 4 − I.
    expect(learn(2)).toBeGreaterThan(Math.log(4) + Math.log(4) - Math.log(2) - 1e-6);
    expect(learn(10)).toBeLessThan(Math.log(4) + 0.05);
  });
});

it.each<[argument: string, run: () => unknown]>([
  ['N', () => hmm({ N: 0, C: 2 })],
  ['C', () => hmm({ N: 2, C: 1.5 })],
  ['text', () => hmm({ N: 2, C: 2 }).forward(classesOf())],
  ['text[1]', () => hmm({ N: 2, C: 2 }).forward(classesOf(0, 2))],
  ['text', () => hmm({ N: 2, C: 2 }).evaluate(classesOf(0))],
  ['prior', () => hmm({ N: 2, C: 2 }).reestimate([classesOf(0)], 0)],
  ['prior', () => hmm({ N: 2, C: 2 }).reestimate([classesOf(0)], Number.NaN)],
  ['text[1]', () => impossible().forward(classesOf(0, 1))],
])('refuses a bad %s', (argument, run) => {
  expect(run).toThrow(expect.objectContaining({ name: 'ValueError', argument }));
});

/** A model of one state in which symbol 1 has the probability e^−1000, which is 0. */
function impossible(): Hmm {
  const model = hmm({ N: 1, C: 2 });
  model.params.named().B.set(0, 1, -1000);
  return model;
}
