/** A layer a step at a time: the same as a whole pass, from any state, through JSON and clones. */

import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { randomSequence, randomState } from '../../lib/check/problem.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { delay } from '../../lib/layers/delay.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { type PlainState, stream } from '../../lib/layers/stream.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { checkpointed } from '../../lib/through-time/checkpointed.ts';
import { OneHotMatrix } from '../../lib/views.ts';
import { size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';
import { watched } from './held.ts';

const gruCell = cells.gru as Cell;
const plain = (s: Readonly<Record<string, Matrix>>): PlainState =>
  Object.fromEntries(Object.entries(s).map(([name, part]) => [name, part.to2DArray()]));

const layers: readonly (readonly [string, () => Layer])[] = [
  ...Object.values(cells).map(cell => [`${cell.name} unrolled`, () => unroll(cell, { d: 3, m: 4 })] as const),
  ...Object.values(cells).map(cell => [`${cell.name} in the engine`, () => recurrent(cell, { d: 3, m: 4 })] as const),
  [
    'a stack',
    () =>
      stack({
        late: delay({ F: 3 }) as unknown as Layer,
        low: recurrent(gruCell, { d: 3, m: 4 }),
        high: unroll(gruCell, { d: 4, m: 2 }) as Layer,
        out: linear({ m: 2, C: 2 }) as unknown as Layer,
      }) as Layer,
  ],
  ['a readout', () => readout({ m: 3, C: 2 }) as unknown as Layer],
];

describe.each(layers)('%s', (_, make) => {
  it('gives step by step what a whole pass gives, and stands where that ends', () => {
    fc.assert(
      fc.property(size(6), size(3), size(1000), (T, B, seed) => {
        const layer = make();
        const rng = new Random(seed);
        normal(0.5)(layer.params, rng);
        const x = randomSequence({ T, B, F: 3 }, rng);
        const s0 = randomState(layer, B, rng);
        const live = stream(layer, { B, state: plain(s0 as Record<string, Matrix>) });
        const steps = Array.from({ length: T }, (_, t) => flat(live.step(x.at(t))));
        const { y, sT } = layer.forward(x, s0);
        expect(deviation(Matrix.rowVector(steps.flat()), Matrix.rowVector([...y.data]))).toBeLessThan(1e-14);
        expect(Object.keys(live.state)).toEqual(Object.keys(sT));
        for (const [name, rows] of Object.entries(live.state)) {
          expect(deviation(new Matrix(rows.map(row => [...row])), sT[name] ?? Matrix.zeros(0, 0))).toBeLessThan(1e-14);
        }
      }),
      { numRuns: 4 },
    );
  });

  it.each<[string, (state: PlainState) => PlainState]>([
    ['JSON', state => JSON.parse(JSON.stringify(state))],
    ['a structured clone', structuredClone],
  ])('goes on to the last bit from a state that went through %s', (_, through) => {
    const layer = make();
    normal(0.5)(layer.params, new Random(1));
    const x = randomSequence({ T: 6, F: 3 }, new Random(2));
    const live = stream(layer);
    for (let t = 0; t < 3; t++) live.step(x.at(t));
    const saved = through(live.state);
    const rest = () => [3, 4, 5].map(t => flat(live.step(x.at(t))));
    const first = rest();
    live.state = saved;
    expect(rest()).toEqual(first);
    expect(flat(stream(layer, { state: saved }).step(x.at(3)))).toEqual(first[0]);
  });
});

describe('a stream', () => {
  const layer = () => {
    const made = recurrent(gruCell, { d: 3, m: 4 });
    normal(0.5)(made.params, new Random(1));
    return made;
  };

  it('takes a list, a matrix, and one-hot rows, and gives a matrix of its own', () => {
    const [one, other, third] = [stream(layer()), stream(layer()), stream(layer())];
    const y = one.step([0, 1, 0]);
    expect(flat(other.step(new Matrix([[0, 1, 0]])))).toEqual(flat(y));
    expect(deviation(third.step(new OneHotMatrix(Int32Array.of(1), 3)), y)).toBeLessThan(1e-15);
    const kept = flat(y);
    one.step(Float64Array.of(1, 2, 3));
    expect(flat(y)).toEqual(kept);
  });

  it('hands symbols on as symbols', () => {
    const given: unknown[] = [];
    const own = layer() as Layer;
    const noting: Layer = {
      ...own,
      forward(x, s0) {
        given.push(x.data);
        return own.forward(x, s0);
      },
    };
    stream(noting, { B: 2 }).step(new OneHotMatrix(Int32Array.of(1, 0), 3));
    expect(given).toEqual([Int32Array.of(1, 0)]);
  });

  it('gives a copy of its state, and keeps no one else’s', () => {
    const live = stream(layer());
    live.step([1, 0, 0]);
    const mine = live.state as { h: number[][] };
    const before = mine.h[0]?.[0];
    (mine.h[0] ?? [])[0] = 7;
    expect(live.state.h?.[0]?.[0]).toBe(before);
    live.state = mine;
    (mine.h[0] ?? [])[0] = 8;
    expect(live.state.h?.[0]?.[0]).toBe(7);
  });

  it('gives back every tape, and is where it was after what it refused', () => {
    const { layer: watching, held } = watched(layer());
    const live = stream(watching);
    for (let n = 0; n < 5; n++) live.step([n, 0, 1]);
    expect(held.size).toBe(0);
    const { state } = live;
    expect(() => live.step([1, 2])).toThrow('x: expected 3 numbers, got Array of length 2');
    expect(() => live.step([1, Number.NaN, 2])).toThrow(ValueError);
    expect(() => live.step(new Matrix([[1, 2]]))).toThrow('x: expected a 1×3 matrix, got a 1×2 matrix');
    expect(() => {
      live.state = { h: [[1, 2, 3]] };
    }).toThrow('state.h[0]: expected 4 numbers, got Array of length 3');
    expect(() => {
      live.state = { h: [[1, 2, 3, Number.POSITIVE_INFINITY]] };
    }).toThrow('state.h[0][3]: expected a finite number, got Infinity');
    expect(() => {
      live.state = {};
    }).toThrow(ShapeError);
    for (const none of [null, 3, [[1]], new Map()]) {
      expect(() => {
        live.state = none as never;
      }).toThrow(/^state: expected parts {h}/);
    }
    expect(() => {
      live.state = { ...state, c: [[1]] };
    }).toThrow('state: expected parts {h}, got "c"');
    expect(live.state).toEqual(state);
  });

  it('refuses what is none, and what reads from the end', () => {
    const both = bidirectional({ forward: unroll(gruCell, { d: 3, m: 2 }), backward: unroll(gruCell, { d: 3, m: 2 }) });
    expect(() => stream(both as Layer)).toThrow(
      'layer: expected one that goes forward in time, got a bidirectional one',
    );
    expect(() => stream(stack({ both: both as Layer }) as Layer)).toThrow(/^layer: expected one that goes forward/);
    const again = () =>
      bidirectional({ forward: unroll(gruCell, { d: 4, m: 2 }), backward: unroll(gruCell, { d: 4, m: 2 }) });
    const high = stack({ low: layer(), both: again() as Layer }) as Layer;
    for (const hidden of [high, checkpointed(again() as Layer), checkpointed(high)]) {
      expect(() => stream(hidden as Layer)).toThrow(/^layer: expected one that goes forward/);
    }
    expect(() => stream(checkpointed(layer()) as unknown as Layer)).not.toThrow();
    expect(() => stream(layer(), { B: 0 })).toThrow(ValueError);
    expect(() => stream(layer(), { B: 2 }).step([1, 2, 3])).toThrow('x: expected a 2×3 matrix, got Array of length 3');
    expect(() => stream(layer(), { steps: 3 } as object)).toThrow(/^options: expected no names but/);
  });

  it('does not mistake one step for another: a planted mistake is caught', () => {
    const own = layer();
    const forgetful: Layer = { ...own, forward: x => own.forward(x) };
    const x = randomSequence({ T: 3, F: 3 }, new Random(2));
    const live = stream(forgetful);
    const steps = [0, 1, 2].map(t => flat(live.step(x.at(t))));
    const whole = own.forward(x).y;
    expect(deviation(Matrix.rowVector(steps.flat()), Matrix.rowVector([...whole.data]))).toBeGreaterThan(1e-3);
  });
});
