/** The page's end: a training that runs in a worker, update by update, and its model. */
import { requireKnown } from '../require.ts';
import type { Update } from '../training/training.ts';
import type { TrainingState } from '../training/training-state.ts';
import type { Port } from './port.ts';
import { begin, type Remote } from './remote.ts';

/** Where a training begins. */
export interface ConnectOptions {
  /** Where another stood, with the same data: a {@link RemoteTraining.snapshot}, or `load(bytes).training`. */
  readonly from?: TrainingState | undefined;
}

/** A `Training` in a worker, as {@link Remote} says. */
export interface RemoteTraining extends Remote<Update> {
  /** Where it stands. Rejects with what is wrong, as {@link save} does. */
  snapshot(): Promise<TrainingState>;
  /** The model as it is now, with where its training stands: the bytes of a file that `load` of `bptt/io` reads. */
  save(): Promise<Uint8Array>;
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
  const { from } = requireKnown('options', options, ['from']);
  const { remote, ask } = begin<Update>(worker, given, { what: 'training', from });
  return { ...remote, snapshot: () => ask({ what: 'snapshot' }), save: () => ask({ what: 'save' }) };
}
