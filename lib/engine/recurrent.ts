/**
 * The engine's recurrent layer: what `unroll` computes, batched and on WebAssembly. What does not depend on the state is
 * hoisted out of the loop through time: x·Uᵀ of a span of steps is one product before them, and dW, dU, db and dx are one
 * product each behind them. A step is one recurrent product and one fused kernel (two of each for a GRU that resets before).
 */
import { type Cell, type CellSize, requireCell, requireCellSize } from '../cells/cell.ts';
import { conditionOf } from '../cells/conditioned.ts';
import { type Layer, requireState } from '../layers/layer.ts';
import { made } from '../layers/made.ts';
import { reversedBy } from '../layers/reversal.ts';
import { unroll } from '../layers/unroll.ts';
import { ParamSet } from '../params.ts';
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import type { FusedCell } from './cells/fused.ts';
import { fusedOf } from './cells/index.ts';
import { withOperands } from './cells/products.ts';
import { conditionedLayer } from './conditioned.ts';
import { input, inputGradient, inputOperand } from './input.ts';
import { type Layout, layoutOf } from './layout.ts';
import { type EngineOptions, engineOf, requireOptions } from './options.ts';
import { Pass, requireRead } from './pass.ts';
import type { Operand } from './products.ts';
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
 * @throws ValueError when a size or an option is none, when there is no WebAssembly with SIMD, and from `forward` and
 * `backward` when memory runs out, naming the bytes.
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
      requireRead('x', x, d);
      const initial: Matrices = s0 === undefined ? {} : requireState('s0', s0, state, x.B);
      const { rt, products } = engineOf(options);
      const m = Math.ceil(units / rt.lanes) * rt.lanes;
      const layout = layoutOf({ d, m, units, gates, hasW, extras });
      tapes.makeRoom();
      const { T, B } = x;
      const G = gates.length;
      const pass = new Pass(rt, products, { T, B, d, m, units, G }, x, backwards);
      const y = tapes.newY({ ...x.extent(), F: units }, pass.like);
      try {
        pass.take('p', layout.count);
        layout.load(rt, params, pass.block('p'));
        fused.before?.(pass, layout);
        pass.takeInput();
        pass.take('a', T * B * G * m);
        for (const name of hasC ? ['h', 'c'] : ['h']) {
          pass.take(name, (T + 1) * B * m, pass.order !== undefined);
          pass.loadState(pass.block(name), initial[name]);
        }
        for (const [name, columns] of Object.entries(fused.kept)) {
          pass.take(name, T * B * columns * m, pass.order !== undefined);
        }
        withOperands(pass, layout, operandsOf(pass, layout, fused, true), way => {
          for (const span of pass.spans) {
            pass.span = span;
            input(way);
            for (let t = span.from; t < span.to; t++) fused.forward(way, t, pass.active(t));
            pass.unload(pass.step('h', span.from + 1, m), m, y);
          }
        });
      } catch (error) {
        pass.release();
        throw error;
      }
      const sT = Object.fromEntries(
        Object.entries(state).map(([name, columns]) => {
          return [name, pass.unloadState(columns, b => pass.step(name, x.lengths?.[b] ?? T, m))];
        }),
      );
      return { y, sT, tape: tapes.add(pass, layout, y) };
    },

    backward(tape, dy, dsT) {
      const { pass, layout } = tapes.known(tape);
      requireRead('dy', dy, units, pass.x);
      const final: Matrices = dsT === undefined ? {} : requireState('dsT', dsT, state, pass.x.B);
      tapes.use(tape);
      unread.get(tape)?.();
      const { T, B, m, G } = pass.size;
      const oneHot = pass.x.data instanceof Int32Array;
      const made = ['dp', 'dy', 'dh', 'dc', 'drh', ...Object.keys(fused.made)];
      try {
        pass.take('dp', layout.count);
        layout.beginSums(pass.runtime, params, pass.block('dp'));
        pass.takeOfSpan('dy', m);
        if (oneHot) pass.take('da', T * B * G * m, pass.order !== undefined);
        else pass.takeOfSpan('da', G * m, pass.order !== undefined);
        for (const [name, columns] of Object.entries(fused.made)) {
          pass.takeOfSpan(name, columns * m, pass.order !== undefined);
        }
        pass.take('drh', B * m);
        for (const name of hasC ? ['h', 'c'] : ['h']) {
          pass.take(`d${name}`, B * m);
          pass.loadState(pass.block(`d${name}`), final[name]);
        }
        const dx = oneHot ? undefined : tapes.newDx(tape, { ...pass.x.extent(), F: d });
        withOperands(pass, layout, operandsOf(pass, layout, fused, false), way => {
          for (const span of [...pass.spans].reverse()) {
            pass.span = span;
            pass.load('dy', 'dy', dy, m);
            for (let t = span.to - 1; t >= span.from; t--) fused.backward(way, t, pass.active(t));
            fused.gradients(way);
            if (dx) inputGradient(way, dx);
          }
        });
        layout.endSums(pass.runtime, params, pass.block('dp'));
        const ds0 = Object.fromEntries(
          Object.entries(state).map(([name, columns]) => {
            return [name, pass.unloadState(columns, () => pass.block(`d${name}`))];
          }),
        );
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
        pass.give(...made, ...(unread.has(tape) ? [] : ['da']));
      }
    },

    release: tape => tapes.release(tape),
  };

  /** dL/dx of indices is as large as the vocabulary, and training never reads it: it is computed when it is read first. */
  function whenRead(tape: EngineTape): () => Sequence {
    let dx: Sequence | undefined;
    return () => {
      if (dx) return dx;
      const { pass, layout } = tapes.known(tape);
      tapes.use(tape);
      const made = tapes.newDx(tape, { ...pass.x.extent(), F: d });
      withOperands(pass, layout, inputOperand(pass, layout, false), way => {
        for (const span of pass.spans) {
          pass.span = span;
          inputGradient(way, made);
        }
      });
      pass.give('da');
      unread.delete(tape);
      dx = made;
      return dx;
    };
  }

  return reversedBy(layer, () => fusedLayer(cell, fused, size, options, params, !backwards));
}

/** The matrices of products that are done again and again, transposed for the way forward. */
function operandsOf(pass: Pass, layout: Layout, { recurrent }: FusedCell, forward: boolean): Record<string, Operand> {
  const { T, B, m } = pass.size;
  const entries = Object.entries(recurrent).map(([name, [from, to]]): [string, Operand] => {
    const [N, K] = forward ? [(to - from) * m, m] : [m, (to - from) * m];
    return [name, pass.products.operand(forward, N, K, pass.block('p', layout.W + from * m * m), m, B, T)];
  });
  const oneHot = pass.x.data instanceof Int32Array; // its a is gathered, and its dx comes later
  return { ...Object.fromEntries(entries), ...(oneHot ? {} : inputOperand(pass, layout, forward)) };
}
