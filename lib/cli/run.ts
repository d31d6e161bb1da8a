/** A training run: the loop, what it shows and saves, and what it says at the end. */
import { basename } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { encodeCheckpoint } from '../io/checkpoint.ts';
import { writeAtomically } from '../io/files.ts';
import { type Baselines, baselines } from '../models/baselines.ts';
import { defaultPrompt, evaluate, sample } from '../models/char-model.ts';
import type { CharTrainer } from '../models/char-trainer.ts';
import { Random } from '../random.ts';
import type { Source } from './corpus.ts';
import type { LossLog } from './loss-log.ts';
import { plotLoss } from './plot.ts';
import type { RunFolder } from './run-folder.ts';
import { print, printJson, progress, untilSignal, type Verbosity } from './terminal.ts';

/** How a run goes, beside what is learnt: kept in its checkpoint, so that a resumed run goes on alike. */
export interface Schedule {
  /** Updates in all. */
  readonly steps: number;
  /** Steps between two rows of the log, two checkpoints, two samples (0: no samples). */
  readonly logEvery: number;
  readonly saveEvery: number;
  readonly sampleEvery: number;
  /** Symbols a sample. */
  readonly sampleLength: number;
}

/** A run that is ready to go. */
export interface Run {
  readonly trainer: CharTrainer;
  readonly source: Source;
  readonly schedule: Schedule;
  readonly files: RunFolder;
  readonly log: LossLog;
}

/** Milliseconds after which the loop lets signals and the terminal have a turn. */
const TURN = 30;

/**
 * Trains until the last step, or until SIGINT or SIGTERM. Either way the checkpoint, the log and the plot are written;
 * after an error, the last checkpoint stays.
 */
export async function train(run: Run, verbosity: Verbosity): Promise<void> {
  save(run);
  const stopped = await loop(run, verbosity);
  save(run);
  const { trainer, files } = run;
  const { model, train, heldOut } = trainer;
  const levels = heldOut.length > 0 ? baselines(model.vocabulary.size, train, heldOut) : undefined;
  const reached = levels && stopped === null ? evaluate(model, heldOut) : undefined;
  writeAtomically(files.plot, await plotOf(run, levels, reached));
  report(run, { stopped, levels, reached }, verbosity);
}

/** The signal that ended it, or null. */
async function loop({ trainer, schedule, files, log, source }: Run, verbosity: Verbosity): Promise<string | null> {
  const { steps, logEvery, saveEvery, sampleEvery, sampleLength } = schedule;
  const first = trainer.position.step;
  const shown = progress(steps, first, verbosity);
  const signal = untilSignal();
  const began = performance.now();
  let turn = began;
  try {
    while (trainer.position.step < steps && signal.name === null) {
      const row = trainer.step();
      if (row.step % logEvery === 0) log.add(row);
      if (sampleEvery > 0 && row.step % sampleEvery === 0) shown.say(sampleNow(trainer, sampleLength));
      if (row.step % saveEvery === 0) save({ trainer, schedule, files, log, source });
      const now = performance.now();
      if (now - turn < TURN && row.step < steps) continue;
      turn = now;
      const speed = ((row.step - first) * trainer.options.chunk * 1000) / (now - began);
      shown.update(row.step, `loss ${row.smoothed.toFixed(3)} nats/char  ${Math.round(speed)} chars/s`);
      await breathe();
    }
    return trainer.position.step < steps ? signal.name : null;
  } finally {
    signal.ignore();
    shown.stop();
  }
}

/** The log first: rows beyond the checkpoint are dropped on resuming, missing ones could not be made up. */
function save({ trainer, source, schedule, files, log }: Run): void {
  writeAtomically(files.log, log.toString());
  writeAtomically(files.checkpoint, encodeCheckpoint(trainer, { source, schedule }));
}

function plotOf({ trainer, source, schedule, log }: Run, levels?: Baselines, reached?: number): Promise<string> {
  const { cell, hidden, layers, chunk, seed } = trainer.options;
  const deep = layers === 1 ? '' : ` --layers ${layers}`;
  const text = source.kind === 'corpus' ? `--corpus ${source.name}` : basename(source.name);
  return plotLoss({
    rows: log.rows,
    chunk,
    ...(levels && { baselines: levels }),
    ...(reached !== undefined && { heldOut: reached }),
    caption: `bptt train ${text} --cell ${cell.name} --hidden ${hidden}${deep} --chunk ${chunk} --steps ${schedule.steps} --seed ${seed}`,
  });
}

/** How a run ended. */
interface Outcome {
  readonly stopped: string | null;
  readonly levels: Baselines | undefined;
  /** The held-out loss, in nats a symbol. */
  readonly reached: number | undefined;
}

function report({ trainer, schedule, files }: Run, { stopped, levels, reached }: Outcome, { json }: Verbosity): void {
  const { step } = trainer.position;
  const { steps, sampleLength: length } = schedule;
  const rng = new Random(trainer.options.seed);
  const text = sample(trainer.model, { prompt: defaultPrompt(trainer.model), length, rng });
  if (json) {
    const both = (nats: number | undefined) => (nats === undefined ? null : { nats, bits: nats / Math.LN2 });
    const losses = { heldOut: both(reached), unigram: both(levels?.unigram), uniform: both(levels?.uniform) };
    printJson({ ok: true, step, steps, stopped, ...losses, sample: text, ...files });
    return;
  }
  print(`${text}\n`);
  if (stopped)
    print(`stopped by ${stopped} after step ${step} of ${steps}: bptt train --resume ${files.folder} goes on\n`);
  if (levels && reached !== undefined) {
    const line = (name: string, nats: number) =>
      print(`${name.padEnd(10)} ${nats.toFixed(3)} nats/char   ${(nats / Math.LN2).toFixed(3)} bits/char`);
    line('held-out', reached);
    line('unigram', levels.unigram);
    line('uniform', levels.uniform);
  }
  print(`checkpoint ${files.checkpoint}\nlog        ${files.log}\nplot       ${files.plot}`);
}

function sampleNow({ model, nextSymbol, state, random, position }: CharTrainer, length: number): string {
  const text = sample(model, { prompt: nextSymbol, length, rng: random, s0: state });
  return `---- after step ${position.step}\n${text}\n----`;
}
