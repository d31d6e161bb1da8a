/** A layer's two passes on one problem, and on what should come to the same: other padding, another order, two halves. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { type Layer, zeroState } from '../layers/layer.ts';
import type { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** Gradients, and results of the forward pass, by name, as flat numbers. */
export type Gradients = Readonly<Record<string, readonly number[]>>;

/** dL/dy and dL/ds_T. */
export interface Cotangent {
  readonly dy: Sequence;
  readonly ds: Matrices;
}

/** What a forward and a backward pass are run on. */
export interface Passes {
  readonly x: Sequence;
  readonly s0: Matrices;
  readonly cotangent: Cotangent;
}

/** What one backward pass gives: `params`, `x`, and the initial state's parts, `h0`. The gradients are zeroed before. */
export function gradients(layer: Layer, tape: unknown, { dy, ds }: Cotangent): Gradients {
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, dy, ds);
  return { params: [...layer.params.grads], x: flat(dx.rows()), ...states(ds0, '0') };
}

/** What both passes give: the gradients, and `y` and the final state's parts, `h_T`. */
export function passes(layer: Layer, { x, s0, cotangent }: Passes): Gradients {
  const { y, sT, tape } = layer.forward(x, s0);
  return { y: flat(y.rows()), ...states(sT, '_T'), ...gradients(layer, tape, cotangent) };
}

/** The same where padding holds other numbers, in x and in the cotangent of y. */
export function spoilt(layer: Layer, { x, s0, cotangent: { dy, ds } }: Passes, rng: Random): Gradients {
  const spoil = (s: Sequence) => {
    const copy = Sequence.dense(flat(s.rows()), { ...s.extent(), F: s.F });
    const rows = copy.rows();
    for (let n = 0; n < rows.rows; n++) {
      for (let j = 0; j < rows.columns && !s.counts(n); j++) rows.set(n, j, 100 * rng.normal());
    }
    return copy;
  };
  return passes(layer, { x: spoil(x), s0, cotangent: { dy: spoil(dy), ds } });
}

/**
 * The same for the batch whose sequence n is sequence order[n] of this one, put back into this one's order. The order
 * may leave sequences out: what belongs to them is then zero.
 */
export function permuted(layer: Layer, { x, s0, cotangent }: Passes, order: readonly number[]): Gradients {
  const { B } = x;
  const { y, sT, tape } = layer.forward(picked(x, order), parts(s0, order));
  const { dy, ds } = cotangent;
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, picked(dy, order), parts(ds, order));
  const back = Array.from({ length: B }, (_, n) => order.indexOf(n));
  return {
    y: flat(rowsOf(y, back)),
    ...states(parts(sT, back), '_T'),
    params: [...layer.params.grads],
    x: flat(rowsOf(dx, back)),
    ...states(parts(ds0, back), '0'),
  };
}

/** The same with the first `T1` steps and the others run one after the other, forward and then backward. */
export function inHalves(layer: Layer, { x, s0, cotangent: { dy, ds } }: Passes, T1: number): Gradients {
  const one = layer.forward(x.slice(0, T1), s0);
  const two = layer.forward(x.slice(T1, x.T), one.sT);
  layer.params.zeroGrads();
  if (dy.T !== x.T) return {};
  const second = layer.backward(two.tape, dy.slice(T1, x.T), ds);
  const first = layer.backward(one.tape, dy.slice(0, T1), second.ds0);
  return {
    y: [...flat(one.y.rows()), ...flat(two.y.rows())],
    ...states(two.sT, '_T'),
    params: [...layer.params.grads],
    x: [...flat(first.dx.rows()), ...flat(second.dx.rows())],
    ...states(first.ds0, '0'),
  };
}

/** What of a problem is given: all of it, or what stands for it where it is not. */
export interface Given {
  readonly lengths: boolean;
  readonly s0: boolean;
  readonly dsT: boolean;
  readonly oneHot: boolean;
}

/**
 * The same for x of one class a step, none of which ends early, from a state of zeros, whose last one has no gradient: each
 * of which may be said, or left out. Before it the passes go over a problem in which all is otherwise.
 */
export function whatIs(layer: Layer, other: Passes, given: Given): Gradients {
  passes(layer, other);
  const { T, B, F } = other.x;
  const extent = { T, B, ...(given.lengths && { lengths: new Array<number>(B).fill(T) }) };
  const classes = Array.from({ length: T * B }, (_, n) => (3 * n + Math.floor(n / F)) % F);
  const symbols = Sequence.oneHot(classes, { ...extent, classes: F });
  const x = given.oneHot ? symbols : Sequence.dense(flat(symbols.rows()), { ...extent, F });
  const zeros = zeroState(layer.state, B);
  const { y, sT, tape } = layer.forward(x, given.s0 ? zeros : undefined);
  const { dy } = other.cotangent;
  layer.params.zeroGrads();
  const back = Sequence.dense(flat(dy.rows()), { ...y.extent(), F: y.F });
  const { dx, ds0 } = layer.backward(tape, back, given.dsT ? zeroState(layer.state, B) : undefined);
  const results = { y: flat(y.rows()), ...states(sT, '_T') };
  return { ...results, params: [...layer.params.grads], x: flat(dx.rows()), ...states(ds0, '0') };
}

/** The sum of two sets, name by name. */
export function summed(g: Gradients, h: Gradients): Gradients {
  return Object.fromEntries(
    Object.entries(g).map(([name, values]) => [name, values.map((value, i) => value + (h[name]?.[i] ?? Number.NaN))]),
  );
}

/** a·p + b·q. */
export function combine(p: Cotangent, q: Cotangent, a: number, b: number): Cotangent {
  const mix = (u: AbstractMatrix, v: AbstractMatrix) =>
    new Matrix(u.to2DArray().map((row, i) => row.map((value, j) => a * value + b * v.get(i, j))));
  const dy = Sequence.dense(flat(mix(p.dy.rows(), q.dy.rows())), { ...p.dy.extent(), F: p.dy.F });
  const mixed = Object.entries(p.ds).map(([name, part]) => [name, mix(part, q.ds[name] ?? part)]);
  return { dy, ds: Object.fromEntries(mixed) };
}

/** The batch of some sequences of this one. */
function picked(s: Sequence, order: readonly number[]): Sequence {
  const { T, F, lengths } = s;
  const own = lengths && order.map(n => lengths[n] ?? T);
  return Sequence.dense(flat(rowsOf(s, order)), { T, B: order.length, F, ...(own && { lengths: own }) });
}

/** At every step the rows of the sequences named; zeros for one that is not there. */
function rowsOf(s: Sequence, order: readonly number[]): Matrix {
  const rows = s.rows();
  const row = (t: number, n: number) => (n < 0 ? new Array<number>(s.F).fill(0) : rows.getRow(t * s.B + n));
  return new Matrix(Array.from({ length: s.T }, (_, t) => order.map(n => row(t, n))).flat());
}

function parts(s: Matrices, order: readonly number[]): Matrices {
  const rows = (part: AbstractMatrix) =>
    new Matrix(order.map(n => (n < 0 ? new Array<number>(part.columns).fill(0) : part.getRow(n))));
  return Object.fromEntries(Object.entries(s).map(([name, part]) => [name, rows(part)]));
}

function states(s: Matrices, suffix: string): Gradients {
  return Object.fromEntries(Object.entries(s).map(([name, part]) => [`${name}${suffix}`, flat(part)]));
}

const flat = (a: AbstractMatrix): number[] => a.to2DArray().flat();
