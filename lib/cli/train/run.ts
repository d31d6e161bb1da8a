import type { CharTrainer } from '../../models/char-trainer.ts';
import type { Engine } from '../../models/network.ts';
import type { Ranks } from '../../parallel/ranks.ts';
import type { Source } from '../corpus.ts';
import type { CellPlace } from '../modules/cell.ts';
import type { RunFolder } from '../runs/folder.ts';
import type { LossLog } from '../runs/loss-log.ts';
import type { Mishaps } from './mishaps.ts';
import type { Best, Schedule } from './schedule.ts';

/** A run that is ready to go, and what it comes to on its way. */
export interface Run {
  readonly source: Source;
  readonly schedule: Schedule;
  readonly files: RunFolder;
  readonly log: LossLog;
  readonly engine: Engine;
  /** Threads that batches are done by. */
  readonly workers: number;
  /** Processes that train together; undefined where this one is by itself. */
  readonly ranks: Ranks | undefined;
  /** Where its cell is, where that is not known by its name. */
  readonly place?: CellPlace | undefined;
  trainer: CharTrainer;
  best: Best | null;
  mishaps: Mishaps;
}
