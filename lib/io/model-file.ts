/**
 * A model in one file: any network of the library's parts, and what belongs to it. A sealed safetensors file, which every
 * reader of that format opens, the parameters under their names.
 *
 * | metadata        | meaning |
 * |-----------------|---------|
 * | format, version | `bptt-model`, 1 |
 * | library         | what wrote it |
 * | model           | how the network is made, see `network-json.ts` |
 * | optimiser       | how it is made, see `optimiser-json.ts`; its memory is in the tensors `optimiser.name` |
 * | scaler          | what `Scaler.from` reads |
 * | vocabulary      | symbols and marks |
 * | training        | where a training stands; its arrays are in the tensors `training.name` |
 * | note            | what the one who saved wrote beside it |
 * | sha256          | the seal, see `sealed.ts` |
 *
 * All from `model` to `note` are JSON; where there is none of something, its field is not there.
 */
import { type Cell, requireCell } from '../cells/cell.ts';
import { cells } from '../cells/index.ts';
import { FormatError, ShapeError, ValueError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { type Attentive, isAttentive } from '../layers/attention/attentive.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { makingOf } from '../layers/made.ts';
import type { EncoderDecoder } from '../models/encoder-decoder.ts';
import { type Engine, requireEngine } from '../models/network.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import type { Optimiser } from '../optim/optimiser.ts';
import { ParamSet } from '../params.ts';
import { describe, requireFinite, requireInstance, requireKnown, requireName, requireObject } from '../require.ts';
import { Scaler } from '../training/scaler.ts';
import type { TrainingState } from '../training/training-state.ts';
import { arraysInto, withArrays } from './array-tensors.ts';
import { noteJson, parseField, requireNoNamesake } from './checkpoint-fields.ts';
import { refusing } from './checkpoint-file.ts';
import { networkJson, networkOf } from './network-json.ts';
import { optimiserJson, optimiserOf } from './optimiser-json.ts';
import { numbersIn, paramTensors, setParams } from './param-tensors.ts';
import type { Tensor } from './safetensors.ts';
import { readSealed, writeSealed } from './sealed.ts';
import { modelFormat as FORMAT, version as library, otherKind } from './version.ts';

const VERSION = '1';

/** The models there are, by kind. */
export interface Models {
  readonly layer: Layer;
  readonly attentive: Attentive;
  readonly 'encoder-decoder': EncoderDecoder<Layer | Attentive>;
  /** Whichever it is. */
  readonly any: Layer | Attentive | EncoderDecoder<Layer | Attentive>;
}

/** What is kept beside a model. */
export interface Kept {
  /** That of the model's parameters: it goes on as if it had not been saved. */
  readonly optimiser?: Optimiser;
  readonly scaler?: Scaler;
  readonly vocabulary?: Vocabulary;
  /** Where a training of the model stands: what `Training.state` gives. */
  readonly training?: TrainingState;
  /** Any JSON, such as the names of classes. */
  readonly note?: unknown;
}

/** What a file holds. */
export interface Saved<Model> {
  readonly model: Model;
  readonly optimiser: Optimiser | undefined;
  readonly scaler: Scaler | undefined;
  readonly vocabulary: Vocabulary | undefined;
  /** For `Training.resume`, which looks whether it fits. */
  readonly training: TrainingState | undefined;
  /** null where there is none. */
  readonly note: unknown;
  /** The library that wrote it, with its version. */
  readonly library: string | undefined;
}

/** How a file is read. */
export interface LoadOptions<K extends keyof Models = keyof Models> {
  /** The kind of model that is wanted; `layer` unless given. */
  readonly as?: K;
  /** Cells of your own that it may have been made of, by their names: those whose equations are not in the file. */
  readonly cells?: Readonly<Record<string, Cell>>;
  /** What computes it: the reference, or the engine with other options than it had. As it was unless given. */
  readonly engine?: Engine;
  /** The file's name, for errors; `model` unless given. */
  readonly file?: string;
}

/**
 * A model as the bytes of a file: how it is made, its parameters, and what belongs to it.
 *
 * @param model a layer, or an encoder and a decoder, of the library's parts. Cells of your own are written as their equations, and by
 * their names alone where these cannot be recorded.
 * @throws ValueError naming a part that is not the library's or was changed since it was made, a cell that is called as one of the
 * library's and is another, a number that is not finite, or a note that is no JSON.
 *
 * @example
 * ```ts
 * import { adam, lstm, linear, recurrent, stack, Vocabulary } from 'bptt';
 * import { load, save } from 'bptt/io';
 *
 * const net = stack({ lstm: recurrent(lstm, { d: 3, m: 4 }), out: linear({ m: 4, C: 3 }) });
 * const optimiser = adam(net.params, { learningRate: 0.01 });
 * const bytes = save(net, { optimiser, vocabulary: Vocabulary.of('abc'), note: { from: 'an example' } });
 * const { model, vocabulary, note } = load(bytes); // in a page, a worker, or another program
 * console.log(model.name, vocabulary?.size, note); // → lstm+readout 3 { from: 'an example' }
 * ```
 */
export function save(model: Models['any'], kept: Kept = {}): Uint8Array {
  const known = requireKnown('kept', kept, ['optimiser', 'scaler', 'vocabulary', 'training', 'note']);
  const { optimiser, scaler, vocabulary, training, note = null } = known;
  const { params } = requireObject('model', model, 'a model');
  const json = networkJson(model, 'model');
  requireInstance('model.params', params, ParamSet);
  if (kindOf(model) === undefined) throw new ValueError('model', 'a whole one', 'a part of one, a bridge');
  for (const [name, matrix] of Object.entries(params.named())) requireFinite(`model.params.${name}`, matrix);
  if (scaler !== undefined) requireInstance('scaler', scaler, Scaler);
  if (vocabulary !== undefined) requireInstance('vocabulary', vocabulary, Vocabulary);
  const making = optimiser === undefined ? undefined : optimiserJson(optimiser, params);
  const tensors = paramTensors(params);
  for (const [name, data] of Object.entries(optimiser?.memory ?? {})) {
    requireFinite(`optimiser.memory.${name}`, data);
    tensors.set(`optimiser.${name}`, { shape: [data.length], data: data.slice() });
  }
  const fields = {
    model: json,
    ...(making && { optimiser: making }),
    ...(scaler && { scaler }),
    ...(vocabulary && { vocabulary: { symbols: vocabulary.symbols, marks: vocabulary.marks } }),
    ...(training !== undefined && { training: arraysInto(tensors, 'training', requireObject('training', training)) }),
  };
  const written = Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]);
  return writeSealed(tensors, {
    format: FORMAT,
    version: VERSION,
    library: `bptt ${library}`,
    ...Object.fromEntries(written),
    note: noteJson(note),
  });
}

/**
 * The model that {@link save} wrote, and what belongs to it: it computes the same numbers, to the last bit where it is
 * computed in the same way.
 *
 * @param bytes the file's.
 * @throws FormatError naming the file when it is cut off, altered, of another kind or of a newer version, or lacks a cell that
 * is not the library's; ValueError when an option is none.
 */
export function load<K extends keyof Models = 'layer'>(
  bytes: Uint8Array,
  options: LoadOptions<K> = {},
): Saved<Models[K]> {
  const known = requireKnown('options', options, ['as', 'cells', 'engine', 'file']);
  const { as = 'layer', cells: own = {}, engine, file = 'model' } = known;
  requireName('file', file);
  if (!KINDS.includes(as)) throw new ValueError('as', `one of ${KINDS.join(', ')}`, describe(as));
  if (engine !== undefined) requireEngine(engine);
  for (const [name, cell] of Object.entries(requireObject('cells', own)))
    requireNoNamesake(`cells.${name}`, requireCell(`cells.${name}`, cell), name);
  const { tensors, metadata } = opened(bytes, file);
  const json = (name: string): unknown => parseField(file, name, metadata.get(name));
  const only = <T>(name: string, read: (json: unknown) => T): T | undefined =>
    metadata.has(name) ? read(json(name)) : undefined;
  return refusing(file, () => {
    const numbers = numbersIn(tensors);
    const model = networkOf(json('model'), { cells: { ...cells, ...own }, engine, numbers }) as Models[K];
    const kind = kindOf(model);
    if (kind === undefined || (as !== 'any' && kind !== as))
      throw new ValueError('model', `one to be loaded as ${as}`, `one of kind ${kind ?? 'none'}`);
    if (model.params.size !== numbers) throw new ShapeError('params', `${model.params.size} numbers`, `${numbers}`);
    setParams(model.params, tensors);
    return {
      model,
      optimiser: only('optimiser', written => remembering(optimiserOf(written, model.params), tensors)),
      scaler: only('scaler', written => Scaler.from(written)),
      vocabulary: only('vocabulary', vocabularyOf),
      training: only('training', written => withArrays(written, tensors) as TrainingState),
      note: json('note'),
      library: metadata.get('library'),
    };
  });
}

const KINDS: readonly (keyof Models)[] = ['layer', 'attentive', 'encoder-decoder', 'any'];

/** The kind of a model; undefined of what is none by itself, such as a bridge. */
function kindOf(model: Models['any']): keyof Models | undefined {
  const kind = makingOf(model)?.kind;
  if (kind === 'encoder-decoder') return kind;
  if (kind === 'bridge') return undefined;
  return isAttentive(requireLayer('model', model as Layer)) ? 'attentive' : 'layer';
}

/** What the bytes hold, or throws FormatError. */
function opened(bytes: Uint8Array, file: string): ReturnType<typeof readSealed> {
  const contents = readSealed(bytes, file);
  const { metadata } = contents;
  const [format, version] = [metadata.get('format'), metadata.get('version')];
  if (format !== FORMAT)
    throw new FormatError(file, `a ${FORMAT} file`, otherKind(format) ?? `format ${shown(describe(format))}`);
  if (version !== VERSION) {
    const writer = shown(metadata.get('library') ?? 'something else');
    throw new FormatError(
      file,
      `version ${VERSION}, which bptt ${library} reads`,
      `version ${shown(describe(version))}, which ${writer} wrote`,
    );
  }
  return contents;
}

/** Puts what was saved into an optimiser's memory. Returns it. */
function remembering(optimiser: Optimiser, tensors: ReadonlyMap<string, Tensor>): Optimiser {
  for (const [name, into] of Object.entries(optimiser.memory)) {
    const data = tensors.get(`optimiser.${name}`)?.data;
    if (data?.length !== into.length)
      throw new ShapeError(`optimiser.${name}`, `${into.length} numbers`, `${data?.length ?? 'none'}`);
    requireFinite(`optimiser.${name}`, data);
    into.set(data);
  }
  return optimiser;
}

function vocabularyOf(written: unknown): Vocabulary {
  const { symbols, marks } = requireKnown('vocabulary', written as Pick<Vocabulary, 'symbols' | 'marks'>, [
    'symbols',
    'marks',
  ]);
  return Vocabulary.from(symbols, marks);
}
