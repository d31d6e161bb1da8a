/** What lies behind a sequence's end is not computed at all: there may be nothing that it could be computed of. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { cells } from '../../lib/cells/index.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { checkpointed } from '../../lib/through-time/checkpointed.ts';
import { rtrl } from '../../lib/through-time/rtrl.ts';
import { deviation, flat } from '../numbers.ts';
import { inverse } from '../toys.ts';

const [T, d, m] = [7, 2, 3];
const rng = new Random(4);
const numbers = (count: number, low: number) => Array.from({ length: count }, () => low + rng.uniform());

/** Three sequences, of which none has all the steps; zeros behind their ends. */
const lengths = [5, 2, 4];
const drawn = (F: number, low: number) => {
  const s = Sequence.dense(numbers(T * 3 * F, low), { T, B: 3, F, lengths });
  for (let t = 0; t < T; t++)
    for (let b = 0; b < 3; b++) if (t >= (lengths[b] ?? 0)) s.at(t).setRow(b, Array(F).fill(0));
  return s;
};
const x = drawn(d, 0.5);
const h0 = new Matrix([0, 1, 2].map(() => numbers(m, -0.5)));
const dhT = new Matrix([0, 1, 2].map(() => numbers(m, -0.5)));

const layerOf = (make: (cell: Cell, size: { d: number; m: number }) => Layer): Layer => {
  const layer = make(inverse as unknown as Cell, { d, m });
  const draw = new Random(9);
  layer.params.values.forEach((_, i, values) => {
    values[i] = draw.uniform() - 0.5;
  });
  return layer;
};

/** Everything that both passes give, of the batch or of the sequences one by one. */
function results(layer: Layer, state: Matrices = { h: h0 }, final: Matrices = { h: dhT }): readonly number[] {
  const dy = drawnOnce(layer.outputs);
  const { y, sT, tape } = layer.forward(x, state);
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, dy, final);
  return [y.rows(), dx.rows(), ...Object.values(sT), ...Object.values(ds0)]
    .flatMap(flat)
    .concat(Array.from(layer.params.grads));
}

const cotangents = new Map<number, Sequence>();
const drawnOnce = (F: number): Sequence => {
  const dy = cotangents.get(F) ?? drawn(F, -0.5);
  cotangents.set(F, dy);
  return dy;
};

/** The right numbers: every sequence alone, without padding. */
function alone(layer: Layer): readonly number[] {
  const dy = drawnOnce(layer.outputs);
  const [y, dx] = [Sequence.zeros({ T, B: 3, F: m }), Sequence.zeros({ T, B: 3, F: d })];
  const [sT, ds0] = [Matrix.zeros(3, m), Matrix.zeros(3, m)];
  layer.params.zeroGrads();
  for (const [b, length] of lengths.entries()) {
    const only = (s: Sequence) =>
      Sequence.dense(Array.from({ length }, (_, t) => s.at(t).getRow(b)).flat(), { T: length, F: s.F });
    const there = layer.forward(only(x), { h: h0.getRowVector(b) });
    const back = layer.backward(there.tape, only(dy), { h: dhT.getRowVector(b) });
    for (let t = 0; t < length; t++) {
      y.at(t).setRow(b, there.y.at(t).getRow(0));
      dx.at(t).setRow(b, back.dx.at(t).getRow(0));
    }
    sT.setRow(b, there.sT.h?.getRow(0) ?? []);
    ds0.setRow(b, back.ds0.h?.getRow(0) ?? []);
  }
  return [y.rows(), dx.rows(), sT, ds0].flatMap(flat).concat(Array.from(layer.params.grads));
}

const apart = (a: readonly number[], b: readonly number[]) => deviation(new Matrix([[...a]]), new Matrix([[...b]]));

describe('a cell of which a padded step is 1/0 and log 0', () => {
  const right = alone(layerOf(unroll));

  it('runs fused', () => {
    expect(explain(inverse)).toMatch(/^runs fused/);
  });

  it.each<[string, (cell: Cell, size: { d: number; m: number }) => Layer]>([
    ['unrolled', unroll],
    ['in the engine', recurrent as typeof unroll],
    ['checkpointed', (cell, size) => checkpointed(unroll(cell, size), { every: 2 }) as Layer],
    ['checkpointed in the engine', (cell, size) => checkpointed(recurrent(cell, size), { every: 3 }) as Layer],
  ])('has the numbers of its sequences alone, %s', (_, make) => {
    const found = results(layerOf(make));
    expect(found.every(Number.isFinite)).toBe(true);
    expect(apart(found, right)).toBeLessThan(1e-12);
  });

  it('has them in real time', () => {
    const layer = layerOf(unroll);
    const live = rtrl(inverse, { d, m });
    live.params.values.set(layer.params.values);
    const { y, sT, ds0 } = live.gradient(x, drawnOnce(m), { s0: { h: h0 }, dsT: { h: dhT } });
    const expected = results(layer);
    const without = [...expected.slice(0, T * 3 * m), ...expected.slice(T * 3 * (m + d))];
    const found = [y.rows(), sT.h, ds0.h].flatMap(s => (s ? flat(s) : [])).concat(Array.from(live.params.grads));
    expect(apart(found, without)).toBeLessThan(1e-12);
  });

  it('has them backwards in time, reference and engine alike', () => {
    const both = [unroll, recurrent as typeof unroll].map(make => {
      const layer = bidirectional({ forward: layerOf(make), backward: layerOf(make) });
      const [one, other] = [h0, dhT].map(h => ({ 'forward.h': h, 'backward.h': h }));
      return results(layer, one, other);
    });
    expect(both[0]?.every(Number.isFinite)).toBe(true);
    expect(apart(both[0] ?? [], both[1] ?? [])).toBeLessThan(1e-12);
  });
});

it.each<Cell>([...Object.values(cells), conditioned(cells.lstm as Cell, { k: 2 })])(
  '$name is given the rows that have the step, and no other',
  cell => {
    const seen: number[] = [];
    const watched: Cell = {
      ...cell,
      forward: (p, x, prev) => {
        seen.push(x.rows);
        return cell.forward(p, x, prev);
      },
      backward: (p, tape, dnext, dp) => {
        seen.push((dnext.h as AbstractMatrix).rows);
        return cell.backward(p, tape, dnext, dp);
      },
    };
    const layer = unroll(watched, { d, m });
    const { tape, y } = layer.forward(x);
    layer.backward(tape, y);
    expect(seen).toEqual([3, 3, 2, 2, 1, 1, 2, 2, 3, 3]);
  },
);
