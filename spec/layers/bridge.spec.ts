/** The bridge from one state to another: plain numbers, every gradient, what counts, planted mistakes. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { checkGradients } from '../../lib/check/finite-differences.ts';
import { innerStates, randomState } from '../../lib/check/problem.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { type Bridge, bridge } from '../../lib/layers/bridge.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import type { Matrices } from '../../lib/shape.ts';
import { deviation } from '../numbers.ts';

const both = bidirectional({ forward: unroll(gru, { d: 2, m: 3 }), backward: unroll(gru, { d: 2, m: 2 }) });
const to = unroll(lstm, { d: 2, m: 4 });
const make = () => bridge({ from: both, to });
const stateOf = (state: Readonly<Record<string, number>>, seed: number, B = 3) =>
  randomState({ state } as Layer, B, new Random(seed));

function wrong(of: Bridge): string[] {
  normal(0.7)(of.params, new Random(1));
  const [s, ds] = [stateOf(of.from, 2), stateOf(of.to, 3)];
  of.params.zeroGrads();
  const back = of.backward(of.forward(s).tape, ds);
  const grads: Matrices = of.params.namedGrads();
  const named = (values: Matrices, gradients: Matrices) =>
    Object.entries(values).map(([name, matrix]) => ({
      name,
      values: matrix,
      gradient: gradients[name] ?? Matrix.zeros(0, 0),
    }));
  const report = checkGradients(
    () => innerStates(ds, of.forward(s).s),
    [...named(of.params.named(), grads), ...named(s, back)],
  );
  return report.tensors.filter(({ ok }) => !ok).map(({ name }) => name);
}

describe('a bridge', () => {
  it('makes every part of the one from all of the other, as in plain numbers', () => {
    const of = make();
    normal(0.7)(of.params, new Random(1));
    const s = stateOf(of.from, 2);
    const made = of.forward(s).s;
    expect(Object.keys(made)).toEqual(['h', 'c']);
    for (const part of ['h', 'c'] as const) {
      const [W, b] = [`W_${part}`, `b_${part}`].map(name => of.params.named()[name]?.to2DArray() ?? []);
      const expected = [0, 1, 2].map(row => {
        const e = [...(s['forward.h']?.getRow(row) ?? []), ...(s['backward.h']?.getRow(row) ?? [])];
        return (W ?? []).map((w, i) => Math.tanh(w.reduce((sum, x, j) => sum + x * (e[j] ?? 0), b?.[0]?.[i] ?? 0)));
      });
      expect(deviation(made[part] ?? Matrix.zeros(0, 0), new Matrix(expected))).toBeLessThan(1e-14);
    }
  });

  it('has the gradients of finite differences, and adds to those there are', () => {
    expect(wrong(make())).toEqual([]);
    const of = make();
    const tape = of.forward(stateOf(of.from, 2)).tape;
    const ds = stateOf(of.to, 3);
    of.backward(tape, ds);
    const once = of.params.grads.slice();
    of.backward(tape, ds);
    const twice = Matrix.rowVector([...once.map(g => 2 * g)]);
    expect(deviation(Matrix.rowVector([...of.params.grads]), twice)).toBeLessThan(1e-15);
    expect(of.equations).toEqual({ W_h: 'BR-B2', b_h: 'BR-B3', W_c: 'BR-B2', b_c: 'BR-B3' });
  });

  it('leaves out what counts, which begins at 0', () => {
    const counting = { state: { h: 3, t: 1 }, counts: ['t'] };
    const of = bridge({ from: counting, to: counting });
    expect(of.params.shapes).toEqual({ W_h: [3, 3], b_h: [1, 3] });
    of.params.values.fill(0.5);
    const s = { h: Matrix.ones(2, 3), t: Matrix.ones(2, 1) };
    const { s: made, tape } = of.forward(s);
    expect(made.t?.to2DArray()).toEqual([[0], [0]]);
    expect(of.backward(tape, s).t?.to2DArray()).toEqual([[0], [0]]);
  });

  it('refuses what does not fit', () => {
    const of = make();
    expect(() => bridge({ from: both, to: { state: {} } })).toThrow('to.state: expected some part, got {}');
    expect(() => bridge({ from: { state: { n: 1 }, counts: ['n'] }, to })).toThrow(ValueError);
    expect(() => of.forward({ h: Matrix.zeros(1, 2) })).toThrow(ShapeError);
    expect(() => of.forward({ ...stateOf(of.from, 1), 'forward.h': Matrix.zeros(2, 3) })).toThrow(
      /^s.backward.h: expe/,
    );
    const { tape } = of.forward(stateOf(of.from, 1));
    expect(() => of.backward(tape, stateOf(of.to, 1, 2))).toThrow(/^ds.h: expected a 3×4 matrix/);
  });
});

describe('a planted mistake is caught', () => {
  const of = make();
  type Parts = Readonly<Record<string, AbstractMatrix>>;
  const planted = (
    change: (tape: ReturnType<Bridge['forward']>['tape']) => typeof tape,
    after = (ds: Parts) => ds,
  ): Bridge => ({
    ...of,
    backward: (tape, ds) => after(of.backward(change(tape), ds)),
  });
  const zeros = (s: Parts) =>
    Object.fromEntries(Object.entries(s).map(([name, a]) => [name, Matrix.zeros(a.rows, a.columns)]));

  it.each<[string, readonly string[], Bridge]>([
    ['none', [], planted(tape => tape)],
    [
      'the slope of tanh forgotten',
      ['W_h', 'b_h', 'W_c', 'b_c', 'forward.h', 'backward.h'],
      planted(tape => ({ ...tape, s: zeros(tape.s) })),
    ],
    [
      'e in another order',
      ['W_h', 'W_c'],
      planted(tape => ({ ...tape, e: new Matrix(tape.e.to2DArray().map(row => row.reverse())) })),
    ],
    [
      'a part that gets nothing',
      ['backward.h'],
      planted(
        tape => tape,
        ds => ({ ...ds, 'backward.h': zeros(ds)['backward.h'] ?? Matrix.zeros(0, 0) }),
      ),
    ],
  ])('%s', (_, spoilt, broken) => {
    expect(wrong(broken)).toEqual(spoilt);
  });
});
