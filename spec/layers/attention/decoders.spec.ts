/** Decoders with attention: plain numbers, every gradient, laws, the engine, memory given back, planted mistakes. */

import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../lib/cells/cell.ts';
import { gru } from '../../../lib/cells/gru.ts';
import { lstm } from '../../../lib/cells/lstm.ts';
import { rnn } from '../../../lib/cells/rnn.ts';
import { checkLayer } from '../../../lib/check/check-layer.ts';
import { randomSequence } from '../../../lib/check/problem.ts';
import { recurrent } from '../../../lib/engine/recurrent.ts';
import { ShapeError, ValueError } from '../../../lib/errors.ts';
import { normal } from '../../../lib/init/initialisers.ts';
import type { Attentive } from '../../../lib/layers/attention/attentive.ts';
import { type BahdanauTape, bahdanau } from '../../../lib/layers/attention/bahdanau.ts';
import type { LookTape } from '../../../lib/layers/attention/look.ts';
import { type LuongTape, luong } from '../../../lib/layers/attention/luong.ts';
import type { Layer } from '../../../lib/layers/layer.ts';
import { readout } from '../../../lib/layers/readout.ts';
import { stack } from '../../../lib/layers/stack.ts';
import { unroll } from '../../../lib/layers/unroll.ts';
import { pick } from '../../../lib/params.ts';
import { Random } from '../../../lib/random.ts';
import { Sequence } from '../../../lib/sequence.ts';
import { size } from '../../arbitraries.ts';
import { deviation, flat } from '../../numbers.ts';
import { fading } from '../../toys.ts';
import { spoil } from '../padding.ts';
import { bahdanauRnn, luongRnn } from './plain.ts';
import { besideMemory, check, given, wrong } from './problem.ts';

type Make = (cell: Cell, size: { d: number; m: number }) => Layer;

const [d, m, k] = [2, 3, 3];
const makes = {
  bahdanau: (make: Make, cell: Cell) => bahdanau({ layer: make(cell, { d: d + k, m }), k, a: 4 }),
  'bahdanau with a readout': (make: Make, cell: Cell) =>
    bahdanau({ layer: make(cell, { d: d + k, m }), k, a: 4, top: readout({ m: m + k, C: 2 }) }),
  luong: (make: Make, cell: Cell) => luong({ layer: make(cell, { d, m }), F: 4 }),
  'luong with a readout': (make: Make, cell: Cell) =>
    luong({ layer: make(cell, { d, m }), F: 4, top: readout({ m: 4, C: 2 }) }),
} as const;
const kinds = Object.entries(makes) as [string, (make: Make, cell: Cell) => Attentive][];
const rnnCell = rnn as unknown as Cell;
const sizes = [size(4), size(4), size(3), size(1000)] as const;

describe.each(kinds)('%s', (_, make) => {
  it.each([rnn, gru, lstm] as unknown as Cell[])('has the gradients of finite differences over $name', cell => {
    fc.assert(
      fc.property(...sizes, (T, S, B, seed) => {
        expect(wrong(make(unroll, cell), { T, S, B, seed })).toEqual([]);
      }),
      { numRuns: 3 },
    );
    for (const { name, maxRel } of check(make(unroll, cell)).tensors) expect([name, maxRel]).not.toEqual([name, 0]);
  });

  it('obeys the laws of a layer, the memory being part of its input', () => {
    const report = checkLayer(besideMemory(make(unroll, gru as unknown as Cell)));
    expect([report.ok, report.laws.filter(({ ok }) => !ok)]).toEqual([true, []]);
    expect(report.laws.map(({ name }) => name)).toContain('a batch is the sum of its sequences');
  });

  it('takes nothing from padding on either side', () => {
    fc.assert(
      fc.property(...sizes, (T, S, B, seed) => {
        const net = make(unroll, rnnCell);
        const { x, memory, s0, dy, dsT } = given(net, { T, S, B, seed });
        const run = (change: (x: Sequence) => Sequence) => {
          net.params.zeroGrads();
          const { y, sT, weights, tape } = net.forward(change(x), change(memory), s0);
          const { dx, dmemory, ds0 } = net.backward(tape, change(dy), dsT);
          const states = [sT, ds0].flatMap(s => Object.values(s).map(flat));
          return [[...y.data], [...weights.data], [...dx.data], [...dmemory.data], [...net.params.grads], ...states];
        };
        expect(run(spoil)).toEqual(run(x => x));
      }),
      { numRuns: 25 },
    );
  });

  it('begins with zeros where no state is given, and no gradient in the final one is the same as zeros', () => {
    const net = make(unroll, rnnCell);
    const { x, memory, dy } = given(net);
    const zero = { h: Matrix.zeros(3, m) };
    const [one, other] = [net.forward(x, memory), net.forward(x, memory, zero)];
    expect([...one.y.data]).toEqual([...other.y.data]);
    expect(net.backward(one.tape, dy).ds0).toEqual(net.backward(other.tape, dy, zero).ds0);
  });

  it('has weights that add up to 1 over the steps that there are', () => {
    const net = make(unroll, rnnCell);
    const { x, memory } = given(net, { T: 5, S: 4, B: 4 });
    const { weights } = net.forward(x, memory);
    expect([weights.T, weights.B, weights.F]).toEqual([4, 4, 5]);
    for (let t = 0; t < 4; t++) {
      for (let b = 0; b < 4; b++) {
        const row = weights.at(t).getRow(b);
        const counts = t < (x.lengths?.[b] ?? 4);
        expect(row.reduce((sum, w) => sum + w)).toBeCloseTo(counts ? 1 : 0, 14);
        expect(row.slice(memory.lengths?.[b] ?? 5).every(w => w === 0)).toBe(true);
      }
    }
  });

  it.each([gru, lstm] as unknown as Cell[])('is the same over the engine, to 1e-12, $name', cell => {
    fc.assert(
      fc.property(...sizes, (T, S, B, seed) => {
        const results = [unroll as Make, recurrent as Make].map(layers => {
          const net = make(layers, cell);
          const { x, memory, s0, dy, dsT } = given(net, { T, S, B, seed });
          const { y, sT, tape } = net.forward(x, memory, s0);
          net.params.zeroGrads();
          const { dx, dmemory, ds0 } = net.backward(tape, dy, dsT);
          const rows = [y.rows(), dx.rows(), dmemory.rows(), ...Object.values(sT), ...Object.values(ds0)].flatMap(flat);
          net.release?.(tape);
          return Matrix.rowVector([...rows, ...net.params.grads]);
        });
        expect(deviation(results[1] ?? Matrix.zeros(0, 0), results[0] ?? Matrix.zeros(0, 0))).toBeLessThan(1e-12);
      }),
      { numRuns: 4 },
    );
  });

  it('gives every tape back that it holds, on release and when a pass fails', () => {
    const held = new Set<unknown>();
    let failing = false;
    const watched: Make = (cell, of) => {
      const layer = unroll(cell, of) as Layer;
      return {
        ...layer,
        forward(x, s0) {
          const step = layer.forward(x, s0);
          if (failing && held.size > 0) throw new Error('fails at its second step');
          held.add(step.tape);
          if (failing && x.T > 1) return { ...step, y: Sequence.zeros({ T: 1, F: 1 }) }; // where there is no second
          return step;
        },
        release: tape => {
          held.delete(tape);
        },
      };
    };
    const net = make(watched, rnnCell);
    const { x, memory } = given(net);
    const { tape } = net.forward(x, memory);
    expect(held.size).toBeGreaterThan(0);
    net.release?.(tape);
    expect(held.size).toBe(0);
    failing = true;
    expect(() => net.forward(x, memory)).toThrow(/fails at its second step|^layer.y: expected/);
    expect(held.size).toBe(0);
  });

  it('refuses what does not fit, before anything has changed', () => {
    const net = make(unroll, rnnCell);
    const { x, memory, dy } = given(net, { B: 2 });
    const { tape } = net.forward(x, memory);
    const before = net.params.grads.slice();
    expect(() => net.forward(Sequence.zeros({ T: 2, B: 2, F: d + 1 }), memory)).toThrow(/^x: expected 2 features/);
    expect(() => net.forward(x, Sequence.zeros({ T: 2, B: 2, F: k + 1 }))).toThrow(/^memory: expected 3 features/);
    expect(() => net.forward(x, Sequence.zeros({ T: 2, B: 1, F: k }))).toThrow('memory: expected B=2, got B=1');
    expect(() => net.forward(x, memory, { h: Matrix.zeros(1, m) })).toThrow(/^s0.h: expected/);
    expect(() => net.backward(tape, Sequence.zeros({ T: 9, B: 2, F: dy.F }))).toThrow(ShapeError);
    expect(() => net.backward(tape, dy, { h: Matrix.zeros(1, m) })).toThrow(/^dsT.h: expected/);
    expect([...net.params.grads]).toEqual([...before]);
  });
});

describe('the forward pass', () => {
  /** Each sequence by itself, in plain numbers. */
  const plain = (
    net: Attentive,
    { x, memory, s0 }: ReturnType<typeof given>,
    of: (x: number[][], H: number[][], h0: number[]) => readonly (readonly number[])[],
  ) => {
    const y = Sequence.zeros({ ...x.extent(), F: net.outputs });
    for (let b = 0; b < x.B; b++) {
      const rows = (z: Sequence) => Array.from({ length: z.lengths?.[b] ?? z.T }, (_, t) => z.at(t).getRow(b));
      for (const [t, row] of of(rows(x), rows(memory), s0.h?.getRow(b) ?? []).entries()) y.at(t).setRow(b, [...row]);
    }
    return y.rows();
  };
  const named = (net: Attentive, prefix: string, names: readonly string[]) =>
    Object.fromEntries(names.map(name => [name, pick(net.params.named(), `${prefix}.${name}`).to2DArray()])) as never;

  it.each([1, 2, 3])('is that of plain numbers, bahdanau, seed %i', seed => {
    const net = makes.bahdanau(unroll, rnnCell);
    const problem = given(net, { T: 5, S: 4, B: 3, seed });
    const expected = plain(net, problem, (x, H, h0) =>
      bahdanauRnn(named(net, 'attention', ['W', 'U', 'v']), named(net, 'layer', ['W', 'U', 'b']), x, H, h0),
    );
    expect(deviation(net.forward(problem.x, problem.memory, problem.s0).y.rows(), expected)).toBeLessThan(1e-14);
  });

  it.each([1, 2, 3])('is that of plain numbers, luong, seed %i', seed => {
    const net = makes.luong(unroll, rnnCell);
    const problem = given(net, { T: 5, S: 4, B: 3, seed });
    const W_c = pick(net.params.named(), 'join.W_c').to2DArray();
    const expected = plain(net, problem, (x, H, h0) => luongRnn(named(net, 'layer', ['W', 'U', 'b']), W_c, x, H, h0));
    expect(deviation(net.forward(problem.x, problem.memory, problem.s0).y.rows(), expected)).toBeLessThan(1e-14);
  });
});

describe('of several layers', () => {
  const deep = (query?: string) =>
    bahdanau({
      layer: stack({ low: unroll(lstm, { d: d + k, m }), high: unroll(gru, { d: m, m: 2 }) }),
      k,
      a: 4,
      ...(query !== undefined && { query }),
    });

  it('the last state h asks, unless another is named', () => {
    expect(deep().equations).toMatchObject({ 'high.h': 'BD-B2', 'attention.W': 'BA-B5', 'layer.low.W_f': 'LSTM-B7' });
    expect(deep('low.c').params.shapes['attention.W']).toEqual([4, m]);
    for (const query of [undefined, 'low.h', 'low.c']) expect(wrong(deep(query))).toEqual([]);
  });

  it('a state that there is not is refused', () => {
    const counting = { layer: unroll(fading, { d: 5, m: 2 }) as Layer, k: 2, a: 2, query: 't' };
    expect(() => bahdanau(counting)).toThrow('query: expected a part of the layer’s state, {h}, got "t"');
    expect(() => deep('h')).toThrow('query: expected a part of the layer’s state, {low.h, low.c, high.h}, got "h"');
    const stateless = readout({ m: 5, C: 2 }) as unknown as Layer;
    expect(() => bahdanau({ layer: stateless, k: 2, a: 2 })).toThrow(/^query: expected a part/);
  });
});

it('refuses parts that do not fit', () => {
  const layer = unroll(rnn, { d: 3, m: 2 }) as unknown as Layer;
  const top = (F: number) => readout({ m: F, C: 2 }) as unknown as Layer;
  expect(() => bahdanau({ layer, k: 3, a: 2 })).toThrow('layer.inputs: expected more than the 3 of a context, got 3');
  expect(() => bahdanau({ layer, k: 2, a: 0 })).toThrow(ValueError);
  expect(() => bahdanau({ layer, k: 2, a: 2, top: top(2) })).toThrow('top.inputs: expected 4, got 2');
  expect(() => bahdanau({ layer, k: 2, a: 2, top: layer })).toThrow(/^top: expected another layer/);
  expect(() => luong({ layer, F: 3, top: top(2) })).toThrow('top.inputs: expected 3, got 2');
  expect(() => luong({ layer, F: 2, top: unroll(rnn, { d: 2, m: 2 }) as unknown as Layer })).toThrow(
    'top.state: expected none, got {h}',
  );
  expect(() => luong({ layer, F: 2, top: layer })).toThrow(/^top: expected another layer/);
  expect(layer.params.place).toBe(''); // no part was taken in by what was refused
});

describe('a planted mistake is caught, and named by the tensor it spoils', () => {
  const cell = rnnCell;
  const layered = ['layer.W', 'layer.U', 'layer.b'];
  const scored = ['attention.W', 'attention.U', 'attention.v'];

  /** With a parameter that is 0 on the way back. */
  const without = (net: Attentive, name: string): Attentive => ({
    ...net,
    backward(tape, dy, dsT) {
      const values = net.params.values.slice();
      pick(net.params.named(), name).fill(0);
      const back = net.backward(tape, dy, dsT);
      net.params.values.set(values);
      return back;
    },
  });
  const taped = <Tape>(net: Attentive<Tape>, change: (tape: Tape) => Tape): Attentive => {
    const changed: Attentive<Tape> = { ...net, backward: (tape, dy, dsT) => net.backward(change(tape), dy, dsT) };
    return changed as Attentive;
  };
  const b = makes.bahdanau(unroll, cell);
  const steps = (change: (step: BahdanauTape['steps'][number], tape: BahdanauTape) => BahdanauTape['steps'][number]) =>
    taped(b, tape => ({ ...tape, steps: tape.steps.map(step => change(step, tape)) }));
  const first = ([step]: BahdanauTape['steps'], { source }: LookTape) =>
    step?.looks.find(look => look.source === source);
  const l = makes.luong(unroll, cell);
  const changed = (change: (tape: LuongTape) => Partial<LuongTape>) => taped(l, tape => ({ ...tape, ...change(tape) }));
  const zero = (x: Sequence) => Sequence.zeros({ ...x.extent(), F: x.F });
  /** The layer below, whose gradient in some columns of its input is 0. */
  const deaf = (from: number, to: number): Attentive => {
    const layer = unroll(cell, { d: d + k, m }) as Layer;
    const spoilt: Layer = {
      ...layer,
      backward(tape, dy, ds) {
        const { dx, ds0 } = layer.backward(tape, dy, ds);
        for (let n = 0; n < dx.B; n++) for (let j = from; j < to; j++) dx.at(0).set(n, j, 0);
        return { dx, ds0 };
      },
    };
    return bahdanau({ layer: spoilt, k, a: 4 }) as unknown as Attentive;
  };

  it.each<[string, readonly string[], Attentive]>([
    ['none, bahdanau', [], b],
    [
      'BD-B2: the query’s gradient does not reach the state before',
      [...scored, ...layered, 'x', 'memory', 'h0'],
      without(b, 'attention.W'),
    ],
    [
      'BD-B1: the context’s gradient from the layer’s input dropped',
      [...scored, ...layered, 'x', 'memory', 'h0'],
      deaf(d, d + k),
    ],
    ['BD-B1: that of the input itself dropped', ['x'], deaf(0, d)],
    [
      'BD-F1: another query than the state before',
      ['attention.W'],
      steps(step => ({ ...step, q: Matrix.zeros(step.q.rows, step.q.columns) })),
    ],
    [
      'the weights of the first step at every step',
      [...scored, ...layered, 'x', 'memory', 'h0'],
      steps((step, { steps }) => ({
        ...step,
        looks: step.looks.map(look => ({ ...look, A: first(steps, look)?.A ?? look.A })),
      })),
    ],
    ['BA-B8: the way through the keys not followed', ['memory'], without(b, 'attention.U')],
    ['none, luong', [], l],
    [
      'LD-B1: the slope of tanh at another place',
      ['join.W_c', ...layered, 'x', 'memory', 'h0'],
      changed(({ h }) => ({ h: zero(h) })),
    ],
    ['LD-B2: the contexts not in it', ['join.W_c'], changed(({ c }) => ({ c: zero(c) }))],
    [
      'LD-B4: no gradient from the queries',
      [...layered, 'x', 'memory', 'h0'],
      changed(({ attention }) => ({
        attention: {
          ...attention,
          sources: attention.sources,
          looks: attention.looks.map(look => ({ ...look, A: Matrix.zeros(look.A.rows, look.A.columns) })),
        },
      })),
    ],
    [
      'LU-B2: the queries taken to be 0',
      ['memory'],
      changed(({ attention }) => ({
        attention: {
          ...attention,
          looks: attention.looks.map(look => ({
            ...look,
            score: { ...look.score, P: Matrix.zeros(look.score.P.rows, look.score.P.columns) },
          })),
        },
      })),
    ],
  ])('%s', (_, spoilt, net) => {
    const found = wrong(net, { T: 6, S: 4, B: 4, seed: 5 });
    expect([...found].sort()).toEqual([...spoilt].sort());
  });
});

it('does not depend on what else is in the batch', () => {
  const net = makes['luong with a readout'](unroll, rnnCell);
  normal(0.5)(net.params, new Random(1));
  const rng = new Random(2);
  const [x, memory] = [randomSequence({ T: 3, B: 2, F: d }, rng), randomSequence({ T: 4, B: 2, F: k }, rng)];
  const alone = (z: Sequence) =>
    Sequence.dense(Array.from({ length: z.T }, (_, t) => z.at(t).getRow(1)).flat(), { T: z.T, F: z.F });
  const both = net.forward(x, memory).y;
  const one = net.forward(alone(x), alone(memory)).y;
  for (let t = 0; t < 3; t++) expect(one.at(t).getRow(0)).toEqual(both.at(t).getRow(1));
});
