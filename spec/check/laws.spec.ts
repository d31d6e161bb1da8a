import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { cells } from '../../lib/cells/index.ts';
import { type RnnTape, rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { checkLaws } from '../../lib/check/laws.ts';
import { ShapeError } from '../../lib/errors.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep, maxOverTime, meanOverTime } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { type UnrollTape, unroll } from '../../lib/layers/unroll.ts';
import { windowInput, windowOutput } from '../../lib/layers/windows.ts';
import { addColumnSums, addTo, mul } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';

const DOT = ['⟨dy, Jv⟩ = ⟨Jᵀdy, v⟩ over 25 steps', '⟨dy, Jv⟩ = ⟨Jᵀdy, v⟩ over 5 steps, inputs 4×'];
const UNGIVEN = 'what is not given is what stands for it';

const size = { d: 3, m: 4 };
const right = unroll(rnn, size);

/** The tanh layer with another cell, or another layer around it. */
const withBackward = (backward: typeof rnn.backward): Layer => unroll({ ...rnn, backward }, size);
const around = (changed: Partial<Layer>): Layer => ({ ...right, ...changed }) as Layer;

const broken = (layer: Layer) =>
  checkLaws(layer)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);

describe('the laws of a backward pass', () => {
  it.each(Object.values(cells))('hold of $name', cell => {
    expect(checkLaws(unroll(cell, size), { seed: 2 }).filter(({ ok }) => !ok)).toEqual([]);
  });

  it('hold of layers of every kind', () => {
    const both = bidirectional({ forward: unroll(rnn, size), backward: unroll(rnn, size) });
    const net = stack({ both, readout: readout({ m: 8, C: 2 }) });
    const others = [
      lastStep(3),
      meanOverTime(3),
      maxOverTime(3),
      windowInput({ F: 2, N: 3 }),
      windowOutput({ C: 2, N: 3 }),
    ];
    for (const layer of [net, ...others]) expect(broken(layer)).toEqual([]);
  });

  it('hold for one step and one sequence', () => {
    expect(checkLaws(right, { T: 1, B: 1 }).every(({ ok }) => ok)).toBe(true);
  });
});

describe('a broken law is named', () => {
  it('where a call remembers the one before', () => {
    let calls = 0;
    const layer = withBackward((p, tape, dnext, dp) => {
      calls += 1;
      dp.b.set(0, 0, dp.b.get(0, 0) + 1e-9 * calls);
      return rnn.backward(p, tape, dnext, dp);
    });
    expect(broken(layer)).toContain('the same bits a second time');
  });

  it('where backward overwrites its tape', () => {
    const layer = withBackward((p, tape, dnext, dp) => {
      const result = rnn.backward(p, tape, dnext, dp);
      for (let i = 0; i < tape.h.rows; i++) tape.h.set(i, 0, 0.5);
      return result;
    });
    expect(broken(layer)).toContain('nothing but the gradients changed');
  });

  it('where a gradient is assigned', () => {
    const layer = around({
      backward(tape, dy, dsT) {
        right.params.zeroGrads();
        return right.backward(tape as UnrollTape<RnnTape>, dy, dsT);
      },
    });
    expect(broken(layer)).toEqual(['added to the gradients there are', 'two halves in turn are the whole']);
  });

  it('where a gradient comes from nothing', () => {
    const layer = withBackward((p, tape, dnext, dp) => {
      addColumnSums(dp.b, Matrix.ones(1, 4));
      return rnn.backward(p, tape, dnext, dp);
    });
    expect(broken(layer)).toEqual([
      'zero for zero cotangents',
      'linear in the cotangents',
      'a batch is the sum of its sequences',
      ...DOT,
    ]);
  });

  it('where a gradient is clipped on its way', () => {
    const layer = withBackward((p, tape, { h: dh }, dp) => {
      const clipped = new Matrix(dh.to2DArray().map(row => row.map(g => Math.max(-1, Math.min(1, g)))));
      return rnn.backward(p, tape, { h: clipped }, dp);
    });
    expect(broken(layer)).toEqual(['linear in the cotangents', ...DOT]);
  });

  it('where padding is looked at', () => {
    const whole = (s: Sequence) => Sequence.dense(Float64Array.from(s.data), { T: s.T, B: s.B, F: s.F });
    const layer = around({ forward: (x, s0) => right.forward(whole(x), s0) });
    expect(broken(layer)).toContain('blind to padding');
  });

  it('where sequences of a batch look at each other', () => {
    const layer = withBackward((p, tape, { h: dh }, dp) => {
      const first = new Matrix(dh.to2DArray().map((row, n) => row.map(() => (n === 0 ? 2 : 1))));
      return rnn.backward(p, tape, { h: mul(dh, first) }, dp);
    });
    expect(broken(layer)).toEqual([
      'the same for sequences in any order',
      'a batch is the sum of its sequences',
      ...DOT,
    ]);
  });

  it('where a batch is averaged over, backward or forward', () => {
    const averaged = withBackward((p, tape, dnext, dp) => {
      const own = { W: Matrix.zeros(4, 4), U: Matrix.zeros(4, 3), b: Matrix.zeros(1, 4) };
      const result = rnn.backward(p, tape, dnext, own);
      for (const name of ['W', 'U', 'b'] as const) addTo(dp[name], own[name].div(dnext.h.rows));
      return result;
    });
    expect(broken(averaged)).toEqual(['a batch is the sum of its sequences', ...DOT]);
    const centred = around({
      forward(x, s0) {
        const { y, sT, tape } = right.forward(x, s0);
        for (let t = 0; t < y.T; t++) y.at(t).center('column');
        return { y, sT, tape };
      },
    });
    expect(broken(centred)).toContain('a batch is the sum of its sequences');
  });

  it('where the memory is not all in the state', () => {
    const forgetful = around({ forward: x => right.forward(x) });
    expect(broken(forgetful)).not.toContain('two halves in turn are the whole');
    const laws = checkLaws(forgetful, { recurrent: true });
    expect(laws.find(({ name }) => name === 'two halves in turn are the whole')).toMatchObject({ ok: false });
  });

  it('where backward does not hand the gradient on to the half before', () => {
    const layer = around({
      backward(tape, dy, dsT) {
        const { dx, ds0 } = right.backward(tape as UnrollTape<RnnTape>, dy, dsT);
        return { dx, ds0: { h: Matrix.mul(ds0.h ?? Matrix.zeros(1, 1), 0.5) } };
      },
    });
    expect(broken(layer)).toEqual(['two halves in turn are the whole', ...DOT]);
  });

  it('where a loop never runs, or stops too early', () => {
    const layer = (steps: number) =>
      around({
        forward(x, s0) {
          const { y, sT, tape } = right.forward(x, s0);
          const cut = Sequence.zeros({ ...y.extent(), F: y.F });
          cut.data.set(y.data.subarray(0, steps * y.B * y.F) as Float64Array);
          return { y: cut, sT, tape };
        },
      });
    const still = (steps: number) => checkLaws(layer(steps)).find(({ name }) => name === 'no step stands still');
    expect(still(5)).toMatchObject({ ok: true });
    expect(still(0)).toMatchObject({ ok: false, broken: 'y at t=0' });
    expect(still(3)).toMatchObject({ ok: false, broken: 'y at t=3' });
  });

  it('where a size is refused', () => {
    const layer = around({
      backward(tape, dy, dsT) {
        if (dy.B === 1) throw new ShapeError('dy', 'more than one sequence', '1');
        return right.backward(tape as UnrollTape<RnnTape>, dy, dsT);
      },
    });
    const law = checkLaws(layer).find(({ ok }) => !ok);
    expect(law).toMatchObject({ name: 'a batch is the sum of its sequences', broken: expect.stringMatching('dy') });
  });

  it('where what is not given is taken to be something else', () => {
    const doubled = around({
      backward(tape, dy, dsT) {
        const result = right.backward(tape as UnrollTape<RnnTape>, dy, dsT);
        if (!dy.lengths) right.params.grads.set(right.params.grads.map(g => 2 * g));
        return result;
      },
    });
    let last: Matrix | undefined;
    const remembering = around({
      forward(x, s0) {
        const result = right.forward(x, s0 ?? (last?.rows === x.B ? { h: last } : undefined));
        last = Matrix.checkMatrix(result.sT.h ?? Matrix.zeros(1, 1)).clone();
        return result;
      },
    });
    const ones = around({
      backward: (tape, dy, dsT) =>
        right.backward(tape as UnrollTape<RnnTape>, dy, dsT ?? { h: Matrix.ones(dy.B, size.m) }),
    });
    const symbols = around({
      backward(tape, dy, dsT) {
        const { dx, ds0 } = right.backward(tape as UnrollTape<RnnTape>, dy, dsT);
        if ((tape as UnrollTape<RnnTape>).x.data instanceof Int32Array) dx.rows().mul(2);
        return { dx, ds0 };
      },
    });
    const named = [doubled, remembering, ones, symbols].map(
      layer => checkLaws(layer).find(({ name }) => name === UNGIVEN)?.broken,
    );
    expect(named).toEqual(['params, no lengths', 'y, no s0', 'params, no dsT', 'x, one-hot x']);
  });

  it('where only large inputs show it', () => {
    const clamped = unroll(
      {
        ...rnnRelu,
        forward(p, x, prev) {
          const { next, tape } = rnnRelu.forward(p, x, prev);
          return { next: { h: new Matrix(next.h.to2DArray().map(row => row.map(h => Math.min(h, 6)))) }, tape };
        },
      },
      size,
    );
    expect(broken(clamped)).toEqual([DOT[1]]);
  });

  it('and the tensor with it', () => {
    const layer = withBackward((p, tape, dnext, dp) => {
      const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
      return { dx: new Matrix(dx.to2DArray().map(row => row.map(g => g + 1))), dprev };
    });
    expect(checkLaws(layer).find(({ name }) => name === 'zero for zero cotangents')).toMatchObject({ broken: 'x' });
  });
});
