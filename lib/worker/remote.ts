/** The page's end of a channel, whatever is trained at the other. */
import { ValueError } from '../errors.ts';
import { errorOf } from './failures.ts';
import { Inbox } from './inbox.ts';
import { whenLeft } from './locks.ts';
import type { Asked, Beginning, FromPage, FromWorker } from './messages.ts';
import { LOST, listen, PATIENCE, type Port, requirePort, SILENT } from './port.ts';

/**
 * Something that is trained in a worker. It runs while it is iterated over: every update is handed over, in order; leaving the
 * loop pauses it, another goes on. What a loop throws is what the training threw, such as a DivergenceError, or a ValueError where
 * the worker has ended; that it was stopped or had no memory left is known by the locks of the browser's, which pages of a secure
 * context have.
 */
export interface Remote<Update> extends AsyncIterable<Update> {
  /** Goes on, as a loop does when it begins: after {@link pause}, or with no loop at all. */
  resume(): void;
  /** Stands, some milliseconds later; a loop waits. */
  pause(): void;
  /** Ends the worker: loops end, and what was asked for is refused. */
  stop(): void;
}

/** It, with what its kind has besides. */
export interface Line<Update> {
  readonly remote: Remote<Update>;
  /** @param argument whose fault it is where it cannot be sent. */
  ask<T>(asked: Asked, argument?: string): Promise<T>;
}

/** What a page waits for. */
interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Has a worker begin.
 *
 * @throws ValueError when `worker` is no end of a channel, or `given` cannot be sent.
 */
export function begin<Update extends object>(worker: Port, given: unknown, beginning: Beginning): Line<Update> {
  requirePort('worker', worker);
  const inbox = new Inbox<Update>();
  const questions = new Map<number, Question>();
  let asked = 0;
  /** Why there is nothing more to be had of the worker, where that is so. */
  let over: ValueError | undefined;

  const tell = (message: FromPage) => worker.postMessage(message);
  const ended = new AbortController();
  const finish = (reason: ValueError, how: { readonly error?: unknown }) => {
    over ??= reason;
    clearTimeout(late);
    ended.abort();
    inbox.end(how);
    for (const { reject } of questions.values()) reject(reason);
    questions.clear();
  };
  const ask = <T>(what: Asked, argument = 'options') =>
    new Promise<T>((resolve, reject) => {
      if (over) return reject(over);
      const id = asked++;
      try {
        tell({ bptt: 'ask', id, asked: what });
      } catch (error) {
        return reject(new ValueError(argument, 'data that can be sent to a worker', String(error)));
      }
      questions.set(id, { resolve: resolve as Question['resolve'], reject });
    });
  const answer = (id: number, how: (question: Question) => void) => {
    const question = questions.get(id);
    questions.delete(id);
    if (question) how(question);
  };

  const end = (got: string) => {
    if (over) return;
    const error = new ValueError('worker', 'one that runs', got);
    finish(error, { error });
  };
  const left = () => end(LOST);
  const silent = () => end(`${SILENT}: its file has to call expose()`);
  const late = worker.terminate && setTimeout(silent, PATIENCE); // whoever has the other end of a port may be in no haste

  listen<FromWorker>(worker, message => {
    if (message.bptt === 'here') clearTimeout(late);
    if (message.bptt === 'here' && message.lock !== undefined) whenLeft(message.lock, left, ended.signal);
    if (message.bptt === 'updates') inbox.put(message.updates as unknown as readonly Update[]);
    if (message.bptt === 'done') inbox.end({});
    if (message.bptt === 'answer') answer(message.id, ({ resolve }) => resolve(message.answer));
    if (message.bptt !== 'failed') return;
    const error = errorOf(message.failure);
    if (message.id === undefined) inbox.end({ error });
    else answer(message.id, ({ reject }) => reject(error));
  });
  worker.addEventListener('error', event => {
    const { message } = event as { readonly message?: string };
    const error = new ValueError('worker', 'a script that runs', message ?? 'one that cannot be loaded');
    finish(error, { error });
  });
  worker.addEventListener('close', left); // of a MessagePort
  try {
    tell({ bptt: 'begin', given, ...beginning });
  } catch (error) {
    clearTimeout(late);
    throw new ValueError('given', 'data that can be sent to a worker', String(error));
  }

  const remote: Remote<Update> = {
    resume() {
      if (over) return;
      inbox.open();
      tell({ bptt: 'resume' });
    },
    pause: () => tell({ bptt: 'pause' }),
    stop() {
      if (!over) remote.pause(); // a port's other end goes on when this one is closed
      finish(new ValueError('worker', 'one that runs', 'one that was stopped'), {});
      worker.terminate?.();
      worker.close?.();
    },
    async *[Symbol.asyncIterator]() {
      remote.resume();
      try {
        yield* inbox.items();
      } finally {
        remote.pause();
      }
    },
  };
  return { remote, ask };
}
