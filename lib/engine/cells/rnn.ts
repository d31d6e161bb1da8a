/** The vanilla network in the engine, with tanh or ReLU. */
import type { Fused } from '../precision.ts';
import type { FusedCell } from './fused.ts';
import { addRecurrent, gradUb, gradW, sendBack } from './products.ts';

export const rnn: FusedCell = rnnWith(
  k => k.rnnForward,
  k => k.rnnBackward,
);

export const rnnRelu: FusedCell = rnnWith(
  k => k.rnnReluForward,
  k => k.rnnReluBackward,
);

function rnnWith(
  forward: (kernels: Fused) => Fused['rnnForward'],
  backward: (kernels: Fused) => Fused['rnnBackward'],
): FusedCell {
  return {
    gates: [''],
    recurrent: { W: [0, 1] },
    extras: [],
    hasC: false,
    kept: {},
    made: {},
    once: {},

    forward(way, t, rows) {
      addRecurrent(way, t, rows);
      const { pass, layout } = way;
      const { m } = pass.size;
      forward(pass.runtime.kernels)(rows, m, pass.step('a', t, m), pass.block('p', layout.b), pass.step('h', t + 1, m));
    },

    backward(way, t, rows) {
      const { pass } = way;
      const { m } = pass.size;
      const [h, dy, da] = [pass.step('h', t + 1, m), pass.step('dy', t, m), pass.step('da', t, m)];
      backward(pass.runtime.kernels)(rows, m, h, dy, pass.block('dh'), da);
      sendBack(way, t, rows);
    },

    gradients(way, rows) {
      gradW(way, rows, 0, 1);
      gradUb(way, rows);
    },
  };
}
