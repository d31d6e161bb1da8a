/** Where a training stands, as plain data. */
import type { Optimiser } from '../optim/optimiser.ts';
import {
  requireBoolean,
  requireCount,
  requireFinite,
  requireFiniteNumber,
  requireInteger,
  requireKnown,
  requireList,
  requireObject,
} from '../require.ts';

/** An epoch that is over. */
export interface Epoch {
  readonly epoch: number;
  /** The mean loss of a step that counts, while the parameters were learnt. */
  readonly loss: number;
  /** The same over the validation, with the parameters at the end; null where there is none. */
  readonly validation: number | null;
  /** Whether no epoch before did better at the validation. */
  readonly best: boolean;
  readonly learningRate: number;
}

/** All that a training must know to go on where it stands: plain data, which structured cloning and JSON (as arrays) carry. */
export interface TrainingState {
  readonly epochs: readonly Epoch[];
  readonly update: number;
  /** Batches of the present epoch that are done, their loss and the steps that counted. */
  readonly batches: number;
  readonly loss: number;
  readonly count: number;
  /** The generator at the beginning of the present epoch, and now. */
  readonly began: readonly number[];
  readonly random: readonly number[];
  readonly learningRate: number;
  /** The parameters after the last update, at the end too. */
  readonly values: Float64Array;
  readonly memory: Readonly<Record<string, Float64Array>>;
  /** The best parameters so far, where there is a validation. */
  readonly best: Float64Array | null;
}

/** The state is one of so many parameters and of such an optimiser, or throws ValueError. Returns a copy. */
export function requireTrainingState(given: TrainingState, size: number, optimiser: Optimiser): TrainingState {
  const known = requireKnown('state', given, [
    ...(['epochs', 'update', 'batches', 'loss', 'count', 'began', 'random', 'learningRate'] as const),
    ...(['values', 'memory', 'best'] as const),
  ]);
  const names = Object.keys(optimiser.memory);
  const memories = requireKnown('state.memory', known.memory, names);
  const values = numbersOf('state.values', known.values, size);
  const memory = names.map(
    name => [name, numbersOf(`state.memory.${name}`, memories[name], optimiser.memory[name]?.length)] as const,
  );
  const best = known.best === null ? null : numbersOf('state.best', known.best, size);
  for (const name of ['update', 'batches', 'count'] as const) requireInteger(`state.${name}`, known[name], 0);
  const loss = requireFiniteNumber('state.loss', known.loss);
  const epochs = requireList('state.epochs', known.epochs).map(requireEpoch);
  return { ...known, epochs, loss, values, memory: Object.fromEntries(memory), best };
}

/** A copy of so many finite numbers. */
function numbersOf(argument: string, numbers: ArrayLike<number> | undefined, length: number = 0): Float64Array {
  const list = requireCount(argument, numbers ?? [], length, 'numbers');
  requireFinite(argument, list);
  return Float64Array.from(list);
}

function requireEpoch(given: Epoch, n: number): Epoch {
  const place = `state.epochs[${n}]`;
  const { epoch, loss, validation, best, learningRate } = requireObject(place, given);
  requireInteger(`${place}.epoch`, epoch, 1);
  for (const [name, x] of Object.entries({ loss, learningRate })) requireFiniteNumber(`${place}.${name}`, x);
  if (validation !== null) requireFiniteNumber(`${place}.validation`, validation);
  requireBoolean(`${place}.best`, best);
  return { epoch, loss, validation, best, learningRate };
}
