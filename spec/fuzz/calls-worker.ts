/** Right calls of what puts a training into a worker; nobody is at the other end of the channel. */
import { type ConnectOptions, connect, expose, type Port } from '../../lib/worker/index.ts';
import { call, type MakeCall, method, taking, whole } from './api.ts';

const port = (): Port => whole({ postMessage: () => {}, addEventListener: () => {} });
const remote = () => connect(port(), { x: [[0]] });

/** An answer that nobody gives is not waited for. */
const asked = (what: 'snapshot' | 'save') => (): undefined => {
  remote()
    [what]()
    .catch(() => {});
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
  expose: () => call(expose, () => {}, port()),
};
