/**
 * What clipping does to the gradients that come by: how long they were, how long they are, whether they still point where
 * they did, and how often it bites at all.
 */
import { ValueError } from '../errors.ts';
import { norm } from '../optim/norm.ts';
import { ParamSet } from '../params.ts';
import { describe, requireFinite, requireFunction, requireInstance, requireList, requireObject } from '../require.ts';

/** One gradient, before and after. */
export interface Clipped {
  /** ‖G‖ over all parameters, before clipping and after it. */
  readonly before: number;
  readonly after: number;
  /** Whether any number of it was changed. */
  readonly bites: boolean;
  /** The part of its numbers that were. */
  readonly changed: number;
  /** The cosine of the angle by which it was turned: 1 where it keeps its direction. */
  readonly cosine: number;
}

/** Many of them. */
export interface ClippingSummary {
  readonly count: number;
  /** The part of the gradients that clipping changed. */
  readonly bites: number;
  /** The largest norm before, and after. */
  readonly before: number;
  readonly after: number;
  /** The smallest cosine. */
  readonly cosine: number;
}

/**
 * What `clip` does to the gradients of these parameters, which are left as they were.
 *
 * @param clip such as `p => clipByGlobalNorm(p, 5)`: changes `params.grads` in place.
 * @throws ValueError when a gradient is not finite, or all are zero.
 */
export function clippingOf(params: ParamSet, clip: (params: ParamSet) => unknown): Clipped {
  requireFinite('grads', requireInstance('params', params, ParamSet).grads);
  requireFunction('clip', clip);
  const kept = params.grads.slice();
  try {
    const before = norm(kept);
    if (before === 0) throw new ValueError('grads', 'a gradient that is not zero', 'zeros');
    clip(params);
    const { grads } = params;
    const after = norm(grads);
    const changed = grads.reduce((count, g, i) => count + (g === kept[i] ? 0 : 1), 0);
    return {
      before,
      after,
      bites: changed > 0,
      changed: changed / grads.length,
      cosine: changed === 0 ? 1 : cosineOf(kept, before, grads, after),
    };
  } finally {
    params.grads.set(kept);
  }
}

/**
 * How often it bit, and how hard.
 *
 * @throws ValueError when there are none.
 */
export function clippingSummary(seen: readonly Clipped[]): ClippingSummary {
  for (const one of requireList('seen', seen, 'a list of gradients')) {
    for (const key of ['before', 'after', 'cosine'] as const) {
      const x = requireObject('seen', one)[key];
      if (typeof x !== 'number') throw new ValueError(`seen.${key}`, 'a number', describe(x));
    }
  }
  if (seen.length === 0) throw new ValueError('seen', 'at least one gradient', 'none');
  const most = (value: (clipped: Clipped) => number) => seen.reduce((max, one) => Math.max(max, value(one)), 0);
  return {
    count: seen.length,
    bites: seen.filter(({ bites }) => bites).length / seen.length,
    before: most(({ before }) => before),
    after: most(({ after }) => after),
    cosine: seen.reduce((min, { cosine }) => Math.min(min, cosine), 1),
  };
}

/** ⟨a, b⟩ / ‖a‖‖b‖, of directions rather than of gradients: no product overflows or vanishes. */
function cosineOf(a: Float64Array, sizeOfA: number, b: Float64Array, sizeOfB: number): number {
  return a.reduce((sum, x, i) => sum + (x / sizeOfA) * ((b[i] ?? Number.NaN) / sizeOfB), 0);
}
