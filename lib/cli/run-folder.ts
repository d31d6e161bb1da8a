/** The folder of a training run: a checkpoint, the log of the loss, and its plot. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Cell } from '../cells/cell.ts';
import { ValueError } from '../errors.ts';
import { type Checkpoint, decodeCheckpoint } from '../io/checkpoint.ts';
import { readBytes } from '../io/files.ts';

const CHECKPOINT = 'checkpoint.safetensors';

/** The files of a run. */
export interface RunFolder {
  readonly folder: string;
  readonly checkpoint: string;
  readonly log: string;
  readonly plot: string;
}

/** The files of the run in `folder`, whether or not they are there. */
export function runFolder(folder: string): RunFolder {
  const file = (name: string) => join(folder, name);
  return { folder, checkpoint: file(CHECKPOINT), log: file('loss.csv'), plot: file('loss.svg') };
}

/**
 * A folder for a new run: the one asked for, or the first of `runs/name`, `runs/name-2`, … that holds no run.
 *
 * @throws ValueError when the one asked for holds a run already.
 */
export function newRunFolder(name: string, asked?: string): RunFolder {
  if (asked !== undefined) {
    const run = runFolder(asked);
    const taken = [run.checkpoint, run.log, run.plot].find(existsSync);
    if (taken) throw new ValueError('--out', 'a folder without a run (--resume goes on with one)', taken);
    return run;
  }
  for (let n = 1; ; n++) {
    const run = runFolder(join('runs', n === 1 ? name : `${name}-${n}`));
    if (!existsSync(run.folder)) return run;
  }
}

/** The checkpoint's file, given as itself or as the folder of its run. */
export function checkpointFile(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, CHECKPOINT) : path;
}

/** Reads a checkpoint of one of these cells, given as its file or as the folder of its run. */
export function readCheckpoint(path: string, cells: Readonly<Record<string, Cell>>): Checkpoint {
  const file = checkpointFile(path);
  return decodeCheckpoint(readBytes(file), file, cells);
}
