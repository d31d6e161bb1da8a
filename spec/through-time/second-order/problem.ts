/**
 * What the specs of second-order products share: a network of any cell and loss with everything drawn that its loss
 * depends on, its gradient by the ordinary backward pass, and the differences of that.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { Layer } from '../../../lib/layers/layer.ts';
import { readout } from '../../../lib/layers/readout.ts';
import { type StackTape, stack } from '../../../lib/layers/stack.ts';
import { unroll } from '../../../lib/layers/unroll.ts';
import type { Weighting } from '../../../lib/losses/loss.ts';
import { add, sub } from '../../../lib/matrix.ts';
import { Sequence } from '../../../lib/sequence.ts';
import type { Matrices } from '../../../lib/shape.ts';
import { gruTwice } from '../../../lib/through-time/second-order/gru.ts';
import { lstmTwice } from '../../../lib/through-time/second-order/lstm.ts';
import type { LabelledBatch, TwiceNet } from '../../../lib/through-time/second-order/r-forward.ts';
import { rnnTwice } from '../../../lib/through-time/second-order/rnn.ts';
import type { TwiceCell } from '../../../lib/through-time/second-order/twice-cell.ts';
import {
  crossEntropyTwice,
  squaredErrorTwice,
  type TwiceLoss,
} from '../../../lib/through-time/second-order/twice-loss.ts';
import { entries, lengths, matrix, sequence, size } from '../../arbitraries.ts';
import { states, type Tensors } from '../../layers/pytorch.ts';
import { deviation, flat } from '../../numbers.ts';

/** Class indices, or a sequence. */
export type Target = ArrayLike<number> | Sequence;

export type AnyCell = TwiceCell<string, 'h'>;

export type AnyLoss = TwiceLoss<Target>;

/** A network, the batch that its loss is taken over, its parameters, and two directions. */
export interface Problem {
  readonly net: TwiceNet<Target>;
  readonly batch: LabelledBatch<Target>;
  readonly theta: readonly number[];
  readonly u: readonly number[];
  readonly v: readonly number[];
}

export const cells: readonly AnyCell[] = [rnnTwice, lstmTwice, gruTwice];

/**
 * How far to go along v, in all. With the first step the truncation of a difference, h⁴, is as a rule about its rounding,
 * 1e-16/h; where a network bends more than that, the second is nearer. What is wrong agrees with neither.
 */
const STEPS = [3e-4, 1e-4] as const;

/** Differences along v, with the nearer step, have been seen 1.2e-10 apart from the product, over 18,000 problems. */
export const DIFFERENCES = 1e-9;

/** Every cell under every loss. */
export const networks: readonly (readonly [string, AnyCell, AnyLoss])[] = cells.flatMap(cell =>
  [crossEntropyTwice, squaredErrorTwice].map(loss => [`${cell.name}, ${loss.name}`, cell, loss] as const),
);

/** Everything drawn: sizes, unequal lengths, dense or one-hot inputs, a non-zero initial state, weights and masks. */
export function problem(cell: AnyCell, loss: AnyLoss): fc.Arbitrary<Problem> {
  return fc
    .tuple(size(6), size(3), size(3), size(4), size(4))
    .chain(([T, B, d, m, C]) => fc.tuple(fc.constant({ T, B, d, m, C }), lengths(T, B)))
    .chain(([{ T, B, d, m, C }, own]) => {
      const net = { cell, loss, d, m, C };
      const extent = { T, B, ...(own && { lengths: own }) };
      const direction = entries(layerOf(net).params.size);
      const classes = (count: number) => fc.array(fc.nat(count - 1), { minLength: T * B, maxLength: T * B });
      const state = Object.entries(cell.state({ d, m })).map(([part, columns]) => [part, matrix(B, columns)]);
      const batch: fc.Arbitrary<LabelledBatch<Target>> = fc.record({
        x: fc.oneof(
          sequence(T, B, d, own),
          classes(d).map(indices => Sequence.oneHot(indices, { ...extent, classes: d })),
        ),
        y: loss.name === 'cross-entropy' ? classes(C) : sequence(T, B, C, own),
        s0: fc.record<Record<string, Matrix>>(Object.fromEntries(state)),
        weighting: weighting(T * B),
      });
      return fc.record({ net: fc.constant(net), batch, theta: direction, u: direction, v: direction });
    });
}

/** Weights of all steps, some of them zero, but not of the first; their sum or their mean. */
function weighting(steps: number): fc.Arbitrary<Weighting> {
  return fc.record({
    weights: fc
      .array(fc.nat(20), { minLength: steps, maxLength: steps })
      .map(tenths => tenths.map((n, i) => (n + (i === 0 ? 1 : 0)) / 10)),
    reduction: fc.constantFrom('sum', 'mean'),
  });
}

/** One fixed problem for what is not drawn: three sequences of 5, 2 and 4 steps, tokens repeated where `tokens`. */
export function fixed(cell: AnyCell, loss: AnyLoss, tokens: boolean = false): Problem {
  const [T, B, d, m, C] = [5, 3, 2, 3, 2];
  const net = { cell, loss, d, m, C };
  const extent = { T, B, lengths: [5, 2, 4] };
  const count = layerOf(net).params.size;
  const parts = Object.entries(cell.state({ d, m })).map(([part, columns], n) => [
    part,
    Matrix.from1DArray(B, columns, waves(B * columns, 6 + n)),
  ]);
  const indices = [0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0];
  return {
    net,
    batch: {
      x: tokens
        ? Sequence.oneHot(indices, { ...extent, classes: d })
        : Sequence.dense(waves(T * B * d, 4), { ...extent, F: d }),
      y: loss.name === 'cross-entropy' ? indices : Sequence.dense(waves(T * B * C, 5), { ...extent, F: C }),
      s0: Object.fromEntries(parts),
      weighting: { weights: waves(T * B, 8).map(w => 1 + w / 2) },
    },
    theta: waves(count, 1),
    u: waves(count, 2),
    v: waves(count, 3),
  };
}

/** Numbers between −1 and 1 without a pattern. */
export function waves(count: number, phase: number): number[] {
  return Array.from({ length: count }, (_, n) => Math.sin(2.3 * n + phase));
}

/** The network as an ordinary layer. */
export function layerOf({ cell, d, m, C }: TwiceNet<Target>): Layer<StackTape> {
  return stack({ cell: unroll(cell, { d, m }), readout: readout({ m, C }) });
}

/** The initial state under the names of that layer. */
export function stateOf({ s0 = {} }: LabelledBatch<Target>): Matrices {
  return Object.fromEntries(Object.entries(s0).map(([part, value]) => [`cell.${part}`, value]));
}

/** dL/dθ by the ordinary backward pass. */
export function gradient({ net, batch }: Problem, theta: readonly number[]): number[] {
  const layer = layerOf(net);
  layer.params.values.set(theta);
  const { y: o, tape } = layer.forward(batch.x, stateOf(batch));
  layer.backward(tape, net.loss.backward(net.loss.forward(o, batch.y, batch.weighting).tape));
  return [...layer.params.grads];
}

/** The parameters in which a claimed H·v, or R{f(θ)} of another f, is not the difference along v, with whatever step. */
export function wrong(
  drawn: Problem,
  claimed: ArrayLike<number>,
  f: (theta: readonly number[]) => AbstractMatrix = theta => Matrix.rowVector(gradient(drawn, theta)),
): string[] {
  const [first = [], ...others] = alongV(drawn, f).map(difference =>
    different(drawn.net, claimed, flat(difference), DIFFERENCES),
  );
  return first.filter(name => others.every(names => names.includes(name)));
}

/** How far a claimed R{f(θ)} is from the nearest of the differences of f along v. */
export function apart(Rf: AbstractMatrix, drawn: Problem, f: (theta: readonly number[]) => AbstractMatrix): number {
  return Math.min(...alongV(drawn, f).map(difference => deviation(Rf, difference)));
}

/** R{f(θ)} for every step, by four-point differences along v. */
function alongV({ theta, v }: Problem, f: (theta: readonly number[]) => AbstractMatrix): Matrix[] {
  const at = (shift: number) => f(theta.map((value, i) => value + shift * (v[i] ?? Number.NaN)));
  return STEPS.map(step => fourPoint(at, step / norm(v)));
}

/** ∂f(ε)/∂ε at 0: (f(−2h) − 8 f(−h) + 8 f(h) − f(2h)) / 12h. */
export function fourPoint(f: (shift: number) => AbstractMatrix, h: number): Matrix {
  const ends = sub(f(-2 * h), f(2 * h));
  return add(ends, scaled(sub(f(h), f(-h)), 8)).div(12 * h);
}

/** A case of `spec/fixtures/pytorch/hvp.json`; `make_hvp.py` there says what is in it. */
interface PytorchCase {
  readonly name: string;
  readonly cell: string;
  readonly loss: string;
  readonly T: number;
  readonly B: number;
  readonly d: number;
  readonly m: number;
  readonly C: number;
  readonly lengths: readonly number[];
  readonly theta: readonly number[];
  readonly v: readonly number[];
  readonly x: readonly number[];
  readonly s0: Tensors;
  readonly y: readonly number[];
  readonly expected: Readonly<Record<'g' | 'Hv' | 'Gv', Tensors>>;
}

/** PyTorch's cases: the problem, and the gradient, H v and G v by the names of their tensors. */
export function pytorchCases(): readonly {
  readonly name: string;
  readonly drawn: Problem;
  readonly expected: PytorchCase['expected'];
}[] {
  const url = new URL('../../fixtures/pytorch/hvp.json', import.meta.url);
  const { cases }: { readonly cases: readonly PytorchCase[] } = JSON.parse(readFileSync(url, 'utf8'));
  return cases.map(given => {
    const { name, T, B, d, m, C, theta, v, expected } = given;
    const [, cell, loss] = networks.find(([network]) => network === `${given.cell}, ${given.loss}`) ?? [];
    if (!cell || !loss) throw new Error(`there is no network ${name}`);
    const extent = { T, B, lengths: given.lengths };
    const y = given.loss === 'cross-entropy' ? given.y : Sequence.dense(given.y, { ...extent, F: C });
    const batch = { x: Sequence.dense(given.x, { ...extent, F: d }), y, s0: states({ B }, given.s0) };
    return { name, drawn: { net: { cell, loss, d, m, C }, batch, theta, u: v, v }, expected };
  });
}

/** Flat numbers in the layout of the network's parameters, by the name of the parameter: W_f, …, V, c. */
export function tensors(net: TwiceNet<Target>, numbers: ArrayLike<number>): Matrices {
  const { params } = layerOf(net);
  params.values.set(numbers);
  return Object.fromEntries(Object.entries(params.named()).map(([name, a]) => [name.split('.')[1] ?? name, a]));
}

/** The parameters in which two flat vectors differ by more than `tolerance` of the tensor's largest number, or of 1. */
export function different(
  net: TwiceNet<Target>,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): string[] {
  const [as, es] = [tensors(net, actual), tensors(net, expected)];
  const none = Matrix.zeros(0, 0);
  return Object.keys(es).filter(name => !(deviation(as[name] ?? none, es[name] ?? none) <= tolerance));
}

/**
 * How far uᵀ(Av) and vᵀ(Au) are apart, beside the lengths of the vectors, or of the products where these are longer: where
 * the terms of a product cancel, its rounding is still that of the terms.
 */
export function asymmetry(
  u: ArrayLike<number>,
  v: ArrayLike<number>,
  Au: ArrayLike<number>,
  Av: ArrayLike<number>,
): number {
  const scale = Math.max(norm(u) * norm(Av), norm(v) * norm(Au), norm(u) * norm(v));
  return scale === 0 ? 0 : Math.abs(dot(u, Av) - dot(v, Au)) / scale;
}

/** aᵀb. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, x, i) => sum + x * (b[i] ?? Number.NaN), 0);
}

/** ‖a‖. */
export function norm(a: ArrayLike<number>): number {
  return Math.sqrt(dot(a, a));
}

/** A copy of a matrix times a number. */
export function scaled(a: AbstractMatrix, factor: number): Matrix {
  return Matrix.mul(new Matrix(a.to2DArray()), factor);
}
