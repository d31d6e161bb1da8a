/** The minGRU: its derivation, its gradients, its closed form, what it keeps, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type MinGruTape, minGru } from '../../lib/cells/min-gru.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { add, mul, oneMinus } from '../../lib/matrix.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { deviation } from '../numbers.ts';
import { assigned, everything, stepOf } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

/** A layer of 2 inputs and 3 units with drawn weights, and z as the bias says. */
function layerWith(bias: number) {
  const layer = recurrent(minGru, { d: 2, m: 3 });
  normal(0.5)(layer.params, new Random(1));
  layer.params.named().b_z.fill(bias);
  return layer;
}

describe('min-gru', () => {
  it('runs fused, its products before the first step', () => {
    expect(explain(minGru)).toBe('runs fused: 1 product and 1 kernel a step');
  });

  it('is the mean of all that was proposed, each weighted by its gate and by what later gates left of it', () => {
    const layer = layerWith(-0.5);
    const x = Sequence.dense([1, -1, 0.5, 2, -2, 1, 0.25, 0], { T: 4, F: 2 });
    const h0 = Matrix.rowVector([0.3, -0.2, 0.9]);
    const steps = [0, 1, 2, 3].map(t => minGru.forward(layer.params.named(), x.at(t), { h: h0 }).tape);
    const left = (from: number) =>
      steps
        .slice(from)
        .map(({ z }) => oneMinus(z))
        .reduce((a, b) => mul(a, b), Matrix.ones(1, 3)); // MINGRU-D1  h_t = Π(1−z_j)⊙h_0 + Σ_k Π_{j>k}(1−z_j)⊙z_k⊙h̃_k
    const proposed = steps.map(({ z, hTilde }, k) => mul(left(k + 1), z, hTilde));
    expect(deviation(layer.forward(x, { h: h0 }).sT.h ?? h0, add(mul(left(0), h0), ...proposed))).toBeLessThan(1e-15);
  });

  it('keeps its state for ever where z = 0, and its gradient; where z = 1 it has no past', () => {
    const h0 = Matrix.rowVector([0.3, -0.2, 0.9]);
    const x = Sequence.dense(
      Array.from({ length: 400 }, (_, n) => Math.sin(n)),
      { T: 200, F: 2 },
    );
    const dh = { h: Matrix.rowVector([1, 2, 3]) };
    const [keeps, renews] = [-800, 800].map(bias => {
      const layer = layerWith(bias);
      const { y, sT, tape } = layer.forward(x, { h: h0 });
      const { ds0 } = layer.backward(tape, Sequence.zeros({ ...y.extent(), F: 3 }), dh);
      return { hT: sT.h?.to1DArray(), dh0: ds0.h?.to1DArray() };
    });
    expect(keeps?.hT).toEqual([0.3, -0.2, 0.9]);
    expect(keeps?.dh0).toEqual([1, 2, 3]); // MINGRU-D2  ∂h_t/∂h_{t−1} = diag(1−z_t)
    expect(renews?.dh0?.map(Math.abs)).toEqual([0, 0, 0]);
  });

  it('never leaves the span of its state and of what is proposed', () => {
    fc.assert(
      fc.property(stepOf(minGru), ({ p, x, prev }) => {
        const { next, tape } = minGru.forward(p, x, prev);
        next.h.to1DArray().forEach((h, n) => {
          const [old = Number.NaN, goal = Number.NaN] = [prev.h, tape.hTilde].map(a => a.to1DArray()[n]);
          expect(h).toBeGreaterThanOrEqual(Math.min(old, goal) - 1e-14);
          expect(h).toBeLessThanOrEqual(Math.max(old, goal) + 1e-14);
        });
      }),
    );
  });

  describeDerivation(minGru);

  describeCheck(minGru, [
    'U_z MINGRU-B3',
    'U_h MINGRU-B4',
    'b_z MINGRU-B5',
    'b_h MINGRU-B6',
    'V RO-B1',
    'c RO-B2',
    'x MINGRU-B7',
    'h0 MINGRU-B8',
  ]);
});

/** The cell whose backward pass is handed another tape. */
const planted = (change: (tape: MinGruTape) => Partial<MinGruTape>): typeof minGru => ({
  ...minGru,
  backward: (p, tape, dnext, dp) => minGru.backward(p, { ...tape, ...change(tape) }, dnext, dp),
});

const all = everything(minGru);

describeMistakes(minGru, [
  [
    'h_t for h_{t−1}',
    ['U_z', 'b_z', 'x'],
    planted(({ z, hPrev, hTilde }) => ({ hPrev: add(mul(oneMinus(z), hPrev), mul(z, hTilde)) })),
  ],
  ['the gate the other way round', all, planted(({ z }) => ({ z: oneMinus(z) }))],
  ['what is proposed left out of daz', ['U_z', 'b_z', 'x'], planted(({ hTilde }) => ({ hTilde: mul(hTilde, hTilde) }))],
  ['db_h assigned where it must be added', ['b_h'], assigned(minGru, 'b_h')],
]);
