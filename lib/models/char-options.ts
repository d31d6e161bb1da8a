/** How a character model is trained: the numbers of IIIT Hyderabad Lecture 20, each an option. */
import { type Cell, requireCell } from '../cells/cell.ts';
import { rnn } from '../cells/rnn.ts';
import { ValueError } from '../errors.ts';
import { adagrad } from '../optim/adagrad.ts';
import { adam } from '../optim/adam.ts';
import { clipByNorm, clipByValue } from '../optim/clip.ts';
import type { Optimiser } from '../optim/optimiser.ts';
import { rmsprop } from '../optim/rmsprop.ts';
import { cosine, type Schedule, warmUp } from '../optim/schedules.ts';
import { sgd } from '../optim/sgd.ts';
import type { ParamSet } from '../params.ts';
import { describe, requireInteger, requireKnown, requirePositive, requireSize } from '../require.ts';

import type { Clip } from '../training/descent.ts';
import { type Level, requireLevel } from './level.ts';

/** An optimiser that the model can be trained with. */
export type OptimiserName = 'adagrad' | 'sgd' | 'rmsprop' | 'adam';

type MakeOptimiser = (params: ParamSet, options: { readonly learningRate: number }) => Optimiser;

const OPTIMISERS: Readonly<Record<OptimiserName, MakeOptimiser>> = {
  adagrad,
  sgd: (_params, options) => sgd(options),
  rmsprop,
  adam,
};

/** Numbers that each remembers of a parameter. */
const MEMORIES: Readonly<Record<OptimiserName, number>> = { adagrad: 1, sgd: 0, rmsprop: 1, adam: 2 };

/** Their names. */
export const optimiserNames: readonly OptimiserName[] = ['adagrad', 'sgd', 'rmsprop', 'adam'];

/** How the learning rate goes on: up to what it is in so many updates, and down from there. */
export interface RateSchedule {
  /** Half a wave down to a hundredth, as `cosine` has it. */
  readonly shape: 'cosine';
  /** Updates after which it is down, those of the way up included; it stays there. */
  readonly steps: number;
  /** Updates on the way up, in equal steps; 0 for none. */
  readonly warmUp: number;
}

/** The lecture's numbers, each an option. */
export interface CharTrainerOptions {
  /** What the symbols of the text are. */
  readonly level: Level;
  readonly cell: Cell;
  /** Hidden units of each layer. */
  readonly hidden: number;
  /** Recurrent layers on top of each other. */
  readonly layers: number;
  /** Numbers that stand for a symbol, learnt below the first layer; null where that reads symbols one-hot. */
  readonly embedding: number | null;
  /** The part of the features that is dropped behind every recurrent layer, in training alone: in [0, 1). */
  readonly dropout: number;
  /** Steps a chunk: how far back the gradient goes. */
  readonly chunk: number;
  /** Streams of the text that are read side by side, each with its own state; the gradient is their mean. */
  readonly batch: number;
  readonly optimiser: OptimiserName;
  readonly learningRate: number;
  /** What becomes of it; null where it stays. */
  readonly schedule: RateSchedule | null;
  /** Every element of the gradient is clipped to ±clipValue; not at all where it is null. */
  readonly clipValue: number | null;
  /** The gradient of every parameter is scaled down to this norm; not at all where it is null. */
  readonly clipNorm: number | null;
  /** Standard deviation of the initial weights; biases begin at zero. */
  readonly initStd: number;
  /** The part of the text, at its end, that is not trained on: in [0, 1). */
  readonly heldOut: number;
  /** Fixes the initial weights, the samples, and what is dropped. */
  readonly seed: number;
}

/** What options mean that checkpoints of old do not have: how all was trained then. */
export const laterOptions: Pick<CharTrainerOptions, 'level' | 'batch' | 'embedding' | 'dropout' | 'schedule'> = {
  level: 'char',
  batch: 1,
  embedding: null,
  dropout: 0,
  schedule: null,
};

/** What the lectures use; the held-out part and the seed are ours. */
export const lectureOptions: CharTrainerOptions = {
  ...laterOptions,
  cell: rnn,
  hidden: 100,
  layers: 1,
  chunk: 25,
  optimiser: 'adagrad',
  learningRate: 0.1,
  clipValue: 5,
  clipNorm: null,
  initStd: 0.01,
  heldOut: 0.1,
  seed: 1,
};

const optionNames = Object.keys(lectureOptions) as (keyof CharTrainerOptions)[];

/** Every option is there and in its range, or throws {@link ValueError}. Returns them. */
export function requireOptions(options: CharTrainerOptions): CharTrainerOptions {
  requireCell('cell', requireKnown('options', options, optionNames).cell);
  requireLevel(options.level);
  const { hidden, layers, embedding, dropout, chunk, batch, optimiser, learningRate, schedule } = options;
  const { clipValue, clipNorm, initStd, heldOut, seed } = options;
  requireSize('hidden', hidden);
  requireSize('layers', layers);
  if (embedding !== null) requireSize('embedding', embedding);
  requirePart('dropout', dropout);
  requireSize('chunk', chunk);
  requireSize('batch', batch);
  if (!optimiserNames.includes(optimiser))
    throw new ValueError('optimiser', `one of ${optimiserNames.join(', ')}`, describe(optimiser));
  requirePositive('learningRate', learningRate);
  if (schedule !== null) requireRateSchedule(schedule);
  if (clipValue !== null) requirePositive('clipValue', clipValue);
  if (clipNorm !== null) requirePositive('clipNorm', clipNorm);
  requirePositive('initStd', initStd);
  requirePart('heldOut', heldOut);
  requireInteger('seed', seed, 0, 2 ** 32 - 1);
  return options;
}

function requirePart(argument: string, part: number): void {
  if (!Number.isFinite(part) || part < 0 || part >= 1)
    throw new ValueError(argument, 'a part in [0, 1)', describe(part));
}

function requireRateSchedule(schedule: RateSchedule): void {
  const { shape, steps, warmUp } = requireKnown('schedule', schedule, ['shape', 'steps', 'warmUp']);
  if (shape !== 'cosine') throw new ValueError('schedule.shape', 'cosine', describe(shape));
  requireSize('schedule.steps', steps);
  requireInteger('schedule.warmUp', warmUp, 0, steps - 1);
}

/** What is left of the learning rate at the end of a schedule. */
const FLOOR = 0.01;

/** What the learning rate is multiplied by, update by update. */
export function rateFactor({ steps, warmUp: up }: RateSchedule): Schedule {
  const down = cosine({ learningRate: 1, steps: steps - up, floor: FLOOR });
  return up === 0 ? down : warmUp(up, down);
}

/** How many symbols are read, and foretold, in a step. */
export function symbolsAStep({ chunk, batch }: Pick<CharTrainerOptions, 'chunk' | 'batch'>): number {
  return chunk * batch;
}

/** The optimiser asked for, of the model's parameters. */
export function optimiserOf({ optimiser, learningRate }: CharTrainerOptions, params: ParamSet): Optimiser {
  return OPTIMISERS[optimiser](params, { learningRate });
}

/** What is done to a gradient: scaled by its norms, then cut off. */
export function clipsOf({ clipNorm, clipValue }: CharTrainerOptions): readonly Clip[] {
  const clips: Clip[] = [];
  if (clipNorm !== null) clips.push(params => clipByNorm(params, clipNorm));
  if (clipValue !== null) clips.push(params => clipByValue(params, clipValue));
  return clips;
}

/** How many numbers an optimiser remembers of a parameter. */
export function memoriesOf(optimiser: OptimiserName): number {
  return MEMORIES[optimiser];
}
