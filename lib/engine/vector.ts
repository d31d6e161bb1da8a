/** What elementary functions and formulas are evaluated over when a kernel is written. */
import type { Numbers } from '../equations/numbers.ts';
import type { Precision } from './precision.ts';

/**
 * Some vectors of 128 bits side by side, each a local variable of a function: what is done to one is done to all in turn,
 * so that the processor has work that waits for nothing, and neighbours that V8 can pair.
 */
export type Vector = readonly number[];

/** What elementary functions are written in, beside sums and products. */
export interface VectorNumbers extends Numbers<Vector> {
  readonly precision: Precision;
  /** a⊙b + c, rounded once where fused multiply-adds were asked for. */
  mulAdd(a: Vector, b: Vector, c: Vector): Vector;
  /** c − a⊙b. */
  mulSub(a: Vector, b: Vector, c: Vector): Vector;
  /** a < b ? a : b, and b < a: NaN of the second argument stays. */
  pmin(a: Vector, b: Vector): Vector;
  pmax(a: Vector, b: Vector): Vector;
  /** All bits where a < b. */
  below(a: Vector, b: Vector): Vector;
  /** All bits where a = b. */
  equal(a: Vector, b: Vector): Vector;
  /** a where the mask has bits, else b. */
  choose(mask: Vector, a: Vector, b: Vector): Vector;
  and(a: Vector, b: Vector): Vector;
  andNot(a: Vector, b: Vector): Vector;
  or(a: Vector, b: Vector): Vector;
  /** Lanes as integers. */
  shiftLeft(a: Vector, by: number): Vector;
  shiftRight(a: Vector, by: number): Vector;
  addIntegers(a: Vector, b: Vector): Vector;
  subIntegers(a: Vector, b: Vector): Vector;
  /** Half of the last 32 bits of a lane, rounded down. */
  halve(a: Vector): Vector;
}
