/** Workers of a page that work for one of them: the bits of Node on any number of them, and what is said where there cannot be any. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { browser, openPage } from './browser.ts';
import { parallelBits } from './parallel-bits.ts';
import { fileOf, pageWith } from './readme.ts';
import { serve } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-parallel-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HELPER = "() => new Worker('helper.js', { type: 'module' })";

const FILES: Readonly<Record<string, string>> = {
  helper: fileOf('helper.js'),
  worker: `
    import { parallelBits } from './spec/pages/parallel-bits.ts';
    onmessage = async ({ data }) => {
      try { postMessage(await parallelBits({ ...data, helper: ${HELPER} })); } catch (error) { postMessage(String(error)); }
    };`,
  bits: `
    import { parallelBits } from './spec/pages/parallel-bits.ts';
    const worker = new Worker('worker.js', { type: 'module' });
    globalThis.bits = options => new Promise(resolve => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(options);
    });
    globalThis.here = options => parallelBits({ ...options, helper: ${HELPER} }).catch(String);`,
  'learn-fast': fileOf('learn-fast.js'),
  write: `
    import { connectTrainer } from 'bptt/worker';
    globalThis.file = async workers => {
      const given = { text: 'so long lives this, and this gives life to thee. '.repeat(200), workers, hidden: 8, batch: 70 };
      const trainer = connectTrainer(new Worker('learn-fast.js', { type: 'module' }), given, { steps: 3 });
      for await (const _ of trainer);
      return Array.from(await trainer.save());
    };`,
  cells: "export { leaky } from './spec/fixtures/leaky.js';",
  own: `
    import { normal, Random, recurrent, Sequence } from 'bptt';
    import { parallel } from 'bptt/parallel';
    onmessage = async ({ data: workers }) => {
      const { leaky } = await import(new URL('cells.js', location));
      const net = recurrent(leaky, { d: 3, m: 4 });
      normal(0.5)(net.params, new Random(1));
      const layer = await parallel(net, { workers, cells: new URL('cells.js', location), helper: ${HELPER} });
      const { y, tape } = layer.forward(Sequence.dense(Array.from({ length: 640 * 3 }, (_, n) => Math.sin(n)), { T: 10, B: 64, F: 3 }));
      layer.backward(tape, y);
      postMessage(Array.from(net.params.grads));
    };`,
  owns: `
    globalThis.grads = workers => new Promise(resolve => {
      const worker = new Worker('own.js', { type: 'module' });
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(workers);
    });`,
  // Does no pass that it is asked for, and ends as its address says.
  dying: `
    import { help } from 'bptt/parallel';
    const ways = { closes: () => self.close(), throws: () => reportError(new Error('lost')), waits() {} };
    addEventListener('message', event => {
      if (!('kind' in event.data) || event.data.kind === 'network') return;
      event.stopImmediatePropagation();
      ways[new URL(location).searchParams.get('way')]();
    });
    help();`,
  mourner: `
    import { lstm, recurrent, Sequence } from 'bptt';
    import { parallel } from 'bptt/parallel';
    const x = Sequence.zeros({ T: 1, B: 64, F: 2 });
    onmessage = async ({ data: { way, memory, file } }) => {
      const started = [];
      const helper = () => {
        started.push(new Worker(file ?? 'dying.js?way=' + way, { type: 'module' }));
        return started.at(-1);
      };
      const said = [];
      try {
        const layer = await parallel(recurrent(lstm, { d: 2, m: 2 }), { workers: 2, memory, helper });
        const pass = async () => (memory === 'copied' ? await layer.forwardAsync(x) : layer.forward(x)).y.B;
        if (way === 'waits' && memory === 'shared') started[0].terminate();
        const first = pass();
        if (way === 'waits' && memory === 'copied') started[0].terminate();
        await first.catch(error => said.push(String(error)));
        said.push(await pass());
      } catch (error) {
        said.push(String(error));
      }
      postMessage(said);
    };`,
  deaths: `
    globalThis.death = (way, memory, file) => new Promise(resolve => {
      const worker = new Worker('mourner.js', { type: 'module' });
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage({ way, memory, file });
    });`,
};

beforeAll(async () => {
  const alias = {
    bptt: './lib/index.ts',
    'bptt/parallel': './lib/parallel/index.ts',
    'bptt/worker': './lib/worker/index.ts',
  };
  for (const [name, contents] of Object.entries(FILES)) {
    await build({
      stdin: { contents, resolveDir: ROOT },
      ...{ bundle: true, platform: 'browser', format: 'esm', alias, logLevel: 'silent' },
      outfile: join(folder, `${name}.js`),
    });
  }
  for (const page of ['bits', 'write', 'owns', 'deaths'])
    writeFileSync(join(folder, `${page}.html`), pageWith(`${page}.js`));
});

const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

async function pageOf(name: string, headers: Readonly<Record<string, string>>) {
  const { page, problems } = await openPage(`${await serve(folder, headers)}/${name}.html`);
  return { problems, ask: (what: string) => page.evaluate<unknown>(what) };
}

describe.skipIf(!browser)('in Chromium', () => {
  test('a worker has the bits of Node on 1, 2, 3 and 8 workers, of a page that is isolated', async () => {
    const { ask, problems } = await pageOf('bits', ISOLATED);
    const node = await parallelBits({ workers: 2 });
    for (const workers of [1, 2, 3, 8]) expect(await ask(`bits({ workers: ${workers} })`)).toEqual(node);
    expect(await ask(`bits({ workers: 3, memory: 'copied', isAwaited: true })`)).toEqual(node);
    expect(problems).toEqual([]);
  });

  test('so has one of a page that is not, where the others are awaited', async () => {
    const { ask, problems } = await pageOf('bits', {});
    const node = await parallelBits({ workers: 1 });
    for (const workers of [1, 2, 3, 8])
      expect(await ask(`bits({ workers: ${workers}, isAwaited: true })`)).toEqual(node);
    expect(await ask('bits({ workers: 3 })')).toEqual(node);
    expect(await ask(`bits({ workers: 2, memory: 'shared' })`)).toMatch(
      /^ValueError: memory: expected "copied", or a page that is cross-origin isolated/,
    );
    expect(problems).toEqual([]);
  });

  test('so has a page itself', async () => {
    const node = await parallelBits({ workers: 1 });
    for (const headers of [ISOLATED, {}]) {
      const { ask, problems } = await pageOf('bits', headers);
      expect(await ask('here({ workers: 3, isAwaited: true })')).toEqual(node);
      expect(problems).toEqual([]);
    }
    const { ask } = await pageOf('bits', ISOLATED);
    expect(await ask(`here({ workers: 2, memory: 'shared' })`)).toMatch(
      /^ValueError: memory: expected "copied", or a worker that trains/,
    );
  });

  test('cells of a module are imported by all before anyone waits', async () => {
    const { ask, problems } = await pageOf('owns', ISOLATED);
    const alone = await ask('grads(1)');
    expect(alone).toHaveLength(4 * 4 + 4 * 3 + 4);
    expect(await ask('grads(3)')).toEqual(alone);
    expect(problems).toEqual([]);
  });

  test('a model of characters is trained to the same bytes on 1 and 3 workers, isolated or not', async () => {
    const files: unknown[] = [];
    for (const headers of [ISOLATED, {}]) {
      const { ask, problems } = await pageOf('write', headers);
      files.push(await ask('file(1)'), await ask('file(3)'));
      expect(problems).toEqual([]);
    }
    for (const file of files) expect(file).toEqual(files[0]);
  });
});

describe.skipIf(!browser)('in Chromium, a helper that ends', () => {
  test.each<[memory: string, headers: Readonly<Record<string, string>>]>([
    ['shared', ISOLATED],
    ['copied', {}],
  ])('while it is awaited is named, and the next pass is done without it: %s', async (memory, headers) => {
    const { ask } = await pageOf('deaths', headers);
    const named = (why: string) => `WorkerError: worker 1: expected a thread at work, got one that ${why}`;
    const stopped = [named('was stopped, or had no memory left'), 64];
    expect(await ask(`death('closes', '${memory}')`)).toEqual(stopped);
    // One that shares memory is stopped before the pass: where it is gone before it is asked, it is done without.
    expect(memory === 'shared' ? [stopped, [64]] : [stopped]).toContainEqual(await ask(`death('waits', '${memory}')`));
    expect(await ask(`death('throws', '${memory}')`)).toEqual([
      expect.stringMatching(/^WorkerError: worker 1: expected a thread at work, got one that failed: .*lost/),
      64,
    ]);
  });

  test('before it is ready is named', async () => {
    const { ask } = await pageOf('deaths', {});
    expect(await ask(`death('waits', 'copied', 'none.js')`)).toEqual([
      'WorkerError: a worker: expected a thread at work, got one that failed: it cannot be loaded',
    ]);
  });
});
