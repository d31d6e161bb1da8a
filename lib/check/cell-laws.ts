/** What holds of a cell beside the laws of the layer that it is unrolled to, where it is given copies of all it might change. */
import type { Cell, CellSize } from '../cells/cell.ts';
import { fitting } from '../cells/sizes.ts';
import { timed } from '../cells/timed.ts';
import { BpttError } from '../errors.ts';
import { unroll } from '../layers/unroll.ts';
import { Random } from '../random.ts';
import { adjointLaw } from './dot-test.ts';
import type { Law } from './law.ts';
import { numbersIn, randomParameters, randomSequence, randomState } from './problem.ts';
import type { Scope } from './scope.ts';

/** The problem that they are tried on. */
interface Tried extends CellSize {
  readonly T: number;
  readonly B: number;
  readonly seed: number;
  /** Whether it is to have these inputs and units, and no more. */
  readonly fixed: boolean;
  /** See {@link lawsOf}. */
  readonly differentiated: boolean;
  readonly scope: Scope;
}

/**
 * A step changes nothing that it is given but the gradients of its parameters; and the dot test holds of a larger layer, of
 * more units than a vector has numbers, with as many inputs, over more steps and sequences: a mistake may need some of these.
 */
export function cellLaws(cell: Cell, { T, B, d, m, seed, fixed, differentiated, scope }: Tried): readonly Law[] {
  const own = changesNothing(cell, { d, m }, new Random(seed));
  if (!differentiated) return [own];
  const large = fixed ? { d, m } : largerFor(cell, { d, m });
  return [own, larger(adjointLaw(unroll(cell, large), { T: 5 * T - 1, B: 2 * B, seed, scope }), large, 2 * B)];
}

/** Twice the units and one more, with as many inputs; the same again of a cell that cannot have that. */
function largerFor(cell: Cell, { d, m }: CellSize): CellSize {
  try {
    const large = fitting(cell, { d: 2 * m + 1, m: 2 * m + 1 });
    cell.params(large);
    return large;
  } catch (error) {
    if (!(error instanceof BpttError)) throw error;
    return { d, m };
  }
}

function larger(law: Law, { d, m }: CellSize, B: number): Law {
  return { ...law, name: `${law.name}, d=${d} m=${m} B=${B}` };
}

/** By how much what a step is given is larger than usual: what it would clip is beyond where. */
const LARGE = 8;

function changesNothing(given: Cell, size: CellSize, rng: Random): Law {
  const B = 2;
  const cell = timed(given);
  const layer = unroll(cell, size);
  randomParameters(layer, 0.5, rng);
  const p = Object.freeze({ ...layer.params.named() });
  const x = randomSequence({ T: 1, B, F: size.d }, rng).at(0).clone();
  const [prev, dnext] = [randomState(layer, B, rng), randomState(layer, B, rng)] as const;
  for (const part of [x, ...Object.values(prev), ...Object.values(dnext)]) part.mul(LARGE);
  const name = 'a step changes nothing that it is given';
  const ahead = { p, x, prev };
  const before = numbersOf(ahead);
  const { tape } = cell.forward(p, x, prev as Parameters<Cell['forward']>[2]);
  const changed = differs(before, numbersOf(ahead));
  if (changed) return { name, ok: false, worst: Number.POSITIVE_INFINITY, broken: `${changed}, by forward` };
  const back = { ...ahead, tape, dnext };
  const left = numbersOf(back);
  cell.backward(p, tape, dnext as Parameters<Cell['backward']>[2], layer.params.namedGrads());
  const then = differs(left, numbersOf(back));
  return then
    ? { name, ok: false, worst: Number.POSITIVE_INFINITY, broken: `${then}, by backward` }
    : { name, ok: true, worst: 0 };
}

type Numbers = Readonly<Record<string, readonly number[]>>;

function numbersOf(all: Readonly<Record<string, unknown>>): Numbers {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, numbersIn(value)]));
}

/** The name of what is no longer the same. */
function differs(before: Numbers, after: Numbers): string | undefined {
  return Object.keys(before).find(name => before[name]?.some((x, i) => !Object.is(x, after[name]?.[i])));
}
