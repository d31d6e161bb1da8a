/** What a cell says of itself beside its equations: what keeps, what begins with what, which sizes it has, the time. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type Cell, requireCell } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { cellProperty } from '../../lib/check/properties.ts';
import { topology } from '../../lib/cli/check/subjects.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { ValueError } from '../../lib/errors.ts';
import { compared } from '../../lib/flow/compare.ts';
import { network } from '../../lib/flow/networks.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { mulRow } from '../../lib/matrix.ts';
import { charModel, sample } from '../../lib/models/char-model.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { checkpointed } from '../../lib/through-time/checkpointed.ts';
import { rtrl } from '../../lib/through-time/rtrl.ts';
import { deviation, flat } from '../numbers.ts';
import { fading, gained } from '../toys.ts';

const [timedCell, pairs] = [fading as unknown as Cell, gained as unknown as Cell];
const engines = [
  ['unrolled', unroll],
  ['in the engine', recurrent as unknown as typeof unroll],
] as const;

describe('a declaration', () => {
  it.each<[string, string, object]>([
    ['another sign', 'cell.keeps.W: expected 1 or -1, got 2', { keeps: { W: 2 } }],
    ['a list of what keeps', 'cell.keeps: expected an object', { keeps: ['W'] }],
    ['a first value that is none', 'cell.first.g: expected a finite number, got NaN', { first: { g: Number.NaN } }],
    ['sizes that are no function', 'cell.sizes: expected a function', { sizes: 2 }],
    ['a time that is neither true nor false', 'cell.time: expected true or false', { time: 'yes' }],
  ])('is looked at: %s', (_, message, change) => {
    expect(() => requireCell('cell', { ...pairs, ...change } as Cell)).toThrow(message);
  });

  it.each(engines)('of a parameter that there is not is refused, %s', (_, make) => {
    const keeps = { ...pairs, keeps: { b_f: 1 } } as Cell;
    expect(() => make(keeps, { d: 1, m: 2 })).toThrow('gained.params: keeps.b_f: expected one of W, U, g, got');
    const first = { ...pairs, first: { b: 1 } } as Cell;
    expect(() => make(first, { d: 1, m: 2 })).toThrow('gained.params: first.b: expected one of W, U, g, got');
  });

  it('goes through a condition', () => {
    const made = conditioned({ ...fading, ...{ keeps: { c: -1 }, first: { c: 3 } } } as unknown as Cell, { k: 2 });
    expect(made).toMatchObject({ keeps: { c: -1 }, first: { c: 3 }, time: true });
    expect(checkCell(made as Cell, { T: 3, B: 2, d: 2, m: 2, C: 2 }).ok).toBe(true);
    const even: Cell = { ...timedCell, sizes: ({ d }) => (d === 5 ? {} : { d: '5' }) };
    expect(unroll(conditioned(even, { k: 2 }) as Cell, { d: 3, m: 1 }).inputs).toBe(3);
    expect(() => unroll(conditioned(even, { k: 2 }) as Cell, { d: 5, m: 1 })).toThrow('d: expected 5');
    for (const name of ['keeps', 'first', 'time', 'sizes']) expect(conditioned(rnn, { k: 2 })).not.toHaveProperty(name);
  });
});

describe.each(engines)('first values, %s', (_, make) => {
  const gain = (params: Layer['params'], name = 'g') => flat(params.named()[name] ?? Matrix.zeros(0, 0));

  it('are there when a layer is made, and when it is initialised as a whole', () => {
    const layer = make(pairs, { d: 3, m: 4 });
    expect(gain(layer.params)).toEqual([1, 1, 1, 1]);
    const net = stack({ low: stack({ a: layer }), high: make(pairs, { d: 4, m: 2 }) });
    normal(0.1)(net.params, new Random(1));
    expect(gain(net.params, 'low.a.g')).toEqual([1, 1, 1, 1]);
    expect(gain(net.params, 'high.g')).toEqual([1, 1]);
    expect(gain(layer.params, 'W')).not.toContain(0);
  });

  it('are those of a network of flow, and of a character model that begins to learn', () => {
    const { params } = network({ cell: pairs, init: 'normal', d: 2, m: 4, seed: 1 });
    expect(gain(params)).toEqual([1, 1, 1, 1]);
    const engine = make === unroll ? 'reference' : {};
    const trainer = new CharTrainer('abracadabra', { cell: pairs, hidden: 4, chunk: 3, layers: 2, heldOut: 0 }, engine);
    expect(gain(trainer.model.net.params, 'cell1.g')).toEqual([1, 1, 1, 1]);
    expect(gain(trainer.model.net.params, 'cell2.g')).toEqual([1, 1, 1, 1]);
  });
});

it('the checker looks beside first values, where a lost factor shows', () => {
  const lost: Cell = {
    ...pairs,
    backward: (p, tape, dnext, dp) =>
      pairs.backward({ ...p, g: mulRow(p.g as Matrix, p.g as Matrix) }, tape, dnext, dp),
  };
  expect(
    checkCell(lost, { T: 2, B: 2, d: 2, m: 2, C: 2 })
      .tensors.filter(({ ok }) => !ok)
      .map(({ name }) => name),
  ).toEqual(['W', 'U', 'g', 'x', 'h0']);
  expect(checkLayer(unroll(lost, { d: 1, m: 2 }), { T: 1, B: 1 }).ok).toBe(false);
});

describe('sizes', () => {
  const odd = { d: 3, m: 5 };

  it('that a cell cannot have are refused wherever one is made', () => {
    const message = /^m: expected an even number, for gained, got 5$/;
    const vocabulary = Vocabulary.of('abc');
    for (const make of [
      () => unroll(pairs, odd),
      () => recurrent(pairs, odd),
      () => rtrl(pairs, odd),
      () => explain(pairs, odd),
      () => checkCell(pairs, { m: 5 }),
      () => network({ cell: pairs, init: 'normal', ...odd, seed: 1 }),
      () => charModel({ vocabulary, cell: pairs, m: 5 }),
      () => new CharTrainer('abcabc', { cell: pairs, hidden: 5, chunk: 2, heldOut: 0 }),
    ]) {
      expect(make).toThrow(ValueError);
      expect(make).toThrow(message);
    }
  });

  it('are picked where none is asked for', () => {
    expect(explain(pairs)).toMatch(/^runs fused/);
    expect(checkCell(pairs, { T: 2, B: 2 })).toMatchObject({ ok: true, restsOn: 'proof', problem: { d: 4, m: 6 } });
    const equal: Cell = { ...pairs, sizes: ({ d, m }) => (d === m ? {} : { m: `${d}, as many as inputs` }) };
    expect(checkCell(equal, { T: 2, B: 2 })).toMatchObject({ ok: true, restsOn: 'proof', problem: { d: 5, m: 5 } });
    expect(checkCell(equal, { T: 2, B: 2, d: 3 })).toMatchObject({ ok: true, problem: { d: 3, m: 3 } });
    expect(() => checkCell({ ...pairs, sizes: () => ({ m: 'none' }) })).toThrow('m: expected none, for gained');
    const net = topology(pairs, 2, true);
    expect([net.inputs, net.outputs]).toEqual([3, 8]);
    expect(checkLayer(net, { T: 2, B: 2 }).ok).toBe(true);
    fc.assert(cellProperty(pairs), { numRuns: 2 });
  });

  it('are what a wrong problem shrinks to', () => {
    const least = (cell: Cell, d: number) => {
      const bad: Cell = {
        ...cell,
        backward: (p, tape, dnext, dp) => {
          const { dx, dprev } = pairs.backward(p, tape, dnext, dp);
          return { dx: Matrix.mul(dx as Matrix, 2), dprev };
        },
      };
      const { smallest } = checkCell(bad, { T: 2, B: 2, d });
      return [smallest?.problem.d, smallest?.problem.m];
    };
    expect(least(pairs, 3)).toEqual([1, 2]);
    const equal: Cell = { ...pairs, sizes: ({ d, m }) => (d === m && m % 2 === 0 ? {} : { m: `${d}` }) };
    expect(least(equal, 4)).toEqual([2, 2]);
  });
});

describe('a cell that asks for the time', () => {
  const size = { d: 2, m: 3 };
  const rng = new Random(3);
  const numbers = (count: number) => Array.from({ length: count }, () => rng.normal());
  const lengths = [9, 4, 6];
  const x = Sequence.dense(numbers(9 * 3 * 2), { T: 9, B: 3, F: 2, lengths });
  const whole = Sequence.dense(numbers(9 * 3 * 2), { T: 9, B: 3, F: 2 });
  const filled = (layer: Layer): Layer => {
    normal(0.5)(layer.params, new Random(5));
    return layer;
  };

  it('is right, runs fused, and keeps its count in the state', () => {
    const report = checkCell(fading, { T: 4, B: 2, d: 2, m: 3, C: 2 });
    expect(report).toMatchObject({ ok: true, restsOn: 'proof' });
    expect(report.tensors.map(({ name }) => name)).toEqual(['W', 'U', 'c', 'V', 'c', 'x', 'h0']);
    expect(explain(fading)).toMatch(/^runs fused/);
    for (const [, make] of engines) {
      const layer = filled(make(timedCell, size));
      expect([layer.state, layer.counts]).toEqual([{ h: 3, t: 1 }, ['t']]);
      expect(flat(layer.forward(x).sT.t ?? Matrix.zeros(0, 0))).toEqual([9, 4, 6]);
    }
  });

  it.each(engines)('is told how many steps were before, of every sequence and whatever was cut, %s', (_, make) => {
    const seen: number[][] = [];
    const watching: Cell = {
      ...timedCell,
      forward(p, step, prev, time) {
        if (time && step.rows < 1000) seen.push(time.rows > 0 && 'get' in time ? rowsSeen(time) : []);
        return timedCell.forward(p, step, prev, time);
      },
    };
    const rowsSeen = (time: { readonly rows: number; get(i: number, j: number): number }) =>
      Array.from({ length: time.rows }, (_, b) => time.get(b, 0));
    const layer = filled(unroll(watching, size));
    layer.forward(x);
    expect(seen).toEqual([[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3], [4, 4], [5, 5], [6], [7], [8]]);
    const own = filled(make(timedCell, size));
    const { y, sT } = own.forward(whole);
    const early = own.forward(whole.slice(0, 4));
    const late = own.forward(whole.slice(4, 9), early.sT);
    expect([...flat(early.y.rows()), ...flat(late.y.rows())]).toEqual(flat(y.rows()));
    expect(flat(late.sT.t ?? Matrix.zeros(0, 0))).toEqual(flat(sT.t ?? Matrix.zeros(0, 0)));
  });

  it.each(engines)('hands back no gradient in its count, whatever is handed to it, %s', (_, make) => {
    const layer = filled(make(timedCell, size));
    const { y, tape } = layer.forward(x);
    const { ds0 } = layer.backward(tape, Sequence.zeros({ ...y.extent(), F: 3 }), {
      h: Matrix.ones(3, 3),
      t: Matrix.ones(3, 1),
    });
    expect(flat(ds0.t ?? Matrix.zeros(0, 0))).toEqual([0, 0, 0]); // BPTT-B4  dL/dn_{t−1} = 0
  });

  it('is the same in the engine, checkpointed, in real time, in a stack and both ways', () => {
    const [reference, engine] = engines.map(([, make]) => filled(make(timedCell, size)));
    const ys = [reference, engine, engine && checkpointed(engine, { every: 2 })].map(layer => layer?.forward(x).y);
    for (const y of ys) expect(deviation(y?.rows() ?? x.rows(), ys[0]?.rows() ?? x.rows())).toBeLessThan(1e-13);
    const live = rtrl(timedCell, size);
    live.params.values.set(reference?.params.values ?? []);
    const { y } = live.gradient(x, Sequence.zeros({ ...x.extent(), F: 3 }));
    expect(deviation(y.rows(), ys[0]?.rows() ?? x.rows())).toBeLessThan(1e-13);
    for (const [, make] of engines) {
      const small = { d: 1, m: 2 };
      const both = bidirectional({ forward: make(timedCell, small), backward: make(timedCell, small) });
      const net = stack({ both, top: make(timedCell, { d: 4, m: 1 }) });
      expect(net.counts).toEqual(['both.forward.t', 'both.backward.t', 'top.t']);
      expect(checkLayer(net, { T: 3, B: 2 })).toMatchObject({ ok: true });
      expect(checkLayer(checkpointed(make(timedCell, small)) as Layer, { T: 4, B: 2 })).toMatchObject({ ok: true });
    }
  });

  it('goes on counting from chunk to chunk, and from symbol to symbol where a model writes', () => {
    const trainer = new CharTrainer('abcabcabcabc', { cell: timedCell, hidden: 4, chunk: 3, heldOut: 0 });
    trainer.step();
    trainer.step();
    expect(flat(trainer.state?.['cell.t'] ?? Matrix.zeros(0, 0))).toEqual([6]);
    const { model } = trainer;
    normal(1)(model.net.params, new Random(2));
    const text = sample(model, { prompt: 'a', length: 8, temperature: 0, rng: new Random(1) });
    const again = sample(model, { prompt: `a${text.slice(0, 4)}`, length: 4, temperature: 0, rng: new Random(1) });
    expect(again).toBe(text.slice(4));
  });

  it('cannot call a part of its own state t', () => {
    const cell: Cell = { ...timedCell, state: ({ m }) => ({ h: m, t: 1 }) };
    for (const [, make] of engines) {
      expect(() => make(cell, size)).toThrow('fading.state: expected no part t, which is the time, got h, t');
    }
  });
});

describe('what keeps', () => {
  it('is set by flow with its sign, whatever it is called', () => {
    const small: Cell = { ...pairs, name: 'small', keeps: { g: -1 }, first: {} };
    expect(
      flat(
        network({ cell: small, init: 'normal', d: 2, m: 2, forgetBias: 3, seed: 1 }).params.named().g ??
          Matrix.zeros(0, 0),
      ),
    ).toEqual([-3, -3]);
    const named: Cell = { ...small, keeps: {} };
    expect(() => network({ cell: named, init: 'normal', d: 2, m: 2, forgetBias: 3, seed: 1 })).toThrow(ValueError);
    const results = compared(['small', 'named'], { length: 3, d: 2, m: 2, seeds: 1 }, { small, named });
    let step = results.next();
    while (!step.done) step = results.next();
    expect(step.value.map(({ forgetBias }) => forgetBias)).toEqual([Math.log(3), null]);
  });
});
