/** `bptt import`: a model of PyTorch as a checkpoint, or as a run that can be gone on with. */
import { Command } from 'commander';
import type { Cell } from '../../cells/cell.ts';
import { ValueError } from '../../errors.ts';
import { encodeCheckpoint } from '../../io/checkpoint.ts';
import { readBytes, readText, writeAtomically } from '../../io/node/files.ts';
import { makeFolder, samePlace } from '../../io/node/folders.ts';
import { takeLock } from '../../io/node/lock.ts';
import { decodeTorch } from '../../io/torch-file.ts';
import type { CharModel } from '../../models/char-model.ts';
import type { CharTrainerOptions } from '../../models/char-options.ts';
import { CharTrainer } from '../../models/char-trainer.ts';
import { type Corpus, corpusOf } from '../corpus.ts';
import { requireNoOther } from '../overwrite.ts';
import { requireNoRun, runFolder } from '../runs/folder.ts';
import { LossLog } from '../runs/loss-log.ts';
import { noteText } from '../runs/text-place.ts';
import { print, printJson, type Verbosity } from '../terminal.ts';
import { trainCommand } from '../train/command.ts';
import { saveFirst } from '../train/loop.ts';
import { noMishaps } from '../train/mishaps.ts';
import type { Run } from '../train/run.ts';
import { checkedSchedule, type Schedule } from '../train/schedule.ts';

/** What `bptt train` can be told that the file does not fix. */
type Training = Omit<CharTrainerOptions, 'cell' | 'hidden' | 'layers' | 'initStd' | 'clipValue' | 'clipNorm'> &
  Schedule;

interface Flags extends Training, Verbosity {
  readonly clipValue: number | 'none';
  readonly clipNorm: number | 'none';
  readonly out: string;
  readonly cell?: string;
  readonly corpus?: string;
  readonly vocabulary?: string;
}

/** The options of `bptt train` that say what the file fixes, or what is done when training begins. */
const NOT_TAKEN: readonly string[] = [
  ...['resume', 'out', 'cell', 'hidden', 'layers', 'initStd'],
  ...['backend', 'json', 'quiet'],
];

/** `bptt import FILE [TEXT] -o PATH`. */
export function importCommand(cells: Readonly<Record<string, Cell>>): Command {
  const command = new Command('import')
    .description('read a model that PyTorch wrote, to sample from or to train on')
    .argument(
      '<file>',
      'a state_dict in safetensors: an nn.RNN, nn.LSTM or nn.GRU, an nn.Linear on top, an nn.Embedding or none',
    )
    .argument('[text]', 'a UTF-8 text to train on: makes the folder of a run, which train --resume goes on with')
    .requiredOption('-o, --out <path>', 'the checkpoint to write, or with a text the folder')
    .option('--cell <name>', 'rnn-relu, which tensors do not tell from rnn (default: what the file says)')
    .option('--vocabulary <file>', "a UTF-8 text with the model's symbols, where the file does not have them");
  const offered = trainCommand(cells).options.filter(option => !NOT_TAKEN.includes(option.attributeName()));
  for (const option of offered) command.addOption(option);
  return command
    .option('--json', 'one line of JSON')
    .option('--quiet', 'no difference: the result is all there is')
    .addHelpText(
      'after',
      `
The optimiser begins anew. PyTorch writes such a file by save_file(net.state_dict(), 'model.safetensors', {'vocabulary':
json.dumps(sorted(set(text)))}), of safetensors.torch. What PyTorch trains alike, and how: derivations/exchange.md.

Examples:
  bptt import model.safetensors -o model.checkpoint
  bptt import model.safetensors --vocabulary letters.txt -o model.checkpoint
  bptt import model.safetensors letters.txt -o runs/letters --optimiser adam --learning-rate 0.001
  bptt import model.safetensors --corpus sonnets -o runs/again
  bptt train --resume runs/letters`,
    )
    .action((file: string, text: string | undefined, flags: Flags, self: Command) => {
      if (samePlace(file, flags.out)) throw new ValueError('--out', 'another file than the one to read', flags.out);
      const corpus = corpusOf(text, flags.corpus);
      if (!corpus) requireNoOther(flags.out);
      const idle = offered.find(option => self.getOptionValueSource(option.attributeName()) === 'cli');
      if (!corpus && idle) throw new ValueError(idle.long ?? idle.flags, 'a TEXT to train on beside it', 'none');
      const vocabulary = flags.vocabulary === undefined ? corpus?.text : readText(flags.vocabulary);
      const model = decodeTorch(readBytes(file), file, { cell: flags.cell, vocabulary });
      const checkpoint = corpus ? beginRun(model, corpus, flags) : writeCheckpoint(model, flags.out);
      const { cell, layers, m } = model;
      const { size } = model.vocabulary;
      if (flags.json) {
        return printJson({ ok: true, file, checkpoint, cell: cell.name, layers, hidden: m, classes: size });
      }
      print(`${checkpoint}: ${cell.name}, layers ${layers}, hidden ${m}, classes ${size}`);
      if (corpus) print(`bptt train --resume ${flags.out} goes on`);
    });
}

/** The model as a checkpoint of a run over its symbols, which has made no step. */
function writeCheckpoint(model: CharModel, file: string): string {
  const { symbols } = model.vocabulary;
  // Two symbols at least. Downwards, since two halves of a surrogate pair would be one symbol upwards.
  const text = symbols.length === 1 ? `${symbols[0]}`.repeat(2) : symbols.toReversed().join('');
  writeAtomically(file, encodeCheckpoint(trainerOf(model, text, { chunk: 1, heldOut: 0 })));
  return file;
}

/** The folder of a run that begins with the model. */
function beginRun(model: CharModel, corpus: Corpus, flags: Flags): string {
  const { source, text } = corpus;
  const { steps, logEvery, saveEvery, sampleEvery, sampleLength, keep, logFormat, onDivergence, png = false } = flags;
  const every = { steps, logEvery, saveEvery, sampleEvery, sampleLength };
  const schedule = checkedSchedule({ ...every, keep, logFormat, onDivergence, png });
  const { chunk, optimiser, learningRate, heldOut, seed } = flags;
  const bound = (x: number | 'none') => (x === 'none' ? null : x);
  const clips = { clipValue: bound(flags.clipValue), clipNorm: bound(flags.clipNorm) };
  const trainer = trainerOf(model, text, { chunk, optimiser, learningRate, heldOut, seed, ...clips });
  requireNoRun(flags.out);
  const files = runFolder(flags.out, logFormat);
  makeFolder(files.folder);
  const release = takeLock(files.lock);
  try {
    requireNoRun(files.folder); // once more, now that nobody else can begin one
    const log = new LossLog(logFormat);
    const run: Run = {
      trainer,
      source,
      schedule,
      files,
      log,
      engine: {},
      workers: 1,
      ranks: undefined,
      best: null,
      mishaps: noMishaps,
    };
    noteText(files, corpus);
    saveFirst(run);
  } finally {
    release();
  }
  return files.checkpoint;
}

/** A trainer of the model, before its first step. */
function trainerOf(
  { net, vocabulary, cell, m, layers }: CharModel,
  text: string,
  options: Partial<CharTrainerOptions>,
): CharTrainer {
  const trainer = new CharTrainer(text, { ...options, cell, hidden: m, layers });
  const own = trainer.model.vocabulary.symbols.join('');
  if (own !== vocabulary.symbols.join('')) throw new ValueError('text', "a text of the model's symbols", 'others');
  trainer.model.net.params.values.set(net.params.values);
  return trainer;
}
