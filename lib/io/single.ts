import { ValueError } from '../errors.ts';
import { describe } from '../require.ts';

/** From here on up a number becomes infinite in 32 bits: half a unit above the greatest of them. */
const BEYOND = 2 ** 128 - 2 ** 103;

/**
 * No finite number of `values` is too large for 32 bits, where it would become infinite, or throws {@link ValueError} naming
 * the first that is. What is not finite is as it is in either.
 */
export function requireSingle(argument: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    const x = values[i] ?? 0;
    if (Math.abs(x) >= BEYOND && Number.isFinite(x)) {
      throw new ValueError(`${argument}[${i}]`, 'a number that 32 bits hold', describe(x));
    }
  }
}
