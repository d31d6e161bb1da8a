/** How good outputs are, in figures that nothing is trained by. Derived in `derivations/metrics.md`. */
import { ValueError } from '../errors.ts';
import { stepFactors, type Weighting } from '../losses/loss.ts';
import { requireFiniteNumber, requireKnown } from '../require.ts';
import { dense, read, type Sequence } from '../sequence.ts';

/**
 * Bits a symbol, of the mean cross-entropy in nats: what `crossEntropy` gives with the reduction `mean`, or `evaluate`.
 *
 * @throws ValueError when it is no number ≥ 0.
 * @example
 * ```ts
 * import { bitsPerSymbol, crossEntropy, perplexity, Sequence } from 'bptt';
 *
 * const sure = Sequence.zeros({ T: 3, F: 8 }); // of nothing: all eight are as likely
 * const { loss } = crossEntropy.forward(sure, [0, 5, 7], { reduction: 'mean' });
 * console.log(bitsPerSymbol(loss).toFixed(6), perplexity(loss).toFixed(6)); // → 3.000000 8.000000
 * ```
 */
export function bitsPerSymbol(nats: number): number {
  return requireNats(nats) / Math.LN2; // MT-F7  H = L / log 2
}

/**
 * Of how many symbols, all as likely, it would be as hard to foretell one.
 *
 * @param nats the mean cross-entropy: see {@link bitsPerSymbol}.
 * @throws ValueError when it is no number ≥ 0.
 */
export function perplexity(nats: number): number {
  return Math.exp(requireNats(nats)); // MT-F8  perplexity = exp L = 2^H
}

/** Which steps count, and how much, as with a loss. */
export type StepWeights = Pick<Weighting, 'mask' | 'weights'>;

/**
 * The root of the mean square error over all numbers of the steps that count, in the unit of the data.
 *
 * @param o what was foretold, T steps of B sequences of F numbers.
 * @param target what came, of the same extent.
 * @throws ShapeError, ValueError when they do not fit each other, or no step counts.
 * @example
 * ```ts
 * import { mae, rmse, Sequence } from 'bptt';
 *
 * const [foretold, came] = [Sequence.pack([[[1], [2]]]), Sequence.pack([[[4], [-2]]])];
 * console.log(rmse(foretold, came).toFixed(4), mae(foretold, came)); // → 3.5355 3.5
 * ```
 */
export function rmse(o: Sequence, target: Sequence, weighting?: StepWeights): number {
  const each = errorsOf(o, target, weighting);
  let largest = 0;
  each(error => {
    largest = Math.max(largest, Math.abs(error));
  });
  let mean = 0;
  each((error, share) => {
    if (error !== 0) mean += share * (error / largest) ** 2; // of the largest, so that no square overflows
  });
  return largest * Math.sqrt(mean); // MT-F9  RMSE = √(Σ_t w_t ‖u_t − v_t‖² / (F Σ_t w_t))
}

/**
 * The mean of the errors' magnitudes.
 *
 * @param o see {@link rmse}.
 * @throws as {@link rmse}.
 */
export function mae(o: Sequence, target: Sequence, weighting?: StepWeights): number {
  let mean = 0;
  errorsOf(
    o,
    target,
    weighting,
  )((error, share) => {
    mean += share * Math.abs(error); // MT-F10  MAE = Σ_t w_t ‖u_t − v_t‖₁ / (F Σ_t w_t)
  });
  return mean;
}

/** Calls a function with the error of every number that counts, and with its part of the mean. */
type EachError = (visit: (error: number, share: number) => void) => void;

function errorsOf(outputs: Sequence, target: Sequence, weighting: StepWeights = {}): EachError {
  const weights = requireKnown('weighting', weighting, ['mask', 'weights']);
  const o = dense(read('o', outputs));
  const y = dense(read('target', target, o.F, o));
  const { factors } = stepFactors(o, { ...weights, reduction: 'mean' });
  return visit => {
    factors.forEach((factor, n) => {
      for (let i = n * o.F; factor && i < (n + 1) * o.F; i++) {
        visit((o.data[i] ?? Number.NaN) - (y.data[i] ?? Number.NaN), factor / o.F);
      }
    });
  };
}

function requireNats(nats: number): number {
  if (requireFiniteNumber('nats', nats) < 0) throw new ValueError('nats', 'a number ≥ 0', `${nats}`);
  return nats;
}
