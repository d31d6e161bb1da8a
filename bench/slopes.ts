/** How the cost grows with one size: the slope of log time over log size. */
import type { Precision } from '../lib/engine/precision.ts';
import type { Place } from './cases/case.ts';

/** One series on one backend. */
export interface Slope {
  readonly along: Place['along'];
  readonly backend: string;
  readonly precision: Precision;
  /** 1 where twice the size takes twice the time. */
  readonly slope: number;
  /** Sizes, and milliseconds. */
  readonly points: readonly (readonly [size: number, ms: number])[];
}

/** What is known of one measurement in a series. */
export interface Placed {
  readonly backend: string;
  readonly precision: Precision;
  readonly place: Place;
  readonly ms: number;
}

/** The slope of every series of at least two sizes. */
export function slopesOf(measured: readonly Placed[]): readonly Slope[] {
  const key = ({ backend, precision, place }: Placed) => `${place.along} ${backend} ${precision}`;
  return [...new Set(measured.map(key))].flatMap(series => {
    const each = measured.filter(one => key(one) === series);
    const [first] = each;
    if (!first || each.length < 2) return [];
    const points = each.map(({ place, ms }) => [place.at, ms] as const);
    const { backend, precision, place } = first;
    return [{ along: place.along, backend, precision, slope: slopeOf(points), points }];
  });
}

/** The slope of the line through (log x, log y) with the least squares. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (of: (point: readonly [number, number]) => number) =>
    logs.reduce((sum, point) => sum + of(point), 0) / logs.length;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  return mean(([x, y]) => (x - mx) * (y - my)) / mean(([x]) => (x - mx) ** 2);
}
