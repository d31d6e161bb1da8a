/** What rounding hides is neither right nor wrong; a jump is no kink; numbers of 32 bits are known for what they are. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { minGru } from '../../lib/cells/min-gru.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { slstm } from '../../lib/cells/slstm.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { checkLoss } from '../../lib/check/check-loss.ts';
import { dotTest } from '../../lib/check/dot-test.ts';
import { checkGradients } from '../../lib/check/finite-differences.ts';
import { format } from '../../lib/check/format.ts';
import { layerProperty } from '../../lib/check/properties.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { squaredError } from '../../lib/losses/squared-error.ts';
import { Sequence } from '../../lib/sequence.ts';
import { flat } from '../numbers.ts';

/** The verdict on a claimed slope of a function of one number at a place. */
function verdictOn(f: (x: number) => number, at: number, claimed: number) {
  const w = new Matrix([[at]]);
  const report = checkGradients(
    () => f(w.get(0, 0)),
    [{ name: 'w', values: w, gradient: new Matrix([[claimed]]), tag: 'N-B1' }],
  );
  expect(flat(w)).toEqual([at]);
  return { ...report, tensor: report.tensors[0] };
}

const place = fc.integer({ min: -300, max: 300 }).map(n => n / 101);
const runs = { numRuns: 60 };

describe('a slope amid noise', () => {
  it('that is right is never called wrong, and never right where that cannot be seen', () => {
    fc.assert(
      fc.property(place, fc.integer({ min: -2, max: 20 }), fc.boolean(), (x, digits, cancelled) => {
        const offset = 10 ** digits;
        fc.pre(!cancelled || digits <= 8); // beyond, all that can be seen stands still
        const f = (a: number) => (cancelled ? a ** 2 + offset - offset : a ** 2 + offset);
        const { ok, verdict, tensor } = verdictOn(f, x, 2 * x);
        expect(verdict).not.toBe('wrong');
        expect(ok).toBe(verdict === 'ok');
        expect(tensor?.kinks).toBe(0);
        if (digits <= 3) expect(verdict).toBe('ok');
        if (digits >= 8 && !cancelled) expect(verdict).toBe('too noisy');
      }),
      runs,
    );
  });

  it('that is wrong by more than the noise is called wrong, by less is not called right', () => {
    fc.assert(
      fc.property(place, fc.integer({ min: 4, max: 16 }), fc.integer({ min: -4, max: 6 }), (x, digits, error) => {
        const { verdict, tensor } = verdictOn(a => a ** 2 + 10 ** digits, x, 2 * x + 10 ** error);
        const noise = 10 ** digits * 2e-12; // 10 σ over steps of 1e-3 and 1e-4
        if (10 ** error > 10 * noise) expect(verdict).toBe('wrong');
        else if (verdict !== 'wrong') expect(verdict).toBe('too noisy');
        expect(tensor?.kinks).toBe(0);
      }),
      runs,
    );
    expect(verdictOn(a => a ** 2 + 1e8, 1, 2.01)).toMatchObject({ ok: false, verdict: 'wrong' });
    expect(verdictOn(a => a ** 2 + 1e8, 1, 2)).toMatchObject({ ok: false, verdict: 'too noisy' });
  });

  it('of a loss that stands still because its numbers are too large is not said to be nothing', () => {
    expect(verdictOn(a => a ** 2 + 1e20, 1, 0).verdict).toBe('too noisy');
    expect(verdictOn(() => 7, 1, 0).verdict).toBe('ok');
  });

  it('of a loss that is another every time is not judged', () => {
    let n = 0;
    const shaking = (a: number) => a ** 2 + 1e-6 * Math.sin(1e4 * (++n) ** 2);
    expect(verdictOn(shaking, 1, 2).verdict).toBe('too noisy');
    expect(verdictOn(shaking, 1, 3).verdict).toBe('wrong');
  });

  it('is reported with |L|, the error, and how many elements it is', () => {
    const w = new Matrix([[1, 2]]);
    const loss = () => w.get(0, 0) ** 2 + 3e8 * w.get(0, 1);
    const report = checkGradients(loss, [{ name: 'w', values: w, gradient: new Matrix([[2, 3e8]]), tag: 'N-B1' }]);
    expect(report.tensors[0]).toMatchObject({ ok: false, verdict: 'too noisy', unjudged: 1, failed: 0, failures: [] });
    expect(report.tensors[0]?.noise?.loss).toBe(6e8 + 1);
    expect(report.tensors[0]?.noise?.error).toBeLessThan(0.1);
    expect(report.tensors[0]?.noise?.error).toBeGreaterThan(1e-4);
    expect(format(report)).toMatch(
      /^w {3}N-B1 +2 elements .* too noisy to judge in 1: \|L\| = 6\.0e\+8, the difference has an error of about \S+e-3$/,
    );
  });

  it('does not hide a slope beside it that is wrong', () => {
    const w = new Matrix([[1, 2]]);
    const loss = () => w.get(0, 0) ** 2 + 3e8 * w.get(0, 1);
    const report = checkGradients(loss, [{ name: 'w', values: w, gradient: new Matrix([[2, 2e8]]) }]);
    expect(report.tensors[0]).toMatchObject({ verdict: 'wrong', unjudged: 1, failed: 1, failures: [{ at: [0, 1] }] });
  });
});

describe('a kink', () => {
  it('has every slope between its two, and no other, whatever else the function does', () => {
    const claims = [0, 0.3, 1, -1e-5, 1 + 1e-5, 5e5, -5e5];
    const verdicts = (f: (x: number) => number, scale = 1) =>
      claims.map(claim => verdictOn(f, 0, scale * claim).verdict === 'ok');
    const right = [true, true, true, false, false, false, false];
    expect(verdicts(x => Math.max(0, x))).toEqual(right);
    expect(verdicts(x => Math.max(0, x) + 100 * x ** 2)).toEqual(right);
    expect(verdicts(x => 1e3 * Math.max(0, x) + 50 * x ** 2, 1e3)).toEqual(right);
    expect(verdicts(x => 1e-2 * Math.max(0, x) + Math.cos(x), 1e-2)).toEqual(right);
    expect(verdictOn(x => Math.abs(x), 0, 0.2).tensor).toMatchObject({ ok: true, kinks: 1 });
  });

  it('is seen over the smallest step that shows it in the noise, and not called wrong where none does', () => {
    const verdicts = [1e4, 1e6, 1e8, 1e10, 1e11, 3e11, 1e13].map(offset =>
      [0, 0.2, 1, 5e5].map(claim => verdictOn(x => Math.max(0, x) + offset, 0, claim).verdict),
    );
    const [seen, hidden] = [
      ['ok', 'ok', 'ok', 'wrong'],
      ['too noisy', 'too noisy', 'too noisy', 'wrong'],
    ];
    expect(verdicts.slice(0, -1)).toEqual([seen, seen, seen, seen, seen, hidden]);
    expect(verdicts.at(-1)?.slice(0, 3)).toEqual(hidden.slice(0, 3));
  });
});

describe('a jump', () => {
  it('at the value has no slope at all', () => {
    for (const size of [1, -1, 1e-3, 1e3]) {
      for (const above of [true, false]) {
        const f = (x: number) => ((above ? x >= 1 : x > 1) ? size : 0) + x ** 2;
        for (const claim of [0, 2, 2 + size, 5e5, -5e5, size / 2e-6, size / 1e-4]) {
          expect(verdictOn(f, 1, claim)).toMatchObject({ ok: false, verdict: 'wrong', tensor: { kinks: 0 } });
        }
      }
    }
  });

  it('beside the value leaves the slope there', () => {
    for (const distance of [5e-4, 5e-5, 5e-6]) {
      const f = (x: number) => (x > 1 + distance ? 1 : 0) + x ** 2;
      expect([verdictOn(f, 1, 2).verdict, verdictOn(f, 1, 2.1).verdict]).toEqual(['ok', 'wrong']);
    }
  });
});

describe('numbers of 32 bits', () => {
  const single = { precision: 'f32' } as const;
  const advice = 'numbers of 32 bits: check the layer in f64, or compare f32 with f64';

  it.each([rnn, slstm, minGru] as unknown as readonly Cell[])(
    'of a right layer of $name: neither wrong nor called right',
    cell => {
      const layer = recurrent(cell, { d: 2, m: 3 }, single);
      const { ok, verdict, smallest, laws } = checkLayer(layer, { seed: 2, T: 2, B: 2 });
      expect({ ok, verdict, smallest }).toEqual({ ok: false, verdict: 'too noisy', smallest: undefined });
      for (const law of laws) if (!law.noise) expect(law).toMatchObject({ ok: true });
    },
  );

  it('are named, with what to do; what is above or below them in 64 bits is judged', () => {
    const both = stack({ low: recurrent(lstm, { d: 2, m: 2 }, single), out: readout({ m: 2, C: 2 }) });
    const report = checkLayer(both, { T: 3, B: 2 });
    const found = Object.fromEntries(report.tensors.map(({ name, verdict, noise }) => [name, [verdict, noise?.bits]]));
    expect(found).toMatchObject({
      'low.W_f': ['too noisy', 32],
      'low.h0': ['too noisy', 32],
      x: ['too noisy', 32],
      'out.V': ['ok', undefined],
      'out.c': ['ok', undefined],
    });
    const lines = format(report).split('\n');
    expect(lines.find(line => line.startsWith('low.U_i '))).toContain(`too noisy to judge: ${advice}`);
    expect(lines.find(line => line.startsWith('⟨dy, Jv⟩'))).toContain(`too noisy to judge: ${advice}`);
    expect(lines.find(line => line.startsWith('linear in'))).toMatch(/ok, for numbers of 32 bits$/);
  });

  it('do not hide a mistake', () => {
    const layer = recurrent(lstm, { d: 2, m: 2 }, single);
    const wrong: Layer = {
      ...layer,
      backward(tape, dy, dsT) {
        const result = layer.backward(tape, dy, dsT);
        layer.params.namedGrads().W_f?.mul(-1);
        return result;
      },
    };
    const { verdict, tensors, smallest } = checkLayer(wrong, { T: 2, B: 2 });
    expect(verdict).toBe('wrong');
    expect(tensors.filter(tensor => tensor.verdict === 'wrong').map(({ name }) => name)).toEqual(['W_f']);
    expect(smallest?.tensors.filter(tensor => tensor.verdict === 'wrong').map(({ name }) => name)).toEqual(['W_f']);
  });

  it('of 64 bits are not taken for them, however large the loss', () => {
    for (const offset of [1e8, 1e9, 1e10, 1e12]) {
      for (const x of [0.3, 1, 1.7])
        expect(verdictOn(a => a ** 2 + offset, x, 2 * x).tensor?.noise?.bits).toBeUndefined();
    }
  });
});

describe('a layer with large outputs', () => {
  /** The layer, its outputs moved by a constant, which no gradient sees. */
  const moved = (layer: Layer, offset: number): Layer => ({
    ...layer,
    forward(x, s0) {
      const { y, ...rest } = layer.forward(x, s0);
      const rows = y.rows();
      for (let n = 0; n < rows.rows; n++) {
        for (let j = 0; j < rows.columns && y.counts(n); j++) rows.set(n, j, rows.get(n, j) + offset);
      }
      return { y, ...rest };
    },
  });

  it('is too noisy for differences and the dot test, and no law is broken by that', () => {
    const layer = moved(unroll(rnn, { d: 2, m: 3 }), 1e9);
    const { ok, verdict, laws, tensors } = checkLayer(layer);
    expect({ ok, verdict }).toEqual({ ok: false, verdict: 'too noisy' });
    expect(tensors.filter(tensor => tensor.verdict === 'wrong')).toEqual([]);
    expect(laws.filter(law => !law.ok && !law.noise)).toEqual([]);
    expect(dotTest(layer)).toMatchObject({ ok: false, noise: { loss: expect.any(Number) } });
    expect(dotTest(layer).broken).toBeUndefined();
    expect(dotTest(moved(unroll(rnn, { d: 2, m: 3 }), 1e3))).toMatchObject({ ok: true });
  });

  it('of 1e4 and of 1e5 passes: the bound grows with what rounding of the loss hides, and with no more', () => {
    for (const offset of [1e4, 1e5]) {
      const { verdict, laws } = checkLayer(moved(unroll(rnn, { d: 2, m: 3 }), offset));
      expect({ verdict, broken: laws.filter(({ ok }) => !ok) }).toEqual({ verdict: 'ok', broken: [] });
      expect(dotTest(moved(unroll(rnn, { d: 2, m: 3 }), offset)).ok).toBe(true);
    }
    const off = (offset: number, error: number) => verdictOn(a => a ** 2 + offset, 1, 2 + error).verdict;
    expect([off(1e4, 1e-8), off(1e6, 2e-7), off(1e6, 1e-5), off(1e6, 1e-4)]).toEqual([
      'ok',
      'ok',
      'too noisy',
      'wrong',
    ]);
    expect([off(1, 5e-7), off(10, 5e-7), off(1e3, 5e-7)]).toEqual(['wrong', 'wrong', 'wrong']);
  });

  it('is not a property that holds', () => {
    const property = layerProperty(moved(unroll(rnn, { d: 2, m: 3 }), 1e9));
    const { failed, errorInstance } = fc.check(property, { numRuns: 2, endOnFailure: true });
    expect(failed).toBe(true);
    expect((errorInstance as Error).message).toMatch(/^rnn is too noisy to judge\n/);
  });

  it('still has its mistakes found', () => {
    const { name, ...rest } = rnn;
    const wrong = {
      ...rest,
      name,
      backward: ((p, tape, dnext, dp) => rnn.backward(p, { ...tape, hPrev: tape.h }, dnext, dp)) as typeof rnn.backward,
    };
    expect(checkLayer(moved(unroll(wrong, { d: 2, m: 3 }), 1e6)).verdict).toBe('wrong');
    expect(dotTest(moved(unroll(wrong, { d: 2, m: 3 }), 1e6))).toMatchObject({ ok: false, broken: expect.any(String) });
  });
});

it('laws of a loss are held to the size of its gradients', () => {
  const target = ({ T, B, F }: { readonly T: number; readonly B: number; readonly F: number }) =>
    Sequence.dense(new Float64Array(T * B * F).fill(1e9 / 3), { T, B, F });
  const { verdict, laws } = checkLoss(squaredError, { target });
  expect(laws.filter(({ ok, noise }) => !ok && !noise)).toEqual([]);
  expect(verdict).toBe('too noisy');
});
