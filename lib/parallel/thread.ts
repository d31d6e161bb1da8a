/** Threads of the runtime: those of Node, and the workers of a page. */
import { ValueError, WorkerError } from '../errors.ts';
import type { Request } from './work.ts';

/** A thread that was started, and is ready. */
export interface Started {
  ask(request: Request): void;
  /** Why it has ended, where it has. */
  ended(): string | undefined;
  /** Ends it, for a reason. */
  stop(why: string): void;
}

/** What is used of a Worker of Node. */
interface NodeWorker {
  postMessage(message: unknown): void;
  on(event: 'exit' | 'error' | 'message', listener: (what: unknown) => void): void;
  unref(): void;
  terminate(): unknown;
}

interface WorkerThreads {
  readonly Worker: new (program: URL | string, options: object) => NodeWorker;
}

/**
 * Starts a thread that does what it is asked, and says so in a control; it has loaded all that it needs when this resolves.
 *
 * @throws ValueError where the runtime has no threads that can be waited for; WorkerError when it ends before it is ready.
 */
export async function startThread(control: SharedArrayBuffer): Promise<Started> {
  const url = new URL('./worker.ts', import.meta.url);
  const { process } = globalThis as { readonly process?: { getBuiltinModule?(name: string): unknown } };
  const threads = process?.getBuiltinModule?.('node:worker_threads') as WorkerThreads | undefined;
  if (!threads) throw new ValueError('workers', '1 where the runtime has no threads that can be awaited', 'more');
  const options = { workerData: control };
  const worker = url.pathname.endsWith('.ts')
    ? new threads.Worker(fromSources(url), { ...options, eval: true })
    : new threads.Worker(url, options);
  let reason: string | undefined;
  await new Promise<void>((resolve, reject) => {
    worker.on('message', () => resolve());
    worker.on('error', error => {
      reason ??= `one that failed: ${error instanceof Error ? error.message : error}`;
    });
    worker.on('exit', code => {
      reason ??= `one that ended with code ${code}`;
      reject(new WorkerError('a worker', 'a thread at work', reason));
    });
  });
  worker.unref();
  return {
    ask: request => worker.postMessage(request),
    ended: () => reason,
    stop(why) {
      reason ??= why;
      void worker.terminate();
    },
  };
}

/** A program that has a thread load TypeScript, as the thread that this is does where the library runs from its sources. */
function fromSources(url: URL): string {
  const [tsx, worker] = [import.meta.resolve('tsx/esm/api'), url.href].map(href => JSON.stringify(href));
  return `import(${tsx}).then(({ register }) => { register(); return import(${worker}); })`;
}
