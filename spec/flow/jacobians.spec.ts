/** Step Jacobians of every cell: against RTRL, against the adjoint, through stacks and the engine. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { lastOutputIn, productOfSteps, pullBack, stepJacobians } from '../../lib/flow/jacobians.ts';
import { columnsOf, joined } from '../../lib/flow/state.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { rtrl } from '../../lib/through-time/rtrl.ts';
import { matrix } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';
import { everyCell, problemOf } from './networks.ts';

const runs = { numRuns: 12 };

describe.each(everyCell.map(cell => [cell.name, cell] as const))('%s', (_, cell: Cell) => {
  it('∂s_t/∂s_0 is what RTRL carries forward, and s_t too', () => {
    fc.assert(
      fc.property(problemOf(cell), ({ layer, x, s0 }) => {
        const { states, steps } = stepJacobians(layer, x, { s0 });
        const forward = rtrl(cell, { d: x.F, m: layer.outputs });
        forward.params.values.set(layer.params.values);
        let now = forward.start(s0);
        for (let t = 1; t <= x.T; t++) {
          now = forward.step(now, x.at(t - 1));
          expect(deviation(productOfSteps({ states, steps }, t, 0), new Matrix(now.inS0))).toBeLessThan(1e-12);
          expect(deviation(joined(states[t] ?? {}, layer.state), joined(now.s, layer.state))).toBeLessThan(1e-13);
        }
      }),
      runs,
    );
  });

  it('v ∂s_T/∂s_k by backward steps is v times the product, to 1e-12', () => {
    const problems = problemOf(cell).chain(problem => {
      const n = Object.values(problem.layer.state).reduce((sum, columns) => sum + columns, 0);
      return fc.tuple(fc.constant(problem), matrix(2, n));
    });
    fc.assert(
      fc.property(problems, ([{ layer, x, s0 }, v]) => {
        const steps = stepJacobians(layer, x, { s0 });
        const rows = pullBack(layer, x, v, { s0 });
        expect(rows).toHaveLength(x.T + 1);
        for (let k = 0; k <= x.T; k++) {
          expect(deviation(rows[k] ?? v, v.mmul(productOfSteps(steps, x.T, k)))).toBeLessThan(1e-12);
        }
      }),
      runs,
    );
  });
});

/** An LSTM of two steps with all but symmetric Jacobians, for what needs no cell of its own. */
function example() {
  const layer = unroll(lstm, { d: 2, m: 3 });
  normal(0.8)(layer.params, new Random(4));
  const x = Sequence.dense([1, -0.5, 0.3, 2, -1, 0.7], { T: 3, F: 2 });
  const s0 = { h: new Matrix([[0.3, -0.2, 0.5]]), c: new Matrix([[1, 0.4, -0.6]]) };
  return { layer, x, s0 };
}

describe('products', () => {
  it('stand in the order of time, the latest on the left: the other order is seen', () => {
    const { layer, x, s0 } = example();
    const trajectory = stepJacobians(layer, x, { s0 });
    const [one = Matrix.eye(6), two = Matrix.eye(6), three = Matrix.eye(6)] = trajectory.steps;
    expect(deviation(productOfSteps(trajectory, 3, 0), three.mmul(two).mmul(one))).toBeLessThan(1e-14);
    expect(deviation(productOfSteps(trajectory, 3, 1), three.mmul(two))).toBeLessThan(1e-14);
    expect(flat(productOfSteps(trajectory, 2, 2))).toEqual(flat(Matrix.eye(6)));
    const backwards = { ...trajectory, steps: trajectory.steps.toReversed() };
    expect(deviation(productOfSteps(backwards, 3, 0), productOfSteps(trajectory, 3, 0))).toBeGreaterThan(0.01);
  });

  it('the rows of h are those of ∂h_T/∂s_k', () => {
    const { layer, x, s0 } = example();
    const trajectory = stepJacobians(layer, x, { s0 });
    const [from, to] = columnsOf('h', layer.state);
    lastOutputIn(layer, x, { s0 }).forEach((J, k) => {
      const whole = productOfSteps(trajectory, 3, k);
      expect(deviation(J, whole.subMatrix(from, to - 1, 0, 5))).toBeLessThan(1e-13);
    });
  });

  it('of the engine are the reference’s, and of a stack they hold the layers’ own below each other', () => {
    const { layer, x, s0 } = example();
    const fast = recurrent(lstm, { d: 2, m: 3 });
    fast.params.values.set(layer.params.values);
    const [slow, quick] = [stepJacobians(layer, x, { s0 }).steps, stepJacobians(fast, x, { s0 }).steps];
    slow.forEach((J, t) => {
      expect(deviation(quick[t] ?? J, J)).toBeLessThan(1e-12);
    });
    expect(quick).toHaveLength(3);
    const upper = unroll(rnn, { d: 3, m: 2 });
    normal(0.9)(upper.params, new Random(5));
    const both = stack({ below: layer, above: upper });
    const deep = stepJacobians(both, x, {
      s0: { 'below.h': s0.h, 'below.c': s0.c, 'above.h': new Matrix([[0.1, -0.3]]) },
    });
    deep.steps.forEach((J, t) => {
      expect(deviation(J.subMatrix(0, 5, 0, 5), slow[t] ?? J)).toBeLessThan(1e-13);
      expect(flat(J.subMatrix(0, 5, 6, 7))).toEqual(new Array(12).fill(0)); // nothing flows back down in time
      expect(J.subMatrix(6, 7, 0, 5).norm('frobenius')).toBeGreaterThan(0.05);
    });
  });

  it('one-hot inputs are taken as they are', () => {
    const { layer, s0 } = example();
    const dense = stepJacobians(layer, Sequence.dense([0, 1, 1, 0], { T: 2, F: 2 }), { s0 });
    const hot = stepJacobians(layer, Sequence.oneHot([1, 0], { T: 2, classes: 2 }), { s0 });
    hot.steps.forEach((J, t) => {
      expect(deviation(J, dense.steps[t] ?? J)).toBeLessThan(1e-14);
    });
  });

  it('leave the gradients as they were, on an error too', () => {
    const { layer, x, s0 } = example();
    layer.params.grads.fill(7);
    stepJacobians(layer, x, { s0 });
    pullBack(layer, x, Matrix.ones(1, 6), { s0 });
    layer.params.named().W_f.set(0, 0, 1e308);
    layer.params.named().W_f.set(0, 1, 1e308);
    expect(layer.params.grads.every(g => g === 7)).toBe(true);
  });
});

describe('what is refused', () => {
  it('dense Jacobians that take too much memory: it says how much, and what does without', () => {
    const { layer, x } = example();
    const needed = 8 * 3 * 6 * 6;
    expect(() => stepJacobians(layer, x, { bytes: needed - 1 })).toThrow(ValueError);
    expect(() => stepJacobians(layer, x, { bytes: needed - 1 })).toThrow(
      `length: expected dense matrices within ${needed - 1} bytes (a gradient's way back by the adjoint, a row a step, needs none), got 3 of 6×6, ${needed} bytes`,
    );
    expect(stepJacobians(layer, x, { bytes: needed }).steps).toHaveLength(3);
    expect(() => lastOutputIn(layer, x, { bytes: 8 * 4 * 3 * 6 - 1 })).toThrow('4 of 3×6');
    expect(pullBack(layer, x, Matrix.ones(1, 6), { bytes: 1 })).toHaveLength(4);
  });

  it('weights that are not finite, by name and place', () => {
    const { layer, x } = example();
    layer.params.named().W_o.set(1, 2, Number.NaN);
    for (const go of [() => stepJacobians(layer, x), () => pullBack(layer, x, Matrix.ones(1, 6))]) {
      expect(go).toThrow(ValueError);
      expect(go).toThrow('W_o[1,2]: expected a finite number, got NaN');
    }
  });

  it('several sequences, lengths, cotangents of another size, steps that there are not', () => {
    const { layer, x, s0 } = example();
    expect(() => stepJacobians(layer, Sequence.zeros({ T: 2, B: 2, F: 2 }))).toThrow(ShapeError);
    expect(() => stepJacobians(layer, Sequence.zeros({ T: 2, F: 2, lengths: [1] }))).toThrow('without lengths');
    expect(() => stepJacobians(layer, x, { s0: { h: s0.h } })).toThrow('s0.c');
    expect(() => pullBack(layer, x, Matrix.ones(1, 5))).toThrow(ShapeError);
    const trajectory = stepJacobians(layer, x);
    expect(() => productOfSteps(trajectory, 4, 0)).toThrow(ValueError);
    expect(() => productOfSteps(trajectory, 1, 2)).toThrow(ValueError);
    expect(() => columnsOf('z', layer.state)).toThrow('one of h, c');
  });
});
