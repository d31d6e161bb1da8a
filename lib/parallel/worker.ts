/** A thread that works for another: it does what it is asked, one thing after the other, and says in a control that it is done. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Backend } from '../engine/options.ts';
import { Control } from './control.ts';
import { Hand } from './hand.ts';
import type { Request } from './work.ts';

const control = new Control(workerData as SharedArrayBuffer);
const hand = new Hand();
const between = () => control.beat();

/** Where products are done, by what it was asked with. */
const backends = new Map<number, Backend>();

async function backendOf(request: Request): Promise<Backend | undefined> {
  if (request.kind !== 'network') return backends.get(request.network);
  if (!request.backend) return undefined;
  const { blas } = await import('../engine/blas.ts');
  const made = blas(request.backend);
  backends.set(request.network, made);
  return made;
}

let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (request: Request) => {
  last = last.then(async () => {
    try {
      hand.do(request, await backendOf(request), between);
      control.end();
    } catch (error) {
      control.end(error ?? new Error('nothing was thrown'));
    }
  });
});
parentPort?.postMessage('ready');
