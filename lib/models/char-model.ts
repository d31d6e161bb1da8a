/**
 * The character-level language model of the lectures: a recurrent network that reads a text symbol by symbol and says
 * at each how probable every symbol is to come next.
 */
import { type Cell, requireCell } from '../cells/cell.ts';
import { rnn } from '../cells/rnn.ts';
import { ValueError } from '../errors.ts';
import { type Layer, requireLayer, requireState } from '../layers/layer.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { Random } from '../random.ts';
import {
  requireFinite,
  requireInstance,
  requireInteger,
  requireKnown,
  requireObject,
  requireSize,
} from '../require.ts';
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { streamsOf } from '../training/streams.ts';
import { parameterCount, stepsAtOnce } from './char-memory.ts';
import { charNet } from './char-net.ts';
import { type ChoiceOptions, choose, requireChoice } from './choice.ts';
import { decodeAt, encodePromptAt, type Level, requireLevel } from './level.ts';
import { type Engine, requireEngine } from './network.ts';
import { indices, LONGEST_TEXT } from './text.ts';
import { Vocabulary } from './vocabulary.ts';

/** A network from symbols to the logits of the next symbol. */
export interface CharModel {
  /** What its symbols are. */
  readonly level: Level;
  readonly vocabulary: Vocabulary;
  readonly cell: Cell;
  /** Hidden units of each layer. */
  readonly m: number;
  /** Recurrent layers on top of each other. */
  readonly layers: number;
  /** Numbers that stand for a symbol, below the first layer; null where that reads symbols one-hot. */
  readonly embedding: number | null;
  readonly net: Layer;
}

/** Parameters that one array holds. */
const MOST = 2 ** 32;

/**
 * A model with fresh parameters, all zero.
 *
 * @param options what the symbols are (characters); the vocabulary; the cell (the vanilla one); m hidden units (100) in each of some layers (1); the numbers of an
 * embedding below them (null: there is none); how it is run (by the engine).
 * @throws ValueError when m, the number of layers or that of an embedding is no positive integer, or none that the cell can have,
 * or an option of the engine is none.
 */
export function charModel(options: {
  readonly level?: Level;
  readonly vocabulary: Vocabulary;
  readonly cell?: Cell;
  readonly m?: number;
  readonly layers?: number;
  readonly embedding?: number | null;
  readonly engine?: Engine;
}): CharModel {
  const {
    level = 'char',
    vocabulary,
    cell = rnn,
    m = 100,
    layers = 1,
    embedding = null,
    engine = {},
  } = requireKnown('options', options, ['level', 'vocabulary', 'cell', 'm', 'layers', 'embedding', 'engine']);
  requireLevel(level);
  requireInstance('vocabulary', vocabulary, Vocabulary);
  requireCell('cell', cell);
  requireSize('m', m);
  requireSize('layers', layers);
  if (embedding !== null) requireSize('embedding', embedding);
  requireEngine(engine);
  const count = parameterCount({ cell, hidden: m, layers, embedding }, vocabulary.size);
  if (count > MOST) throw new ValueError('m', `a model of at most ${MOST} parameters`, `${count}`);
  const { net } = charNet({ C: vocabulary.size, cell, m, layers, embedding, rate: 0 }, engine);
  return { level, vocabulary, cell, m, layers, embedding, net };
}

/**
 * How well the model foretells `text`: the mean of −log p over every symbol but the first, in nats a symbol. The state
 * is carried through the whole text, from zeros; or in several streams side by side, each from zeros, which is faster, a little
 * worse where each begins, and leaves out fewer symbols at the end than there are streams.
 *
 * @param text class indices, at least one more than there are streams.
 * @param streams parts of the text that are read side by side: 1 unless given.
 * @throws ValueError when the text is too short or holds what is no class.
 */
export function evaluate(model: CharModel, text: Int32Array, streams: number = 1): number {
  return finished(evaluating(model, text, streams));
}

/** {@link evaluate} piece by piece, so that it may be left off: yields how many symbols have been foretold. */
export function* evaluating(
  model: CharModel,
  text: Int32Array,
  streams: number = 1,
): Generator<number, number, undefined> {
  const { net, vocabulary } = requireModel(model);
  requireInstance('text', text, Int32Array);
  if (text.length < 2) throw new ValueError('text', 'at least two symbols', `${text.length}`);
  const B = requireInteger('streams', requireSize('streams', streams), 1, text.length - 1);
  const { x, targets } = streamsOf(text, B, vocabulary.size);
  const atOnce = Math.max(1, Math.floor(stepsAtOnce(vocabulary.size) / B));
  let state: Matrices | undefined;
  let loss = 0;
  for (let from = 0; from < x.T; from += atOnce) {
    const to = Math.min(from + atOnce, x.T);
    const { y, sT, tape } = net.forward(x.slice(from, to), state);
    try {
      loss += crossEntropy.forward(y, targets(from, to)).loss;
    } finally {
      net.release?.(tape);
    }
    state = sT;
    yield to * B;
  }
  return loss / (x.T * B);
}

/** How to sample. */
export interface SampleOptions extends ChoiceOptions {
  /** What the model reads first: at least one symbol, as text or as classes. Of words, the beginning of a paragraph. */
  readonly prompt: string | Int32Array;
  /** Symbols to write after it. */
  readonly length: number;
  readonly rng: Random;
  /** The state before the prompt; zeros unless given. */
  readonly s0?: Matrices | undefined;
}

/**
 * Writes a text: each symbol is drawn from p_t and fed back as the next input (IIIT Hyderabad Lecture 20, `sample`).
 *
 * @returns the symbols after the prompt.
 * @throws ValueError when the prompt is empty or has symbols outside the vocabulary, or an option is out of range.
 *
 * @example
 * ```ts
 * import { charModel, Random, sample, Vocabulary } from 'bptt';
 *
 * const model = charModel({ vocabulary: Vocabulary.of('abc'), m: 2 }); // with parameters of 0 all symbols are equally likely
 * console.log(sample(model, { prompt: 'c', length: 4, topK: 1, rng: new Random(1) })); // → aaaa
 * ```
 */
export function sample(model: CharModel, options: SampleOptions): string {
  return finished(sampling(model, options));
}

/** {@link sample} bit by bit, so that it may be left off: yields how many symbols have been written. */
export function* sampling(model: CharModel, options: SampleOptions): Generator<number, string, undefined> {
  const known = requireKnown('options', options, OPTIONS);
  requireInteger('length', known.length, 1, LONGEST_TEXT);
  const symbols = written(model, known);
  const text = indices('length', known.length);
  let n = 0;
  for (const symbol of symbols) {
    if (symbol !== undefined) text[n++] = symbol;
    yield n;
  }
  return decodeAt(model.level, model.vocabulary, text);
}

const OPTIONS: readonly (keyof SampleOptions)[] = ['prompt', 'length', 'temperature', 'topK', 'topP', 'rng', 's0'];

/**
 * What {@link sample} writes, symbol by symbol, as classes, and without an end where no length is given; undefined as often as a part of
 * the prompt has been read.
 *
 * @throws ValueError at once, when an option is out of range, or the prompt is empty or has symbols outside the vocabulary.
 */
export function written(
  model: CharModel,
  options: Omit<SampleOptions, 'length'> & { readonly length?: number },
): Generator<number | undefined, void, undefined> {
  const { net } = requireModel(model);
  const {
    prompt,
    length = Number.POSITIVE_INFINITY,
    temperature = 1,
    topK,
    topP,
    rng,
    s0,
  } = requireKnown('options', options, OPTIONS);
  if (length !== Number.POSITIVE_INFINITY) requireInteger('length', length, 1, LONGEST_TEXT);
  requireInstance('rng', rng, Random);
  requireChoice({ temperature, topK, topP });
  if (s0 !== undefined) requireState('s0', s0, net.state, 1);
  const read = encodePromptAt(model.level, model.vocabulary, prompt);
  return writing(model, read, { length, rng, s0, choice: { temperature, topK, topP } });
}

function* writing(
  { net, vocabulary: { size: classes, marks, symbols } }: CharModel,
  read: Int32Array,
  { length, rng, s0, choice }: Pick<SampleOptions, 'length' | 'rng' | 's0'> & { readonly choice: ChoiceOptions },
): Generator<number | undefined, void, undefined> {
  const atOnce = stepsAtOnce(classes);
  const unknown = marks.unknown === undefined ? -1 : symbols.indexOf(marks.unknown);
  let state = s0;
  const logitsAfter = (symbols: Int32Array): readonly number[] => {
    const x = Sequence.oneHot(symbols, { T: symbols.length, classes });
    const { y, sT, tape } = net.forward(x, state);
    state = sT;
    const logits = y.at(y.T - 1).getRow(0);
    net.release?.(tape);
    requireFinite('logits', logits);
    return unknown < 0 ? logits : logits.with(unknown, Number.NEGATIVE_INFINITY); // there is no word for it
  };
  let logits: readonly number[] = [];
  for (let from = 0; from < read.length; from += atOnce) {
    logits = logitsAfter(read.subarray(from, from + atOnce));
    yield undefined;
  }
  let last: Int32Array | undefined;
  for (let n = 0; n < length; n++) {
    if (last) logits = logitsAfter(last);
    const symbol = choose(logits, choice, rng);
    last = Int32Array.of(symbol);
    yield symbol;
  }
}

/** What a model reads first when it is given nothing to: a line's end, or its first symbol where it knows none. */
export function defaultPrompt({ level, vocabulary }: CharModel): string {
  if (level === 'word') return ''; // a paragraph begins
  return vocabulary.symbols.includes('\n') ? '\n' : (vocabulary.symbols[0] ?? '');
}

/** `model` has the parts of one, or throws ValueError naming what is missing. Returns it. */
export function requireModel(model: CharModel): CharModel {
  requireInstance('model.vocabulary', requireObject('model', model).vocabulary, Vocabulary);
  requireLevel(model.level);
  requireLayer('model.net', model.net);
  return model;
}

/** What a generator returns in the end. */
function finished<T>(steps: Generator<unknown, T, undefined>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
