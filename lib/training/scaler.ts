import { requireRows, requireWidth } from '../entries.ts';
import { FormatError, ValueError } from '../errors.ts';
import { describe, isPlain } from '../require.ts';
import { dense, read, Sequence } from '../sequence.ts';

/** What a scaler knows, as it is saved. */
export interface ScalerData {
  /** The mean of every column. */
  readonly means: readonly number[];
  /** The standard deviation of every column; 0 where all its numbers were the same. */
  readonly deviations: readonly number[];
}

/**
 * Takes every column of some data to mean 0 and standard deviation 1, and back: x ↦ (x − mean) / deviation. A column whose
 * numbers were all the same has no deviation to divide by, and only its mean is taken off.
 *
 * Fit it to what is trained on, and to nothing else; then it belongs to the model and is saved with it, as JSON.
 *
 * @example
 * ```ts
 * import { Scaler } from 'bptt';
 *
 * const scaler = Scaler.fit([[1, 5], [3, 5]]);
 * console.log(scaler.transform([[1, 5], [4, 6]])); // → [ [ -1, 0 ], [ 2, 1 ] ]
 *
 * const saved = JSON.stringify(scaler); // such as in the metadata of a file of parameters
 * console.log(Scaler.from(JSON.parse(saved)).inverse([[-1, 0]])); // → [ [ 1, 5 ] ]
 * ```
 */
export class Scaler {
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'Scaler';
  /** The mean of every column. */
  readonly means: readonly number[];
  /** The standard deviation of every column, of all its numbers: the root of their mean square from the mean. */
  readonly deviations: readonly number[];

  private constructor({ means, deviations }: ScalerData) {
    this.means = means;
    this.deviations = deviations;
  }

  /**
   * The scaler of some rows.
   *
   * @param rows one vector a row, of a number for each column.
   * @throws ShapeError when there is none, or they differ in width; ValueError when a number is not finite, or numbers are so
   * far apart that their deviation is not.
   */
  static fit(rows: readonly ArrayLike<number>[]): Scaler {
    const { data, columns } = requireRows('rows', rows);
    const fitted = Array.from({ length: columns }, (_, k) => momentsOf(data, k, columns));
    return new Scaler({
      means: fitted.map(({ mean }) => mean),
      deviations: fitted.map(({ deviation }) => deviation),
    });
  }

  /**
   * The scaler that was saved.
   *
   * @param saved what JSON.parse makes of JSON.stringify of a scaler; of anyone's making.
   * @throws FormatError when it is not what a scaler is saved as.
   */
  static from(saved: unknown): Scaler {
    const fields: Readonly<Record<string, unknown>> = isPlain(saved) ? { ...(saved as object) } : {};
    const { means, deviations, ...more } = fields;
    const [other] = Object.keys(more);
    if (!isPlain(saved) || other !== undefined) {
      throw new FormatError('scaler', 'an object of means and deviations', describe(other ?? saved));
    }
    const own = { means: numbersOf('means', means), deviations: numbersOf('deviations', deviations) };
    const { length } = own.means;
    if (own.deviations.length !== length) {
      throw new FormatError('scaler.deviations', `${length} numbers, as the means`, `${own.deviations.length}`);
    }
    const k = own.deviations.findIndex(deviation => deviation < 0);
    if (k >= 0) throw new FormatError(`scaler.deviations[${k}]`, 'a number ≥ 0', `${own.deviations[k]}`);
    return new Scaler(own);
  }

  /**
   * Rows or sequences in units of deviations from the mean; new ones. What does not count of a sequence is 0.
   *
   * @throws ShapeError when there are more or fewer columns than in what was fitted; ValueError when a number is not finite.
   */
  transform(rows: readonly ArrayLike<number>[]): number[][];
  transform(rows: Sequence): Sequence;
  transform(rows: readonly ArrayLike<number>[] | Sequence): number[][] | Sequence {
    return this.#each(rows, (x, mean, unit) => (x - mean) / unit);
  }

  /**
   * What {@link Scaler.transform} made, or a network that learned from it, in the units of the data again.
   *
   * @throws as {@link Scaler.transform}.
   */
  inverse(rows: readonly ArrayLike<number>[]): number[][];
  inverse(rows: Sequence): Sequence;
  inverse(rows: readonly ArrayLike<number>[] | Sequence): number[][] | Sequence {
    return this.#each(rows, (x, mean, unit) => x * unit + mean);
  }

  /** What is saved: see {@link Scaler.from}. */
  toJSON(): ScalerData {
    const { means, deviations } = this;
    return { means, deviations };
  }

  #each(rows: readonly ArrayLike<number>[] | Sequence, of: Scaling): number[][] | Sequence {
    const F = this.means.length;
    const scaled = (x: number, k: number) => of(x, this.means[k] ?? Number.NaN, this.deviations[k] || 1);
    if (!(rows instanceof Sequence)) {
      requireWidth('rows', rows, F);
      return Array.from(rows, row => Array.from(row, scaled));
    }
    const x = dense(read('rows', rows, F));
    const made = Sequence.zeros({ ...x.extent(), F }, x);
    x.countedRows().forEach((counts, n) => {
      for (let i = n * F; counts && i < (n + 1) * F; i++) made.data[i] = scaled(x.data[i] ?? Number.NaN, i % F);
    });
    return made;
  }
}

/** A number of a column, given its mean and what it is divided by, into other units. */
type Scaling = (x: number, mean: number, unit: number) => number;

/** Mean and deviation of column k of rows of so many columns (Welford 1962): one pass, and no square of a large mean. */
function momentsOf(
  data: Float64Array,
  k: number,
  columns: number,
): { readonly mean: number; readonly deviation: number } {
  const first = data[k] ?? Number.NaN;
  let [mean, squares, count] = [0, 0, 0];
  let constant = true;
  for (let i = k; i < data.length; i += columns) {
    const x = data[i] ?? Number.NaN;
    constant &&= x === first;
    const before = x - mean;
    count += 1;
    mean += before / count;
    squares += before * (x - mean);
  }
  if (constant) return { mean: first, deviation: 0 };
  const deviation = Math.sqrt(squares / count);
  if (!Number.isFinite(deviation) || deviation === 0) {
    throw new ValueError(`rows[…][${k}]`, 'numbers whose deviation a double holds', `${deviation}`);
  }
  return { mean, deviation };
}

function numbersOf(field: string, numbers: unknown): number[] {
  const place = `scaler.${field}`;
  if (!Array.isArray(numbers) || numbers.length === 0) {
    throw new FormatError(place, 'a list of numbers, one a column', describe(numbers));
  }
  return Array.from({ length: numbers.length }, (_, k) => {
    const number: unknown = numbers[k];
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    throw new FormatError(`${place}[${k}]`, 'a finite number', describe(number));
  });
}
