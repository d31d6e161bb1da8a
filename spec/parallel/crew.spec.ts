/** Threads that are waited for: one that ends, or says that something went wrong, is an error that names it, and no hang. */
import { describe, expect, it } from 'vitest';
import { MemoryError, WorkerError } from '../../lib/errors.ts';
import { Control } from '../../lib/parallel/control.ts';
import { Crew } from '../../lib/parallel/crew.ts';
import type { NetworkRequest, Request } from '../../lib/parallel/work.ts';

const network: NetworkRequest = { kind: 'network', network: 1, json: {}, backend: undefined, cells: undefined };
const work: Request = { kind: 'release', network: 1, pass: 1 };

/** A thread that does at once what a function says, and what it was asked. */
function threadOf(does: (control: Control) => void) {
  const control = new Control();
  const asked: Request[] = [];
  let reason: string | undefined;
  const stop = (why: string) => {
    reason = why;
  };
  const ask = (request: Request) => {
    asked.push(request);
    does(control);
  };
  return { thread: { control, known: new Set<number>(), asked: 0, ask, ended: () => reason, stop }, asked };
}

describe('a crew', () => {
  it('tells a network once to each, and waits for all', () => {
    const [one, two] = [threadOf(control => control.end()), threadOf(control => control.end())];
    const crew = new Crew([one.thread, two.thread]);
    crew.ask(0, network, work);
    crew.ask(0, network, work);
    crew.tell({ kind: 'forget', network: 1 });
    crew.ask(0, network, work);
    crew.wait();
    expect(one.asked).toEqual([network, work, work, { kind: 'forget', network: 1 }, network, work]);
    expect(two.asked).toEqual([]);
  });

  it('throws what a thread threw, as what it was, once', () => {
    const { thread } = threadOf(control => control.end(new MemoryError('a pass', 'bytes that there are', '7')));
    const crew = new Crew([thread]);
    crew.ask(0, network, work);
    expect(() => crew.wait()).toThrow(new MemoryError('a pass', 'bytes that there are', '7'));
    crew.wait();
  });

  it('says of an error that is not the library’s what it was called', () => {
    const { thread } = threadOf(control => control.end(new RangeError('too deep')));
    const crew = new Crew([thread]);
    crew.ask(0, network, work);
    expect(() => crew.wait()).toThrow('RangeError: too deep');
  });

  it('names a thread that ended before it was done, once, and goes on with the others', () => {
    const { thread } = threadOf(() => thread.stop('one that ended with code 1'));
    const crew = new Crew([threadOf(control => control.end()).thread, thread]);
    crew.ask(1, network, work);
    expect(() => crew.wait()).toThrow(new WorkerError('worker 2', 'a thread at work', 'one that ended with code 1'));
    expect(crew.atWork).toEqual([0]);
    crew.ask(0, network, work);
    crew.wait();
    crew.ask(1, network, work); // a pass that it has the tape of
    expect(() => crew.wait()).toThrow('worker 2: expected a thread at work');
  });
});
