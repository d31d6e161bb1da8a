/** Threads that are waited for: one that ends, or says that something went wrong, is an error that names it, and no hang. */
import { describe, expect, it } from 'vitest';
import { MemoryError, WorkerError } from '../../lib/errors.ts';
import { Control } from '../../lib/parallel/control.ts';
import { Courier } from '../../lib/parallel/couriers.ts';
import { Crew } from '../../lib/parallel/crew.ts';
import type { NetworkRequest, Request } from '../../lib/parallel/work.ts';
import { now } from '../../lib/steps.ts';

const network: NetworkRequest = { kind: 'network', network: 1, json: {}, backend: undefined, cells: undefined };
const work = { kind: 'backward', network: 1, memory: new ArrayBuffer(0), pass: 1, parts: [] } as const;

const DONE = { bptt: 'done' } as const;

/** A thread that does at once what a function says of work, and of what it is to learn, and what it was asked. */
function threadOf(
  does: (control: Control) => void,
  learns: (courier: Courier) => void = courier => courier.hearReply(DONE),
) {
  const [control, courier] = [new Control(), new Courier()];
  const asked: Request[] = [];
  let reason: string | undefined;
  const stop = (why: string) => {
    reason = why;
    courier.hearEnd(why);
  };
  const ask = (request: Request) => {
    asked.push(request);
    if (request.kind === 'network') learns(courier);
    if ('memory' in request) does(control);
  };
  const thread = { control, courier, asked: 0, ask, ended: () => reason, stop };
  courier.begin(thread);
  return { thread, asked };
}

describe('a crew', () => {
  it('teaches a network to all, and waits for those who were asked', async () => {
    const [one, two] = [threadOf(control => control.end()), threadOf(control => control.end())];
    const crew = new Crew([one.thread, two.thread]);
    await crew.teach(network);
    crew.ask(0, work);
    crew.tell({ kind: 'forget', network: 1 });
    now(crew.wait());
    expect(one.asked).toEqual([network, work, { kind: 'forget', network: 1 }]);
    expect(two.asked).toEqual([network, { kind: 'forget', network: 1 }]);
  });

  it('says who cannot learn, and of what', async () => {
    const good = threadOf(() => {});
    const failure = { name: 'Error', message: 'RangeError: no such cell' };
    const wrong = threadOf(
      () => {},
      courier => courier.hearReply({ ...DONE, failure }),
    );
    await expect(new Crew([good.thread, wrong.thread]).teach(network)).rejects.toThrow('RangeError: no such cell');
    const gone = threadOf(
      () => {},
      () => gone.thread.stop('one that ended with code 1'),
    );
    await expect(new Crew([good.thread, gone.thread]).teach(network)).rejects.toThrow(
      new WorkerError('worker 2', 'a thread at work', 'one that ended with code 1'),
    );
  });

  it('leaves those alone that learn, and does not wait for them', async () => {
    const slow = threadOf(
      () => {},
      () => {},
    );
    const other = threadOf(control => control.end());
    const crew = new Crew([slow.thread, other.thread]);
    const taught = crew.teach(network);
    expect(crew.atWork).toEqual([1]);
    crew.tell({ kind: 'release', network: 2, pass: 1 });
    crew.ask(1, work);
    now(crew.wait());
    slow.thread.courier.hearReply(DONE);
    await taught;
    expect(crew.atWork).toEqual([0, 1]);
  });

  it('throws what a thread threw, as what it was, once', () => {
    const { thread } = threadOf(control => control.end(new MemoryError('a pass', 'bytes that there are', '7')));
    const crew = new Crew([thread]);
    crew.ask(0, work);
    expect(() => now(crew.wait())).toThrow(new MemoryError('a pass', 'bytes that there are', '7'));
    now(crew.wait());
  });

  it('says of an error that is not the library’s what it was called', () => {
    const { thread } = threadOf(control => control.end(new RangeError('too deep')));
    const crew = new Crew([thread]);
    crew.ask(0, work);
    expect(() => now(crew.wait())).toThrow('RangeError: too deep');
  });

  it('names a thread that ended before it was done, once, and goes on with the others', () => {
    const { thread } = threadOf(() => thread.stop('one that ended with code 1'));
    const crew = new Crew([threadOf(control => control.end()).thread, thread]);
    crew.ask(1, work);
    expect(() => now(crew.wait())).toThrow(
      new WorkerError('worker 2', 'a thread at work', 'one that ended with code 1'),
    );
    expect(crew.atWork).toEqual([0]);
    crew.ask(0, work);
    now(crew.wait());
    crew.ask(1, work); // a pass that it has the tape of
    expect(() => now(crew.wait())).toThrow('worker 2: expected a thread at work');
  });
});
