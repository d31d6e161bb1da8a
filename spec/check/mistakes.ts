/** Mistakes that a line of a cell can have: what each function of the algebra does where one is made in it. */
import type { AbstractMatrix } from 'ml-matrix';
import * as algebra from '../../lib/matrix.ts';

export type Algebra = Readonly<Record<string, (...args: AbstractMatrix[]) => AbstractMatrix>>;

/** Without a mistake. */
export const functions: Algebra = algebra as unknown as Algebra;

const square = (a: AbstractMatrix): AbstractMatrix => algebra.mul(a, a);
const first = (a: AbstractMatrix): AbstractMatrix => algebra.copy(a);

/** What may become of a line: of a sum, of a product, and of what is added to a gradient. */
export const MISTAKES: Readonly<Record<string, Algebra>> = {
  'the wrong sign': Object.fromEntries(
    Object.entries(functions).map(([name, right]) => [
      name,
      (first, ...rest: AbstractMatrix[]) => {
        const [a, ...others] = rest;
        if (name.startsWith('add') && name !== 'add' && a) return right(first, algebra.scale(a, -1), ...others);
        return algebra.scale(right(first, ...rest), -1);
      },
    ]),
  ),
  'a term or factor less': {
    ...functions,
    add: (...terms) => (functions.add as Algebra[string])(...terms.slice(0, -1)),
    mul: (...factors) => (functions.mul as Algebra[string])(...factors.slice(0, -1)),
    ...{ mulRow: first, mulColumn: first, sub: first, div: first, scale: first },
    times: (a, B) => algebra.times(square(a as AbstractMatrix), B as AbstractMatrix),
    copy: square,
    addTTimes: (D, a, b) => functions.addTTimes?.(D, square(a), b) as AbstractMatrix,
    addColumnSums: (D, a) => functions.addColumnSums?.(D, square(a)) as AbstractMatrix,
  } as Algebra,
};
