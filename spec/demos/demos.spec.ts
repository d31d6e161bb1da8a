/**
 * Every demo learns what it says, with its default seed and with two others. Minutes long, and therefore apart from
 * `npm test`: `npm run test:demos`.
 */
import { describe, expect, it } from 'vitest';
import { knownDemos } from '../../lib/cli/discover.ts';

describe.each(Object.values(await knownDemos()))('$name', demo => {
  it.each([1, 2, 3])('reaches its threshold with seed %d', seed => {
    const steps = demo.run(seed);
    let last = { done: 0, total: 0 };
    for (;;) {
      const { done, value } = steps.next();
      if (done) {
        expect(value.metric).toBeGreaterThanOrEqual(demo.threshold);
        expect(value.lines.length).toBeGreaterThan(0);
        break;
      }
      expect(value.done).toBeLessThanOrEqual(value.total);
      last = value;
    }
    expect(last.done).toBeGreaterThan(0);
  });
});
