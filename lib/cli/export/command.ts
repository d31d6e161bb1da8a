/** `bptt export`: a trained model for other programs. */
import { Command, Option } from 'commander';
import type { Cell } from '../../cells/cell.ts';
import { ValueError } from '../../errors.ts';
import { writeAtomically } from '../../io/files.ts';
import { samePlace } from '../../io/folders.ts';
import { encodeTorch } from '../../io/torch-file.ts';
import type { CharModel } from '../../models/char-model.ts';
import { folded } from '../../models/folded.ts';
import { readCheckpoint } from '../runs/folder.ts';
import { print, printJson, type Verbosity } from '../terminal.ts';

interface Flags extends Verbosity {
  readonly to: 'torch' | 'onnx';
  readonly out: string;
  readonly precision?: 'f32' | 'f64';
}

/** `bptt export CHECKPOINT --to torch|onnx -o FILE`. */
export function exportCommand(cells: Readonly<Record<string, Cell>>): Command {
  return new Command('export')
    .description('write a trained model as PyTorch or ONNX has it')
    .argument('<checkpoint>', 'a checkpoint, or the folder of a run')
    .addOption(
      new Option('--to <format>', 'torch: a state_dict in safetensors; onnx: a model that runs by itself')
        .choices(['torch', 'onnx'])
        .makeOptionMandatory(),
    )
    .requiredOption('-o, --out <file>', 'the file to write')
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
input matrices above it.

Examples:
  bptt export runs/sonnets --to torch -o sonnets.safetensors
  bptt export runs/sonnets --to onnx -o sonnets.onnx`,
    )
    .action(async (path: string, { to, out, precision = to === 'onnx' ? 'f32' : 'f64', json }: Flags) => {
      if (to === 'onnx' && precision === 'f64') throw new ValueError('--precision', 'f32 for onnx', 'f64');
      const { file, model: learnt } = readCheckpoint(path, cells);
      const model = folded(learnt);
      if (samePlace(file, out)) throw new ValueError('--out', 'another file than the checkpoint', out);
      const bytes = to === 'torch' ? encodeTorch(model, precision === 'f64' ? 'F64' : 'F32') : await onnxOf(model);
      writeAtomically(out, bytes);
      const { cell, layers, m, vocabulary } = model;
      if (json) {
        const sizes = { cell: cell.name, layers, hidden: m, classes: vocabulary.size };
        return printJson({ ok: true, checkpoint: file, to, precision, file: out, bytes: bytes.length, ...sizes });
      }
      print(`${out}: ${cell.name}, layers ${layers}, hidden ${m}, classes ${vocabulary.size}, ${bytes.length} bytes`);
    });
}

async function onnxOf({ net, cell, vocabulary }: CharModel): Promise<Uint8Array> {
  const { toOnnx } = await import('../../io/onnx.ts'); // here, since no other command needs what it is made of
  const metadata = { cell: cell.name, vocabulary: JSON.stringify(vocabulary.symbols) };
  return toOnnx(net, { input: 'classes', metadata });
}
