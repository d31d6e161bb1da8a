/** Threads that end, whether they are awaited and their events not heard, or are heard: an error that names them, and nothing waits for ever. */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { WorkerError } from '../../lib/errors.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { help, type ParallelLayer, parallel } from '../../lib/parallel/index.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Port } from '../../lib/worker/port.ts';

const started: Worker[] = [];

/** Threads with little memory, that can be got at. */
class Small extends Worker {
  constructor(program: string | URL, options: WorkerOptions) {
    super(program, { ...options, resourceLimits: { maxOldGenerationSizeMb: 100 } });
    this.on('error', () => {});
    started.push(this);
  }
}

beforeAll(() => {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ Worker: Small } as never);
});
afterAll(() => vi.restoreAllMocks());

const network = () => recurrent(lstm, { d: 2, m: 2 }) as Layer;
const x = Sequence.zeros({ T: 1, B: 64, F: 2 });

function dying(way: string, memory: 'shared' | 'copied' = 'shared'): Promise<ParallelLayer> {
  const cells = new URL(`../fixtures/dying.js?way=${way}`, import.meta.url);
  return parallel(network(), { workers: 2, cells, memory });
}

describe('a thread that ends while it is awaited', () => {
  it.each<[way: string, got: string]>([
    ['throws', 'one that failed: lost'],
    ['exits', 'one that ended with code 7'],
    ['memory', 'one that was stopped, or had no memory left'],
  ])('by its way “%s” is named, and the next pass is done without it', async (way, got) => {
    const layer = await dying(way);
    const before = performance.now();
    expect(() => layer.forward(x)).toThrow(new WorkerError('worker 1', 'a thread at work', got));
    if (way !== 'memory') expect(performance.now() - before).toBeLessThan(20_000); // of a machine that others keep busy
    expect(layer.forward(x).y.B).toBe(64);
  });

  it('by being stopped from outside is named or, where it is gone before it is asked, done without', async () => {
    const layer = await dying('waits');
    void started.at(-1)?.terminate();
    const before = performance.now();
    const named = new WorkerError('worker 1', 'a thread at work', 'one that was stopped, or had no memory left');
    const first = pass(layer);
    if (first instanceof Error) expect(first).toEqual(named);
    else expect(first).toBe(64);
    expect(performance.now() - before).toBeLessThan(20_000);
    expect(pass(layer)).toBe(64);
  });
});

describe('a thread that ends while its memory is with it', () => {
  it.each<[way: string, got: string]>([
    ['throws', 'one that failed: lost'],
    ['exits', 'one that ended with code 7'],
    ['memory', 'one that failed: Worker terminated due to reaching memory limit: JS heap out of memory'],
  ])('by its way “%s” is named, and the next pass is done without it', async (way, got) => {
    const layer = await dying(way, 'copied');
    const pass = layer.forwardAsync(x);
    await expect(pass).rejects.toThrow(new WorkerError('worker 1', 'a thread at work', got));
    expect((await layer.forwardAsync(x)).y.B).toBe(64);
  });

  it('by being stopped from outside is named, by what is seen first', async () => {
    const layer = await dying('waits', 'copied');
    const pass = layer.forwardAsync(x);
    void started.at(-1)?.terminate();
    await expect(pass).rejects.toThrow(WorkerError);
    await expect(pass).rejects.toThrow(
      /^worker 1: .*, got one that (ended with code 1|was stopped, or had no memory left)$/,
    );
    expect((await layer.forwardAsync(x)).y.B).toBe(64);
  });
});

/** A worker of which this is all that is heard. */
class Silent extends EventTarget implements Port {
  readonly heard: unknown[] = [];
  postMessage(message: unknown): void {
    this.heard.push(message);
  }
}

/** A worker that answers the greeting and, where it learns, what it is taught; and nothing else. */
class Greeting extends Silent {
  readonly learns: boolean;

  constructor(learns: boolean = true) {
    super();
    this.learns = learns;
  }

  override postMessage(message: unknown): void {
    super.postMessage(message);
    if (this.heard.length === 1) this.say('message', { data: { bptt: 'helps' } });
    if (this.heard.length === 2 && this.learns) this.say('message', { data: { bptt: 'done' } });
  }

  say(type: string, fields: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(type), fields));
  }
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a worker that helps', () => {
  it('works by messages, through any port, and is done without when that is closed', async () => {
    const { port1, port2 } = new MessageChannel();
    help(port2 as unknown as Port);
    const layer = await parallel(network(), { workers: 2, memory: 'copied', helper: () => port1 as unknown as Port });
    expect((await layer.forwardAsync(x)).y.data).toEqual(layer.forward(x).y.data);
    const pass = layer.forwardAsync(x);
    port1.close();
    await expect(pass).rejects.toThrow(new WorkerError('worker 1', 'a thread at work', 'one whose port was closed'));
    expect((await layer.forwardAsync(x)).y.B).toBe(64);
  });

  it('that never answers is named within a minute', async () => {
    vi.useFakeTimers();
    const worker = new Silent();
    const made = parallel(network(), { workers: 2, memory: 'copied', helper: () => worker });
    const refused = expect(made).rejects.toThrow(
      new WorkerError(
        'a worker',
        'a thread at work',
        'one that has not answered for 60 s: its file has to call help()',
      ),
    );
    await vi.advanceTimersByTimeAsync(59_999);
    expect(worker.heard).toEqual([{ bptt: 'help' }]);
    await vi.advanceTimersByTimeAsync(1);
    await refused;
  });

  it.each(['shared', 'copied'] as const)('that learns nothing is named within a minute: %s', async memory => {
    vi.useFakeTimers();
    const made = parallel(network(), { workers: 2, memory, helper: () => new Greeting(false) });
    const named = new WorkerError('worker 1', 'a thread at work', 'one that has not answered for 60 s');
    const refused = expect(made).rejects.toThrow(named);
    await vi.advanceTimersByTimeAsync(60_100);
    await refused;
  });

  it.each<[type: string, fields: object, got: string]>([
    ['error', { message: 'lost' }, 'one that failed: lost'],
    ['error', {}, 'one that failed: it cannot be loaded'],
    ['messageerror', {}, 'one whose message cannot be read'],
    ['close', {}, 'one whose port was closed'],
  ])('and says “%s” %o is named, whether it is awaited or not yet ready', async (type, fields, got) => {
    const worker = new Greeting();
    const layer = await parallel(network(), { workers: 2, memory: 'copied', helper: () => worker });
    const pass = layer.forwardAsync(x);
    worker.say(type, fields);
    await expect(pass).rejects.toThrow(new WorkerError('worker 1', 'a thread at work', got));
    expect((await layer.forwardAsync(x)).y.B).toBe(64);

    vi.useFakeTimers();
    const silent = new Silent();
    const made = parallel(network(), { workers: 2, memory: 'copied', helper: () => silent });
    await vi.advanceTimersByTimeAsync(0); // then it is asked for
    silent.dispatchEvent(Object.assign(new Event(type), fields));
    await expect(made).rejects.toThrow(new WorkerError('a worker', 'a thread at work', got));
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a pool is filled once, however many ask at once', async () => {
  const before = started.length;
  await Promise.all([1, 2, 3].map(() => parallel(network(), { workers: 6 })));
  expect(started.length - before).toBeLessThanOrEqual(5);
});

/** The sequences of a pass that is made, or what it throws. */
function pass(layer: Layer): unknown {
  try {
    return layer.forward(x).y.B;
  } catch (error) {
    return error;
  }
}
