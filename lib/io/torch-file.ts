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
 * A file by itself need have none of it: sizes are read off the tensors, and the cell where that can be. What modules a file may
 * have says `torch-modules.ts`.
 */
import { cellNamed } from '../cells/index.ts';
import { FormatError, ShapeError, ValueError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { type CharModel, charModel, requireModel } from '../models/char-model.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { describe, requireKnown, requireName } from '../require.ts';
import { parseJson } from './json.ts';
import { partsOf } from './parts.ts';
import { type Dtype, readSafetensors, writeSafetensors } from './safetensors.ts';
import { fromTorch, torchCells, toTorch } from './torch.ts';
import { findModules } from './torch-modules.ts';
import { checkpointFormat } from './version.ts';

/**
 * A model as the bytes of a file for PyTorch.
 *
 * @param dtype how the numbers are kept: as they are, or rounded to 32 bits.
 * @throws ValueError naming what PyTorch lacks, or a symbol of the vocabulary that is no character.
 */
export function encodeTorch(model: CharModel, dtype: Dtype = 'F64'): Uint8Array {
  return writeSafetensors(toTorch(requireCharNetwork(model).net), metadataOf(model), dtype);
}

/** What the tensors of a model do not say. */
export function metadataOf({ cell, vocabulary, m, layers }: CharModel): Record<string, string> {
  return {
    cell: cell.name,
    vocabulary: JSON.stringify(vocabulary.symbols),
    classes: `${vocabulary.size}`,
    hidden: `${m}`,
    layers: `${layers}`,
  };
}

/** The network of a model is what the model says beside it, or throws ValueError: it could not be read again. */
function requireCharNetwork(model: CharModel): CharModel {
  const { net, vocabulary, cell, m, layers } = requireModel(model);
  const C = vocabulary.size;
  const cells = Array.from({ length: layers }, (_, l) => `${cell.name} ${l === 0 ? C : m}→${m}`);
  const expected = [...cells, `readout ${m}→${C}`].join(', ');
  const got = partsOf(net).flatMap(part => {
    if (part.kind === 'dropout') return [];
    if (part.kind === 'cell') return `${part.cell.name} ${part.d}→${part.m}`;
    return part.kind === 'readout' ? `readout ${part.m}→${part.C}` : part.kind;
  });
  if (got.join(', ') !== expected) throw new ValueError('model.net', shown(expected), shown(got.join(', ')));
  const [mark] = Object.keys(vocabulary.marks);
  if (mark !== undefined) throw new ValueError('model.vocabulary', 'characters without marks', `a mark for ${mark}`);
  Vocabulary.ofSymbols(vocabulary.symbols);
  return model;
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
  const contents = readSafetensors(bytes, file, ['F64', 'F32']);
  const { metadata } = contents;
  if (metadata.get('format') === checkpointFormat) {
    const got = 'a checkpoint of bptt: sample, export and train --resume take it as it is';
    throw new FormatError(file, "a state_dict of PyTorch's in safetensors", got);
  }
  const { tensors, modules, gates, m, layers, C } = findModules(contents, file);
  const name = cellOf(gates, file, named ?? metadata.get('cell'));
  if (metadata.get('cell') !== undefined && metadata.get('cell') !== name) {
    throw new ValueError('cell', `${shown(metadata.get('cell') ?? '')}, as ${file} says`, describe(name));
  }
  for (const [key, size] of Object.entries({ classes: C, hidden: m, layers })) {
    requireAgreement(key, `${size}`, metadata.get(key), file);
  }
  const vocabulary = vocabularyOf(metadata.get('vocabulary'), symbols, file);
  if (vocabulary.size !== C) throw new FormatError(file, `a model of its ${vocabulary.size} symbols`, `one of ${C}`);
  const cell = cellNamed(name);
  const model = charModel({ vocabulary, cell, m, layers });
  try {
    fromTorch(model.net, tensors, modules);
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof ValueError)) throw error;
    throw new FormatError(file, shown(`${error.argument} to be ${error.expected}`), shown(error.got));
  }
  return model;
}

/** The cell of an nn.RNN, nn.GRU or nn.LSTM, unless it is named: by how many blocks its tensors have, one for each gate. */
const CELLS: ReadonlyMap<number, string> = new Map([
  [1, 'rnn'],
  [3, 'gru'],
  [4, 'lstm'],
]);

function cellOf(gates: number, file: string, named: string | undefined): string {
  const found = CELLS.get(gates) ?? '';
  const name = named ?? found;
  if (!torchCells.includes(name))
    throw new FormatError(file, `a cell of ${torchCells.join(', ')}`, shown(describe(name)));
  const kind = name === 'rnn-relu' ? 'rnn' : name;
  if (kind !== found) throw new FormatError(file, `the tensors of ${name}`, `those of ${found}`);
  return name;
}

function requireAgreement(key: string, found: string, said: string | undefined, file: string): void {
  if (said !== undefined && said !== found)
    throw new FormatError(file, `${key} ${found}, as its tensors are`, shown(describe(said)));
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
  const vocabulary = vocabularyIn(json, wrong);
  const without = (a: Vocabulary, b: Vocabulary) => {
    const others = new Set(b.symbols);
    return a.symbols.filter(symbol => !others.has(symbol)).join('');
  };
  const [more, less] = given ? [without(given, vocabulary), without(vocabulary, given)] : ['', ''];
  if (more || less) {
    const got = [more && `also ${describe(more)}`, less && `none of ${describe(less)}`].filter(Boolean).join(', ');
    throw new ValueError('vocabulary', `the ${vocabulary.size} symbols of ${file}`, got);
  }
  return vocabulary;
}

function vocabularyIn(json: string, wrong: (got: string) => FormatError): Vocabulary {
  const symbols = parseJson(json, (_, got) => wrong(got === 'more' ? 'more than a list' : 'no JSON'));
  try {
    return Vocabulary.ofSymbols(symbols as readonly string[]);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw wrong(shown(`${error.argument} ${error.got}`));
  }
}
