/** Norms, the reach matrix, and the depth of a memory. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { traceFixed } from '../../lib/cells/trace.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { fadingOf, gradientNorms, memoryDepth, reachMatrix, stateGradients } from '../../lib/flow/gradients.ts';
import { productOfSteps, stepJacobians } from '../../lib/flow/jacobians.ts';
import { columnsOf } from '../../lib/flow/state.ts';
import { readout } from '../../lib/layers/readout.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Sequence } from '../../lib/sequence.ts';
import { deviation } from '../numbers.ts';
import { everyCell, problemOf } from './networks.ts';

const runs = { numRuns: 10 };

describe.each(everyCell.map(cell => [cell.name, cell] as const))('%s', (_, cell) => {
  it('what reaches s_0 is what the layer’s own backward pass returns', () => {
    fc.assert(
      fc.property(problemOf(cell), ({ layer, x, dy, s0 }) => {
        const slots = stateGradients(layer, x, dy, { s0 });
        const { ds0 } = layer.backward(layer.forward(x, s0).tape, dy);
        for (const [name, part] of Object.entries(ds0)) {
          expect(deviation(slots[0]?.[name] ?? Matrix.zeros(0, 0), part)).toBeLessThan(1e-12);
        }
        expect(slots).toHaveLength(x.T + 1);
      }),
      runs,
    );
  });

  it('R[t][j] is the norm of dy_j times the product of the Jacobians between', () => {
    fc.assert(
      fc.property(problemOf(cell), ({ layer, x, dy, s0 }) => {
        const reach = reachMatrix(layer, x, dy, { s0 });
        const trajectory = stepJacobians(layer, x, { s0 });
        const [from, to] = columnsOf('h', layer.state);
        for (const [t, row] of reach.entries()) {
          for (const [n, norm] of row.entries()) {
            const j = n + 1;
            const J = productOfSteps(trajectory, Math.max(j, t), t).subMatrix(from, to - 1, from, to - 1);
            const reached = t > j ? 0 : new Matrix([dy.at(n).getRow(0)]).mmul(J).norm('frobenius');
            expect(Math.abs(norm - reached)).toBeLessThan(1e-12 * Math.max(1, reached));
          }
        }
      }),
      runs,
    );
  });
});

/** A trace with decay μ: its gradient fades by μ a step, whatever comes in. */
function decaying(mu: number, T: number) {
  const layer = unroll(traceFixed(mu), { d: 1, m: 2 });
  layer.params.values.fill(0.3);
  const x = Sequence.dense(
    Array.from({ length: T }, (_, t) => Math.sin(t)),
    { T, F: 1 },
  );
  const dy = Sequence.dense(
    Array.from({ length: 2 * T }, (_, n) => 1 + (n % 3)),
    { T, F: 2 },
  );
  return { layer, x, dy };
}

describe('norms', () => {
  it('of one loss alone fade by μ a step', () => {
    const { layer, x, dy } = decaying(0.5, 4);
    dy.data.fill(0, 0, 6);
    const [last = 0] = gradientNorms(layer, x, dy).slice(-1);
    expect(last).toBeCloseTo(Math.hypot(1, 2), 14);
    gradientNorms(layer, x, dy).forEach((norm, t) => {
      expect(norm).toBeCloseTo(last * 0.5 ** (4 - t), 14);
    });
  });

  it('leave the layer’s gradients as they were', () => {
    const { layer, x, dy } = decaying(0.5, 4);
    layer.params.grads.fill(3);
    reachMatrix(layer, x, dy);
    expect(layer.params.grads.every(g => g === 3)).toBe(true);
  });

  it('are refused of a layer whose output is not its state, of lengths, and where memory does not do', () => {
    const { layer, x, dy } = decaying(0.5, 4);
    const top = readout({ m: 1, C: 2 });
    expect(() => stateGradients(top, x, dy)).toThrow('a recurrent layer whose output is its state h');
    expect(() => stateGradients(layer, Sequence.zeros({ T: 4, F: 1, lengths: [2] }), dy)).toThrow(ShapeError);
    expect(() => reachMatrix(layer, x, dy, { bytes: 100 })).toThrow('4 of 4×2, 256 bytes');
    layer.params.values[0] = Number.POSITIVE_INFINITY;
    expect(() => gradientNorms(layer, x, dy)).toThrow('U[0,0]: expected a finite number, got Infinity');
  });
});

describe('the depth of a memory', () => {
  it('is μ/(1−μ) of μ^d where there is room (FLOW-D1), and (T−1)/2 where nothing fades', () => {
    for (const mu of [0, 0.3, 0.9]) {
      const fading = Array.from({ length: 500 }, (_, d) => mu ** d);
      expect(memoryDepth(fading)).toBeCloseTo(mu / (1 - mu), 10);
    }
    expect(memoryDepth(new Array(9).fill(0.2))).toBeCloseTo(4, 12);
    expect(memoryDepth([0, 0, 5])).toBe(2);
  });

  it('is e^b of a gate that stands at σ(b) (FLOW-D2)', () => {
    for (const b of [-1, 0, 1, 3]) {
      const mu = 1 / (1 + Math.exp(-b));
      expect(memoryDepth(Array.from({ length: 1000 }, (_, d) => mu ** d))).toBeCloseTo(Math.exp(b), 9);
    }
  });

  it('is read off a reach matrix: every loss beside its own norm', () => {
    const { layer, x, dy } = decaying(0.5, 12);
    const fading = fadingOf(reachMatrix(layer, x, dy));
    expect(fading).toHaveLength(12);
    fading.forEach((kappa, d) => {
      expect(kappa).toBeCloseTo(0.5 ** d, 13);
    });
  });

  it('is refused of nothing, of zeros, and of what is no norm', () => {
    expect(() => memoryDepth([])).toThrow(ValueError);
    expect(() => memoryDepth([0, 0])).toThrow('2 zeros');
    expect(() => memoryDepth([1, -1])).toThrow('norms ≥ 0');
    expect(() => memoryDepth([1, Number.NaN])).toThrow('fading[1]');
    expect(() =>
      fadingOf([
        [0, 0],
        [0, 0],
        [0, 0],
      ]),
    ).toThrow('a loss with a gradient');
  });
});
