/** The kills of `spec/cli/kill.spec.ts`, fifty of them. */
import { expect, test } from 'vitest';
import { killedAndNot } from '../cli/killed.ts';

test('killed fifty times at random moments, a run ends with the bytes of one that is not', async () => {
  const { whole, killed, steps } = await killedAndNot(50);
  expect(killed).toEqual(whole);
  expect(steps).toHaveLength(50);
  expect(new Set(steps).size).toBeGreaterThan(25);
  process.stdout.write(`SIGKILL with the newest checkpoint at step ${steps.join(', ')}\n`);
});
