/** The readout in the engine. */
import { type Layer, requireState } from '../layers/layer.ts';
import { made } from '../layers/made.ts';
import { readout } from '../layers/readout.ts';
import { requireExtent } from '../sequence.ts';
import { gradUb } from './cells/products.ts';
import { input, inputGradient, inputOperand } from './input.ts';
import { layoutOf } from './layout.ts';
import { bytesOf, withOperands } from './operands.ts';
import { type EngineOptions, engineOf, requireOptions } from './options.ts';
import { cotangent, Pass } from './pass.ts';
import { Sums } from './sums.ts';
import { type EngineTape, Tapes } from './tapes.ts';

/**
 * A drop-in for `readout`: o_t = V h_t + c of all steps, each product done at once.
 *
 * @param size m hidden units in, C classes out.
 * @throws ValueError when a size or an option is none; MemoryError from `forward` and `backward` when memory runs out:
 * the layer and its tapes are then as they were.
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
      requireExtent('x', h, d);
      requireState('s0', s0, {}, h.B);
      const { T, B } = h;
      const { rt, products } = engineOf(options);
      const m = Math.ceil(C / rt.lanes) * rt.lanes;
      const layout = layoutOf({ d, m, units: C, gates: [''], hasW: false, extras: [], called: ['V', 'c'] });
      const pass = new Pass(rt, products, { T, B, d, m, units: C, G: 1 }, h);
      const { y, tape } = tapes.record(pass, layout, C, y => {
        const wanted = inputOperand(pass, layout, true);
        const blocks = { p: { count: layout.count }, x: { count: pass.inputCount }, a: pass.ofSpan(m) };
        pass.take(blocks, bytesOf(wanted, rt.bytes));
        layout.load(rt, params, pass.block('p'));
        pass.loadIndices();
        withOperands(pass, layout, wanted, way => {
          for (const span of pass.spans) {
            pass.span = span;
            input(way);
            rt.kernels.addRow(pass.rows, m, pass.block('p', layout.b), pass.block('a')); // RO-F1  o_t = V h_t + c
            pass.unload(pass.block('a'), m, y);
          }
        });
        pass.give('a');
      });
      return { y, sT: {}, tape };
    },

    backward(tape, given, dsT) {
      const { pass, layout } = tapes.known(tape);
      const { B, m } = pass.size;
      const dy = cotangent(given, C, pass.x);
      requireState('dsT', dsT, {}, B);
      return tapes.use(tape, () => {
        const wanted = inputOperand(pass, layout, false);
        const blocks = { dp: { count: layout.count }, da: pass.ofSpan(m), dx: pass.ofSpan(d) };
        try {
          pass.take(blocks, bytesOf(wanted, pass.runtime.bytes));
          const sums = new Sums(pass, layout, params);
          const dx = tapes.dx(tape, d, made =>
            withOperands(pass, layout, wanted, way => {
              for (const span of pass.spans) {
                pass.span = span;
                pass.load('da', 'dy', dy, m);
                sums.add(rows => gradUb(way, rows));
                inputGradient(way, made);
              }
            }),
          );
          sums.end();
          return { dx, ds0: {} };
        } finally {
          pass.give(...Object.keys(blocks));
        }
      });
    },

    release: tape => tapes.release(tape),
  };
  return made(layer, { kind: 'readout', m: d, C });
}
