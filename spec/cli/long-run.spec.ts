/** Long runs, scaled down: nothing piles up, and what is large is trained or refused. `npm run soak` takes a million steps. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { run } from '../../lib/cli/program.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { held, heldWhileTraining } from '../soak/memory.ts';
import { freshFolder } from './command.ts';

test('memory is flat from step to step', () => {
  heldWhileTraining(1500, 2); // compiles what runs often
  const found = heldWhileTraining(3000, 7).slice(3); // as the first half of a training does, of its own kernels
  const [first, last] = [found[0], found.at(-1)];
  if (!first || !last) throw new Error('nothing was read');
  // Of two readings the least: what is being compiled at one, whenever a thread comes to that, is 0.4 MB.
  const least = (readings: typeof found) => Math.min(...readings.map(({ heap }) => heap));
  expect(least(found.slice(-2)) - least(found.slice(0, 2))).toBeLessThan(2 ** 19); // some more compiled code; a gradient a step were 2.7 MB
  expect(last.arrays - first.arrays).toBeLessThan(2 ** 16);
  for (const { wasm, blocks } of found) expect({ wasm, blocks }).toEqual({ wasm: first.wasm, blocks: first.blocks });
});

test('a training leaves no listener, no handle and no block behind', async () => {
  const folder = freshFolder();
  const text = join(folder, 'letters.txt');
  writeFileSync(text, 'the quick brown fox jumps over the lazy dog\n'.repeat(5));
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const few = ['--hidden', '4', '--chunk', '5', '--steps', '4', '--save-every', '2', '--sample-length', '5', '--json'];
  const once = (name: string) => run(['train', text, ...few, '--out', join(folder, name)]);
  await once('first');
  const before = held();
  for (let n = 0; n < 4; n++) await once(`${n}`);
  const { listeners, blocks, wasm } = held();
  write.mockRestore();
  expect(process.exitCode).toBe(0);
  expect({ listeners, blocks, wasm }).toEqual({
    listeners: before.listeners,
    blocks: before.blocks,
    wasm: before.wasm,
  });
  // Those of the test's runner, which tells how far it is, come and go.
  await vi.waitUntil(() => held().handles <= before.handles, 600_000);
});

test('a vocabulary of 10,000 symbols', () => {
  const symbols = Array.from({ length: 10_000 }, (_, k) => String.fromCodePoint(0x4e00 + k)).join('');
  const trainer = new CharTrainer(symbols, { hidden: 4, chunk: 5, heldOut: 0 });
  const losses = [1, 2].map(() => trainer.step().loss);
  expect(trainer.model.vocabulary.size).toBe(10_000);
  for (const loss of losses) expect(loss).toBeCloseTo(Math.log(10_000), 2);
});
