/** The GRUs in the engine: with the reset behind the recurrent product, and before it. */
import type { FusedCell } from './fused.ts';
import { firstOf, gradUb, gradW } from './products.ts';

/** Reset behind the product: h_{t−1} Wᵀ lies apart from x_t Uᵀ, since r comes between them. */
export const gru: FusedCell = {
  gates: ['r', 'z', 'n'],
  recurrent: { W: [0, 3] },
  extras: ['b_h'],
  hasC: false,
  kept: { w: 3 },
  made: { dw: 3 },
  once: {},

  forward({ pass, layout, operands }, t, rows) {
    const { m } = pass.size;
    const [a, w, hPrev] = [pass.step('a', t, 3 * m), pass.step('w', t, 3 * m), pass.step('h', t, m)];
    operands.W?.multiply(rows, hPrev, m, w, 3 * m, false);
    const [b, bh] = [pass.block('p', layout.b), pass.block('p', layout.extras.b_h)];
    pass.runtime.kernels.gruForward(rows, m, a, w, b, bh, hPrev, pass.step('h', t + 1, m));
  },

  backward({ pass, operands }, t, rows) {
    const { m } = pass.size;
    const [a, w, hPrev] = [pass.step('a', t, 3 * m), pass.step('w', t, 3 * m), pass.step('h', t, m)];
    const [dy, da, dw] = [pass.step('dy', t, m), pass.step('da', t, 3 * m), pass.step('dw', t, 3 * m)];
    const dh = pass.block('dh');
    pass.runtime.kernels.gruBackward(rows, m, a, w, hPrev, dy, dh, da, dw);
    operands.W?.multiply(rows, dw, 3 * m, dh, m, true); // GRU-B10  dL/dh_{t−1} = dh⊙z + dL/dar W_r + dL/daz W_z + dL/dq W_n, through F5, F1–F3
  },

  gradients(way, rows) {
    gradW(way, rows, 0, 3, 'dw');
    gradUb(way, rows);
    const { pass, layout } = way;
    const { m } = pass.size;
    const [dwn, dbh] = [firstOf(pass, rows, 'dw', 3 * m, 2 * m), pass.block('dp', layout.extras.b_h)];
    pass.runtime.kernels.columnSums(rows.count, m, dwn, 3 * m, dbh);
  },
};

/** Reset before the product: W_n has to wait for r⊙h_{t−1}. */
export const gruResetBefore: FusedCell = {
  gates: ['r', 'z', 'n'],
  recurrent: { W: [0, 2], Wn: [2, 3] },
  extras: [],
  hasC: false,
  kept: { rh: 1 },
  made: {},
  once: {},

  forward({ pass, layout, operands }, t, rows) {
    const { m } = pass.size;
    const { kernels } = pass.runtime;
    const [a, b, rh] = [pass.step('a', t, 3 * m), pass.block('p', layout.b), pass.step('rh', t, m)];
    const [hPrev, h] = [pass.step('h', t, m), pass.step('h', t + 1, m)];
    operands.W?.multiply(rows, hPrev, m, a, 3 * m, true);
    kernels.gruResetBeforeGates(rows, m, a, b, hPrev, rh);
    operands.Wn?.multiply(rows, rh, m, pass.step('a', t, 3 * m, 2 * m), 3 * m, true);
    kernels.gruResetBeforeForward(rows, m, a, b, hPrev, h);
  },

  backward({ pass, operands }, t, rows) {
    const { m } = pass.size;
    const { kernels } = pass.runtime;
    const [a, da, hPrev] = [pass.step('a', t, 3 * m), pass.step('da', t, 3 * m), pass.step('h', t, m)];
    const [dh, drh] = [pass.block('dh'), pass.block('drh')];
    kernels.gruResetBeforeBackward(rows, m, a, hPrev, pass.step('dy', t, m), dh, da);
    operands.Wn?.multiply(rows, pass.step('da', t, 3 * m, 2 * m), 3 * m, drh, m, false); // GRB-B3  dL/dh̃_{t−1} = dL/dan W_n, through F4
    kernels.gruResetBeforeBackwardGates(rows, m, a, hPrev, drh, dh, da);
    operands.W?.multiply(rows, da, 3 * m, dh, m, true); // GRB-B9  dL/dh_{t−1} = dh⊙z + dL/dh̃_{t−1}⊙r + dL/dar W_r + dL/daz W_z, through F5, F3, F1, F2
  },

  gradients(way, rows) {
    gradW(way, rows, 0, 2);
    gradW(way, rows, 2, 3, 'da', 'rh');
    gradUb(way, rows);
  },
};
