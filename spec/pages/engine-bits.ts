/** What the engine computes, to be compared between Node and a browser: bundled for the one, imported by the other. */
import { cells } from '../../lib/cells/index.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import type { EngineOptions } from '../../lib/engine/options.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { hasFma } from '../../lib/engine/wasm.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { FlatMatrix } from '../../lib/views.ts';

export interface Bits {
  /** Outputs and gradients of every cell, f64 and then f32. */
  readonly layers: readonly number[];
  /** Losses of a training, with what the runtime has for exp, log and cos. */
  readonly losses: readonly number[];
  /** The largest difference with fused multiply-adds, f64; undefined where there are none. */
  readonly fused: number | undefined;
}

export function bits(): Bits {
  const f64 = layers({});
  const fused = hasFma() ? layers({ fma: true }).map((x, i) => Math.abs(x - (f64[i] ?? Number.NaN))) : undefined;
  const trainer = new CharTrainer('the quick brown fox jumps over the lazy dog\n'.repeat(4), {
    cell: lstm,
    hidden: 16,
    initStd: 0.1,
  });
  return {
    layers: [...f64, ...layers({ precision: 'f32' })],
    losses: Array.from({ length: 30 }, () => trainer.step().loss),
    fused: fused?.reduce((most, difference) => Math.max(most, difference), 0),
  };
}

/** From uniform draws: the runtime's logarithm and cosine, of which normal ones are made, have other last bits elsewhere. */
function layers(options: EngineOptions): number[] {
  const extent = { T: 6, B: 5, lengths: [6, 6, 4, 2, 1] };
  return Object.values(cells).flatMap(cell => {
    const rng = new Random(9);
    const draw = () => 2 * rng.uniform() - 1;
    const sequence = (F: number) => Sequence.dense(Float64Array.from({ length: 30 * F }, draw), { ...extent, F });
    const layer = recurrent(cell as typeof lstm, { d: 4, m: 7 }, options) as Layer;
    for (const i of layer.params.values.keys()) layer.params.values[i] = draw();
    const state = () =>
      Object.fromEntries(
        Object.entries(layer.state).map(([name, columns]) => [
          name,
          new FlatMatrix(Float64Array.from({ length: 5 * columns }, draw), 5, columns),
        ]),
      );
    const { y, tape } = layer.forward(sequence(4), state());
    const { dx } = layer.backward(tape, sequence(7), state());
    return [...y.data, ...dx.data, ...layer.params.grads];
  });
}
