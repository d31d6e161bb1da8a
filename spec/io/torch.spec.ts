/**
 * PyTorch's files: what PyTorch wrote computes here what it computes there, trains on alike, and what is written here has
 * PyTorch's names and order. `spec/fixtures/torch/make.py` makes the cases and says what is in them; `check.py` beside it
 * does the same with a PyTorch that is there.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { gru } from '../../lib/cells/gru.ts';
import { cells } from '../../lib/cells/index.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { readSafetensors, type Tensor, writeSafetensors } from '../../lib/io/safetensors.ts';
import { fromTorch, torchCells, toTorch } from '../../lib/io/torch.ts';
import { decodeTorch } from '../../lib/io/torch-file.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { delay } from '../../lib/layers/delay.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import { embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep, maxOverTime } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import type { OptimiserName } from '../../lib/models/char-options.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { FlatMatrix } from '../../lib/views.ts';

type Rows = readonly (readonly number[])[];

interface ModelCase {
  readonly file: string;
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly vocabulary: readonly string[];
  readonly s0: Readonly<Record<string, Rows>>;
  readonly logits: Rows;
  readonly sT: Readonly<Record<string, Rows>>;
  readonly training: {
    readonly optimiser: OptimiserName;
    readonly learningRate: number;
    readonly chunk: number;
    readonly clipValue: number;
  };
  readonly losses: readonly number[];
  readonly loose: readonly number[];
}

interface Cases {
  readonly text: string;
  readonly models: readonly ModelCase[];
  readonly bidirectional: {
    readonly file: string;
    readonly x: Rows;
    readonly s0: Readonly<Record<string, Rows>>;
    readonly y: Rows;
    readonly sT: Readonly<Record<string, Rows>>;
  };
}

const fixture = (name: string): URL => new URL(`../fixtures/torch/${name}`, import.meta.url);
const tensorsOf = (name: string): Map<string, Tensor> =>
  readSafetensors(readFileSync(fixture(name)), name, ['F64', 'F32']).tensors;

const cases: Cases = JSON.parse(readFileSync(fixture('cases.json'), 'utf8'));

/** PyTorch sums in another order: what is left is rounding. */
const TOLERANCE = 1e-12;

describe.each(cases.models)('$cell of PyTorch', given => {
  const trainerOf = (): CharTrainer => {
    const { cell: name, layers, hidden, training } = given;
    const trainer = new CharTrainer(cases.text, { cell: cellOf(name), layers, hidden, heldOut: 0, ...training });
    fromTorch(trainer.model.net, tensorsOf(given.file));
    return trainer;
  };

  test('puts out what PyTorch does, from a state that is not zero, in the reference and in the engine', () => {
    expect(Vocabulary.of(cases.text).symbols).toEqual(given.vocabulary);
    const x = Sequence.oneHot(Vocabulary.of(cases.text).encode(cases.text).subarray(0, given.logits.length), {
      T: given.logits.length,
      classes: given.vocabulary.length,
    });
    for (const net of [trainerOf().model.net, referenceNet(given)]) {
      const { y, sT } = net.forward(x, statesOf(net, given.s0));
      expect(distance(y.rows().to2DArray(), given.logits)).toBeLessThan(TOLERANCE);
      for (const [part, rows] of Object.entries(given.sT)) {
        expect(distance(partOf(net, sT, part), rows)).toBeLessThan(TOLERANCE);
      }
    }
  });

  test('trains on along the same losses', () => {
    const trainer = trainerOf();
    const losses = given.losses.map(() => trainer.step().loss);
    expect(distance([losses], [given.losses])).toBeLessThan(TOLERANCE);
    expect(Math.abs((losses.at(-1) ?? 0) - (losses[0] ?? 0))).toBeGreaterThan(0.05);
  });

  // PT-D2: both biases take the same step, so their sum takes it twice; of a GRU's n both are ours.
  test('trains on along the losses of two biases that both learn, when every bias takes its step twice', () => {
    const trainer = trainerOf();
    const biases = Object.entries(trainer.model.net.params.named()).filter(([name]) => /\.b(_[fiogrz])?$/.test(name));
    const losses = given.loose.map(() => {
      const before = biases.map(([, bias]) => bias.clone());
      const { loss } = trainer.step();
      biases.forEach(([, bias], n) => {
        bias.add(bias.clone().sub(before[n] ?? 0));
      });
      return loss;
    });
    expect(distance([losses], [given.loose])).toBeLessThan(TOLERANCE);
    expect(distance([given.loose], [given.losses])).toBeGreaterThan(1e-4);
  });

  test('is written with the names, the order and the numbers it was read with, the biases by their sum', () => {
    const theirs = tensorsOf(given.file);
    const ours = toTorch(trainerOf().model.net);
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [name, { shape, data }] of ours) {
      const original = theirs.get(name);
      expect(shape, name).toEqual(original?.shape);
      if (!/bias_[ih]h/.test(name)) expect(data, name).toEqual(original?.data);
      else expect(biasSum(ours, name), name).toEqual(biasSum(theirs, name));
    }
  });
});

describe('the order of blocks matters:', () => {
  const given = cases.models.find(({ cell }) => cell === 'lstm') as ModelCase;

  test.each(['rnn.weight_ih_l0', 'rnn.weight_hh_l1', 'rnn.bias_ih_l0'])('two gates of %s exchanged are seen', name => {
    const tensors = tensorsOf(given.file);
    const { shape, data } = tensors.get(name) as Tensor;
    const block = data.length / 4;
    const exchanged = Float64Array.of(...data.subarray(block, 2 * block), ...data.subarray(0, block));
    const changed = data.slice();
    changed.set(exchanged);
    tensors.set(name, { shape, data: changed });
    const net = referenceNet(given, tensors);
    const indices = Vocabulary.of(cases.text).encode(cases.text).subarray(0, given.logits.length);
    const x = Sequence.oneHot(indices, { T: given.logits.length, classes: given.vocabulary.length });
    const { y } = net.forward(x, statesOf(net, given.s0));
    expect(distance(y.rows().to2DArray(), given.logits)).toBeGreaterThan(1e-3);
  });
});

test('both directions of two layers, a module by itself', () => {
  const { file, x, s0, y, sT } = cases.bidirectional;
  const both = (d: number) =>
    bidirectional({ forward: unroll(lstm, { d, m: 2 }), backward: unroll(lstm, { d, m: 2 }) });
  const net = stack({ low: both(2), high: both(4) });
  fromTorch(net, tensorsOf(file), { rnn: '' });
  const input = Sequence.dense(x.flat(), { T: x.length, F: 2 });
  const result = net.forward(input, statesOf(net, s0));
  expect(distance(result.y.rows().to2DArray(), y)).toBeLessThan(TOLERANCE);
  for (const [part, rows] of Object.entries(sT)) {
    expect(distance(partOf(net, result.sT, part), rows)).toBeLessThan(TOLERANCE);
  }
  expect([...toTorch(net, { rnn: '' }).keys()].sort()).toEqual([...tensorsOf(file).keys()].sort());
});

test('the names are those of an nn.LSTM in its order', () => {
  const net = stack({ cell: unroll(lstm, { d: 2, m: 3 }), readout: readout({ m: 3, C: 4 }) });
  const shapes = [...toTorch(net, { rnn: 'lstm', readout: 'head' })].map(([name, { shape }]) => `${name} ${shape}`);
  expect(shapes).toEqual([
    'lstm.weight_ih_l0 12,2',
    'lstm.weight_hh_l0 12,3',
    'lstm.bias_ih_l0 12',
    'lstm.bias_hh_l0 12',
    'head.weight 4,3',
    'head.bias 4',
  ]);
});

test('whatever is written is read again to the last bit, in the reference and in the engine', () => {
  const problem = fc.record({
    cell: fc.constantFrom(...torchCells),
    layers: fc.integer({ min: 1, max: 3 }),
    d: fc.integer({ min: 1, max: 4 }),
    m: fc.integer({ min: 1, max: 4 }),
    both: fc.boolean(),
    top: fc.boolean(),
    engine: fc.boolean(),
    seed: fc.nat(1000),
  });
  fc.assert(
    fc.property(problem, ({ cell, layers, d, m, both, top, engine, seed }) => {
      const make = () => network(cellOf(cell), { layers, d, m, both, top, engine });
      const [net, again] = [make(), make()];
      normal(1)(net.params, new Random(seed));
      const file = writeSafetensors(toTorch(net), {});
      fromTorch(again, readSafetensors(file).tensors);
      expect(again.params.values).toEqual(net.params.values);
    }),
    { numRuns: 100 },
  );
});

test('an embedding, dropout and a pool are around the same tensors, which are read again to the last bit', () => {
  const make = () =>
    stack({
      low: embedding({ C: 5, e: 2 }),
      drop: dropout({ F: 2, rate: 0.5, seed: 1 }),
      cell: unroll(gru, { d: 2, m: 3 }),
      pool: maxOverTime(3),
      out: readout({ m: 3, C: 4 }),
    });
  const [net, again] = [make(), make()];
  normal(1)(net.params, new Random(2));
  const tensors = toTorch(net, { embedding: 'words' });
  expect([...tensors.keys()].filter(name => !name.startsWith('rnn.'))).toEqual([
    'words.weight',
    'readout.weight',
    'readout.bias',
  ]);
  expect(tensors.get('words.weight')).toEqual({ shape: [5, 2], data: net.params.get('low.E').data });
  fromTorch(again, tensors, { embedding: 'words' });
  expect(again.params.values).toEqual(net.params.values);
});

test('dropout within both directions is nothing', () => {
  const branch = (d: number) => stack({ cell: unroll(lstm, { d, m: 3 }), drop: dropout({ F: 3, rate: 0.5, seed: 1 }) });
  const both = (d: number) => bidirectional({ forward: branch(d), backward: branch(d) });
  const keys = [...toTorch(stack({ low: both(2), high: both(6) })).keys()];
  expect(keys).toEqual([...toTorch(network(lstm as Cell, { ...ONE, layers: 2, both: true })).keys()]);
});

test('both directions may end in a pool each', () => {
  const branch = () => stack({ cell: unroll(lstm, { d: 2, m: 3 }), pool: lastStep(3) });
  const net = bidirectional({ forward: branch(), backward: branch() });
  expect([...toTorch(net).keys()]).toEqual([...toTorch(network(lstm as Cell, { ...ONE, both: true })).keys()]);
});

test('a file with an embedding is read as the network without that computes the same', () => {
  const net = stack({
    low: embedding({ C: 4, e: 2 }),
    cell: unroll(lstm, { d: 2, m: 3 }),
    out: readout({ m: 3, C: 4 }),
  });
  normal(1)(net.params, new Random(4));
  const bytes = writeSafetensors(toTorch(net), { vocabulary: '["a","b","c","d"]' });
  const x = Sequence.oneHot([0, 2, 3, 1, 1], { T: 5, classes: 4 });
  const rows = (layer: Layer) => layer.forward(x).y.rows().to2DArray();
  expect(distance(rows(decodeTorch(bytes).net), rows(net))).toBeLessThan(TOLERANCE);
});

// PT-D1: only the sum of the two biases counts, but of n's in a GRU.
test.each([
  ['lstm', 0],
  ['lstm', 3],
  ['gru', 0],
  ['gru', 1],
] as const)('%s: what one bias of gate %i takes from the other changes nothing', (name, gate) => {
  const net = network(cellOf(name), { layers: 1, d: 2, m: 3, both: false, top: false, engine: false });
  normal(1)(net.params, new Random(3));
  const tensors = toTorch(net);
  for (const [bias, sign] of [
    ['rnn.bias_ih_l0', 1],
    ['rnn.bias_hh_l0', -1],
  ] as const) {
    const { data } = tensors.get(bias) as Tensor;
    for (let i = gate * 3; i < gate * 3 + 3; i++) data[i] = (data[i] ?? 0) + sign * 0.5;
  }
  const values = net.params.values.slice();
  fromTorch(net, tensors);
  expect(distance([[...net.params.values]], [[...values]])).toBeLessThan(1e-15);
});

test('the biases of n in a GRU are two', () => {
  const net = network(gru as Cell, { layers: 1, d: 1, m: 1, both: false, top: false, engine: false });
  net.params.values.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]); // W_r W_z W_n U_r U_z U_n b_r b_z b_n b_h
  const tensors = toTorch(net);
  expect([...(tensors.get('rnn.bias_ih_l0')?.data ?? [])]).toEqual([7, 8, 9]);
  expect([...(tensors.get('rnn.bias_hh_l0')?.data ?? [])]).toEqual([0, 0, 10]);
});

describe('what PyTorch lacks is refused by name:', () => {
  const cellLayer = (cell: Cell, d = 2, m = 3): Layer => unroll(cell, { d, m });
  const missing = Object.keys(cells).filter(name => !torchCells.includes(name));

  test('the cells are these', () => {
    const variants = ['trace', 'lstm-no-forget', 'lstm-coupled', 'lstm-peephole', 'gru-reset-before'];
    expect(missing).toEqual([...variants, 'lstm-layer-norm', 'slstm', 'mgu', 'min-gru', 'min-lstm']);
  });

  test.each<[string, () => Layer, RegExp, place?: string]>([
    ...missing.map((name): [string, () => Layer, RegExp] => [
      name,
      () => cellLayer(cellOf(name)),
      new RegExp(`readout on top\\), got ${name}$`),
    ]),
    [
      'two cells',
      () => stack({ a: cellLayer(rnn as Cell), b: cellLayer(lstm as Cell, 3, 3) }),
      /rnn beside lstm$/,
      'b',
    ],
    [
      'two widths',
      () => stack({ a: cellLayer(rnn as Cell), b: cellLayer(rnn as Cell, 3, 4) }),
      /of 3 and of 4 hidden/,
      'b',
    ],
    ['a readout alone', () => readout({ m: 3, C: 2 }), /no recurrent layer$/],
    [
      'two readouts',
      () => stack({ a: cellLayer(rnn as Cell), b: readout({ m: 3, C: 2 }), c: readout({ m: 2, C: 2 }) }),
      /a readout below another layer$/,
      'b',
    ],
    [
      'an embedding above',
      () => stack({ a: cellLayer(rnn as Cell), b: embedding({ C: 3, e: 2 }), c: readout({ m: 2, C: 2 }) }),
      /an embedding above another layer$/,
      'b',
    ],
    [
      'a pool below',
      () => stack({ a: cellLayer(rnn as Cell), b: maxOverTime(3), c: cellLayer(rnn as Cell, 3) }),
      /a pool below another layer$/,
      'b',
    ],
    [
      'pools of both directions below',
      () => {
        const branch = () => stack({ cell: cellLayer(rnn as Cell), pool: lastStep(3) });
        const both = (d: number) =>
          bidirectional({ forward: cellLayer(rnn as Cell, d), backward: cellLayer(rnn as Cell, d) });
        return stack({ a: bidirectional({ forward: branch(), backward: branch() }), b: both(6) });
      },
      /both directions of more than a cell$/,
      'a',
    ],
    ['a delay', () => stack({ a: cellLayer(rnn as Cell), b: delay({ F: 3 }) }), /got delay$/, 'b'],
    [
      'an encoder and a decoder at once',
      () => encoderDecoder({ encoder: cellLayer(rnn as Cell), decoder: cellLayer(rnn as Cell) }) as unknown as Layer,
      /expected an encoder or a decoder by itself, got both$/,
    ],
    [
      'one direction above both',
      () => stack({ a: network(rnn as Cell, { ...ONE, both: true }), b: cellLayer(rnn as Cell, 6, 3) }),
      /both directions in some layers only$/,
    ],
    ...(
      [
        [2, 2],
        [2, 1],
        [1, 2],
      ] as const
    ).map(([forward, backward]): [string, () => Layer, RegExp] => [
      `both directions of ${forward} cells and ${backward}`,
      () => {
        const low = (n: number) => (n === 2 ? { low: cellLayer(rnn as Cell) } : {});
        const branch = (n: number) => stack({ ...low(n), high: cellLayer(rnn as Cell, n === 2 ? 3 : 2) });
        return bidirectional({ forward: branch(forward), backward: branch(backward) });
      },
      /both directions of more than a cell$/,
    ]),
    [
      'the sum of both directions',
      () => bidirectional({ forward: cellLayer(rnn as Cell), backward: cellLayer(rnn as Cell), merge: 'sum' }),
      /got their sum$/,
    ],
    [
      'their sum below another layer',
      () => {
        const cell = () => cellLayer(rnn as Cell);
        return stack({
          a: bidirectional({ forward: cell(), backward: cell(), merge: 'sum' }),
          b: cellLayer(rnn as Cell, 3),
        });
      },
      /got their sum$/,
      'a',
    ],
    [
      "a cell of the user's own that is called as one of ours",
      () => cellLayer({ ...(lstm as Cell), name: 'rnn' }),
      /another cell called rnn$/,
    ],
    ['a changed copy of one of ours', () => cellLayer({ ...(rnn as Cell) }), /another cell called rnn$/],
    ['one in the engine', () => recurrent({ ...(rnn as Cell) }, { d: 2, m: 3 }), /another cell called rnn$/],
    ['one conditioned', () => cellLayer(conditioned(rnn as Cell, { k: 1 }) as Cell), /got conditioned\(rnn\)$/],
    ['a changed copy of a layer', () => ({ ...cellLayer(rnn as Cell) }), /another layer called rnn$/],
    [
      'one within a stack',
      () => stack({ a: { ...recurrent(rnn as Cell, { d: 2, m: 3 }) }, b: readout({ m: 3, C: 2 }) }),
      /another layer called rnn$/,
      'a',
    ],
    [
      'one of both directions',
      () => bidirectional({ forward: cellLayer(rnn as Cell), backward: { ...cellLayer(rnn as Cell) } }),
      /another layer called rnn$/,
      'backward',
    ],
    [
      'a changed copy of a stack',
      () => ({ ...stack({ a: cellLayer(rnn as Cell), b: readout({ m: 3, C: 2 }) }) }),
      /another layer called rnn\+readout$/,
    ],
    [
      'a changed copy of a readout',
      () => stack({ a: cellLayer(rnn as Cell), b: { ...linear({ m: 3, C: 2 }) } }),
      /another layer called readout$/,
      'b',
    ],
    [
      'a layer that was changed afterwards',
      () => {
        const layer = cellLayer(rnn as Cell);
        const { forward } = layer;
        layer.forward = (x, s0) => forward(x, s0);
        return layer;
      },
      /another layer called rnn$/,
    ],
    ["a cell of the user's own", () => cellLayer({ ...(lstm as Cell), name: 'mine' }), /got mine$/],
  ])('%s', (_, make, message, place) => {
    const error = thrown(() => toTorch(make()));
    expect(error).toBeInstanceOf(ValueError);
    expect((error as ValueError).argument).toBe(place === undefined ? 'layer' : `layer.${place}`);
    expect((error as ValueError).message).toMatch(message);
  });
});

describe('tensors that do not fit leave the layer as it was:', () => {
  const change = (name: string, make: (tensor: Tensor) => Tensor) => (tensors: Map<string, Tensor>) =>
    tensors.set(name, make(tensors.get(name) as Tensor));

  test.each<[string, (tensors: Map<string, Tensor>) => unknown, string]>([
    ['one is missing', tensors => tensors.delete('rnn.bias_hh_l0'), 'tensors: expected one called rnn.bias_hh_l0'],
    [
      'one too many',
      tensors => tensors.set('rnn.weight_hr_l0', { shape: [0], data: new Float64Array() }),
      'weight_hr_l0',
    ],
    ['transposed', change('rnn.weight_ih_l0', ({ shape, data }) => ({ shape: shape.toReversed(), data })), '[2, 12]'],
    [
      'flat',
      change('readout.weight', ({ data }) => ({ shape: [data.length], data })),
      'shape [4, 3], got [12] for 12 numbers',
    ],
    [
      'cut short',
      change('readout.bias', ({ shape }) => ({ shape, data: new Float64Array(3) })),
      'got [4] for 3 numbers',
    ],
    ['NaN', change('readout.bias', ({ shape }) => ({ shape, data: new Float64Array(4).fill(NaN) })), 'readout.bias[0]'],
    [
      'a sum that overflows',
      tensors => {
        for (const name of ['rnn.bias_ih_l0', 'rnn.bias_hh_l0']) tensors.get(name)?.data.fill(1.5e308);
      },
      'a finite number, got Infinity',
    ],
  ])('%s', (_, spoil, message) => {
    const net = network(lstm as Cell, { ...ONE, top: true });
    normal(1)(net.params, new Random(1));
    const tensors = toTorch(net);
    spoil(tensors);
    const values = net.params.values.slice();
    const error = thrown(() => fromTorch(net, tensors));
    expect(error instanceof ValueError || error instanceof ShapeError).toBe(true);
    expect(String(error)).toContain(message);
    expect(net.params.values).toEqual(values);
  });
});

test('what is no layer, or no tensors, is refused', () => {
  const net = network(lstm as Cell, ONE);
  expect(() => toTorch(undefined as unknown as Layer)).toThrow('layer: expected a layer, got undefined');
  expect(() => fromTorch({} as Layer, new Map())).toThrow(ValueError);
  expect(() => fromTorch(net, {} as Map<string, Tensor>)).toThrow('tensors: expected a Map of tensors by name');
});

interface Form {
  readonly layers: number;
  readonly d: number;
  readonly m: number;
  readonly both: boolean;
  readonly top: boolean;
  readonly engine: boolean;
}

const ONE: Form = { layers: 1, d: 2, m: 3, both: false, top: false, engine: false };

/** Layers of a cell, in one direction or both, and a readout into 4 classes where `top`. */
function network(cell: Cell, { layers, d, m, both, top, engine }: Form): Layer {
  const one = (inputs: number): Layer => (engine ? recurrent(cell, { d: inputs, m }) : unroll(cell, { d: inputs, m }));
  const width = both ? 2 * m : m;
  const level = (l: number): Layer => {
    const inputs = l === 0 ? d : width;
    return both ? bidirectional({ forward: one(inputs), backward: one(inputs) }) : one(inputs);
  };
  const levels = Array.from({ length: layers }, (_, l) => [`layer${l}`, level(l)]);
  const head = { m: width, C: 4 };
  return stack({ ...Object.fromEntries(levels), ...(top && { out: engine ? linear(head) : readout(head) }) });
}

/** The network of a case, in the reference. */
function referenceNet({ file, cell, layers, hidden: m, vocabulary }: ModelCase, tensors = tensorsOf(file)): Layer {
  const C = vocabulary.length;
  const levels = Array.from({ length: layers }, (_, l) => [
    `layer${l}`,
    unroll(cellOf(cell), { d: l === 0 ? C : m, m }),
  ]);
  const net = stack({ ...Object.fromEntries(levels), readout: readout({ m, C }) });
  fromTorch(net, tensors);
  return net;
}

/** PyTorch's state, a row for each layer and direction, as ours. */
function statesOf(net: Layer, s0: Readonly<Record<string, Rows>>): Matrices {
  const seen: Record<string, number> = {};
  return Object.fromEntries(
    Object.keys(net.state).map(name => {
      const part = name.slice(name.lastIndexOf('.') + 1);
      const row = seen[part] ?? 0;
      seen[part] = row + 1;
      const numbers = s0[part]?.[row] ?? [];
      return [name, new FlatMatrix(Float64Array.from(numbers), 1, numbers.length)];
    }),
  );
}

/** All of a state's parts of that name, a row for each layer and direction. */
function partOf(net: Layer, s: Matrices, part: string): number[][] {
  return Object.keys(net.state)
    .filter(name => name.endsWith(`.${part}`))
    .map(name => s[name]?.getRow(0) ?? []);
}

/** max|a − b|, NaN where the shapes differ. */
function distance(a: Rows, b: Rows): number {
  if (a.map(row => row.length).join() !== b.map(row => row.length).join()) return Number.NaN;
  return Math.max(...a.flatMap((row, i) => row.map((x, j) => Math.abs(x - (b[i]?.[j] ?? Number.NaN)))));
}

/** Both biases of the layer that `name` is of, added where only their sum counts: all but the last third of a GRU's. */
function biasSum(tensors: ReadonlyMap<string, Tensor>, name: string): number[] {
  const [ih, hh] = ['ih', 'hh'].map(kind => [...(tensors.get(name.replace(/_[ih]h_/, `_${kind}_`))?.data ?? [])]);
  const gru = (ih?.length ?? 0) === 9;
  return (ih ?? []).flatMap((x, i) => (gru && i >= 6 ? [x, hh?.[i] ?? NaN] : [x + (hh?.[i] ?? NaN)]));
}

function cellOf(name: string): Cell {
  const cell = cells[name];
  if (!cell) throw new Error(`there is no ${name}`);
  return cell;
}

function thrown(f: () => unknown): unknown {
  try {
    f();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
