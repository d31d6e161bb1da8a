/** Layers on what is to compute them: the engine, or the reference. */
import type { Cell, CellSize } from '../cells/cell.ts';
import { linear } from '../engine/linear.ts';
import { type EngineOptions, requireOptions } from '../engine/options.ts';
import { recurrent } from '../engine/recurrent.ts';
import type { Layer } from '../layers/layer.ts';
import { readout } from '../layers/readout.ts';
import { unroll } from '../layers/unroll.ts';

/** How a network is run: by the reference's layers, or by the engine. The numbers are the same up to rounding. */
export type Engine = 'reference' | EngineOptions;

/** @throws ValueError when it is no way to run a network. */
export function requireEngine(engine: Engine): void {
  if (engine !== 'reference') requireOptions(engine);
}

/**
 * A cell through time: `recurrent` with the engine's options, or `unroll` for the reference.
 *
 * @throws ValueError when a size is not a positive integer, or an option of the engine is none.
 */
export function recurrentLayer(cell: Cell, size: CellSize, engine: Engine): Layer {
  return engine === 'reference' ? unroll(cell, size) : recurrent(cell, size, engine);
}

/**
 * o_t = V h_t + c from m units to C outputs: `linear` with the engine's options, or `readout` for the reference.
 *
 * @throws ValueError when a size is not a positive integer, or an option of the engine is none.
 */
export function readoutLayer(size: { readonly m: number; readonly C: number }, engine: Engine): Layer {
  return engine === 'reference' ? readout(size) : linear(size, engine);
}
