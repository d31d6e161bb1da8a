/** How to train, and what is made of it where nothing is said. */
import { ValueError } from '../errors.ts';
import type { Dropout } from '../layers/dropout.ts';
import type { Loss } from '../losses/loss.ts';
import { adam } from '../optim/adam.ts';
import type { Optimiser } from '../optim/optimiser.ts';
import type { Schedule } from '../optim/schedules.ts';
import type { ParamSet } from '../params.ts';
import {
  requireFunction,
  requireInteger,
  requireKnown,
  requireList,
  requireObject,
  requirePositive,
  requireSize,
} from '../require.ts';
import type { Matrices } from '../shape.ts';
import { type Examples, requireExamples } from './examples.ts';

/** How to train. */
export interface FitOptions<Target, Beside = Matrices> {
  readonly loss: Loss<Target>;
  /** How parameters are updated; Adam with a learning rate of 0.001 unless given. */
  readonly optimiser?: Optimiser;
  /** The learning rate of every update; the optimiser's own unless given. */
  readonly schedule?: Schedule;
  /** How often all examples are gone through. 10 unless given. */
  readonly epochs?: number;
  /** Examples a batch. 32 unless given. */
  readonly batch?: number;
  /** Batches an update, whose gradients are added up: as one batch of all of them, in less memory. 1 unless given. */
  readonly accumulate?: number;
  /** The longest gradient: of all parameters together, see {@link clipByGlobalNorm}. 1 unless given; null clips nothing. */
  readonly clipNorm?: number | null;
  /** The largest element of a gradient, see {@link clipByValue}, after its norm. Null, unless given, clips nothing. */
  readonly clipValue?: number | null;
  /** Examples that are not learnt from. What does best at them, of the parameters at the end of every epoch, is kept. */
  readonly validation?: Examples<Target, Beside>;
  /** Epochs without a better loss at them after which training ends. All are gone through unless given. */
  readonly patience?: number;
  /** Layers that drop features: their masks are drawn anew for every batch, and they drop nothing at the validation. */
  readonly dropout?: readonly Dropout[];
  /** Fixes the order of the examples and all masks. 1 unless given. */
  readonly seed?: number;
}

const NAMES = [
  ...(['loss', 'optimiser', 'schedule', 'epochs', 'batch', 'accumulate', 'clipNorm', 'clipValue'] as const),
  ...(['validation', 'patience', 'dropout', 'seed'] as const),
];

/** All that may be absent. */
type Optional = 'schedule' | 'validation' | 'patience';

/** What is said, and what holds where nothing is. */
export type FullOptions<Target, Beside> = Required<Omit<FitOptions<Target, Beside>, Optional>> &
  Pick<FitOptions<Target, Beside>, Optional>;

/** Every option is in its range, or throws ValueError. Returns them, with those that were not given. */
export function requireFitOptions<Target, Beside>(
  options: FitOptions<Target, Beside>,
  params: ParamSet,
): FullOptions<Target, Beside> {
  const known = requireKnown('options', options, NAMES);
  const { loss, optimiser, schedule, epochs = 10, batch = 32, accumulate = 1, clipNorm = 1, clipValue = null } = known;
  const { validation, patience, dropout = [], seed = 1 } = known;
  requireFunction('loss.forward', requireObject('loss', loss).forward);
  if (loss.release !== undefined) requireFunction('loss.release', loss.release);
  for (const [name, size] of Object.entries({ epochs, batch, accumulate })) requireSize(name, size);
  if (clipNorm !== null) requirePositive('clipNorm', clipNorm);
  if (clipValue !== null) requirePositive('clipValue', clipValue);
  if (schedule !== undefined) requireFunction('schedule', schedule);
  if (validation !== undefined) requireExamples('validation', validation);
  if (patience !== undefined) requireSize('patience', patience);
  if (patience !== undefined && validation === undefined)
    throw new ValueError('patience', 'examples to validate with', 'none');
  requireList('dropout', dropout);
  requireInteger('seed', seed, 0, 2 ** 32 - 1);
  return {
    ...{ loss, epochs, batch, accumulate, clipNorm, clipValue, dropout, seed },
    optimiser: optimiser ?? adam(params, { learningRate: 1e-3 }),
    ...(schedule && { schedule }),
    ...(validation && { validation }),
    ...(patience !== undefined && { patience }),
  };
}
