/**
 * Locks of the browser's, by which the end of a worker is known: it holds one as long as it is there, and the browser lets go of
 * it however the worker ends. No event says so.
 */

/** What is used of `navigator.locks`, which only secure contexts have. */
interface Locks {
  request(name: string, options: LockOptions, held: () => unknown): Promise<unknown>;
}

interface LockOptions {
  readonly mode?: 'shared';
  readonly signal?: AbortSignal;
}

/** What is of one origin sees the same locks: the name says which. */
const BEGINNING = `bptt ${(globalThis as { readonly origin?: string }).origin} `;

/** Takes a lock for as long as this worker is there, the first time. Returns its name; undefined where there are none. */
export function holdLock(): Promise<string | undefined> {
  held ??= newLock();
  return held;
}

let held: Promise<string | undefined> | undefined;

async function newLock(): Promise<string | undefined> {
  const known = locks();
  if (!known) return undefined;
  const name = BEGINNING + crypto.getRandomValues(new Uint32Array(4)).join('-');
  return new Promise(resolve => {
    const keep = () => {
      resolve(name);
      return new Promise(() => {});
    };
    request(known, name, {}, keep).catch(() => resolve(undefined));
  });
}

/**
 * Calls back when the worker that holds a lock has ended; never where its locks are not seen here, or once the signal says so. All
 * who wait for it get it at once: one of them may stand still, and wait for what another says.
 */
export function whenLeft(name: string, left: () => void, signal?: AbortSignal): void {
  const known = locks();
  if (known && name.startsWith(BEGINNING))
    request(known, name, { mode: 'shared', ...(signal && { signal }) }, left).catch(() => {});
}

/** Asks for a lock; rejects where that is refused, however it is. */
async function request(known: Locks, ...asked: Parameters<Locks['request']>): Promise<void> {
  await known.request(...asked);
}

function locks(): Locks | undefined {
  const { navigator } = globalThis as { readonly navigator?: { readonly locks?: Locks } };
  return navigator?.locks;
}
