/** Pictures of much: more points than a function takes arguments. */
import { describe, expect, test } from 'vitest';
import { rnn } from '../lib/cells/rnn.ts';
import { plotChart, plotReach } from '../lib/flow/figures.ts';
import { probe } from '../lib/flow/networks.ts';
import { study } from '../lib/flow/study.ts';
import { plotCurves } from '../lib/plot.ts';
import { plotLoss } from '../lib/training/plot-loss.ts';

const MANY = 130_000;

describe('a picture of more points than a function takes arguments', () => {
  test('of the loss: the axis goes to the last', async () => {
    const rows = Array.from({ length: MANY }, (_, n) => ({ step: n + 1, loss: 3, smoothed: 3 }));
    const svg = await plotLoss({ rows, symbols: 40, heldOut: 2, caption: 'long' });
    expect(svg).toMatch(/>5M</);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  test('of curves, on both kinds of axes', async () => {
    const points = Array.from({ length: MANY }, (_, n): [number, number] => [n, 1 + n]);
    const curves = { x: 'x', y: 'y', series: [{ name: 'a', points }] };
    for (const svg of [await plotCurves(curves, 'long'), await plotChart({ ...curves, log: true }, 'long')]) {
      expect(svg).toMatch(/>a<\/text>/);
      expect(svg).not.toMatch(/NaN|Infinity/);
    }
  });

  test('of how far each step reaches', async () => {
    const steps = study(...drawn());
    let next = steps.next();
    while (!next.done) next = steps.next();
    const reach = Array.from({ length: 400 }, () => new Array<number>(400).fill(0.5));
    reach[7]?.fill(2, 7, 8);
    const svg = await plotReach({ ...next.value, reach, steps: 400 }, 'long');
    expect(svg).toMatch(/>2e\+0</);
  });
});

function drawn(): Parameters<typeof study> {
  const { layer, x, dy } = probe({ cell: rnn, init: 'uniform', d: 1, m: 2, seed: 1 }, 3);
  return [layer, x, dy];
}
