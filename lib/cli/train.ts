import { basename, extname } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { ValueError } from '../errors.ts';
import { type Checkpoint, encodeCheckpoint, resumeTrainer } from '../io/checkpoint.ts';
import { makeFolder, readText, writeAtomically } from '../io/files.ts';
import { type Baselines, baselines } from '../models/baselines.ts';
import { charCells, defaultPrompt, evaluate, sample } from '../models/char-model.ts';
import { CharTrainer, type CharTrainerOptions, lectureOptions } from '../models/char-trainer.ts';
import { Random } from '../random.ts';
import { describe, requireInteger, requireSize } from '../require.ts';
import { type Corpus, corpusNames, readCorpus, type Source } from './corpus.ts';
import { LossLog } from './loss-log.ts';
import { plotLoss } from './plot.ts';
import { checkpointFile, newRunFolder, type RunFolder, readCheckpoint, runFolder } from './run-folder.ts';
import { number, print, printJson, progress } from './terminal.ts';

/** How a run goes, beside what is learnt: kept in its checkpoint, so that a resumed run goes on alike. */
interface Schedule {
  readonly steps: number;
  readonly logEvery: number;
  readonly saveEvery: number;
  readonly sampleEvery: number;
  readonly sampleLength: number;
}

interface Flags extends CharTrainerOptions, Schedule {
  readonly corpus?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A run that is ready to go. */
interface Run {
  readonly trainer: CharTrainer;
  readonly source: Source;
  readonly schedule: Schedule;
  readonly files: RunFolder;
  readonly log: LossLog;
}

/** Milliseconds after which the loop lets signals and the terminal have a turn. */
const TURN = 30;

/** `bptt train`: a character model learns a text. */
export function trainCommand(): Command {
  const lecture = lectureOptions;
  const count = (flag: string, text: string, value: number) =>
    new Option(`${flag} <n>`, text).default(value).argParser(number(flag));
  return new Command('train')
    .description('train a character model on a text, as the lectures do')
    .argument('[file]', 'a UTF-8 text')
    .option('--corpus <name>', `a text that comes along: ${corpusNames.join(', ')}`)
    .option('--resume <run>', 'go on with a run: its folder or its checkpoint')
    .option('-o, --out <folder>', 'where checkpoint, log and plot go (default: a new folder below runs/)')
    .addOption(count('--steps', 'updates in all', 6000))
    .option('--cell <name>', `the recurrent cell: ${Object.keys(charCells).join(', ')}`, lecture.cell)
    .addOption(count('--hidden', 'hidden units', lecture.hidden))
    .addOption(count('--chunk', 'steps that the gradient goes back', lecture.chunk))
    .addOption(
      new Option('--optimiser <name>', 'how parameters are updated')
        .choices(['adagrad', 'sgd'])
        .default(lecture.optimiser),
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
      const run = flags.resume === undefined ? newRun(file, flags) : resumedRun(flags.resume, file, flags, command);
      await train(run, flags);
    });
}

function newRun(file: string | undefined, flags: Flags): Run {
  const corpus = corpusOf(file, flags.corpus);
  if (!corpus) throw new ValueError('text', 'a FILE, or --corpus sonnets', 'neither');
  const { source, text } = corpus;
  const { steps, logEvery, saveEvery, sampleEvery, sampleLength } = flags;
  const schedule = checkedSchedule({ steps, logEvery, saveEvery, sampleEvery, sampleLength });
  const trainer = new CharTrainer(text, trainerOptions(flags));
  const files = newRunFolder(basename(source.name, extname(source.name)), flags.out);
  makeFolder(files.folder);
  return { trainer, source, schedule, files, log: new LossLog() };
}

function resumedRun(path: string, file: string | undefined, flags: Flags, command: Command): Run {
  const allowed = ['resume', 'steps', 'corpus', 'json', 'quiet'];
  for (const { long, attributeName } of command.options.map(o => ({
    long: o.long,
    attributeName: o.attributeName(),
  }))) {
    if (allowed.includes(attributeName) || command.getOptionValueSource(attributeName) !== 'cli') continue;
    throw new ValueError(
      long ?? attributeName,
      'nothing beside --resume: the checkpoint fixes it',
      describe(command.opts()[attributeName]),
    );
  }
  const checkpoint = readCheckpoint(path);
  const { source, schedule } = noteOf(checkpoint);
  const corpus = corpusOf(file, flags.corpus) ?? readCorpus(source);
  if (corpus.source.sha256 !== source.sha256) {
    throw new ValueError(
      'text',
      `the text that ${checkpoint.file} was trained on`,
      `another one: ${corpus.source.name}`,
    );
  }
  const trainer = resumeTrainer(checkpoint, corpus.text);
  const steps = command.getOptionValueSource('steps') === 'cli' ? flags.steps : schedule.steps;
  if (requireSize('--steps', steps) <= trainer.position.step) {
    throw new ValueError('--steps', `more than the ${trainer.position.step} steps that ${path} has made`, `${steps}`);
  }
  const files = runFolder(checkpointFile(path).replace(/[^/\\]*$/, '') || '.');
  const log = LossLog.parse(readText(files.log), trainer.position.step, files.log);
  return { trainer, source: corpus.source, schedule: { ...schedule, steps }, files, log };
}

async function train({ trainer, source, schedule, files, log }: Run, { json, quiet }: Flags): Promise<void> {
  const { steps, logEvery, saveEvery, sampleEvery, sampleLength } = schedule;
  const { chunk } = trainer.options;
  const save = () => {
    writeAtomically(files.log, log.toString());
    writeAtomically(files.checkpoint, encodeCheckpoint(trainer, { source, schedule }));
  };
  save();

  const first = trainer.position.step;
  const shown = progress(steps, first, { ...(json && { json }), ...(quiet && { quiet }) });
  const signal = untilSignal();
  const began = performance.now();
  let turn = began;
  try {
    while (trainer.position.step < steps && !signal.name) {
      const row = trainer.step();
      if (row.step % logEvery === 0) log.add(row);
      if (sampleEvery > 0 && row.step % sampleEvery === 0) shown.say(sampleNow(trainer, sampleLength));
      if (row.step % saveEvery === 0) save();
      const now = performance.now();
      if (now - turn < TURN && row.step < steps) continue;
      turn = now;
      shown.update(row.step, row.smoothed, ((row.step - first) * chunk * 1000) / (now - began));
      await breathe();
    }
  } finally {
    signal.ignore();
    shown.stop();
    save();
  }

  const levels =
    trainer.heldOut.length > 0 ? baselines(trainer.model.vocabulary.size, trainer.train, trainer.heldOut) : undefined;
  const heldOut = levels && !signal.name ? evaluate(trainer.model, trainer.heldOut) : undefined;
  const caption = `bptt train ${source.kind === 'corpus' ? '--corpus ' : ''}${basename(source.name)} --cell ${trainer.options.cell} --hidden ${trainer.options.hidden} --steps ${steps} --seed ${trainer.options.seed}`;
  writeAtomically(
    files.plot,
    await plotLoss({
      rows: log.rows,
      chunk,
      caption,
      ...(levels && { baselines: levels }),
      ...(heldOut !== undefined && { heldOut }),
    }),
  );
  const written = sample(trainer.model, {
    prompt: defaultPrompt(trainer.model),
    length: sampleLength,
    rng: new Random(trainer.options.seed),
  });
  const result = { step: trainer.position.step, steps, stopped: signal.name ?? null, files, sample: written };
  report(result, levels, heldOut, json === true);
}

interface Result {
  readonly step: number;
  readonly steps: number;
  readonly stopped: string | null;
  readonly files: RunFolder;
  readonly sample: string;
}

function report(result: Result, levels: Baselines | undefined, heldOut: number | undefined, json: boolean): void {
  const both = (nats: number | undefined) => (nats === undefined ? null : { nats, bits: nats / Math.LN2 });
  const { step, steps, stopped, files } = result;
  if (json) {
    const { uniform, unigram } = levels ?? {};
    return printJson({ ok: true, ...result, heldOut: both(heldOut), uniform: both(uniform), unigram: both(unigram) });
  }
  const line = (name: string, nats: number) =>
    `${name.padEnd(10)} ${nats.toFixed(3)} nats/char  ${(nats / Math.LN2).toFixed(3)} bits/char`;
  print(result.sample);
  if (stopped)
    print(`\nstopped by ${stopped} after step ${step} of ${steps}; go on with: bptt train --resume ${files.folder}`);
  if (levels && heldOut !== undefined) {
    print(`\n${line('held-out', heldOut)}\n${line('unigram', levels.unigram)}\n${line('uniform', levels.uniform)}`);
  }
  print(`\ncheckpoint ${files.checkpoint}\nlog        ${files.log}\nplot       ${files.plot}`);
}

function sampleNow({ model, nextSymbol, state, random, position }: CharTrainer, length: number): string {
  const text = sample(model, { prompt: nextSymbol, length, rng: random, s0: state });
  return `---- after step ${position.step}\n${text}\n----`;
}

/** Notes the first of SIGINT and SIGTERM; a second one ends the process as it would have without this. */
function untilSignal(): { readonly name: NodeJS.Signals | undefined; ignore(): void } {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const seen: { name: NodeJS.Signals | undefined; ignore(): void } = {
    name: undefined,
    ignore() {
      for (const signal of signals) process.removeListener(signal, note);
    },
  };
  const note = (signal: NodeJS.Signals) => {
    seen.name = signal;
    seen.ignore();
  };
  for (const signal of signals) process.on(signal, note);
  return seen;
}

function corpusOf(file: string | undefined, corpus: string | undefined): Corpus | undefined {
  if (file !== undefined && corpus !== undefined) throw new ValueError('text', 'a FILE or --corpus', 'both');
  if (file !== undefined) return readCorpus({ kind: 'file', name: file });
  if (corpus !== undefined) return readCorpus({ kind: 'corpus', name: corpus });
  return undefined;
}

function trainerOptions(flags: Flags): CharTrainerOptions {
  const { cell, hidden, chunk, optimiser, learningRate, clipValue, clipNorm, initStd, heldOut, seed } = flags;
  return { cell, hidden, chunk, optimiser, learningRate, clipValue, clipNorm, initStd, heldOut, seed };
}

function checkedSchedule(schedule: Schedule): Schedule {
  requireSize('--steps', schedule.steps);
  requireSize('--log-every', schedule.logEvery);
  requireSize('--save-every', schedule.saveEvery);
  requireInteger('--sample-every', schedule.sampleEvery, 0);
  requireSize('--sample-length', schedule.sampleLength);
  return schedule;
}

function noteOf({ file, note }: Checkpoint): { readonly source: Source; readonly schedule: Schedule } {
  if (typeof note === 'object' && note !== null && 'source' in note && 'schedule' in note) {
    return note as { source: Source; schedule: Schedule };
  }
  throw new ValueError('--resume', 'a checkpoint that `bptt train` wrote', file);
}

function clip(option: string): (text: string) => number | null {
  return text => (text === 'none' ? null : number(option)(text));
}
