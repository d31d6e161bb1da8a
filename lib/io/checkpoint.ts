/**
 * Checkpoints of character models: one sealed safetensors file that holds the parameters, the optimiser's memory and
 * the network's state as tensors, and everything else in its metadata. Any safetensors reader opens it.
 *
 * | metadata           | meaning |
 * |--------------------|---------|
 * | format, version    | `bptt-char-model`, 2 |
 * | library            | what wrote it |
 * | cell, sizes        | the cell's name; d inputs of the first layer, m hidden units in each of some layers, C classes |
 * | equations          | of a cell that is not the library's: a hash of its equations, where it has any that can be recorded |
 * | vocabulary         | the symbols |
 * | options            | how it is trained |
 * | position           | step, place in the text, average of the loss, learning rate, norms, random generator |
 * | text               | the SHA-256 of the text |
 * | note               | what the one who saved wrote beside it |
 * | sha256             | the seal, see `sealed.ts` |
 *
 * All but format, version, library, cell, equations, text and the seal are JSON. Version 1 lacked library, cell, sizes, the
 * learning rate and the norms; it is still read. Options that a file does not have are what they were when there were none of them.
 */
import type { Cell, CellSize } from '../cells/cell.ts';
import { cellNamed, cells } from '../cells/index.ts';
import { ShapeError, ValueError } from '../errors.ts';
import { parameterCount } from '../models/char-memory.ts';
import { type CharModel, charModel } from '../models/char-model.ts';
import { type CharTrainerOptions, laterOptions, requireOptions } from '../models/char-options.ts';
import { CharTrainer, type TrainerPosition } from '../models/char-trainer.ts';
import type { Vocabulary } from '../models/vocabulary.ts';
import { requireFinite, requireInstance, requireObject } from '../require.ts';
import type { Matrices } from '../shape.ts';
import { FlatMatrix } from '../views.ts';
import {
  equationsHash,
  noteJson,
  requireEquations,
  requireNoNamesake,
  requirePosition,
  vocabularyOf,
} from './checkpoint-fields.ts';
import { OLD_VERSION, opened, refusing, savedOptions, VERSION } from './checkpoint-file.ts';
import { numbersIn, paramTensors, setParams, tensorOf } from './param-tensors.ts';
import type { Tensor } from './safetensors.ts';
import { writeSealed } from './sealed.ts';
import { sha256 } from './sha256.ts';
import { checkpointFormat, version as library } from './version.ts';

/** What a checkpoint holds. */
export interface Checkpoint {
  /** The file's name, for messages. */
  readonly file: string;
  /** The library that wrote it, with its version; none in files of version 1. */
  readonly library: string | undefined;
  /** The model with its trained parameters. */
  readonly model: CharModel;
  /** The SHA-256 of the text it was trained on. */
  readonly text: string;
  readonly options: CharTrainerOptions;
  readonly position: TrainerPosition;
  /** The network's state; absent at the start of the text. */
  readonly state: Matrices | undefined;
  /** The optimiser's memory, by name. */
  readonly memory: ReadonlyMap<string, Float64Array>;
  /** What the one who saved wrote beside it: any JSON. */
  readonly note: unknown;
}

/**
 * A training run as the bytes of a checkpoint.
 *
 * @param trainer the run, between two steps.
 * @param note any JSON to keep beside it: where the text came from, say.
 * @throws DivergenceError when a number to be saved is not finite: it could not be read back; ValueError when the note is more
 * than is read back, or when the cell is called as one of the library's and is another, for which it would be taken.
 */
export function encodeCheckpoint(trainer: CharTrainer, note: unknown = null): Uint8Array {
  requireInstance('trainer', trainer, CharTrainer).requireFinite();
  const written = noteJson(note);
  const { text, model, optimiser, position, state } = trainer;
  const options = requireOptions(trainer.options);
  requireNoNamesake('options.cell', options.cell);
  const equations = equationsHash(options.cell, firstSize(options, model.vocabulary));
  requirePosition(position);
  const tensors = paramTensors(model.net.params);
  for (const [name, data] of Object.entries(optimiser.memory)) {
    tensors.set(`optimiser.${name}`, { shape: [data.length], data: data.slice() });
  }
  for (const [name, matrix] of Object.entries(state ?? {})) tensors.set(`state.${name}`, tensorOf(matrix));
  return writeSealed(tensors, {
    format: checkpointFormat,
    version: VERSION,
    library: `bptt ${library}`,
    cell: options.cell.name,
    ...(equations !== undefined && { equations }),
    sizes: JSON.stringify(sizesOf(options, model.vocabulary)),
    text: sha256(text),
    vocabulary: JSON.stringify(model.vocabulary.symbols),
    options: JSON.stringify({ ...options, cell: options.cell.name }),
    position: JSON.stringify(position),
    note: written,
  });
}

/**
 * Reads a checkpoint, with a model ready to sample from.
 *
 * A cell that is not the library's must have the equations that the checkpoint was trained with: however its lines are
 * ordered and its variables called, the same operations on the same things, forward and backward. A cell whose equations
 * could not be recorded, and one of a checkpoint of before there was a hash of them, is known by its name and the shapes of
 * its parameters alone.
 *
 * @param bytes the file's.
 * @param file its name, for messages.
 * @param known the cells it may have been made with, by name: the library's unless given.
 * @throws FormatError when it is cut off, altered, or of another kind, or its cell is none of those or another one.
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  file: string = 'checkpoint',
  known: Readonly<Record<string, Cell>> = cells,
): Checkpoint {
  for (const [name, cell] of Object.entries(requireObject('known', known)))
    requireNoNamesake(`known.${name}`, cell, name);
  const { tensors, metadata, version, text, json } = opened(bytes, file);
  return refusing(file, () => {
    const saved = savedOptions(json('options'));
    const options = requireOptions({ ...laterOptions, ...saved, cell: cellNamed(saved.cell, known) });
    const old = { learningRate: options.learningRate, norms: [] };
    const written = json('position') as TrainerPosition;
    const position = requirePosition(version === OLD_VERSION ? { ...written, ...old } : { ...written });
    const vocabulary = vocabularyOf(options.level, json('vocabulary'));
    if (version === VERSION) {
      requireSame('cell', options.cell.name, metadata.get('cell'));
      requireSame('sizes', JSON.stringify(sizesOf(options, vocabulary)), metadata.get('sizes'));
    }
    // Before a model is made: a file must hold the numbers that it asks memory for.
    requireCount(parameterCount(options, vocabulary.size), tensors);
    requireEquations(options.cell, firstSize(options, vocabulary), metadata.get('equations'));
    const { level, cell, hidden: m, layers, embedding } = options;
    const model = charModel({ level, vocabulary, cell, m, layers, embedding });
    setParams(model.net.params, tensors);
    return {
      file,
      library: metadata.get('library'),
      text,
      model,
      options,
      position,
      state: stateOf(model, options.batch, position, tensors),
      memory: memoryOf(model, tensors),
      note: json('note'),
    };
  });
}

/** The sizes of the cell at the bottom, at which its equations are written down. */
function firstSize({ hidden: m, embedding }: CharTrainerOptions, { size: C }: Vocabulary): CellSize {
  return { d: embedding ?? C, m };
}

function sizesOf(options: CharTrainerOptions, vocabulary: Vocabulary): Readonly<Record<string, number>> {
  return { ...firstSize(options, vocabulary), layers: options.layers, C: vocabulary.size };
}

function requireCount(count: number, tensors: ReadonlyMap<string, Tensor>): void {
  const found = numbersIn(tensors);
  if (found !== count) throw new ShapeError('param', `${count} numbers in all`, `${found}`);
}

function requireSame(key: string, expected: string, got: string | undefined): void {
  if (got !== expected) throw new ValueError(key, `${expected}, as the options and the vocabulary say`, `${got}`);
}

function stateOf(
  { net }: CharModel,
  batch: number,
  { position }: TrainerPosition,
  tensors: ReadonlyMap<string, Tensor>,
): Matrices | undefined {
  const parts = [...tensors].filter(([name]) => name.startsWith('state.'));
  if (parts.length === 0 && position === 0) return undefined;
  return Object.fromEntries(
    Object.entries(net.state).map(([name, columns]) => {
      const data = tensors.get(`state.${name}`)?.data;
      if (data?.length !== batch * columns)
        throw new ShapeError(`state.${name}`, `${batch * columns} numbers`, `${data?.length ?? 'none'}`);
      requireFinite(`state.${name}`, data);
      return [name, new FlatMatrix(data, batch, columns)];
    }),
  );
}

/** The tensors of the optimiser: all that are neither parameters nor state. */
function memoryOf({ net }: CharModel, tensors: ReadonlyMap<string, Tensor>): Map<string, Float64Array> {
  const prefix = 'optimiser.';
  const others = new Set([
    ...Object.keys(net.params.shapes).map(p => `param.${p}`),
    ...Object.keys(net.state).map(s => `state.${s}`),
  ]);
  const memory = new Map<string, Float64Array>();
  for (const [name, { data }] of tensors) {
    if (others.has(name)) continue;
    if (!name.startsWith(prefix))
      throw new ValueError('tensors', 'parameters, state and optimiser memory', JSON.stringify(name));
    requireFinite(name, data);
    memory.set(name.slice(prefix.length), data);
  }
  return memory;
}
