/** The readout in the engine. */
import { type Layer, requireState } from '../layers/layer.ts';
import { made } from '../layers/made.ts';
import { readout } from '../layers/readout.ts';
import { gradUb, withOperands } from './cells/products.ts';
import { input, inputGradient, inputOperand } from './input.ts';
import { layoutOf } from './layout.ts';
import { type EngineOptions, engineOf, requireOptions } from './options.ts';
import { Pass, requireRead } from './pass.ts';
import { type EngineTape, Tapes } from './tapes.ts';

/**
 * A drop-in for `readout`: o_t = V h_t + c of all steps, each product done at once.
 *
 * @param size m hidden units in, C classes out.
 * @throws ValueError when a size or an option is none.
 *
 * @example
 * ```ts
 * import { linear, Sequence } from 'bptt';
 *
 * const { y } = linear({ m: 3, C: 2 }).forward(Sequence.zeros({ T: 4, F: 3 }));
 * console.log(y.T, y.F); // → 4 2
 * ```
 */
export function linear(
  size: { readonly m: number; readonly C: number },
  options: EngineOptions = {},
): Layer<EngineTape, 'V' | 'c'> {
  requireOptions(options);
  const { name, params, inputs: d, outputs: C, equations } = readout(size);
  const tapes = new Tapes();

  const layer: Layer<EngineTape, 'V' | 'c'> = {
    name,
    params,
    inputs: d,
    outputs: C,
    state: {},
    equations,

    forward(h, s0) {
      requireRead('x', h, d);
      requireState('s0', s0, {}, h.B);
      const { T, B } = h;
      const { rt, products } = engineOf(options);
      const m = Math.ceil(C / rt.lanes) * rt.lanes;
      const layout = layoutOf({ d, m, units: C, gates: [''], hasW: false, extras: [], called: ['V', 'c'] });
      tapes.makeRoom();
      const pass = new Pass(rt, products, { T, B, d, m, units: C, G: 1 }, h);
      const y = tapes.newY({ ...h.extent(), F: C }, pass.like);
      try {
        pass.take('p', layout.count);
        layout.load(rt, params, pass.block('p'));
        pass.takeInput();
        pass.takeOfSpan('a', m);
        withOperands(pass, layout, inputOperand(pass, layout, true), way => {
          for (const span of pass.spans) {
            pass.span = span;
            input(way);
            rt.kernels.addRow(pass.rows, m, pass.block('p', layout.b), pass.block('a')); // RO-F1  o_t = V h_t + c
            pass.unload(pass.block('a'), m, y);
          }
        });
      } catch (error) {
        pass.release();
        throw error;
      }
      pass.give('a');
      return { y, sT: {}, tape: tapes.add(pass, layout, y) };
    },

    backward(tape, dy, dsT) {
      const { pass, layout } = tapes.known(tape);
      const { B, m } = pass.size;
      requireRead('dy', dy, C, pass.x);
      requireState('dsT', dsT, {}, B);
      tapes.use(tape);
      try {
        pass.take('dp', layout.count);
        layout.beginSums(pass.runtime, params, pass.block('dp'));
        pass.takeOfSpan('da', m);
        const dx = tapes.newDx(tape, { ...pass.x.extent(), F: d });
        withOperands(pass, layout, inputOperand(pass, layout, false), way => {
          for (const span of pass.spans) {
            pass.span = span;
            pass.load('da', 'dy', dy, m);
            gradUb(way);
            inputGradient(way, dx);
          }
        });
        layout.endSums(pass.runtime, params, pass.block('dp'));
        return { dx, ds0: {} };
      } finally {
        pass.give('dp', 'da');
      }
    },

    release: tape => tapes.release(tape),
  };
  return made(layer, { kind: 'readout', m: d, C });
}
