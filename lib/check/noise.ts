/**
 * How exact a loss is: what its values are off by, whatever they are computed with. A difference over a step h cannot be
 * better than that over h, and is not asked to be.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import { Random } from '../random.ts';

/** Why something could not be judged. */
export interface Noise {
  /** |L|, of which rounding is a part. */
  readonly loss: number;
  /** What a difference may be off by, at the largest. */
  readonly error: number;
  /** The numbers that the loss is computed with, where they are not of 64 bits. */
  readonly bits?: 32;
}

/** The size of a loss, and the standard deviation of its noise. */
export interface Exactness {
  readonly loss: number;
  readonly sigma: number;
}

/**
 * Eight values a millionth apart, three times: beside the values, so that a kink right at them is in none. Farther apart
 * where all are the same.
 */
const [SPACINGS, POINTS, WINDOWS] = [[1e-6, 1e-5, 1e-4], 8, [-2e-4, 1e-4, 3e-4]] as const;

/** (6!)²/12!: the variance of noise in terms of that of its sixth differences, in which nothing smooth is left. */
const GAMMA = 518400 / 479001600;

/** What rounding a number changes it by, at the most, as a part of it. */
export const UNIT: number = 2 ** -53;

/**
 * Measures the noise of a loss, all values moving at once: by differences of sixth order, as Moré and Wild do
 * ("Estimating computational noise", 2011). It is no less than the rounding of |L|.
 *
 * @param loss L at the present values.
 * @param values what L depends on: moved, and put back to the last bit.
 * @throws ValueError when the loss is not finite beside the values.
 */
export function exactnessOf(loss: () => number, values: readonly AbstractMatrix[]): Exactness {
  const rng = new Random(1);
  const signs = values.map(({ rows, columns }) => Array.from({ length: rows * columns }, () => rng.uniform() < 0.5));
  return moved(values, move => {
    const at = (shift: number) => {
      move((x, n, i) => x + (signs[n]?.[i] ? shift : -shift));
      return finite(loss());
    };
    const size = Math.abs(at(0));
    for (const spacing of SPACINGS) {
      const deviations = WINDOWS.map(from => {
        const sixth = differences(Array.from({ length: POINTS }, (_, k) => at(from + k * spacing)));
        return Math.sqrt((GAMMA * sixth.reduce((sum, x) => sum + x * x, 0)) / sixth.length);
      });
      const [, middle = 0] = deviations.sort((a, b) => a - b);
      if (middle > 0) return { loss: size, sigma: Math.max(size * UNIT, middle) };
    }
    return { loss: size, sigma: size * UNIT };
  });
}

/**
 * Whether what is computed from these values has numbers of 32 bits: a change of less than half the distance between two of
 * those changes nothing, and one of twice that distance does.
 *
 * @param compute what is computed from the present values, as numbers.
 * @param values moved, and put back to the last bit.
 */
export function isOf32Bits(compute: () => readonly number[], values: readonly AbstractMatrix[]): boolean {
  const [exact = [], unseen = [], seen = []] = moved(values, move =>
    [0, 0.49, 2].map(distances => {
      move(x => Math.fround(x) + distances * distance32(Math.fround(x)));
      return compute();
    }),
  );
  const same = (other: readonly number[]) => other.every((x, i) => Object.is(x, exact[i]));
  return same(unseen) && !same(seen);
}

/** How far the next number of 32 bits is. */
function distance32(x: number): number {
  return x === 0 ? 0 : 2 ** (Math.floor(Math.log2(Math.abs(x))) - 23);
}

/** How much more than rounding of |L| the noise of numbers of 32 bits is, at the least. */
const MORE = 2 ** 10;

/** Why differences of a loss in these values are off by so much. */
export function noiseIn(
  compute: () => number,
  values: readonly AbstractMatrix[],
  { loss, sigma }: Exactness,
  error: number,
): Noise {
  const single = sigma > MORE * UNIT * loss && values.some(matrix => isOf32Bits(() => [compute()], [matrix]));
  return { loss, error, ...(single && { bits: 32 as const }) };
}

/** What `run` returns, given a way to move all values from where they are; then they are put back. */
function moved<T>(
  values: readonly AbstractMatrix[],
  run: (move: (to: (x: number, n: number, i: number) => number) => void) => T,
): T {
  const before = values.map(matrix => matrix.to2DArray());
  const set = (to: (x: number, n: number, i: number) => number) => {
    for (const [n, matrix] of values.entries()) {
      before[n]?.forEach((row, i) => {
        row.forEach((x, j) => {
          matrix.set(i, j, to(x, n, i * row.length + j));
        });
      });
    }
  };
  try {
    return run(set);
  } finally {
    set(x => x);
  }
}

/** Sixth differences of values at equal distances. */
function differences(values: readonly number[]): number[] {
  let table = [...values];
  for (let order = 0; order < 6; order++) table = table.slice(1).map((x, i) => x - (table[i] ?? Number.NaN));
  return table;
}

/** The loss, where it is finite. */
export function finite(loss: number): number {
  if (!Number.isFinite(loss)) throw new ValueError('loss', 'a finite loss beside the values', `${loss}`);
  return loss;
}
