/** The exponential trace memory in the engine, with learnt decays or fixed ones. */
import type { Layout } from '../layout.ts';
import type { Pass } from '../pass.ts';
import type { FusedCell } from './fused.ts';
import { firstOf, gradUb } from './products.ts';

/** Decays μ = σ(ν). */
export const trace: FusedCell = {
  ...traceWith((pass, layout) => {
    const { m } = pass.size;
    pass.runtime.kernels.sigmoid(pass.block('p', layout.extras.nu), pass.block('mu'), m); // ETM-F1  μ = σ(ν)
  }),
  extras: ['nu'],

  gradients(way, rows) {
    gradUb(way, rows);
    const { pass, layout } = way;
    const { m } = pass.size;
    const [dmu, slope] = [firstOf(pass, rows, 'dmu', m), pass.block('slope')];
    pass.runtime.kernels.columnProducts(rows.count, m, dmu, m, slope, 0, pass.block('dp', layout.extras.nu)); // ETM-B4  dL/dν += dh⊙(h_{t−1}−u_t)⊙μ(1−μ), through F3, F1
  },
};

/** Decays that are given, a number for every unit. */
export function traceFixed(mu: readonly number[]): FusedCell {
  return traceWith(pass => pass.runtime.view(pass.block('mu'), pass.size.m).set(mu));
}

function traceWith(setDecays: (pass: Pass, layout: Layout) => void): FusedCell {
  return {
    gates: [''],
    recurrent: {},
    extras: [],
    hasC: false,
    kept: {},
    made: { dmu: 1 },
    once: { mu: 1, slope: 1 },

    before(pass, layout) {
      const { m } = pass.size;
      setDecays(pass, layout);
      const slope = pass.runtime.view(pass.block('slope'), m);
      for (const [j, decay] of pass.runtime.view(pass.block('mu'), m).entries()) slope[j] = decay * (1 - decay);
    },

    forward({ pass, layout }, t, rows) {
      const { m } = pass.size;
      const [a, b, mu] = [pass.step('a', t, m), pass.block('p', layout.b), pass.block('mu')];
      pass.runtime.kernels.traceForward(rows, m, a, b, mu, pass.step('h', t, m), pass.step('h', t + 1, m));
    },

    backward({ pass }, t, rows) {
      const { m } = pass.size;
      const [a, hPrev, dy] = [pass.step('a', t, m), pass.step('h', t, m), pass.step('dy', t, m)];
      const [mu, dh, dmu] = [pass.block('mu'), pass.block('dh'), pass.step('dmu', t, m)];
      pass.runtime.kernels.traceBackward(rows, m, a, mu, hPrev, dy, dh, pass.step('da', t, m), dmu);
    },

    gradients: gradUb,
  };
}
