/** How a training run begins: anew, or where a checkpoint has it. Either way it has its folder to itself. */
import { basename, dirname, extname } from 'node:path';
import { FileError, ValueError } from '../../errors.ts';
import { decodeCheckpoint } from '../../io/checkpoint.ts';
import { readBytes, readText } from '../../io/node/files.ts';
import { makeFolder, removeTemporaries } from '../../io/node/folders.ts';
import { takeLock } from '../../io/node/lock.ts';
import { resumeTrainer } from '../../io/resume-trainer.ts';
import { requireRoom } from '../../models/char-memory.ts';
import { type CharTrainerOptions, requireOptions } from '../../models/char-options.ts';
import { CharTrainer } from '../../models/char-trainer.ts';
import { vocabularyAt } from '../../models/level.ts';
import type { Engine } from '../../models/network.ts';
import type { Ranks } from '../../parallel/ranks.ts';
import type { Corpus } from '../corpus.ts';
import type { CellPlace, Cells } from '../modules/cell.ts';
import { pngLibrary } from '../png.ts';
import { cellsFor, noteCell } from '../runs/cell-place.ts';
import {
  checkpointFile,
  isOfRun,
  isRunFile,
  newRunFolder,
  type RunFolder,
  requireNoRun,
  runFolder,
} from '../runs/folder.ts';
import { LossLog } from '../runs/loss-log.ts';
import { findText, noteText } from '../runs/text-place.ts';
import { type Heeded, untilSignal, type Verbosity } from '../terminal.ts';
import { saveFirst, train } from './loop.ts';
import { noMishaps } from './mishaps.ts';
import { isReported } from './report.ts';
import type { Run } from './run.ts';
import { checkedSchedule, noteOf, type Schedule } from './schedule.ts';

/** What a run needs beside its checkpoint or its options. */
export interface Means {
  readonly cells: Cells;
  readonly engine: Engine;
  readonly workers: number;
  readonly ranks: Ranks | undefined;
  readonly verbosity: Verbosity;
}

/**
 * Trains anew.
 *
 * @param out the folder; a new one below `runs/` unless given.
 * @param place where its cell is, where that is not known by its name.
 * @throws BpttError when an option is out of range, memory does not do, or the folder holds a run.
 */
export async function beginRun(
  corpus: Corpus,
  wanted: CharTrainerOptions,
  planned: Schedule,
  out: string | undefined,
  place: CellPlace | undefined,
  { engine, workers, ranks, verbosity }: Means,
): Promise<void> {
  const { source, text } = corpus;
  const schedule = checkedSchedule(planned);
  if (schedule.png) await pngLibrary();
  const options = requireOptions(wanted);
  requireRoom(options, vocabularyAt(options.level, text).size, engine, process.availableMemory());
  const trainer = new CharTrainer(text, options, engine);
  const files = newRunFolder(basename(source.name, extname(source.name)), schedule.logFormat, out);
  makeFolder(files.folder);
  await alone(files, async signal => {
    requireNoRun(files.folder); // once more, now that nobody else can begin one
    const log = new LossLog(schedule.logFormat);
    const run: Run = {
      trainer,
      source,
      schedule,
      files,
      log,
      engine,
      workers,
      ranks,
      best: null,
      mishaps: noMishaps,
      place,
    };
    noteText(files, corpus);
    noteCell(files, place);
    saveFirst(run);
    await train(run, signal, verbosity);
  });
}

/**
 * Goes on with a run, from its newest checkpoint or from another one that it kept.
 *
 * @param path the run's folder, or a checkpoint in it.
 * @param named the text where it is named anew; else it is found.
 * @param cell the module of its cell, where it is named anew; else it is found.
 * @param changes what is to go otherwise from now on.
 * @throws BpttError when there is no such run, the text is another, it is done, or another process trains it.
 */
export async function resumeRun(
  path: string,
  named: Corpus | undefined,
  cell: string | undefined,
  changes: Partial<Schedule>,
  { cells, engine, workers, ranks, verbosity }: Means,
): Promise<void> {
  const file = checkpointFile(path);
  const bytes = readBytes(file, { regular: true });
  const { known, place } = await cellsFor(bytes, file, cells, cell);
  const checkpoint = decodeCheckpoint(bytes, file, known);
  const { source: noted, schedule: before, best, mishaps, log: seal } = noteOf(checkpoint);
  const schedule = checkedSchedule({ ...before, ...changes });
  const files = runFolder(dirname(file), schedule.logFormat);
  if (!isOfRun(file, files)) throw new ValueError('--resume', `the folder of a run, or ${files.checkpoint}`, path);
  if (schedule.png) await pngLibrary();
  requireRoom(checkpoint.options, checkpoint.model.vocabulary.size, engine, process.availableMemory());
  const corpus = named ?? findText(checkpoint, noted, files);
  const { source, text } = corpus;
  const trainer = resumeTrainer(checkpoint, text, engine);
  const { step } = trainer.position;
  requireMore(schedule.steps, step, files, path);
  await alone(files, async signal => {
    requireUnchanged(file, bytes);
    const text = readText(files.log, { regular: true });
    const log = LossLog.parse(text, step, schedule.logEvery, files.log, schedule.logFormat);
    log.requireSealed(seal, files.log);
    removeTemporaries(files.folder, isRunFile);
    noteText(files, corpus);
    noteCell(files, place);
    const run: Run = { trainer, source, schedule, files, log, engine, workers, ranks, best, mishaps, place };
    await train(run, signal, verbosity);
  });
}

/** Runs what needs a run's folder to itself. Signals are heeded as long as there is anything in it that they could leave: its lock. */
async function alone({ lock }: RunFolder, run: (signal: Heeded) => Promise<void>): Promise<void> {
  const signal = untilSignal();
  try {
    const release = takeLock(lock);
    try {
      await run(signal);
    } finally {
      release();
    }
  } finally {
    signal.ignore();
  }
}

/** There are steps to make; or a report, where the run was stopped or killed before it. */
function requireMore(steps: number, made: number, files: RunFolder, path: string): void {
  if (steps > made || (steps === made && !isReported(files, made))) return;
  throw new ValueError('--steps', `more than the ${made} steps that ${path} has made`, `${steps}`);
}

/** Since it was read, and before the lock was taken, another process may have gone on with the run. */
function requireUnchanged(file: string, bytes: Uint8Array): void {
  if (Buffer.compare(readBytes(file, { regular: true }), bytes) === 0) return;
  throw new FileError(file, 'a run that no other process trains', 'one that has just gone on');
}
