/** The engine's layer is the reference's, cell by cell, over shapes, lengths, states, one-hot inputs and cotangents drawn at random. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it, vi } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { gru } from '../../lib/cells/gru.ts';
import { cells } from '../../lib/cells/index.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { traceFixed } from '../../lib/cells/trace.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { randomSequence, randomState } from '../../lib/check/problem.ts';
import { linear } from '../../lib/engine/linear.ts';
import type { Backend, EngineOptions } from '../../lib/engine/options.ts';
import { runtime } from '../../lib/engine/precision.ts';
import { wasmProducts } from '../../lib/engine/products.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import type { EngineTape } from '../../lib/engine/tapes.ts';
import { ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { reversed } from '../../lib/layers/reversal.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { flat } from '../numbers.ts';
import { leastInputs, leastUnits } from '../units.ts';
import { apart, type Drawn, everything } from './agreement.ts';

const all: readonly Cell[] = [
  ...Object.values<Cell>(cells),
  traceFixed(0.7) as Cell,
  conditioned(gru, { k: 2 }) as Cell,
  conditioned(lstm, { k: 3, when: 'first' }) as Cell,
];

const size = (max: number) => fc.integer({ min: 1, max });
const drawn: fc.Arbitrary<Drawn> = fc.record({
  T: size(12),
  B: size(11),
  d: size(9),
  m: size(13),
  ragged: fc.boolean(),
  oneHot: fc.boolean(),
  seed: fc.nat(),
});

const drawnOf = (cell: Cell) =>
  drawn.map(sizes => ({
    ...sizes,
    d: Math.max(sizes.d, leastInputs(cell)),
    m: Math.max(sizes.m, leastUnits(cell)),
  }));

const agree = (cell: Cell, options: EngineOptions, bound: number, runs: number): void =>
  fc.assert(
    fc.property(drawnOf(cell), sizes => {
      const { d, m } = sizes;
      const [engine, reference] = [recurrent(cell, { d, m }, options), unroll(cell, { d, m })];
      const deviations = apart(everything(engine, sizes), everything(reference, sizes));
      expect(Object.entries(deviations).filter(([, deviation]) => !(deviation <= bound))).toEqual([]);
    }),
    { numRuns: runs },
  );

describe.each(all)('$name', cell => {
  it('is the reference to 1e-12 in f64', () => agree(cell, {}, 1e-12, 12));

  it('is the reference to 1e-4 in f32', () => agree(cell, { precision: 'f32' }, 1e-4, 8));

  it('passes the checker as it is', () => {
    const { tensors, laws } = checkLayer(recurrent(cell, { d: 3, m: 5 }) as Layer);
    expect(tensors.filter(({ ok }) => !ok)).toEqual([]);
    expect(laws.filter(({ ok }) => !ok)).toEqual([]);
  });
});

describe('more steps than are worked on at once', () => {
  const size = { d: 3, m: 16 };
  const long = { T: 70, B: 32, ...size, oneHot: false, seed: 5, std: 0.2 }; // larger ones amplify rounding over 70 steps

  it.each(all)('make no difference to $name', cell => {
    const sizes = { ...long, ragged: true };
    const deviations = apart(everything(recurrent(cell, size), sizes), everything(unroll(cell, size), sizes));
    expect(Object.entries(deviations).filter(([, deviation]) => !(deviation <= 1e-12))).toEqual([]);
  });

  it('make no difference to a readout, to sequences of one length, and to indices', () => {
    const [ours, theirs] = [linear({ m: 3, C: 16 }), readout({ m: 3, C: 16 })] as const;
    for (const oneHot of [false, true]) {
      const sizes = { ...long, ragged: false, oneHot };
      const [engine, reference] = [recurrent(rnn, size), unroll(rnn, size)];
      for (const [a, b] of [[ours, theirs] as const, [engine, reference] as const]) {
        const deviations = apart(everything(a as Layer, sizes), everything(b as Layer, sizes));
        expect(Object.entries(deviations).filter(([, deviation]) => !(deviation <= 1e-12))).toEqual([]);
      }
    }
  });

  it('are so many', () => {
    const { tape } = recurrent(rnn, size).forward(randomSequence({ T: 70, B: 32, F: 3 }, new Random(1)));
    expect((tape as EngineTape).pass.spans).toEqual([
      { from: 0, to: 64 },
      { from: 64, to: 70 },
    ]);
  });
});

describe('numbers of 32 bits', () => {
  const single = ({ data }: Sequence) => Float32Array.from(data);
  const nets = (precision: 'f32' | 'f64'): readonly Layer[] => {
    const layer = (d: number) => recurrent(lstm, { d, m: 4 }, { precision }) as Layer;
    const [forward, backward] = [layer(3), layer(3)];
    return [layer(3), stack({ low: layer(3), high: layer(4) }) as Layer, bidirectional({ forward, backward }) as Layer];
  };

  it.each([undefined, [5, 2]])('come out where they went in, the same numbers as of 64, with lengths %o', lengths => {
    const extent = { T: 5, B: 2, ...(lengths && { lengths }) };
    const [wide, narrow] = [nets('f32'), nets('f32')];
    wide.forEach((net, n) => {
      const rng = new Random(3);
      const x32 = single(randomSequence({ ...extent, F: 3 }, rng));
      const dy32 = single(randomSequence({ ...extent, F: net.outputs }, rng));
      const run = (layer: Layer, Kind: typeof Float32Array | typeof Float64Array) => {
        normal(0.5)(layer.params, new Random(4));
        layer.params.zeroGrads();
        const of = (data: Float32Array, F: number) => Sequence.dense(Kind.from(data), { ...extent, F });
        const states = new Random(5);
        const results = [0, 1].map(() => {
          const { y, tape } = layer.forward(of(x32, 3), randomState(layer, 2, states));
          const { dx } = layer.backward(tape, of(dy32, layer.outputs), randomState(layer, 2, states));
          const copies = [y, dx].map(({ data }) => Array.from(data, Math.fround));
          expect([y.data, dx.data].every(data => data instanceof Kind)).toBe(true);
          layer.release?.(tape); // the second time gets the arrays of the first
          return copies;
        });
        return [results, Array.from(layer.params.grads)];
      };
      expect(run(narrow[n] as Layer, Float32Array)).toEqual(run(net, Float64Array));
    });
  });

  it('go through 64 where that is what is asked for', () => {
    for (const net of nets('f64')) {
      const { y, tape } = net.forward(Sequence.dense(Float32Array.from([1, 2, 3]), { T: 1, F: 3 }));
      const { dx } = net.backward(tape, y);
      expect([y.data, dx.data].every(data => data instanceof Float64Array)).toBe(true);
    }
  });
});

describe('against time', () => {
  it.each(all)('$name reads from the end what the reference is given turned round', cell => {
    fc.assert(
      fc.property(drawnOf(cell), sizes => {
        const { d, m } = sizes;
        const [engine, reference] = [recurrent(cell, { d, m }), unroll(cell, { d, m })];
        const [ours, theirs] = [reversed(engine as Layer), reversed(reference as Layer)];
        expect(ours.params).toBe(engine.params);
        const deviations = apart(everything(ours, sizes), everything(theirs, sizes));
        expect(Object.entries(deviations).filter(([, deviation]) => !(deviation <= 1e-12))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('a layer made of the parts of another is itself turned round', () => {
    const sizes: Drawn = { T: 4, B: 2, d: 3, m: 4, ragged: true, oneHot: false, seed: 8 };
    const layer = recurrent(gru, { d: 3, m: 4 }) as Layer;
    const forward = vi.fn(layer.forward);
    expect(everything(reversed({ ...layer, forward }), sizes)).toEqual(everything(reversed(layer), sizes));
    expect(forward).toHaveBeenCalledOnce();
  });
});

it('every cell of the library runs fused, fixed decays and conditioned cells too', () => {
  for (const cell of [...all, ...Object.values<Cell>(cells)]) {
    expect(explain(cell), cell.name).toMatch(/^runs fused: \d products? and \d kernels? a step$/);
    expect(recurrent(cell, { d: 2, m: 3 }).release, cell.name).toBeDefined(); // unroll has none
  }
});

describe('a readout', () => {
  it('is the reference’s', () => {
    fc.assert(
      fc.property(drawn, sizes => {
        const { d, m } = sizes;
        const theirs = everything(readout({ m: d, C: m }), sizes);
        for (const [name, deviation] of Object.entries(
          apart(everything(linear({ m: d, C: m }) as Layer, sizes), theirs),
        )) {
          expect(deviation, name).toBeLessThan(1e-12);
        }
        const f32 = apart(everything(linear({ m: d, C: m }, { precision: 'f32' }) as Layer, sizes), theirs);
        for (const [name, deviation] of Object.entries(f32)) expect(deviation, name).toBeLessThan(1e-4);
      }),
    );
  });

  it('passes the checker as it is', () => {
    expect(checkLayer(linear({ m: 3, C: 5 }) as Layer)).toMatchObject({ ok: true });
  });
});

describe('a tape', () => {
  const net = () =>
    stack({ low: recurrent(lstm, { d: 3, m: 4 }), high: recurrent(gru, { d: 4, m: 5 }), out: linear({ m: 5, C: 2 }) });

  it('outlives other forward passes, and gives the same bits again', () => {
    const layer = recurrent(lstm, { d: 3, m: 4 });
    normal(0.5)(layer.params, new Random(1));
    const rng = new Random(2);
    const [x, other] = [randomSequence({ T: 5, B: 2, F: 3 }, rng), randomSequence({ T: 9, B: 3, F: 3 }, rng)];
    const { y, tape } = layer.forward(x);
    const dy = randomSequence({ T: 5, B: 2, F: 4 }, rng);
    const first = layer.backward(tape, dy).dx.data.slice();
    const before = y.data.slice();
    for (let n = 0; n < 3; n++) layer.forward(other);
    expect(layer.backward(tape, dy).dx.data).toEqual(first);
    expect(y.data).toEqual(before);
  });

  it('that was released cannot be used again; released twice is released', () => {
    const layer = recurrent(rnn, { d: 2, m: 3 });
    const { y, tape } = layer.forward(Sequence.zeros({ T: 2, F: 2 }));
    layer.release?.(tape);
    layer.release?.(tape);
    expect(() => layer.backward(tape, y)).toThrow(/^tape: expected one that was not released/);
  });

  it('released step by step takes no memory: neither the kernels’ nor arrays outside', () => {
    const layer = net();
    normal(0.3)(layer.params, new Random(1));
    const rng = new Random(2);
    const { heap } = runtime('f64', false);
    const x = randomSequence({ T: 20, B: 4, F: 3, lengths: [20, 7, 19, 1] }, rng);
    const dy = randomSequence({ T: 20, B: 4, F: 2 }, rng);
    const seen = new Set<unknown>();
    const [held, sizes] = [[] as number[], [] as number[]];
    for (let n = 0; n < 30; n++) {
      const { y, tape } = layer.forward(x);
      const { dx } = layer.backward(tape, dy);
      seen.add(y.data).add(dx.data);
      layer.release?.(tape);
      held.push(heap.held);
      sizes.push(heap.memory.buffer.byteLength);
    }
    expect(seen.size).toBe(2);
    expect(new Set(held.slice(1)).size).toBe(1);
    expect(new Set(sizes.slice(1)).size).toBe(1);
  });

  it('of both directions is released with the layer around them', () => {
    const one = () => recurrent(lstm, { d: 3, m: 4 });
    const layer = bidirectional({ forward: one(), backward: one() });
    const { heap } = runtime('f64', false);
    const before = heap.held;
    const { tape } = layer.forward(Sequence.zeros({ T: 5, B: 2, F: 3 }));
    expect(heap.held).toBeGreaterThan(before);
    layer.release?.(tape);
    expect(heap.held).toBe(before);
  });

  it('survives the growth of the memory', () => {
    const layer = recurrent(gru, { d: 3, m: 4 });
    normal(0.5)(layer.params, new Random(1));
    const rng = new Random(2);
    const { tape } = layer.forward(randomSequence({ T: 5, B: 2, F: 3 }, rng));
    const dy = randomSequence({ T: 5, B: 2, F: 4 }, rng);
    const first = layer.backward(tape, dy).dx.data.slice();
    const before = runtime('f64', false).heap.memory.buffer.byteLength;
    recurrent(gru, { d: 50, m: 60 }).forward(randomSequence({ T: 400, B: 20, F: 50 }, rng));
    expect(runtime('f64', false).heap.memory.buffer.byteLength).toBeGreaterThan(before);
    expect(layer.backward(tape, dy).dx.data).toEqual(first);
  });
});

describe('dL/dx of indices', () => {
  const extent = { T: 5, B: 2, lengths: [5, 3] };
  const x = Sequence.oneHot([0, 6, 3, 1, 1, 2, 5, 0, 4, 4], { ...extent, classes: 7 });
  const draw = (seed: number) => randomSequence({ ...extent, F: 4 }, new Random(seed));
  const [layer, reference] = [recurrent(lstm, { d: 7, m: 4 }), unroll(lstm, { d: 7, m: 4 })] as [Layer, Layer];
  for (const { params } of [layer, reference]) normal(0.5)(params, new Random(3));
  const [s0, dsT] = [randomState(layer, 2, new Random(6)), randomState(layer, 2, new Random(7))];
  const expected = (dy: Sequence) => flat(reference.backward(reference.forward(x, s0).tape, dy, dsT).dx.rows());
  const close = (dx: Sequence, dy: Sequence) =>
    flat(dx.rows()).forEach((v, i) => void expect(v).toBeCloseTo(expected(dy)[i] ?? Number.NaN, 12));

  it('is what it is whenever it is read: after another pass back, or another forward', () => {
    const { tape } = layer.forward(x, s0);
    const first = layer.backward(tape, draw(1), dsT);
    const second = layer.backward(tape, draw(2), dsT);
    layer.forward(x);
    close(second.dx, draw(2));
    close(first.dx, draw(1));
    expect(second.dx).toBe(second.dx);
  });

  it('is not computed where nobody reads it, and cannot be when the tape is released', () => {
    const asked: string[] = [];
    const counting: Backend = {
      name: 'counting',
      products: rt => {
        const inner = wasmProducts(rt);
        return {
          ...inner,
          operand: (transB, N, ...rest) => {
            asked.push(`${N}`);
            return inner.operand(transB, N, ...rest);
          },
        };
      },
    };
    const net = stack({ low: recurrent(lstm, { d: 7, m: 4 }, { backend: counting }) as Layer });
    const { heap } = runtime('f64', false);
    const before = heap.held;
    const { tape } = net.forward(x);
    const step = net.backward(tape, draw(1));
    expect(asked).toEqual(['16', '4']); // Wᵀ, W
    expect(step.dx.F).toBe(7);
    expect(asked).toEqual(['16', '4', '7']); // U
    const unread = net.backward(tape, draw(1));
    net.release?.(tape);
    expect(heap.held).toBe(before);
    expect(() => unread.dx).toThrow(ValueError);
  });
});

it('bad input is what it is to the reference, and costs no memory', () => {
  const layer = recurrent(lstm, { d: 2, m: 3 });
  const reference = unroll(lstm, { d: 2, m: 3 });
  const { heap } = runtime('f64', false);
  const { y, tape } = layer.forward(Sequence.zeros({ T: 2, F: 2 }));
  const held = heap.held;
  const message = (f: () => unknown) => {
    try {
      f();
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing';
  };
  for (const x of [
    Sequence.zeros({ T: 2, F: 3 }),
    Sequence.over(new Float64Array(2).fill(Number.NaN), { T: 1, F: 2 }),
  ]) {
    expect(message(() => layer.forward(x))).toBe(message(() => reference.forward(x)));
  }
  const s0 = { h: Matrix.zeros(2, 3), c: Matrix.zeros(1, 3) };
  expect(message(() => layer.forward(y.slice(0, 1), s0))).toMatch(/./);
  expect(message(() => layer.forward(Sequence.zeros({ T: 1, F: 2 }), s0))).toMatch(/^s0\.h: /);
  expect(message(() => layer.backward(tape, Sequence.zeros({ T: 2, F: 2 })))).toMatch(/^dy: /);
  layer.backward(tape, y); // a forward pass that failed may have moved the tape out of the way
  expect(heap.held).toBe(held);
  expect(() => recurrent(lstm, { d: 0, m: 3 })).toThrow(/^d: /);
  expect(() => recurrent(lstm, { d: 1, m: 1 }, { precision: 'f16' as 'f32' })).toThrow(
    /^precision: expected f64 or f32/,
  );
});

it.each(['f64', 'f32'] as const)('a number that is not finite is found wherever it is read, in %s', precision => {
  const { heap } = runtime(precision, false);
  const [T, B] = [70, 32]; // two spans
  const layers = [recurrent(rnn, { d: 3, m: 16 }, { precision }), linear({ m: 3, C: 16 }, { precision })] as Layer[];
  for (const layer of layers) {
    const [x, dy] = [3, layer.outputs].map(F => randomSequence({ T, B, F }, new Random(2))) as [Sequence, Sequence];
    const { tape } = layer.forward(x);
    layer.backward(tape, dy);
    const [grads, held] = [layer.params.grads.slice(), heap.held];
    for (const at of [0, 1, T * B * 3 - 1]) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const spoilt = (s: Sequence) =>
          Sequence.over(s.data.slice().map((v, i) => (i === at ? bad : v)) as Float64Array, { T, B, F: s.F });
        expect(() => layer.forward(spoilt(x))).toThrow(`x[${at}]: expected a finite number, got ${bad}`);
        expect(() => layer.backward(tape, spoilt(dy))).toThrow(`dy[${at}]: expected a finite number, got ${bad}`);
      }
    }
    expect(layer.params.grads).toEqual(grads);
    layer.release?.(tape);
    layer.release?.(layer.forward(x).tape);
    expect(heap.held).toBeLessThan(held);
  }
  const ragged = Sequence.over(Float64Array.of(1, 2, Number.NaN, Number.NaN), { T: 2, B: 2, F: 1, lengths: [2, 1] });
  const message = 'x[2]: expected a finite number, got NaN'; // x[3] is padding, which nobody reads
  expect(() => recurrent(rnn, { d: 1, m: 2 }, { precision }).forward(ragged)).toThrow(message);
  expect(() => unroll(rnn, { d: 1, m: 2 }).forward(ragged)).toThrow(message);
});

it('a cell of one’s own runs as ours do, to the last bit', () => {
  const own: typeof lstm = { ...lstm, name: 'own' };
  const size = { d: 3, m: 5 };
  const sizes: Drawn = { T: 4, B: 2, ...size, ragged: true, oneHot: false, seed: 8 };
  expect(explain(own)).toBe(explain(lstm));
  expect(everything(recurrent(own, size) as Layer, sizes)).toEqual(everything(recurrent(lstm, size) as Layer, sizes));
});

it('a cell that cannot be recorded is unrolled, and it is said why', () => {
  const peeks: typeof lstm = {
    ...lstm,
    forward: (p, x, prev) => (x.get(0, 0) === 0 ? lstm.forward(p, x, prev) : lstm.forward(p, x, prev)),
  };
  expect(explain(peeks)).toMatch(/^runs unrolled, because it looks at the single element \[0,0\] of a matrix \(/);
  agree(peeks as Cell, {}, 0, 5);
});
