/** The Jacobians as formulas against those by backward steps. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { gruJacobian, lstmJacobian, rnnJacobian } from '../../lib/flow/closed-forms.ts';
import { stepJacobians } from '../../lib/flow/jacobians.ts';
import { reluSlope, tanhSlope } from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';
import { deviation } from '../numbers.ts';
import { problemOf } from './networks.ts';

/** A cell, and its Jacobian from parameters and tape. */
const forms: readonly (readonly [cell: Cell, form: (p: Matrices, tape: unknown) => Matrix])[] = [
  [rnn, (p, tape) => rnnJacobian(p as Matrices<'W'>, tape as { h: Matrix }, tanhSlope)],
  [rnnRelu, (p, tape) => rnnJacobian(p as Matrices<'W'>, tape as { h: Matrix }, reluSlope)],
  [
    lstm,
    (p, tape) => lstmJacobian(p as Parameters<typeof lstmJacobian>[0], tape as Parameters<typeof lstmJacobian>[1]),
  ],
  [gru, (p, tape) => gruJacobian(p as Parameters<typeof gruJacobian>[0], tape as Parameters<typeof gruJacobian>[1])],
];

describe.each(forms.map(([cell, form]) => [cell.name, cell, form] as const))('%s', (_, cell, form) => {
  it('is the formula of the derivation, to 1e-12', () => {
    fc.assert(
      fc.property(problemOf(cell), ({ layer, x, s0 }) => {
        const { steps, states } = stepJacobians(layer, x, { s0 });
        steps.forEach((J, t) => {
          const { tape } = cell.forward(layer.params.named(), x.at(t), { h: Matrix.zeros(1, 1), ...states[t] });
          expect(deviation(form(layer.params.named(), tape), J)).toBeLessThan(1e-12);
        });
      }),
      { numRuns: 40 },
    );
  });
});

it('a factor left out of a formula is seen', () => {
  const [problem] = fc.sample(problemOf(rnn), { numRuns: 1, seed: 3 });
  if (!problem) throw new Error('nothing drawn');
  const { layer, x, s0 } = problem;
  const { steps, states } = stepJacobians(layer, x, { s0 });
  const { W } = layer.params.named();
  expect(deviation(W ?? Matrix.eye(1), steps[0] ?? Matrix.eye(1))).toBeGreaterThan(1e-3); // without diag(g′)
  expect(states).toHaveLength(x.T + 1);
});

it('the tape of several sequences is refused', () => {
  const h = Matrix.zeros(2, 2);
  expect(() => rnnJacobian({ W: Matrix.eye(2) }, { h }, tanhSlope)).toThrow('tape: expected 1×2 matrices, got 2×2');
});
