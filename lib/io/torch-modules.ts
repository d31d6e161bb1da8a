/**
 * The modules of a character model in a file of PyTorch, found by the names and shapes of their tensors: one nn.RNN, nn.LSTM
 * or nn.GRU, an nn.Linear on top, and an nn.Embedding below or none. What else a file holds is refused by name, since it would
 * be part of what the model computes; an optimiser's memory is not, and is left out.
 *
 * | there                                             | here |
 * |---------------------------------------------------|------|
 * | `bias=False`                                      | no bias, which `fromTorch` takes for zeros |
 * | a tensor that is another's, and left out of the file | the other, as the metadata says: safetensors' `save_model` |
 * | an nn.Embedding E [C, e] below                    | U = weight_ih·Eᵀ: one-hot rows times that are rows of E times weight_ih |
 * | E that is the nn.Linear's weight, written once    | the same, found by its shape |
 *
 * Derived in `derivations/exchange.md`.
 */
import { FormatError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { timesT } from '../matrix.ts';
import { FlatMatrix } from '../views.ts';
import type { Tensor, TensorFile } from './safetensors.ts';
import type { TorchModules } from './torch.ts';

/** What is found. */
export interface FoundModules {
  /** The tensors of the network, over one-hot input, as `fromTorch` takes them. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly modules: Required<Omit<TorchModules, 'embedding'>>;
  /** Blocks that each tensor of the recurrent module has, one for each gate. */
  readonly gates: number;
  readonly m: number;
  readonly layers: number;
  readonly C: number;
}

/** A segment of a name that only an optimiser's memory has. */
const MEMORY =
  /(^|\.)(exp_avg|exp_avg_sq|max_exp_avg_sq|exp_inf|momentum_buffer|square_avg|grad_avg|acc_delta|optimi[sz]er\w*|optim)(\.|$)/;
const IH = 'weight_ih_l0';

/**
 * The modules in a file.
 *
 * @param file its name, for messages.
 * @throws FormatError naming the tensor that is missing, one too many, or of another shape.
 */
export function findModules({ tensors, metadata }: TensorFile, file: string): FoundModules {
  const all = networkTensors(tensors, metadata);
  const rnn = recurrentModule([...all.keys()], file);
  const own = new Map([...all].filter(([name]) => isWithin(name, rnn)));
  const { gates, m, d, layers } = recurrentSizes(own, rnn, file);
  const simple = simpleModules(new Map([...all].filter(([name]) => !own.has(name))), file);
  const { linear, E } = topAndBottom(simple, { m, d, ih: within(rnn, IH) }, file);
  const { module: readout, weight, bias } = linear;
  const ih = own.get(within(rnn, IH));
  if (E && ih) own.set(within(rnn, IH), embedded(ih, E));
  own.set(within(readout, 'weight'), weight);
  if (bias) own.set(within(readout, 'bias'), bias);
  return { tensors: own, modules: { rnn, readout }, gates, m, layers, C: weight.shape[0] ?? 0 };
}

/** U = weight_ih·Eᵀ. */
function embedded({ shape: [rows = 0, e = 0], data }: Tensor, E: Tensor): Tensor {
  const C = E.shape[0] ?? 0;
  const U = timesT(new FlatMatrix(data, rows, e), new FlatMatrix(E.data, C, e)); // PT-F5  U′_k = U_k Eᵀ
  return { shape: [rows, C], data: Float64Array.from(U.to1DArray()) };
}

/** All tensors but an optimiser's; with those that the metadata says are the same as others. */
function networkTensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string>,
): ReadonlyMap<string, Tensor> {
  const all = new Map([...tensors].filter(([name]) => !MEMORY.test(name)));
  for (const [name, kept] of metadata) {
    const tensor = tensors.get(kept);
    if (tensor && !all.has(name)) all.set(name, tensor);
  }
  return all;
}

/** What the recurrent module is called. */
function recurrentModule(names: readonly string[], file: string): string {
  const found = names.filter(name => /(^|\.)weight_ih_l0$/.test(name));
  const [name] = found;
  if (name === undefined) {
    const cell = names.find(name => /(^|\.)weight_ih$/.test(name));
    const got = cell === undefined ? 'none' : `${shown(cell)}, of a module for one step`;
    throw new FormatError(file, 'a tensor weight_ih_l0 of an nn.RNN, nn.LSTM or nn.GRU', got);
  }
  if (found.length > 1) throw new FormatError(file, 'one nn.RNN, nn.LSTM or nn.GRU', shown(found.join(' and ')));
  return before(name, IH);
}

/** The sizes of the recurrent module, each of whose layers has matrices of the right shapes. */
function recurrentSizes(
  tensors: ReadonlyMap<string, Tensor>,
  rnn: string,
  file: string,
): { readonly gates: number; readonly m: number; readonly d: number; readonly layers: number } {
  const shapeOf = (name: string) => tensors.get(within(rnn, name))?.shape;
  const hh = shapeOf('weight_hh_l0');
  const missing = (name: string, beside: string) =>
    new FormatError(file, `a tensor ${shown(within(rnn, name))} beside ${shown(within(rnn, beside))}`, 'none');
  if (!hh) throw missing('weight_hh_l0', IH);
  const [rows = 0, m = 0] = hh;
  const gates = m > 0 ? rows / m : 0;
  if (shapeOf('weight_hr_l0')) throw besidesKnown(file, within(rnn, 'weight_hr_l0'));
  if (hh.length !== 2 || ![1, 3, 4].includes(gates)) {
    const expected = `a ${shown(within(rnn, 'weight_hh_l0'))} of 1, 3 or 4 square blocks`;
    throw new FormatError(file, expected, hh.join('×') || 'one number');
  }
  const d = shapeOf(IH)?.[1] ?? 0;
  let layers = 0;
  for (; shapeOf(`weight_ih_l${layers}`); layers++) {
    if (!shapeOf(`weight_hh_l${layers}`)) throw missing(`weight_hh_l${layers}`, `weight_ih_l${layers}`);
    requireShape(
      within(rnn, `weight_ih_l${layers}`),
      shapeOf(`weight_ih_l${layers}`),
      [rows, layers === 0 ? d : m],
      file,
    );
    requireShape(within(rnn, `weight_hh_l${layers}`), shapeOf(`weight_hh_l${layers}`), [rows, m], file);
  }
  return { gates, m, d, layers };
}

/** A module beside the recurrent one: an nn.Linear, whose bias may be all that is in the file, or an nn.Embedding. */
interface Simple {
  readonly module: string;
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
}

/** What is not the recurrent module's, by modules. */
function simpleModules(tensors: ReadonlyMap<string, Tensor>, file: string): readonly Simple[] {
  const modules = new Set<string>();
  for (const [name, { shape }] of tensors) {
    const [, ending] = /(?:^|\.)(weight|bias)$/.exec(name) ?? [];
    if (ending === undefined || shape.length !== (ending === 'weight' ? 2 : 1)) throw besidesKnown(file, name);
    modules.add(before(name, ending));
  }
  return [...modules].map(module => ({
    module,
    weight: tensors.get(within(module, 'weight')),
    bias: tensors.get(within(module, 'bias')),
  }));
}

/** What the recurrent module takes, and what its input matrix is called. */
interface Taken {
  readonly m: number;
  readonly d: number;
  readonly ih: string;
}

/** The nn.Linear, and the weight of the nn.Embedding, which may be the nn.Linear's. */
function topAndBottom(
  modules: readonly Simple[],
  { m, d, ih }: Taken,
  file: string,
): { readonly linear: Simple & { readonly weight: Tensor }; readonly E: Tensor | undefined } {
  const { top, bottom } = tellApart(modules, { m, d, ih }, file);
  const weight = top.weight ?? bottom?.weight; // a bias by itself is of a module whose weight is another's
  if (!weight) {
    const expected = `a tensor ${shown(within(top.module, 'weight'))} beside ${shown(within(top.module, 'bias'))}`;
    throw new FormatError(file, expected, 'none');
  }
  const C = weight.shape[0] ?? 0;
  requireShape(within((top.weight ? top : (bottom ?? top)).module, 'weight'), weight.shape, [C, m], file);
  const tied = !bottom && d === m && (d !== C || isEmbedding(top));
  const E = tied ? weight : bottom?.weight;
  if (E) requireShape(within((tied ? top : (bottom ?? top)).module, 'weight'), E.shape, [C, d], file);
  else if (d !== C) {
    throw new FormatError(
      file,
      `${shown(ih)} of ${C} columns, one for each symbol, or an nn.Embedding`,
      `${d} columns`,
    );
  }
  return { linear: { ...top, weight }, E };
}

/** Which of the modules is the nn.Linear, and which the nn.Embedding: that has no bias, as many columns as inputs, or the name. */
function tellApart(
  modules: readonly Simple[],
  { m, d }: Taken,
  file: string,
): { readonly top: Simple; readonly bottom: Simple | undefined } {
  const biased = modules.filter(({ bias }) => bias);
  const plain = modules.filter(({ bias }) => !bias);
  const names = (all: readonly Simple[]) => shown(all.map(({ module }) => within(module, 'weight')).join(' and '));
  if (biased.length > 1) throw new FormatError(file, 'one nn.Linear on top', names(biased));
  if (modules.length > 2) throw besidesKnown(file, within(plain.at(-1)?.module ?? '', 'weight'));
  const byShape = d === m ? [] : plain.filter(({ weight }) => weight?.shape[1] === m);
  const byName = plain.filter(module => !isEmbedding(module));
  const [top] = [biased, modules.length === 1 ? modules : [], byShape, byName].find(found => found.length === 1) ?? [];
  if (modules.length === 0) throw new FormatError(file, 'a tensor weight of an nn.Linear', 'none');
  if (!top) throw new FormatError(file, 'names or shapes that tell nn.Embedding from nn.Linear', names(modules));
  return { top, bottom: modules.find(module => module !== top) };
}

function isEmbedding({ module }: Simple): boolean {
  return /emb|wte|lookup/i.test(module);
}

function requireShape(name: string, got: readonly number[] | undefined, shape: readonly number[], file: string): void {
  if (got?.join() === shape.join()) return;
  throw new FormatError(file, `${shown(name)} of shape [${shape.join(', ')}]`, `[${got?.join(', ')}]`);
}

function besidesKnown(file: string, name: string): FormatError {
  return new FormatError(
    file,
    'one recurrent module, an nn.Linear, and an nn.Embedding or none',
    `also ${shown(name)}`,
  );
}

/** Whether a tensor is of the recurrent module of that name. */
function isWithin(name: string, rnn: string): boolean {
  const prefix = within(rnn, '');
  return name.startsWith(prefix) && /^(weight|bias)_(ih|hh|hr)_l\d+(_reverse)?$/.test(name.slice(prefix.length));
}

function within(module: string, name: string): string {
  return module === '' ? name : `${module}.${name}`;
}

function before(name: string, ending: string): string {
  return name.slice(0, -ending.length).replace(/\.$/, '');
}
