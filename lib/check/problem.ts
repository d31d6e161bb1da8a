/** The random problems that cells, layers and losses are checked on. */
import type { AbstractMatrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import { normal } from '../init/initialisers.ts';
import { type Layer, zeroState } from '../layers/layer.ts';
import type { Random } from '../random.ts';
import { isMatrix } from '../require.ts';
import { type Extent, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { inner } from './directions.ts';
import type { CheckedTensor } from './finite-differences.ts';
import type { Origins } from './origins.ts';

/** Steps that a problem may have: each is run many times. */
const MOST = 2 ** 24;

/** Lengths that differ: sequence b has b steps less than T, the last no more than half of them, and none less than one. */
export function raggedLengths(T: number, B: number): number[] {
  if (T * B > MOST) throw new ValueError('T·B', `at most ${MOST} steps of all sequences`, `${T * B}`);
  return Array.from({ length: B }, (_, b) => (b > 0 && b === B - 1 ? Math.ceil(T / 2) : Math.max(1, T - b)));
}

/** A sequence of standard normal numbers, at padding too. */
export function randomSequence(extent: Extent & { readonly F: number }, rng: Random): Sequence {
  const sequence = Sequence.zeros(extent);
  normal(1)(sequence.rows(), rng);
  return sequence;
}

/** So many classes of C. */
export function randomClasses(n: number, C: number, rng: Random): number[] {
  return Array.from({ length: n }, () => Math.floor(rng.uniform() * C));
}

/** A state of normal numbers; what counts begins with some whole number, another for each sequence. */
export function randomState({ state, counts = [] }: Layer, B: number, rng: Random): Matrices {
  const s = zeroState(state, B);
  for (const [name, matrix] of Object.entries(s)) {
    if (!counts.includes(name)) normal(0.7)(matrix, rng);
    else for (let b = 0; b < B; b++) matrix.set(b, 0, Math.floor(MOST_BEFORE * rng.uniform()));
  }
  return s;
}

/** Steps that may have been before. */
const MOST_BEFORE = 20;

/** Normal numbers for every parameter: for those too that have a first value, of which 1 would hide a factor. */
export function randomParameters({ params }: Layer, std: number, rng: Random): void {
  for (const matrix of Object.values(params.named())) normal(std)(matrix, rng);
}

/** A layer's parameters and the gradients that lie in it. */
export function parameters({ params }: Layer, origins: Origins = {}): CheckedTensor[] {
  const grads: Matrices = params.namedGrads();
  return Object.entries(params.named()).map(([name, values]) => ({
    name,
    values,
    gradient: part(grads, name),
    ...origins[name],
  }));
}

/** The parts of an initial state in which there is a gradient, under their names and a 0: h0, c0. */
export function initialStates(
  { counts = [] }: Pick<Layer, 'counts'>,
  s0: Matrices,
  ds0: Matrices,
  origins: Origins = {},
): CheckedTensor[] {
  const names = Object.keys(s0).filter(name => !counts.includes(name));
  return names.map(name => ({
    name: `${name}0`,
    values: part(s0, name),
    gradient: part(ds0, name),
    ...origins[name],
  }));
}

/** The input, row n of which is step ⌊n/B⌋ of sequence n mod B. */
export function input(x: Sequence, dx: Sequence, origins: Origins = {}): CheckedTensor {
  const index = (n: number, j: number) => [Math.floor(n / x.B), n % x.B, j];
  return { name: 'x', values: x.rows(), gradient: dx.rows(), ...origins.x, index };
}

/** The sum of ⟨a, b⟩ over the parts of two states. */
export function innerStates(a: Matrices, b: Matrices): number {
  return Object.keys(a).reduce((sum, name) => sum + inner(part(a, name), part(b, name)), 0);
}

function part(s: Matrices, name: string): AbstractMatrix {
  const matrix = s[name];
  if (!matrix) throw new Error(`there is no ${name}`);
  return matrix;
}

/** All numbers in a value, however it is built, in a fixed order. */
export function numbersIn(value: unknown, seen: Set<object> = new Set()): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  if (isMatrix(value)) return value.to2DArray().flat();
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  return Object.values(value).flatMap(part => numbersIn(part, seen));
}
