/**
 * How large the degree of what is computed can be, as a quotient of polynomials in what was drawn: by it the chance is bounded
 * that what is wrong vanishes where it is drawn (Schwartz, 1980; Zippel, 1979).
 */
import type { ProofNumbers } from './field.ts';

/** A denominator that things stand over, one for every quotient: its degree, in how many elements there is one, and its power. */
interface Under {
  readonly degree: number;
  readonly elements: number;
  readonly power: number;
}

/** A bound: the degree of what stands above, where a denominator counts nothing, and the denominators. */
export interface Degree {
  readonly above: number;
  readonly under: ReadonlyMap<object, Under>;
}

const NONE: ReadonlyMap<object, Under> = new Map();

/** What is drawn, or what an elementary function gives, which is random. */
export const drawn = (): Degree => ({ above: 1, under: NONE });

/** Of the numerator over the common denominator of all elements. */
export function degreeOf({ above, under }: Degree): number {
  return above + denominatorOf(under);
}

function denominatorOf(under: ReadonlyMap<object, Under>): number {
  let total = 0;
  for (const { degree, elements, power } of under.values()) total += degree * elements * power;
  return total;
}

function merged(
  a: ReadonlyMap<object, Under>,
  b: ReadonlyMap<object, Under>,
  join: (p: number, q: number) => number,
): ReadonlyMap<object, Under> {
  if (b.size === 0) return a;
  const all = new Map(a);
  for (const [key, other] of b) all.set(key, { ...other, power: join(all.get(key)?.power ?? 0, other.power) });
  return all;
}

type Applying = (argument: Degree, isChoice: boolean) => void;

/**
 * Bounds as numbers, so that every equation can be read with them.
 *
 * @param elements how many the value has that is computed.
 * @param applied is told the degree of every argument of an elementary function, or of an indicator, which makes a choice.
 */
export function degreeNumbers(elements: number, applied: Applying = () => undefined): ProofNumbers<Degree> {
  const constant: Degree = { above: 0, under: NONE };
  const add = (a: Degree, b: Degree): Degree => ({
    above: Math.max(a.above, b.above),
    under: merged(a.under, b.under, Math.max),
  });
  const mul = (a: Degree, b: Degree): Degree => ({
    above: a.above + b.above,
    under: merged(a.under, b.under, (p, q) => p + q),
  });
  const of = (a: Degree): Degree => {
    applied(a, false);
    return drawn();
  };
  const chosen = (a: Degree, b: Degree): Degree => {
    applied(add(a, b), true);
    return add(a, b);
  };
  return {
    constant: () => constant,
    add,
    sub: add,
    mul,
    div: (a, b) => ({
      above: a.above + denominatorOf(b.under),
      under: merged(a.under, new Map([[{}, { degree: degreeOf(b), elements, power: 1 }]]), (p, q) => p + q),
    }),
    max: chosen,
    min: chosen,
    abs: a => chosen(a, a),
    above(a, b) {
      chosen(a, b);
      return constant;
    },
    sqrt: of,
    exp: of,
    log: of,
    log1p: of,
    sigmoid: of,
    tanh: of,
    apply: (_, a) => of(a),
  };
}
