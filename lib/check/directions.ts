/** Steps along a direction in a matrix. */
import type { AbstractMatrix } from 'ml-matrix';

/** ⟨a, b⟩ = Σ a ⊙ b. */
export function inner(a: AbstractMatrix, b: AbstractMatrix): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.columns; j++) sum += a.get(i, j) * b.get(i, j);
  }
  return sum;
}

/** values = start + shift·v; to the last bit as it was where the shift is 0. */
export function moveAlong(values: AbstractMatrix, start: AbstractMatrix, v: AbstractMatrix, shift: number): void {
  for (let i = 0; i < values.rows; i++) {
    for (let j = 0; j < values.columns; j++)
      values.set(i, j, shift === 0 ? start.get(i, j) : start.get(i, j) + shift * v.get(i, j));
  }
}
