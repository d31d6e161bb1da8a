/** Checkpoints change what is held, and not a bit of what comes out. */
import fc from 'fast-check';
import type { AbstractMatrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { type RnnTape, rnn } from '../../lib/cells/rnn.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { randomSequence, randomState } from '../../lib/check/problem.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { delay } from '../../lib/layers/delay.ts';
import { type Layer, zeroState } from '../../lib/layers/layer.ts';
import { makingOf } from '../../lib/layers/made.ts';
import { lastStep } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { type CheckpointedTape, checkpointed } from '../../lib/through-time/checkpointed.ts';
import { lengths, size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';
import { fading } from '../toys.ts';

const layers: readonly (readonly [string, () => Layer])[] = [
  ['rnn', () => unroll(rnn, { d: 3, m: 2 })],
  ['lstm', () => unroll(lstm, { d: 3, m: 2 })],
  ['gru', () => unroll(gru, { d: 3, m: 2 })],
  ['a stack', () => stack({ low: unroll(lstm, { d: 3, m: 2 }), high: unroll(rnn, { d: 2, m: 3 }) })],
];

/** What a layer is run on: a non-zero initial state, a cotangent on every y_t and on s_T, gradients that are there. */
interface Problem {
  readonly x: Sequence;
  readonly s0: Matrices;
  readonly dy: Sequence;
  readonly dsT: Matrices;
  readonly grads: Float64Array;
}

interface Drawing {
  readonly seed: number;
  readonly T: number;
  readonly B: number;
  readonly own?: readonly number[] | undefined;
  readonly oneHot?: boolean;
}

/** A problem for the layer, whose parameters are drawn too. */
function problemFor(layer: Layer, { seed, T, B, own, oneHot = false }: Drawing): Problem {
  const rng = new Random(seed);
  normal(0.7)(layer.params, rng);
  const extent = { T, B, ...(own && { lengths: own }) };
  const classes = layer.inputs;
  const x = oneHot
    ? Sequence.oneHot(
        Array.from({ length: T * B }, () => Math.floor(rng.uniform() * classes)),
        { ...extent, classes },
      )
    : randomSequence({ ...extent, F: classes }, rng);
  const grads = Float64Array.from({ length: layer.params.size }, () => rng.uniform() - 0.5);
  return {
    x,
    s0: randomState(layer, B, rng),
    dy: randomSequence({ ...extent, F: layer.outputs }, rng),
    dsT: randomState(layer, B, rng),
    grads,
  };
}

const drawing = fc.tuple(size(14), size(3)).chain(([T, B]) =>
  fc.record({
    seed: fc.nat(),
    T: fc.constant(T),
    B: fc.constant(B),
    own: lengths(T, B),
    oneHot: fc.boolean(),
    every: fc.oneof(size(T + 3), fc.constantFrom(1, T, T + 1)),
  }),
);

/** Everything that comes out of a layer, by name: buffers, to be compared number by number. */
function run(layer: Layer, { x, s0, dy, dsT, grads }: Problem): Record<string, ArrayLike<number>> {
  layer.params.grads.set(grads);
  const { y, sT, tape } = layer.forward(x, s0);
  const { dx, ds0 } = layer.backward(tape, dy, dsT);
  return {
    y: y.data,
    ...named('T', sT),
    dx: dx.data,
    ...named('0', ds0),
    ...named('', layer.params.namedGrads()),
  };
}

const named = (suffix: string, matrices: Readonly<Record<string, AbstractMatrix>>) =>
  Object.fromEntries(
    Object.entries(matrices).map(([name, matrix]) => [name + suffix, Float64Array.from(flat(matrix))]),
  );

const differing = (a: Record<string, ArrayLike<number>>, b: Record<string, ArrayLike<number>>) =>
  Object.keys(a).filter(name => Array.from(a[name] ?? []).some((value, n) => !Object.is(value, b[name]?.[n])));

describe.each(layers)('%s with checkpoints', (_, make) => {
  it('is what it is without, to the last bit, for any length of segments', () => {
    fc.assert(
      fc.property(drawing, ({ every, ...drawn }) => {
        const layer = make();
        const problem = problemFor(layer, drawn);
        const wrapped = checkpointed(layer, { every });
        expect(run(wrapped, problem)).toEqual(run(layer, problem)); // CKP-D1  t = τ, τ−1, …, 1 with and without
        expect(wrapped.forward(problem.x).tape.states).toHaveLength(Math.ceil(drawn.T / every));
      }),
      { numRuns: 12 },
    );
  });

  it('is so for each length from one step to more than there are, and for ⌈√T⌉', () => {
    const layer = make();
    const problem = problemFor(layer, { seed: 7, T: 10, B: 3, own: [10, 4, 1] });
    const expected = run(layer, problem);
    for (let every = 1; every <= 12; every++) {
      expect(run(checkpointed(layer, { every }), problem)).toEqual(expected);
    }
    expect(run(checkpointed(layer), problem)).toEqual(expected);
  });

  it('adds the same again when backward runs a second time', () => {
    const layer = checkpointed(make(), { every: 3 });
    const { x, s0, dy, dsT } = problemFor(layer, { seed: 2, T: 8, B: 2 });
    const { tape } = layer.forward(x, s0);
    const [first, second] = [1, 2].map(() => {
      layer.params.zeroGrads();
      const { dx, ds0 } = layer.backward(tape, dy, dsT);
      return [dx.data, named('0', ds0), layer.params.grads.slice()];
    });
    expect(second).toEqual(first);
  });
});

describe('a checkpointed layer', () => {
  it('has the parameters, sizes, states and equations of the layer', () => {
    const layer = unroll(lstm, { d: 2, m: 3 });
    const wrapped = checkpointed(layer);
    const { forward: _f, backward: _b, name, ...rest } = wrapped;
    expect(layer).toMatchObject(rest);
    expect(wrapped.params).toBe(layer.params);
    expect(name).toBe('checkpointed(lstm)');
  });

  it('says which parts of its state count, where the layer does', () => {
    expect(checkpointed(unroll(fading, { d: 2, m: 3 })).counts).toEqual(['t']);
    expect(checkpointed(unroll(lstm, { d: 2, m: 3 }))).not.toHaveProperty('counts');
  });

  it.each([{}, { every: 3 }, { memory: 9 }])(
    'is known by its layer and the options given, as files need: %j',
    options => {
      const layer = unroll(lstm, { d: 2, m: 3 });
      expect(makingOf(checkpointed(layer, options))).toStrictEqual({ kind: 'checkpointed', layer, ...options });
    },
  );

  it('is a right layer', () => {
    expect(checkLayer(checkpointed(unroll(rnn, { d: 3, m: 2 }), { every: 2 }), { T: 5 }).ok).toBe(true);
  });

  it('stands in a stack where the layer would', () => {
    const net = (wrap: (layer: Layer) => Layer) =>
      stack({
        a: wrap(unroll(lstm, { d: 3, m: 2 })),
        b: wrap(unroll(gru, { d: 2, m: 4 })),
        out: readout({ m: 4, C: 3 }),
      });
    const [plain, wrapped] = [net(layer => layer), net(layer => checkpointed(layer))];
    const drawn = { seed: 5, T: 17, B: 2, own: [17, 6] };
    expect(run(wrapped, problemFor(wrapped, drawn))).toEqual(run(plain, problemFor(plain, drawn)));
  });

  it('around a stack with a readout is the same up to the order of one sum', () => {
    const net = stack({ rnn: unroll(rnn, { d: 3, m: 4 }), out: readout({ m: 4, C: 3 }) });
    const problem = problemFor(net, { seed: 6, T: 20, B: 2, own: [20, 9] });
    const [a, b] = [run(checkpointed(net), problem), run(net, problem)];
    expect(differing(a, b).filter(name => !['out.V', 'out.c'].includes(name))).toEqual([]);
    for (const name of ['out.V', 'out.c']) {
      const row = (values: ArrayLike<number> = []) =>
        Sequence.dense(Array.from(values), { T: 1, F: values.length }).rows();
      expect(deviation(row(a[name]), row(b[name]))).toBeLessThan(1e-14);
    }
  });

  it('may be checkpointed again', () => {
    const layer = unroll(gru, { d: 2, m: 3 });
    const problem = problemFor(layer, { seed: 8, T: 27, B: 2, own: [27, 10] });
    const twice = (inner: Layer) => checkpointed(checkpointed(inner, { every: 3 }), { every: 9 });
    expect(run(twice(layer), problem)).toEqual(run(layer, problem));
    const { calls, counted } = counting();
    run(twice(counted), problemFor(counted, { seed: 8, T: 27, B: 1 }));
    const segment = 'f'.repeat(9) + 'fffbbb'.repeat(3); // CKP-D5  ⌈τ/k⌉ + ⌈k/j⌉ + j held, forward three times
    expect(calls.join('')).toBe('f'.repeat(27) + segment.repeat(3));
  });

  it('does not read what is behind the end of a sequence', () => {
    const layer = checkpointed(unroll(lstm, { d: 3, m: 2 }), { every: 2 });
    const problem = problemFor(layer, { seed: 9, T: 7, B: 3, own: [7, 3, 1] });
    const spoilt = (s: Sequence) => {
      const data = Float64Array.from(s.data, (value, n) => (s.counts(Math.floor(n / s.F)) ? value : 100 + n));
      return Sequence.dense(data, { ...s.extent(), F: s.F });
    };
    const { x, dy } = problem;
    expect(run(layer, { ...problem, x: spoilt(x), dy: spoilt(dy) })).toEqual(run(layer, problem));
    const unmarked = Sequence.dense(spoilt(dy).data as Float64Array, { T: 7, B: 3, F: 2 });
    expect(run(layer, { ...problem, dy: unmarked })).toEqual(run(layer, problem));
  });
});

describe('what is held', () => {
  it('is one segment of step tapes at a time: all of forward, then each segment, the last first', () => {
    fc.assert(
      fc.property(size(40), size(43), (T, every) => {
        const { calls, counted } = counting();
        const layer = checkpointed(counted, { every });
        const { x, dy } = problemFor(layer, { seed: T, T, B: 1 });
        const { tape } = layer.forward(x);
        expect(Object.keys(tape)).toEqual(['x', 'every', 'states']);
        expect(tape.x).toBe(x);
        layer.backward(tape, dy);
        const sizes = Array.from({ length: Math.ceil(T / every) }, (_, i) => Math.min(every, T - i * every)).reverse();
        const segments = sizes.map(k => 'f'.repeat(k) + 'b'.repeat(k)).join('');
        expect(calls.join('')).toBe('f'.repeat(T) + segments); // CKP-D4  every step forward twice, backward once
      }),
    );
  });

  it('is in forward, too, no more than a segment', () => {
    const given: number[] = [];
    const inner = unroll(rnn, { d: 1, m: 1 });
    const noting: typeof inner = {
      ...inner,
      forward: (x, s0) => {
        given.push(x.T);
        return inner.forward(x, s0);
      },
    };
    checkpointed(noting).forward(Sequence.zeros({ T: 11, F: 1 }));
    expect(given).toEqual([4, 4, 3]);
  });

  it('is least for ⌈√T⌉ steps a segment, and then ⌈2√T⌉', () => {
    for (let T = 1; T <= 300; T++) {
      const held = (k: number) => k + Math.ceil(T / k);
      const least = Math.min(...Array.from({ length: T }, (_, n) => held(n + 1)));
      expect([T, least, held(Math.ceil(Math.sqrt(T)))]).toEqual([T, Math.ceil(2 * Math.sqrt(T)), least]); // CKP-D3
    }
  });

  it('is for an LSTM over 100,000 steps what the derivation says', () => {
    const { tape } = checkpointed(delay({ F: 1 })).forward(Sequence.zeros({ T: 100_000, F: 1 }));
    expect([tape.every, tape.states.length]).toEqual([317, 316]);
    const layer = unroll(lstm, { d: 1, m: 64 });
    const [step] = layer.forward(Sequence.zeros({ T: 1, F: 1 })).tape.steps;
    const { x: _view, ...kept } = { ...step };
    const floats = (matrices: Readonly<Record<string, AbstractMatrix>>) =>
      Object.values(matrices).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    const [ofStep, ofState] = [floats(kept as Matrices), floats(zeroState(layer.state, 1))];
    expect([ofStep, ofState, 317 * ofStep + 316 * ofState]).toEqual([448, 128, 182_464]);
  });
});

describe('a budget', () => {
  it('gives the longest segments that fit, or names the least that would do', () => {
    fc.assert(
      fc.property(size(200), size(210), (T, memory) => {
        const layer = checkpointed(delay({ F: 1 }), { memory });
        const x = Sequence.zeros({ T, F: 1 });
        const fitting = Array.from({ length: T }, (_, n) => n + 1).filter(k => k + Math.ceil(T / k) <= memory);
        const longest = fitting.at(-1);
        if (longest === undefined) {
          expect(() => layer.forward(x)).toThrow(
            new ValueError('memory', `at least ${Math.ceil(2 * Math.sqrt(T))} for ${T} steps`, `${memory}`),
          );
        } else {
          expect(layer.forward(x).tape.every).toBe(longest); // CKP-D2  k + K ≤ memory
        }
      }),
    );
  });

  it('of all steps and one state is not cut at all', () => {
    const { tape } = checkpointed(delay({ F: 1 }), { memory: 1000 }).forward(Sequence.zeros({ T: 9, F: 1 }));
    expect([tape.every, tape.states.length]).toEqual([9, 1]);
  });
});

describe('a mistake is caught:', () => {
  type Backward = Layer<CheckpointedTape>['backward'];
  const inner = unroll(rnn, { d: 3, m: 2 });
  const right = checkpointed(inner, { every: 2 });

  /** The backward pass for sequences of one length, said again, with what is wrong given. */
  const backwardWith =
    ({
      saved = (i: number) => i,
      order = (segments: number[]) => segments.reverse(),
      handOn = (ds0: Matrices): Matrices | undefined => ds0,
      slot = (from: number) => from,
    }): Backward =>
    ({ x, every, states }, dy, dsT) => {
      const dx = Sequence.zeros({ ...x.extent(), F: x.F });
      let ds = dsT;
      for (const i of order([...states.keys()])) {
        const [from, to] = [i * every, Math.min((i + 1) * every, x.T)];
        const { tape } = inner.forward(x.slice(from, to), states[saved(i)]);
        const part = inner.backward(tape, dy.slice(from, to), ds);
        dx.data.set(part.dx.data, slot(from) * x.B * x.F);
        ds = handOn(part.ds0);
      }
      return { dx, ds0: ds ?? zeroState(inner.state, x.B) };
    };

  it.each<[string, Backward, string[]]>([
    ['none', backwardWith({}), []],
    ['the first state for every segment', backwardWith({ saved: () => 0 }), ['dx', 'h0', 'W', 'U', 'b']],
    ['the state of the segment after', backwardWith({ saved: i => Math.min(i + 1, 3) }), ['dx', 'h0', 'W', 'U', 'b']],
    ['the segments from the first on', backwardWith({ order: all => all }), ['dx', 'h0', 'W', 'U', 'b']],
    ['no segment before the last', backwardWith({ order: all => all.slice(-1) }), ['dx', 'h0', 'W', 'U', 'b']],
    ['a cotangent not handed on', backwardWith({ handOn: () => undefined }), ['dx', 'h0', 'W', 'U', 'b']],
    [
      'its sign, handed on',
      backwardWith({ handOn: ({ h }) => h && { h: h.clone().neg() } }),
      ['dx', 'h0', 'W', 'U', 'b'],
    ],
    ['dx in the place of the segment before', backwardWith({ slot: from => Math.max(0, from - 2) }), ['dx']],
    ['dsT left out', (tape, dy) => right.backward(tape, dy), ['dx', 'h0', 'W', 'U', 'b']],
  ])('%s', (_, backward, caught) => {
    const problem = problemFor(inner, { seed: 3, T: 7, B: 2 });
    const wrong = { ...right, backward } as Layer;
    expect(differing(run(wrong, problem), run(inner, problem))).toEqual(caught);
  });
});

describe('bad input', () => {
  const layer = unroll(rnn, { d: 2, m: 3 });
  const wrapped = checkpointed(layer, { every: 2 });
  const x = Sequence.zeros({ T: 5, F: 2 });
  const dy = Sequence.zeros({ T: 5, F: 3 });

  it.each<[string, string, () => unknown]>([
    ['no steps', 'every', () => checkpointed(layer, { every: 0 })],
    ['a fraction of a step', 'every', () => checkpointed(layer, { every: 1.5 })],
    ['no memory', 'memory', () => checkpointed(layer, { memory: -1 })],
    ['both', 'memory', () => checkpointed(layer, { every: 2, memory: 9 })],
    ['a budget too small', 'memory', () => checkpointed(layer, { memory: 4 }).forward(x)],
  ])('is a ValueError that names the option: %s', (_, argument, act) => {
    expect(act).toThrow(ValueError);
    expect(act).toThrow(new RegExp(`^${argument}: expected`));
  });

  it.each<[string, string, () => unknown]>([
    ['inputs of another width', 'x', () => wrapped.forward(Sequence.zeros({ T: 5, F: 3 }))],
    ['a state without its part', 's0.h', () => wrapped.forward(x, {})],
    ['a cotangent of another width', 'dy', () => wrapped.backward(wrapped.forward(x).tape, x)],
    [
      'a cotangent of another length',
      'dy',
      () => wrapped.backward(wrapped.forward(Sequence.zeros({ T: 4, F: 2 })).tape, dy),
    ],
    ['a final cotangent without its part', 'dsT.h', () => wrapped.backward(wrapped.forward(x).tape, dy, {})],
    ['a layer that changes the number of steps', 'layer.y', () => checkpointed(lastStep(2), { every: 2 }).forward(x)],
  ])('is a ShapeError that names the argument: %s', (_, argument, act) => {
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(new RegExp(`^${argument.replace('.', '\\.')}: expected`));
  });

  it('leaves the gradients as they were', () => {
    layer.params.grads.fill(0.5);
    expect(() => wrapped.backward(wrapped.forward(x).tape, dy, {})).toThrow();
    const late = Sequence.zeros({ T: 5, F: 3 }); // what backward would come to last
    late.at(0).set(0, 0, Number.NaN);
    expect(() => wrapped.backward(wrapped.forward(x).tape, late)).toThrow('dy[0]: expected a finite number, got NaN');
    expect(layer.params.grads.every(value => value === 0.5)).toBe(true);
  });
});

/** An unrolled rnn that notes each call of its cell, f for forward and b for backward. */
function counting(): { readonly calls: string[]; readonly counted: Layer } {
  const calls: string[] = [];
  const cell: Cell<'W' | 'U' | 'b', 'h', RnnTape> = {
    ...rnn,
    forward: (p, x, s) => {
      calls.push('f');
      return rnn.forward(p, x, s);
    },
    backward: (p, tape, dnext, dp) => {
      calls.push('b');
      return rnn.backward(p, tape, dnext, dp);
    },
  };
  return { calls, counted: unroll(cell, { d: 1, m: 2 }) };
}
