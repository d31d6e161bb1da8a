/** A run that is killed and resumed, a few times; `spec/soak/kill.soak.ts` does it fifty times. */
import { expect, test } from 'vitest';
import { killedAndNot } from './killed.ts';

test('killed five times at random moments, a run ends with the bytes of one that is not', async () => {
  const { whole, killed, steps, last } = await killedAndNot(5);
  expect(killed).toEqual(whole);
  expect(Object.keys(killed.files)).toEqual([
    'best.safetensors',
    ...[last - 5, last].map(step => `checkpoint-${`${step}`.padStart(9, '0')}.safetensors`),
    'checkpoint.safetensors',
    'loss.csv',
    'loss.svg',
    'text.json',
  ]);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  expect(Math.max(...steps)).toBeGreaterThan(0);
});
