/** The LSTMs in the engine. */
import type { Fused } from '../precision.ts';
import type { FusedCell } from './fused.ts';
import { addRecurrent, firstOf, gradUb, gradW, sendBack } from './products.ts';

/** With a forget gate. */
export const lstm: FusedCell = lstmWith(
  ['f', 'i', 'o', 'g'],
  k => k.lstmForward,
  k => k.lstmBackward,
);

/** With f = 1 − i. */
export const lstmCoupled: FusedCell = lstmWith(
  ['f', 'o', 'g'],
  k => k.lstmCoupledForward,
  k => k.lstmCoupledBackward,
);

/** As in 1997, without a forget gate. */
export const lstmNoForget: FusedCell = lstmWith(
  ['i', 'o', 'g'],
  k => k.lstmNoForgetForward,
  k => k.lstmNoForgetBackward,
);

/** With peepholes. */
export const lstmPeephole: FusedCell = {
  ...lstm,
  extras: ['p_f', 'p_i', 'p_o'],

  forward(way, t, rows) {
    addRecurrent(way, t, rows);
    const { pass, layout } = way;
    const { m } = pass.size;
    const [b, p] = [pass.block('p', layout.b), pass.block('p', layout.extras.p_f)];
    const [a, cPrev, c] = [pass.step('a', t, 4 * m), pass.step('c', t, m), pass.step('c', t + 1, m)];
    const [tc, h] = [pass.step('tc', t, m), pass.step('h', t + 1, m)];
    pass.runtime.kernels.lstmPeepholeForward(rows, m, a, b, p, cPrev, c, tc, h);
  },

  backward(way, t, rows) {
    const { pass, layout } = way;
    const { m } = pass.size;
    const [a, p, cPrev] = [pass.step('a', t, 4 * m), pass.block('p', layout.extras.p_f), pass.step('c', t, m)];
    const [tc, dy, da] = [pass.step('tc', t, m), pass.step('dy', t, m), pass.step('da', t, 4 * m)];
    pass.runtime.kernels.lstmPeepholeBackward(rows, m, a, p, cPrev, tc, dy, pass.block('dh'), pass.block('dc'), da);
    sendBack(way, t, rows);
  },

  gradients(way, rows) {
    lstm.gradients(way, rows);
    const { pass, layout } = way;
    const { B, m } = pass.size;
    const [cPrev, c] = [firstOf(pass, rows, 'c', m), firstOf(pass, rows, 'c', m, B * m)];
    const sums = (gate: number, seen: number, offset: number | undefined) => {
      const [da, dp] = [firstOf(pass, rows, 'da', 4 * m, gate * m), pass.block('dp', offset)];
      pass.runtime.kernels.columnProducts(rows.count, m, da, 4 * m, seen, m, dp);
    };
    sums(0, cPrev, layout.extras.p_f);
    sums(1, cPrev, layout.extras.p_i);
    sums(2, c, layout.extras.p_o);
  },
};

function lstmWith(
  gates: readonly string[],
  forward: (kernels: Fused) => Fused['lstmForward'],
  backward: (kernels: Fused) => Fused['lstmBackward'],
): FusedCell {
  const G = gates.length;
  return {
    gates,
    recurrent: { W: [0, G] },
    extras: [],
    hasC: true,
    kept: { tc: 1 },
    made: {},
    once: {},

    forward(way, t, rows) {
      addRecurrent(way, t, rows);
      const { pass, layout } = way;
      const { m } = pass.size;
      const [a, b] = [pass.step('a', t, G * m), pass.block('p', layout.b)];
      const [cPrev, c] = [pass.step('c', t, m), pass.step('c', t + 1, m)];
      forward(pass.runtime.kernels)(rows, m, a, b, cPrev, c, pass.step('tc', t, m), pass.step('h', t + 1, m));
    },

    backward(way, t, rows) {
      const { pass } = way;
      const { m } = pass.size;
      const [a, cPrev, tc] = [pass.step('a', t, G * m), pass.step('c', t, m), pass.step('tc', t, m)];
      const [dy, dh, dc] = [pass.step('dy', t, m), pass.block('dh'), pass.block('dc')];
      backward(pass.runtime.kernels)(rows, m, a, cPrev, tc, dy, dh, dc, pass.step('da', t, G * m));
      sendBack(way, t, rows);
    },

    gradients(way, rows) {
      gradW(way, rows, 0, G);
      gradUb(way, rows);
    },
  };
}
