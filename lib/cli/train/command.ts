/** `bptt train`: its options, and the run they ask for. */
import { Command, Option } from 'commander';
import { ValueError } from '../../errors.ts';
import { type CharTrainerOptions, lectureOptions, optimiserNames } from '../../models/char-options.ts';
import { levelNames } from '../../models/level.ts';
import { type BackendName, backendOption, engineNamed } from '../backend.ts';
import { corpusNames, corpusOf, requireCorpus } from '../corpus.ts';
import { type Cells, findCell, moduleNamed, OWN_CELL } from '../modules/cell.ts';
import { logFormats } from '../runs/loss-log.ts';
import { number, type Verbosity } from '../terminal.ts';
import { beginRun, resumeRun } from './begin.ts';
import { onDivergenceNames } from './mishaps.ts';
import { ownFolder, ownRun, ranksHere } from './ranks.ts';
import type { Schedule } from './schedule.ts';
import { workersOf } from './workers.ts';

type Plain = Omit<CharTrainerOptions, 'cell' | 'clipValue' | 'clipNorm' | 'embedding' | 'schedule'>;

interface Flags extends Plain, Omit<Schedule, 'png'>, Verbosity {
  readonly cell: string;
  readonly clipValue: Clip;
  readonly clipNorm: Clip;
  readonly embedding?: number;
  readonly schedule: (typeof SHAPES)[number];
  readonly warmUp: number;
  readonly png?: boolean;
  readonly corpus?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly backend: BackendName;
  readonly workers: number;
}

/** The choices of --schedule. */
const SHAPES = ['constant', 'cosine'] as const;

/** A bound on the gradient, or none. Not null: the parser of options makes an empty text of that. */
type Clip = number | 'none';

/** The options that may stand beside --resume. */
const CHANGEABLE: readonly string[] = [
  ...['resume', 'steps', 'corpus', 'backend', 'workers', 'json', 'quiet'],
  ...['png', 'onDivergence'],
];

/** `bptt train`: a character model learns a text. */
export function trainCommand(cells: Cells): Command {
  const lecture = lectureOptions;
  const count = (flag: string, text: string, value: number) =>
    new Option(`${flag} <n>`, text).default(value).argParser(number(flag));
  return new Command('train')
    .description('train a model of characters, words or bytes on a text, as the lectures do')
    .argument('[file]', 'a UTF-8 text')
    .option('--corpus <name>', `a text that comes along: ${corpusNames.join(', ')}`)
    .option('--resume <run>', 'go on with a run: its folder or its checkpoint')
    .option('-o, --out <folder>', 'where checkpoint, log and plot go (default: a new folder below runs/)')
    .addOption(count('--steps', 'updates in all', 7500))
    .addOption(
      new Option('--level <name>', 'what is foretold: characters, words, or bytes')
        .choices(levelNames)
        .default(lecture.level),
    )
    .option('--cell <name>', `the recurrent cell: ${Object.keys(cells).join(', ')}, ${OWN_CELL}`, lecture.cell.name)
    .addOption(count('--hidden', 'hidden units of each layer', lecture.hidden))
    .addOption(count('--layers', 'recurrent layers on top of each other', lecture.layers))
    .option(
      '--embedding <n>',
      'numbers that stand for a symbol (default: symbols are read one-hot)',
      number('--embedding'),
    )
    .addOption(count('--dropout', 'part of the features that is dropped behind every layer', lecture.dropout))
    .addOption(count('--chunk', 'steps that the gradient goes back', lecture.chunk))
    .addOption(count('--batch', 'streams of the text read side by side', lecture.batch))
    .addOption(
      new Option('--optimiser <name>', 'how parameters are updated').choices(optimiserNames).default(lecture.optimiser),
    )
    .addOption(count('--learning-rate', 'its step', lecture.learningRate))
    .addOption(
      new Option('--schedule <name>', 'the learning rate stays, or goes down to a hundredth in half a wave')
        .choices(SHAPES)
        .default('constant'),
    )
    .addOption(count('--warm-up', 'steps in which the learning rate first goes up, under a schedule', 0))
    .addOption(
      new Option('--clip-value <x>', 'clip every element of the gradient to ±x, or none')
        .default(lecture.clipValue ?? 'none')
        .argParser(clip('--clip-value')),
    )
    .addOption(
      new Option('--clip-norm <x>', "scale every parameter's gradient down to norm x, or none")
        .default(lecture.clipNorm ?? 'none')
        .argParser(clip('--clip-norm')),
    )
    .addOption(count('--init-std', 'standard deviation of the first weights', lecture.initStd))
    .addOption(count('--held-out', 'part of the text, at its end, that is kept for testing', lecture.heldOut))
    .addOption(count('--seed', 'fixes the first weights and the samples', lecture.seed))
    .addOption(count('--log-every', 'steps between two rows of the log', 10))
    .addOption(
      new Option('--log-format <name>', 'comma-separated values, or JSON lines').choices(logFormats).default('csv'),
    )
    .addOption(count('--save-every', 'steps between two checkpoints', 1000))
    .addOption(count('--keep', 'checkpoints kept by their steps, beside the newest and the best', 0))
    .addOption(
      new Option(
        '--on-divergence <name>',
        'stop, skip the chunk, or roll back to the last checkpoint and half the rate',
      )
        .choices(onDivergenceNames)
        .default('stop'),
    )
    .addOption(count('--sample-every', 'steps between two samples; 0 for none', 1000))
    .addOption(count('--sample-length', 'symbols a sample', 200))
    .option('--png', 'the plot also as PNG (npm install @resvg/resvg-js)')
    .addOption(
      new Option('--workers <n>', 'threads that batches are done by, or auto: no bit depends on it')
        .default(1)
        .argParser(workersOf),
    )
    .addOption(backendOption())
    .option('--json', 'one line of JSON at the end, and nothing else')
    .option('--quiet', 'no progress, only the result')
    .addHelpText(
      'after',
      `
Ctrl-C saves and stops; --resume goes on as if it had not. Beside the newest checkpoint the best is kept: the one
whose loss on the beginning of the held-out text is least. --resume finds a module of your own where the run's folder notes
it; where folder or module have been copied or moved, --cell names it anew. A schedule is at its end after the --steps that the
run began with: with more of them, --resume goes on at the rate that it has come down to.

Of --batch streams each has its own state, and the gradient is their mean. Words are split at white space and marks; those that
occur once are one symbol, the unknown.

Examples:
  bptt train --corpus sonnets
  bptt train letters.txt --hidden 200 --steps 20000 --out runs/letters
  bptt train letters.txt --cell lstm --batch 32 --chunk 50 --optimiser adam --learning-rate 0.01 --schedule cosine
  bptt train letters.txt --level word --embedding 64 --batch 8
  bptt train letters.txt --cell ./my-cell.ts
  bptt train --resume runs/letters --steps 40000
  bptt train letters.txt --clip-value none --on-divergence rollback`,
    )
    .action(async (file: string | undefined, flags: Flags, command: Command) => {
      const ranks = await ranksHere();
      const means = {
        cells,
        engine: await engineNamed(flags.backend),
        workers: flags.workers,
        ranks,
        verbosity: flags,
      };
      if (flags.resume !== undefined) {
        const changes = changesIn(flags, command);
        const own = command.getOptionValueSource('cell') === 'cli' ? flags.cell : undefined;
        return resumeRun(ownRun(flags.resume, ranks), corpusOf(file, flags.corpus), own, changes, means);
      }
      const text = requireCorpus(file, flags.corpus);
      const { cell, place } = await findCell(flags.cell, cells);
      return beginRun(
        text,
        { ...trainerOptions(flags), cell },
        scheduleOf(flags),
        ownFolder(flags.out, ranks),
        place,
        means,
      );
    });
}

/**
 * What is to go otherwise in a run that is gone on with.
 *
 * @throws ValueError when an option stands beside --resume that the checkpoint fixes.
 */
function changesIn({ steps, onDivergence, cell }: Flags, command: Command): Partial<Schedule> {
  const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli';
  const fixed = command.options.find(option => {
    const name = option.attributeName();
    const isChangeable = CHANGEABLE.includes(name) || (name === 'cell' && moduleNamed(cell));
    return !isChangeable && isGiven(name);
  });
  if (fixed)
    throw new ValueError(fixed.long ?? fixed.flags, 'nothing beside --resume: the checkpoint fixes it', 'a value');
  return {
    ...(isGiven('steps') && { steps }),
    ...(isGiven('onDivergence') && { onDivergence }),
    ...(isGiven('png') && { png: true }),
  };
}

function trainerOptions(flags: Flags): Omit<CharTrainerOptions, 'cell'> {
  const { level, hidden, layers, embedding = null, dropout, chunk, batch, optimiser, learningRate } = flags;
  const { initStd, heldOut, seed, steps, warmUp } = flags;
  if (flags.schedule === 'constant' && warmUp !== 0)
    throw new ValueError('--warm-up', 'a --schedule that it is part of', 'none');
  const schedule = flags.schedule === 'constant' ? null : { shape: flags.schedule, steps, warmUp };
  const clipValue = flags.clipValue === 'none' ? null : flags.clipValue;
  const clipNorm = flags.clipNorm === 'none' ? null : flags.clipNorm;
  return {
    ...{ level, hidden, layers, embedding, dropout, chunk, batch, optimiser, learningRate, schedule },
    ...{ clipValue, clipNorm, initStd, heldOut, seed },
  };
}

function scheduleOf(flags: Flags): Schedule {
  const { steps, logEvery, saveEvery, sampleEvery, sampleLength, keep, logFormat, onDivergence, png = false } = flags;
  return { steps, logEvery, saveEvery, sampleEvery, sampleLength, keep, logFormat, onDivergence, png };
}

function clip(option: string): (text: string) => Clip {
  return text => (text === 'none' ? text : number(option)(text));
}
