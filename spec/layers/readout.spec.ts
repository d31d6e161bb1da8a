import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { checkGradients } from '../../lib/check/finite-differences.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { readout } from '../../lib/layers/readout.ts';
import { Sequence } from '../../lib/sequence.ts';
import { entries, lengths, sequence, size } from '../arbitraries.ts';
import { deviation, flat, inner } from '../numbers.ts';

const problem = fc
  .tuple(size(8), size(4), size(6), size(6))
  .chain(([T, B, m, C]) => fc.tuple(fc.constant([T, B, m, C] as const), lengths(T, B)))
  .chain(([[T, B, m, C], own]) =>
    fc.record({
      layer: entries(C * m + C).map(numbers => {
        const layer = readout({ m, C });
        layer.params.values.set(numbers);
        return layer;
      }),
      h: sequence(T, B, m, own),
      dO: sequence(T, B, C, own),
    }),
  );

describe('the readout', () => {
  it('is V h_t + c at every step that counts, and zero elsewhere', () => {
    fc.assert(
      fc.property(problem, ({ layer, h }) => {
        const values = layer.params.values;
        const [C, m] = [layer.outputs, layer.inputs];
        const { y } = layer.forward(h);
        for (let n = 0; n < h.T * h.B; n++) {
          const o = Array.from({ length: C }, (_, k) => {
            const row = values.subarray(k * m, (k + 1) * m);
            return row.reduce((sum, v, j) => sum + v * h.rows().get(n, j), 0) + (values[C * m + k] ?? Number.NaN);
          });
          const expected = h.counts(n) ? o : o.map(() => 0);
          expect(deviation(new Matrix([y.rows().getRow(n)]), new Matrix([expected]))).toBeLessThan(1e-14);
        }
      }),
    );
  });

  it('has the gradients of finite differences in V, c and every h_t', () => {
    fc.assert(
      fc.property(problem, ({ layer, h, dO }) => {
        const { dx } = layer.backward(layer.forward(h).tape, dO);
        const { V: dV, c: dc } = layer.params.namedGrads();
        const { V, c } = layer.params.named();
        const report = checkGradients(
          () => inner(dO.rows(), layer.forward(h).y.rows()),
          [
            { name: 'V', values: V, gradient: dV },
            { name: 'c', values: c, gradient: dc },
            { name: 'h', values: h.rows(), gradient: dx.rows() },
          ],
        );
        expect(report.tensors.flatMap(({ failures }) => failures)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('takes nothing from padding, neither forward nor backward', () => {
    const layer = readout({ m: 1, C: 1 });
    layer.params.values.set([2, 3]);
    const at = (padding: number) => Sequence.dense([1, 5, padding, 7], { T: 2, B: 2, F: 1, lengths: [1, 2] });
    const run = (padding: number) => {
      layer.params.zeroGrads();
      const { y, tape } = layer.forward(at(padding));
      const { dx } = layer.backward(tape, at(padding));
      return [[...y.data], [...dx.data], [...layer.params.grads]];
    };
    expect(run(0)).toEqual([
      [5, 13, 0, 17],
      [2, 10, 0, 14],
      [1 + 25 + 49, 1 + 5 + 7],
    ]);
    expect(run(1000)).toEqual(run(0));
  });

  it('adds into the gradients', () => {
    fc.assert(
      fc.property(problem, ({ layer, h, dO }) => {
        const { tape } = layer.forward(h);
        layer.backward(tape, dO);
        const once = new Matrix([[...layer.params.grads]]);
        layer.backward(tape, dO);
        expect(deviation(new Matrix([[...layer.params.grads]]), once.mul(2))).toBeLessThan(1e-13);
      }),
    );
  });

  it('refuses what does not fit, naming it', () => {
    const layer = readout({ m: 2, C: 3 });
    const h = Sequence.zeros({ T: 2, F: 2 });
    const { tape } = layer.forward(h);
    expect(() => layer.forward(Sequence.zeros({ T: 2, F: 3 }))).toThrow(ShapeError);
    expect(() => layer.forward(h, { h: Matrix.zeros(1, 2) })).toThrow(/^s0: expected a state of parts \{\}/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 2, F: 2 }))).toThrow(/^dy: expected 3 features/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 2, F: 3 }), { h: Matrix.zeros(1, 2) })).toThrow(/^dsT:/);
    expect(() => readout({ m: 2, C: 0 })).toThrow(ValueError);
    expect(() => readout({ m: -1, C: 1 })).toThrow(/^m: expected a positive integer, got -1$/);
    expect(flat(layer.forward(h).y.rows())).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
