/** How a character model is trained: the numbers of IIIT Hyderabad Lecture 20, each an option. */
import { type Cell, requireCell } from '../cells/cell.ts';
import { rnn } from '../cells/rnn.ts';
import { ValueError } from '../errors.ts';
import { adagrad } from '../optim/adagrad.ts';
import { adam } from '../optim/adam.ts';
import type { Optimiser } from '../optim/optimiser.ts';
import { rmsprop } from '../optim/rmsprop.ts';
import { sgd } from '../optim/sgd.ts';
import type { ParamSet } from '../params.ts';
import { describe, requireInteger, requireKnown, requirePositive, requireSize } from '../require.ts';

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

/** The lecture's numbers, each an option. */
export interface CharTrainerOptions {
  readonly cell: Cell;
  /** Hidden units of each layer. */
  readonly hidden: number;
  /** Recurrent layers on top of each other. */
  readonly layers: number;
  /** Steps a chunk: how far back the gradient goes. */
  readonly chunk: number;
  readonly optimiser: OptimiserName;
  readonly learningRate: number;
  /** Every element of the gradient is clipped to ±clipValue; not at all where it is null. */
  readonly clipValue: number | null;
  /** The gradient of every parameter is scaled down to this norm; not at all where it is null. */
  readonly clipNorm: number | null;
  /** Standard deviation of the initial weights; biases begin at zero. */
  readonly initStd: number;
  /** The part of the text, at its end, that is not trained on: in [0, 1). */
  readonly heldOut: number;
  /** Fixes the initial weights and the samples. */
  readonly seed: number;
}

/** What the lectures use; the held-out part and the seed are ours. */
export const lectureOptions: CharTrainerOptions = {
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
  const { hidden, layers, chunk, optimiser, learningRate, clipValue, clipNorm, initStd, heldOut, seed } = options;
  requireSize('hidden', hidden);
  requireSize('layers', layers);
  requireSize('chunk', chunk);
  if (!optimiserNames.includes(optimiser))
    throw new ValueError('optimiser', `one of ${optimiserNames.join(', ')}`, describe(optimiser));
  requirePositive('learningRate', learningRate);
  if (clipValue !== null) requirePositive('clipValue', clipValue);
  if (clipNorm !== null) requirePositive('clipNorm', clipNorm);
  requirePositive('initStd', initStd);
  if (!Number.isFinite(heldOut) || heldOut < 0 || heldOut >= 1)
    throw new ValueError('heldOut', 'a part in [0, 1)', describe(heldOut));
  requireInteger('seed', seed, 0, 2 ** 32 - 1);
  return options;
}

/** The optimiser asked for, of the model's parameters. */
export function optimiserOf({ optimiser, learningRate }: CharTrainerOptions, params: ParamSet): Optimiser {
  return OPTIMISERS[optimiser](params, { learningRate });
}

/** How many numbers an optimiser remembers of a parameter. */
export function memoriesOf(optimiser: OptimiserName): number {
  return MEMORIES[optimiser];
}
