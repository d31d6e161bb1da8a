/** Euclidean norms that neither overflow nor vanish before they have to. */
import type { AbstractMatrix } from 'ml-matrix';
import { kernelsOver } from '../engine/resident.ts';
import { FlatMatrix } from '../views.ts';

/**
 * Sums of squares within these lost nothing that counts: what has vanished of one that large is below its rounding.
 * Beyond them a second pass goes over numbers divided by the largest of them.
 */
const [LOW, HIGH] = [1e-280, Number.MAX_VALUE];

/** ‖x‖. NaN where a number is, else infinite where a number is, or where the norm itself overflows. */
export function norm(x: Float64Array): number {
  const squares = squaredNorm(x);
  if (squares >= LOW && squares <= HIGH) return Math.sqrt(squares);
  return scaledNorm(x);
}

/** Frobenius' norm of a matrix, alike. */
export function frobenius(A: AbstractMatrix): number {
  return norm(numbersOf(A));
}

/** The numbers of a matrix, row after row: where they lie, if they lie in one piece. */
export function numbersOf(A: AbstractMatrix): Float64Array {
  if (!(A instanceof FlatMatrix && A.data instanceof Float64Array)) return Float64Array.from(A.to1DArray());
  return A.data.subarray(A.offset, A.offset + A.rows * A.columns);
}

/** ‖x‖², in four sums that do not wait for each other. NaN or infinite where a number is, or where it overflows. */
export function squaredNorm(x: Float64Array): number {
  const kernels = kernelsOver(x);
  if (kernels) return kernels.squares(x.length, x.byteOffset);
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length - (x.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += (x[i] ?? 0) ** 2;
    b += (x[i + 1] ?? 0) ** 2;
    c += (x[i + 2] ?? 0) ** 2;
    d += (x[i + 3] ?? 0) ** 2;
  }
  for (let i = whole; i < x.length; i++) a += (x[i] ?? 0) ** 2;
  return a + b + (c + d);
}

function scaledNorm(x: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i] ?? 0);
    if (Number.isNaN(size)) return size;
    if (size > largest) largest = size;
  }
  if (largest === 0 || largest === Number.POSITIVE_INFINITY) return largest;
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += ((x[i] ?? 0) / largest) ** 2;
  return largest * Math.sqrt(squares);
}
