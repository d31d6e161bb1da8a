/** How much memory a character model takes: said before it is made, since a system may kill what asks for too much. */
import { ValueError } from '../errors.ts';
import type { Engine } from './char-model.ts';
import { type CharTrainerOptions, memoriesOf } from './char-options.ts';

/** What says how many parameters a model has. */
type Made = Pick<CharTrainerOptions, 'cell' | 'hidden' | 'layers'>;

/** Bytes that WebAssembly can address. */
const WASM = 2 ** 32;
/** Bytes that Node reads or writes as one file. */
const FILE = 2 ** 31 - 1;
/** Bytes of a number outside the engine. */
const OUTSIDE = 8;

/** How many parameters a model of C symbols has: of its first layer, of those above, of the readout's V and c. */
export function parameterCount({ cell, hidden: m, layers }: Made, C: number): number {
  return layerCount(cell, C, m) + (layers - 1) * layerCount(cell, m, m) + C * m + C;
}

/**
 * Refuses a model of C symbols that is too large for the engine, which holds the parameters of all layers and the gradients
 * of one at a time.
 *
 * @throws ValueError with the bytes it needs.
 */
export function requireEngineRoom(options: CharTrainerOptions, C: number, engine: Engine): void {
  const inside = insideBytes(options, C, engine);
  if (inside > WASM) throw tooLarge(`the ${WASM} bytes that WebAssembly has`, inside);
}

/**
 * Refuses a model of C symbols that cannot be trained and saved: parameters, their gradients, the optimiser's memory, what
 * the engine holds, and the bytes of a checkpoint twice, while it is made.
 *
 * @param available bytes of memory that are there.
 * @throws ValueError with the bytes it needs.
 */
export function requireRoom(options: CharTrainerOptions, C: number, engine: Engine, available: number): void {
  requireEngineRoom(options, C, engine);
  const numbers = OUTSIDE * parameterCount(options, C);
  const memories = memoriesOf(options.optimiser);
  const file = numbers * (1 + memories);
  if (file > FILE) throw tooLarge(`a file of ${FILE} bytes`, file);
  const total = insideBytes(options, C, engine) + numbers * (2 + memories) + 2 * file;
  if (total > available) throw tooLarge(`the ${available} bytes of memory that are free`, total);
}

function insideBytes(options: CharTrainerOptions, C: number, engine: Engine): number {
  if (engine === 'reference') return 0;
  const { cell, hidden: m, layers } = options;
  const one = Math.max(layerCount(cell, C, m), layers > 1 ? layerCount(cell, m, m) : 0, C * m + C);
  return (engine.precision === 'f32' ? 4 : 8) * (parameterCount(options, C) + one);
}

function layerCount(cell: Made['cell'], d: number, m: number): number {
  return Object.values(cell.params({ d, m })).reduce((sum, [rows, columns]) => sum + rows * columns, 0);
}

function tooLarge(room: string, needed: number): ValueError {
  return new ValueError('hidden', `a model that fits ${room}`, `one that needs at least ${needed} bytes`);
}
