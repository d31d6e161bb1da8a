/** A training in a worker, and what a page sees of it: `import { connect, expose } from 'bptt/worker'`. */
export { type ConnectOptions, connect, type RemoteTraining } from './connect.ts';
export { expose } from './expose.ts';
export type { Failure, FromPage, FromWorker } from './messages.ts';
export type { Port } from './port.ts';
