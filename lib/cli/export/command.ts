/** `bptt export`: a trained model for other programs. */
import { Command, Option } from 'commander';
import type { Cell } from '../../cells/cell.ts';
import { ValueError } from '../../errors.ts';
import { writeAtomically } from '../../io/node/files.ts';
import { samePlace } from '../../io/node/folders.ts';
import { encodeTorch } from '../../io/torch-file.ts';
import type { CharModel } from '../../models/char-model.ts';
import { folded } from '../../models/folded.ts';
import { requireNoOther } from '../overwrite.ts';
import { readCheckpoint } from '../runs/folder.ts';
import { print, printJson, type Verbosity } from '../terminal.ts';
import { nameBeside, trainingFiles } from './training.ts';

interface Flags extends Verbosity {
  readonly training?: boolean;
  readonly to: 'torch' | 'onnx';
  readonly out: string;
  readonly precision?: 'f32' | 'f64';
}

/** `bptt export CHECKPOINT [TEXT] --to torch|onnx -o FILE`. */
export function exportCommand(cells: Readonly<Record<string, Cell>>): Command {
  return new Command('export')
    .description('write a trained model as PyTorch or ONNX has it')
    .argument('<checkpoint>', 'a checkpoint, or the folder of a run')
    .argument('[text]', 'with --training, the text that it is trained on, where that is not found')
    .addOption(
      new Option('--to <format>', 'torch: a state_dict in safetensors; onnx: a model that runs by itself')
        .choices(['torch', 'onnx'])
        .makeOptionMandatory(),
    )
    .requiredOption('-o, --out <file>', 'the file to write')
    .option('--training', 'beside the state_dict a script for torchrun that trains on from there, and what it reads')
    .addOption(
      new Option('--precision <name>', 'bits of a number (default: f64 for torch; ONNX has f32 alone)').choices([
        'f64',
        'f32',
      ]),
    )
    .option('--json', 'one line of JSON')
    .option('--quiet', 'no difference: the result is all there is')
    .addHelpText(
      'after',
      `
A model for ONNX takes x, the classes of the symbols [T, B], and a state s0.…, and gives y, the logits [T, B, classes],
and the state sT.… after them. Both kinds of file have the vocabulary in their metadata. An embedding is multiplied into the
input matrices above it; with --training it stays one.

Examples:
  bptt export runs/sonnets --to torch -o sonnets.safetensors
  bptt export runs/sonnets --to torch --training -o training.safetensors
  torchrun --standalone --nproc-per-node 2 training.py --steps 20
  bptt export runs/sonnets --to onnx -o sonnets.onnx`,
    )
    .action(async (path: string, text: string | undefined, flags: Flags) => {
      const { to, training = false, out, precision = to === 'onnx' ? 'f32' : 'f64', json } = flags;
      if (to === 'onnx' && precision === 'f64') throw new ValueError('--precision', 'f32 for onnx', 'f64');
      if (training) requireTrainable(to, precision);
      else if (text !== undefined) throw new ValueError('text', 'none but with --training', text);
      const checkpoint = readCheckpoint(path, cells);
      const { file, model } = checkpoint;
      if (samePlace(file, out)) throw new ValueError('--out', 'another file than the checkpoint', out);
      requireNoOther(out);
      const files = training
        ? trainingFiles(checkpoint, out, text)
        : { [out]: await encoded(folded(model), to, precision) };
      for (const [name, bytes] of Object.entries(files)) writeAtomically(name, bytes);
      const { cell, layers, m, vocabulary } = model;
      const bytes = files[out]?.length ?? 0;
      if (json) {
        const sizes = { cell: cell.name, layers, hidden: m, classes: vocabulary.size };
        const more = training ? { files: Object.keys(files) } : {};
        return printJson({ ok: true, checkpoint: file, to, precision, file: out, bytes, ...sizes, ...more });
      }
      print(`${out}: ${cell.name}, layers ${layers}, hidden ${m}, classes ${vocabulary.size}, ${bytes} bytes`);
      if (training) print(`torchrun --standalone --nproc-per-node 2 ${nameBeside(out, '.py')} goes on`);
    });
}

/** Training goes on in PyTorch, and in all bits, or throws ValueError. */
function requireTrainable(to: Flags['to'], precision: string): void {
  if (to !== 'torch') throw new ValueError('--training', 'torch, which trains', to);
  if (precision !== 'f64') throw new ValueError('--precision', 'f64 with --training', precision);
}

async function encoded(model: CharModel, to: Flags['to'], precision: 'f64' | 'f32'): Promise<Uint8Array> {
  return to === 'torch' ? encodeTorch(model, precision === 'f64' ? 'F64' : 'F32') : onnxOf(model);
}

async function onnxOf({ net, cell, vocabulary }: CharModel): Promise<Uint8Array> {
  const { toOnnx } = await import('../../io/onnx.ts'); // here, since no other command needs what it is made of
  const metadata = { cell: cell.name, vocabulary: JSON.stringify(vocabulary.symbols) };
  return toOnnx(net, { input: 'classes', metadata });
}
