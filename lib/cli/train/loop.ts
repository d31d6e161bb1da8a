/** The loop of a training run, and what it shows and saves. */
import { setImmediate as breathe } from 'node:timers/promises';
import { encodeCheckpoint } from '../../io/checkpoint.ts';
import { writeAtomically } from '../../io/node/files.ts';
import { rowsOfEach } from '../../layers/active.ts';
import { baselines } from '../../models/baselines.ts';
import { memoryEstimate } from '../../models/char-memory.ts';
import { symbolsAStep } from '../../models/char-options.ts';
import type { CharTrainer } from '../../models/char-trainer.ts';
import { DivergenceError, diverged } from '../../models/divergence.ts';
import { any } from '../../parallel/ranks.ts';
import { howItRuns } from '../modules/cell.ts';
import { toPng } from '../png.ts';
import { numberedFile, numberedSteps, prune } from '../runs/folder.ts';
import { type Heeded, progress, untilSignal, type Verbosity } from '../terminal.ts';
import { TURN } from '../turns.ts';
import { rollBack, stepOf } from './divergence.ts';
import { find, lossOn, plotOf, report, written } from './report.ts';
import type { Run } from './run.ts';
import type { Schedule } from './schedule.ts';
import { onWorkers } from './workers.ts';

/** Where a run says something, and where it hears that it is to stop. */
interface Onlooker {
  say(text: string): void;
  stopped(): boolean;
}

/**
 * Trains until the last step, or until a signal. Either way the checkpoint, the log and the plot are written; after an
 * error, the last checkpoint stays.
 *
 * @param first what has been heeded since before the run's first file was written.
 * @throws DivergenceError when every chunk was skipped.
 */
export async function train(run: Run, first: Heeded, verbosity: Verbosity): Promise<void> {
  await onWorkers(run);
  const before = await loop(run, first, verbosity);
  if (run.ranks && run.ranks.rank > 0) return; // the first says what became of it
  const late = before === null ? untilSignal() : undefined; // one that came with the last step was too late
  try {
    save(run);
    if (before === null) requireLearnt(run);
    const { model, train, heldOut } = run.trainer;
    const levels = heldOut.length > 0 ? baselines(model.vocabulary.size, train, heldOut) : undefined;
    const found = late && (await find(run, () => late.name !== null));
    const svg = await plotOf(run, levels, found);
    if (run.schedule.png) writeAtomically(run.files.png, await toPng(svg));
    writeAtomically(run.files.plot, svg);
    report(run, { stopped: found ? null : (before ?? late?.name ?? null), levels, found }, verbosity);
  } finally {
    late?.ignore();
  }
}

/** The signal that ended it before the last step was made and all that was due then was done, or null. */
async function loop(run: Run, signal: Heeded, verbosity: Verbosity): Promise<string | null> {
  const { steps, logEvery } = run.schedule;
  const first = run.trainer.position.step;
  const shown = progress(steps, first, verbosity);
  const onlooker: Onlooker = { say: text => shown.say(text), stopped: () => signal.name !== null };
  const began = performance.now();
  let turn = began;
  let read = 0;
  let isDone = true;
  try {
    onlooker.say(memoryOf(run));
    if (run.place) onlooker.say(howItRuns(run.trainer.options, run.trainer.model.vocabulary.size));
    if (wasLeftOff(run)) isDone = await saveDue(run, onlooker);
    const isStopped = () => (run.ranks ? any(run.ranks, signal.name !== null) : signal.name !== null);
    while (run.trainer.position.step < steps && !isStopped()) {
      try {
        const row = stepOf(run, onlooker.say);
        if (row.step % logEvery === 0) run.log.add(row);
        if (isDue(run)) isDone = await doWhatIsDue(run, onlooker);
      } catch (error) {
        if (!(error instanceof DivergenceError)) throw error;
        rollBack(run, error, onlooker.say);
        await onWorkers(run);
        save(run);
      }
      read += symbolsAStep(run.trainer.options);
      const { step, smoothed } = run.trainer.position;
      const { level } = run.trainer.options;
      const now = performance.now();
      if (now - turn < TURN && step < steps) continue;
      turn = now;
      const speed = (read * 1000) / (now - began);
      shown.update(step, `loss ${smoothed.toFixed(3)} nats/${level}  ${Math.round(speed)} ${level}s/s`);
      await breathe();
    }
    return run.trainer.position.step < steps || !isDone ? (signal.name ?? ELSEWHERE) : null;
  } finally {
    shown.stop();
  }
}

/** What has stopped a process that heard no signal itself. */
const ELSEWHERE = 'another rank';

/** How much memory it takes, in words. */
function memoryOf({ trainer: { options, model }, engine }: Run): string {
  const { total, chunk } = memoryEstimate(options, model.vocabulary.size, engine);
  const [all, kept] = [total, chunk].map(bytes => (bytes / 2 ** 20).toFixed(1));
  return `memory: at least ${all} MiB beside the text, of which ${kept} MiB for the steps of a chunk`;
}

/** Whether there is more to do after a step than to make the next. */
function isDue({ trainer, schedule: { steps, saveEvery, sampleEvery } }: Run): boolean {
  const { step } = trainer.position;
  return step === steps || step % saveEvery === 0 || (sampleEvery > 0 && step % sampleEvery === 0);
}

/** Samples and saves where that is due. False where it was stopped: then it is done on resuming. */
async function doWhatIsDue(run: Run, onlooker: Onlooker): Promise<boolean> {
  const { saveEvery, sampleEvery } = run.schedule;
  const { step } = run.trainer.position;
  if (sampleEvery > 0 && step % sampleEvery === 0) await sampleNow(run, onlooker);
  if (onlooker.stopped()) return false;
  if (step % saveEvery === 0) return saveDue(run, onlooker);
  run.trainer.requireFinite();
  return true;
}

/** Whether a run may have been stopped between a step and what was due after it: then that is done, once more at most. */
function wasLeftOff({ trainer, schedule, files }: Run): boolean {
  const { step } = trainer.position;
  if (step === 0 || step % schedule.saveEvery !== 0) return false;
  return kept(schedule) === 0 || !numberedSteps(files.folder).includes(step);
}

/** How many numbered checkpoints there are to be. */
function kept({ keep, onDivergence }: Schedule): number {
  return Math.max(keep, onDivergence === 'rollback' ? 1 : 0);
}

/** What a new run begins with: a checkpoint, and one that is kept by its step. */
export function saveFirst(run: Run): void {
  run.trainer.requireFinite();
  save(run, kept(run.schedule) > 0 ? [numberedFile(run.files.folder, 0)] : []);
}

/**
 * What a run writes every --save-every steps: also the best checkpoint, if this is it, and one that is kept by its step. The
 * newest checkpoint is the last to be written: a run that is killed before does all of it again.
 *
 * @returns false where it was stopped before anything was written.
 */
async function saveDue(run: Run, { stopped }: Onlooker): Promise<boolean> {
  run.trainer.requireFinite();
  const { files, schedule, trainer } = run;
  const { step } = trainer.position;
  const loss = await heldOutLoss(trainer, schedule, stopped);
  if (stopped()) return false;
  const isBest = loss !== undefined && loss < (run.best?.loss ?? Number.POSITIVE_INFINITY);
  if (isBest) run.best = { step, loss };
  const keep = kept(schedule);
  save(run, [...(isBest ? [files.best] : []), ...(keep > 0 ? [numberedFile(files.folder, step)] : [])]);
  prune(files.folder, step, keep);
  return true;
}

/** The log first: rows beyond the checkpoint are dropped on resuming, missing ones could not be made up. */
function save({ trainer, source, schedule, files, log, best, mishaps }: Run, also: readonly string[] = []): void {
  const bytes = encodeCheckpoint(trainer, { source, schedule, best, mishaps, log: log.seal() });
  writeAtomically(files.log, log.toString());
  for (const file of [...also, files.checkpoint]) writeAtomically(file, bytes);
}

/** The part of the text read between two checkpoints that is read of the held-out text at one; at least so many symbols. */
const [HELD_OUT_PART, HELD_OUT_LEAST] = [0.1, 1000];

/** Symbols that each of the streams has at least, in which that is read side by side. */
const STREAM_LEAST = 200;

/** The loss on the beginning of the held-out text: a few per cent of the time that the steps since the last one took. */
async function heldOutLoss(
  { model, heldOut, options }: CharTrainer,
  { saveEvery }: Schedule,
  stopped: () => boolean,
): Promise<number | undefined> {
  const symbols = Math.max(HELD_OUT_LEAST, Math.floor(HELD_OUT_PART * saveEvery * symbolsAStep(options)));
  const part = heldOut.subarray(0, symbols);
  const streams = Math.max(1, Math.min(options.batch, Math.floor(part.length / STREAM_LEAST)));
  return part.length > 0 ? lossOn(part, model, stopped, streams) : undefined;
}

/** A sample. Where it is left off, its other symbols are drawn all the same, so that later samples are what they would be. */
async function sampleNow({ trainer, schedule }: Run, { say, stopped }: Onlooker): Promise<void> {
  const { model, train: symbols, state, random, position } = trainer;
  const { sampleLength: length } = schedule;
  let drawn = 0;
  const count = (written: number) => {
    drawn = written;
  };
  const s0 = state && rowsOfEach(state, [0]); // of the stream that the symbol is of
  const prompt = symbols.subarray(position.position, position.position + 1); // the symbol that the next chunk begins with
  const text = await written(model, { prompt, length, rng: random, s0 }, stopped, count);
  if (!stopped()) return say(`---- after step ${position.step}\n${text}\n----`);
  for (; drawn < length; drawn++) random.uniform();
}

/** @throws DivergenceError when every chunk was skipped. */
function requireLearnt({ trainer, mishaps: { skipped } }: Run): void {
  const { step, norms } = trainer.position;
  if (skipped >= step) throw diverged(step, undefined, norms, `${skipped} chunks, all of which were skipped`);
}
