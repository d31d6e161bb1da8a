/**
 * The search for interpretable cells (slides "Searching for interpretable cells", after Karpathy, Johnson, Fei-Fei 2015):
 * which unit of a trained network tracks a property of the text. A unit is chosen on one part of the text, and how well
 * it tracks is said of another. Derived in `derivations/interpretable-cells.md`.
 */
import { ValueError } from '../errors.ts';
import { type CharModel, requireModel } from '../models/char-model.ts';
import {
  requireCount,
  requireFunction,
  requireInstance,
  requireInteger,
  requireKnown,
  requireList,
  requireName,
  requireObject,
} from '../require.ts';
import { activations, type Parts, type UnitsOf, unitsOf } from './cells-activations.ts';
import { type Chance, Correlations, chance, correlation } from './cells-correlation.ts';
import { type Signal, signals } from './cells-signals.ts';

/** The least number of symbols in a part: more than there are shifts. */
const LEAST = 200;

/** Where to look, and at what. */
export interface InterpretableOptions extends UnitsOf {
  /** The first symbol that is read, with the state zero before it; 0 unless given. */
  readonly from?: number;
  /** The first symbol of the part that is held out; half-way unless given. */
  readonly cut?: number;
  /** The symbol behind the last that is read; the text's end unless given. */
  readonly to?: number;
  /** Symbols from the beginning of the held-out part on of which all units' values are kept; 0 unless given. */
  readonly excerpt?: number;
  /** What is looked for; {@link signals} unless given. */
  readonly signals?: readonly Signal[];
}

const OPTIONS = ['layer', 'state', 'from', 'cut', 'to', 'excerpt', 'signals'] as const;

/** How well units track one signal. */
export interface Tracking {
  readonly name: string;
  /** The unit with the largest |r| on the part to choose on. */
  readonly unit: number;
  /** r of every unit with the signal on the part to choose on, and on the held-out part. */
  readonly choice: Float64Array;
  readonly heldOut: Float64Array;
  /** All units, the largest |r| on the part to choose on first. */
  readonly ranked: readonly number[];
  /** What shifting the signal against the chosen unit gives, on the held-out part. */
  readonly chance: Chance;
  /** |r| on the held-out part of the best guess from the present symbol alone, which takes no memory at all. */
  readonly symbolAlone: number;
  /** The mean of the signal over the held-out part. */
  readonly mean: number;
}

/** What was found. */
export interface Interpretable {
  readonly layer: number;
  readonly state: string;
  /** Units looked at. */
  readonly m: number;
  /** The parts: symbols from…cut−1 to choose on, cut…to−1 held out. */
  readonly from: number;
  readonly cut: number;
  readonly to: number;
  /** In the order of the signals. */
  readonly tracked: readonly Tracking[];
  /** Signals that do not vary in one of the parts: there is nothing to track. */
  readonly absent: readonly string[];
  /** All units' values over the excerpt: the first symbol's m, then the next one's. */
  readonly excerpt: Float64Array;
}

/** Symbols of a text, at most: each is a string in a list here, and a number in every signal. */
const MOST_SYMBOLS = 2 ** 25;

/**
 * Reads a text with a model, and correlates every unit with every signal.
 *
 * A generator, since it may take long: it yields how many symbols have been read, and returns what was found.
 *
 * @param model a trained model. Mutated in nothing.
 * @param text what it reads: symbols of its vocabulary.
 * @throws ValueError when the text has other symbols or more than 2²⁵, a part has fewer than 200, or the model has no such
 * layer or state.
 */
export function* interpretable(
  model: CharModel,
  text: string,
  options: InterpretableOptions = {},
): Generator<number, Interpretable, undefined> {
  if (requireModel(model).level !== 'char')
    throw new ValueError('model', 'one that reads characters', `${model.level}s`);
  const indices = model.vocabulary.encode(text);
  const known = requireKnown('options', options, OPTIONS);
  const { excerpt: excerptLength = 0, signals: wanted = signals } = known;
  if (indices.length > MOST_SYMBOLS)
    throw new ValueError('text', `at most ${MOST_SYMBOLS} symbols`, `${indices.length}`);
  const symbols = Array.from(text);
  const units = unitsOf(model, known);
  const { from, cut, to } = partsOf(symbols.length, known);
  const kept = Math.min(requireInteger('excerpt', excerptLength, 0), to - cut);
  const { m, layer, state } = units;

  const all: Series[] = [];
  // One by one: a hole is refused, which map would step over, 2³² of them for minutes.
  for (const signal of requireList('signals', wanted, 'a list of signals')) all.push(seriesOf(signal, symbols));
  const present = all.filter(({ series }) => varies(series.subarray(from, cut)) && varies(series.subarray(cut, to)));
  const absent = all.filter(signal => !present.includes(signal)).map(({ name }) => name);
  if (present.length === 0) throw new ValueError('text', 'one that shows something to track', absent.join(', '));
  const between = (begin: number, end: number) => present.map(({ series }) => series.subarray(begin, end));

  const onChoice = new Correlations(m, present.length);
  const onHeldOut = new Correlations(m, present.length);
  const courses = present.map(() => new Float64Array(to - cut));
  const excerpt = new Float64Array(kept * m);
  let ranked: readonly (readonly number[])[] = [];
  for (const { from: begin, to: end, values } of activations(model, units, indices, { from, cut, to })) {
    if (begin < cut) onChoice.add(values, between(begin, end));
    else {
      if (begin === cut) ranked = present.map((_, k) => largestFirst(onChoice.of(k)));
      onHeldOut.add(values, between(begin, end));
      for (const [k, [unit = 0] = []] of ranked.entries()) copyUnit(values, m, unit, courses[k]?.subarray(begin - cut));
      if (begin - cut < kept) excerpt.set(values.subarray(0, (kept - (begin - cut)) * m), (begin - cut) * m);
    }
    yield end - from;
  }
  const tracked = present.map(({ name, series }, k): Tracking => {
    const [order = [], course = new Float64Array()] = [ranked[k], courses[k]];
    const s = series.subarray(cut, to);
    return {
      name,
      unit: order[0] ?? 0,
      choice: onChoice.of(k),
      heldOut: onHeldOut.of(k), // CELL-F4  r^B_{j*}, of the part that j* was not chosen on
      ranked: order,
      chance: chance(course, s),
      symbolAlone: symbolAlone(indices, series, { from, cut, to }),
      mean: s.reduce((sum, x) => sum + x, 0) / s.length,
    };
  });
  return { layer, state, m, from, cut, to, tracked, absent, excerpt };
}

/** A signal's name, and its number after each symbol. */
interface Series {
  readonly name: string;
  readonly series: Float64Array;
}

function seriesOf(signal: Signal, symbols: readonly string[]): Series {
  const { name, of } = requireObject('signals', signal);
  requireName('signals.name', name);
  const series = requireInstance(`signals.${name}`, requireFunction('signals.of', of)(symbols), Float64Array);
  return { name, series: requireCount(`signals.${name}`, series, symbols.length, 'numbers, one a symbol') };
}

function partsOf(length: number, options: InterpretableOptions): Parts {
  const { from = 0, to = length } = options;
  requireInteger('from', from, 0, length);
  requireInteger('to', to, from, length);
  const { cut = Math.floor((from + to) / 2) } = options;
  requireInteger('cut', cut, from, to);
  if (cut - from < LEAST || to - cut < LEAST) {
    throw new ValueError('text', `at least ${LEAST} symbols in each of its two parts`, `${cut - from} and ${to - cut}`);
  }
  return { from, cut, to };
}

/** Units by |r|. */
function largestFirst(r: Float64Array): number[] {
  return Array.from(r, (_, j) => j).sort((i, j) => Math.abs(r[j] ?? 0) - Math.abs(r[i] ?? 0)); // CELL-F3  j* = argmax_j |r^A_j|
}

/** One unit's values, symbol after symbol. */
function copyUnit(values: Float64Array, m: number, unit: number, into: Float64Array | undefined): void {
  for (let t = 0; t * m < values.length && into; t++) into[t] = values[t * m + unit] ?? 0;
}

/** How well the mean of a signal after each symbol, taken on one part, foretells it on the other. */
function symbolAlone(text: Int32Array, series: Float64Array, { from, cut, to }: Parts): number {
  const sums = new Map<number, { count: number; total: number }>();
  let total = 0;
  for (let t = from; t < cut; t++) {
    const [x = 0, s = 0] = [text[t], series[t]];
    const seen = sums.get(x) ?? { count: 0, total: 0 };
    sums.set(x, { count: seen.count + 1, total: seen.total + s });
    total += s;
  }
  const mean = (x: number): number => {
    const seen = sums.get(x) ?? { count: cut - from, total }; // a symbol that the first part lacks
    return seen.total / seen.count; // CELL-F7  ŝ(x) = mean of s_t over t ∈ A with x_t = x
  };
  return Math.abs(correlation(Float64Array.from(text.subarray(cut, to), mean), series.subarray(cut, to)));
}

function varies(series: Float64Array): boolean {
  return series.some(x => x !== series[0]);
}
