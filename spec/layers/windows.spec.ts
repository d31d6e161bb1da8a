/** Windows: what they are on small numbers and by their definition, their adjoints, the learned weights, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { type WindowTape, windowInput, windowOutput } from '../../lib/layers/windows.ts';
import { addTo } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import { entries, lengths, sequence, size } from '../arbitraries.ts';
import { deviation, flat, inner } from '../numbers.ts';
import { touchedByPadding } from './padding.ts';

const wrong = (layer: Layer, options = {}): string[] =>
  checkLayer(layer, options)
    .tensors.filter(({ ok }) => !ok)
    .map(({ name }) => name);

const lengthOf = (x: Sequence, b: number): number => x.lengths?.[b] ?? x.T;

const sizes = fc.tuple(size(7), size(3), size(2), size(4)).chain(([T, B, F, N]) =>
  fc.record({
    T: fc.constant(T),
    B: fc.constant(B),
    F: fc.constant(F),
    N: fc.constant(N),
    own: lengths(T, B),
    offset: fc.integer({ min: -3, max: 5 }),
  }),
);

describe('the window over inputs', () => {
  const problem = sizes.chain(({ T, B, F, N, own }) =>
    fc.record({ N: fc.constant(N), x: sequence(T, B, F, own), dy: sequence(T, B, N * F, own) }),
  );

  it('puts the last N inputs beside each other, the present one first, zeros before the start', () => {
    const x = Sequence.dense([1, 10, 2, 20, 3, 30], { T: 3, B: 2, F: 1, lengths: [3, 2] });
    const { y } = windowInput({ F: 1, N: 3 }).forward(x);
    expect(y.rows().to2DArray()).toEqual([
      [1, 0, 0],
      [10, 0, 0],
      [2, 1, 0],
      [20, 10, 0],
      [3, 2, 1],
      [0, 0, 0],
    ]);
    expect(flat(windowInput({ F: 1, N: 1 }).forward(x).y.rows())).toEqual([1, 10, 2, 20, 3, 0]);
  });

  it('is linear, with the adjoint that it has: ⟨dy, J x⟩ = ⟨Jᵀ dy, x⟩', () => {
    fc.assert(
      fc.property(problem, ({ N, x, dy }) => {
        const layer = windowInput({ F: x.F, N });
        const { y, tape } = layer.forward(x);
        const { dx } = layer.backward(tape, dy);
        expect(inner(dx.rows(), x.rows())).toBeCloseTo(inner(dy.rows(), y.rows()), 11); // ADJ-1  ⟨dy, J v⟩ = ⟨Jᵀ dy, v⟩
      }),
    );
  });
});

describe('the window over outputs', () => {
  const problem = sizes.chain(({ T, B, F: C, N, own, offset }) =>
    fc.record({
      C: fc.constant(C),
      N: fc.constant(N),
      offset: fc.constant(offset),
      p: sequence(T, B, N * C, own),
      dy: sequence(T, B, C, own),
      w: entries(N),
    }),
  );

  /** β_it for all i and t of a sequence of τ steps, by the definition. */
  const weights = (τ: number, w: readonly number[], offset: number): number[][] =>
    Array.from({ length: τ }, (_, t) => {
      const raw = Array.from({ length: τ }, (_, i) => {
        const wj = w[i - t + offset]; // WI-D1  t = i − j + offset
        return wj === undefined ? 0 : Math.exp(wj);
      });
      const sum = raw.reduce((a, b) => a + b, 0);
      return raw.map(r => (sum === 0 ? 0 : r / sum));
    });

  it('is the weighted sum of all that is said of a step', () => {
    fc.assert(
      fc.property(problem, fc.boolean(), ({ C, N, offset, p, w }, learned) => {
        const layer = windowOutput({ C, N, offset, beta: learned ? 'learned' : 'uniform' });
        if (learned) layer.params.values.set(w);
        const { y } = layer.forward(p);
        for (let b = 0; b < p.B; b++) {
          const τ = lengthOf(p, b);
          const beta = weights(τ, learned ? w : w.map(() => 0), offset);
          for (let t = 0; t < p.T; t++) {
            for (let k = 0; k < C; k++) {
              const said = (beta[t] ?? []).map((β, i) => (β === 0 ? 0 : β * p.at(i).get(b, (i - t + offset) * C + k)));
              expect(y.at(t).get(b, k)).toBeCloseTo(
                said.reduce((a, c) => a + c, 0),
                13,
              );
            }
          }
        }
      }),
    );
  });

  it('has the slide’s 1/N, and more near the end; its offset moves what is looked at', () => {
    const p = Sequence.dense([1, 2, 10, 20, 100, 200], { T: 3, F: 2 });
    const y = (offset: number) => [...windowOutput({ C: 1, N: 2, offset }).forward(p).y.data];
    expect(y(0)).toEqual([(1 + 20) / 2, (10 + 200) / 2, 100]); // step 1 by steps 1 and 2, …
    expect(y(1)).toEqual([2, (1 + 20) / 2, (10 + 200) / 2]); // step 2 by steps 1 and 2: causal
    expect(y(-1)).toEqual([(10 + 200) / 2, 100, 0]);
    expect(y(2)).toEqual([0, 2, (1 + 20) / 2]);
    expect(y(-5)).toEqual([0, 0, 0]);
  });

  it('is causal with offset N − 1, and knows N − 1 steps more with offset 0', () => {
    const [T, N] = [6, 3];
    const changed = (offset: number, step: number) => {
      const outputs = [0, 1].map(change => {
        const p = Sequence.dense(
          Float64Array.from({ length: T * N }, (_, i) => i + 1),
          { T, F: N },
        );
        for (let j = 0; j < N; j++) p.at(step).set(0, j, p.at(step).get(0, j) + change);
        return [...windowOutput({ C: 1, N, offset }).forward(p).y.data];
      });
      return outputs[0]?.flatMap((v, t) => (v === outputs[1]?.[t] ? [] : [t]));
    };
    expect(changed(N - 1, 2)).toEqual([2, 3, 4]);
    expect(changed(0, 3)).toEqual([1, 2, 3]);
  });

  it('is linear in p, with the adjoint that it has: ⟨dy, J p⟩ = ⟨Jᵀ dy, p⟩', () => {
    fc.assert(
      fc.property(problem, ({ C, N, offset, p, dy, w }) => {
        const layer = windowOutput({ C, N, offset, beta: 'learned' });
        layer.params.values.set(w);
        const { y, tape } = layer.forward(p);
        const { dx } = layer.backward(tape, dy);
        expect(inner(dx.rows(), p.rows())).toBeCloseTo(inner(dy.rows(), y.rows()), 11); // ADJ-1  ⟨dy, J v⟩ = ⟨Jᵀ dy, v⟩
      }),
    );
  });

  it('has the weights’ gradient by the Jacobian of softmax', () => {
    fc.assert(
      fc.property(problem, ({ C, N, offset, p, dy, w }) => {
        const layer = windowOutput({ C, N, offset, beta: 'learned' });
        layer.params.values.set(w);
        layer.backward(layer.forward(p).tape, dy);
        const dw = Matrix.zeros(1, N);
        for (let b = 0; b < p.B; b++) {
          const τ = lengthOf(p, b);
          weights(τ, w, offset).forEach((beta, t) => {
            const J = Matrix.diag(beta).sub(Matrix.columnVector(beta).mmul(Matrix.rowVector(beta))); // WI-D2  ∂β_i′/∂w_j = β_i′ (1[i′ = i] − β_i)
            const dbeta = beta.map((β, i) => {
              const block = (k: number) => p.at(i).get(b, (i - t + offset) * C + k);
              return Array.from({ length: C }, (_, k) => (β === 0 ? 0 : dy.at(t).get(b, k) * block(k))).reduce(
                (a, c) => a + c,
              );
            });
            const dlogits = Matrix.rowVector(dbeta).mmul(J).getRow(0);
            dlogits.forEach((v, i) => {
              const j = i - t + offset;
              if (j >= 0 && j < N) dw.set(0, j, dw.get(0, j) + v);
            });
          });
        }
        expect(deviation(Matrix.rowVector([...layer.params.grads]), dw)).toBeLessThan(1e-13);
      }),
    );
  });

  it('takes logits that exp would overflow on', () => {
    const layer = windowOutput({ C: 1, N: 2, beta: 'learned' });
    layer.params.values.set([1000, 999]);
    const { y } = layer.forward(Sequence.dense([1, 0, 0, 0], { T: 2, F: 2 }));
    expect(y.data[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 14);
    layer.params.values.set([-1000, 1000]);
    expect([...layer.forward(Sequence.dense([1, 2, 3, 4], { T: 2, F: 2 })).y.data]).toEqual([4, 3]);
  });
});

const layers: readonly (readonly [string, () => Layer, readonly string[]])[] = [
  ['inputs', () => windowInput({ F: 2, N: 3 }), ['x WI-B1']],
  ['outputs, uniform', () => windowOutput({ C: 2, N: 3 }), ['x WI-B2']],
  ['outputs, learned', () => windowOutput({ C: 2, N: 3, beta: 'learned' }), ['w WI-B3', 'x WI-B2']],
  [
    'outputs, learned, offset 2',
    () => windowOutput({ C: 2, N: 3, offset: 2, beta: 'learned' }),
    ['w WI-B3', 'x WI-B2'],
  ],
  [
    'outputs, learned, offset −1',
    () => windowOutput({ C: 2, N: 3, offset: -1, beta: 'learned' }),
    ['w WI-B3', 'x WI-B2'],
  ],
  ['outputs, uniform, offset 4', () => windowOutput({ C: 2, N: 3, offset: 4 }), ['x WI-B2']],
];

describe.each(layers)('a window over %s', (_, make, tensors) => {
  it('passes the gradient check', () => {
    for (const [T, B] of [
      [6, 3],
      [1, 1],
      [2, 2],
      [9, 2],
    ] as const)
      expect(wrong(make(), { T, B })).toEqual([]);
    expect(checkLayer(make()).tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual(tensors);
  });

  it('takes nothing from padding, and puts zeros there', () => {
    fc.assert(
      fc.property(size(7), size(4), size(1000), fc.boolean(), (T, B, seed, oneHot) => {
        expect(touchedByPadding(make(), { T, B, seed, oneHot })).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('adds into the gradients, and changes neither tape nor cotangent', () => {
    const layer = make();
    layer.params.values.fill(0.3);
    const x = Sequence.dense(
      Float64Array.from({ length: 6 * layer.inputs }, (_, i) => Math.sin(i)),
      {
        T: 3,
        B: 2,
        F: layer.inputs,
        lengths: [3, 2],
      },
    );
    const { y, tape } = layer.forward(x);
    const kept = JSON.stringify([tape, y]);
    const { dx } = layer.backward(tape, y);
    const once = layer.params.grads.map(g => 2 * g);
    expect(layer.backward(tape, y).dx.data).toEqual(dx.data);
    layer.params.grads.forEach((g, i) => {
      expect(g).toBeCloseTo(once[i] ?? Number.NaN, 14);
    });
    expect(JSON.stringify([tape, y])).toBe(kept);
  });
});

it('the MultiLSTM passes the gradient check: a network between the two windows', () => {
  const net = stack({
    see: windowInput({ F: 2, N: 2 }),
    lstm: unroll(lstm, { d: 4, m: 2 }),
    readout: readout({ m: 2, C: 6 }),
    say: windowOutput({ C: 2, N: 3, beta: 'learned' }),
  });
  expect(wrong(net)).toEqual([]);
});

describe('bad input', () => {
  const both = [windowInput({ F: 3, N: 2 }), windowOutput({ C: 3, N: 2 })];

  it.each(both)('to $name is a typed error that names the argument', layer => {
    const x = Sequence.zeros({ T: 2, F: layer.inputs });
    const { tape } = layer.forward(x);
    expect(() => layer.forward(Sequence.zeros({ T: 2, F: 1 }))).toThrow(/^x: expected [36] features/);
    expect(() => layer.forward(x, { h: Matrix.zeros(1, 2) })).toThrow(/^s0: expected/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 2, F: 1 }))).toThrow(/^dy: expected [36] features/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 1, F: layer.outputs }))).toThrow(ShapeError);
    expect(() => layer.backward(tape, layer.forward(x).y, { h: Matrix.zeros(1, 2) })).toThrow(/^dsT: expected/);
  });

  it.each<[string, () => unknown]>([
    ['F', () => windowInput({ F: 0, N: 1 })],
    ['N', () => windowInput({ F: 1, N: 0 })],
    ['C', () => windowOutput({ C: 1.5, N: 1 })],
    ['N', () => windowOutput({ C: 1, N: -1 })],
    ['offset', () => windowOutput({ C: 1, N: 1, offset: 0.5 })],
    ['beta', () => windowOutput({ C: 1, N: 1, beta: 'softmax' as unknown as 'learned' })],
  ])('%s out of range is a ValueError', (argument, act) => {
    expect(act).toThrow(ValueError);
    expect(act).toThrow(new RegExp(`^${argument}: expected`));
  });
});

describe('a planted mistake is caught, and named by the tensor it spoils', () => {
  const see = windowInput({ F: 2, N: 3 });
  const say = windowOutput({ C: 2, N: 3, beta: 'learned' });
  const planted = (right: Layer<WindowTape>, backward: Layer<WindowTape>['backward']): Layer => {
    const layer: Layer<WindowTape> = { ...right, backward };
    return layer;
  };
  const blocks = (dy: Sequence, keep: (j: number) => boolean) =>
    Sequence.dense(
      [...dy.data].map((v, i) => (keep(Math.floor((i % dy.F) / 2)) ? v : 0)),
      { ...dy.extent(), F: dy.F },
    );
  const exchanged = (dy: Sequence) => {
    const result = Sequence.zeros({ ...dy.extent(), F: dy.F });
    for (let n = 0; n < dy.T * dy.B; n++) {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = dy.rows().getRow(n);
      result.rows().setRow(n, [e, f, c, d, a, b]);
    }
    return result;
  };
  const whole = (x: Sequence) => Sequence.dense(flat(x.rows()), { T: x.T, B: x.B, F: x.F });
  /** The layer with another dw, made of what a right one adds, its tape and its dL/dp. */
  const withW = (spoilt: (dw: Matrix, tape: WindowTape, dp: Sequence) => Matrix) =>
    planted(say, (tape, dy) => {
      const before = say.params.grads.slice();
      const result = say.backward(tape, dy);
      const dw = new Matrix([[...say.params.grads].map((g, j) => g - (before[j] ?? 0))]);
      say.params.grads.set(before);
      addTo(say.params.namedGrads().w ?? Matrix.zeros(0, 0), spoilt(dw, tape, result.dx));
      return result;
    });
  /** Σ_t β_it ⟨dL/dy_t, p_it⟩ of each block: dw without its second term, by WI-B2. */
  const withoutMixture = (_: Matrix, { x }: WindowTape, dp: Sequence): Matrix => {
    const dw = Matrix.zeros(1, 3);
    [...dp.data].forEach((v, i) => {
      const j = Math.floor((i % dp.F) / 2);
      dw.set(0, j, dw.get(0, j) + v * (x.data[i] ?? Number.NaN));
    });
    return dw;
  };

  it.each<[string, readonly string[], Layer]>([
    ['none', [], withW(dw => dw)],
    [
      'only the present input gets a gradient',
      ['x'],
      planted(see, (tape, dy) =>
        see.backward(
          tape,
          blocks(dy, j => j === 0),
        ),
      ),
    ],
    [
      'the oldest input dropped',
      ['x'],
      planted(see, (tape, dy) =>
        see.backward(
          tape,
          blocks(dy, j => j < 2),
        ),
      ),
    ],
    ['blocks of the inputs in the other order', ['x'], planted(see, (tape, dy) => see.backward(tape, exchanged(dy)))],
    [
      'padding sends a gradient back',
      ['x'],
      planted(see, ({ x }, dy) => {
        const { dx } = see.backward({ x: whole(x) }, whole(dy));
        return { dx, ds0: {} };
      }),
    ],
    ['padding speaks', ['w', 'x'], planted(say, ({ x }, dy) => say.backward({ x: whole(x) }, whole(dy)))],
    [
      'blocks of the outputs in the other order',
      ['x'],
      planted(say, (tape, dy) => {
        const { dx } = say.backward(tape, dy);
        return { dx: exchanged(dx), ds0: {} };
      }),
    ],
    ['the sign of dw', ['w'], withW(dw => dw.neg())],
    ['dw without the mixture', ['w'], withW(withoutMixture)],
    [
      'uniform weights where learned ones went forward',
      ['w', 'x'],
      planted(say, ({ x }, dy) => {
        const { dx } = windowOutput({ C: 2, N: 3 }).backward({ x }, dy);
        return { dx, ds0: {} };
      }),
    ],
  ])('%s', (_, spoilt, layer) => {
    expect(wrong(layer)).toEqual(spoilt);
  });
});
