import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { ParamSet } from '../../lib/params.ts';
import { Sequence } from '../../lib/sequence.ts';
import { type ChunkLoss, truncated } from '../../lib/through-time/truncated.ts';
import { entries, matrix, sequence, size } from '../arbitraries.ts';
import { deviation, flat, inner } from '../numbers.ts';

const problem = fc.tuple(size(8), size(3), size(4), size(4), size(8)).chain(([T, B, d, m, steps]) =>
  fc.record({
    steps: fc.constant(steps),
    layer: entries(m * m + m * d + m).map(numbers => {
      const layer = unroll(rnn, { d, m });
      layer.params.values.set(numbers);
      return layer;
    }),
    x: sequence(T, B, d),
    h0: matrix(B, m),
    dy: sequence(T, B, m),
  }),
);

/** Σ ⟨dy_t, y_t⟩ over the chunk. */
const linear =
  (dy: Sequence): ChunkLoss =>
  (y, from, to) => ({ loss: inner(dy.slice(from, to).rows(), y.rows()), dy: dy.slice(from, to) });

const row = (data: Float64Array) => new Matrix([[...data]]);

describe('truncated backpropagation through time', () => {
  it('carries the state: losses and final state are those of the whole', () => {
    fc.assert(
      fc.property(problem, ({ layer, steps, x, h0, dy }) => {
        const chunks = [...truncated(layer, x, linear(dy), { steps, s0: { h: h0 } })];
        const { y, sT } = layer.forward(x, { h: h0 });
        expect(chunks.map(({ from, to }) => [from, to])).toEqual(
          Array.from({ length: Math.ceil(x.T / steps) }, (_, n) => [n * steps, Math.min(x.T, (n + 1) * steps)]),
        );
        const sum = chunks.reduce((total, { loss }) => total + loss, 0);
        expect(Math.abs(sum - inner(dy.rows(), y.rows()))).toBeLessThan(1e-12 * Math.max(1, Math.abs(sum)) * x.T);
        expect(flat(chunks.at(-1)?.sT.h ?? Matrix.zeros(0, 0))).toEqual(flat(sT.h ?? Matrix.zeros(0, 0)));
      }),
    );
  });

  it('is the whole gradient where one chunk holds all', () => {
    fc.assert(
      fc.property(problem, ({ layer, x, h0, dy }) => {
        layer.params.zeroGrads();
        layer.backward(layer.forward(x, { h: h0 }).tape, dy);
        const whole = layer.params.grads.slice();
        const [only] = truncated(layer, x, linear(dy), { steps: x.T + 3, s0: { h: h0 } });
        expect(only?.to).toBe(x.T);
        expect(layer.params.grads).toEqual(whole);
      }),
    );
  });

  it('leaves out exactly the influence on the losses of later chunks', () => {
    fc.assert(
      fc.property(problem, ({ layer, steps, x, h0, dy }) => {
        layer.params.zeroGrads();
        const { tape } = layer.forward(x, { h: h0 });
        layer.backward(tape, dy);
        const whole = row(layer.params.grads);
        const chunks = Matrix.zeros(1, layer.params.size);
        for (const _ of truncated(layer, x, linear(dy), { steps, s0: { h: h0 } })) chunks.add(row(layer.params.grads));

        const p = layer.params.named();
        const left = ParamSet.of(rnn.params({ d: x.F, m: layer.outputs }));
        const lost = left.namedGrads();
        const W = new Matrix(p.W.to2DArray());
        for (let t = 0; t < x.T; t++) {
          const end = (Math.floor(t / steps) + 1) * steps - 1;
          for (let j = end + 1; j < x.T; j++) {
            let dh = new Matrix(dy.at(j).to2DArray());
            for (let k = j; k > t; k--) {
              const h = new Matrix(tape.steps[k]?.h.to2DArray() ?? []);
              dh = Matrix.mul(dh, Matrix.mul(h, h).mul(-1).add(1)).mmul(W); // dy_j (D_j W) … (D_{t+1} W)
            }
            const step = tape.steps[t];
            if (step) rnn.backward(p, step, { h: dh }, lost); // BPTT-T2  dy_j ∂h_j/∂h_t ∂⁺h_t/∂θ, for all j > e(t)
          }
        }
        expect(deviation(Matrix.sub(whole, chunks), row(left.grads))).toBeLessThan(1e-12);
      }),
    );
  });

  it('goes on from any step with the state there', () => {
    fc.assert(
      fc.property(problem, ({ layer, x, h0, dy }) => {
        fc.pre(x.T > 2);
        const all: number[][] = [];
        let second: Parameters<typeof truncated>[3] | undefined;
        for (const { to, sT } of truncated(layer, x, linear(dy), { steps: 1, s0: { h: h0 } })) {
          all.push([...layer.params.grads]);
          if (to === 2) second = { steps: 1, from: 2, s0: sT };
        }
        if (!second) throw new Error('no second chunk');
        const rest = [...truncated(layer, x, linear(dy), second)].length;
        expect(rest).toBe(x.T - 2);
        expect([...layer.params.grads]).toEqual(all.at(-1));
      }),
    );
  });

  it('runs any layer with any loss', () => {
    const net = stack({ rnn: unroll(rnn, { d: 3, m: 4 }), readout: readout({ m: 4, C: 3 }) });
    net.params.values.forEach((_, i, values) => {
      values[i] = Math.sin(i);
    });
    const text = [0, 1, 2, 2, 1, 0, 1];
    const x = Sequence.oneHot(text.slice(0, -1), { T: 6, classes: 3 });
    const lossOf: ChunkLoss = (logits, from, to) => {
      const { loss, tape } = crossEntropy.forward(logits, text.slice(from + 1, to + 1));
      return { loss, dy: crossEntropy.backward(tape) };
    };
    const sum = [...truncated(net, x, lossOf, { steps: 4 })].reduce((total, { loss }) => total + loss, 0);
    expect(sum).toBeCloseTo(crossEntropy.forward(net.forward(x).y, text.slice(1)).loss, 12);
  });

  it('needs no tape any more when its chunk is yielded, or the loss throws', () => {
    const layer = unroll(rnn, { d: 2, m: 2 });
    const [made, released]: [unknown[], unknown[]] = [[], []];
    const noting: typeof layer = {
      ...layer,
      forward(x, s0) {
        const run = layer.forward(x, s0);
        made.push(run.tape);
        return run;
      },
      release: tape => void released.push(tape),
    };
    const x = Sequence.zeros({ T: 5, F: 2 });
    for (const _ of truncated(noting, x, linear(x), { steps: 2 })) expect(released).toEqual(made);
    expect(made).toHaveLength(3);
    const failing: ChunkLoss = () => {
      throw new Error('no loss');
    };
    expect(() => [...truncated(noting, x, failing, { steps: 2 })]).toThrow('no loss');
    expect(made).toHaveLength(4);
    expect(released).toEqual(made);
  });

  it('refuses what does not fit, naming it', () => {
    const layer = unroll(rnn, { d: 2, m: 2 });
    const x = Sequence.zeros({ T: 3, F: 2 });
    const dy = Sequence.zeros({ T: 3, F: 2 });
    const run = (input: Sequence, options: Parameters<typeof truncated>[3]) => [
      ...truncated(layer, input, linear(dy), options),
    ];
    expect(() => run(x, { steps: 0 })).toThrow(/^steps: expected a positive integer, got 0$/);
    expect(() => run(x, { steps: 1.5 })).toThrow(ValueError);
    expect(() => run(x, { steps: 1, from: -1 })).toThrow(/^from:/);
    expect(() => run(x, { steps: 2, s0: { h: Matrix.zeros(2, 2) } })).toThrow(ShapeError);
    expect(() => run(Sequence.zeros({ T: 3, F: 1 }), { steps: 1 })).toThrow(/^x: expected 2 features/);
    expect(() => run(Sequence.zeros({ T: 3, F: 2, lengths: [2] }), { steps: 1 })).toThrow(/^lengths:/);
  });
});
