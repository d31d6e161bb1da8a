/** The readout in the engine. */
import { type Layer, requireState } from '../layers/layer.ts';
import { made } from '../layers/made.ts';
import { readout } from '../layers/readout.ts';
import { requireExtent } from '../sequence.ts';
import { layoutOf } from './layout.ts';
import { bytesOf, type Wanted, withOperands } from './operands.ts';
import { computedBy, type EngineOptions, engineOf, requireOptions } from './options.ts';
import { cotangent, Pass } from './pass.ts';
import type { Operand } from './products.ts';
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
  const { name, params, inputs: m, outputs: C, equations } = readout(size);
  const [V, c] = [0, C * m];
  const layout = layoutOf({ V, c }, params);
  const tapes = new Tapes();
  const operands = new Map<string, Operand>();
  const wantedFor = (pass: Pass, forward: boolean): ReadonlyMap<string, Wanted> => {
    if (forward && pass.x.data instanceof Int32Array) return new Map();
    const [N, K] = forward ? [C, m] : [m, C];
    const [rows, times] = [pass.rowsAtMost, pass.spans.length];
    return new Map([['V', { transposed: forward, N, K, right: V, ldb: m, rows, times }]]);
  };
  /** The present span times Vᵀ or, on the way back, times V. */
  const multiply = (pass: Pass, forward: boolean, left: number, to: number) => {
    const [N, K] = forward ? [C, m] : [m, C];
    const operand = operands.get('V');
    if (operand) operand.multiply(pass.rows, left, K, to, N, false);
    else pass.products.product(false, forward, pass.rows, N, K, left, K, pass.block('p', V), m, to, N, false);
  };

  const layer: Layer<EngineTape, 'V' | 'c'> = {
    name,
    params,
    inputs: m,
    outputs: C,
    state: {},
    equations,

    forward(h, s0) {
      requireExtent('x', h, m);
      requireState('s0', s0, {}, h.B);
      const { rt, products } = engineOf(options);
      const { kernels, bytes } = rt;
      const pass = new Pass(rt, products, { T: h.T, B: h.B, d: m, outputs: C, widest: C }, h);
      const { y, tape } = tapes.record(pass, C, made => {
        const wanted = wantedFor(pass, true);
        pass.take(
          { p: { count: layout.count }, x: { count: pass.inputCount }, o: pass.ofSpan(C) },
          bytesOf(wanted, bytes),
        );
        layout.load(rt, params, pass.block('p'));
        pass.loadIndices();
        withOperands(pass, wanted, operands, () => {
          const [o, right] = [pass.block('o'), pass.block('p', V)];
          for (const span of pass.spans) {
            pass.span = span;
            const x = pass.block('x', span.from * h.B * m);
            pass.load(x, 'x', h);
            if (h.data instanceof Int32Array) kernels.gather(pass.rows, C, pass.indices(span.from), right, m, o, C);
            else multiply(pass, true, x, o);
            kernels.addRow(pass.rows, C, pass.block('p', c), o); // RO-F1  o_t = V h_t + c
            pass.unload(o, made);
          }
        });
        pass.give('o');
      });
      return { y, sT: {}, tape };
    },

    backward(tape, given, dsT) {
      const { pass } = tapes.known(tape);
      const { kernels, bytes } = pass.runtime;
      const { B } = pass.size;
      const dy = cotangent(given, C, pass.x);
      requireState('dsT', dsT, {}, B);
      return tapes.use(tape, () => {
        const wanted = wantedFor(pass, false);
        const blocks = { dp: { count: layout.count }, do: pass.ofSpan(C), dh: pass.ofSpan(m) };
        try {
          pass.take(blocks, bytesOf(wanted, bytes));
          const sums = new Sums(pass, layout, params);
          const dx = tapes.dx(tape, m, made =>
            withOperands(pass, wanted, operands, () => {
              const [dO, dh, dV, dc] = [pass.block('do'), pass.block('dh'), pass.block('dp', V), pass.block('dp', c)];
              for (const span of pass.spans) {
                pass.span = span;
                pass.load(dO, 'dy', dy);
                const x = pass.block('x', span.from * B * m);
                sums.add(({ from, count }) => {
                  const rows = dO + from * C * bytes;
                  if (pass.x.data instanceof Int32Array) {
                    kernels.scatter(count, C, pass.indices(span.from) + 4 * from, rows, C, m, dV);
                  } else {
                    pass.products.product(true, false, C, m, count, rows, C, x + from * m * bytes, m, dV, m, true);
                  }
                  kernels.columnSums(count, C, rows, C, dc);
                });
                multiply(pass, false, dO, dh);
                pass.unload(dh, made);
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
  return made(layer, { kind: 'readout', m, C, engine: computedBy(options) });
}
