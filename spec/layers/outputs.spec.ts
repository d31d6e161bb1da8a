/** Outputs that nobody goes back through: those of the pass, a copy, the tape given back. */
import { expect, it } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { randomSequence, randomState } from '../../lib/check/problem.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { delay } from '../../lib/layers/delay.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { outputsOf } from '../../lib/layers/outputs.ts';
import { Random } from '../../lib/random.ts';
import { watched } from './held.ts';

it('is y of the pass, which no later pass overwrites, and holds no tape', () => {
  const layer = recurrent(gru, { d: 2, m: 3 });
  normal(0.5)(layer.params, new Random(1));
  const { layer: watching, held } = watched(layer as Layer);
  const [x, other] = [1, 2].map(seed => randomSequence({ T: 4, B: 2, F: 2, lengths: [4, 3] }, new Random(seed)));
  if (!x || !other) throw new Error('there are two');
  const s0 = randomState(layer as Layer, 2, new Random(3));
  const expected = [...layer.forward(x, s0).y.data];
  const y = outputsOf(watching, x, s0);
  expect(held.size).toBe(0);
  outputsOf(watching, other);
  expect([...y.data]).toEqual(expected);
  expect(outputsOf(delay({ F: 2 }), x).data.slice(0, 8)).toEqual(Float64Array.of(0, 0, 0, 0, ...x.data.slice(0, 4)));
  expect([y.T, y.B, y.F, [...(y.lengths ?? [])]]).toEqual([4, 2, 3, [4, 3]]);
});
