/** The threads of this program that work for it: started when they are first needed, and shared by all networks. */
import { ValueError } from '../errors.ts';
import { describe } from '../require.ts';
import type { Port } from '../worker/port.ts';
import { Control } from './control.ts';
import { Courier, Couriers } from './couriers.ts';
import { Crew, type Thread } from './crew.ts';
import { startHelper } from './help.ts';
import type { Helpers, Known, Started } from './helpers.ts';
import { mayShareMemory } from './memory.ts';
import { startThread } from './thread.ts';

/** How threads see what they work on: in memory that all share, or in memory that goes from one to the other. */
export type Sight = 'shared' | 'copied';

type Make = (() => Port) | undefined;

const threads: Thread[] = [];
const couriers: Courier[] = [];

/**
 * So many threads, which are started where there are fewer.
 *
 * @param sight what is meant; what can be unless given.
 * @param helper starts one, where the runtime has none of Node's.
 * @throws ValueError where memory is to be shared and cannot be; else as `startThread` and `startHelper`.
 */
export async function helpersOf(count: number, sight: Sight = sightHere(), helper: Make): Promise<Helpers> {
  if (sight === 'shared' && count > 0) requireSharing();
  return sight === 'shared' ? crewOf(count, helper) : couriersOf(count, helper);
}

/** `sight` is one, or throws ValueError. */
export function requireSight(argument: string, sight: Sight): Sight {
  if (sight !== 'shared' && sight !== 'copied') throw new ValueError(argument, '"shared" or "copied"', describe(sight));
  return sight;
}

async function crewOf(count: number, helper: Make): Promise<Crew> {
  const alive = () => threads.filter(({ ended }) => ended() === undefined);
  await startMissing(count, alive, async () => {
    const [control, courier] = [new Control(), new Courier()];
    const thread = await start({ control, ears: courier }, helper);
    courier.begin(thread);
    const { ask, ended, stop } = thread;
    threads.push({ ask, ended, stop, control, courier, asked: 0 });
  });
  return new Crew(alive().slice(0, count));
}

async function couriersOf(count: number, helper: Make): Promise<Couriers> {
  const alive = () => couriers.filter(({ ended }) => ended === undefined);
  await startMissing(count, alive, async () => {
    const courier = new Courier();
    couriers.push(courier.begin(await start({ ears: courier }, helper)));
  });
  return new Couriers(alive().slice(0, count));
}

/** Fills a pool up to so many. Who asks meanwhile comes after: what is there then need not be started again. */
function startMissing(count: number, alive: () => readonly unknown[], one: () => Promise<void>): Promise<unknown> {
  const started = last.then(() => Promise.all(Array.from({ length: Math.max(0, count - alive().length) }, one)));
  last = started.catch(() => {});
  return started;
}

let last: Promise<unknown> = Promise.resolve();

function start(known: Known, helper: Make): Promise<Started> {
  return helper ? startHelper(known, helper) : startThread(known);
}

function sightHere(): Sight {
  return mayShareMemory() && mayWait() ? 'shared' : 'copied';
}

function requireSharing(): void {
  if (!mayShareMemory()) {
    const page =
      'a page that is cross-origin isolated (by the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp)';
    throw new ValueError('memory', `"copied", or ${page}`, '"shared", where threads may not share memory');
  }
  if (mayWait()) return;
  const expected = '"copied", or a worker that trains, such as one of bptt/worker';
  throw new ValueError('memory', expected, `"shared", in a page's own thread, which may not wait`);
}

/** Whether this thread may wait for another, as a page's own may not. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}
