/** Attention by itself: plain numbers, every gradient, padding on both sides, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { checkDirections } from '../../../lib/check/directed.ts';
import { randomSequence } from '../../../lib/check/problem.ts';
import { ShapeError, ValueError } from '../../../lib/errors.ts';
import { normal } from '../../../lib/init/initialisers.ts';
import { type Attention, type AttentionTape, attention } from '../../../lib/layers/attention/attention.ts';
import { Random } from '../../../lib/random.ts';
import { Sequence } from '../../../lib/sequence.ts';
import type { Matrices } from '../../../lib/shape.ts';
import { size } from '../../arbitraries.ts';
import { deviation, flat, inner } from '../../numbers.ts';
import { spoil } from '../padding.ts';
import { type Additive, additiveScore, attend } from './plain.ts';

const kinds = {
  additive: () => attention({ score: 'additive', m: 3, k: 2, a: 4 }),
  dot: () => attention({ score: 'dot', m: 3 }),
};

function problem(net: Attention, { T = 4, S = 3, B = 3, seed = 1 } = {}) {
  const rng = new Random(seed);
  normal(0.8)(net.params, rng);
  const upTo = (most: number) => Array.from({ length: B }, () => 1 + Math.floor(most * rng.uniform()));
  const x = randomSequence({ T: S, B, F: net.inputs, lengths: upTo(S) }, rng);
  const memory = randomSequence({ T, B, F: net.attends, lengths: upTo(T) }, rng);
  return { x, memory, dy: randomSequence({ ...x.extent(), F: net.attends }, rng) };
}

function wrong(net: Attention, options = {}): string[] {
  const { x, memory, dy } = problem(net, options);
  net.params.zeroGrads();
  const { dx, dmemory } = net.backward(net.forward(x, memory).tape, dy);
  const grads: Matrices = net.params.namedGrads();
  const loss = () => inner(dy.rows(), net.forward(x, memory).y.rows());
  const tensors = [
    ...Object.entries(net.params.named()).map(([name, values]) => ({
      name,
      values,
      gradient: grads[name] ?? Matrix.zeros(0, 0),
    })),
    { name: 'x', values: x.rows(), gradient: dx.rows() },
    { name: 'memory', values: memory.rows(), gradient: dmemory.rows() },
  ];
  const report = checkDirections(loss, tensors, {}, new Random(1));
  return report.tensors.filter(({ ok }) => !ok).map(({ name }) => name);
}

/** The steps that a sequence has. */
const steps = (x: Sequence, b: number): number[][] =>
  Array.from({ length: x.lengths?.[b] ?? x.T }, (_, t) => x.at(t).getRow(b));

const scores = {
  additive: (net: Attention) => {
    const { W, U, v } = net.params.named();
    return additiveScore(
      Object.fromEntries(Object.entries({ W, U, v }).map(([name, a]) => [name, a?.to2DArray()])) as unknown as Additive,
    );
  },
  dot: () => (q: readonly number[], h: readonly number[]) => q.reduce((sum, x, n) => sum + x * (h[n] ?? 0), 0),
};

const sizes = [size(5), size(4), size(4), size(1000)] as const;

describe.each(['additive', 'dot'] as const)('attention, %s', kind => {
  it('gives the contexts and weights of plain numbers, and 0 at padding', () => {
    fc.assert(
      fc.property(...sizes, (T, S, B, seed) => {
        const net = kinds[kind]();
        const { x, memory } = problem(net, { T, S, B, seed });
        const { y, weights } = net.forward(x, memory);
        const [expected, shares] = [Sequence.zeros({ ...y.extent(), F: y.F }), Sequence.zeros({ ...y.extent(), F: T })];
        for (let b = 0; b < B; b++) {
          for (const [t, q] of steps(x, b).entries()) {
            const seen = attend(scores[kind](net), q, steps(memory, b));
            expected.at(t).setRow(b, seen.c);
            shares.at(t).setRow(b, [...seen.weights, ...Array(T - seen.weights.length).fill(0)]);
          }
        }
        expect(deviation(y.rows(), expected.rows())).toBeLessThan(1e-14);
        expect(deviation(weights.rows(), shares.rows())).toBeLessThan(1e-14);
      }),
    );
  });

  it('has the gradients of finite differences in parameters, queries and memory', () => {
    fc.assert(
      fc.property(...sizes, (T, S, B, seed) => {
        expect(wrong(kinds[kind](), { T, S, B, seed })).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it('has the adjoint of its Jacobian: ⟨dy, Jv⟩ = ⟨Jᵀdy, v⟩ over 40 steps of 30', () => {
    const net = kinds[kind]();
    const options = { T: 30, S: 40, B: 3 };
    const { x, memory, dy } = problem(net, options);
    const { dx, dmemory } = net.backward(net.forward(x, memory).tape, dy);
    const rng = new Random(7);
    const [v, w] = [x, memory].map(z => randomSequence({ ...z.extent(), F: z.F }, rng));
    if (!v || !w) throw new Error('there are two');
    const at = (h: number) => {
      const moved = (z: Sequence, by: Sequence) =>
        Sequence.dense(z.data.map((value, i) => value + h * (by.data[i] ?? 0)) as Float64Array, {
          ...z.extent(),
          F: z.F,
        });
      return inner(dy.rows(), net.forward(moved(x, v), moved(memory, w)).y.rows());
    };
    const h = 1e-3;
    const slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    expect(inner(dx.rows(), v.rows()) + inner(dmemory.rows(), w.rows())).toBeCloseTo(slope, 8);
  });

  it('takes nothing from padding on either side, and gives the same bits twice', () => {
    fc.assert(
      fc.property(...sizes, (T, S, B, seed) => {
        const net = kinds[kind]();
        const { x, memory, dy } = problem(net, { T, S, B, seed });
        const run = (change: (x: Sequence) => Sequence, cotangent = change(dy)) => {
          net.params.zeroGrads();
          const { y, weights, tape } = net.forward(change(x), change(memory));
          const { dx, dmemory } = net.backward(tape, cotangent);
          return [y, weights, dx, dmemory].map(z => [...z.data]).concat([[...net.params.grads]]);
        };
        const clean = run(z => z);
        expect(run(spoil)).toEqual(clean);
        const longer = Sequence.dense(flat(spoil(dy).rows()), { T: dy.T, B: dy.B, F: dy.F });
        expect(run(spoil, longer)).toEqual(clean);
      }),
      { numRuns: 40 },
    );
  });

  it('adds to the gradients there are', () => {
    const net = kinds[kind]();
    const { x, memory, dy } = problem(net);
    const { tape } = net.forward(x, memory);
    net.params.zeroGrads();
    net.backward(tape, dy);
    const once = net.params.grads.slice();
    net.backward(tape, dy);
    expect(
      deviation(Matrix.rowVector([...net.params.grads]), Matrix.rowVector([...once.map(g => 2 * g)])),
    ).toBeLessThan(1e-14);
  });

  it('stays finite where scores are large, and then looks at one step', () => {
    const net = kinds[kind]();
    const { x, memory } = problem(net);
    const { weights } = net.forward(
      Sequence.dense(
        flat(x.rows()).map(q => 1e5 * q),
        { ...x.extent(), F: x.F },
      ),
      Sequence.dense(
        flat(memory.rows()).map(h => (kind === 'dot' ? 1e5 : 1) * h),
        { ...memory.extent(), F: memory.F },
      ),
    );
    for (let n = 0; n < weights.T * weights.B; n++) {
      const sum = weights
        .rows()
        .getRow(n)
        .reduce((a, b) => a + b);
      expect(sum).toBeCloseTo(weights.counts(n) ? 1 : 0, 12);
    }
  });
});

it('reads class indices as one-hot rows', () => {
  const net = attention({ score: 'dot', m: 2 });
  const [x, memory] = [Sequence.oneHot([1], { T: 1, classes: 2 }), Sequence.oneHot([0, 1], { T: 2, classes: 2 })];
  const { y, tape } = net.forward(x, memory);
  expect(y.at(0).getRow(0)).toEqual([1 / (1 + Math.E), Math.E / (1 + Math.E)]);
  expect(net.backward(tape, y).dx.F).toBe(2);
});

it('ATT-D1: what is added to all scores of a query changes nothing', () => {
  const net = attention({ score: 'dot', m: 2 });
  const memory = Sequence.dense([1, 2, 1, -1, 1, 0.5], { T: 3, F: 2 });
  const query = (q: number) => net.forward(Sequence.dense([q, 0.3], { T: 1, F: 2 }), memory);
  expect(deviation(query(0.2).weights.rows(), query(5).weights.rows())).toBeLessThan(1e-15);
  const { dx } = net.backward(query(0.2).tape, Sequence.dense([0.7, -2], { T: 1, F: 2 }));
  expect(Math.abs(dx.at(0).get(0, 0))).toBeLessThan(1e-15);
  expect(Math.abs(dx.at(0).get(0, 1))).toBeGreaterThan(0.1);
});

it('refuses what does not fit', () => {
  const net = kinds.additive();
  const [x, memory] = [Sequence.zeros({ T: 2, B: 2, F: 3 }), Sequence.zeros({ T: 4, B: 2, F: 2 })];
  expect(() => net.forward(Sequence.zeros({ T: 2, B: 2, F: 2 }), memory)).toThrow(/^x: expected 3 features/);
  expect(() => net.forward(x, Sequence.zeros({ T: 4, B: 2, F: 3 }))).toThrow(/^memory: expected 2 features/);
  expect(() => net.forward(x, Sequence.zeros({ T: 4, B: 1, F: 2 }))).toThrow('memory: expected B=2, got B=1');
  const { tape } = net.forward(x, memory);
  expect(() => net.backward(tape, x)).toThrow(ShapeError);
  expect(() => net.backward({ ...tape, looks: [] }, memory)).toThrow(/^tape.looks: expected 2/);
  expect(() => attention({ score: 'cosine' as 'dot', m: 2 })).toThrow('score: expected additive or dot, got "cosine"');
  expect(() => attention({ score: 'dot', m: 0 })).toThrow(ValueError);
  expect(() => attention({ score: 'additive', m: 2, k: 2, a: 0 })).toThrow(/^a: expected a positive integer/);
  expect(() => attention({ score: 'dot', m: 2, k: 2 } as { score: 'dot'; m: number })).toThrow(/^k: expected none/);
  expect(() => attention({ score: 'dot', m: 2, a: 2 } as { score: 'dot'; m: number })).toThrow(/^a: expected none/);
});

describe('a planted mistake is caught', () => {
  const net = kinds.additive();

  /** With another tape than the one of the pass forward. */
  const planted = (change: (tape: AttentionTape) => AttentionTape, of = net): Attention => ({
    ...of,
    backward: (tape, dy) => of.backward(change(tape), dy),
  });
  const looks = (change: (look: AttentionTape['looks'][number]) => Partial<AttentionTape['looks'][number]>) =>
    planted(tape => ({ ...tape, looks: tape.looks.map(look => ({ ...look, ...change(look) })) }));
  /** With a parameter that is 0 on the way back. */
  const without = (name: 'W' | 'U' | 'v'): Attention => ({
    ...net,
    backward(tape, dy) {
      const values = net.params.values.slice();
      net.params.named()[name]?.fill(0);
      const back = net.backward(tape, dy);
      net.params.values.set(values);
      return back;
    },
  });
  const turned = (x: Sequence) => {
    const own = Sequence.zeros({ ...x.extent(), F: x.F });
    for (let t = 0; t < x.T; t++) for (let b = 0; b < x.B; b++) own.at(t).setRow(b, x.at(x.T - 1 - t).getRow(b));
    return own;
  };
  const doubled = (gradient: 'dx' | 'dmemory'): Attention => ({
    ...net,
    backward(tape, dy) {
      const back = net.backward(tape, dy);
      return {
        ...back,
        [gradient]: Sequence.dense(
          flat(back[gradient].rows()).map(g => 2 * g),
          { ...back[gradient].extent(), F: back[gradient].F },
        ),
      };
    },
  });

  it.each<[string, readonly string[], Attention]>([
    ['none', [], planted(tape => tape)],
    [
      'the weights taken to be equal',
      ['W', 'U', 'v', 'x', 'memory'],
      looks(({ A }) => ({ A: Matrix.mul(Matrix.ones(A.rows, A.columns), 1 / A.columns) })),
    ],
    ['the weights’ path not followed', ['W', 'U', 'x', 'memory'], without('v')],
    ['the way to the query not followed', ['x'], without('W')],
    ['the way through the scores to the memory not followed', ['memory'], without('U')],
    [
      'n taken to be 0, and the slope of tanh 1',
      ['W', 'U', 'v', 'x', 'memory'],
      looks(({ score }) => ({
        score: { ...score, N: score.N.map(({ rows, columns }) => Matrix.zeros(rows, columns)) },
      })),
    ],
    ['one query’s gradient given to another', ['W'], planted(tape => ({ ...tape, x: turned(tape.x) }))],
    ['the queries’ gradient twice', ['x'], doubled('dx')],
    ['the memory’s gradient twice', ['memory'], doubled('dmemory')],
  ])('%s', (_, spoilt, broken) => {
    expect(wrong(broken, { T: 4, S: 4, B: 2, seed: 3 })).toEqual(spoilt);
  });

  it('the memory’s steps in another order, of the dot form', () => {
    const of = kinds.dot();
    const turned = planted(
      tape => ({
        ...tape,
        looks: tape.looks.map(look => ({
          ...look,
          source: { ...look.source, H: new Matrix(look.source.H.to2DArray().reverse()) },
        })),
      }),
      of,
    );
    expect(wrong(of, { T: 4, S: 4, B: 2, seed: 3 })).toEqual([]);
    expect(wrong(turned, { T: 4, S: 4, B: 2, seed: 3 })).toEqual(['x', 'memory']);
  });
});
