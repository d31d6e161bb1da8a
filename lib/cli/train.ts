/** `bptt train`: its options, and the run they ask for. */
import { basename, dirname, extname, normalize } from 'node:path';
import { Command, Option } from 'commander';
import type { Cell } from '../cells/cell.ts';
import { cellNamed } from '../cells/index.ts';
import { ValueError } from '../errors.ts';
import { type Checkpoint, resumeTrainer } from '../io/checkpoint.ts';
import { makeFolder, readText } from '../io/files.ts';
import type { Engine } from '../models/char-model.ts';
import { type CharTrainerOptions, lectureOptions, optimiserNames } from '../models/char-options.ts';
import { CharTrainer } from '../models/char-trainer.ts';
import { requireInteger, requireSize } from '../require.ts';
import { type BackendName, backendOption, engineNamed } from './backend.ts';
import { type Corpus, corpusNames, readCorpus, type Source } from './corpus.ts';
import { LossLog } from './loss-log.ts';
import { type Run, type Schedule, train } from './run.ts';
import { checkpointFile, newRunFolder, readCheckpoint, runFolder } from './run-folder.ts';
import { number, type Verbosity } from './terminal.ts';

interface Flags extends Omit<CharTrainerOptions, 'cell'>, Schedule, Verbosity {
  readonly cell: string;
  readonly corpus?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly backend: BackendName;
}

/** The options that may stand beside --resume. */
const CHANGEABLE: readonly string[] = ['resume', 'steps', 'corpus', 'backend', 'json', 'quiet'];

/** `bptt train`: a character model learns a text. */
export function trainCommand(cells: Readonly<Record<string, Cell>>): Command {
  const lecture = lectureOptions;
  const count = (flag: string, text: string, value: number) =>
    new Option(`${flag} <n>`, text).default(value).argParser(number(flag));
  return new Command('train')
    .description('train a character model on a text, as the lectures do')
    .argument('[file]', 'a UTF-8 text')
    .option('--corpus <name>', `a text that comes along: ${corpusNames.join(', ')}`)
    .option('--resume <run>', 'go on with a run: its folder or its checkpoint')
    .option('-o, --out <folder>', 'where checkpoint, log and plot go (default: a new folder below runs/)')
    .addOption(count('--steps', 'updates in all', 7500))
    .option('--cell <name>', `the recurrent cell: ${Object.keys(cells).join(', ')}`, lecture.cell.name)
    .addOption(count('--hidden', 'hidden units of each layer', lecture.hidden))
    .addOption(count('--layers', 'recurrent layers on top of each other', lecture.layers))
    .addOption(count('--chunk', 'steps that the gradient goes back', lecture.chunk))
    .addOption(
      new Option('--optimiser <name>', 'how parameters are updated').choices(optimiserNames).default(lecture.optimiser),
    )
    .addOption(count('--learning-rate', 'its step', lecture.learningRate))
    .addOption(
      new Option('--clip-value <x>', 'clip every element of the gradient to ±x, or none')
        .default(lecture.clipValue)
        .argParser(clip('--clip-value')),
    )
    .addOption(
      new Option('--clip-norm <x>', "scale every parameter's gradient down to norm x, or none")
        .default(lecture.clipNorm, 'none')
        .argParser(clip('--clip-norm')),
    )
    .addOption(count('--init-std', 'standard deviation of the first weights', lecture.initStd))
    .addOption(count('--held-out', 'part of the text, at its end, that is kept for testing', lecture.heldOut))
    .addOption(count('--seed', 'fixes the first weights and the samples', lecture.seed))
    .addOption(count('--log-every', 'steps between two rows of the log', 10))
    .addOption(count('--save-every', 'steps between two checkpoints', 1000))
    .addOption(count('--sample-every', 'steps between two samples; 0 for none', 1000))
    .addOption(count('--sample-length', 'symbols a sample', 200))
    .addOption(backendOption())
    .option('--json', 'one line of JSON at the end, and nothing else')
    .option('--quiet', 'no progress, only the result')
    .addHelpText(
      'after',
      `
Ctrl-C saves and stops; --resume goes on as if it had not.

Examples:
  bptt train --corpus sonnets
  bptt train letters.txt --hidden 200 --steps 20000 --out runs/letters
  bptt train --resume runs/letters --steps 40000`,
    )
    .action(async (file: string | undefined, flags: Flags, command: Command) => {
      const { resume } = flags;
      const engine = await engineNamed(flags.backend);
      const run =
        resume === undefined
          ? newRun(file, flags, cells, engine)
          : resumedRun(resume, file, flags, command, cells, engine);
      await train(run, flags);
    });
}

function newRun(file: string | undefined, flags: Flags, cells: Readonly<Record<string, Cell>>, engine: Engine): Run {
  const corpus = corpusOf(file, flags.corpus);
  if (!corpus) throw new ValueError('text', 'a FILE, or --corpus sonnets', 'neither');
  const { source, text } = corpus;
  const { steps, logEvery, saveEvery, sampleEvery, sampleLength } = flags;
  const schedule = checkedSchedule({ steps, logEvery, saveEvery, sampleEvery, sampleLength });
  const trainer = new CharTrainer(text, { ...trainerOptions(flags), cell: cellNamed(flags.cell, cells) }, engine);
  const files = newRunFolder(basename(source.name, extname(source.name)), flags.out);
  makeFolder(files.folder);
  return { trainer, source, schedule, files, log: new LossLog() };
}

function resumedRun(
  path: string,
  text: string | undefined,
  flags: Flags,
  command: Command,
  cells: Readonly<Record<string, Cell>>,
  engine: Engine,
): Run {
  const given = command.options.find(option => {
    const name = option.attributeName();
    return !CHANGEABLE.includes(name) && command.getOptionValueSource(name) === 'cli';
  });
  if (given)
    throw new ValueError(given.long ?? given.flags, 'nothing beside --resume: the checkpoint fixes it', 'a value');
  const checkpoint = readCheckpoint(path, cells);
  const { source, schedule } = noteOf(checkpoint);
  const corpus = corpusOf(text, flags.corpus) ?? readCorpus(source);
  const trainer = resumeTrainer(checkpoint, corpus.text, engine);
  const steps = command.getOptionValueSource('steps') === 'cli' ? flags.steps : schedule.steps;
  if (requireSize('--steps', steps) <= trainer.position.step) {
    throw new ValueError('--steps', `more than the ${trainer.position.step} steps that ${path} has made`, `${steps}`);
  }
  const file = checkpointFile(path);
  const files = runFolder(dirname(file));
  if (files.checkpoint !== normalize(file))
    throw new ValueError('--resume', `the folder of a run, or ${files.checkpoint}`, path);
  const log = LossLog.parse(readText(files.log), trainer.position.step, schedule.logEvery, files.log);
  return { trainer, source: corpus.source, schedule: { ...schedule, steps }, files, log };
}

function corpusOf(file: string | undefined, corpus: string | undefined): Corpus | undefined {
  if (file !== undefined && corpus !== undefined) throw new ValueError('text', 'a FILE or --corpus', 'both');
  if (file !== undefined) return readCorpus({ kind: 'file', name: file });
  if (corpus !== undefined) return readCorpus({ kind: 'corpus', name: corpus });
  return undefined;
}

function trainerOptions(flags: Flags): Omit<CharTrainerOptions, 'cell'> {
  const { hidden, layers, chunk, optimiser, learningRate, clipValue, clipNorm, initStd, heldOut, seed } = flags;
  return { hidden, layers, chunk, optimiser, learningRate, clipValue, clipNorm, initStd, heldOut, seed };
}

function checkedSchedule(schedule: Schedule): Schedule {
  requireSize('--steps', schedule.steps);
  requireSize('--log-every', schedule.logEvery);
  requireSize('--save-every', schedule.saveEvery);
  requireInteger('--sample-every', schedule.sampleEvery, 0);
  requireSize('--sample-length', schedule.sampleLength);
  return schedule;
}

/** What `bptt train` noted in a checkpoint. */
interface Note {
  readonly source: Source;
  readonly schedule: Schedule;
}

function noteOf({ file, note }: Checkpoint): Note {
  const { source, schedule } = { ...(note as Partial<Note> | null) };
  try {
    if (typeof source?.name === 'string' && typeof source.kind === 'string' && schedule) {
      return { source, schedule: checkedSchedule(schedule) };
    }
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
  }
  throw new ValueError('--resume', 'a checkpoint that `bptt train` wrote', file);
}

function clip(option: string): (text: string) => number | null {
  return text => (text === 'none' ? null : number(option)(text));
}
