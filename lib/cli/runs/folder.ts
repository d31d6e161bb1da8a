/** The folder of a training run: its checkpoints, the log of the loss, and its plot. */
import { basename, join, normalize } from 'node:path';
import type { Cell } from '../../cells/cell.ts';
import { ValueError } from '../../errors.ts';
import { type Checkpoint, decodeCheckpoint } from '../../io/checkpoint.ts';
import { readBytes, readText } from '../../io/node/files.ts';
import { filesIn, isFolder, isThere, removeFile } from '../../io/node/folders.ts';
import { type LogFormat, LossLog, logFormats } from './loss-log.ts';

const CHECKPOINT = 'checkpoint.safetensors';
const LOGS: readonly string[] = logFormats.map(format => `loss.${format}`);
const NUMBERED = /^checkpoint-(\d{9,})\.safetensors$/;

/** The files of a run. */
export interface RunFolder {
  readonly folder: string;
  /** Where the run stands. */
  readonly checkpoint: string;
  /** Where it was best, by the loss on held-out text. */
  readonly best: string;
  readonly log: string;
  readonly plot: string;
  readonly png: string;
  /** Says where the text is. */
  readonly text: string;
  /** Says where the cell is, where it is not the library's. */
  readonly cell: string;
  /** Says that a process trains here. */
  readonly lock: string;
}

/** The files of the run in `folder`, whether or not they are there. */
export function runFolder(folder: string, logFormat: LogFormat): RunFolder {
  const file = (name: string) => join(folder, name);
  return {
    folder,
    checkpoint: file(CHECKPOINT),
    best: file('best.safetensors'),
    log: file(`loss.${logFormat}`),
    plot: file('loss.svg'),
    png: file('loss.png'),
    text: file('text.json'),
    cell: file('cell.json'),
    lock: file('training.lock'),
  };
}

/**
 * A folder for a new run: the one asked for, or the first of `runs/name`, `runs/name-2`, … that is not there.
 *
 * @throws ValueError when the one asked for holds a run already.
 */
export function newRunFolder(name: string, logFormat: LogFormat, asked?: string): RunFolder {
  if (asked !== undefined) {
    requireNoRun(asked);
    return runFolder(asked, logFormat);
  }
  for (let n = 1; ; n++) {
    const run = runFolder(join('runs', n === 1 ? name : `${name}-${n}`), logFormat);
    if (!isThere(run.folder)) return run;
  }
}

/**
 * A run that was killed while it made its first checkpoint is none yet: a log without rows, and a checkpoint of step 0.
 *
 * @throws ValueError when a folder holds a run.
 */
export function requireNoRun(folder: string): void {
  const names = [CHECKPOINT, 'best.safetensors', ...LOGS, 'loss.svg'];
  const isBegun = (path: string) =>
    !(LOGS.includes(basename(path)) && LossLog.isEmpty(readText(path, { regular: true })));
  const later = isFolder(folder) ? numberedSteps(folder).filter(step => step > 0) : [];
  const paths = [
    ...names.map(name => join(folder, name)).filter(isThere),
    ...later.map(step => numberedFile(folder, step)),
  ];
  const taken = paths.find(isBegun);
  if (taken) throw new ValueError('--out', 'a folder without a run (--resume goes on with one)', taken);
}

/** The name of the checkpoint of a step, kept beside the newest. */
export function numberedFile(folder: string, step: number): string {
  return join(folder, `checkpoint-${String(step).padStart(9, '0')}.safetensors`);
}

/** The numbered checkpoints of a folder, by their steps, in rising order. */
export function numberedSteps(folder: string): number[] {
  const steps = filesIn(folder).flatMap(name => NUMBERED.exec(name)?.[1] ?? []);
  return steps.map(Number).sort((a, b) => a - b);
}

/** Whether a checkpoint is one that the run wrote: the newest, the best, or a numbered one. */
export function isOfRun(file: string, { checkpoint, best }: RunFolder): boolean {
  return [checkpoint, best].includes(normalize(file)) || NUMBERED.test(basename(file));
}

/** Whether a name is that of a file which a run writes, or of its lock: nobody else writes those while it has its folder. */
export function isRunFile(name: string): boolean {
  const others = [CHECKPOINT, 'best.safetensors', ...LOGS, 'loss.svg', 'loss.png', 'text.json', 'cell.json'];
  return others.includes(name) || NUMBERED.test(name) || name.startsWith('training.lock');
}

/** Removes all numbered checkpoints but the last `keep` up to a step; later ones are of a run that was killed since. */
export function prune(folder: string, step: number, keep: number): void {
  const steps = numberedSteps(folder);
  const kept = keep === 0 ? [] : steps.filter(n => n <= step).slice(-keep);
  for (const n of steps) if (!kept.includes(n)) removeFile(numberedFile(folder, n));
}

/** The checkpoint's file, given as itself or as the folder of its run. */
export function checkpointFile(path: string): string {
  return isFolder(path) ? join(path, CHECKPOINT) : path;
}

/** Reads a checkpoint of one of these cells, given as its file or as the folder of its run. */
export function readCheckpoint(path: string, cells: Readonly<Record<string, Cell>>): Checkpoint {
  const file = checkpointFile(path);
  return decodeCheckpoint(readBytes(file, { regular: file !== path }), file, cells);
}
