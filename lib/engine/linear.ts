/** The readout in the engine. */
import { type Layer, requireState } from '../layers/layer.ts';
import { readout } from '../layers/readout.ts';
import { requireExtent } from '../sequence.ts';
import { gradUb, withOperands } from './cells/products.ts';
import { input, inputGradient, inputOperand } from './input.ts';
import { layoutOf } from './layout.ts';
import { type EngineOptions, engineOf, requireOptions } from './options.ts';
import { cotangent, Pass } from './pass.ts';
import { Sums } from './sums.ts';
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

  return {
    name,
    params,
    inputs: d,
    outputs: C,
    state: {},
    equations,

    forward(h, s0) {
      requireExtent('x', h, d);
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

    backward(tape, given, dsT) {
      const { pass, layout } = tapes.known(tape);
      const { B, m } = pass.size;
      const dy = cotangent(given, C, pass.x);
      requireState('dsT', dsT, {}, B);
      tapes.use(tape);
      try {
        pass.take('dp', layout.count);
        const sums = new Sums(pass, layout, params);
        pass.takeOfSpan('da', m);
        const dx = tapes.newDx(tape, { ...pass.x.extent(), F: d });
        withOperands(pass, layout, inputOperand(pass, layout, false), way => {
          for (const span of pass.spans) {
            pass.span = span;
            pass.load('da', 'dy', dy, m);
            sums.add(rows => gradUb(way, rows));
            inputGradient(way, dx);
          }
        });
        sums.end();
        return { dx, ds0: {} };
      } finally {
        pass.give('dp', 'da');
      }
    },

    release: tape => tapes.release(tape),
  };
}
