/** The engine's recurrent layer: what `unroll` computes, batched and on WebAssembly. */
import { type Cell, type CellSize, requireCell, requireCellSize } from '../cells/cell.ts';
import { fitting } from '../cells/sizes.ts';
import type { Layer } from '../layers/layer.ts';
import { made } from '../layers/made.ts';
import { unroll } from '../layers/unroll.ts';
import { fusedLayer } from './fused.ts';
import { computedBy, type EngineOptions, requireOptions } from './options.ts';
import { plannedOf } from './plan.ts';

/**
 * A drop-in for `unroll`: the same parameters, equations, states and lengths, the same numbers up to rounding (1e-12 of
 * the largest of a tensor in f64, 1e-4 in f32), many times faster. The cell's own `forward` and `backward` are recorded
 * once, as equations, and run fused; a cell that cannot be recorded is unrolled, and `explain` says why.
 *
 * A tape lies in the kernels' memory until the layer's next forward pass, which moves it out of the way. A training loop
 * saves that by saying `layer.release(tape)` when it is done with one: its memory is then used again from step to
 * step, as are the arrays of y and dx, which later passes overwrite.
 *
 * A layer that nobody refers to any more gives back what it has in the kernels' memory when it is collected. Where that
 * memory is full, tapes of other layers are moved out of it, and back when they are used.
 *
 * @param cell any cell of the library, or one's own.
 * @param size d inputs and m hidden units.
 * @throws ValueError when a size or an option is none, the cell cannot have that size, or there is no WebAssembly with SIMD; MemoryError from
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
  requireCellSize(size, cell);
  requireOptions(options);
  const own = cell as unknown as Cell;
  const { plan } = plannedOf(own, size);
  if (!plan) return unroll(cell, size) as Layer<unknown, P>;
  const layer = fusedLayer(own, plan, size, options) as Layer<unknown, P>;
  return made(layer, { kind: 'cell', cell: own, d: size.d, m: size.m, engine: computedBy(options) });
}

/**
 * How `recurrent` runs a cell: fused, with so many products and kernels a step forward, or unrolled, and why.
 *
 * @param size d inputs and m hidden units: those of the question, which may be any that the cell can have.
 * @throws ValueError when `cell` or `size` is none.
 *
 * @example
 * ```ts
 * import { explain, lstm } from 'bptt';
 *
 * console.log(explain(lstm)); // → runs fused: 2 products and 1 kernel a step
 * ```
 */
export function explain<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  size: CellSize = fitting(requireCell('cell', cell), { d: 3, m: 4 }),
): string {
  requireCell('cell', cell);
  requireCellSize(size, cell);
  const { plan, reason } = plannedOf(cell as unknown as Cell, size);
  if (!plan) return `runs unrolled, because ${reason}`;
  const works = [...plan.hoisted, ...plan.forward];
  const kernels = works.filter(({ kind }) => kind === 'kernel').length;
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  return `runs fused: ${counted(works.length - kernels, 'product')} and ${counted(kernels, 'kernel')} a step`;
}
