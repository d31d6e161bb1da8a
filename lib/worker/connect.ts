/** The page's end: a training that runs in a worker, update by update, and its model. */
import { ValueError } from '../errors.ts';
import { requireKnown } from '../require.ts';
import type { Update } from '../training/training.ts';
import type { TrainingState } from '../training/training-state.ts';
import { errorOf } from './failures.ts';
import { Inbox } from './inbox.ts';
import type { FromPage, FromWorker } from './messages.ts';
import { listen, type Port, requirePort } from './port.ts';

/** Where a training begins. */
export interface ConnectOptions {
  /** Where another stood, with the same data: a {@link RemoteTraining.snapshot}, or `load(bytes).training`. */
  readonly from?: TrainingState | undefined;
}

/**
 * A training in a worker. It runs while it is iterated over: every update is handed over, in order; leaving the loop pauses
 * it, another goes on. What a loop throws is what the training threw, such as a DivergenceError.
 */
export interface RemoteTraining extends AsyncIterable<Update> {
  /** Goes on, as a loop does when it begins: after {@link pause}, or with no loop at all. */
  resume(): void;
  /** Stands, some milliseconds later; a loop waits. */
  pause(): void;
  /** Where it stands. Rejects with what is wrong, as {@link save} does. */
  snapshot(): Promise<TrainingState>;
  /** The model as it is now, with where its training stands: the bytes of a file that `load` of `bptt/io` reads. */
  save(): Promise<Uint8Array>;
  /** Ends the worker: loops end, and what was asked for is refused. */
  stop(): void;
}

/**
 * Trains in a worker, whose file says how with {@link expose}.
 *
 * @param worker a `Worker`, or a `MessagePort`.
 * @param given what the training is made of: whatever structured cloning carries, such as lists, typed arrays and texts.
 * @throws ValueError when `worker` is no end of a channel, or `given` cannot be sent.
 *
 * @example
 * ```ts
 * import { crossEntropy, examples, lastStep, linear, recurrent, rnn, stack, Training } from 'bptt';
 * import { load } from 'bptt/io';
 * import { connect, expose } from 'bptt/worker';
 *
 * const { port1, port2 } = new MessageChannel(); // in a page: new Worker('train.js', { type: 'module' })
 * expose(({ x, y }: { x: number[][]; y: number[] }) => {
 *   const net = stack({ rnn: recurrent(rnn, { d: 2, m: 4 }), last: lastStep(4), out: linear({ m: 4, C: 2 }) });
 *   return new Training(net, examples({ x, classes: 2, y }), { loss: crossEntropy, epochs: 3 });
 * }, port2);
 *
 * const training = connect(port1, { x: [[0, 1], [1, 0]], y: [0, 1] });
 * for await (const { ended } of training) if (ended) console.log(ended.epoch); // → 1
 * // → 2
 * // → 3
 * const { model } = load(await training.save());
 * console.log(model.name); // → rnn+last-step+readout
 * training.stop();
 * ```
 */
export function connect(worker: Port, given?: unknown, options: ConnectOptions = {}): RemoteTraining {
  requirePort('worker', worker);
  const { from } = requireKnown('options', options, ['from']);
  const inbox = new Inbox<Update>();
  const questions = new Map<number, Question>();
  let asked = 0;
  /** Why there is nothing more to be had of the worker, where that is so. */
  let over: ValueError | undefined;

  const tell = (message: FromPage) => worker.postMessage(message);
  const finish = (reason: ValueError, how: { readonly error?: unknown }) => {
    over ??= reason;
    inbox.end(how);
    for (const { reject } of questions.values()) reject(reason);
    questions.clear();
  };
  const ask = <T>(what: 'snapshot' | 'save') =>
    new Promise<T>((resolve, reject) => {
      if (over) return reject(over);
      const id = asked++;
      questions.set(id, { resolve: resolve as Question['resolve'], reject });
      tell({ bptt: what, id });
    });
  const answer = (id: number, how: (question: Question) => void) => {
    const question = questions.get(id);
    questions.delete(id);
    if (question) how(question);
  };

  listen<FromWorker>(worker, message => {
    if (message.bptt === 'updates') inbox.put(message.updates);
    if (message.bptt === 'done') inbox.end({});
    if (message.bptt === 'snapshot') answer(message.id, ({ resolve }) => resolve(message.state));
    if (message.bptt === 'saved') answer(message.id, ({ resolve }) => resolve(message.bytes));
    if (message.bptt !== 'failed') return;
    const error = errorOf(message.failure);
    if (message.id === undefined) inbox.end({ error });
    else answer(message.id, ({ reject }) => reject(error));
  });
  worker.addEventListener('error', event => {
    const { message } = event as { readonly message?: string };
    const error = new ValueError('worker', 'a script that runs', message ?? 'one that cannot be loaded');
    finish(error, { error });
  });
  try {
    tell({ bptt: 'begin', given, from });
  } catch (error) {
    throw new ValueError('given', 'data that can be sent to a worker', String(error));
  }

  const remote = {
    resume() {
      if (over) return;
      inbox.open();
      tell({ bptt: 'resume' });
    },
    pause: () => tell({ bptt: 'pause' }),
    snapshot: () => ask<TrainingState>('snapshot'),
    save: () => ask<Uint8Array>('save'),
    stop() {
      finish(new ValueError('worker', 'one that runs', 'one that was stopped'), {});
      worker.terminate?.();
      worker.close?.();
    },
    async *[Symbol.asyncIterator]() {
      remote.resume();
      try {
        yield* inbox.items();
      } finally {
        remote.pause();
      }
    },
  };
  return remote;
}

/** What a page waits for. */
interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}
