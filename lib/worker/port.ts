/** The ends of a channel between a page and its worker. */
import { ValueError } from '../errors.ts';
import { describe } from '../require.ts';
import type { FromPage, FromWorker } from './messages.ts';

/** One end of a channel: a `Worker` of a page, the global of a worker, or a `MessagePort`. */
export interface Port {
  postMessage(message: unknown): void;
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
