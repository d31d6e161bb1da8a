/**
 * The training loop of whatever learns: a layer under a loss, examples in batches, epoch after epoch. It goes update by update,
 * so that a program may show what comes, stop anywhere, and go on from there to the same last bit.
 */

import { ValueError } from '../errors.ts';
import { least } from '../extremes.ts';
import type { Dropout } from '../layers/dropout.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import type { Loss } from '../losses/loss.ts';
import { diverged, isNotFinite, withNorm } from '../models/divergence.ts';
import { adam } from '../optim/adam.ts';
import { clipByGlobalNorm } from '../optim/clip.ts';
import type { Optimiser } from '../optim/optimiser.ts';
import type { Schedule } from '../optim/schedules.ts';
import { Random } from '../random.ts';
import {
  requireBoolean,
  requireCount,
  requireFinite,
  requireFiniteNumber,
  requireFunction,
  requireInteger,
  requireKnown,
  requireList,
  requireObject,
  requirePositive,
  requireSize,
} from '../require.ts';
import type { Examples } from './examples.ts';
import { Order } from './order.ts';

/** How to train. */
export interface FitOptions<Target> {
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
  /** Examples that are not learnt from. What does best at them, of the parameters at the end of every epoch, is kept. */
  readonly validation?: Examples<Target>;
  /** Epochs without a better loss at them after which training ends. All are gone through unless given. */
  readonly patience?: number;
  /** Layers that drop features: their masks are drawn anew for every batch, and they drop nothing at the validation. */
  readonly dropout?: readonly Dropout[];
  /** Fixes the order of the examples and all masks. 1 unless given. */
  readonly seed?: number;
}

/** One update. */
export interface Update {
  /** Updates so far, this one included; and epochs, the present one included. */
  readonly update: number;
  readonly epoch: number;
  /** How many there will be at most. */
  readonly updates: number;
  /** The mean loss of a step that counts, of the batches of this update, before it. */
  readonly loss: number;
  /** Given with the last update of an epoch. */
  readonly ended?: Epoch;
}

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
  readonly values: Float64Array;
  readonly memory: Readonly<Record<string, Float64Array>>;
  /** The best parameters so far, where there is a validation. */
  readonly best: Float64Array | null;
}

/**
 * A training that goes update by update: iterate over it, as often as you like, or call {@link step}. When it is done, the
 * model has the parameters that did best at the validation, or where there is none the last ones.
 *
 * @example
 * ```ts
 * import { crossEntropy, examples, lastStep, linear, recurrent, rnn, stack, Training } from 'bptt';
 *
 * // Which of two symbols came first?
 * const x = [[0, 1, 1], [1, 0], [0, 0, 1, 1], [1, 1, 0]];
 * const net = stack({ rnn: recurrent(rnn, { d: 2, m: 8 }), last: lastStep(8), out: linear({ m: 8, C: 2 }) });
 * const training = new Training(net, examples({ x, classes: 2, y: [0, 1, 0, 1] }), { loss: crossEntropy, epochs: 5 });
 * for (const { ended } of training) if (ended) console.log(ended.epoch); // → 1
 * // → 2
 * // → 3
 * // → 4
 * // → 5
 * ```
 */
export class Training<Target> implements Iterable<Update> {
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'Training';
  readonly model: Layer;
  readonly #examples: Examples<Target>;
  readonly #options: Required<Omit<FitOptions<Target>, 'schedule' | 'validation' | 'patience'>> &
    Pick<FitOptions<Target>, 'schedule' | 'validation' | 'patience'>;
  #epochs: Epoch[] = [];
  #update = 0;
  #batches = 0;
  #loss = 0;
  #count = 0;
  #random: Random;
  #began: readonly number[];
  #order: Order;
  #best: Float64Array | null = null;
  #norms: readonly number[] = [];

  /** @throws ValueError when an argument is none, or there are no examples. */
  constructor(model: Layer, examples: Examples<Target>, options: FitOptions<Target>) {
    this.model = requireLayer('model', model);
    this.#examples = requireExamples('examples', examples);
    const known = requireKnown('options', options, [
      ...(['loss', 'optimiser', 'schedule', 'epochs', 'batch', 'accumulate', 'clipNorm'] as const),
      ...(['validation', 'patience', 'dropout', 'seed'] as const),
    ]);
    const { loss, optimiser, schedule, epochs = 10, batch = 32, accumulate = 1, clipNorm = 1 } = known;
    const { validation, patience, dropout = [], seed = 1 } = known;
    requireFunction('loss.forward', requireObject('loss', loss).forward);
    for (const [name, size] of Object.entries({ epochs, batch, accumulate })) requireSize(name, size);
    if (clipNorm !== null) requirePositive('clipNorm', clipNorm);
    if (schedule !== undefined) requireFunction('schedule', schedule);
    if (validation !== undefined) requireExamples('validation', validation);
    if (patience !== undefined) requireSize('patience', patience);
    if (patience !== undefined && validation === undefined)
      throw new ValueError('patience', 'examples to validate with', 'none');
    requireList('dropout', dropout);
    requireInteger('seed', seed, 0, 2 ** 32 - 1);
    this.#options = {
      ...{ loss, epochs, batch, accumulate, clipNorm, dropout, seed },
      optimiser: optimiser ?? adam(model.params, { learningRate: 1e-3 }),
      ...(schedule && { schedule }),
      ...(validation && { validation }),
      ...(patience !== undefined && { patience }),
    };
    this.#random = new Random(seed);
    this.#began = this.#random.state();
    this.#order = this.#ordered();
  }

  /** The epochs that are over. */
  get history(): readonly Epoch[] {
    return this.#epochs;
  }

  /** Whether there is nothing more to do. */
  get done(): boolean {
    const { epochs, patience } = this.#options;
    const last = this.#epochs.findLastIndex(({ best }) => best);
    const idle = this.#epochs.length - 1 - last;
    return this.#epochs.length >= epochs || (patience !== undefined && this.#epochs.length > 0 && idle >= patience);
  }

  /** Updates until it is done. */
  *[Symbol.iterator](): Generator<Update, void, undefined> {
    while (!this.done) yield this.step();
  }

  /**
   * One update. Where it throws, parameters, memory and position are as they were before.
   *
   * @throws DivergenceError when the loss or its gradient is not finite; ValueError when it is done.
   */
  step(): Update {
    if (this.done) throw new ValueError('training', 'one that is not done', `${this.#epochs.length} epochs`);
    const { accumulate, clipNorm, optimiser, schedule, epochs } = this.#options;
    const { params } = this.model;
    const draws = this.#random.state();
    try {
      const batches = this.#order.batches.slice(this.#batches, this.#batches + accumulate);
      const { loss, count } = this.#gradient(batches);
      this.#norms = withNorm(this.#update + 1, loss, params, this.#norms);
      if (clipNorm !== null) clipByGlobalNorm(params, clipNorm);
      if (schedule) optimiser.learningRate = schedule(this.#update);
      optimiser.step(params);
      this.#update += 1;
      this.#batches += batches.length;
      this.#loss += loss * count;
      this.#count += count;
      const update = {
        update: this.#update,
        epoch: this.#epochs.length + 1,
        updates: epochs * Math.ceil(this.#order.batches.length / accumulate),
        loss,
      };
      return this.#batches < this.#order.batches.length ? update : { ...update, ended: this.#end() };
    } catch (error) {
      this.#random = Random.fromState(draws);
      if (!isNotFinite(error)) throw error;
      throw diverged(this.#update + 1, error.argument, this.#norms, `${error.got} in ${error.argument}`);
    }
  }

  /** Where it stands: a copy. */
  state(): TrainingState {
    const { optimiser } = this.#options;
    const memory = Object.entries(optimiser.memory).map(([name, data]) => [name, data.slice()] as const);
    return {
      epochs: [...this.#epochs],
      update: this.#update,
      batches: this.#batches,
      loss: this.#loss,
      count: this.#count,
      began: this.#began,
      random: this.#random.state(),
      learningRate: optimiser.learningRate,
      values: this.model.params.values.slice(),
      memory: Object.fromEntries(memory),
      best: this.#best?.slice() ?? null,
    };
  }

  /**
   * Goes on where another training of such a model, with the same examples and options, stood.
   *
   * @throws ValueError when the state is not of such a one: nothing is changed then.
   */
  resume(state: TrainingState): this {
    const { optimiser } = this.#options;
    const { params } = this.model;
    const known = requireKnown('state', state, [
      ...(['epochs', 'update', 'batches', 'loss', 'count', 'began', 'random', 'learningRate'] as const),
      ...(['values', 'memory', 'best'] as const),
    ]);
    const names = Object.keys(optimiser.memory);
    const memories = requireKnown('state.memory', known.memory, names);
    const values = numbersOf('state.values', known.values, params.size);
    const memory = names.map(name => numbersOf(`state.memory.${name}`, memories[name], optimiser.memory[name]?.length));
    const best = known.best === null ? null : numbersOf('state.best', known.best, params.size);
    for (const name of ['update', 'batches', 'count'] as const) requireInteger(`state.${name}`, known[name], 0);
    const loss = requireFiniteNumber('state.loss', known.loss);
    const [began, random] = [Random.fromState(known.began), Random.fromState(known.random)];
    const epochs = requireList('state.epochs', known.epochs).map(requireEpoch);
    optimiser.learningRate = known.learningRate;
    params.values.set(values);
    for (const [n, name] of names.entries()) optimiser.memory[name]?.set(memory[n] ?? []);
    this.#began = began.state();
    this.#random = began;
    this.#order = this.#ordered();
    this.#random = random;
    this.#epochs = epochs;
    this.#update = known.update;
    this.#batches = known.batches;
    this.#loss = loss;
    this.#count = known.count;
    this.#best = best;
    return this;
  }

  /** The batches of the epoch that begins, drawn from the generator. */
  #ordered(): Order {
    return new Order(this.#examples, this.#options.batch, this.#random);
  }

  /** The gradient of the mean loss of some batches, in `params.grads`. */
  #gradient(batches: readonly (readonly number[])[]): Sum {
    const { params } = this.model;
    const { dropout } = this.#options;
    const total = { loss: 0, count: 0 };
    params.zeroGrads();
    for (const which of batches) {
      for (const layer of dropout) layer.resample(this.#random);
      const { loss, count } = this.#pass(this.#examples, which, true);
      total.loss += loss;
      total.count += count;
    }
    if (total.count > 0) for (const [i, g] of params.grads.entries()) params.grads[i] = g / total.count;
    return { loss: total.count > 0 ? total.loss / total.count : 0, count: total.count };
  }

  /** The loss of a batch, summed over the steps that count; and its gradient, added to what is there, where it is to be learnt. */
  #pass(examples: Examples<Target>, which: readonly number[], learnt: boolean): Sum {
    const { loss: judge } = this.#options;
    const { model } = this;
    const { x, y: target, weighting } = examples.batch(which);
    const { y, tape } = model.forward(x);
    try {
      const { loss, count, tape: judged } = judge.forward(y, target, { ...weighting, reduction: 'sum' });
      if (learnt) model.backward(tape, judge.backward(judged));
      return { loss, count };
    } finally {
      model.release?.(tape);
    }
  }

  /** Ends an epoch: how it did, and at the end of all the best parameters. */
  #end(): Epoch {
    const { optimiser, validation } = this.#options;
    const { values } = this.model.params;
    const judged = validation ? this.#judge(validation) : null;
    const before = least(this.#epochs.map(epoch => epoch.validation ?? Number.POSITIVE_INFINITY));
    const best = judged !== null && !(judged >= before);
    const epoch = {
      epoch: this.#epochs.length + 1,
      loss: this.#loss / this.#count,
      validation: judged,
      best,
      learningRate: optimiser.learningRate,
    };
    if (best) this.#best = values.slice();
    this.#epochs.push(epoch);
    this.#batches = 0;
    this.#loss = 0;
    this.#count = 0;
    this.#began = this.#random.state();
    this.#order = this.#ordered();
    if (this.done && this.#best) values.set(this.#best);
    return epoch;
  }

  /** The mean loss of a step that counts, with nothing dropped. */
  #judge(examples: Examples<Target>): number {
    const { batch, dropout } = this.#options;
    const before = dropout.map(layer => layer.training);
    for (const layer of dropout) layer.training = false;
    try {
      const total = { loss: 0, count: 0 };
      for (let from = 0; from < examples.count; from += batch) {
        const which = Array.from({ length: Math.min(batch, examples.count - from) }, (_, n) => from + n);
        const { loss, count } = this.#pass(examples, which, false);
        total.loss += loss;
        total.count += count;
      }
      return total.loss / total.count;
    } finally {
      for (const [n, layer] of dropout.entries()) layer.training = before[n] ?? true;
    }
  }
}

/** A loss over so many steps. */
interface Sum {
  readonly loss: number;
  readonly count: number;
}

function requireExamples<Target>(argument: string, examples: Examples<Target>): Examples<Target> {
  requireFunction(`${argument}.batch`, requireObject(argument, examples).batch);
  requireInteger(`${argument}.count`, examples.count, 1);
  return examples;
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
