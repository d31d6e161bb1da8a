/** A thread that works for another: it does what it is asked, one thing after the other, and says in a control that it is done. */
import { parentPort, workerData } from 'node:worker_threads';
import { Control } from './control.ts';
import { cellsAt } from './equipment.ts';
import { Hand } from './hand.ts';
import type { BackendRequest, Request } from './work.ts';

const control = new Control(workerData as SharedArrayBuffer);
const hand = new Hand();

async function backendOf(request: BackendRequest | undefined) {
  if (!request) return undefined;
  const { blas } = await import('../engine/blas.ts');
  return blas(request);
}

async function answer(request: Request): Promise<void> {
  if (request.kind !== 'network') {
    hand.do(request, () => control.beat());
    return;
  }
  const { backend, cells } = request;
  hand.learn(request, { backend: await backendOf(backend), cells: await cellsAt(cells) });
}

let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (request: Request) => {
  last = last.then(async () => {
    try {
      await answer(request);
      control.end();
    } catch (error) {
      control.end(error ?? new Error('nothing was thrown'));
    }
  });
});
parentPort?.postMessage('ready');
