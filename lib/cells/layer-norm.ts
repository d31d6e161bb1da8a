/**
 * Layer normalisation inside a step: the units of one matrix, or of several as if they lay beside each other, are shifted
 * and scaled to a mean of 0 and a variance of 1, sample by sample. Derived in `derivations/lstm-layer-norm.md`.
 */
import type { AbstractMatrix, Matrix } from 'ml-matrix';
import { add, mul, mulColumn, reciprocal, scale, shift, sqrt, sub, subColumn, sumUnits } from '../matrix.ts';
import type { Matrices } from '../shape.ts';

/** Added to variances: what hardly varies is not blown up. */
const EPSILON = 1e-5;

/** What came out, B×m for each matrix that went in, and what it was multiplied by, B×1. */
export interface Normalised<K extends string> {
  readonly N: Matrices<K>;
  readonly r: AbstractMatrix;
}

/** N(a): the mean of all matrices' units taken off, and what is left divided by its standard deviation. */
export function normalised<K extends string>(a: Matrices<K>): Normalised<K> {
  const mean = meanOf(a); // LLN-F3  μ = 1ᵀa / M, of all M units
  const centred = mapped(a, part => subColumn(part, mean));
  const variance = meanOf(mapped(centred, part => mul(part, part))); // LLN-F4  σ² = |a − μ|² / M
  const r = reciprocal(sqrt(shift(variance, EPSILON))); // LLN-F5  r = 1/√(σ² + ε)
  return { N: mapped(centred, part => mulColumn(part, r)), r }; // LLN-F6  N(a) = (a − μ) r
}

/** N′(dN): the gradient in what was normalised, from the gradient in what came out. */
export function throughNormalised<K extends string>({ N, r }: Normalised<K>, dN: Matrices<K>): Matrices<K> {
  const mean = meanOf(dN);
  const along = meanOf(mapped(N, (part, k) => mul(part, dN[k])));
  return mapped(N, (part, k) => mulColumn(sub(subColumn(dN[k], mean), mulColumn(part, along)), r)); // LLN-B5  N′(dN) = (dN − 1ᵀdN/M − N ⟨N, dN⟩/M) r, through F6, F5, F4, F3
}

/** The mean over the units of all matrices: B×1. */
function meanOf(parts: Matrices): Matrix {
  const all = Object.values(parts);
  const units = all.reduce((sum, { columns }) => sum + columns, 0);
  const total = all.map(part => sumUnits(part)).reduce((a, b) => add(a, b));
  return scale(total, 1 / units);
}

function mapped<K extends string>(a: Matrices<K>, f: (part: AbstractMatrix, k: K) => AbstractMatrix): Matrices<K> {
  const entries = Object.entries<AbstractMatrix>(a) as [K, AbstractMatrix][];
  return Object.fromEntries(entries.map(([k, part]) => [k, f(part, k)])) as Record<K, AbstractMatrix>;
}
