/**
 * A run of a character model as files with which PyTorch goes on training it: the state_dict, what else a run remembers, its
 * text, and a script. What the state_dict's file has is in `torch-file.ts`, and what is as it is there and why in
 * `derivations/exchange.md`. An embedding stays one here: it is trained on as what it is.
 *
 * | file | what is in it |
 * |------|---------------|
 * | NAME.safetensors | the state_dict of `embedding`, where there is one, `rnn` and `readout` |
 * | NAME.memory.safetensors | `state.h`, and of an LSTM `state.c`, [layers, streams, m]; and `exp_avg.rnn.weight_ih_l0` and the like, an optimiser's memory of every parameter, as PyTorch calls it |
 * | NAME.json | `vocabulary`, the symbols by their classes, and `text`, that which is trained on |
 * | NAME.py | the script of `torch-script.ts` |
 */
import { ValueError } from '../errors.ts';
import { type CharModel, charModel } from '../models/char-model.ts';
import type { CharTrainer } from '../models/char-trainer.ts';
import { type Tensor, writeSafetensors } from './safetensors.ts';
import { toTorch } from './torch.ts';
import { metadataOf } from './torch-file.ts';
import { torchMemory, torchScript } from './torch-script.ts';

/** The bytes of the files, each by what stands behind their name. */
export type TorchTraining = Readonly<Record<'.safetensors' | '.memory.safetensors' | '.json' | '.py', Uint8Array>>;

/**
 * A run as it stands, for PyTorch.
 *
 * @param trainer the run, between two steps.
 * @throws ValueError naming what PyTorch lacks, or a number that is not finite.
 */
export function encodeTorchTraining(trainer: CharTrainer): TorchTraining {
  const { model, options, optimiser, text } = trainer;
  const { level, vocabulary, cell } = model;
  if (level === 'word') throw new ValueError('level', 'char or byte, whose symbols PyTorch has in a string', level);
  const network = torchTensors(model, model.net.params.values);
  const memory = new Map<string, Tensor>();
  for (const [ours, theirs] of Object.entries(torchMemory[options.optimiser])) {
    const numbers = optimiser.memory[ours] ?? new Float64Array();
    for (const [name, tensor] of torchTensors(model, numbers)) memory.set(`${theirs}.${name}`, tensor);
  }
  for (const part of Object.keys(cell.state({ d: 1, m: model.m }))) memory.set(`state.${part}`, stateOf(trainer, part));
  const utf8 = (written: string) => new TextEncoder().encode(written);
  return {
    '.safetensors': writeSafetensors(network, metadataOf(model)),
    '.memory.safetensors': writeSafetensors(memory, {}),
    '.json': utf8(`${JSON.stringify({ vocabulary: vocabulary.symbols, text })}\n`),
    '.py': utf8(torchScript(trainer)),
  };
}

/** Numbers that belong to the parameters of a model, one each, as tensors under the names of PyTorch. */
function torchTensors({ level, vocabulary, cell, m, layers, embedding }: CharModel, numbers: Float64Array) {
  const { net } = charModel({ level, vocabulary, cell, m, layers, embedding, engine: 'reference' });
  net.params.values.set(numbers);
  return toTorch(net);
}

/** A part of the state of all layers, each a row a stream: zero at the start of the text. */
function stateOf({ model, options, state }: CharTrainer, part: string): Tensor {
  const { m, layers, net } = model;
  const { batch } = options;
  const data = new Float64Array(layers * batch * m);
  const names = Object.keys(net.state).filter(name => name.endsWith(`.${part}`));
  names.forEach((name, l) => {
    const matrix = state?.[name];
    for (let b = 0; matrix && b < batch; b++) data.set(matrix.getRow(b), (l * batch + b) * m);
  });
  return { shape: [layers, batch, m], data };
}
