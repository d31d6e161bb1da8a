/** The numeric derivative of a loss in one number, and what can be said of a claimed one beside it. */
import type { AbstractMatrix } from 'ml-matrix';
import { type Exactness, finite, UNIT } from './noise.ts';

/**
 * The bound: |analytic − numeric| ≤ ABSOLUTE + RELATIVE·|numeric|, for every element; and more by what rounding of |L| may
 * make of a difference over the first step.
 */
const ABSOLUTE = 1e-8;
const RELATIVE = 1e-7;

/**
 * Steps of the stencil, tried in turn until one agrees. The first is the most accurate where the function is smooth
 * (truncation h⁴, noise σ/h); the later ones keep the stencil from straddling a kink of ReLU or max nearby.
 * A wrong gradient agrees with none of them.
 */
const STEPS = [1e-3, 1e-4, 1e-5, 1e-6] as const;

/**
 * Steps over which the slopes to the left and to the right are compared where no stencil agrees, each with one ten times
 * as large. At a kink their gap is the same over both. Of a smooth function it shrinks with the square of the step, a
 * hundred times here; what jumps make of it grows ten times.
 */
const SIDES = [1e-6, 1e-5, 1e-4, 1e-3] as const;

/** How far two gaps of one kink may be apart, for one, and how far above its error a gap is one. */
const [ALIKE, CLEAR] = [0.1, 3] as const;

/** Standard deviations of the noise that a difference may be off by. */
const FAR = 10;

/** The part of a slope, or of 1, that rounding may hide for an agreement to say anything. */
const TRUSTED = 1e-5;

/** What can be said of one element. */
export interface Judgement {
  readonly verdict: 'ok' | 'kink' | 'wrong' | 'too noisy';
  /** The nearest difference to the truth; the claimed value itself at a kink. */
  readonly numeric: number;
  /** What the difference may be off by because of noise. */
  readonly error: number;
}

/** The bound itself: whether an analytic value is as near to a numeric one as rounding allows. */
export function agrees(analytic: number, numeric: number): boolean {
  return Math.abs(analytic - numeric) <= boundOn(numeric);
}

/** What a difference over a step h may be off by, with noise of the given deviation. */
export function errorOver(h: number, sigma: number): number {
  return (FAR * sigma) / h;
}

/** Whether an agreement with a numeric value is more than luck, where that may be off by `error`. */
export function isTrusted(numeric: number, error: number): boolean {
  return error <= TRUSTED * Math.max(1, Math.abs(numeric));
}

/**
 * Judges a claimed derivative in element (i, j). It is right where the difference over some step agrees and rounding of
 * |L| leaves that a meaning, or at a kink, whose slopes enclose it. It is wrong where it is farther from every difference
 * than the bound and noise together, or from one that a second, smaller step confirms. Else there is too much noise.
 *
 * @param exactness of the loss: measured only where no difference agrees.
 */
export function judged(
  loss: () => number,
  values: AbstractMatrix,
  i: number,
  j: number,
  analytic: number,
  exactness: () => Exactness,
): Judgement {
  let size = 0;
  const shifted = <T>(run: (at: (shift: number) => number) => T) =>
    shiftedAt(loss, values, i, j, at =>
      run(shift => {
        const value = at(shift);
        size = Math.max(size, Math.abs(value));
        return value;
      }),
    );
  const tried: Difference[] = [];
  for (const h of STEPS) {
    const numeric = shifted(at => (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h));
    const error = errorOver(h, UNIT * size);
    const rounding = errorOver(STEPS[0], UNIT * size);
    if (isNear(analytic, numeric, rounding) && isTrusted(numeric, error)) return { verdict: 'ok', numeric, error };
    const before = tried.at(-1);
    tried.push({ h, numeric });
    if (before && agrees(before.numeric, numeric)) break; // no kink within the larger step, or in its very middle
  }
  const { sigma } = exactness();
  if (shifted(at => isAtKink(at, analytic, sigma))) return { verdict: 'kink', numeric: analytic, error: 0 };
  return amidNoise(tried, analytic, sigma);
}

/**
 * The verdict where no difference agrees: by the first that the next one confirms, as closely as that can, or else by all.
 */
function amidNoise(tried: readonly Difference[], analytic: number, sigma: number): Judgement {
  const all = tried.map(({ h, numeric }) => ({ numeric, error: errorOver(h, sigma) }));
  const confirmed = all.flatMap(({ numeric, error }, n) => {
    const next = all[n + 1];
    return next && isNear(numeric, next.numeric, error + next.error) ? [{ numeric, error: error + next.error }] : [];
  });
  const asked = confirmed.length > 0 ? confirmed.slice(0, 1) : all;
  const possible = asked.find(({ numeric, error }) => isNear(analytic, numeric, error));
  if (possible) return { verdict: 'too noisy', ...possible };
  return { verdict: 'wrong', ...(asked[0] ?? { numeric: Number.NaN, error: Number.NaN }) };
}

/** A difference over a step. */
interface Difference {
  readonly h: number;
  readonly numeric: number;
}

/**
 * Whether there are two slopes here, the same over two steps, and the claimed one is one of them or between. The smaller
 * step is the smallest over which the gap stands out of the noise.
 */
function isAtKink(at: (shift: number) => number, analytic: number, sigma: number): boolean {
  let hidden = 0;
  for (const h of SIDES) {
    const near = oneSided(at, h);
    const gap = Math.abs(near.right - near.left);
    const bounds = boundOn(near.left) + boundOn(near.right);
    const error = errorOver(h, sigma);
    if (gap > bounds + 2 * CLEAR * error) {
      if (hidden > 0 && gap > (1 + ALIKE) * hidden) return false; // it would have stood out over the smaller step
      return encloses(oneSided(at, 10 * h), near, analytic, error);
    }
    if (error <= bounds) return false; // there is none
    hidden = bounds + 2 * CLEAR * error;
  }
  return false;
}

/** Whether slopes over a larger and a smaller step are those of one kink, with the claimed one of them or between. */
function encloses(far: Slopes, near: Slopes, analytic: number, error: number): boolean {
  const [gap, other] = [near.right - near.left, far.right - far.left];
  if (!(Math.abs(other - gap) <= ALIKE * Math.abs(gap) + 2 * error)) return false;
  const [low, high] = near.left < near.right ? (['left', 'right'] as const) : (['right', 'left'] as const);
  const beside = (side: 'left' | 'right') => boundOn(near[side]) + Math.abs(far[side] - near[side]) + error;
  return analytic >= near[low] - beside(low) && analytic <= near[high] + beside(high);
}

/** One-sided derivatives. */
interface Slopes {
  readonly left: number;
  readonly right: number;
}

/** The slopes (3 L(0) − 4 L(−h) + L(−2h)) / 2h and (−3 L(0) + 4 L(h) − L(2h)) / 2h. */
function oneSided(at: (shift: number) => number, h: number): Slopes {
  const here = 3 * at(0);
  return {
    left: (here - 4 * at(-h) + at(-2 * h)) / (2 * h),
    right: (4 * at(h) - at(2 * h) - here) / (2 * h),
  };
}

/** Whether two numbers are as near as the bound, and that much more, allow. */
function isNear(analytic: number, numeric: number, more: number): boolean {
  return Math.abs(analytic - numeric) <= boundOn(numeric) + more;
}

function boundOn(numeric: number): number {
  return ABSOLUTE + RELATIVE * Math.abs(numeric);
}

/** What `run` makes of the loss at shifts of element (i, j), which is put back. */
function shiftedAt<T>(
  loss: () => number,
  values: AbstractMatrix,
  i: number,
  j: number,
  run: (at: (shift: number) => number) => T,
): T {
  const before = values.get(i, j);
  try {
    return run(shift => {
      values.set(i, j, before + shift);
      return finite(loss());
    });
  } finally {
    values.set(i, j, before);
  }
}
