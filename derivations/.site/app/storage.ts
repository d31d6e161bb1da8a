/** What the browser keeps of trainings: each with its text and its newest checkpoint. Nothing of it leaves the browser. */

/** A training, without its text and checkpoint. */
export interface Run {
  readonly id: string;
  /** What its text is called. */
  readonly name: string;
  /** When it was kept, in milliseconds since 1970. */
  readonly when: number;
  readonly step: number;
  readonly steps: number;
  /** Losses so far, of what is learnt from and of what is held back: updates and nats a symbol. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
  readonly heldOut: readonly (readonly [step: number, loss: number])[];
}

/** What belongs to a training. */
export interface Files {
  readonly checkpoint: Uint8Array;
  readonly text: Uint8Array;
}

const [RUNS, FILES] = ['runs', 'files'] as const;

let opening: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('bptt', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(RUNS, { keyPath: 'id' });
      request.result.createObjectStore(FILES);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('another tab has an older version of this page open'));
  });
  opening.catch(() => {
    opening = undefined; // it may be asked for again
  });
  return opening;
}

/** Does something in one transaction; resolves when all of it is written, or rejects and nothing is. */
export async function within<T>(
  mode: IDBTransactionMode,
  work: (runs: IDBObjectStore, files: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const all = (await database()).transaction([RUNS, FILES], mode);
  return new Promise<T>((resolve, reject) => {
    let request: IDBRequest<T> | undefined;
    all.oncomplete = () => resolve(request?.result as T);
    all.onabort = () => reject(all.error ?? new Error('it was broken off'));
    try {
      request = work(all.objectStore(RUNS), all.objectStore(FILES));
    } catch (error) {
      reject(error);
      all.abort();
    }
  });
}

/**
 * Keeps a training, in place of what was kept of it; its text only where that is given.
 *
 * @throws QuotaExceededError where the browser has no more room; what was kept before stays then.
 */
export async function keep(run: Run, checkpoint: Uint8Array, text: Uint8Array | undefined): Promise<void> {
  await within('readwrite', (runs, files) => {
    if (text) files.put(text, `text ${run.id}`);
    files.put(checkpoint, `checkpoint ${run.id}`);
    return runs.put(run);
  });
}

/** All that are kept, the newest first. */
export async function kept(): Promise<readonly Run[]> {
  const all = (await within('readonly', runs => runs.getAll())) as readonly Run[];
  return all.toSorted((a, b) => b.when - a.when);
}

/** What belongs to one that is kept. */
export async function filesOf(id: string): Promise<Files | undefined> {
  const [checkpoint, text] = await Promise.all(
    ['checkpoint', 'text'].map(what => within('readonly', (_, files) => files.get(`${what} ${id}`))),
  );
  return checkpoint && text ? { checkpoint: checkpoint as Uint8Array, text: text as Uint8Array } : undefined;
}

/** Forgets one. */
export async function forget(id: string): Promise<void> {
  await within('readwrite', (runs, files) => {
    files.delete(`text ${id}`);
    files.delete(`checkpoint ${id}`);
    return runs.delete(id);
  });
}

/** Why something could not be kept, in words. */
export function whyNot(error: unknown): string {
  const { name = '', message = String(error) } = { ...(error as { name?: string; message?: string }), ...named(error) };
  return name === 'QuotaExceededError' ? 'its storage is full' : message;
}

function named(error: unknown): { readonly name?: string; readonly message?: string } {
  return error instanceof Error || error instanceof DOMException ? { name: error.name, message: error.message } : {};
}

/** Holds a training for this page until it is closed; false where another tab holds it. */
export function hold(id: string): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise(resolve => {
    void navigator.locks.request(`bptt ${id}`, { ifAvailable: true }, lock => {
      resolve(lock !== null);
      return lock ? new Promise(() => {}) : undefined;
    });
  });
}
