/** Equations in a form that two cells share exactly if they compute the same numbers by the same operations. */
import { float64 } from './numbers.ts';
import type { Operation } from './operation.ts';
import type { Equations } from './record.ts';
import type { Value } from './symbol.ts';

/**
 * One line for every value that a result is made of, each after those that it is made of, and one for every result.
 *
 * It does not depend on where the cell is written, what its variables are called, in which order its lines stand, what it
 * computes twice, or what it computes and does not use. Whatever has a part in a result is in it, forward and backward:
 * operations, shapes, given numbers, and the names of parameters and of parts of the state.
 */
export function canonical({ next, dx, dprev, dp }: Equations): string {
  const lines: string[] = [];
  const numbers = new Map<string, number>();
  const known = new Map<Value, number>();
  const numberOf = (result: Value): number => {
    const waiting = [result];
    for (let value = waiting.at(-1); value; value = waiting.at(-1)) {
      const before = value.args.find(arg => !known.has(arg));
      if (before) {
        waiting.push(before);
        continue;
      }
      waiting.pop();
      const line = `${meaningOf(value, known)} ${value.samples ? 'B' : value.shape[0]}×${value.shape[1]}`;
      const number = numbers.get(line) ?? lines.push(line) - 1;
      numbers.set(line, number);
      known.set(value, number);
    }
    return known.get(result) ?? -1;
  };
  const results = { next, dprev, dp, '': { dx } };
  const ends = Object.entries(results).flatMap(([role, parts]) =>
    Object.entries(parts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${role} ${JSON.stringify(name)} = ${numberOf(value)}`),
  );
  return [...lines, ...ends].join('\n');
}

/** What a value is, of those before it by their numbers. */
function meaningOf({ input, constant, operation, args }: Value, known: ReadonlyMap<Value, number>): string {
  if (input) return `${input.role} ${JSON.stringify(input.name)}`;
  if (constant) {
    const { rows, columns } = constant;
    const elements = Array.from({ length: rows * columns }, (_, n) =>
      exact(constant.get(Math.floor(n / columns), n % columns)),
    );
    return `given ${elements.join(' ')}`;
  }
  const given = args.map(arg => known.get(arg)).join(' ');
  return operation ? `${operation.name}${hidden(operation)} ${given}` : given;
}

/** What an operation has beside its name and its shape. */
function hidden(operation: Operation): string {
  if (operation.kind === 'part') return ` from ${operation.from}`;
  if (operation.kind === 'opaque') return ` ${PROBES.map(a => valueAt(operation, a)).join(' ')}`;
  return '';
}

/** Where a function of JavaScript, which cannot be looked into, is told from another. */
const PROBES: readonly number[] = [-30, -3, -1.3, -0.7, -0.1, 0, 0.1, 0.7, 1.3, 3, 30];

/** To so many digits, in which versions of a runtime agree about sin and its like. */
const DIGITS = 9;

function valueAt(operation: Operation, a: number): string {
  const grid = { rows: 1, columns: 1, get: () => a };
  try {
    return operation.evaluate(float64, [grid, grid, grid], 0, 0).toPrecision(DIGITS);
  } catch {
    return 'none'; // it throws: that tells it apart too
  }
}

function exact(x: number): string {
  return Object.is(x, -0) ? '-0' : `${x}`;
}
