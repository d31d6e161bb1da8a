/** What the equations of a derivation are evaluated over: residues first, where equality is no accident, then floats. */
import { type Dual, dualNumbers } from '../check/dual.ts';
import { fieldOf, type ProofNumbers, type Residue, same } from '../check/field.ts';
import { float64 } from '../equations/numbers.ts';
import type { Elementwise } from '../equations/operation.ts';
import { Random, streamSeed } from '../random.ts';
import { Unread } from './latex.ts';

/** Numbers, what is drawn in place of what is given, and what counts as equal. */
export interface Ground<N> {
  readonly numbers: ProofNumbers<N>;
  /** The number that a text stands for, the same whenever it is asked for. */
  leaf(text: string): N;
  /** The whole number from 1 to n that a text stands for. */
  whole(text: string, n: number): number;
  same(a: N, b: N): boolean;
}

export function exactly(key: number): Ground<Residue> {
  const field = fieldOf(key);
  return { numbers: field, leaf: remembered(() => field.draw()), whole: wholeBy(key), same };
}

/** Digits in which two floats have to agree: what remains of 16 where large terms cancel. */
const AGREE = 1e-9;

export function inFloats(seed: number): Ground<number> {
  const random = new Random(seed);
  return {
    numbers: { ...float64, apply: (operation, a) => operation.element(float64, a, a) },
    leaf: remembered(() => 2 * random.uniform() - 1),
    whole: wholeBy(seed),
    same: (a, b) => Math.abs(a - b) <= AGREE * Math.max(1, Math.abs(a), Math.abs(b)),
  };
}

/** The same with every parameter, which is what does not go with the time, moving along a random direction. */
export function moving<N>({ numbers, leaf, whole, same }: Ground<N>): Ground<Dual<N>> {
  const zero = numbers.constant(0);
  return {
    numbers: dualNumbers(numbers),
    leaf: text => ({ value: leaf(text), tangent: /^\S+ {2}\d+$/.test(text) ? leaf(`along ${text}`) : zero }),
    whole,
    same: (a, b) => same(a.value, b.value) && same(a.tangent, b.tangent),
  };
}

/** Whole numbers by their texts: of every text another, and always the same. */
function wholeBy(seed: number): Ground<unknown>['whole'] {
  return (text, n) => 1 + Math.floor(new Random(streamSeed(seed, text)).uniform() * n);
}

function remembered<N>(draw: () => N): (text: string) => N {
  const known = new Map<string, N>();
  return text => {
    const value = known.get(text) ?? draw();
    known.set(text, value);
    return value;
  };
}

/** A function to whole numbers, whose slope is 0: in a field any function. */
export function rounded(name: string, f: (x: number) => number): Elementwise {
  return {
    name: `derivation ${name}`,
    kind: 'elementwise',
    costly: true,
    shape: a => a,
    evaluate: (n, [a], i, j) => n.constant(f(Number(a.get(i, j)))),
    element: (n, a) => n.constant(f(Number(a))),
    print: a => `${name}(${a})`,
    slope: { of: 'input', by: () => rounded(`slope of ${name}`, () => 0) },
  };
}

/** Derivatives that a function which is not defined has. */
const MOST_PRIMES = 3;

/**
 * A function that a derivation names and does not define, or one of its derivatives: in a field any function, in floats
 * 0.7 tanh a + 0.1 a, which is none that a derivation would name.
 */
export function unnamed(name: string, order: number, at: number): Elementwise {
  if (order > MOST_PRIMES) throw new Unread(`${name} with more than ${MOST_PRIMES} primes`, at);
  return {
    name: `derivation ${name}${'′'.repeat(order)}`,
    kind: 'elementwise',
    costly: true,
    shape: a => a,
    evaluate: (n, [a], i, j) => unnamed(name, order, at).element(n, a.get(i, j), a.get(i, j)),
    element: (n, a) => {
      const t = n.tanh(a);
      const slope = n.sub(n.constant(1), n.mul(t, t));
      const c = n.constant;
      if (order === 0) return n.add(n.mul(c(0.7), t), n.mul(c(0.1), a));
      if (order === 1) return n.add(n.mul(c(0.7), slope), c(0.1));
      if (order === 2) return n.mul(c(-1.4), n.mul(t, slope));
      return n.mul(c(-1.4), n.mul(slope, n.sub(slope, n.mul(c(2), n.mul(t, t)))));
    },
    print: a => `${name}${'′'.repeat(order)}(${a})`,
    slope: { of: 'input', by: () => unnamed(name, order + 1, at) },
  };
}
