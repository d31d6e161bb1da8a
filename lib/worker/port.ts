/** The ends of a channel between a page and its worker. */
import { ValueError } from '../errors.ts';
import { describe } from '../require.ts';
import type { FromPage, FromWorker } from './messages.ts';

/** Milliseconds within which the other end answers that begins, or is to learn: what it has to load may have a long way to come. */
export const PATIENCE = 60_000;

/** What becomes of one that does not. */
export const SILENT: string = `one that has not answered for ${PATIENCE / 1000} s`;

/** What became of one of which nothing else is known. */
export const LOST = 'one that was stopped, or had no memory left';

/** One end of a channel: a `Worker` of a page, the global of a worker, or a `MessagePort`. */
export interface Port {
  postMessage(message: unknown, transfer?: readonly object[]): void;
  addEventListener(type: string, listener: (event: object) => void): void;
  /** Of a `MessagePort`, which waits for it. */
  start?(): void;
  /** Of a `MessagePort`. */
  close?(): void;
  /** Of a `Worker`. */
  terminate?(): void;
}

/** `port` can send and hear, or throws ValueError. Returns it. */
export function requirePort(argument: string, port: Port): Port {
  const { postMessage, addEventListener } = Object(port) as Partial<Port>;
  if (typeof postMessage !== 'function' || typeof addEventListener !== 'function')
    throw new ValueError(argument, 'a Worker, the global of one, or a MessagePort', describe(port));
  return port;
}

/** Hears the messages of the other end. */
export function listen<Message extends FromPage | FromWorker>(port: Port, hear: (message: Message) => void): void {
  port.addEventListener('message', event => {
    const { data } = event as { readonly data?: unknown };
    if (typeof data === 'object' && data !== null && 'bptt' in data) hear(data as Message);
  });
  port.start?.();
}
