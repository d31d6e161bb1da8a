/** How much memory a character model takes: said before it is made, since a system may kill what asks for too much. */
import { misfitOf, requireCellSize } from '../cells/cell.ts';
import { MemoryError } from '../errors.ts';
import { requireSize } from '../require.ts';
import { type CharTrainerOptions, memoriesOf } from './char-options.ts';
import type { Engine } from './network.ts';

/** What says how many parameters a model has. */
type Made = Pick<CharTrainerOptions, 'cell' | 'hidden' | 'layers' | 'embedding'>;

/** What a training run takes, in bytes: no less than this. */
export interface MemoryEstimate {
  /** Parameters, their gradients, the optimiser's memory, and a checkpoint twice, while it is made. */
  readonly model: number;
  /** What a pass through a chunk, or through a piece of the held-out text, keeps of every step. */
  readonly chunk: number;
  /** Of these two, what WebAssembly holds. */
  readonly inside: number;
  readonly total: number;
}

/** Bytes that WebAssembly can address. */
const WASM = 2 ** 32;
/** Bytes that Node reads or writes as one file. */
const FILE = 2 ** 31 - 1;
/** Bytes of a number outside the engine. */
const OUTSIDE = 8;
/** Steps that an evaluation, or the reading of a prompt, runs at once, and logits. */
const [STEPS_AT_ONCE, LOGITS_AT_ONCE] = [1000, 2 ** 23];

/** How many steps are run at once where nothing is learnt, over C symbols: a bound on memory. */
export function stepsAtOnce(C: number): number {
  return Math.max(1, Math.min(STEPS_AT_ONCE, Math.floor(LOGITS_AT_ONCE / C)));
}

/** How many parameters a model of C symbols has: of its embedding, its first layer, those above, the readout's V and c. */
export function parameterCount({ cell, hidden: m, layers, embedding }: Made, C: number): number {
  const d = embedding ?? C;
  const F = outputsOf(cell, d, m);
  const vectors = C * (embedding ?? 0);
  return vectors + layerCount(cell, d, m) + (layers - 1) * upperCount(cell, d, m, layers) + C * F + C;
}

/** What training a model of C symbols takes, beside the text. */
export function memoryEstimate(options: CharTrainerOptions, C: number, engine: Engine): MemoryEstimate {
  const memories = memoriesOf(options.optimiser);
  const numbers = OUTSIDE * parameterCount(options, C);
  const pass = passBytes(options, C, engine);
  const inside = insideBytes(options, C, engine);
  const model = inside + numbers * (2 + memories) + 2 * numbers * (1 + memories);
  return {
    model,
    chunk: pass.inside + pass.outside,
    inside: inside + pass.inside,
    total: model + pass.inside + pass.outside,
  };
}

/**
 * Refuses a model of C symbols, or a chunk, that is too large for the engine, which holds the parameters of all layers, the
 * gradients of one at a time, and what a pass keeps.
 *
 * @throws MemoryError with the bytes it needs.
 */
export function requireEngineRoom(options: CharTrainerOptions, C: number, engine: Engine): void {
  requireFits(options, memoryEstimate(options, C, engine), 'inside', `the ${WASM} bytes that WebAssembly has`, WASM);
}

/**
 * Refuses a model of C symbols, or a chunk, that cannot be trained and saved.
 *
 * @param available bytes of memory that are there.
 * @returns what it takes.
 * @throws MemoryError with the bytes it needs.
 */
export function requireRoom(options: CharTrainerOptions, C: number, engine: Engine, available: number): MemoryEstimate {
  requireEngineRoom(options, C, engine);
  const file = OUTSIDE * parameterCount(options, C) * (1 + memoriesOf(options.optimiser));
  if (file > FILE) throw tooLarge('hidden', `a file of ${FILE} bytes`, file);
  const estimate = memoryEstimate(options, C, engine);
  requireFits(options, estimate, 'total', `the ${available} bytes of memory that are free`, available);
  return estimate;
}

/** What does not fit is the fault of the steps that are kept where they take more than the model: of the chunk, or of more streams. */
function requireFits(
  { chunk, batch }: CharTrainerOptions,
  estimate: MemoryEstimate,
  what: 'inside' | 'total',
  room: string,
  bytes: number,
): void {
  if (estimate[what] <= bytes) return;
  const kept = batch > chunk ? 'batch' : 'chunk';
  throw tooLarge(estimate.chunk > estimate.model ? kept : 'hidden', room, estimate[what]);
}

/** The engine's parameters of all layers, and the gradients of the largest; an embedding is none of it. */
function insideBytes(options: CharTrainerOptions, C: number, engine: Engine): number {
  if (engine === 'reference') return 0;
  const { cell, hidden: m, layers, embedding } = options;
  const d = embedding ?? C;
  const one = Math.max(layerCount(cell, d, m), upperCount(cell, d, m, layers), C * outputsOf(cell, d, m) + C);
  return bytesOf(engine) * (parameterCount(options, C) - C * (embedding ?? 0) + one);
}

/**
 * What the larger of two passes keeps: that through a chunk, forward and back, or that through a piece of held-out text. Of
 * every step gates, states and inputs of each layer in the engine, the gradients of the first layer's gates beside them; outside
 * the outputs of each layer and of an embedding, and the logits, their log probabilities and their gradients.
 */
function passBytes(
  { cell, hidden: m, layers, embedding, dropout, chunk, batch, heldOut }: CharTrainerOptions,
  C: number,
  engine: Engine,
): { readonly inside: number; readonly outside: number } {
  const d = embedding ?? C;
  const gates = readingEach(cell, d, m);
  const states = Object.values(cell.state({ d, m })).reduce((sum, columns) => sum + columns, 0);
  const F = outputsOf(cell, d, m);
  const kept = layers * (gates + states + F);
  const learnt = batch * chunk;
  const forward = Math.max(learnt, heldOut > 0 ? stepsAtOnce(C) : 0);
  const inside = forward * kept + learnt * gates;
  const above = layers * F * (dropout > 0 ? 3 : 1) + (embedding ?? 0); // a mask, and what comes through it
  const outside = forward * (above + 2 * C) + learnt * (layers * F + C);
  if (engine === 'reference') return { inside: 0, outside: OUTSIDE * (inside + outside) };
  return { inside: bytesOf(engine) * inside, outside: OUTSIDE * outside };
}

function bytesOf(engine: Exclude<Engine, 'reference'>): number {
  return engine.precision === 'f32' ? 4 : 8;
}

function layerCount(cell: Made['cell'], d: number, m: number): number {
  const shapes = cell.params(requireCellSize({ d, m }, cell));
  return Object.values(shapes).reduce((sum, [rows, columns]) => sum + rows * columns, 0);
}

/** The parameters of a layer above the first, where there is one: its inputs are the outputs of that below. */
function upperCount(cell: Made['cell'], d: number, m: number, layers: number): number {
  return layers > 1 ? layerCount(cell, outputsOf(cell, d, m), m) : 0;
}

function outputsOf(cell: Made['cell'], d: number, m: number): number {
  return requireSize(`${cell.name}.state.h`, cell.state(requireCellSize({ d, m }, cell)).h ?? 0);
}

/** How many numbers of a step read each input; 0 where the cell can have no other number of inputs to see it by. */
function readingEach(cell: Made['cell'], d: number, m: number): number {
  const more = [1, 2, 4, 8, 16].find(n => Object.keys(misfitOf(cell, { d: d + n, m })).length === 0);
  return more === undefined ? 0 : (layerCount(cell, d + more, m) - layerCount(cell, d, m)) / more;
}

function tooLarge(argument: 'hidden' | 'chunk' | 'batch', room: string, needed: number): MemoryError {
  const kept = 'whose steps, all of them kept, fit';
  const what = { hidden: 'a model that fits', chunk: `one ${kept}`, batch: `as many streams ${kept}` }[argument];
  return new MemoryError(argument, `${what} ${room}`, `one that needs at least ${needed} bytes`);
}
