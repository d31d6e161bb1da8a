/**
 * Character models as files that PyTorch reads and writes: the state_dict of a module `rnn` (nn.RNN, nn.LSTM or nn.GRU) and
 * an nn.Linear on top, in safetensors. What the tensors do not say is in the file's metadata, all of it text:
 *
 * | key          | value |
 * |--------------|-------|
 * | `cell`       | `rnn`, `rnn-relu`, `lstm` or `gru` |
 * | `vocabulary` | the symbols in the order of their classes, a list in JSON: `json.dumps(sorted(set(text)))` |
 * | `classes`, `hidden`, `layers` | the sizes, for whoever makes the module |
 *
 * A file by itself need have none of it: sizes are read off the tensors, and the cell where that can be.
 */
import { cellNamed } from '../cells/index.ts';
import { FormatError, ShapeError, ValueError } from '../errors.ts';
import { parameterCount } from '../models/char-memory.ts';
import { type CharModel, charModel, requireModel } from '../models/char-model.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { describe, requireKnown, requireName } from '../require.ts';
import { type Dtype, readSafetensors, type Tensor, writeSafetensors } from './safetensors.ts';
import { fromTorch, type TorchModules, torchCells, toTorch } from './torch.ts';

/**
 * A model as the bytes of a file for PyTorch.
 *
 * @param dtype how the numbers are kept: as they are, or rounded to 32 bits.
 * @throws ValueError naming what PyTorch lacks.
 */
export function encodeTorch(model: CharModel, dtype: Dtype = 'F64'): Uint8Array {
  const { net, vocabulary, cell, m, layers } = requireModel(model);
  return writeSafetensors(
    toTorch(net),
    {
      cell: cell.name,
      vocabulary: JSON.stringify(vocabulary.symbols),
      classes: `${vocabulary.size}`,
      hidden: `${m}`,
      layers: `${layers}`,
    },
    dtype,
  );
}

/** What the file does not say by itself. */
export interface TorchFileOptions {
  /** The cell's name, where the file has none: otherwise what the tensors show, of nn.RNN the one with tanh. */
  readonly cell?: string | undefined;
  /** A text of the model's symbols, where the file has none. */
  readonly vocabulary?: string | undefined;
}

/**
 * The model in a file that PyTorch wrote, or {@link encodeTorch}. The modules may have any names.
 *
 * @param bytes the file's.
 * @param file its name, for messages.
 * @throws FormatError when it is cut off, or no such model; ValueError when the vocabulary is in neither, or an option says
 * something else than the file.
 */
export function decodeTorch(bytes: Uint8Array, file: string = 'file', options: TorchFileOptions = {}): CharModel {
  const { cell: named, vocabulary: symbols } = requireKnown('options', options, ['cell', 'vocabulary']);
  if (named !== undefined) requireName('cell', named);
  const { tensors, metadata } = readSafetensors(bytes, file, ['F64', 'F32']);
  const modules = modulesOf(tensors, file);
  const { name, m, layers, C } = formOf(tensors, modules, file, named ?? metadata.get('cell'));
  if (metadata.get('cell') !== undefined && metadata.get('cell') !== name) {
    throw new ValueError('cell', `${metadata.get('cell')}, as ${file} says`, describe(name));
  }
  for (const [key, size] of Object.entries({ classes: C, hidden: m, layers })) {
    requireAgreement(key, `${size}`, metadata.get(key), file);
  }
  const vocabulary = vocabularyOf(metadata.get('vocabulary'), symbols, file);
  if (vocabulary.size !== C) throw new FormatError(file, `a model of its ${vocabulary.size} symbols`, `one of ${C}`);
  const cell = cellNamed(name);
  // Before a model is made: a file must hold the numbers that it asks memory for.
  const count = parameterCount({ cell, hidden: m, layers }, C);
  const numbers = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  if (numbers < count) throw new FormatError(file, `${count} numbers or more`, `${numbers}`);
  const model = charModel({ vocabulary, cell, m, layers });
  try {
    fromTorch(model.net, tensors, modules);
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof ValueError)) throw error;
    throw new FormatError(file, `${error.argument} to be ${error.expected}`, error.got);
  }
  return model;
}

/** What the modules are called: the recurrent one has a `weight_ih_l0`, the other one a `weight` and a `bias`. */
function modulesOf(tensors: ReadonlyMap<string, Tensor>, file: string): Required<TorchModules> {
  const before = (name: string, ending: string) => name.slice(0, -ending.length).replace(/\.$/, '');
  const names = [...tensors.keys()];
  const recurrent = names.find(name => /(^|\.)weight_ih_l0$/.test(name));
  const linear = names.find(name => /(^|\.)weight$/.test(name) && tensors.has(name.replace(/weight$/, 'bias')));
  if (recurrent === undefined)
    throw new FormatError(file, 'a tensor weight_ih_l0 of an nn.RNN, nn.LSTM or nn.GRU', 'none');
  if (linear === undefined) throw new FormatError(file, 'tensors weight and bias of an nn.Linear', 'none');
  return { rnn: before(recurrent, 'weight_ih_l0'), readout: before(linear, 'weight') };
}

/** How many blocks a cell's tensors have, and the cell that has so many, unless it is named. */
const BLOCKS: ReadonlyMap<number, string> = new Map([
  [1, 'rnn'],
  [3, 'gru'],
  [4, 'lstm'],
]);

function formOf(
  tensors: ReadonlyMap<string, Tensor>,
  { rnn, readout }: Required<TorchModules>,
  file: string,
  named: string | undefined,
): { readonly name: string; readonly m: number; readonly layers: number; readonly C: number } {
  const within = (module: string, name: string) => (module === '' ? name : `${module}.${name}`);
  const [rows = 0, m = 0] = tensors.get(within(rnn, 'weight_hh_l0'))?.shape ?? [];
  const [C = 0] = tensors.get(within(readout, 'weight'))?.shape ?? [];
  const found = m > 0 ? BLOCKS.get(rows / m) : undefined;
  if (!found)
    throw new FormatError(file, `a ${within(rnn, 'weight_hh_l0')} of 1, 3 or 4 square blocks`, `${rows}×${m}`);
  const name = named ?? found;
  if (!torchCells.includes(name)) throw new FormatError(file, `a cell of ${torchCells.join(', ')}`, describe(name));
  const kind = name === 'rnn-relu' ? 'rnn' : name;
  if (kind !== found) throw new FormatError(file, `the tensors of ${name}`, `those of ${found}`);
  let layers = 1;
  while (tensors.has(within(rnn, `weight_ih_l${layers}`))) layers += 1;
  return { name, m, layers, C };
}

function requireAgreement(key: string, found: string, said: string | undefined, file: string): void {
  if (said !== undefined && said !== found)
    throw new FormatError(file, `${key} ${found}, as its tensors are`, describe(said));
}

function vocabularyOf(json: string | undefined, text: string | undefined, file: string): Vocabulary {
  const given = text === undefined ? undefined : Vocabulary.of(text);
  if (json === undefined) {
    if (!given)
      throw new ValueError('vocabulary', `a text of the symbols of ${file}, which has none in its metadata`, 'none');
    return given;
  }
  const wrong = (got: string) =>
    new FormatError(file, 'a vocabulary in its metadata: a list in JSON of code points, ascending', got);
  let symbols: unknown;
  try {
    symbols = JSON.parse(json);
  } catch {
    throw wrong('no JSON');
  }
  if (!Array.isArray(symbols) || symbols.length === 0) throw wrong(describe(symbols));
  const vocabulary = Vocabulary.of(symbols.join('') || '\0');
  if (vocabulary.symbols.length !== symbols.length || vocabulary.symbols.some((symbol, k) => symbol !== symbols[k])) {
    throw wrong('others');
  }
  const without = (a: Vocabulary, b: Vocabulary) => a.symbols.filter(symbol => !b.symbols.includes(symbol)).join('');
  const [more, less] = given ? [without(given, vocabulary), without(vocabulary, given)] : ['', ''];
  if (more || less) {
    const got = [more && `also ${describe(more)}`, less && `none of ${describe(less)}`].filter(Boolean).join(', ');
    throw new ValueError('vocabulary', `the ${vocabulary.size} symbols of ${file}`, got);
  }
  return vocabulary;
}
