/** Every kind of case is verified, and every kind of mistake in one is found. */
import { describe, expect, it } from 'vitest';
import { type Backend, backends, reference, wasm } from '../../bench/backends.ts';
import type { Case, Verification } from '../../bench/cases/case.ts';
import { charStep } from '../../bench/cases/char-step.ts';
import { cases, chosenCases } from '../../bench/cases/index.ts';
import { kernelsCase } from '../../bench/cases/kernels.ts';
import { layerCase } from '../../bench/cases/layers.ts';
import { productCase } from '../../bench/cases/product.ts';
import { trainCase } from '../../bench/cases/train.ts';
import { peakMemory } from '../../bench/memory.ts';
import { deviation } from '../../bench/tensors.ts';
import { Verifier } from '../../bench/verify.ts';
import type { Precision } from '../../lib/engine/precision.ts';
import { ValueError } from '../../lib/errors.ts';
import { doubled, largerDx, largerY, withLayers, withProducts, withTwice } from './planted.ts';

const small = [3, 4, 3, 5] as const;
const verified = (which: Case, backend: Backend, precision: Precision): Verification =>
  new Verifier(which.open(), which.work).verify(backend, precision);

describe('what is right is verified', () => {
  it.each<Case>([
    layerCase('lstm', small),
    layerCase('gru', small, { ragged: true }),
    layerCase('rnn', small, { topology: 'bidirectional' }),
    layerCase('lstm', small, { topology: 'stacked' }),
    charStep,
    trainCase(1, [5, 3, 4]),
    productCase(9),
    kernelsCase(8, 3, 4),
  ])('$name', which => {
    expect(verified(which, wasm, 'f64')).toMatchObject({ ok: true, by: 'the reference', bound: 1e-12 });
    expect(verified(which, wasm, 'f32')).toMatchObject({ ok: true, by: 'f64', bound: 1e-4 });
    expect(verified(which, reference, 'f64')).toMatchObject({ ok: true, by: 'wasm' });
  });
});

it('training by two threads is verified', async () => {
  const shards = trainCase(2, [5, 33, 4]);
  await shards.prepare?.([wasm]);
  expect(shards).toMatchObject({ workers: 2, name: 'train-lstm-m5-B33-T4-workers2' });
  expect(verified(shards, wasm, 'f64')).toMatchObject({ ok: true, by: 'the reference' });
  expect(verified(shards, wasm, 'f32')).toMatchObject({ ok: true, by: 'f64' });
});

it('a layer that three threads share is verified, and timed as such', async () => {
  const shared = layerCase('lstm', [3, 4, 70, 5], { workers: 3, series: { along: 'workers', at: 3 } });
  expect(shared).toMatchObject({ name: 'scaling-workers3', workers: 3 });
  await shared.prepare?.([wasm, reference]);
  expect(verified(shared, wasm, 'f64')).toMatchObject({ ok: true, by: 'the reference' });
  expect(verified(shared, reference, 'f64')).toMatchObject({ ok: true, by: 'wasm' });
  expect(shared.open().spotCheck?.(wasm)).toMatchObject({ ok: true, by: 'dot test, and the reference over 5 steps' });
});

it('a batch of several shards is run by several threads, too, and a product by those of a BLAS', async () => {
  const threads = { ...wasm, name: 'threads', threads: { each: wasm, count: 2 } };
  const both = layerCase('gru', [3, 4, 33, 5]);
  await both.prepare?.([wasm, threads]);
  expect(both.gains?.(threads)).toBe(true);
  expect(verified(both, threads, 'f64')).toMatchObject({ ok: true, by: 'the reference' });
  expect(verified(both, threads, 'f32')).toMatchObject({ ok: true, by: 'f64' });
  expect([layerCase('gru', small), charStep].map(each => each.gains?.(threads) ?? false)).toEqual([false, false]);
  expect(
    Object.values(backends)
      .filter(backend => productCase(9).gains?.(backend))
      .map(({ name }) => name),
  ).toEqual(['blas', 'blas-threads']);
});

describe('what is wrong is not', () => {
  const onlyF32: Backend = withLayers((layer, precision) => (precision === 'f32' ? largerDx(layer) : layer));
  const wrongC: Backend = withProducts(product => ({
    ...product,
    result: how => ({ C: Float64Array.from(product.result(how).C ?? [], (c, n) => (n === 7 ? c + 1e-6 : c)) }),
  }));

  it.each<readonly [string, Case, Backend, Precision, string]>([
    ['a wrong dx', layerCase('gru', small), withLayers(largerDx), 'f64', 'dx'],
    ['one wrong element of a gradient', layerCase('lstm', small), withLayers(doubled), 'f64', 'd'],
    ['a wrong function', layerCase('rnn', small, { topology: 'stacked' }), withLayers(largerY), 'f64', ''],
    ['f32 alone', layerCase('lstm', small), onlyF32, 'f32', 'dx'],
    ['a step of training', charStep, withTwice(), 'f64', 'd'],
    ['a step of training in streams', trainCase(1, [5, 3, 4]), withTwice(), 'f64', 'd'],
    ['a product', productCase(9), wrongC, 'f64', 'C'],
  ])('%s', (_what, which, backend, precision, tensor) => {
    const verification = verified(which, backend, precision);
    expect(verification.ok).toBe(false);
    expect(verification.tensor).toContain(tensor);
  });

  it('f32 of a backend whose f64 is wrong', () => {
    const wrong = withLayers((layer, precision) => (precision === 'f64' ? largerDx(layer) : layer));
    expect(verified(layerCase('lstm', small), wrong, 'f32')).toMatchObject({ ok: false, by: 'the reference' });
  });
});

describe('where the reference would take too long', () => {
  const opened = layerCase('lstm', [5, 8, 3, 20]).open();
  const verify = (backend: Backend) => new Verifier(opened, { flops: 1e12, numbers: 0 }).verify(backend, 'f64');

  it('what is right is verified by a dot test and the first steps', () => {
    expect(verify(wasm)).toMatchObject({ ok: true, by: 'dot test, and the reference over 20 steps' });
  });

  it('a second backend is held against the first, if that is right', () => {
    const second = { ...wasm, name: 'second' };
    const verifier = new Verifier(opened, { flops: 1e12, numbers: 0 });
    expect(verifier.verify(withLayers(largerDx), 'f64').ok).toBe(false);
    expect(verifier.verify(wasm, 'f64').by).toMatch(/^dot test/);
    expect(verifier.verify(second, 'f64')).toMatchObject({ ok: true, by: 'wasm' });
    expect(verifier.verify(withLayers(doubled), 'f64')).toMatchObject({ ok: false, by: 'wasm' });
  });

  it('a mistake in the first steps is found by the reference', () => {
    expect(verify(withLayers(largerY))).toMatchObject({ ok: false, bound: 1e-12 });
  });

  it('a mistake that does not show there is found by the dot test', () => {
    let layers = 0;
    const laterOnly = withLayers(layer => {
      layers += 1;
      return layers > 1 ? doubled(layer) : layer;
    });
    expect(verify(laterOnly)).toMatchObject({ ok: false, tensor: 'the whole gradient' });
  });
});

it('memory is what is held at most at once, to the byte', () => {
  const memory = (T: number) => peakMemory(layerCase('rnn', [8, 8, 1, T]).open(), wasm, 'f64');
  const each = (memory(2000) ?? 0) - (memory(1000) ?? 0);
  expect(each).toBe((memory(3000) ?? 0) - (memory(2000) ?? 0));
  const kept = 8 * 8 * 5; // x, a, h; then dy, da
  const outside = 8 * 8 * 4; // x, dx, y, dy
  expect(each).toBeGreaterThanOrEqual(1000 * (kept + outside));
  expect(each).toBeLessThan(1300 * (kept + outside + 8 * 8));
  expect(peakMemory(layerCase('rnn', small).open(), reference, 'f64')).toBeNull();
});

describe('deviation', () => {
  const of = (...numbers: number[]) => Float64Array.from(numbers);

  it('is the largest over the largest number, and names its tensor', () => {
    const found = deviation({ a: of(1, 2), b: of(5, 0) }, { a: of(1, 2), b: of(4, 0) }, { whole: true });
    expect(found).toEqual({ tensor: 'b', worst: 0.25 });
  });

  it.each([
    [{ a: of(Number.NaN) }, { a: of(Number.NaN) }],
    [{ a: of(1) }, { a: of(Number.NaN) }],
    [{ a: of(1, 1) }, { a: of(1) }],
    [{ a: of(1) }, { b: of(1) }],
    [{ a: of(1e-9) }, { a: of(0) }],
    [{}, {}],
  ])('is infinite between %o and %o', (actual, expected) => {
    expect(deviation(actual, expected, { whole: false }).worst).toBe(Number.POSITIVE_INFINITY);
  });

  it('misses what is missing only where it should be there', () => {
    const [part, all] = [{ a: of(1) }, { a: of(1), b: of(2) }];
    expect(deviation(part, all, { whole: false }).worst).toBe(0);
    expect(deviation(part, all, { whole: true })).toEqual({ tensor: 'b', worst: Number.POSITIVE_INFINITY });
  });
});

describe('the selection', () => {
  const names = (chosen: readonly Case[]) => chosen.map(({ name }) => name);

  it('has at least 20 cases by default, and more with --full; every name once', () => {
    const [some, all] = [chosenCases(undefined, false), chosenCases(undefined, true)];
    expect(some.length).toBeGreaterThanOrEqual(20);
    expect(all.length).toBeGreaterThan(some.length);
    expect(new Set(names(cases)).size).toBe(cases.length);
  });

  it('takes whole names, of large cases too, and beginnings', () => {
    expect(names(chosenCases(['char-step', 'lstm-d512-m512-B32-T50'], false))).toEqual([
      'lstm-d512-m512-B32-T50',
      'char-step',
    ]);
    expect(names(chosenCases(['gru'], false)).every(name => name.startsWith('gru'))).toBe(true);
    expect(names(chosenCases(['gru'], true)).length).toBeGreaterThan(names(chosenCases(['gru'], false)).length);
    expect(() => chosenCases(['lstm', 'ltsm'], false)).toThrow(ValueError);
  });
});
