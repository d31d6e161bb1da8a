import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError, ShapeError, ValueError } from '../../lib/errors.ts';
import { Sequence } from '../../lib/sequence.ts';
import { Scaler } from '../../lib/training/scaler.ts';
import { entries, size } from '../arbitraries.ts';

const tables = size(3).chain(F => fc.array(entries(F), { minLength: 1, maxLength: 20 }));

const meanOf = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

describe('a scaler', () => {
  it('takes what it was fitted to to mean 0 and deviation 1, or to 0 where all is the same, and back', () => {
    fc.assert(
      fc.property(tables, rows => {
        const scaler = Scaler.fit(rows);
        const scaled = scaler.transform(rows);
        scaler.means.forEach((_, k) => {
          const column = scaled.map(row => row[k] ?? Number.NaN);
          const varied = new Set(rows.map(row => row[k])).size > 1;
          expect(meanOf(column)).toBeCloseTo(0, 10);
          expect(meanOf(column.map(x => x * x))).toBeCloseTo(varied ? 1 : 0, 10);
        });
        scaler.inverse(scaled).forEach((row, n) => {
          row.forEach((x, k) => {
            expect(x).toBeCloseTo(rows[n]?.[k] ?? Number.NaN, 10);
          });
        });
      }),
    );
  });

  it('has the mean and the deviation of all numbers, to the last digits where the mean is large', () => {
    const { means, deviations } = Scaler.fit([1, 2, 3, 4].map(x => [x, x + 1e9, 5]));
    expect(means).toEqual([2.5, 1e9 + 2.5, 5]);
    expect(deviations).toEqual([Math.sqrt(1.25), Math.sqrt(1.25), 0]);
  });

  it('knows a constant column by its numbers, not by what rounding leaves of their deviation', () => {
    const scaler = Scaler.fit([[0.1], [0.1], [0.1]]);
    expect(scaler.toJSON()).toEqual({ means: [0.1], deviations: [0] });
    expect(scaler.transform([[0.1], [1.1]])).toEqual([[0], [1]]);
    expect(scaler.inverse([[0]])).toEqual([[0.1]]);
  });

  it('does to a sequence what it does to its rows, and leaves padding 0', () => {
    const scaler = Scaler.fit([
      [1, 5],
      [3, 9],
    ]);
    const rows = [
      [
        [4, 9],
        [1, 2],
      ],
      [[5, 6]],
    ];
    const x = Sequence.pack(rows);
    x.data.fill(Number.NaN, 6); // padding
    const scaled = scaler.transform(x);
    expect(scaled.unpack()).toEqual(rows.map(row => scaler.transform(row)));
    expect(Array.from(scaled.data.subarray(6))).toEqual([0, 0]);
    expect(scaler.inverse(scaled).unpack()).toEqual(rows);
    const single = Sequence.dense(Float32Array.of(3, 9), { T: 1, F: 2 });
    expect(scaler.transform(single).data).toEqual(Float32Array.of(1, 1));
    expect(scaler.transform(Sequence.oneHot([1], { T: 1, classes: 2 })).unpack()).toEqual([[[-2, -3]]]);
  });

  it('comes back from JSON the same to the last bit', () => {
    fc.assert(
      fc.property(tables, rows => {
        const scaler = Scaler.fit(rows);
        expect(Scaler.from(JSON.parse(JSON.stringify(scaler)))).toEqual(scaler);
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'scaler: expected an object of means and deviations, got undefined'],
    ['a list', [], 'scaler: expected an object of means and deviations, got Array of length 0'],
    ['another field', { means: [1], deviations: [1], unit: 'K' }, 'deviations, got "unit"'],
    ['no means', { deviations: [1] }, 'scaler.means: expected a list of numbers, one a column, got undefined'],
    ['text', { means: ['1'], deviations: [1] }, 'scaler.means[0]: expected a finite number, got "1"'],
    [
      'null, as JSON has NaN',
      { means: [1], deviations: [null] },
      'scaler.deviations[0]: expected a finite number, got null',
    ],
    ['a negative deviation', { means: [1], deviations: [-1] }, 'scaler.deviations[0]: expected a number ≥ 0, got -1'],
    [
      'fewer deviations',
      { means: [1, 2], deviations: [1] },
      'scaler.deviations: expected 2 numbers, as the means, got 1',
    ],
  ])('made of %s: refused', (_, saved, message) => {
    expect(() => Scaler.from(saved)).toThrow(FormatError);
    expect(() => Scaler.from(saved)).toThrow(message);
  });

  it.each<[string, () => unknown, typeof ShapeError, string]>([
    ['no rows', () => Scaler.fit([]), ShapeError, 'rows: expected a list of vectors, not empty'],
    ['ragged rows', () => Scaler.fit([[1, 2], [3]]), ShapeError, 'rows[1]: expected 2 numbers, got 1'],
    ['Infinity', () => Scaler.fit([[Number.POSITIVE_INFINITY]]), ValueError, 'rows[0][0]: expected a finite number'],
    [
      '1e200 and −1e200',
      () => Scaler.fit([[1e200], [-1e200]]),
      ValueError,
      'rows[…][0]: expected numbers whose deviation',
    ],
    ['other columns', () => Scaler.fit([[1]]).transform([[1, 2]]), ShapeError, 'rows[0]: expected 1 numbers, got 2'],
    [
      'a wide sequence',
      () => Scaler.fit([[1]]).inverse(Sequence.zeros({ T: 1, F: 2 })),
      ShapeError,
      'rows: expected 1 features',
    ],
    ['no list', () => Scaler.fit([[1]]).transform(1 as never), ValueError, 'rows: expected a list of vectors, got 1'],
  ])('%s: refused', (_, act, Kind, message) => {
    expect(act).toThrow(Kind);
    expect(act).toThrow(message);
  });
});
