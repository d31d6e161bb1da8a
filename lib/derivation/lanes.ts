/** Numbers side by side: how one value changes with each of many is found in one evaluation instead of as many. */
import type { ProofNumbers } from '../check/field.ts';
import type { Ground } from './numbers.ts';

/** A number for each lane. */
export class Several<N> {
  readonly each: readonly N[];

  constructor(each: readonly N[]) {
    this.each = each;
  }
}

/** Numbers in lanes; one that is the same in all of them stands for itself. */
export type Lanes<N> = N | Several<N>;

/** The number in a lane. */
export function laneOf<N>(number: Lanes<N>, lane: number): N {
  return number instanceof Several ? (number.each[lane] as N) : number;
}

/** Of so many lanes one, where it is 1, and 0 in the others. */
export function unitOf<N>({ constant }: ProofNumbers<N>, lane: number, lanes: number): Lanes<N> {
  const [zero, one] = [constant(0), constant(1)];
  return new Several(Array.from({ length: lanes }, (_, n) => (n === lane ? one : zero)));
}

/** The same numbers and draws, in lanes. */
export function inLanes<N>({ numbers: n, leaf, whole, same }: Ground<N>): Ground<Lanes<N>> {
  return { numbers: numbersInLanes(n), leaf, whole, same: (a, b) => isEvery(a, b, same) };
}

function numbersInLanes<N>(n: ProofNumbers<N>): ProofNumbers<Lanes<N>> {
  const of =
    (f: (a: N) => N) =>
    (a: Lanes<N>): Lanes<N> =>
      a instanceof Several ? new Several(a.each.map(f)) : f(a);
  const ofTwo =
    (f: (a: N, b: N) => N) =>
    (a: Lanes<N>, b: Lanes<N>): Lanes<N> => {
      if (a instanceof Several) return new Several(a.each.map((x, lane) => f(x, laneOf(b, lane))));
      return b instanceof Several ? new Several(b.each.map(y => f(a, y))) : f(a, b);
    };
  return {
    constant: n.constant,
    ...{ add: ofTwo(n.add), sub: ofTwo(n.sub), mul: ofTwo(n.mul), div: ofTwo(n.div) },
    ...{ max: ofTwo(n.max), min: ofTwo(n.min), abs: of(n.abs), above: ofTwo(n.above) },
    ...{ sqrt: of(n.sqrt), exp: of(n.exp), log: of(n.log), log1p: of(n.log1p) },
    ...{ sigmoid: of(n.sigmoid), tanh: of(n.tanh) },
    apply: (operation, a) => of(x => n.apply(operation, x))(a),
  };
}

function isEvery<N>(a: Lanes<N>, b: Lanes<N>, is: (a: N, b: N) => boolean): boolean {
  const several = a instanceof Several ? a : b;
  if (several instanceof Several) return several.each.every((_, lane) => is(laneOf(a, lane), laneOf(b, lane)));
  return is(a as N, b as N);
}
