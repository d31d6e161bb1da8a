/** The worker's end: what is trained is made there, of what the page gives, and does what the page says. */

import type { CharTrainer } from '../models/char-trainer.ts';
import { requireFunction } from '../require.ts';
import type { Learner } from '../training/learner.ts';
import type { Training } from '../training/training.ts';
import { begun } from './begun.ts';
import type { Course } from './course.ts';
import { failureOf } from './failures.ts';
import { holdLock } from './locks.ts';
import type { Begin, FromPage, FromWorker } from './messages.ts';
import { listen, type Port, requirePort } from './port.ts';

/**
 * Lets a page train in this worker, see {@link connect} and {@link connectTrainer}: the whole of the worker's file, but for its
 * imports. What cannot be sent, such as layers, losses and cells, is made here.
 *
 * @param make a `Training` or a `CharTrainer`, of what the page has given: data, as structured cloning carries it.
 * @param port where the page is: the worker's global unless given.
 * @throws ValueError when `make` is no function, or `port` no end of a channel.
 *
 * @example
 * ```ts
 * import { crossEntropy, examples, lastStep, linear, recurrent, rnn, stack, Training } from 'bptt';
 * import { expose } from 'bptt/worker';
 *
 * const { port1: page, port2: worker } = new MessageChannel(); // of a worker, the second argument is left out
 * expose(({ x, y }: { x: number[][]; y: number[] }) => {
 *   const net = stack({ rnn: recurrent(rnn, { d: 2, m: 4 }), last: lastStep(4), out: linear({ m: 4, C: 2 }) });
 *   return new Training(net, examples({ x, classes: 2, y }), { loss: crossEntropy, epochs: 5 });
 * }, worker);
 * page.close();
 * ```
 */
export function expose<Given, Target, Beside, Model extends Learner<Beside>>(
  make: (given: Given) => Exposed<Target, Beside, Model> | Promise<Exposed<Target, Beside, Model>>,
  port: Port = globalThis as unknown as Port,
): void {
  requireFunction('make', make);
  requirePort('port', port);
  const tell = (message: FromWorker) => port.postMessage(message);
  let made: Promise<Course> | undefined;

  const begin = async (message: Begin) => {
    tell({ bptt: 'here' });
    const told = holdLock().then(lock => lock !== undefined && tell({ bptt: 'here', lock }));
    const course = begun(make as (given: unknown) => unknown, message, tell); // at once: what the worker hears next may be about it
    const [own] = await Promise.all([course, briefly(told)]); // before it goes or answers, the page can know that it has ended
    return own;
  };

  const obey = async (message: FromPage): Promise<void> => {
    if (message.bptt === 'begin') made ??= begin(message);
    const course = await made;
    if (!course) return;
    if (message.bptt === 'resume') await course.resume();
    if (message.bptt === 'pause') course.pause();
    if (message.bptt === 'ask') tell({ bptt: 'answer', id: message.id, answer: await course.answer(message.asked) });
  };
  listen<FromPage>(port, message => {
    const asked = 'id' in message && { id: message.id };
    obey(message).catch(error => tell({ bptt: 'failed', ...asked, failure: failureOf(error) }));
  });
}

/** What can be trained in a worker. */
export type Exposed<Target, Beside, Model extends Learner<Beside>> = Training<Target, Beside, Model> | CharTrainer;

/** Milliseconds that a browser may take to give a lock. */
const PATIENCE = 2000;

/** Waits for something, but not for long. */
async function briefly(what: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise(resolve => {
    timer = setTimeout(resolve, PATIENCE);
  });
  await Promise.race([what, over]);
  clearTimeout(timer);
}
