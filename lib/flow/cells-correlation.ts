/** How far one series follows another, and how far it would by chance. Derived in `derivations/interpretable-cells.md`. */
import { ShapeError, ValueError } from '../errors.ts';
import { requireSize } from '../require.ts';

/** A series whose variance is below this part of its mean square does not vary. */
const CONSTANT = 1e-12;

/** The correlations of m units with K signals, from sums that grow as a text is read. */
export class Correlations {
  readonly #m: number;
  readonly #a: Float64Array;
  readonly #aa: Float64Array;
  readonly #s: Float64Array;
  readonly #ss: Float64Array;
  readonly #as: readonly Float64Array[];
  #n = 0;

  /** @throws ValueError when m or K is no positive integer. */
  constructor(m: number, K: number) {
    this.#m = requireSize('m', m);
    requireSize('K', K);
    this.#a = new Float64Array(m);
    this.#aa = new Float64Array(m);
    this.#s = new Float64Array(K);
    this.#ss = new Float64Array(K);
    this.#as = Array.from({ length: K }, () => new Float64Array(m));
  }

  /**
   * Adds n symbols.
   *
   * @param values n·m numbers, all units after one symbol, then after the next.
   * @param series of each signal its n numbers.
   */
  add(values: Float64Array, series: readonly Float64Array[]): void {
    const n = values.length / this.#m;
    if (series.length !== this.#s.length || series.some(({ length }) => length !== n)) {
      throw new ShapeError(
        'series',
        `${this.#s.length} of ${n} numbers`,
        series.map(({ length }) => length).join(', '),
      );
    }
    this.#n += n;
    for (let t = 0, at = 0; t < n; t++, at += this.#m) {
      for (let j = 0; j < this.#m; j++) {
        const a = values[at + j] ?? 0;
        this.#a[j] = (this.#a[j] ?? 0) + a;
        this.#aa[j] = (this.#aa[j] ?? 0) + a * a;
      }
      for (const [k, own] of series.entries()) {
        const s = own[t] ?? 0;
        this.#s[k] = (this.#s[k] ?? 0) + s;
        this.#ss[k] = (this.#ss[k] ?? 0) + s * s;
        const sums = this.#as[k];
        if (s === 0 || !sums) continue;
        for (let j = 0; j < this.#m; j++) sums[j] = (sums[j] ?? 0) + s * (values[at + j] ?? 0);
      }
    }
  }

  /** r of every unit with signal k: m numbers in [−1, 1], 0 where the unit or the signal does not vary. */
  of(k: number): Float64Array {
    const n = this.#n;
    const [s = 0, ss = 0, sums] = [this.#s[k], this.#ss[k], this.#as[k]];
    return Float64Array.from({ length: this.#m }, (_, j) => {
      const [a = 0, aa = 0] = [this.#a[j], this.#aa[j]];
      const [va, vs] = [variance(n, a, aa), variance(n, s, ss)];
      if (va === 0 || vs === 0) return 0;
      return bounded(((sums?.[j] ?? 0) - (a * s) / n) / Math.sqrt(va * vs)); // CELL-F2  r = Σ(a_t−ā)(s_t−s̄) / √(Σ(a_t−ā)² Σ(s_t−s̄)²)
    });
  }
}

/** r of two series of one length, in [−1, 1]; 0 where one does not vary. */
export function correlation(a: Float64Array, s: Float64Array): number {
  const sums = new Correlations(1, 1);
  sums.add(a, [s]);
  return sums.of(0)[0] ?? 0;
}

/** How large a correlation is beside those that chance gives. */
export interface Chance {
  /** Shifts that were tried. */
  readonly shifts: number;
  /** What |r| exceeds at no more than one in a hundred of them. */
  readonly quantile99: number;
  /** The part of all shifts, the one by zero included, with an |r| as large as that by zero: 1/(shifts+1) at the least. */
  readonly p: number;
}

/**
 * Compares |r| of two series with |r| of the same two, one of them shifted around the circle by every multiple of
 * n/(shifts+1). Each keeps its own course, and with it its autocorrelation; only what they share at a time is lost.
 *
 * @throws ValueError when there are fewer symbols than shifts; ShapeError when the series are not of one length.
 */
export function chance(a: Float64Array, s: Float64Array, shifts: number = 199): Chance {
  requireSize('shifts', shifts);
  const n = a.length;
  if (s.length !== n) throw new ShapeError('s', `${n} numbers`, `${s.length}`);
  if (n <= shifts) throw new ValueError('a', `more than ${shifts} numbers, as many as shifts`, `${n}`);
  const [da, ds] = [centred(a), centred(s)];
  const size = Math.sqrt(shiftedProduct(da, da, 0) * shiftedProduct(ds, ds, 0));
  const r = (k: number): number => Math.abs(shiftedProduct(da, ds, k)) / (size || 1); // CELL-F5  r^(k) = r(a_t, s_{t+k mod n})
  const others = Float64Array.from({ length: shifts }, (_, i) => r(Math.round(((i + 1) * n) / (shifts + 1)))).sort();
  const observed = r(0);
  const asLarge = others.filter(other => other >= observed).length;
  return {
    shifts,
    quantile99: others[Math.ceil(0.99 * shifts) - 1] ?? 0,
    p: (1 + asLarge) / (1 + shifts), // CELL-F6  p = #{k : |r^(k)| ≥ |r^(0)|} / (K+1)
  };
}

/** Σ a_t s_{t+k mod n}. */
function shiftedProduct(a: Float64Array, s: Float64Array, k: number): number {
  const n = a.length;
  let sum = 0;
  for (let t = 0; t < n - k; t++) sum += (a[t] ?? 0) * (s[t + k] ?? 0);
  for (let t = n - k; t < n; t++) sum += (a[t] ?? 0) * (s[t + k - n] ?? 0);
  return sum;
}

/** x_t − x̄. */
function centred(x: Float64Array): Float64Array {
  const mean = x.reduce((sum, xt) => sum + xt, 0) / x.length;
  return x.map(xt => xt - mean);
}

/** Σ(x−x̄)² of n numbers from their sum and that of their squares; 0 where rounding is all there is. */
function variance(n: number, sum: number, squares: number): number {
  const v = squares - (sum * sum) / n;
  return v > CONSTANT * squares ? v : 0;
}

function bounded(r: number): number {
  return Math.max(-1, Math.min(1, r));
}
