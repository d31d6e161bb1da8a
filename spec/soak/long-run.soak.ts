/** Long runs and large models, with what they hold. */
import { expect, test } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { ngram } from '../../lib/models/ngram.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { checkpointed } from '../../lib/through-time/checkpointed.ts';
import { heldWhileTraining } from './memory.ts';

const STEPS = Number(process.env.BPTT_SOAK_STEPS ?? 1_000_000);

const print = (text: string) => process.stdout.write(`${text}\n`);

test(`memory is flat over ${STEPS} steps`, () => {
  const began = performance.now();
  const found = heldWhileTraining(STEPS, 10);
  const seconds = (performance.now() - began) / 1000;
  for (const { heap, arrays, wasm, blocks } of found)
    print(`heap ${heap}  arrays ${arrays}  WebAssembly ${wasm} of which given out ${blocks}`);
  print(`${STEPS} steps in ${seconds.toFixed(0)} s`);
  const [first, last] = [found[0], found.at(-1)];
  if (!first || !last) throw new Error('nothing was read');
  expect(last.heap - first.heap).toBeLessThan(2 ** 19);
  expect(last.arrays - first.arrays).toBeLessThan(2 ** 16);
  for (const { wasm, blocks } of found) expect({ wasm, blocks }).toEqual({ wasm: first.wasm, blocks: first.blocks });
});

test('a sequence of 100,000 steps, whole and checkpointed: the same gradient', () => {
  const T = 100_000;
  const rng = new Random(1);
  const data = Float64Array.from({ length: 4 * T }, () => rng.normal());
  const x = Sequence.dense(data, { T, F: 4 });
  const grads = [false, true].map(parts => {
    const layer = recurrent(lstm, { d: 4, m: 16 });
    normal(0.3)(layer.params, new Random(2));
    const whole = parts ? checkpointed(layer, {}) : layer;
    const { y, tape } = whole.forward(x);
    whole.backward(tape, y);
    return layer.params.grads.slice();
  });
  const [a = new Float64Array(), b = new Float64Array()] = grads;
  const largest = a.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
  expect(largest).toBeGreaterThan(1);
  const worst = a.reduce((most, g, i) => Math.max(most, Math.abs(g - (b[i] ?? Number.NaN))), 0) / largest;
  print(`T = 100,000: whole and checkpointed differ by ${worst.toExponential(1)} of the largest gradient`);
  expect(worst).toBeLessThan(1e-10);
});

test('2,048 hidden units', () => {
  const trainer = new CharTrainer('the quick brown fox jumps over the lazy dog\n'.repeat(9), { hidden: 2048 });
  const losses = [1, 2, 3].map(() => trainer.step().loss);
  print(`2,048 hidden units: losses ${losses.map(loss => loss.toFixed(3)).join(', ')}`);
  for (const loss of losses) expect(Number.isFinite(loss)).toBe(true);
});

test('n-grams of more strings than a Map holds', () => {
  let state = 1;
  const text = Int32Array.from({ length: 4_500_000 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % 5000;
  });
  const model = ngram(text, { C: 5000, order: 5 });
  print(`${model.counts} strings`);
  expect(model.counts).toBeGreaterThan(2 ** 24);
  expect(model.evaluate(text.subarray(0, 2000))).toBeLessThan(1);
});
