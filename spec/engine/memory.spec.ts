/** The memory of passes: how much of it they take, who owns it, and what happens when there is no more. */
import { deepStrictEqual } from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { AbstractMatrix } from 'ml-matrix';
import { describe, expect, it, vi } from 'vitest';
import { peakOf } from '../../bench/memory.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { gru } from '../../lib/cells/gru.ts';
import { gruResetBefore } from '../../lib/cells/gru-reset-before.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { randomSequence, randomState } from '../../lib/check/problem.ts';
import type * as heaps from '../../lib/engine/heap.ts';
import { linear } from '../../lib/engine/linear.ts';
import type { Backend } from '../../lib/engine/options.ts';
import { runtime } from '../../lib/engine/precision.ts';
import { wasmProducts } from '../../lib/engine/products.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { MemoryError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { checkpointed } from '../../lib/through-time/checkpointed.ts';
import { fuzzPasses } from '../fuzz/passes.ts';

/** What the heaps here have at most. */
const LIMIT = vi.hoisted(() => 2 ** 24);

vi.mock('../../lib/engine/heap.ts', async importOriginal => {
  const { Heap } = await importOriginal<typeof heaps>();
  return {
    Heap: class extends Heap {
      constructor() {
        super(LIMIT);
      }
    },
  };
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const { heap } = runtime('f64', false);
const layerOf = (m: number = 8, d: number = m) => recurrent(lstm, { d, m }) as Layer;
const sequence = (T: number, B: number, F: number, seed: number = 1) => randomSequence({ T, B, F }, new Random(seed));

/** What a pass back gives, bit by bit. */
function gradients(layer: Layer, tape: unknown, dy: Sequence) {
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, dy);
  return {
    dx: dx.data.slice(),
    ds0: Object.values(ds0).map(part => part.to2DArray()),
    grads: layer.params.grads.slice(),
  };
}

/** Works while others have all of the memory but so many bytes. */
function withRoomFor<R>(bytes: number, work: () => R): R {
  const all = LIMIT - 128 - heap.held - bytes;
  const parts = Array.from({ length: 1024 }, () => Math.floor(all / 1024 / 64) * 64);
  const taken = heap.takeAll(parts);
  try {
    return work();
  } finally {
    heap.giveAll(taken);
  }
}

describe('passes of any T and B', () => {
  it.each(['f64', 'f32'] as const)(
    'in any order: as of fresh layers, in 1.25 times the memory of the largest, in %s',
    precision => {
      fc.assert(
        fc.property(fc.nat(), seed => {
          expect(fuzzPasses(120, seed, precision).findings).toEqual([]);
        }),
        { numRuns: 3 },
      );
    },
  );

  it('fit where the largest did', () => {
    const layer = layerOf(8, 1);
    const run = (T: number, released: boolean) => {
      const { y, tape } = layer.forward(Sequence.zeros({ T, B: 8, F: 1 }));
      layer.backward(tape, y);
      if (released) layer.release?.(tape);
    };
    run(2600, true);
    const there = heap.memory.buffer.byteLength;
    for (const released of [true, false]) {
      for (const T of [2200, 1850, 1550, 1300, 1100, 920, 780, 650, 550, 460, 380]) run(T, released);
    }
    expect(heap.memory.buffer.byteLength).toBe(there);
  });

  it('hold what their numbers need', () => {
    const before = heap.held;
    const [T, B, d, m] = [50, 4, 6, 8];
    const layer = layerOf(m, d);
    const { tape } = layer.forward(Sequence.zeros({ T, B, F: d }));
    const numbers = 4 * m * (m + d + 1) + T * B * (d + 4 * m + m) + 2 * (T + 1) * B * m;
    expect(heap.held - before).toBeGreaterThanOrEqual(8 * numbers);
    expect(heap.held - before).toBeLessThan(8 * numbers + 6 * 64);
    layer.release?.(tape);
    expect(heap.held).toBe(before);
  });
});

describe('layers that nobody refers to any more', () => {
  const x = Sequence.zeros({ T: 200, B: 16, F: 8 });

  it('make room for others, one after the other, in one go', async () => {
    collect();
    const { arrayBuffers } = process.memoryUsage();
    const outside = () => process.memoryUsage().arrayBuffers - arrayBuffers;
    for (let n = 0; n < 60; n++) layerOf().forward(x); // 1.8 MiB each
    expect(heap.held).toBeLessThanOrEqual(LIMIT);
    // Nor do they stay outside.
    while (outside() >= 2 ** 23) {
      collect(); // what is collected is given back by a thread of its own, which may have to wait for its turn
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  });

  it('give back what they have when they are collected, and so do both directions of them', async () => {
    const settle = async (held: number, most: number = Number.POSITIVE_INFINITY) => {
      for (let n = 0; n < most && heap.held > held; n++) {
        collect();
        await new Promise(resolve => setTimeout(resolve, 5));
      }
      return heap.held;
    };
    const before = await settle(LIMIT / 16, 50);
    const make = () => {
      const indices = Sequence.oneHot(new Int32Array(400), { T: 100, B: 4, classes: 8 });
      const layer = layerOf();
      for (const each of [layer, linear({ m: 8, C: 3 }) as Layer]) each.forward(x);
      const { y, tape } = layer.forward(indices);
      return layer.backward(tape, y).ds0; // whose dx nobody reads
    };
    make();
    expect(heap.held).toBeGreaterThan(before);
    expect(await settle(before)).toBeLessThanOrEqual(before);
  });
});

describe('a tape that had to move out', () => {
  it('gives the same bits when it is used', () => {
    const rng = new Random(1);
    const all = Array.from({ length: 40 }, (_, n) => {
      const layer = (n % 3 === 0 ? recurrent(gruResetBefore, { d: 8, m: 8 }) : layerOf()) as Layer;
      normal(0.3)(layer.params, rng);
      const x =
        n % 2 === 0
          ? sequence(150 + n, 8, 8, n)
          : Sequence.oneHot(new Int32Array(1200).fill(n % 8), { T: 150, B: 8, classes: 8 });
      const s0 = randomState(layer, 8, rng);
      const expected = layer.forward(x, s0);
      const dy = randomSequence({ ...x.extent(), F: 8 }, rng);
      const grads = gradients(layer, expected.tape, dy);
      layer.release?.(expected.tape);
      return { layer, dy, expected: grads, tape: layer.forward(x, s0).tape };
    });
    expect(all.reduce((sum, { dy }) => sum + 8 * 7 * dy.data.length, 0)).toBeGreaterThan(LIMIT);
    for (const { layer, tape, dy, expected } of all) deepStrictEqual(gradients(layer, tape, dy), expected);
    for (const { layer, tape } of all) layer.release?.(tape);
  });
});

describe('where memory is not enough', () => {
  const [x, dy] = [sequence(100, 8, 8), sequence(100, 8, 8, 2)];
  const made = () => {
    const layer = layerOf();
    normal(0.3)(layer.params, new Random(3));
    const { tape } = layer.forward(x);
    return { layer, tape, expected: gradients(layer, tape, dy) };
  };

  it('a forward pass says so, and leaves the layer and its tapes as they were', () => {
    const { layer, tape, expected } = made();
    const held = heap.held;
    const big = Sequence.zeros({ T: 4000, B: 16, F: 8 });
    for (let n = 0; n < 3; n++) {
      expect(() => layer.forward(big)).toThrow(MemoryError);
      expect(() => layer.forward(big)).toThrow(
        /^memory of a pass with T=4000, B=16, 8 inputs and 8 outputs: expected at most 16777216 bytes in all, got 3\d{7}$/,
      );
    }
    expect(gradients(layer, tape, dy)).toEqual(expected);
    expect(heap.held).toBe(held);
    layer.release?.(layer.forward(x).tape);
    layer.release?.(tape);
  });

  it('a pass back says so, and changes neither gradients nor tape', () => {
    const { layer, tape, expected } = made();
    const held = heap.held;
    const grads = layer.params.grads.slice();
    withRoomFor(10_000, () => {
      expect(() => layer.backward(tape, dy)).toThrow(MemoryError);
      expect(() => layer.backward(tape, dy)).toThrow(MemoryError);
    });
    expect(heap.held).toBe(held);
    expect(layer.params.grads).toEqual(grads);
    expect(gradients(layer, tape, dy)).toEqual(expected);
    layer.release?.(tape);
  });

  it('a tape that had moved out stays out until there is', () => {
    const { layer, tape, expected } = made();
    layer.release?.(layer.forward(sequence(2, 1, 8)).tape); // moves it out
    withRoomFor(10_000, () => expect(() => layer.backward(tape, dy)).toThrow(MemoryError));
    expect(gradients(layer, tape, dy)).toEqual(expected);
    layer.release?.(tape);
  });

  it('dL/dx of indices is not there when it is read, and is later', () => {
    const layer = layerOf(8, 2000);
    normal(0.3)(layer.params, new Random(3));
    const { y, tape } = layer.forward(Sequence.oneHot(new Int32Array(20).fill(1999), { T: 20, classes: 2000 }));
    const expected = layer.backward(tape, y).dx.data.slice();
    const step = layer.backward(tape, y);
    withRoomFor(10_000, () => expect(() => step.dx).toThrow(MemoryError));
    expect(step.dx.data).toEqual(expected);
    layer.release?.(tape);
  });

  it('what was taken before is given back, wherever it ends: here at the second matrix', () => {
    let left = Number.POSITIVE_INFINITY;
    const failing: Backend = {
      name: 'failing',
      products: rt => {
        const inner = wasmProducts(rt);
        return {
          ...inner,
          operand: (...wanted) => {
            if (left-- <= 0) throw new MemoryError('memory', 'less', 'more');
            return inner.operand(...wanted);
          },
        };
      },
    };
    for (const layer of [
      recurrent(gruResetBefore, { d: 8, m: 8 }, { backend: failing }),
      linear({ m: 8, C: 8 }, { backend: failing }),
    ] as Layer[]) {
      left = Number.POSITIVE_INFINITY;
      normal(0.3)(layer.params, new Random(3));
      const { tape } = layer.forward(x);
      const expected = gradients(layer, tape, dy);
      const held = heap.held;
      for (const most of [0, 1, 2]) {
        for (const pass of [() => layer.forward(x), () => layer.backward(tape, dy)]) {
          left = most;
          try {
            pass();
          } catch (error) {
            expect(error).toBeInstanceOf(MemoryError);
          }
          left = Number.POSITIVE_INFINITY;
          expect(gradients(layer, tape, dy)).toEqual(expected); // moves back the tape, in place of one that was made
          expect(heap.held).toBe(held);
        }
      }
      layer.release?.(tape);
    }
  });
});

describe('layers of layers', () => {
  const big = Sequence.zeros({ T: 1000, B: 16, F: 8 }); // 7 MiB a layer
  const net = () => ({ low: layerOf(), high: layerOf(), out: layerOf(64, 8) });

  it.each([
    ['a stack', () => stack(net())],
    ['both directions', () => bidirectional({ forward: layerOf(), backward: layerOf(64, 8) })],
  ] as const)('that fail give back what was made before: %s', (_, make) => {
    const layer = make() as Layer;
    const held = heap.held;
    for (let n = 0; n < 3; n++) expect(() => layer.forward(big)).toThrow(MemoryError);
    expect(heap.held).toBe(held);
    const { y, tape } = layer.forward(big.slice(0, 10));
    layer.backward(tape, y);
    layer.release?.(tape);
    expect(heap.held).toBe(held);
  });

  it('that are checkpointed hold one segment at a time, and none at last', () => {
    const layer = checkpointed(layerOf(), { every: 10 });
    const held = heap.held;
    const most = peakOf(heap, () => {
      const { y, tape } = layer.forward(big.slice(0, 200));
      layer.backward(tape, y);
    });
    expect(heap.held).toBe(held);
    expect(most).toBeLessThan(2 ** 18);
  });
});

describe('a state of a user’s own matrices', () => {
  /** Ones, and at every element something happens. */
  class Restless extends AbstractMatrix {
    override readonly rows: number;
    override readonly columns: number;
    readonly act: () => void;

    constructor(rows: number, columns: number, act: () => void) {
      super();
      this.rows = rows;
      this.columns = columns;
      this.act = act;
    }

    override get(): number {
      this.act();
      return 1;
    }

    override set(): this {
      throw new Error('read only');
    }
  }

  it.each([lstm, conditioned(gru, { k: 8 })])(
    'may make memory grow, or run the layer itself, while it is read: $name',
    cell => {
      const layer = recurrent(cell as typeof lstm, { d: 8, m: 8 }) as Layer;
      normal(0.3)(layer.params, new Random(3));
      const [x, dy] = [sequence(10, 2, 8), sequence(10, 2, 8, 2)];
      const run = (act: () => void) => {
        const part = () => new Restless(2, 8, act);
        const state = () => Object.fromEntries(Object.keys(layer.state).map(name => [name, part()]));
        const { y, sT, tape } = layer.forward(x, state());
        layer.params.zeroGrads();
        const { dx, ds0 } = layer.backward(tape, dy, state());
        return [
          y.data.slice(),
          dx.data.slice(),
          layer.params.grads.slice(),
          ...[sT, ds0].map(s => Object.values(s).map(part => part.to2DArray())),
        ];
      };
      const expected = run(() => {});
      const pages = heap.memory.buffer.byteLength;
      expect(run(() => heap.memory.grow(1))).toEqual(expected);
      expect(heap.memory.buffer.byteLength).toBeGreaterThan(pages);
      let [calls, busy] = [0, false];
      const nested = () => {
        if (busy || calls++ % 5 > 0) return;
        busy = true;
        const { y, tape } = layer.forward(sequence(30, 3, 8));
        layer.backward(tape, y);
        busy = false;
      };
      const grads = (result: ReturnType<typeof run>) => result.toSpliced(2, 1);
      expect(grads(run(nested))).toEqual(grads(expected));
    },
  );

  it('that throws at last has changed nothing', () => {
    const layer = recurrent(conditioned(gru, { k: 8 }), { d: 8, m: 8 }) as Layer;
    const [x, dy] = [sequence(10, 2, 8), sequence(10, 2, 8, 2)];
    const { tape } = layer.forward(x);
    const [grads, held] = [layer.params.grads.slice(), heap.held];
    for (const last of [20, 40, 60, 80, 100]) {
      const failing = () => {
        let count = 0;
        const part = () =>
          new Restless(2, 8, () => {
            if (count++ > last) throw new Error('no more');
          });
        return Object.fromEntries(Object.keys(layer.state).map(name => [name, part()]));
      };
      try {
        layer.backward(tape, dy, failing());
      } catch (error) {
        expect(String(error)).toBe('Error: no more');
        expect(layer.params.grads).toEqual(grads);
      }
      grads.set(layer.params.grads);
    }
    expect(heap.held).toBe(held);
  });
});

describe('arrays whose memory has gone', () => {
  const [x, dy] = [sequence(10, 2, 8), sequence(10, 2, 8, 2)];

  it.each(['transferred', 'shrunk'])('are refused where they were %s, and nothing is half done', how => {
    const layer = layerOf();
    normal(0.3)(layer.params, new Random(3));
    const { tape } = layer.forward(x);
    const expected = gradients(layer, tape, dy);
    const [grads, held] = [layer.params.grads.slice(), heap.held];
    const gone = (F: number, index: boolean = false) => {
      const buffer = new (ArrayBuffer as unknown as new (bytes: number, options: object) => ArrayBuffer)(160 * 8, {
        maxByteLength: 160 * 8,
      });
      const s = index
        ? Sequence.oneHot(new Int32Array(buffer, 0, 20), { T: 10, B: 2, classes: F })
        : Sequence.over(new Float64Array(buffer, 0, 20 * F), { T: 10, B: 2, F });
      if (how === 'transferred') structuredClone(buffer, { transfer: [buffer] });
      else (buffer as unknown as { resize(bytes: number): void }).resize(8);
      return s;
    };
    for (const net of [layer, linear({ m: 8, C: 8 })] as Layer[]) {
      expect(() => net.forward(gone(8))).toThrow('x.data: expected 160 numbers, got 0');
      expect(() => net.forward(gone(8, true))).toThrow('x.data: expected 20 numbers, got 0');
    }
    expect(() => layer.backward(tape, gone(8))).toThrow('dy.data: expected 160 numbers, got 0');
    expect([layer.params.grads, heap.held]).toEqual([grads, held]);
    expect(gradients(layer, tape, dy)).toEqual(expected);
    layer.release?.(tape);
  });

  it('are not used again when they are given back', () => {
    const layer = layerOf();
    const first = layer.forward(x);
    structuredClone(first.y.data.buffer, { transfer: [first.y.data.buffer as ArrayBuffer] });
    layer.release?.(first.tape);
    const second = layer.forward(x);
    expect(second.y.data).toHaveLength(160);
    layer.release?.(second.tape);
    structuredClone(second.y.data.buffer, { transfer: [second.y.data.buffer as ArrayBuffer] });
    expect(layer.forward(x).y.data).toHaveLength(160);
  });
});
