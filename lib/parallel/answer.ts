/** What a thread that works for another does of all that it is asked, one thing after the other. */
import type { Backend } from '../engine/options.ts';
import { cellsAt } from './equipment.ts';
import { Hand } from './hand.ts';
import type { BackendRequest, Request } from './work.ts';

/** Hears requests. */
export type Hear = (request: Request) => void;

/** Where a thread says that a request is done, or what it threw. */
export interface Ends {
  end(error: unknown, request: Request): void;
}

/** @param backendOf where products are done, as another thread has said it. */
export function answering(ends: Ends, backendOf: (request: BackendRequest) => Promise<Backend>): Hear {
  const hand = new Hand();
  let last: Promise<void> = Promise.resolve();

  const answer = async (request: Request) => {
    if (request.kind !== 'network') {
      hand.do(request);
      return;
    }
    const { backend, cells } = request;
    hand.learn(request, { backend: backend && (await backendOf(backend)), cells: await cellsAt(cells) });
  };
  return request => {
    last = last.then(async () => {
      try {
        await answer(request);
        ends.end(undefined, request);
      } catch (error) {
        ends.end(error ?? new Error('nothing was thrown'), request);
      }
    });
  };
}
