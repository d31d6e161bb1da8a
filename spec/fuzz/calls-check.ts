/** A right call of every function of `bptt/check`, on the smallest problems. */
import { Matrix } from 'ml-matrix';
import * as check from '../../lib/check/index.ts';
import * as lib from '../../lib/index.ts';
import { call, type MakeCall, open, whole } from './api.ts';

const layer = () => lib.unroll(lib.rnn, { d: 1, m: 1 });
const tiny = { T: 2, B: 1, seed: 1 };

const tensors = () => [
  { name: 'w', values: new Matrix([[1, 2]]), gradient: new Matrix([[4, 1]]), tag: 'EX-B1', via: ['EX-B2'] },
];

/** A cell of one line, and its gradients. */
const derivation = String.raw`
$$h_t = h_{t-1} + U x_t$$
$$\frac{\partial L}{\partial U} = \sum_t \Big(\frac{\partial L}{\partial h_t}\Big)^\top x_t^\top$$
$$\frac{\partial L}{\partial x_t} = \frac{\partial L}{\partial h_t} U$$
$$\frac{\partial L}{\partial h_{t-1}} \mathrel{+}= \frac{\partial L}{\partial h_t}$$
`;

/** L = w₀² w₁, for whatever tensors are given. */
function checkedProduct(
  given: readonly check.CheckedTensor[],
  options: check.CheckGradientsOptions,
): check.GradientReport {
  const loss = () => {
    const { values } = given[0] ?? {};
    return values && values.columns > 1 ? values.get(0, 0) ** 2 * values.get(0, 1) : 0;
  };
  return check.checkGradients(loss, given, options);
}

/** Exports of `bptt/check` that are not called here, and why. */
export const besidesCheck: Readonly<Record<string, string>> = {
  agrees: 'two numbers, compared in the innermost loops',
  PassError: 'an error',
  ...Object.fromEntries(
    ['params', 'state', 'forward', 'backward'].map(part => [
      `cellOf.${part}`,
      "a cell's, whose callers check what it is given",
    ]),
  ),
};

/** Every call of `bptt/check`. */
export const checkCalls: Readonly<Record<string, MakeCall>> = {
  checkCell: () =>
    call(check.checkCell, lib.rnn, {
      ...tiny,
      d: 1,
      m: 1,
      C: 2,
      initial: 'random',
      cotangents: ['h'],
      oracle: (p: Record<'W' | 'U' | 'b', number[][]>, [x = 0]: number[], { h: [h = 0] = [] }: { h?: number[] }) => ({
        h: [Math.tanh((p.W[0]?.[0] ?? 0) * h + (p.U[0]?.[0] ?? 0) * x + (p.b[0]?.[0] ?? 0))],
      }),
    }),
  checkLayer: () =>
    call(check.checkLayer, whole(layer()), { ...tiny, oneHot: false, independent: true, cell: lib.rnn }),
  checkLaws: () => call(check.checkLaws, whole(layer()), { ...tiny, independent: true, recurrent: true }),
  dotTest: () => call(check.dotTest, whole(layer()), tiny),
  checkLoss: () =>
    call(check.checkLoss, lib.crossEntropy, {
      ...tiny,
      F: 2,
      target: ({ T, B }: { T: number; B: number }) => new Int32Array(T * B),
    }),
  checkGradients: () => call(checkedProduct, tensors(), { after: open({ h: new Matrix([[1]]) }) }),
  'checkGradients of a loss': () =>
    call(check.checkGradients, () => 1, [{ ...tensors()[0], gradient: new Matrix(1, 2) }]),
  checkDerivation: () => call(check.checkDerivation, derivation, { given: ['$$h_t = x_t$$'], seed: 2 }),
  formatDerivation: () => call(check.formatDerivation, whole(check.checkDerivation(derivation))),
  cellOf: () => call(check.cellOf, derivation, { name: 'mine', prefix: '', watch: () => {} }),
  format: () => call(check.format, whole(check.checkCell(lib.rnn, { ...tiny, d: 1, m: 1, C: 2 }))),
  proveCell: () => call(check.proveCell, lib.rnn, { seed: 1, d: 1, m: 1, initial: 'zero', cotangents: ['h'] }),
  proveEquations: () =>
    call(
      check.proveEquations,
      whole({
        inputs: { W: [2, 1] as const, x: ['B', 1] as const },
        forward: ({ W, x }: lib.Matrices<'W' | 'x'>) => ({ results: { a: lib.timesT(x, W) }, tape: {} }),
        backward: (
          { W, x }: lib.Matrices<'W' | 'x'>,
          _: unknown,
          { a }: lib.Matrices<'a'>,
          gradients: lib.Matrices<'W' | 'x'>,
        ) => {
          lib.addTTimes(gradients.W, a, x);
          return { x: lib.times(a, W) };
        },
      }),
      { seed: 1 },
    ),
};
