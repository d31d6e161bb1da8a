/** Every demo computes with what it is told to. Only how it begins is looked at; how it ends, `demos.spec.ts` does. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { demoCommand } from '../../lib/cli/demo/command.ts';
import { knownDemos } from '../../lib/cli/discover.ts';
import type { Demo, DemoProgress } from '../../lib/demos/demo.ts';
import type { Backend } from '../../lib/engine/options.ts';
import { wasmProducts } from '../../lib/engine/products.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import type { Engine } from '../../lib/models/network.ts';
import { readoutLayer, recurrentLayer } from '../../lib/models/network.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';

const demos = Object.values(await knownDemos());

/** The first that a demo shows. */
function begin(demo: Demo, engine?: Engine): DemoProgress {
  const { value } = demo.run(1, engine === undefined ? {} : { engine }).next();
  if (!('note' in value)) throw new Error(`${demo.name} showed nothing`);
  return value;
}

/** WebAssembly, which says how often it was asked for its products. */
function counted(): { readonly backend: Backend; count: number } {
  const seen = { backend: { name: 'counted', products }, count: 0 };
  function products(...[runtime]: Parameters<Backend['products']>): ReturnType<Backend['products']> {
    seen.count += 1;
    return wasmProducts(runtime);
  }
  return seen;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

// First, while nothing is compiled: a module that is stays in use.
describe('the reference, with seed 1', () => {
  it.each(demos)('$name needs no WebAssembly, and without it the engine fails', demo => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(begin(demo, 'reference').done).toBeGreaterThan(0);
    expect(() => begin(demo)).toThrow();
  });

  it('is what bptt demo --backend reference takes, and writes what the engine does', async () => {
    const printed: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation(text => printed.push(String(text)) > 0);
    const hello = (backend: string): Promise<unknown> =>
      demoCommand({}).parseAsync(['hello', '--backend', backend, '--json'], { from: 'user' });
    vi.stubGlobal('WebAssembly', undefined);
    await hello('reference');
    await expect(hello('wasm')).rejects.toThrow();
    vi.unstubAllGlobals();
    await hello('wasm');
    const [slow, fast] = printed.map(line => ({ ...(JSON.parse(line) as object), seconds: 0 }));
    expect(slow).toMatchObject({ ok: true, demo: 'hello', metric: 4 });
    expect(fast).toEqual(slow);
  });
});

describe('the engine, with seed 1', () => {
  it.each(demos)('$name asks the backend that it is given, and shows the same with any', demo => {
    const other = counted();
    const shown = begin(demo, { backend: other.backend });
    expect(other.count).toBeGreaterThan(0);
    expect(shown).toEqual(begin(demo));
  });

  it('layers are the same to 1e-12 on either', () => {
    const net = (engine: Engine): Layer => {
      const size = { d: 3, m: 5 };
      const layers = { rnn: recurrentLayer(rnn, size, engine), out: readoutLayer({ m: 5, C: 2 }, engine) };
      const made = stack(layers);
      normal(0.7)(made.params, new Random(1));
      return made;
    };
    const rng = new Random(2);
    const x = Sequence.dense(
      Array.from({ length: 4 * 2 * 3 }, () => rng.normal()),
      { T: 4, B: 2, F: 3 },
    );
    const [fast, slow] = [{}, 'reference' as const].map(engine => {
      const layer = net(engine);
      const { y, tape } = layer.forward(x);
      layer.backward(tape, y);
      return [...y.data, ...layer.params.grads];
    });
    if (!fast || !slow) throw new Error('there are two of them');
    expect(slow.some(number => Math.abs(number) > 0.1)).toBe(true);
    fast.forEach((number, n) => {
      expect(Math.abs(number - (slow[n] ?? Number.NaN))).toBeLessThan(1e-12);
    });
  });

  it('bptt demo knows no other backend', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const command = demoCommand({}).exitOverride();
    await expect(command.parseAsync(['hello', '--backend', 'abacus'], { from: 'user' })).rejects.toThrow(
      /wasm, blas, reference, auto/,
    );
  });
});
