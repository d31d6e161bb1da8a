/** How a training run goes, and what it writes of that into its checkpoints. */
import { ValueError } from '../../errors.ts';
import type { Checkpoint } from '../../io/checkpoint.ts';
import { LONGEST_TEXT } from '../../models/text.ts';
import { describe, requireFiniteNumber, requireInteger, requireName, requireSize } from '../../require.ts';
import type { Source } from '../corpus.ts';
import { type LogFormat, logFormats } from '../runs/loss-log.ts';
import { type Mishaps, noMishaps, type OnDivergence, onDivergenceNames } from './mishaps.ts';

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
  /** How many checkpoints are kept by their steps, beside the newest and the best. */
  readonly keep: number;
  readonly logFormat: LogFormat;
  readonly onDivergence: OnDivergence;
  /** Whether the plot is also written as PNG. */
  readonly png: boolean;
}

/** The checkpoint that foretold the held-out text best. */
export interface Best {
  readonly step: number;
  /** Its loss there, in nats a symbol. */
  readonly loss: number;
}

/** The schedule, its fields in their ranges and always in the same order; or throws ValueError naming the option. */
export function checkedSchedule(schedule: Schedule): Schedule {
  return {
    steps: requireSize('--steps', schedule.steps),
    logEvery: requireSize('--log-every', schedule.logEvery),
    saveEvery: requireSize('--save-every', schedule.saveEvery),
    sampleEvery: requireInteger('--sample-every', schedule.sampleEvery, 0),
    sampleLength: requireInteger('--sample-length', schedule.sampleLength, 1, LONGEST_TEXT),
    keep: requireInteger('--keep', schedule.keep, 0),
    logFormat: requireChoice('--log-format', schedule.logFormat, logFormats),
    onDivergence: requireChoice('--on-divergence', schedule.onDivergence, onDivergenceNames),
    png: schedule.png === true,
  };
}

function requireChoice<T>(option: string, value: T, choices: readonly T[]): T {
  if (!choices.includes(value)) throw new ValueError(option, `one of ${choices.join(', ')}`, describe(value));
  return value;
}

/** What `bptt train` noted in a checkpoint. */
export interface Note {
  readonly source: Source;
  readonly schedule: Schedule;
  readonly best: Best | null;
  readonly mishaps: Mishaps;
  /** The seal of the log up to the checkpoint's step; null in checkpoints of before there was one. */
  readonly log: string | null;
}

/** What a checkpoint of version 1 did not note. */
const OLD: Pick<Schedule, 'keep' | 'logFormat' | 'onDivergence' | 'png'> = {
  keep: 0,
  logFormat: 'csv',
  onDivergence: 'stop',
  png: false,
};

/** @throws ValueError when another program wrote the checkpoint. */
export function noteOf({ file, note }: Checkpoint): Note {
  const { source, schedule, best = null, mishaps = noMishaps, log = null } = { ...(note as Partial<Note> | null) };
  try {
    if (typeof source?.name === 'string' && typeof source.kind === 'string' && schedule) {
      if (best) requireInteger('step', best.step, 0);
      if (best) requireFiniteNumber('loss', best.loss);
      for (const name of ['skipped', 'inARow', 'rollbacks'] as const) requireInteger(name, mishaps[name], 0);
      if (log !== null) requireName('log', log);
      return { source, schedule: checkedSchedule({ ...OLD, ...schedule }), best, mishaps, log };
    }
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
  }
  throw new ValueError('--resume', 'a checkpoint that `bptt train` wrote', file);
}
