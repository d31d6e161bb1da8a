/**
 * Arrays that a caller shares with the library and fills anew, shrinks or takes away: what is in them is looked at whenever it
 * is read. A pass refuses what is wrong by name before it changes anything, reads nobody else's memory and writes into it
 * still less; and the way back is that of the indices that went forward.
 */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import * as bptt from '../lib/index.ts';
import { addTTimes, timesT } from '../lib/matrix.ts';
import { requireClasses, requireFinite } from '../lib/require.ts';
import { requireExtent } from '../lib/sequence.ts';
import { FlatMatrix, OneHotMatrix } from '../lib/views.ts';
import { fuzzRefilled } from './fuzz/refilled.ts';
import { digest } from './fuzz/values.ts';

const { Sequence, ShapeError, ValueError } = bptt;
type Layer = bptt.Layer;

const C = 5;
const EXTENT = { T: 3, B: 2 };
const SYMBOLS = [0, 4, 2, 1, 3, 3];
const BAD = [-1, C, 5_000_000, -(2 ** 31), 2 ** 31 - 1];

const filled = <L extends Layer>(layer: L): L => {
  bptt.normal(0.5)(layer.params, new bptt.Random(1));
  return layer;
};
const engine = (precision: bptt.Precision) => () => bptt.recurrent(bptt.gru, { d: C, m: 3 }, { precision }) as Layer;
const layers: Readonly<Record<string, () => Layer>> = {
  recurrent: engine('f64'),
  'recurrent f32': engine('f32'),
  'recurrent conditioned': () => bptt.recurrent(bptt.conditioned(bptt.rnn, { k: 1 }), { d: C, m: 3 }) as Layer,
  linear: () => bptt.linear({ m: C, C: 2 }) as Layer,
  unroll: () => bptt.unroll(bptt.lstm, { d: C, m: 3 }) as Layer,
  readout: () => bptt.readout({ m: C, C: 2 }) as Layer,
  embedding: () => bptt.embedding({ C, e: 3 }) as Layer,
  delay: () => bptt.delay({ F: C }),
  dropout: () => bptt.dropout({ F: C, rate: 0.5, seed: 1 }),
  maxOverTime: () => bptt.maxOverTime(C),
  windowInput: () => bptt.windowInput({ F: C, N: 2 }),
  windowOutput: () => bptt.windowOutput({ C: 1, N: C, beta: 'learned' }),
  stack: () => bptt.stack({ low: engine('f64')(), high: bptt.linear({ m: 3, C: 2 }) as Layer }),
  bidirectional: () =>
    bptt.bidirectional({ forward: bptt.unroll(bptt.rnn, { d: C, m: 3 }) as Layer, backward: engine('f64')() }),
  checkpointed: () => bptt.checkpointed(bptt.unroll(bptt.rnn, { d: C, m: 3 }), { every: 2 }) as Layer,
};

describe.each(Object.entries(layers))('indices under %s', (_, make) => {
  const run = (between: (indices: Int32Array) => void) => {
    const layer = filled(make());
    const indices = Int32Array.from(SYMBOLS);
    const { y, tape } = layer.forward(Sequence.oneHot(indices, { ...EXTENT, classes: C }));
    between(indices);
    const dy = Sequence.dense(
      Float64Array.from(y.data, (_, n) => Math.cos(n)),
      { ...y.extent(), F: y.F },
    );
    const { dx } = layer.backward(tape, dy);
    return digest([dx.data, layer.params.grads]);
  };

  it('are refused where they are no classes, and nothing has changed', () => {
    const layer = filled(make());
    const indices = Int32Array.from(SYMBOLS);
    const x = Sequence.oneHot(indices, { ...EXTENT, classes: C });
    const first = digest(layer.forward(x).y.data);
    for (const bad of BAD) {
      for (const at of [0, 3, 5]) {
        indices[at] = bad;
        const message = `x[${at}]: expected an integer in 0…${C - 1}, got ${bad}`;
        expect(() => layer.forward(x)).toThrow(message);
        indices[at] = SYMBOLS[at] ?? 0;
      }
    }
    expect(digest(layer.forward(x).y.data)).toBe(first);
  });

  it('go back as they went forward, whatever they have become', () => {
    const expected = run(() => {});
    for (const bad of [1, ...BAD]) expect(run(indices => indices.fill(bad))).toBe(expected);
  });
});

it('buffers filled with anything are refused by place, or read to where they count', () => {
  const { refused, passes, findings } = fuzzRefilled(300, 5);
  expect(findings).toEqual([]);
  expect(refused).toBeGreaterThan(passes / 10);
});

describe('another layer', () => {
  it('is not touched by indices beyond a layer’s classes', () => {
    const other = filled(bptt.recurrent(bptt.lstm, { d: 3, m: 4 }));
    const { y, tape } = other.forward(Sequence.dense(new Float64Array(30).fill(0.5), { T: 10, F: 3 }));
    const gradient = () => {
      other.params.zeroGrads();
      return digest([other.backward(tape, y).dx.data, other.params.grads]);
    };
    const expected = gradient();
    const layer = filled(bptt.recurrent(bptt.rnn, { d: C, m: 3 }));
    const indices = Int32Array.from(SYMBOLS);
    const x = Sequence.oneHot(indices, { ...EXTENT, classes: C });
    for (let n = 0; n < 200; n++) {
      indices.set(SYMBOLS);
      const { y: dy, tape: mine } = layer.forward(x);
      indices.fill(n * 37 - 500);
      layer.backward(mine, dy);
      if (n > 20) expect(() => layer.forward(x)).toThrow(ValueError);
      expect(gradient()).toBe(expected);
    }
  });
});

describe('the algebra', () => {
  const spoilt = (bad: number) => {
    const indices = Int32Array.of(0, 1);
    const matrix = new OneHotMatrix(indices, 2);
    indices[1] = bad;
    return matrix;
  };

  it('neither gathers nor scatters beyond a matrix', () => {
    const memory = new Float64Array(12).fill(7);
    const window = new FlatMatrix(memory, 2, 2, 4);
    for (const bad of [-1, 2, 1000]) {
      expect(() => timesT(spoilt(bad), window)).toThrow(`a[1]: expected an integer in 0…1, got ${bad}`);
      expect(() => addTTimes(window, Matrix.ones(2, 2), spoilt(bad))).toThrow(
        `b[1]: expected an integer in 0…1, got ${bad}`,
      );
    }
    expect(memory).toEqual(new Float64Array(12).fill(7));
  });
});

describe('targets and texts', () => {
  it('of a loss go back as they went forward', () => {
    const logits = Sequence.dense([1, 2, 3, 0, 1, 0], { T: 2, F: 3 });
    for (const loss of [bptt.crossEntropy, bptt.rankingLoss({ kind: 'm', lambda: 1 })] as bptt.Loss<Int32Array>[]) {
      const target = Int32Array.of(0, 2);
      const { tape } = loss.forward(logits, target);
      const expected = digest(loss.backward(tape).data);
      target.fill(5_000_000);
      expect(digest(loss.backward(tape).data)).toBe(expected);
      expect(() => loss.forward(logits, target)).toThrow('y[0]: expected an integer in 0…2, got 5000000');
    }
  });

  it('of a hidden Markov model and a window go back as they went forward', () => {
    const text = Int32Array.of(0, 1, 2, 1);
    const model = bptt.hmm({ N: 2, C: 3 });
    const net = bptt.windowNet({ C: 3, N: 2, m: 2 });
    for (const { params } of [model, net]) bptt.normal(0.5)(params, new bptt.Random(1));
    const gradients = (fill: number | undefined) => {
      text.set([0, 1, 2, 1]);
      for (const { params } of [model, net]) params.zeroGrads();
      const [one, other] = [model.forward(text).tape, net.forward(text, Int32Array.of(2, 4))] as const;
      if (fill !== undefined) text.fill(fill);
      model.backward(one);
      net.backward(other.tape, other.h);
      return digest([model.params.grads, net.params.grads]);
    };
    const expected = gradients(undefined);
    for (const fill of [0, -1, 5_000_000]) expect(gradients(fill)).toBe(expected);
    expect(() => model.forward(text)).toThrow('text[0]: expected an integer in 0…2, got 5000000');
  });
});

describe('a one-hot cotangent', () => {
  it('is what the dense one is, to the engine, to both directions and to a window', () => {
    const x = Sequence.dense(
      Float64Array.from({ length: 12 }, (_, n) => Math.sin(n)),
      { ...EXTENT, F: 2 },
    );
    const hot = Sequence.oneHot([0, 1, 2, 2, 1, 0], { ...EXTENT, classes: 3 });
    const plain = Sequence.dense(hot.rows().to1DArray(), { ...EXTENT, F: 3 });
    const one = () => bptt.recurrent(bptt.rnn, { d: 2, m: 3 }) as Layer;
    const both = bptt.bidirectional({ forward: one(), backward: one(), merge: 'sum' }) as Layer;
    for (const layer of [one(), bptt.linear({ m: 2, C: 3 }) as Layer, both].map(filled)) {
      const gradient = (dy: bptt.Sequence) => {
        layer.params.zeroGrads();
        const { dx } = layer.backward(layer.forward(x).tape, dy);
        return digest([dx.data, layer.params.grads]);
      };
      expect(gradient(hot)).toBe(gradient(plain));
    }
    const net = bptt.windowNet({ C: 3, N: 2, m: 3 });
    const { tape } = net.forward(Int32Array.of(0, 1, 2), Int32Array.of(1, 2));
    const gradient = (dh: bptt.Sequence) => {
      net.params.zeroGrads();
      net.backward(tape, dh);
      return digest(net.params.grads);
    };
    const dh = Sequence.oneHot([2, 0], { T: 1, B: 2, classes: 3 });
    expect(gradient(dh)).toBe(gradient(Sequence.dense(dh.rows().to1DArray(), { T: 1, B: 2, F: 3 })));
  });
});

/** An ArrayBuffer that can be resized, which the compiler's library is too old for. */
const Resizable = ArrayBuffer as unknown as new (
  bytes: number,
  options: { readonly maxByteLength: number },
) => ArrayBuffer & { resize(bytes: number): void };

describe('memory that was taken away', () => {
  const given =
    <T>(made: T, read: (made: T) => unknown) =>
    () =>
      read(made);
  const message = (n: number) => `x.data: expected ${n} numbers, got 0`;

  it('is missed by every reader', () => {
    for (const layer of [
      bptt.recurrent(bptt.rnn, { d: 2, m: 3 }),
      bptt.unroll(bptt.rnn, { d: 2, m: 3 }),
      bptt.lastStep(2),
    ] as Layer[]) {
      for (const kind of ['numbers', 'indices']) {
        const data = kind === 'numbers' ? new Float64Array(6) : new Int32Array(3);
        const x =
          data instanceof Int32Array
            ? Sequence.oneHot(data, { T: 3, classes: 2 })
            : Sequence.dense(data, { T: 3, F: 2 });
        structuredClone(data.buffer, { transfer: [data.buffer] });
        expect(() => layer.forward(x)).toThrow(message(kind === 'numbers' ? 6 : 3));
        for (const read of [() => x.at(0), () => x.rows(), () => x.slice(0, 1)]) expect(read).toThrow(ShapeError);
      }
    }
  });

  it('is missed where it shrank', () => {
    const buffer = new Resizable(48, { maxByteLength: 48 });
    const x = Sequence.dense(new Float64Array(buffer), { T: 3, F: 2 });
    buffer.resize(40);
    expect(() => filled(bptt.recurrent(bptt.rnn, { d: 2, m: 3 })).forward(x)).toThrow(
      'x.data: expected 6 numbers, got 5',
    );
  });

  it.each<[string, (memory: ArrayBuffer) => () => unknown]>([
    [
      'a sequence',
      memory => given(Sequence.dense(new Float64Array(memory), { T: 3, F: 2 }), x => requireExtent('x', x)),
    ],
    ['a matrix', memory => given(new Float64Array(memory), data => new FlatMatrix(data, 2, 3))],
    ['finite numbers', memory => given(new Float64Array(memory), data => requireFinite('x', data))],
    ['symbols', memory => given(new Int32Array(memory), data => requireClasses('x', data, 9, 12))],
  ])('is missed of %s by code that V8 optimised for arrays over buffers that can be resized, too', (_, over) => {
    const fixed = () => new ArrayBuffer(48);
    for (let n = 0; n < 20_000; n++) over(n % 100 === 0 ? new Resizable(48, { maxByteLength: 48 }) : fixed())();
    const memory = fixed();
    const read = over(memory);
    structuredClone(memory, { transfer: [memory] });
    expect(read).toThrow(bptt.BpttError);
  });

  it('is missed of a cotangent, and of an input that a tape shares', () => {
    const data = new Float64Array(6);
    const layer = filled(bptt.unroll(bptt.rnn, { d: 2, m: 3 }));
    const { tape } = layer.forward(Sequence.dense(data, { T: 3, F: 2 }));
    const gone = new Float64Array(9);
    const dy = Sequence.dense(gone, { T: 3, F: 3 });
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(() => layer.backward(tape, dy)).toThrow('dy.data: expected 9 numbers, got 0');
    structuredClone(data.buffer, { transfer: [data.buffer] });
    expect(() => layer.backward(tape, Sequence.zeros({ T: 3, F: 3 }))).toThrow(
      'tape.x.data: expected 6 numbers, got 0',
    );
  });
});

describe('lengths', () => {
  it('that were written to are looked at', () => {
    const x = Sequence.zeros({ T: 3, B: 2, F: 2, lengths: [3, 2] });
    const layer = bptt.recurrent(bptt.rnn, { d: 2, m: 3 });
    for (const bad of [0, -1, 4, 2 ** 30]) {
      x.lengths?.fill(bad);
      expect(() => layer.forward(x)).toThrow(`x.lengths[0]: expected an integer in 1…3, got ${bad}`);
    }
  });

  it('of arrays are looked at before what is in them', () => {
    const endless = new Array<number>(2 ** 32 - 1);
    for (const make of [
      () => Sequence.dense(endless, { T: 3, F: 2 }),
      () => Sequence.oneHot(endless, { T: 3, classes: 2 }),
      () => Sequence.oneHot(new Uint8Array(2 ** 20), { T: 3, classes: 2 }),
    ]) {
      expect(make).toThrow(ShapeError);
    }
  });

  it('indices that no Int32Array holds are refused, not cut off', () => {
    expect(() => Sequence.oneHot([2 ** 32 + 1], { T: 1, classes: 2 ** 40 })).toThrow(
      'indices[0]: expected an integer in 0…2147483647, got 4294967297',
    );
  });
});
