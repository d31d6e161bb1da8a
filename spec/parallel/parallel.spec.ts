/** A network on several threads: the network's gradients, the same bits whatever the number of threads, and what goes wrong. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { mgu } from '../../lib/cells/mgu.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { randomSequence } from '../../lib/check/problem.ts';
import type { Precision } from '../../lib/engine/precision.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { parallel } from '../../lib/parallel/parallel.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { CASES, everything } from './networks.ts';

describe.each(Object.entries(CASES))('%s', (name, make) => {
  const bound = name.includes('f32') ? 1e-5 : 1e-12;

  it.each([
    { ragged: false, oneHot: false },
    { ragged: true, oneHot: false },
    { ragged: true, oneHot: true },
  ])('gives the same bits on 1, 2, 3 and 8 threads, and its own numbers up to the order of sums, %o', async given => {
    const alone = await everything(make(), given);
    const one = await everything(make(), given, { workers: 1 });
    for (const [tensor, values] of Object.entries(one)) {
      const own = alone[tensor] ?? [];
      const size = Math.max(...own.map(Math.abs));
      expect(values.length, tensor).toBe(own.length);
      expect(
        Math.max(...values.map((value, n) => Math.abs(value - (own[n] ?? Number.NaN)))),
        tensor,
      ).toBeLessThanOrEqual(
        tensor === 'grads' ? bound * size : 0, // a sequence's own numbers are the same bits
      );
    }
    for (const workers of [2, 3, 8]) expect(await everything(make(), given, { workers })).toEqual(one);
  });
});

describe('dropout', () => {
  const [F, rate] = [4, 0.5];
  /** The masks of two passes over ones, the second drawn anew. */
  async function masks(workers: number | undefined, B: number): Promise<readonly (readonly number[])[]> {
    const drop = dropout({ F, rate, seed: 5 });
    const net = stack({ drop, out: readout({ m: F, C: F }) });
    net.params.set('out.V', Matrix.eye(F));
    const layer = workers === undefined ? net : await parallel(net as Layer, { workers });
    const pass = () =>
      Array.from(layer.forward(Sequence.over(new Float64Array(2 * B * F).fill(1), { T: 2, B, F })).y.data);
    const first = pass();
    drop.resample(new Random(3));
    const second = pass();
    drop.training = false;
    return [first, second, pass()];
  }

  it('has the same masks whatever the number of threads, others in every shard, and none where it is off', async () => {
    const [first = [], second, none = []] = await masks(2, 40);
    expect(await masks(1, 40)).toEqual([first, second, none]);
    expect(second).not.toEqual(first);
    expect(new Set(none)).toEqual(new Set([1]));
    expect(new Set(first)).toEqual(new Set([0, 2]));
    const ofShard = (from: number) => first.slice(from * F, (from + 20) * F);
    expect(ofShard(20)).not.toEqual(ofShard(0));
  });

  it('has those of the network by itself where a batch is one shard', async () => {
    expect(await masks(2, 16)).toEqual(await masks(undefined, 16));
  });
});

describe('parallel', () => {
  it('is a layer that the checker finds right, with more sequences than a shard has', async () => {
    const layer = await parallel(recurrent(lstm, { d: 2, m: 2 }) as Layer, { workers: 2 });
    expect(checkLayer(layer as Layer, { T: 2, B: 34 }).ok).toBe(true);
  });

  it('keeps numbers of 32 bits where they were, and parameters where they are', async () => {
    const net = recurrent(lstm, { d: 3, m: 2 }, { precision: 'f32' as Precision }) as Layer;
    const layer = await parallel(net, { workers: 2 });
    expect(layer.params).toBe(net.params);
    const x = Sequence.over(new Float32Array(2 * 40 * 3).fill(0.5), { T: 2, B: 40, F: 3 });
    const { y, tape } = layer.forward(x);
    expect(y.data).toBeInstanceOf(Float32Array);
    expect(layer.backward(tape, y).dx.data).toBeInstanceOf(Float32Array);
  });

  it('goes back twice over one tape, adding twice, and not over one that was released', async () => {
    const layer = await parallel(recurrent(gru, { d: 3, m: 2 }) as Layer, { workers: 2 });
    normal(0.5)(layer.params, new Random(1));
    const { y, tape } = layer.forward(randomSequence({ T: 2, B: 40, F: 3 }, new Random(2)));
    layer.backward(tape, y);
    const once = layer.params.grads.slice();
    layer.backward(tape, y);
    expect(layer.params.grads).toEqual(once.map(value => 2 * value));
    layer.release?.(tape);
    expect(() => layer.backward(tape, y)).toThrow(ValueError);
  });

  it('names what it is given and cannot have: no other thread makes the difference', async () => {
    const net = recurrent(lstm, { d: 3, m: 2 }) as Layer;
    const layer = await parallel(net, { workers: 2 });
    const x = Sequence.zeros({ T: 2, B: 40, F: 3 });
    x.data[7] = Number.NaN;
    expect(() => layer.forward(x)).toThrow('x[7]: expected a finite number, got NaN');
    expect(() => layer.forward(Sequence.zeros({ T: 2, B: 40, F: 2 }))).toThrow('x: expected 3 features a step, got 2');
    expect(() => layer.forward(Sequence.zeros({ T: 2, B: 40, F: 3 }), { h: Matrix.zeros(3, 2) })).toThrow('s0');
    expect(() => parallel(net, { workers: 0 })).toThrow('workers: expected an integer in 1…256');
    expect(() => parallel({ ...net }, { workers: 2 })).toThrow('network: expected a part of the library');
    const backend = { name: 'mine', products: () => ({}) as never };
    await expect(parallel(net, { workers: 2, backend })).rejects.toThrow('backend: expected one of blas()');
  });

  it('runs a cell of one’s own, which goes to other threads as its equations', async () => {
    const mine: Cell = { ...(mgu as Cell), name: 'mine' };
    const grads = async (cell: Cell, workers: number) => {
      const net = recurrent(cell, { d: 3, m: 4 }) as Layer;
      normal(0.5)(net.params, new Random(1));
      const layer = await parallel(net, { workers });
      const { y, tape } = layer.forward(randomSequence({ T: 3, B: 40, F: 3 }, new Random(2)));
      layer.backward(tape, y);
      return net.params.grads;
    };
    expect(await grads(mine, 3)).toEqual(await grads(mgu as Cell, 1));
  });

  it('runs cells of a module, which every thread imports', async () => {
    const size = { d: 3, m: 4 };
    const cells = new URL('../fixtures/leaky.js', import.meta.url);
    const { leaky } = (await import(cells.href)) as { readonly leaky: Cell };
    const grads = async (workers: number) => {
      const net = recurrent(leaky, size) as Layer;
      normal(0.5)(net.params, new Random(1));
      const layer = await parallel(net, { workers, cells });
      const { y, tape } = layer.forward(randomSequence({ T: 3, B: 40, F: 3 }, new Random(2)));
      layer.backward(tape, y);
      return net.params.grads;
    };
    expect(await grads(3)).toEqual(await grads(1));
    const layer = await parallel(recurrent(leaky, size) as Layer, { workers: 2 });
    expect(() => layer.forward(Sequence.zeros({ T: 3, B: 40, F: 3 }))).toThrow(
      'a cell of the library, or one of your own',
    );
    await expect(
      parallel(recurrent(leaky, size) as Layer, { workers: 1, cells: 'data:text/javascript,0/' }),
    ).rejects.toThrow();
    const elsewhere = `data:text/javascript,import { isMainThread as here } from 'node:worker_threads'; if (!here) throw Error('not there')`;
    for (const memory of ['shared', 'copied'] as const) {
      const made = (cells: string | URL) => parallel(recurrent(leaky, size) as Layer, { workers: 2, cells, memory });
      for (const [one, other] of [
        [elsewhere, cells],
        [cells, elsewhere],
      ] as const) {
        const outcomes = await Promise.allSettled([made(one), made(other)]);
        const said = outcomes.map(outcome => (outcome.status === 'rejected' ? String(outcome.reason) : 'made'));
        expect(said).toEqual([one, other].map(at => (at === elsewhere ? 'Error: Error: not there' : 'made')));
      }
    }
  });

  it('hands an error of another thread over, of its own kind, and goes on', async () => {
    const net = recurrent(lstm, { d: 2, m: 2 }, { precision: 'f32' as Precision }) as Layer;
    const layer = await parallel(net, { workers: 2 });
    const x = Sequence.zeros({ T: 1, B: 40, F: 2 });
    x.data[79] = 1e300; // of the last sequence, which the other thread has
    expect(() => layer.forward(x)).toThrow(/^x\[\d+\]: expected a number that f32 holds/);
    x.data[79] = 1;
    expect(layer.forward(x).y.B).toBe(40);
  });
});
