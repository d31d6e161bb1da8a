/** Threads of Node. */
import { ValueError, WorkerError } from '../errors.ts';
import { LOST } from '../worker/port.ts';
import type { Known, Reply, Started } from './helpers.ts';
import type { Memory } from './work.ts';

/** What is used of a Worker of Node. */
interface NodeWorker {
  postMessage(message: unknown, transfer?: readonly Memory[]): void;
  on(event: 'exit' | 'error' | 'message', listener: (what: unknown) => void): void;
  ref(): void;
  unref(): void;
  terminate(): unknown;
  /** Runtimes other than Node may have none. */
  readonly performance?: { eventLoopUtilization(): { readonly idle: number } };
}

interface WorkerThreads {
  readonly Worker: new (program: URL | string, options: object) => NodeWorker;
}

/**
 * Starts a thread that does what it is asked, and says so; it has loaded all that it needs when this resolves.
 *
 * @throws ValueError where the runtime has none; WorkerError when it ends before it is ready.
 */
export async function startThread(known: Known): Promise<Started> {
  const { control, ears } = known;
  const url = new URL('./worker.ts', import.meta.url);
  const { process } = globalThis as { readonly process?: { getBuiltinModule?(name: string): unknown } };
  const threads = process?.getBuiltinModule?.('node:worker_threads') as WorkerThreads | undefined;
  if (!threads) throw new ValueError('helper', 'what starts another worker, since this is not Node', 'none');
  const options = { workerData: control?.memory };
  const worker = url.pathname.endsWith('.ts')
    ? new threads.Worker(fromSources(url), { ...options, eval: true })
    : new threads.Worker(url, options);
  let reason: string | undefined;
  await new Promise<void>((resolve, reject) => {
    worker.on('message', message => (message === 'ready' ? resolve() : ears.hearReply(message as Reply)));
    worker.on('error', error => {
      reason ??= `one that failed: ${error instanceof Error ? error.message : error}`;
    });
    worker.on('exit', code => {
      reason ??= `one that ended with code ${code}`;
      reject(new WorkerError('a worker', 'a thread at work', reason));
      ears.hearEnd(reason);
    });
  });
  worker.unref();
  return {
    ask(request, transfer) {
      isGone(worker); // which has to be asked once while it is there
      worker.postMessage(request, transfer);
    },
    ended() {
      reason ??= control?.ended;
      if (isGone(worker)) reason ??= LOST;
      return reason;
    },
    stop(why) {
      reason ??= why;
      void worker.terminate();
    },
    hold: isAwaited => (isAwaited ? worker.ref() : worker.unref()),
  };
}

/**
 * Whether a thread is no more. Its events are not heard while it is awaited, and one that is stopped from outside, or has run out of memory, says
 * nothing; but where there is no thread, there is no time that it was idle.
 */
function isGone({ performance }: NodeWorker): boolean {
  return (performance?.eventLoopUtilization().idle ?? 0) < 0;
}

/** A program that has a thread load TypeScript, as the thread that this is does where the library runs from its sources. */
function fromSources(url: URL): string {
  const [tsx, worker] = [import.meta.resolve('tsx/esm/api'), url.href].map(href => JSON.stringify(href));
  return `import(${tsx}).then(({ register }) => { register(); return import(${worker}); })`;
}
