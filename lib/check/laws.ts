/**
 * What holds of every right backward pass, whatever the numbers: laws that need no finite difference, and that say
 * where a gradient breaks them. They catch what a gradient check on one problem cannot: state that is kept between calls,
 * memory that is overwritten, sequences that look at each other.
 */
import { AbstractMatrix, Matrix } from 'ml-matrix';
import { normal } from '../init/initialisers.ts';
import type { Layer } from '../layers/layer.ts';
import { Random } from '../random.ts';
import { requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { raggedLengths, randomSequence, randomState } from './problem.ts';

/** One law, and whether it holds. */
export interface Law {
  readonly name: string;
  readonly ok: boolean;
  /** Where it is broken: the name of a gradient, or what has changed. */
  readonly broken?: string;
}

/** The problem that laws are tried on. */
export interface CheckLawsOptions {
  readonly T?: number;
  readonly B?: number;
  readonly seed?: number;
}

/** Sums in another order differ by rounding: |a − b| ≤ this times the largest |b| of the tensor, or 1. */
const ROUNDING = 1e-11;

/** Everything a backward pass gives, by name, as flat numbers. */
type Gradients = Readonly<Record<string, readonly number[]>>;

/**
 * Tries the laws of a backward pass on a layer: linear in the cotangents, zero for zero ones, added to what is there, the
 * same bits a second time, nothing else changed, blind to padding, and the same for sequences of a batch in any order.
 * The layer's parameters are overwritten.
 *
 * @throws ValueError when a size or the seed is none.
 *
 * @example
 * ```ts
 * import { gru, unroll } from 'bptt';
 * import { checkLaws } from 'bptt/check';
 *
 * console.log(checkLaws(unroll(gru, { d: 2, m: 3 })).every(({ ok }) => ok)); // → true
 * ```
 */
export function checkLaws(layer: Layer, { T = 5, B = 3, seed = 1 }: CheckLawsOptions = {}): readonly Law[] {
  requireSize('T', T);
  requireSize('B', B);
  const rng = new Random(seed);
  normal(0.5)(layer.params, rng);
  const lengths = raggedLengths(T, B);
  const x = randomSequence({ T, B, F: layer.inputs, lengths }, rng);
  const s0 = randomState(layer, B, rng);
  const { y, tape } = layer.forward(x, s0);
  const cotangent = () => ({ dy: randomSequence({ ...y.extent(), F: y.F }, rng), ds: randomState(layer, B, rng) });
  const [first, second] = [cotangent(), cotangent()];
  const zero = combine(first, first, 1, -1);
  const [a, b] = [1.75, -0.5];

  const of = ({ dy, ds }: Cotangent): Gradients => {
    layer.params.zeroGrads();
    return backward(layer, tape, dy, ds);
  };
  const snapshot = () => numbersIn([tape, x, s0, first, layer.params.values]);
  const before = snapshot();
  const g = of(first);
  const untouched = same(before, snapshot());
  const again = of(first);
  backward(layer, tape, first.dy, first.ds);
  const twice = parametersOf(layer);
  const order = Array.from({ length: B }, (_, n) => (n + 1) % B);
  const swapped = permuted(layer, { x, s0, cotangent: first }, order);

  return [
    law('the same bits a second time', differing(g, again, 0)),
    law('nothing but the gradients changed', untouched ? undefined : 'tape, inputs, cotangents or parameters'),
    law(
      'added to the gradients there are',
      differing({ params: twice }, { params: scaled(parameters(g), 2) }, ROUNDING),
    ),
    law(
      'zero for zero cotangents',
      differing(
        of(zero),
        mapped(g, () => 0),
        0,
      ),
    ),
    law('linear in the cotangents', differing(of(combine(first, second, a, b)), sum(g, of(second), a, b), ROUNDING)),
    law('blind to padding', differing(spoilt(layer, { x, s0, cotangent: first }, rng), g, 0)),
    law('the same for sequences in any order', differing(swapped, g, ROUNDING)),
  ];
}

interface Cotangent {
  readonly dy: Sequence;
  readonly ds: Matrices;
}

interface Problem {
  readonly x: Sequence;
  readonly s0: Matrices;
  readonly cotangent: Cotangent;
}

function law(name: string, broken: string | undefined): Law {
  return broken === undefined ? { name, ok: true } : { name, ok: false, broken };
}

function backward(layer: Layer, tape: unknown, dy: Sequence, ds: Matrices): Gradients {
  const { dx, ds0 } = layer.backward(tape, dy, ds);
  const states = Object.entries(ds0).map(([name, part]) => [`${name}0`, flat(part)]);
  return { params: parametersOf(layer), x: flat(dx.rows()), ...Object.fromEntries(states) };
}

/** The gradients where padding holds other numbers, in x and in the cotangent of y. */
function spoilt(layer: Layer, { x, s0, cotangent }: Problem, rng: Random): Gradients {
  const spoil = (s: Sequence) => {
    const copy = Sequence.dense(Float64Array.from(flat(s.rows())), { ...s.extent(), F: s.F });
    const rows = copy.rows();
    for (let n = 0; n < rows.rows; n++) {
      for (let j = 0; j < rows.columns && !s.counts(n); j++) rows.set(n, j, 100 * rng.normal());
    }
    return copy;
  };
  layer.params.zeroGrads();
  return backward(layer, layer.forward(spoil(x), s0).tape, spoil(cotangent.dy), cotangent.ds);
}

/** The gradients of the batch whose sequence n is sequence order[n] of this one, put back in this one's order. */
function permuted(layer: Layer, { x, s0, cotangent }: Problem, order: readonly number[]): Gradients {
  const sequence = (s: Sequence, from: readonly number[]) => {
    const { T, B, F, lengths } = s;
    const moved = Array.from({ length: T }, (_, t) => from.map(n => s.rows().getRow(t * B + n))).flat(2);
    const own = lengths && from.map(n => lengths[n] ?? T);
    return Sequence.dense(moved, { T, B, F, ...(own && { lengths: own }) });
  };
  const state = (s: Matrices, from: readonly number[]): Matrices =>
    Object.fromEntries(Object.entries(s).map(([name, part]) => [name, new Matrix(from.map(n => part.getRow(n)))]));
  const back = order.map((_, n) => order.indexOf(n));
  layer.params.zeroGrads();
  const { tape } = layer.forward(sequence(x, order), state(s0, order));
  const { dx, ds0 } = layer.backward(tape, sequence(cotangent.dy, order), state(cotangent.ds, order));
  const states = Object.entries(state(ds0, back)).map(([name, part]) => [`${name}0`, flat(part)]);
  return { params: parametersOf(layer), x: flat(sequence(dx, back).rows()), ...Object.fromEntries(states) };
}

/** The first gradient in which two sets differ by more than rounding allows; undefined where none does. */
function differing(actual: Gradients, expected: Gradients, rounding: number): string | undefined {
  return Object.keys(expected).find(name => {
    const [as, es] = [actual[name] ?? [], expected[name] ?? []];
    const bound = rounding * Math.max(1, ...es.map(Math.abs));
    return as.length !== es.length || as.some((a, i) => !(Math.abs(a - (es[i] ?? Number.NaN)) <= bound));
  });
}

function combine(p: Cotangent, q: Cotangent, a: number, b: number): Cotangent {
  const mix = (u: AbstractMatrix, v: AbstractMatrix) =>
    new Matrix(u.to2DArray().map((row, i) => row.map((value, j) => a * value + b * v.get(i, j))));
  const dy = Sequence.dense(flat(mix(p.dy.rows(), q.dy.rows())), { ...p.dy.extent(), F: p.dy.F });
  const parts = Object.entries(p.ds).map(([name, part]) => [name, mix(part, q.ds[name] ?? part)]);
  return { dy, ds: Object.fromEntries(parts) };
}

function sum(g: Gradients, h: Gradients, a: number, b: number): Gradients {
  return mapped(g, (value, name, i) => a * value + b * (h[name]?.[i] ?? Number.NaN));
}

function mapped(g: Gradients, f: (value: number, name: string, i: number) => number): Gradients {
  return Object.fromEntries(
    Object.entries(g).map(([name, values]) => [name, values.map((value, i) => f(value, name, i))]),
  );
}

function scaled(values: readonly number[], factor: number): number[] {
  return values.map(value => factor * value);
}

const parameters = (g: Gradients): readonly number[] => g.params ?? [];
const parametersOf = ({ params }: Layer): number[] => [...params.grads];
const flat = (a: AbstractMatrix): number[] => a.to2DArray().flat();

/** All numbers in a value, however it is built, in a fixed order. */
function numbersIn(value: unknown, seen: Set<object> = new Set()): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof AbstractMatrix) return flat(value);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  return Object.values(value).flatMap(part => numbersIn(part, seen));
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
