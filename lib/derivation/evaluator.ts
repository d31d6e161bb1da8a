/** What evaluates expressions, as the kinds of them need it that have files of their own. */
import type { Dual } from '../check/dual.ts';
import type { ProofNumbers } from '../check/field.ts';
import type { Expression } from './expression.ts';
import type { Algebra, Block } from './matrices.ts';
import type { Moment, Reader, Scope, Setting, Truth } from './scope.ts';

export interface Evaluator<N> {
  readonly setting: Setting<N>;
  readonly numbers: ProofNumbers<Dual<N>>;
  readonly algebra: Algebra<Dual<N>>;
  evaluate(of: Expression, scope: Scope): Block<Dual<N>>;
  value(moment: Moment, reader: Reader): Block<Dual<N>>;
  leaf(text: string): Dual<N>;
  /** The true gradients, that an expression at a place asks for. */
  trueAt(at: number): Truth<N>;
}
