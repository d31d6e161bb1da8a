/** Networks whose states and gradients grow until numbers end. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnnRelu } from '../../lib/cells/rnn.ts';
import { compared, reachingBack } from '../../lib/flow/compare.ts';
import { fadingOf, gradientNorms, memoryDepth, reachMatrix } from '../../lib/flow/gradients.ts';
import { lastOutputIn, pullBack, stepJacobians } from '../../lib/flow/jacobians.ts';
import { probe } from '../../lib/flow/networks.ts';
import { OverflowError } from '../../lib/flow/overflow.ts';
import { type Study, study } from '../../lib/flow/study.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Sequence } from '../../lib/sequence.ts';

/** What gradients grow by a step, unless told. */
const G = 1e6;

/** h_t = G h_{t−1} + x_t in two units, all positive: every Jacobian is G·I. */
function growing(T: number, gain = G) {
  const layer = unroll(rnnRelu, { d: 1, m: 2 });
  layer.params.named().W.set(0, 0, gain).set(1, 1, gain);
  layer.params.named().U.set(0, 0, 1).set(1, 0, 1);
  const x = Sequence.dense(new Float64Array(T).fill(1), { T, F: 1 });
  const dy = Sequence.zeros({ T, F: 2 });
  for (let t = 0; t < T; t++) dy.at(t).setRow(0, [0.6, 0.8]);
  return { layer, x, dy };
}

function studied(...given: Parameters<typeof study>): Study {
  const steps = study(...given);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const near = (actual: number | undefined, expected: number) =>
  expect(Math.abs((actual ?? Number.NaN) / expected - 1)).toBeLessThan(1e-9);

describe('gradients beyond the square root of the largest number', () => {
  it('have their norms: G^{T−t} and its sums, to T = 45', () => {
    const { layer, x, dy } = growing(45);
    const norms = gradientNorms(layer, x, dy);
    for (const t of [1, 10, 20, 44]) near(norms[t], (G ** (46 - t) - 1) / (G - 1));
    const reach = reachMatrix(layer, x, dy);
    near(reach[1]?.[44], G ** 44);
    near(reach[7]?.[40], G ** (41 - 7));
    near(fadingOf(reach)[44], G ** 44);
    near(reachingBack(layer, x)[44], G ** 44);
    const { overflow, memory, predictions, steps } = studied(layer, x, dy);
    expect({ overflow, steps }).toEqual({ overflow: null, steps: 45 });
    near(memory, 44 - 1 / G);
    near(predictions.at(-1)?.truth, G ** 45);
    near(predictions.at(-1)?.bound, G ** 45);
  });

  it('and below its inverse, alike', () => {
    const { layer, x, dy } = growing(45, 1 / G);
    near(gradientNorms(layer, x, lastOnly(dy))[1], G ** -44);
    near(reachMatrix(layer, x, dy)[1]?.[44], G ** -44);
    near(reachingBack(layer, x)[44], G ** -44);
  });

  it('have a depth of memory, whatever their size', () => {
    for (const scale of [1e-320, 1e-200, 1, 1e200, 1e308]) near(memoryDepth([scale, 0, scale]), 1);
    near(memoryDepth(new Array<number>(101).fill(1.7e308)), 50);
  });
});

/** The loss of the last step alone. */
function lastOnly(dy: Sequence): Sequence {
  const only = Sequence.zeros({ T: dy.T, F: dy.F });
  only.at(dy.T - 1).setRow(0, dy.at(dy.T - 1).getRow(0));
  return only;
}

describe('what overflows', () => {
  it('is named, with its step, by every function', () => {
    const { layer, x, dy } = growing(60);
    const v = new Matrix([[1, 0]]);
    for (const act of [
      () => stepJacobians(layer, x),
      () => pullBack(layer, x, v),
      () => lastOutputIn(layer, x),
      () => gradientNorms(layer, x, dy),
      () => reachMatrix(layer, x, dy),
    ]) {
      expect(act).toThrow(OverflowError);
      expect(act).toThrow(/^[hs]_53\[0,0\]: expected a finite number, got Infinity$/);
    }
  });

  it('ends a study, which is of all the steps before', () => {
    const { layer, x, dy } = growing(60);
    const { overflow, steps, gradients, reach, predictions, fading, memory } = studied(layer, x, dy);
    expect({ overflow, steps }).toEqual({ overflow: { step: 52, of: 'gradient', asked: 60 }, steps: 51 }); // G^52 overflows
    expect(() => studied(layer, x.slice(0, steps), dy.slice(0, steps))).not.toThrow();
    expect(studied(layer, x.slice(0, steps + 1), dy.slice(0, steps + 1)).overflow).toMatchObject({ step: steps + 1 });
    expect([...gradients, ...reach.flat(), ...fading, memory].every(Number.isFinite)).toBe(true);
    near(predictions.at(-1)?.truth, G ** 51);
  });

  it('may be a state alone: gradients fade, and the input does not', () => {
    const { layer, dy } = growing(4, 0.5);
    layer.params.named().U.set(0, 0, 1e300);
    const x = Sequence.dense([1, 1, 1e9, 1], { T: 4, F: 1 });
    const { overflow, steps } = studied(layer, x, dy);
    expect({ overflow, steps }).toEqual({ overflow: { step: 3, of: 'state', asked: 4 }, steps: 2 });
  });

  it('in the very first step leaves nothing to study', () => {
    const { layer, dy } = growing(2);
    layer.params.named().U.set(0, 0, 1e300);
    const x = Sequence.dense([1e300, 1], { T: 2, F: 1 });
    expect(() => studied(layer, x, dy)).toThrow(OverflowError);
  });

  it('leaves the gradients of the layer as they were', () => {
    const { layer, x, dy } = growing(55);
    layer.params.grads.fill(3);
    studied(layer, x, dy);
    expect(layer.params.grads.every(g => g === 3)).toBe(true);
  });

  it('in some seeds of a comparison is counted, and left out of the figures', () => {
    const run = (gain: number) => {
      const names = compared(['rnn-relu'], { length: 20, d: 2, m: 3, seeds: 3, init: 'identity', gain });
      for (;;) {
        const { done, value } = names.next();
        if (done) return value[0];
      }
    };
    expect(run(2)).toMatchObject({ overflowed: 0, quartiles: { median: expect.any(Number) } });
    expect(run(1e20)).toMatchObject({ overflowed: 3, reaching: [], fading: [], quartiles: null, memory: null });
  });

  it('is told by the steps of a probe of the engine as well', () => {
    const { layer, x, dy } = probe({ cell: rnnRelu, init: 'identity', gain: 1e6, d: 3, m: 4, seed: 1 }, 60);
    const { overflow, steps, gradients } = studied(layer, x, dy);
    expect(overflow?.step).toBe(steps + 1);
    expect(gradients).toHaveLength(steps + 1);
  });
});
