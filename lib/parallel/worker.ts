/** A thread of Node that works for another. */
import { parentPort, type TransferListItem, workerData } from 'node:worker_threads';
import { answering } from './answer.ts';
import { Control } from './control.ts';
import { replying } from './couriers.ts';

const memory = workerData as SharedArrayBuffer | undefined;
const control = memory && new Control(memory);

// Events of this thread are not heard where it is awaited in memory that both share.
process.on('uncaughtExceptionMonitor', error => control?.leave(`one that failed: ${error.message}`));
process.on('exit', code => control?.leave(`one that ended with code ${code}`));

parentPort?.on(
  'message',
  answering(
    replying((reply, transfer) => parentPort?.postMessage(reply, transfer as TransferListItem[]), control),
    async request => (await import('../engine/blas.ts')).blas(request),
  ),
);
parentPort?.postMessage('ready');
