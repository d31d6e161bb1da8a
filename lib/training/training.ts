/**
 * The training loop of whatever learns: a layer under a loss, examples in batches, epoch after epoch. It goes update by update,
 * so that a program may show what comes, stop anywhere, and go on from there to the same last bit.
 */

import { ValueError } from '../errors.ts';
import { least } from '../extremes.ts';
import { backward, forward } from '../layers/passes.ts';
import { clipByGlobalNorm, clipByValue } from '../optim/clip.ts';
import { Random } from '../random.ts';
import type { Matrices } from '../shape.ts';
import type { Steps } from '../steps.ts';
import { Alone } from './alone.ts';
import { Best } from './best.ts';
import { type Clip, Descent } from './descent.ts';
import { type Examples, requireExamples } from './examples.ts';
import { type FitOptions, type FullOptions, requireFitOptions } from './fit-options.ts';
import { type Learner, requireLearner } from './learner.ts';
import { Order } from './order.ts';
import { type Epoch, requireTrainingState, type TrainingState } from './training-state.ts';

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
export class Training<Target, Beside = Matrices, Model extends Learner<Beside> = Learner<Beside>>
  implements Iterable<Update>, AsyncIterable<Update>
{
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'Training';
  readonly model: Model;
  readonly #examples: Examples<Target, Beside>;
  readonly #options: FullOptions<Target, Beside>;
  readonly #descent: Descent;
  readonly #best: Best;
  /** The parameters of the last update, where the best are in their place. */
  #last: Float64Array | undefined;
  readonly #alone = new Alone('training');
  #epochs: Epoch[] = [];
  #batches = 0;
  #loss = 0;
  #count = 0;
  #random: Random;
  #began: readonly number[];
  #order: Order;

  /** @throws ValueError when an argument is none, or there are no examples. */
  constructor(model: Model, examples: Examples<Target, Beside>, options: FitOptions<Target, Beside>) {
    this.model = requireLearner('model', model);
    this.#examples = requireExamples('examples', examples);
    this.#options = requireFitOptions(options, model.params);
    const { optimiser, schedule, clipNorm, clipValue, seed } = this.#options;
    const clips: Clip[] = [];
    if (clipNorm !== null) clips.push(params => clipByGlobalNorm(params, clipNorm));
    if (clipValue !== null) clips.push(params => clipByValue(params, clipValue));
    this.#descent = new Descent(model.params, { optimiser, schedule, clips });
    this.#best = new Best(model.params);
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

  /** The same, of a model that is awaited, see {@link stepAsync}. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Update, void, undefined> {
    while (!this.done) yield await this.stepAsync();
  }

  /**
   * One update. Where it throws, parameters, memory and position are as they were before.
   *
   * @throws DivergenceError when the loss or its gradient is not finite; ValueError when it is done, or another one is awaited.
   */
  step(): Update {
    return this.#alone.now(this.#update());
  }

  /**
   * The same update, to the last bit, of a model that others help with who have to be awaited, as some of `parallel` have. Until
   * then nothing else can be asked of the training.
   *
   * @throws as {@link step}.
   */
  stepAsync(): Promise<Update> {
    return this.#alone.later(this.#update());
  }

  *#update(): Steps<Update> {
    if (this.done) throw new ValueError('training', 'one that is not done', `${this.#epochs.length} epochs`);
    const { accumulate, epochs } = this.#options;
    const draws = this.#random.state();
    const batches = this.#order.batches.slice(this.#batches, this.#batches + accumulate);
    const { loss, count } = yield* this.#undone(draws, () => this.#descent.update(() => this.#gradient(batches)));
    this.#batches += batches.length;
    this.#loss += loss * count;
    this.#count += count;
    const update = {
      update: this.#descent.position.made,
      epoch: this.#epochs.length + 1,
      updates: epochs * Math.ceil(this.#order.batches.length / accumulate),
      loss,
    };
    return this.#batches < this.#order.batches.length ? update : { ...update, ended: yield* this.#end() };
  }

  /** Where it stands: a copy. */
  state(): TrainingState {
    this.#alone.require();
    const { optimiser } = this.#options;
    const memory = Object.entries(optimiser.memory).map(([name, data]) => [name, data.slice()] as const);
    return {
      epochs: [...this.#epochs],
      update: this.#descent.position.made,
      batches: this.#batches,
      loss: this.#loss,
      count: this.#count,
      began: this.#began,
      random: this.#random.state(),
      learningRate: optimiser.learningRate,
      values: (this.#last ?? this.model.params.values).slice(),
      memory: Object.fromEntries(memory),
      best: this.#best.values?.slice() ?? null,
    };
  }

  /**
   * Goes on where another training of such a model, with the same examples and options, stood.
   *
   * @throws ValueError when the state is not of such a one: nothing is changed then.
   */
  resume(state: TrainingState): this {
    this.#alone.require();
    const { optimiser } = this.#options;
    const { params } = this.model;
    const known = requireTrainingState(state, params.size, optimiser);
    const [began, random] = [Random.fromState(known.began), Random.fromState(known.random)];
    optimiser.learningRate = known.learningRate;
    params.values.set(known.values);
    for (const [name, data] of Object.entries(known.memory)) optimiser.memory[name]?.set(data);
    this.#began = began.state();
    this.#random = began;
    this.#order = this.#ordered();
    this.#random = random;
    this.#epochs = [...known.epochs];
    this.#descent.moveTo({ made: known.update, norms: [] });
    this.#batches = known.batches;
    this.#loss = known.loss;
    this.#count = known.count;
    this.#best.set(least(known.epochs.map(({ validation }) => validation ?? Number.POSITIVE_INFINITY)), known.best);
    this.#finish();
    return this;
  }

  /** The batches of the epoch that begins, drawn from the generator. */
  #ordered(): Order {
    return new Order(this.#examples, this.#options.batch, this.#random);
  }

  /** What an update returns; where it throws, what it drew is drawn again next time. */
  *#undone<T>(draws: readonly number[], update: () => Steps<T>): Steps<T> {
    try {
      return yield* update();
    } catch (error) {
      this.#random = Random.fromState(draws);
      throw error;
    }
  }

  /** The gradient of the mean loss of some batches, in `params.grads`. */
  *#gradient(batches: readonly (readonly number[])[]): Steps<Sum> {
    const { params } = this.model;
    const { grads } = params;
    const { dropout } = this.#options;
    const total = { loss: 0, count: 0 };
    params.zeroGrads();
    for (const which of batches) {
      for (const layer of dropout) layer.resample(this.#random);
      const { loss, count } = yield* this.#pass(this.#examples, which, true);
      total.loss += loss;
      total.count += count;
    }
    if (total.count === 0) return total;
    for (let i = 0; i < grads.length; i++) grads[i] = (grads[i] ?? 0) / total.count;
    return { loss: total.loss / total.count, count: total.count };
  }

  /** The loss of a batch, summed over the steps that count; and its gradient, added to what is there, where it is to be learnt. */
  *#pass(examples: Examples<Target, Beside>, which: readonly number[], learnt: boolean): Steps<Sum> {
    const { loss: judge } = this.#options;
    const { model } = this;
    const { x, y: target, weighting, beside } = examples.batch(which);
    const { y, tape } = yield* forward(model, x, beside);
    try {
      const { loss, count, tape: judged } = judge.forward(y, target, { ...weighting, reduction: 'sum' });
      try {
        if (learnt) yield* backward(model, tape, judge.backward(judged));
      } finally {
        judge.release?.(judged);
      }
      return { loss, count };
    } finally {
      model.release?.(tape);
    }
  }

  /** Ends an epoch: how it did, and at the end of all the best parameters. */
  *#end(): Steps<Epoch> {
    const { optimiser, validation } = this.#options;
    const judged = validation ? yield* this.#descent.watch(() => this.#judge(validation)) : null;
    const epoch = {
      epoch: this.#epochs.length + 1,
      loss: this.#loss / this.#count,
      validation: judged,
      best: judged !== null && this.#best.offer(judged),
      learningRate: optimiser.learningRate,
    };
    this.#epochs.push(epoch);
    this.#batches = 0;
    this.#loss = 0;
    this.#count = 0;
    this.#began = this.#random.state();
    this.#order = this.#ordered();
    this.#finish();
    return epoch;
  }

  /** Where it is done, the parameters are the best; with more epochs it goes on from the last. */
  #finish(): void {
    this.#last = this.done && this.#best.values ? this.model.params.values.slice() : undefined;
    if (this.#last) this.#best.restore();
  }

  /** The mean loss of a step that counts, with nothing dropped. */
  *#judge(examples: Examples<Target, Beside>): Steps<number> {
    const { batch, dropout } = this.#options;
    const before = dropout.map(layer => layer.training);
    for (const layer of dropout) layer.training = false;
    try {
      const total = { loss: 0, count: 0 };
      for (let from = 0; from < examples.count; from += batch) {
        const which = Array.from({ length: Math.min(batch, examples.count - from) }, (_, n) => from + n);
        const { loss, count } = yield* this.#pass(examples, which, false);
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
