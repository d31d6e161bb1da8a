/** A training in a worker, and what a page sees of it: `import { connect, expose } from 'bptt/worker'`. */
export { type ConnectOptions, connect, type RemoteTraining } from './connect.ts';
export {
  type ConnectTrainerOptions,
  connectTrainer,
  type RemoteEvaluateOptions,
  type RemoteTrainer,
} from './connect-trainer.ts';
export { type Exposed, expose } from './expose.ts';
export type { Failure, FromPage, FromWorker, RemoteSampleOptions, TrainerUpdate } from './messages.ts';
export type { Port } from './port.ts';
export type { Remote } from './remote.ts';
