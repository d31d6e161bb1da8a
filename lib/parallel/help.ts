/** Threads of a page that work for a worker of it. */
import { ValueError, WorkerError } from '../errors.ts';
import { describe } from '../require.ts';
import { holdLock, whenLeft } from '../worker/locks.ts';
import { LOST, PATIENCE, type Port, requirePort, SILENT } from '../worker/port.ts';
import { answering, type Hear } from './answer.ts';
import { Control } from './control.ts';
import { replying } from './couriers.ts';
import type { Ears, Known, Reply, Started } from './helpers.ts';
import type { Request } from './work.ts';

/** What one tells the other. */
type Message =
  /** The first: that work is to come, and where it is said that it is done; by messages unless there. */
  | { readonly bptt: 'help'; readonly control?: SharedArrayBuffer }
  /** That the other is there, and the lock that it holds as long. */
  | { readonly bptt: 'helps'; readonly lock?: string }
  /** That the other, which does nothing else, is to say it in a control when the holder of a lock has ended. */
  | { readonly bptt: 'watch'; readonly lock: string; readonly control: SharedArrayBuffer }
  | Reply
  | Request;

/**
 * Lets a worker of a page have this one do a part of its work, see `helper` of {@link ParallelOptions}: the whole of the other worker's file, but for its
 * import.
 *
 * @param port where the first is: the worker's global unless given.
 * @throws ValueError when `port` is no end of a channel.
 *
 * @example
 * ```ts
 * import { help } from 'bptt/parallel';
 *
 * const { port1, port2 } = new MessageChannel(); // of a worker, nothing is given
 * help(port2);
 * port1.close();
 * ```
 */
export function help(port: Port = globalThis as unknown as Port): void {
  requirePort('port', port);
  let hear: Hear | undefined;
  onMessage(port, message => {
    if ('kind' in message) hear?.(message);
    else if (message.bptt === 'help') {
      const control = message.control && new Control(message.control);
      const ends = replying((reply, transfer) => port.postMessage(reply, transfer), control);
      hear = answering(ends, noBackend);
      port.addEventListener('error', event => control?.leave(failedBy(event))); // of this worker, which the other may not hear of
      holdLock().then(lock =>
        port.postMessage({ bptt: 'helps', ...(lock !== undefined && { lock }) } satisfies Message),
      );
    } else if (message.bptt === 'watch') {
      whenLeft(message.lock, () => new Control(message.control).leave(LOST));
    }
  });
}

/**
 * A worker that helps, once it is there.
 *
 * @throws WorkerError when it fails, or does not answer in time.
 */
export async function startHelper(known: Known, make: () => Port): Promise<Started> {
  const { control, ears } = known;
  const helper = await greeted(make, { bptt: 'help', ...(control && { control: control.memory }) }, ears);
  const { worker, lock } = helper;
  const stop = (why: string) => {
    helper.end(why);
    worker.terminate?.();
  };
  if (lock !== undefined) {
    whenLeft(lock, () => helper.end(LOST));
    if (control)
      await watch(lock, control, make).catch(error => {
        stop('one that nobody keeps watch over');
        throw error;
      });
  }
  return {
    ask: (request, transfer) => worker.postMessage(request, transfer),
    ended: () => helper.ended() ?? control?.ended,
    stop,
  };
}

/** One more worker, which keeps watch over all that share memory with this thread: this one hears of nothing while it waits. */
let watcher: Promise<Greeted> | undefined;

async function watch(lock: string, control: Control, make: () => Port): Promise<void> {
  watcher ??= greeted(make, { bptt: 'help' });
  try {
    const { worker } = await watcher;
    worker.postMessage({ bptt: 'watch', lock, control: control.memory } satisfies Message);
  } catch (error) {
    watcher = undefined; // the next time, another may be there
    throw error;
  }
}

/** A worker that has answered. */
interface Greeted {
  readonly worker: Port;
  /** The lock that it holds. */
  readonly lock: string | undefined;
  /** Why it has ended, where it has. */
  ended(): string | undefined;
  end(why: string): void;
}

/** @throws WorkerError when it does not answer. */
function greeted(make: () => Port, greeting: Message, ears?: Ears): Promise<Greeted> {
  const worker = requirePort('helper()', make());
  let reason: string | undefined;
  return new Promise((resolve, reject) => {
    const late = () => end(`${SILENT}: its file has to call help()`);
    const timer = setTimeout(late, PATIENCE);
    const end = (why: string) => {
      reason ??= why;
      clearTimeout(timer);
      ears?.hearEnd(reason);
      reject(new WorkerError('a worker', 'a thread at work', reason)); // which it is too late for where it has answered
    };
    worker.addEventListener('error', event => end(failedBy(event)));
    worker.addEventListener('messageerror', () => end('one whose message cannot be read'));
    worker.addEventListener('close', () => end('one whose port was closed')); // of a MessagePort
    onMessage(worker, message => {
      if (!('bptt' in message)) return;
      if (message.bptt === 'done') ears?.hearReply(message);
      if (message.bptt !== 'helps') return;
      clearTimeout(timer);
      resolve({ worker, lock: message.lock, ended: () => reason, end });
    });
    worker.postMessage(greeting);
  });
}

function failedBy(event: object): string {
  const { message = 'it cannot be loaded' } = event as { readonly message?: string };
  return `one that failed: ${message}`;
}

function onMessage(port: Port, hear: (message: Message) => void): void {
  port.addEventListener('message', event => {
    const { data } = event as { readonly data?: unknown };
    if (typeof data === 'object' && data !== null && ('bptt' in data || 'kind' in data)) hear(data as Message);
  });
  port.start?.();
}

function noBackend(request: object): Promise<never> {
  return Promise.reject(new ValueError('backend', 'none in a page', describe(request)));
}
