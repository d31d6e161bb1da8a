/**
 * Attention by itself: queries of one sequence, held against the steps of another. Derived in `derivations/attention.md`.
 *
 * | symbol          | shape  | meaning |
 * |-----------------|--------|---------|
 * | x, dx           | T′×B×m | the queries |
 * | memory, dmemory | T×B×k  | what is attended to |
 * | y, dy           | T′×B×k | the contexts |
 * | weights         | T′×B×T | how much of each step a query gets |
 *
 * Sequences may differ in length on both sides: a query gets nothing of padding, and padding asks nothing.
 */
import { ShapeError, ValueError } from '../../errors.ts';
import type { ParamSet } from '../../params.ts';
import { describe, requireCount, requireKnown, requireObject, requireSize } from '../../require.ts';
import { dense, read, requireExtent, Sequence } from '../../sequence.ts';
import {
  type LookTape,
  look,
  lookBack,
  noGradients,
  type Source,
  sequenceRows,
  setSequenceRows,
  sourcesBack,
  sourcesOf,
} from './look.ts';
import { additive, dot, type Score } from './scores.ts';

/** Of each sequence: its source, and what became of its queries. */
export interface AttentionTape {
  readonly x: Sequence;
  readonly memory: Sequence;
  readonly sources: readonly Source[];
  readonly looks: readonly LookTape[];
}

/** A map from queries and what they are held against to contexts, with its adjoint. */
export interface Attention {
  readonly name: string;
  readonly params: ParamSet;
  /** Numbers of a query. */
  readonly inputs: number;
  /** Numbers of a step that is attended to, and of a context. */
  readonly attends: number;
  /** The tag of the equation that gives a parameter's gradient. */
  readonly equations: Readonly<Record<string, string>>;
  /**
   * @param x T′ queries of each of B sequences.
   * @param memory T steps of as many.
   * @returns the contexts y; the weights, T′×B×T, which over the steps that a sequence has add up to 1.
   * @throws ShapeError, ValueError when an argument does not fit or is not finite.
   */
  forward(
    x: Sequence,
    memory: Sequence,
  ): { readonly y: Sequence; readonly weights: Sequence; readonly tape: AttentionTape };
  /**
   * ADDS into `params.grads`.
   *
   * @param dy dL/dy.
   * @returns the gradients in the queries and in what they were held against.
   * @throws ShapeError, ValueError when dy does not fit or is not finite.
   */
  backward(tape: AttentionTape, dy: Sequence): { readonly dx: Sequence; readonly dmemory: Sequence };
}

/** A score and its sizes: queries of m numbers, steps of k, a hidden units. The dot form has k = m. */
export type AttentionOptions =
  | { readonly score: 'additive'; readonly m: number; readonly k: number; readonly a: number }
  | { readonly score: 'dot'; readonly m: number };

/**
 * Attention with a score: `additive`, e = vᵀ tanh(W q + U h), of Bahdanau, Cho and Bengio (2015); `dot`, e = qᵀ h, of Luong,
 * Pham and Manning (2015), which has no parameters.
 *
 * @throws ValueError when there is no such score, or a size is not a positive integer.
 *
 * @example
 * ```ts
 * import { attention, Sequence } from 'bptt';
 *
 * const memory = Sequence.dense([1, 0, 0, 1], { T: 2, F: 2 }); // h_1 = [1, 0], h_2 = [0, 1]
 * const queries = Sequence.dense([0, 0, Math.log(3), 0], { T: 2, F: 2 });
 * const { weights } = attention({ score: 'dot', m: 2 }).forward(queries, memory);
 * console.log(weights.rows().to2DArray().map(row => row.map(w => w.toFixed(2)).join(' '))); // → [ '0.50 0.50', '0.75 0.25' ]
 * ```
 */
export function attention(options: AttentionOptions): Attention {
  const score = scoreOf(options);
  const { name, params, equations, m, k } = score;

  return {
    name: `attention(${name})`,
    params,
    inputs: m,
    attends: k,
    equations: { ...equations, x: name === 'dot' ? 'LU-B1' : 'BA-B6', memory: 'ATT-B4' },

    forward(givenX, givenMemory) {
      const x = dense(read('x', givenX, m));
      const memory = readMemory(givenMemory, k, x);
      const sources = sourcesOf(score, memory);
      const y = Sequence.zeros({ ...x.extent(), F: k });
      const weights = Sequence.zeros({ ...x.extent(), F: memory.T });
      const looks = sources.map((source, b) => {
        const { C, tape } = look(score, source, score.queries(sequenceRows(x, b)));
        setSequenceRows(y, b, C);
        setSequenceRows(weights, b, tape.A);
        return tape;
      });
      return { y, weights, tape: { x, memory, sources, looks } };
    },

    backward(tape, given) {
      const { x, memory, sources, looks } = requireObject('tape', tape);
      requireExtent('tape.x', x, m);
      requireExtent('tape.memory', memory, k);
      requireCount('tape.sources', sources, x.B, 'sources');
      requireCount('tape.looks', looks, x.B, 'tapes of sequences');
      const dy = dense(read('dy', given, k, x));
      const dx = Sequence.zeros({ ...x.extent(), F: m });
      const dmemory = Sequence.zeros({ ...memory.extent(), F: k });
      const dsources = sources.map(noGradients);
      for (const [b, own] of looks.entries()) {
        const dsource = dsources[b] ?? noGradients(own.source);
        const dP = lookBack(score, own, sequenceRows(dy, b, x), dsource);
        setSequenceRows(dx, b, score.queriesBackward(sequenceRows(x, b), dP));
      }
      sourcesBack(score, sources, dsources, dmemory);
      return { dx, dmemory };
    },
  };
}

/** What is attended to by the queries x, of zeros at padding, or throws an error naming `memory`. */
export function readMemory(memory: Sequence, k: number, x: Sequence): Sequence {
  requireExtent('memory', memory, k);
  if (memory.B !== x.B) throw new ShapeError('memory', `B=${x.B}`, `B=${memory.B}`);
  return dense(read('memory', memory, k));
}

function scoreOf(options: AttentionOptions): Score {
  const known = requireKnown<{ score: string; m: number; k?: number; a?: number }>('options', options, [
    'score',
    'm',
    'k',
    'a',
  ]);
  const { score, m, k, a } = known;
  requireSize('m', m);
  if (score === 'dot') {
    const other = k === undefined ? a : k;
    if (other !== undefined) throw new ValueError(k === undefined ? 'a' : 'k', 'none with a dot', describe(other));
    return dot({ m });
  }
  if (score !== 'additive') throw new ValueError('score', 'additive or dot', describe(score));
  return additive({ m, k: requireSize('k', k ?? Number.NaN), a: requireSize('a', a ?? Number.NaN) });
}
