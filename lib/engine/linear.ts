/** The readout in the engine. */
import { type Layer, requireState } from '../layers/layer.ts';
import { made } from '../layers/made.ts';
import { readout } from '../layers/readout.ts';
import { requireExtent } from '../sequence.ts';
import { layoutOf } from './layout.ts';
import { type Needs, needsOf, once, remembered } from './needs.ts';
import { type Place, type Wanted, withOperands } from './operands.ts';
import { computedBy, type EngineOptions, engineOf, requireOptions } from './options.ts';
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
  const { name, params, inputs: m, outputs: C, equations } = readout(size);
  const [V, c] = [0, C * m];
  const layout = layoutOf({ V, c }, params);
  const engine = once(() => engineOf(options));
  const tapes = new Tapes(x => {
    const { rt, products } = engine();
    return new Pass(rt, products, { T: x.T, B: x.B, d: m, outputs: C, widest: C }, x);
  });
  const place: Place = { operand: undefined };
  const [there, back] = [remembered(wayThere), remembered(wayBack)];

  const layer: Layer<EngineTape, 'V' | 'c'> = {
    name,
    params,
    inputs: m,
    outputs: C,
    state: {},
    equations,

    forward(h, s0) {
      requireExtent('x', h, m);
      if (s0 !== undefined) requireState('s0', s0, {}, h.B);
      const { rt } = engine();
      const { kernels } = rt;
      const pass = tapes.begin(h);
      const { y, tape } = tapes.record(pass, C, made => {
        const { taking, wanted, besides } = there(pass);
        pass.take(taking, besides);
        layout.load(rt, params, pass.block('p'));
        pass.loadIndices();
        withOperands(pass, wanted, () => {
          const o = pass.block('o');
          const right = pass.block('p', V);
          for (const span of pass.spans) {
            pass.span = span;
            const x = pass.block('x', span.from * h.B * m);
            pass.load(x, 'x', h);
            if (h.data instanceof Int32Array) kernels.gather(pass.rows, C, pass.indices(span.from), right, m, o, C);
            else multiply(pass, true, x, o, C, m);
            kernels.addRow(pass.rows, C, pass.block('p', c), o); // RO-F1  o_t = V h_t + c
            pass.unload(o, made);
          }
        });
        pass.give(OUTPUT);
      });
      return { y, sT: {}, tape };
    },

    backward(tape, given, dsT) {
      const { pass } = tapes.known(tape);
      const dy = cotangent(given, C, pass.x);
      if (dsT !== undefined) requireState('dsT', dsT, {}, pass.size.B);
      return tapes.use(tape, () => {
        const { taking, wanted, besides } = back(pass);
        try {
          pass.take(taking, besides);
          const sums = new Sums(pass, layout, params);
          const dx = tapes.dx(tape, m, made =>
            withOperands(pass, wanted, () => {
              const dO = pass.block('do');
              const dh = pass.block('dh');
              for (const span of pass.spans) {
                pass.span = span;
                pass.load(dO, 'dy', dy);
                sums.add(add);
                multiply(pass, false, dO, dh, m, C);
                pass.unload(dh, made);
              }
            }),
          );
          sums.end();
          return { dx, ds0: {} };
        } finally {
          pass.give(taking.names);
        }
      });
    },

    release: tape => tapes.release(tape),
  };

  /** What a pass such as this one takes on its way forward, and back. */
  function wayThere(pass: Pass): Needs {
    const blocks = { p: { count: layout.count }, x: { count: pass.inputCount }, o: pass.ofSpan(C) };
    return needsOf(
      pass.x.data instanceof Int32Array ? [] : [wantedFor(pass, true, C, m)],
      blocks,
      OUTPUT,
      pass.runtime.bytes,
    );
  }
  function wayBack(pass: Pass): Needs {
    const blocks = { dp: { count: layout.count }, do: pass.ofSpan(C), dh: pass.ofSpan(m) };
    return needsOf([wantedFor(pass, false, m, C)], blocks, Object.keys(blocks), pass.runtime.bytes);
  }

  function wantedFor(pass: Pass, transposed: boolean, N: number, K: number): Wanted {
    return { transposed, N, K, right: V, ldb: m, rows: pass.rowsAtMost, times: pass.spans.length, place };
  }

  /** The present span, in rows of K, times Vᵀ or, on the way back, times V. */
  function multiply(pass: Pass, transposed: boolean, left: number, to: number, N: number, K: number): void {
    if (place.operand) place.operand.multiply(pass.rows, left, K, to, N, false);
    else pass.products.product(false, transposed, pass.rows, N, K, left, K, pass.block('p', V), m, to, N, false);
  }

  /** dV and dc of so many rows of the present span. */
  function add(pass: Pass, from: number, count: number): void {
    const { kernels, bytes } = pass.runtime;
    const { from: t } = pass.span;
    const [rows, dV] = [pass.block('do', from * C), pass.block('dp', V)];
    if (pass.x.data instanceof Int32Array) {
      kernels.scatter(count, C, pass.indices(t) + 4 * from, rows, C, m, dV);
    } else {
      const x = pass.block('x', t * pass.size.B * m) + from * m * bytes;
      pass.products.product(true, false, C, m, count, rows, C, x, m, dV, m, true);
    }
    kernels.columnSums(count, C, rows, C, pass.block('dp', c));
  }

  return made(layer, { kind: 'readout', m, C, engine: computedBy(options) });
}

/** The block that a pass gives back when it has gone forward. */
const OUTPUT: readonly string[] = ['o'];
