/**
 * The engine's recurrent layer: what `unroll` computes, batched and on WebAssembly. What does not depend on the state is
 * hoisted out of the loop through time: x·Uᵀ of a span of steps is one product before them, and dW, dU, db and dx are one
 * product each behind them. A step is one recurrent product and one fused kernel (two of each for a GRU that resets before).
 */
import { type Cell, type CellSize, requireCell, requireCellSize } from '../cells/cell.ts';
import { conditionOf } from '../cells/conditioned.ts';
import type { Layer } from '../layers/layer.ts';
import { made } from '../layers/made.ts';
import { reversedBy } from '../layers/reversal.ts';
import { unroll } from '../layers/unroll.ts';
import { ParamSet } from '../params.ts';
import { requireExtent, type Sequence } from '../sequence.ts';
import type { FusedCell } from './cells/fused.ts';
import { fusedOf } from './cells/index.ts';
import { conditionedLayer } from './conditioned.ts';
import { input, inputGradient, inputOperand } from './input.ts';
import { type Layout, layoutOf } from './layout.ts';
import { bytesOf, type Wanted, withOperands } from './operands.ts';
import { type EngineOptions, engineOf, requireOptions } from './options.ts';
import { cotangent, Pass } from './pass.ts';
import { requireHeldMatrices } from './precision.ts';
import { readState } from './states.ts';
import { Sums } from './sums.ts';
import { type EngineTape, Tapes } from './tapes.ts';

/**
 * A drop-in for `unroll`: the same parameters, equations, states and lengths, the same numbers up to rounding (1e-12 of
 * the largest of a tensor in f64, 1e-4 in f32), many times faster. A cell that is not of the library is unrolled.
 *
 * A tape lies in the kernels' memory until the layer's next forward pass, which moves it out of the way. A training loop
 * saves that by saying `layer.release(tape)` when it is done with one: its memory is then used again from step to
 * step, as are the arrays of y and dx, which later passes overwrite.
 *
 * @param cell any cell of the library, or one's own.
 * @param size d inputs and m hidden units.
 * A layer that nobody refers to any more gives back what it has in the kernels' memory when it is collected. Where that
 * memory is full, tapes of other layers are moved out of it, and back when they are used.
 *
 * @throws ValueError when a size or an option is none, or when there is no WebAssembly with SIMD; MemoryError from
 * `forward` and `backward` when memory runs out, naming the bytes: the layer and its tapes are then as they were.
 *
 * @example
 * ```ts
 * import { lstm, normal, Random, recurrent, Sequence } from 'bptt';
 *
 * const layer = recurrent(lstm, { d: 2, m: 3 });
 * normal(0.5)(layer.params, new Random(1));
 * const { y, tape } = layer.forward(Sequence.dense([1, 0, 0, 1], { T: 2, F: 2 }));
 * const { dx } = layer.backward(tape, y);
 * console.log(y.F, dx.F); // → 3 2
 * ```
 */
export function recurrent<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  size: CellSize,
  options: EngineOptions = {},
): Layer<unknown, P> {
  requireCell('cell', cell);
  requireCellSize(size);
  requireOptions(options);
  const condition = conditionOf(cell);
  if (condition) {
    const inside = recurrent(condition.cell, { d: size.d + condition.k, m: size.m }, options);
    const { name, equations, via = {} } = cell;
    return conditionedLayer(inside, condition, { name, state: cell.state(size), equations, via }) as Layer<unknown, P>;
  }
  const fused = fusedOf(cell as unknown as Cell, size.m);
  if (!fused) return unroll(cell, size) as Layer<unknown, P>;
  const layer = fusedLayer(cell as unknown as Cell, fused, size, options) as Layer<unknown, P>;
  return made(layer, { kind: 'cell', cell: cell as unknown as Cell, d: size.d, m: size.m });
}

function fusedLayer(
  cell: Cell,
  fused: FusedCell,
  size: CellSize,
  options: EngineOptions,
  params: ParamSet = ParamSet.of(cell.params(size)),
  backwards: boolean = false,
): Layer<EngineTape> {
  const { d, m: units } = size;
  const state = cell.state(size);
  const { gates, extras, hasC } = fused;
  const hasW = Object.keys(fused.recurrent).length > 0;
  const tapes = new Tapes();
  /** dL/dx of indices that nobody has read yet, by the tape whose block da it needs. */
  const unread = new WeakMap<EngineTape, () => Sequence>();

  const layer: Layer<EngineTape> = {
    name: cell.name,
    params,
    inputs: d,
    outputs: units,
    state,
    equations: cell.equations,
    via: cell.via ?? {},

    forward(x, s0) {
      requireExtent('x', x, d);
      const initial = readState('s0', s0, state, x.B);
      requireExtent('x', x);
      const { rt, products } = engineOf(options);
      requireHeldMatrices(initial, rt.precision, part => `s0.${part}`);
      const m = Math.ceil(units / rt.lanes) * rt.lanes;
      const layout = layoutOf({ d, m, units, gates, hasW, extras });
      const { T, B } = x;
      const G = gates.length;
      const pass = new Pass(rt, products, { T, B, d, m, units, G }, x, backwards);
      const ragged = pass.order !== undefined;
      const { y, tape, result } = tapes.record(pass, layout, units, y => {
        const wanted = operandsOf(pass, layout, fused, true);
        const states = { count: (T + 1) * B * m, zeros: ragged };
        const blocks = {
          p: { count: layout.count },
          x: { count: pass.inputCount },
          a: { count: T * B * G * m },
          h: states,
          ...(hasC && { c: states }),
          ...mapped(fused.kept, columns => ({ count: T * B * columns * m, zeros: ragged })),
          ...mapped(fused.once, columns => ({ count: columns * m, zeros: true })),
        };
        pass.take(blocks, bytesOf(wanted, rt.bytes));
        layout.load(rt, params, pass.block('p'));
        fused.before?.(pass, layout);
        pass.loadIndices();
        for (const name of hasC ? ['h', 'c'] : ['h']) pass.loadState(pass.block(name), initial[name]);
        withOperands(pass, layout, wanted, way => {
          for (const span of pass.spans) {
            pass.span = span;
            input(way);
            for (let t = span.from; t < span.to; t++) fused.forward(way, t, pass.active(t));
            pass.unload(pass.step('h', span.from + 1, m), m, y);
          }
        });
        return mapped(state, (columns, name) =>
          pass.unloadState(columns, b => pass.step(name, x.lengths?.[b] ?? T, m)),
        );
      });
      return { y, sT: result, tape };
    },

    backward(tape, given, dsT) {
      const { pass, layout } = tapes.known(tape);
      const dy = cotangent(given, units, pass.x);
      const final = readState('dsT', dsT, state, pass.x.B);
      requireHeldMatrices(final, pass.runtime.precision, part => `dsT.${part}`);
      requireExtent('dy', given);
      const { T, B, m, G } = pass.size;
      const oneHot = pass.x.data instanceof Int32Array;
      const ragged = pass.order !== undefined;
      unread.get(tape)?.();
      return tapes.use(tape, () => {
        const wanted = operandsOf(pass, layout, fused, false);
        const blocks = {
          dp: { count: layout.count },
          dy: pass.ofSpan(m),
          ...mapped(fused.made, columns => pass.ofSpan(columns * m, ragged)),
          drh: { count: B * m },
          dh: { count: B * m },
          ...(hasC && { dc: { count: B * m } }),
          ...(!oneHot && { dx: pass.ofSpan(d) }),
        };
        const da = oneHot ? { count: T * B * G * m, zeros: ragged } : pass.ofSpan(G * m, ragged);
        const back = (sums: Sums, dx?: Sequence) =>
          withOperands(pass, layout, wanted, way => {
            for (const span of [...pass.spans].reverse()) {
              pass.span = span;
              pass.load('dy', 'dy', dy, m);
              for (let t = span.to - 1; t >= span.from; t--) fused.backward(way, t, pass.active(t));
              sums.add(rows => fused.gradients(way, rows));
              if (dx) inputGradient(way, dx);
            }
          });
        try {
          pass.take({ ...blocks, da }, bytesOf(wanted, pass.runtime.bytes));
          const sums = new Sums(pass, layout, params);
          for (const name of hasC ? ['h', 'c'] : ['h']) pass.loadState(pass.block(`d${name}`), final[name]);
          const dx = oneHot ? back(sums) : tapes.dx(tape, d, made => back(sums, made));
          const ds0 = mapped(state, (columns, name) => pass.unloadState(columns, () => pass.block(`d${name}`)));
          sums.end();
          if (dx) return { dx, ds0 };
          const read = whenRead(tape);
          unread.set(tape, read);
          return {
            get dx() {
              return read();
            },
            ds0,
          };
        } finally {
          pass.give(...Object.keys(blocks), ...(unread.has(tape) ? [] : ['da']));
        }
      });
    },

    release: tape => tapes.release(tape),
  };

  /** dL/dx of indices is as large as the vocabulary, and training never reads it: it is computed when it is read first. */
  function whenRead(tape: EngineTape): () => Sequence {
    let dx: Sequence | undefined;
    return () => {
      if (dx) return dx;
      const { pass, layout } = tapes.known(tape);
      dx = tapes.use(tape, () =>
        tapes.dx(tape, d, made => {
          const wanted = inputOperand(pass, layout, false);
          try {
            pass.take({ dx: pass.ofSpan(d) }, bytesOf(wanted, pass.runtime.bytes));
            withOperands(pass, layout, wanted, way => {
              for (const span of pass.spans) {
                pass.span = span;
                inputGradient(way, made);
              }
            });
          } finally {
            pass.give('dx');
          }
        }),
      );
      pass.give('da');
      unread.delete(tape);
      return dx;
    };
  }

  return reversedBy(layer, () => fusedLayer(cell, fused, size, options, params, !backwards));
}

/** The matrices of products that are done again and again, transposed for the way forward. */
function operandsOf(pass: Pass, layout: Layout, { recurrent }: FusedCell, forward: boolean): Record<string, Wanted> {
  const { T, B, m } = pass.size;
  const ofState = mapped(recurrent, ([from, to]): Wanted => {
    const [N, K] = forward ? [(to - from) * m, m] : [m, (to - from) * m];
    return { transposed: forward, N, K, offset: layout.W + from * m * m, row: m, rows: B, times: T };
  });
  const oneHot = pass.x.data instanceof Int32Array; // its a is gathered, and its dx comes later
  return { ...ofState, ...(oneHot ? {} : inputOperand(pass, layout, forward)) };
}

/** A record with the same names. */
function mapped<V, R>(record: Readonly<Record<string, V>>, value: (v: V, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, v]) => [name, value(v, name)]));
}
