/**
 * How an encoder–decoder writes: the most probable symbol at every step, or the best of several beginnings that are followed side
 * by side. Beam search is derived in `derivations/encoder-decoder.md`.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import { argmax } from '../extremes.ts';
import { rowsOfEach } from '../layers/active.ts';
import { sequenceRows } from '../layers/attention/look.ts';
import { logSoftmax } from '../losses/cross-entropy.ts';
import { requireFinite, requireFiniteNumber, requireInteger, requireKnown, requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** How to decode: symbols are classes of the decoder's one-hot input. */
export interface DecodeOptions {
  /** What the decoder reads first. */
  readonly start: number;
  /** What ends a sequence. */
  readonly stop: number;
  /** Symbols to write at most. */
  readonly maxLength: number;
}

/** How to decode with a beam. */
export interface BeamOptions extends DecodeOptions {
  /** Beginnings to follow side by side: 4 unless given. With 1 it is what `decode` does. */
  readonly width?: number;
  /** λ in [0, 1]: 1, unless given, compares the mean log probability of a symbol, 0 that of the whole. */
  readonly lengthNormalisation?: number;
}

/** A target that may be written for a source. */
export interface Hypothesis {
  /** Without start and stop. */
  readonly symbols: readonly number[];
  /** Whether it has come to the stop; else it was cut off at the most symbols there may be. */
  readonly complete: boolean;
  /** log P of its symbols, the stop included, in nats. */
  readonly logProbability: number;
  /** What it was compared by: log P / nᵏ, n counting the stop, k being `lengthNormalisation`. */
  readonly score: number;
}

/** What writes: a decoder, and what it begins with. */
export interface Writer {
  /** Classes that it reads, and that it writes. */
  readonly inputs: number;
  readonly outputs: number;
  /** Reads sources: what there is to look at, and the state to begin with. */
  begin(source: Sequence): { readonly memory: Sequence; readonly s: Matrices };
  /** Reads a symbol of each: the logits of the next, and the state then. */
  next(symbols: Int32Array, memory: Sequence, s: Matrices): { readonly logits: AbstractMatrix; readonly s: Matrices };
}

/** Symbols that one array holds. */
const LONGEST = 2 ** 32 - 1;

/** The most probable symbol at each step, of equals the first, for each source; see `EncoderDecoder.decode`. */
export function greedy(writer: Writer, source: Sequence, options: DecodeOptions): number[][] {
  const { start, stop, maxLength } = requireKnown('options', options, ['start', 'stop', 'maxLength']);
  requireDecoding(writer, { start, stop, maxLength });
  const written: number[][] = Array.from({ length: source.B }, () => []);
  const writing = new Set(written.keys());
  const { memory, s: read } = writer.begin(source);
  let s = read;
  let last = new Int32Array(source.B).fill(start);
  for (let t = 0; t < maxLength && writing.size > 0; t++) {
    const step = writer.next(last, memory, s);
    s = step.s;
    last = Int32Array.from({ length: source.B }, (_, b) => argmax(step.logits.getRow(b)));
    last.forEach((symbol, b) => {
      if (symbol === stop) writing.delete(b);
      if (writing.has(b)) written[b]?.push(symbol);
    });
  }
  return written;
}

/** The best targets for each source, the best first; see `EncoderDecoder.beam`. */
export function beamSearch(writer: Writer, source: Sequence, options: BeamOptions): Hypothesis[][] {
  const {
    start,
    stop,
    maxLength,
    width = 4,
    lengthNormalisation = 1,
  } = requireKnown('options', options, ['start', 'stop', 'maxLength', 'width', 'lengthNormalisation']);
  requireDecoding(writer, { start, stop, maxLength });
  requireInteger('width', requireSize('width', width), 1, LONGEST);
  if (!(requireFiniteNumber('lengthNormalisation', lengthNormalisation) >= 0 && lengthNormalisation <= 1)) {
    throw new ValueError('lengthNormalisation', 'a number in [0, 1]', `${lengthNormalisation}`);
  }
  const { memory, s } = writer.begin(source);
  const search = { writer, start, stop, maxLength, width, lengthNormalisation };
  return Array.from({ length: source.B }, (_, b) => bestOf(search, memory, b, rowsOfEach(s, [b])));
}

type Search = Required<BeamOptions> & { readonly writer: Writer };

/** A beginning: its symbols, and Σ log p of them. */
interface Beginning {
  readonly symbols: readonly number[];
  readonly logP: number;
}

/** The best targets for sequence b of the memory, from a state of one row. */
function bestOf(search: Search, memory: Sequence, b: number, s0: Matrices): Hypothesis[] {
  const { writer, start, stop, maxLength, width, lengthNormalisation } = search;
  const scoreOf = (logP: number, n: number) => logP / n ** lengthNormalisation; // BS-F2  score = log P / n^λ
  const done: Hypothesis[] = [];
  let live: readonly Beginning[] = [{ symbols: [], logP: 0 }];
  let s = s0;
  for (let n = 1; n <= maxLength && live.length > 0; n++) {
    const last = Int32Array.from(live, ({ symbols }) => symbols.at(-1) ?? start);
    const step = writer.next(last, repeated(memory, b, live.length), s);
    requireFinite('logits', step.logits);
    const kept = followed(live, step.logits, width);
    const going = kept.filter(({ symbol }) => symbol !== stop);
    for (const { parent, logP, symbol } of kept) {
      if (symbol !== stop && n < maxLength) continue;
      const { symbols } = live[parent] ?? { symbols: [] };
      const complete = symbol === stop;
      done.push({
        symbols: complete ? symbols : [...symbols, symbol],
        complete,
        logProbability: logP,
        score: scoreOf(logP, n),
      });
    }
    done.sort((one, other) => other.score - one.score); // stable: of equals, what was done first
    done.splice(width);
    live = going.map(({ parent, logP, symbol }) => ({ symbols: [...(live[parent]?.symbols ?? []), symbol], logP }));
    s = rowsOfEach(
      step.s,
      going.map(({ parent }) => parent),
    );
    const within = scoreOf(live[0]?.logP ?? Number.NEGATIVE_INFINITY, maxLength); // BS-D1  no more than log P / N^λ comes of it
    if (done.length === width && (done[width - 1]?.score ?? Number.NEGATIVE_INFINITY) >= within) break;
  }
  return done;
}

interface Followed {
  /** The place of the beginning in the beam. */
  readonly parent: number;
  readonly symbol: number;
  readonly logP: number;
}

/** The most probable of all beginnings followed by all symbols: of equals, the better beginning's, and its first symbol. */
function followed(live: readonly Beginning[], logits: AbstractMatrix, width: number): Followed[] {
  const logs = logSoftmax(logits);
  const all = live.flatMap(({ logP }, parent) => {
    const o = logits.getRow(parent);
    const best = o.map((_, symbol) => symbol).sort((i, j) => (o[j] ?? 0) - (o[i] ?? 0) || i - j);
    return best.slice(0, width).map(symbol => ({ parent, symbol, logP: logP + logs.get(parent, symbol) })); // BS-F1  log P = Σ_t log p_t[y_t]
  });
  return all.sort((one, other) => other.logP - one.logP).slice(0, width);
}

/** Sequence b, so many times. */
function repeated(memory: Sequence, b: number, B: number): Sequence {
  const one = sequenceRows(memory, b);
  const many = Sequence.zeros({ T: one.rows, B, F: memory.F });
  for (let t = 0; t < many.T; t++) {
    for (let n = 0; n < B; n++) many.data.set(one.getRow(t), (t * B + n) * many.F);
  }
  return many;
}

function requireDecoding({ inputs, outputs }: Writer, { start, stop, maxLength }: DecodeOptions): void {
  if (outputs > inputs) throw new ValueError('decoder.outputs', `at most ${inputs}`, `${outputs}`);
  requireInteger('start', start, 0, inputs - 1);
  requireInteger('stop', stop, 0, outputs - 1);
  requireInteger('maxLength', requireSize('maxLength', maxLength), 1, LONGEST);
}
