/** Workers that share no memory, and are awaited: the same bits, the same training, and what cannot be asked of them. */
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { linear } from '../../lib/engine/linear.ts';
import type { Precision } from '../../lib/engine/precision.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ValueError } from '../../lib/errors.ts';
import { uniform } from '../../lib/init/initialisers.ts';
import { encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep } from '../../lib/layers/pool.ts';
import { stack } from '../../lib/layers/stack.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { type ParallelLayer, parallel } from '../../lib/parallel/index.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { examples } from '../../lib/training/examples.ts';
import { fit as trained } from '../../lib/training/fit.ts';
import { Training } from '../../lib/training/training.ts';
import type { TrainingState } from '../../lib/training/training-state.ts';
import { connect, expose } from '../../lib/worker/index.ts';
import { ended } from '../ended.ts';
import { ROOT } from '../examples.ts';
import { CASES, everything } from './networks.ts';

const copied = (workers: number) => ({ workers, memory: 'copied' }) as const;

describe.each(Object.entries(CASES))('%s', (_, make) => {
  it.each([
    { ragged: false, oneHot: false },
    { ragged: true, oneHot: true },
  ])('has the same bits on 1, 2, 3 and 8 workers, %o', async given => {
    const { 'first dx': first, 'second dx': second, ...rest } = await everything(make(), given, { workers: 1 });
    const shared = given.oneHot ? rest : { 'first dx': first, 'second dx': second, ...rest };
    for (const workers of [1, 2, 3, 8]) expect(await everything(make(), given, copied(workers))).toEqual(shared);
  });
});

/** Which of two symbols came first, of 100 sequences, by a network that drops features. */
function problem() {
  const rng = new Random(1);
  const x = Array.from({ length: 100 }, (_, n) => [
    n % 2,
    ...Array.from({ length: 3 }, () => (rng.uniform() < 0.5 ? 0 : 1)),
  ]);
  const data = examples({ x, classes: 2, y: x.map(([first = 0]) => first) });
  const drop = dropout({ F: 5, rate: 0.2, seed: 3 });
  const net = stack({ low: recurrent(lstm, { d: 2, m: 5 }), drop, last: lastStep(5), out: linear({ m: 5, C: 2 }) });
  uniform(0.5)(net.params, new Random(2));
  const options = { loss: crossEntropy, epochs: 3, batch: 70, accumulate: 2, validation: data, dropout: [drop] };
  return { net: net as Layer, data, options };
}

describe('a training', () => {
  /** Where a training stands at its end. */
  async function state(way: (training: Training<ArrayLike<number>>) => Promise<void>, workers?: number) {
    const { net, data, options } = problem();
    const layer = workers === undefined ? await parallel(net, { workers: 1 }) : await parallel(net, copied(workers));
    const training = new Training(layer as Layer, data, options);
    await way(training);
    return training.state();
  }

  it('that is awaited stands at the end where one stands that is not, whatever the number of workers', async () => {
    const one = await state(async training => {
      for (const _ of training);
    });
    for (const workers of [1, 2, 3]) {
      const several = await state(async training => {
        for await (const _ of training);
      }, workers);
      expect(several).toEqual(one);
    }
    expect(one.epochs).toHaveLength(3);
  });

  it('is run by fit', async () => {
    const ends = [];
    for (const memory of ['shared', 'copied'] as const) {
      const { net, data, options } = problem();
      const layer = await parallel(net, { workers: 2, memory });
      const passes = vi.spyOn(layer, 'forwardAsync');
      ends.push((await trained(layer as Layer, data, options)).state());
      expect(passes).toHaveBeenCalledTimes(12); // two batches an epoch to learn from, and two to judge by
    }
    expect(ends[1]).toEqual(ends[0]);
  });

  it('is asked nothing while an update is awaited, and what is thrown leaves it where it was', async () => {
    const { net, data, options } = problem();
    const training = new Training((await parallel(net, copied(2))) as Layer, data, options);
    const before = training.state();
    const update = training.stepAsync();
    const busy = 'training: expected one whose step is over, got one whose step is awaited';
    expect(() => training.step()).toThrow(busy);
    expect(() => training.state()).toThrow(busy);
    expect(() => training.resume(before)).toThrow(busy);
    await expect(training.stepAsync()).rejects.toThrow(busy);
    expect((await update).update).toBe(1);
    net.params.values[0] = Number.NaN;
    const spoilt = training.state();
    await expect(training.stepAsync()).rejects.toThrow(ValueError);
    expect(training.state()).toEqual(spoilt);
  });

  it('in a worker is asked between two updates where it stands', async () => {
    const { port1, port2 } = new MessageChannel();
    expose(async () => {
      const { net, data, options } = problem();
      return new Training((await parallel(net, copied(2))) as Layer, data, options);
    }, port2);
    const remote = connect(port1);
    remote.resume();
    const asked = [remote.snapshot()]; // which comes while the first update is awaited
    for await (const _ of remote) asked.push(remote.snapshot());
    const states = await Promise.all(asked);
    const { net, data, options } = problem();
    const goneOn = new Training((await parallel(net, copied(2))) as Layer, data, options);
    for await (const _ of goneOn.resume(states[0] as TrainingState));
    expect(goneOn.state()).toEqual(await remote.snapshot());
    remote.stop();
  });

  it('of characters writes the same checkpoint', async () => {
    const bytes = async (workers: number | undefined) => {
      const text = 'so long lives this, and this gives life to thee. '.repeat(100);
      const trainer = new CharTrainer(text, { hidden: 6, batch: 70, chunk: 7, dropout: 0.2, cell: gru });
      trainer.through(await parallel(trainer.model.net, workers === undefined ? { workers: 1 } : copied(workers)));
      for (let n = 0; n < 12; n++) await (workers === undefined ? trainer.step() : trainer.stepAsync());
      const busy = trainer.stepAsync();
      for (const asked of ['step', 'skip'] as const)
        expect(() => trainer[asked]()).toThrow('trainer: expected one whose step is over');
      await busy;
      return encodeCheckpoint(trainer);
    };
    const one = await bytes(undefined);
    expect(await bytes(3)).toEqual(one);
  });
});

describe('a pass', () => {
  const layerOf = (precision: Precision = 'f64') =>
    parallel(recurrent(lstm, { d: 2, m: 2 }, { precision }) as Layer, copied(2)) as Promise<ParallelLayer>;
  const x = () => Sequence.zeros({ T: 1, B: 40, F: 2 });

  it('that is not awaited is done by this thread alone, which has its tape', async () => {
    const layer = await layerOf();
    const { y, tape } = layer.forward(x());
    expect(new Set(tape.assignment.values()).size).toBe(1);
    layer.backward(tape, y);
    const others = await layer.forwardAsync(x());
    expect(new Set(others.tape.assignment.values()).size).toBe(2);
    expect(() => layer.backward(others.tape, others.y)).toThrow('tape: expected one of forward, or backwardAsync');
    await layer.backwardAsync(others.tape, others.y);
  });

  it('has no dL/dx of indices that others have computed', async () => {
    const layer = await layerOf();
    const indices = Sequence.oneHot(new Int32Array(40), { T: 1, B: 40, classes: 2 });
    const { y, tape } = await layer.forwardAsync(indices);
    const back = await layer.backwardAsync(tape, y);
    expect(() => back.dx).toThrow('dx: expected that of workers who share memory');
    const here = layer.forward(indices);
    expect(layer.backward(here.tape, here.y).dx.F).toBe(2);
  });

  it('beside others, on the same layer and on another, has its own numbers', async () => {
    const layers = [await layerOf(), await layerOf()];
    for (const [n, { params }] of layers.entries()) uniform(1 + n)(params, new Random(n));
    const inputs = [1, 2, 3].map(value => Sequence.over(new Float64Array(80).fill(value), { T: 1, B: 40, F: 2 }));
    const passes = layers.flatMap(layer => inputs.map(input => ({ layer, input })));
    const found = await Promise.all(passes.map(({ layer, input }) => layer.forwardAsync(input)));
    expect(found.map(({ y }) => y.data)).toEqual(passes.map(({ layer, input }) => layer.forward(input).y.data));
  });

  it('hands an error of another thread over, of its own kind, and goes on', async () => {
    const layer = await layerOf('f32');
    const large = x();
    large.data[79] = 1e300; // of the last sequence, which the other thread has
    await expect(layer.forwardAsync(large)).rejects.toThrow(/^x\[\d+\]: expected a number that f32 holds/);
    expect((await layer.forwardAsync(x())).y.B).toBe(40);
  });

  it('is refused the memory that there is not', () => {
    const net = recurrent(lstm, { d: 2, m: 2 }) as Layer;
    expect(() => parallel(net, { workers: 2, memory: 'mine' as never })).toThrow(
      'memory: expected "shared" or "copied", got "mine"',
    );
    const ranks = { rank: 0, size: 1, broadcast() {} };
    expect(() => parallel(net, { ...copied(2), ranks })).toThrow('memory: expected "shared", with ranks');
  });
});

it('a program without SharedArrayBuffer has them, and ends', () => {
  const program = [process.execPath, '--import', 'tsx', join(ROOT, 'spec/parallel/unshared.ts')];
  const [command = '', ...args] = program;
  const { status, stdout, stderr } = ended(command, args, { cwd: ROOT });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'the same\n', stderr: '' });
});
