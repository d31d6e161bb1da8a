/** Right calls of what puts a training into a worker; nobody is at the other end of the channel. */
import {
  type ConnectOptions,
  type ConnectTrainerOptions,
  connect,
  connectTrainer,
  expose,
  type Port,
} from '../../lib/worker/index.ts';
import { call, type MakeCall, method, taking, whole } from './api.ts';

const port = (): Port => whole({ postMessage: () => {}, addEventListener: () => {} });
const remote = () => connect(port(), { x: [[0]] });

/** An answer that nobody gives is not waited for. */
const asked = (what: 'snapshot' | 'save') => (): undefined => {
  remote()
    [what]()
    .catch(() => {});
};

const trainer = () => connectTrainer(port(), { text: 'hello' }, { steps: 3 });

const answered = (what: 'save' | 'evaluate' | 'gradients' | 'sample') => (options: object) => {
  const answer: Promise<unknown> = trainer()[what](options as never);
  answer.catch(() => {});
};

export const workerCalls: Readonly<Record<string, MakeCall>> = {
  connect: taking(
    () =>
      call(
        (worker: Port, given: unknown, options: ConnectOptions) => typeof connect(worker, given, options),
        port(),
        whole({ x: [[0]] }),
        {},
      ),
    '1',
  ),
  'connect.resume': () => method(remote(), 'resume'),
  'connect.pause': () => method(remote(), 'pause'),
  'connect.snapshot': () => call(asked('snapshot')),
  'connect.save': () => call(asked('save')),
  'connect.stop': () => method(remote(), 'stop'),
  connectTrainer: taking(
    () =>
      call(
        (worker: Port, given: unknown, options: ConnectTrainerOptions) => typeof connectTrainer(worker, given, options),
        port(),
        whole({ text: 'hello' }),
        { steps: 3 },
      ),
    '1',
  ),
  'connectTrainer.resume': () => method(trainer(), 'resume'),
  'connectTrainer.pause': () => method(trainer(), 'pause'),
  'connectTrainer.save': () => call(() => answered('save')({})),
  'connectTrainer.sample': () => call(answered('sample'), { length: 3, seed: 2, topK: 3, topP: 0.5, temperature: 0.5 }),
  'connectTrainer.evaluate': () => call(answered('evaluate'), { symbols: 20, streams: 2 }),
  'connectTrainer.gradients': () => call(() => answered('gradients')({})),
  'connectTrainer.stop': () => method(trainer(), 'stop'),
  expose: () => call(expose, () => {}, port()),
};
