/** What a step of training allocates on the heap of JavaScript when it is warm, and that the figure sees what is made anew. */
import { describe, expect, it } from 'vitest';
import { allocated } from '../../bench/allocation.ts';
import { wasm } from '../../bench/backends.ts';
import { charStep } from '../../bench/cases/char-step.ts';
import type { Contender } from '../../bench/timing.ts';
import { gru } from '../../lib/cells/gru.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { squaredError } from '../../lib/losses/squared-error.ts';
import { Sequence } from '../../lib/sequence.ts';

/** Bytes a time of the least of some measurements: functions are compiled for speed when they have run often, on a busy machine later. */
async function settled({ run }: Contender, { below, tries }: { below: number; tries: number }): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < tries && least >= below; n++) least = Math.min(least, await allocated({ run }));
  return least;
}

describe('a warm step', () => {
  it('of the character model allocates less than 13 kB', async () => {
    const ours = charStep.open().ours(wasm, 'f64');
    expect(await settled(ours, { below: 13_000, tries: 30 })).toBeLessThan(13_000);
  });

  it('of a layer and its loss allocates half as much where their tapes are released', async () => {
    const [T, B, d, m] = [10, 4, 3, 5];
    const layer = recurrent(gru, { d, m });
    const [x, y] = [Sequence.zeros({ T, B, F: d }), Sequence.zeros({ T, B, F: m })];
    const step = (isReleased: boolean): Contender => ({
      run(times) {
        for (let n = 0; n < times; n++) {
          const { y: o, tape } = layer.forward(x);
          const { tape: judged } = squaredError.forward(o, y);
          layer.backward(tape, squaredError.backward(judged));
          if (!isReleased) continue;
          squaredError.release?.(judged);
          layer.release?.(tape);
        }
        return times / 4; // milliseconds, or so
      },
    });
    const kept = await settled(step(false), { below: 0, tries: 4 });
    expect(await settled(step(true), { below: kept / 2, tries: 30 })).toBeLessThan(kept / 2);
  });
});
