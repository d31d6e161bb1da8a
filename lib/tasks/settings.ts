/** What a user may choose of a task, and what it is unless chosen. */
import { ValueError } from '../errors.ts';
import { requireFiniteNumber, requireInteger, requireKnown, requirePositive, requireSize } from '../require.ts';
import type { Settings } from './task.ts';

/** What is chosen where nothing is said. */
export const usualSettings: Settings = {
  hidden: 24,
  layers: 1,
  epochs: 40,
  batch: 16,
  learningRate: 0.005,
  patience: 6,
  seed: 1,
  length: 28,
  horizon: 1,
  validation: 0.15,
  test: 0.15,
};

const names = Object.keys(usualSettings) as (keyof Settings)[];

/** Every setting is there and in its range, or throws ValueError naming it. Returns them. */
export function requireSettings(settings: Settings): Settings {
  const known = requireKnown('settings', settings, names);
  const { hidden, layers, epochs, batch, learningRate, patience, seed, length, horizon, validation, test } = known;
  for (const [name, size] of Object.entries({ hidden, layers, epochs, batch, patience, length, horizon }))
    requireSize(name, size);
  requirePositive('learningRate', learningRate);
  requireInteger('seed', seed, 0, 2 ** 32 - 1);
  for (const [name, part] of Object.entries({ validation, test })) {
    if (requireFiniteNumber(name, part) <= 0 || part >= 1) throw new ValueError(name, 'a part in (0, 1)', `${part}`);
  }
  if (validation + test >= 1) throw new ValueError('test', 'less than what validation leaves', `${test}`);
  return { hidden, layers, epochs, batch, learningRate, patience, seed, length, horizon, validation, test };
}
