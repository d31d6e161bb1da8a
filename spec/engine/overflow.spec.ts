/** Finite numbers that f32 does not hold are refused by name, wherever they come in; what comes out too large is Infinity. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { rnnRelu } from '../../lib/cells/rnn.ts';
import { linear } from '../../lib/engine/linear.ts';
import { runtime } from '../../lib/engine/precision.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { type Layer, zeroState } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { digest } from '../fuzz/values.ts';

/** The largest number of 32 bits, and the least that becomes Infinity where it is rounded to them. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;
const BEYOND = (2 - 2 ** -24) * 2 ** 127;

const EXTENT = { T: 3, B: 2, lengths: [3, 2] };
const made: readonly (readonly [string, () => Layer])[] = [
  ...Object.values<Cell>(cells).map(cell => {
    return [cell.name, () => recurrent(cell, { d: 3, m: 5 }, { precision: 'f32' }) as Layer] as const;
  }),
  ['linear', () => linear({ m: 3, C: 5 }, { precision: 'f32' }) as Layer],
];

describe.each(made)('%s', (_, make) => {
  const layer = make();
  normal(0.5)(layer.params, new Random(1));
  const sequence = (F: number, at?: number, value: number = 0) =>
    Sequence.over(
      Float64Array.from({ length: 6 * F }, (_, n) => (n === at ? value : Math.sin(n))),
      { ...EXTENT, F },
    );
  const state = (name: string, value: number) => ({
    ...zeroState(layer.state, 2),
    [name]: Matrix.zeros(2, 5).set(1, 2, value),
  });

  it('refuses what it is given beyond 3.4e38, and changes nothing', () => {
    const { heap } = runtime('f32', false);
    const { y, tape } = layer.forward(sequence(3));
    layer.backward(tape, y);
    const before = digest([layer.params.grads, heap.held]);
    const says = (place: string, x: number) => `${place}: expected a number that f32 holds (at most 3.4e38), got ${x}`;
    for (const x of [BEYOND, -BEYOND, 1e39, -1e300]) {
      expect(() => layer.backward(tape, sequence(5, 12, x))).toThrow(says('dy[12]', x));
      for (const name of Object.keys(layer.state)) {
        expect(() => layer.backward(tape, y, state(name, x))).toThrow(says(`dsT.${name}[1,2]`, x));
      }
    }
    expect(digest([layer.params.grads, heap.held])).toBe(before);
    layer.release?.(tape);
    const held = heap.held;
    for (const x of [BEYOND, -BEYOND, 1e39, -1e300]) {
      expect(() => layer.forward(sequence(3, 7, x))).toThrow(says('x[7]', x));
      for (const name of Object.keys(layer.state)) {
        expect(() => layer.forward(sequence(3), state(name, x))).toThrow(says(`s0.${name}[1,2]`, x));
      }
      for (const [name, matrix] of Object.entries(layer.params.named())) {
        const [i, j] = [matrix.rows - 1, matrix.columns - 1];
        const right = matrix.get(i, j);
        matrix.set(i, j, x);
        expect(() => layer.forward(sequence(3))).toThrow(says(`${name}[${i},${j}]`, x));
        matrix.set(i, j, right);
      }
    }
    expect(heap.held).toBe(held);
  });

  it('takes what is just below, and padding beyond', () => {
    for (const x of [LARGEST, -LARGEST]) expect(() => layer.forward(sequence(3, 7, x))).not.toThrow();
    expect(digest(layer.forward(sequence(3, 16, 1e39)).y.data)).toBe(digest(layer.forward(sequence(3)).y.data));
  });

  it('says of what is not finite that it is not', () => {
    expect(() => layer.forward(sequence(3, 7, Number.NaN))).toThrow('x[7]: expected a finite number, got NaN');
  });
});

describe('what is computed', () => {
  it('is Infinity where it is too large for its numbers, and refused by the layer above', () => {
    for (const [precision, huge] of [
      ['f32', 1e30],
      ['f64', 1e200],
    ] as const) {
      const layer = recurrent(rnnRelu, { d: 1, m: 1 }, { precision });
      layer.params.named().U.set(0, 0, huge);
      const { y } = layer.forward(Sequence.dense([huge], { T: 1, F: 1 }));
      expect(y.data[0]).toBe(Number.POSITIVE_INFINITY);
      expect(() => layer.forward(y)).toThrow('x[0]: expected a finite number, got Infinity');
    }
  });

  it.each(['f64', 'f32'] as const)(
    'of parameters that are not finite is NaN where the reference’s is, in %s',
    precision => {
      const x = Sequence.dense([0.5, -1, 2, 1, 0.25, -0.5], { T: 2, F: 3 });
      for (const cell of Object.values<Cell>(cells)) {
        const [engine, reference] = [recurrent(cell, { d: 3, m: 2 }, { precision }), unroll(cell, { d: 3, m: 2 })];
        for (const { params } of [engine, reference]) normal(0.5)(params, new Random(1));
        for (let n = 0; n < engine.params.size; n++) {
          for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
            const [ours, theirs] = [engine, reference].map(({ params, forward }) => {
              const right = params.values[n] ?? 0;
              params.values[n] = bad;
              const nans = Array.from(forward(x).y.data, Number.isNaN);
              params.values[n] = right;
              return nans;
            });
            expect(ours, `${cell.name}, parameter ${n}, ${bad}`).toEqual(theirs);
          }
        }
      }
    },
  );
});
