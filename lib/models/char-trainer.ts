/**
 * The training loop of the lectures' character model (IIIT Hyderabad Lecture 20, "Main loop"): sweep through the text
 * in chunks, the state carried from chunk to chunk; one clipped Adagrad update a chunk; back to the start, with the
 * memory reset, when the text is at its end. Where it is asked for, several streams of the text side by side.
 */
import { ValueError } from '../errors.ts';
import { normal, zeros } from '../init/initialisers.ts';
import type { Dropout } from '../layers/dropout.ts';
import { type Layer, requireLayer, requireState, zeroState } from '../layers/layer.ts';
import { type CrossEntropyTape, crossEntropy } from '../losses/cross-entropy.ts';
import type { Optimiser } from '../optim/optimiser.ts';
import { Random, streamSeed } from '../random.ts';
import { requireFiniteNumber, requireInteger, requireObject } from '../require.ts';
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import type { Steps } from '../steps.ts';
import { type Chunk, chunkOf } from '../through-time/truncated.ts';
import { Alone } from '../training/alone.ts';
import { Descent, requireNorms } from '../training/descent.ts';
import { type Streams, streamsOf } from '../training/streams.ts';
import { FlatMatrix } from '../views.ts';
import { requireEngineRoom } from './char-memory.ts';
import type { CharModel } from './char-model.ts';
import { charNet } from './char-net.ts';
import {
  type CharTrainerOptions,
  clipsOf,
  lectureOptions,
  optimiserOf,
  rateFactor,
  requireOptions,
} from './char-options.ts';
import { charText } from './char-text.ts';
import { requireFiniteMatrices } from './divergence.ts';
import { type Engine, requireEngine } from './network.ts';

/** The loss after one update. */
export interface TrainingStep {
  /** Updates so far, this one included. */
  readonly step: number;
  /** This chunk's loss, in nats a symbol, before the update; NaN where the chunk was skipped. */
  readonly loss: number;
  /** Its exponential average, 0.999 to 0.001 for each stream, begun at the uniform model's loss. */
  readonly smoothed: number;
}

/** All that a trainer must know to go on, beside parameters, optimiser memory and the network's state. */
export interface TrainerPosition {
  readonly step: number;
  /** Where in its stream the next chunk begins: with one stream, in the training text. */
  readonly position: number;
  readonly smoothed: number;
  /** The state of the random generator. */
  readonly random: readonly number[];
  /** The optimiser's learning rate, which need not be the one it began with. */
  readonly learningRate: number;
  /** The gradient's norms in the last steps, before clipping: five at most. */
  readonly norms: readonly number[];
}

/** How much of the old average stays when the loss of a stream is averaged in. */
const SMOOTHING = 0.999;

/**
 * A model in training. Every `step()` is one update; between two of them everything may be read, saved or sampled.
 *
 * @example
 * ```ts
 * import { CharTrainer, sample } from 'bptt';
 *
 * const trainer = new CharTrainer('hello', { hidden: 8, chunk: 4, heldOut: 0 });
 * for (let n = 0; n < 200; n++) trainer.step();
 * console.log(sample(trainer.model, { prompt: 'h', length: 4, temperature: 0, rng: trainer.random })); // → ello
 * ```
 */
export class CharTrainer {
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'CharTrainer';
  /** What is learnt. */
  readonly text: string;
  readonly options: CharTrainerOptions;
  readonly model: CharModel;
  readonly optimiser: Optimiser;
  /** Class indices of the part that is trained on, and of the part that is not. */
  readonly train: Int32Array;
  readonly heldOut: Int32Array;
  /** All symbols that are trained on. */
  readonly #streams: Streams;
  readonly #descent: Descent;
  readonly #drops: readonly Dropout[];
  readonly #alone = new Alone('trainer');
  /** What the passes of training go through. */
  #runs: Layer;
  #random: Random;
  #state: Matrices | undefined;
  #position = 0;
  #smoothed: number;

  /**
   * @param text what to learn.
   * @param options those of the lectures unless given.
   * @param engine what computes it: the engine unless given. Another may round otherwise, so a run that is to be repeated to
   * the last bit needs the same.
   * @throws ValueError when the text is shorter than a chunk and its successor, an option is out of range, or the model is
   * larger than the engine's memory.
   */
  constructor(text: string, options: Partial<CharTrainerOptions> = {}, engine: Engine = {}) {
    const all = requireOptions({ ...lectureOptions, ...requireObject('options', options) });
    requireEngine(engine);
    this.text = text;
    this.options = all;
    const { vocabulary, train, heldOut } = charText(text, all);
    this.train = train;
    this.heldOut = heldOut;
    requireEngineRoom(all, vocabulary.size, engine);
    this.#random = new Random(all.seed);
    const { level, cell, hidden: m, layers, embedding } = all;
    const { net, drops } = charNet({ C: vocabulary.size, cell, m, layers, embedding, rate: all.dropout }, engine);
    this.#drops = drops;
    this.#runs = net;
    this.model = { level, vocabulary, cell, m, layers, embedding, net };
    initialise(this.model, all.initStd, this.#random);
    const optimiser = optimiserOf(all, net.params);
    const factor = all.schedule && rateFactor(all.schedule);
    const schedule = factor ? (n: number) => factor(n) * optimiser.learningRate : undefined;
    this.optimiser = optimiser;
    this.#descent = new Descent(net.params, { optimiser, schedule, clips: clipsOf(all) });
    this.#smoothed = Math.log(vocabulary.size);
    this.#streams = streamsOf(this.train, all.batch, vocabulary.size);
  }

  /** Draws for samples come from here; drawing changes what later samples are, never what is learnt. */
  get random(): Random {
    return this.#random;
  }

  /** The state after the last chunk, a row a stream; `undefined` at the start of the text. */
  get state(): Matrices | undefined {
    return this.#state;
  }

  /** The symbol that the next chunk begins with, of the first stream. */
  get nextSymbol(): string {
    return this.model.vocabulary.symbols[this.train[this.#position] ?? 0] ?? '';
  }

  /** All that is not parameters, optimiser memory or state. */
  get position(): TrainerPosition {
    const { made, norms } = this.#descent.position;
    return {
      step: made,
      position: this.#position,
      smoothed: this.#smoothed,
      random: this.#random.state(),
      learningRate: this.optimiser.learningRate,
      norms,
    };
  }

  /**
   * Goes on where another trainer on the same text stood. Parameters and optimiser memory are the caller's to set.
   *
   * @throws ValueError when the position is none of this text.
   */
  moveTo(to: TrainerPosition, state: Matrices | undefined): void {
    const step = requireInteger('step', requireObject('to', to).step, 0);
    const position = requireInteger('position', to.position, 0, this.#streams.x.T);
    const smoothed = requireFiniteNumber('smoothed', to.smoothed); // 0 where there is one symbol only
    if (smoothed < 0) throw new ValueError('smoothed', 'a number ≥ 0', `${smoothed}`);
    const random = Random.fromState(to.random);
    const norms = requireNorms('norms', to.norms);
    if (state !== undefined) requireState('state', state, this.model.net.state, this.options.batch);
    this.optimiser.learningRate = to.learningRate;
    this.#descent.moveTo({ made: step, norms });
    this.#position = position;
    this.#smoothed = smoothed;
    this.#random = random;
    this.#state = state;
  }

  /**
   * From now on, passes of training go through another layer over the same parameters, such as one of `parallel`.
   *
   * @throws ValueError when its parameters are others.
   */
  through(layer: Layer): void {
    if (requireLayer('layer', layer).params !== this.model.net.params)
      throw new ValueError('layer', 'a layer over the parameters of the model', 'one with other parameters');
    this.#runs = layer;
  }

  /**
   * One chunk: forward, backward, clip, update. Whatever it throws, position, state, average and norms are as they were
   * before the step, and so are the parameters and the optimiser's memory, unless an optimiser of one's own throws in the
   * middle of an update; only the gradients are not. The same step may be tried again.
   *
   * @throws DivergenceError when the loss or its gradient is not finite; MemoryError when memory runs out; ValueError when
   * another step is awaited.
   */
  step(): TrainingStep {
    return this.#alone.now(this.#update());
  }

  /**
   * The same step, to the last bit, through a layer that others help with who have to be awaited, as some of `parallel` have.
   * Until then nothing else may be done with the trainer.
   *
   * @throws as {@link step}.
   */
  stepAsync(): Promise<TrainingStep> {
    return this.#alone.later(this.#update());
  }

  *#update(): Steps<TrainingStep> {
    const { chunk, batch } = this.options;
    const kept = SMOOTHING ** batch;
    const { learningRate } = this.optimiser;
    const { to, loss, sT } = yield* this.#descent.update(() => this.#gradient());
    this.optimiser.learningRate = learningRate; // that of which a schedule takes a part
    this.#position = to;
    this.#state = sT;
    this.#smoothed = kept * this.#smoothed + (1 - kept) * (loss / chunk);
    return { step: this.#descent.position.made, loss: loss / chunk, smoothed: this.#smoothed };
  }

  /** Leaves the next chunk out: the memory is reset behind it, and nothing is learnt. It counts as a step. */
  skip(): TrainingStep {
    this.#alone.require();
    const { from } = this.#next();
    this.#descent.skip();
    this.#position = from + this.options.chunk;
    this.#state = zeroState(this.model.net.state, this.options.batch);
    return { step: this.#descent.position.made, loss: Number.NaN, smoothed: this.#smoothed };
  }

  /** @throws DivergenceError when a parameter, the optimiser's memory or the state is not finite: nothing to save. */
  requireFinite(): void {
    const { net } = this.model;
    const memory = Object.entries(this.optimiser.memory).map(([name, data]): [string, FlatMatrix] => [
      `the optimiser's ${name}`,
      new FlatMatrix(data, 1, data.length),
    ]);
    const parts = { ...net.params.named(), ...Object.fromEntries(memory), ...this.#state };
    const { made, norms } = this.#descent.position;
    requireFiniteMatrices(made, parts, norms);
  }

  /** Where the next chunk begins, and the state there: at the end of the text, back at its start, the memory reset. */
  #next(): { readonly from: number; readonly s0: Matrices | undefined } {
    const isWhole = this.#position + this.options.chunk <= this.#streams.x.T;
    return isWhole ? { from: this.#position, s0: this.#state } : { from: 0, s0: undefined };
  }

  /** Forward and backward of the next chunk: the gradient of its loss, over the streams their mean, is in `params.grads`. */
  *#gradient(): Steps<Chunk> {
    const { chunk, batch } = this.options;
    const { x, targets } = this.#streams;
    const { from, s0 } = this.#next();
    let judged: CrossEntropyTape | undefined;
    const lossOf = (logits: Sequence, first: number, to: number) => {
      const { loss, tape } = crossEntropy.forward(logits, targets(first, to));
      judged = tape;
      return { loss: loss / batch, dy: crossEntropy.backward(tape, 1 / batch) };
    };
    try {
      const to = Math.min(from + chunk, x.T);
      const pass = chunkOf(this.#runs, x, lossOf, { from, to, s0 });
      return yield* this.#drops.length === 0 ? pass : this.#dropping(pass);
    } finally {
      if (judged) crossEntropy.release?.(judged);
    }
  }

  /** A pass in which features are dropped: which, the seed and the step alone say, so that a step may be made again. */
  *#dropping<T>(pass: Steps<T>): Steps<T> {
    const rng = new Random(streamSeed(this.options.seed, `dropped at ${this.#descent.position.made}`));
    for (const drop of this.#drops) {
      drop.resample(rng);
      drop.training = true;
    }
    try {
      return yield* pass;
    } finally {
      for (const drop of this.#drops) drop.training = false;
    }
  }
}

function initialise({ net }: CharModel, std: number, rng: Random): void {
  const weights = normal(std);
  for (const matrix of Object.values(net.params.open())) (matrix.rows === 1 ? zeros : weights)(matrix, rng);
}
