/** A training at the other end of a channel: what it does, in what order, and what comes of errors. */
import { afterEach, expect, it, vi } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { load } from '../../lib/io/model-file.ts';
import { lastStep } from '../../lib/layers/pool.ts';
import { stack } from '../../lib/layers/stack.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { DivergenceError } from '../../lib/models/divergence.ts';
import { sgd } from '../../lib/optim/sgd.ts';
import { Random } from '../../lib/random.ts';
import { examples } from '../../lib/training/examples.ts';
import { Training, type Update } from '../../lib/training/training.ts';
import { type ConnectOptions, connect, type RemoteTraining } from '../../lib/worker/connect.ts';
import { expose } from '../../lib/worker/expose.ts';

interface Given {
  readonly x: number[][];
  readonly y: number[];
  readonly epochs: number;
  readonly learningRate?: number;
}

/** Which of two symbols came first? Two updates an epoch. */
const given: Given = {
  x: [
    [0, 1, 1],
    [1, 0],
    [0, 0, 1, 1],
    [1, 1, 0],
  ],
  y: [0, 1, 0, 1],
  epochs: 3,
};

function made({ x, y, epochs, learningRate = 0.1 }: Given): Training<ArrayLike<number>> {
  const net = stack({ rnn: recurrent(rnn, { d: 2, m: 4 }), last: lastStep(4), out: linear({ m: 4, C: 2 }) });
  normal(0.5)(net.params, new Random(1));
  const optimiser = sgd(net.params, { learningRate });
  return new Training(net, examples({ x, classes: 2, y }), { loss: crossEntropy, optimiser, epochs, batch: 2 });
}

const open: RemoteTraining[] = [];

afterEach(() => {
  for (const remote of open.splice(0)) remote.stop();
});

/** Both ends of a channel, the far one exposed. */
function remote(data: unknown = given, options: ConnectOptions = {}, make: (given: Given) => unknown = made) {
  const { port1, port2 } = new MessageChannel();
  expose(make as typeof made, port2);
  const training = connect(port1, data, options);
  open.push(training);
  return training;
}

async function all(training: RemoteTraining): Promise<Update[]> {
  const updates: Update[] = [];
  for await (const update of training) updates.push(update);
  return updates;
}

it('hands over every update, and is the training that it would be here, to the last bit', async () => {
  const here = made(given);
  const training = remote();
  expect(await all(training)).toEqual([...here]);
  expect(await training.snapshot()).toEqual(here.state());
  expect(await all(training)).toEqual([]); // all is done
});

it('gives its model as a file, with where it stands', async () => {
  const here = made(given);
  for (const _ of here);
  const training = remote();
  for await (const _ of training);
  const { model, training: state } = load(await training.save());
  expect(model.params.values).toEqual(here.model.params.values);
  expect(state).toEqual(here.state());
});

it('stands when a loop is left, and goes on in the next one, where no update is lost', async () => {
  const training = remote({ ...given, epochs: 100 });
  const before: number[] = [];
  for await (const { update } of training) if (before.push(update) === 3) break;
  const { update } = await training.snapshot();
  await new Promise(resolve => setTimeout(resolve, 20));
  expect((await training.snapshot()).update).toBe(update);
  const after = (await all(training)).map(({ update }) => update);
  expect([...before, ...after]).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
});

it('pauses and resumes from outside of the loop', async () => {
  const training = remote({ ...given, epochs: 1e6 }); // more than are made before it pauses
  let last = Number.POSITIVE_INFINITY;
  const made: number[] = [];
  const running = (async () => {
    for await (const { update } of training) if (made.push(update) >= last) break;
  })();
  training.pause();
  training.resume();
  training.pause();
  const { update } = await training.snapshot();
  expect((await training.snapshot()).update).toBe(update);
  last = update + 800;
  training.resume();
  await running;
  expect(made).toEqual(Array.from({ length: last }, (_, n) => n + 1));
});

it('goes on where another stood, to the same last bit', async () => {
  const first = remote({ ...given, epochs: 40 });
  for await (const { update } of first) if (update === 5) break;
  const from = await first.snapshot();
  expect(from.update).toBeLessThanOrEqual(80);
  const second = remote({ ...given, epochs: 40 }, { from });
  await all(second);
  const here = made({ ...given, epochs: 40 });
  for (const _ of here);
  expect((await second.snapshot()).values).toEqual(here.model.params.values);
});

it('throws in the loop what the training threw, of the library’s classes', async () => {
  const training = remote({ ...given, learningRate: 1.7e308 });
  const error = await all(training).catch(error => error);
  expect(error).toBeInstanceOf(DivergenceError);
  expect(error).toMatchObject({ step: expect.any(Number), norms: expect.any(Array) });
  expect((await training.snapshot()).update).toBe(error.step - 1); // it stands before the update
});

it('throws what is wrong with what it is made of, and refuses what is asked for then', async () => {
  const training = remote({ ...given, y: [0, 1] });
  await expect(all(training)).rejects.toThrow(/^y: expected 4 /);
  await expect(training.save()).rejects.toBeInstanceOf(Error);
  const none = remote(given, {}, () => ({}));
  await expect(all(none)).rejects.toThrow('make(given): expected a Training, got an object');
  const foreign = remote(given, {}, () => Promise.reject(new RangeError('mine')));
  await expect(foreign.snapshot()).rejects.toThrow(RangeError);
  const from = { ...made(given).state(), values: new Float64Array(3) };
  await expect(all(remote(given, { from }))).rejects.toThrow(/^state\.values: /);
});

it('refuses what cannot be sent, and what is no channel', () => {
  expect(() => remote({ loss: crossEntropy })).toThrow(/^given: expected data that can be sent to a worker/);
  expect(() => connect({} as never)).toThrow('worker: expected a Worker, the global of one, or a MessagePort');
  expect(() => expose(made, {} as never)).toThrow(ValueError);
});

it('ends its loops and refuses what was asked for when it is stopped', async () => {
  const { port1, port2 } = new MessageChannel();
  const far: ReturnType<typeof made>[] = [];
  expose((given: Given) => {
    const own = made(given);
    far.push(own);
    return own;
  }, port2);
  const heard = new Promise(resolve => port2.addEventListener('close', resolve)); // after all that was told before
  const training = connect(port1, { ...given, epochs: 1e6 });
  const loop = all(training);
  const snapshot = training.snapshot();
  training.stop();
  await expect(snapshot).rejects.toThrow('worker: expected one that runs, got one that was stopped');
  await expect(training.save()).rejects.toThrow(ValueError);
  expect(await loop).toEqual([]);
  expect(await all(training)).toEqual([]);
  await heard;
  const updates = () => far[0]?.state().update ?? 0;
  await vi.waitUntil(() => updates() > 0, 600_000); // it was told to go on before it was told to stand
  const stands = updates();
  await new Promise(resolve => setTimeout(resolve, 50));
  expect(updates()).toBe(stands);
});

it('leaves alone what else goes through the channel', async () => {
  const { port1, port2 } = new MessageChannel();
  expose(made, port2);
  port1.postMessage('hello');
  const training = connect(port1, given);
  open.push(training);
  port2.postMessage({ type: 'connected' });
  expect(await all(training)).toHaveLength(6);
});

it('of which the other end is closed is over, and says so', async () => {
  const { port1, port2 } = new MessageChannel();
  const training = connect(port1, given);
  open.push(training);
  const loop = (async () => {
    for await (const _ of training);
  })();
  port2.close();
  const over = 'worker: expected one that runs, got one that was stopped, or had no memory left';
  await expect(loop).rejects.toThrow(over);
  await expect(training.save()).rejects.toThrow(over);
});

it('that never answers is over within a minute, where it is a worker', async () => {
  vi.useFakeTimers();
  try {
    const silent = Object.assign(new EventTarget(), { postMessage: () => {}, terminate: () => {} });
    const saved = expect(connect(silent, given).save()).rejects.toThrow(
      'worker: expected one that runs, got one that has not answered for 60 s: its file has to call expose()',
    );
    await vi.advanceTimersByTimeAsync(60_000);
    await saved;
  } finally {
    vi.useRealTimers();
  }
});

it('is made as soon as it is asked for: what comes next may be about it', async () => {
  const { port1, port2 } = new MessageChannel();
  const order: string[] = [];
  expose((data: Given) => {
    order.push('made');
    return made(data);
  }, port2);
  const heard = new Promise<void>(resolve =>
    port2.addEventListener('message', event => {
      const { data } = event as unknown as { readonly data: { readonly bptt?: string } };
      const said = String(data.bptt ?? data);
      order.push(said);
      if (said === 'next') resolve();
    }),
  );
  open.push(connect(port1, given));
  port1.postMessage('next');
  await heard;
  expect(order).toEqual(['made', 'begin', 'next']);
});
