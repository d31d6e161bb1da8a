/** What the losses share: which steps count, and how much. */
import { ValueError } from '../errors.ts';
import { describe, requireCount, requireFiniteNumber, requireKnown } from '../require.ts';
import type { Sequence } from '../sequence.ts';

/** A number that says how wrong a sequence of outputs is, and its gradient in them. */
export interface Loss<Target, Tape = unknown> {
  readonly name: string;
  /** The tag of the equation that gives the gradient. */
  readonly equation: string;
  /**
   * @param o the outputs, T steps of B sequences. Padding never counts.
   * @param target what they should be; what stands at padding and at masked steps is ignored.
   * @throws ShapeError, ValueError when the arguments do not fit.
   */
  forward(o: Sequence, target: Target, weighting?: Weighting): LossValue<Tape>;
  /**
   * @param dloss dL/dloss, 1 unless given.
   * @returns dL/do_t, zero where a step does not count.
   */
  backward(tape: Tape, dloss?: number): Sequence;
  /**
   * Says that a tape is needed no more, nor what `backward` gave for it: the loss may use their memory for its next passes. Losses
   * without memory of their own have no such function.
   */
  release?(tape: Tape): void;
}

/** A loss, and what its backward pass needs. */
export interface LossValue<Tape> {
  readonly loss: number;
  /** How many steps count: those that are neither padding, nor masked, nor of weight 0. */
  readonly count: number;
  readonly tape: Tape;
}

/** How the losses l_t of single steps make one number. */
export interface Weighting {
  /** Whether a step counts, T·B booleans or 0/1, time-major; all do unless given. */
  readonly mask?: ArrayLike<number | boolean>;
  /** How much it counts, T·B numbers ≥ 0, time-major; 1 unless given. */
  readonly weights?: ArrayLike<number>;
  /** L = Σ_t w_t l_t, or that over Σ_t w_t. The sum unless given, as on the slides. */
  readonly reduction?: 'sum' | 'mean';
}

/** Every step's factor in L, and how many steps count. */
export interface StepFactors {
  readonly factors: Float64Array;
  readonly count: number;
}

/**
 * The factor of every step (row n of `o.rows()`): its weight, over the sum of weights where the mean is asked for, and
 * 0 where it does not count.
 *
 * @param factors where the factors of a sum go, one for every step; a new array unless given.
 * @throws ShapeError, ValueError when mask or weights do not fit, or the mean of no steps is asked for.
 */
export function stepFactors(
  o: Sequence,
  weighting: Weighting = EVEN,
  factors: Float64Array = new Float64Array(o.T * o.B),
): StepFactors {
  const known = weighting === EVEN ? EVEN : requireKnown('weighting', weighting, ['mask', 'weights', 'reduction']);
  const { mask, weights, reduction = 'sum' } = known;
  const rows = o.T * o.B;
  if (mask !== undefined) requireCount('mask', mask, rows, 'booleans');
  if (weights !== undefined) requireCount('weights', weights, rows, 'numbers');
  if (reduction !== 'sum' && reduction !== 'mean')
    throw new ValueError('reduction', 'sum or mean', describe(reduction));
  let count = 0;
  let total = 0;
  factors.fill(0);
  for (let n = 0; n < rows; n++) {
    if (!o.counts(n) || (mask && !isCounted(mask, n))) continue;
    const weight = weights ? requireWeight(weights, n) : 1;
    if (weight > 0) count += 1;
    total += weight;
    factors[n] = weight;
  }
  if (reduction === 'sum') return { factors, count };
  if (count === 0) throw new ValueError('mask', 'at least one step that counts, for a mean', 'none');
  return { factors: total === Number.POSITIVE_INFINITY ? sharesOf(factors) : factors.map(w => w / total), count };
}

/** Every step counts as much as any other: what is meant where nothing is said. */
const EVEN: Weighting = {};

function requireWeight(weights: ArrayLike<number>, n: number): number {
  const weight = requireFiniteNumber(`weights[${n}]`, weights[n] ?? Number.NaN);
  if (weight < 0) throw new ValueError(`weights[${n}]`, 'a number ≥ 0', `${weight}`);
  return weight;
}

/** w_t over Σ_t w_t where that sum overflows: of weights so much smaller that the sum of as many as there may be does not. */
function sharesOf(weights: Float64Array): Float64Array {
  const smaller = weights.map(weight => weight * 2 ** -64);
  const total = smaller.reduce((sum, weight) => sum + weight, 0);
  return smaller.map(weight => weight / total);
}

/** Whether a mask counts step n: true or 1, where false or 0 does not, and nothing else is a mask. */
function isCounted(mask: ArrayLike<number | boolean>, n: number): boolean {
  const counted = mask[n];
  if (counted === true || counted === 1) return true;
  if (counted === false || counted === 0) return false;
  throw new ValueError(`mask[${n}]`, 'true, false, 1 or 0', describe(counted));
}
