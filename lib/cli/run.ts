/** A training run: the loop, and what it shows and saves. */
import { setImmediate as breathe } from 'node:timers/promises';
import { ValueError } from '../errors.ts';
import { encodeCheckpoint } from '../io/checkpoint.ts';
import { writeAtomically } from '../io/files.ts';
import { baselines } from '../models/baselines.ts';
import { type CharModel, type Engine, evaluate } from '../models/char-model.ts';
import type { CharTrainer } from '../models/char-trainer.ts';
import { DivergenceError } from '../models/divergence.ts';
import type { Source } from './corpus.ts';
import { type Mishaps, rollBack, stepOf } from './divergence.ts';
import type { LossLog } from './loss-log.ts';
import { toPng } from './png.ts';
import { numberedFile, prune, type RunFolder } from './run-folder.ts';
import { plotOf, report, written } from './run-report.ts';
import type { Best, Schedule } from './schedule.ts';
import { type Progress, progress, untilSignal, type Verbosity } from './terminal.ts';

/** A run that is ready to go, and what it comes to on its way. */
export interface Run {
  readonly source: Source;
  readonly schedule: Schedule;
  readonly files: RunFolder;
  readonly log: LossLog;
  readonly engine: Engine;
  trainer: CharTrainer;
  best: Best | null;
  mishaps: Mishaps;
}

/** Milliseconds after which the loop lets signals and the terminal have a turn. */
const TURN = 30;

/**
 * Trains until the last step, or until SIGINT or SIGTERM. Either way the checkpoint, the log and the plot are written;
 * after an error, the last checkpoint stays.
 */
export async function train(run: Run, verbosity: Verbosity): Promise<void> {
  const stopped = await loop(run, verbosity);
  save(run);
  const { trainer, files } = run;
  const { model, train, heldOut } = trainer;
  const levels = heldOut.length > 0 ? baselines(model.vocabulary.size, train, heldOut) : undefined;
  const reached = levels && stopped === null ? lossOn(heldOut, model) : undefined;
  const svg = await plotOf(run, levels, reached);
  if (run.schedule.png) writeAtomically(files.png, await toPng(svg));
  writeAtomically(files.plot, svg);
  report(run, { stopped, levels, reached }, verbosity);
}

/** The signal that ended it, or null. */
async function loop(run: Run, verbosity: Verbosity): Promise<string | null> {
  const { steps } = run.schedule;
  const first = run.trainer.position.step;
  const shown = progress(steps, first, verbosity);
  const signal = untilSignal();
  const began = performance.now();
  let turn = began;
  let read = 0;
  try {
    while (run.trainer.position.step < steps && signal.name === null) {
      advance(run, shown);
      read += run.trainer.options.chunk;
      const { step, smoothed } = run.trainer.position;
      const now = performance.now();
      if (now - turn < TURN && step < steps) continue;
      turn = now;
      const speed = (read * 1000) / (now - began);
      shown.update(step, `loss ${smoothed.toFixed(3)} nats/char  ${Math.round(speed)} chars/s`);
      await breathe();
    }
    return run.trainer.position.step < steps ? signal.name : null;
  } finally {
    signal.ignore();
    shown.stop();
  }
}

/** One step, and what is due after it; or the way back from where it diverges. */
function advance(run: Run, shown: Progress): void {
  const { steps, logEvery, saveEvery, sampleEvery, sampleLength } = run.schedule;
  const say = (text: string) => shown.say(text);
  try {
    const row = stepOf(run, say);
    if (row.step % logEvery === 0) run.log.add(row);
    if (sampleEvery > 0 && row.step % sampleEvery === 0) say(sampleNow(run.trainer, sampleLength));
    if (row.step % saveEvery === 0) saveDue(run);
    else if (row.step === steps) run.trainer.requireFinite();
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    rollBack(run, error, say);
    save(run);
  }
}

/**
 * What a new run begins with, and writes every --save-every steps: also the best checkpoint, if this is it, and one that
 * is kept by its step. The newest checkpoint is the last to be written: a run that is killed before does all of it again.
 */
export function saveDue(run: Run): void {
  run.trainer.requireFinite();
  const { files, schedule, trainer } = run;
  const { step } = trainer.position;
  const keep = Math.max(schedule.keep, schedule.onDivergence === 'rollback' ? 1 : 0);
  const loss = step === 0 ? undefined : heldOutLoss(trainer, schedule);
  const isBest = loss !== undefined && loss < (run.best?.loss ?? Number.POSITIVE_INFINITY);
  if (isBest) run.best = { step, loss };
  save(run, [...(isBest ? [files.best] : []), ...(keep > 0 ? [numberedFile(files.folder, step)] : [])]);
  prune(files.folder, step, keep);
}

/** The log first: rows beyond the checkpoint are dropped on resuming, missing ones could not be made up. */
function save({ trainer, source, schedule, files, log, best, mishaps }: Run, also: readonly string[] = []): void {
  const bytes = encodeCheckpoint(trainer, { source, schedule, best, mishaps, log: log.seal() });
  writeAtomically(files.log, log.toString());
  for (const file of [...also, files.checkpoint]) writeAtomically(file, bytes);
}

/** The part of the text read between two checkpoints that is read of the held-out text at one; at least so many symbols. */
const [HELD_OUT_PART, HELD_OUT_LEAST] = [0.1, 1000];

/** The loss on the beginning of the held-out text: a few per cent of the time that the steps since the last one took. */
function heldOutLoss({ model, heldOut, options }: CharTrainer, { saveEvery }: Schedule): number | undefined {
  const symbols = Math.max(HELD_OUT_LEAST, Math.floor(HELD_OUT_PART * saveEvery * options.chunk));
  return heldOut.length > 0 ? lossOn(heldOut.subarray(0, symbols), model) : undefined;
}

/** How well the model foretells a text; undefined where its outputs overflow. */
function lossOn(text: Int32Array, model: CharModel): number | undefined {
  try {
    const loss = evaluate(model, text);
    return Number.isFinite(loss) ? loss : undefined;
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}

function sampleNow({ model, nextSymbol, state, random, position }: CharTrainer, length: number): string {
  const text = written(model, { prompt: nextSymbol, length, rng: random, s0: state });
  return `---- after step ${position.step}\n${text}\n----`;
}
