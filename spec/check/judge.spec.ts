/** Single claims, judged with what they refer to given: what reads a derivation line by line asks for. */
import type { AbstractMatrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { judge } from '../../lib/check/judge.ts';
import { type MatrixSymbol, Recorder } from '../../lib/equations/symbol.ts';
import {
  add,
  map,
  mul,
  relu,
  reluSlope,
  scale,
  sigmoid,
  softplus,
  tanh,
  tanhSlope,
  times,
  timesT,
} from '../../lib/matrix.ts';

/** y = tanh(x Uᵀ) + x Uᵀ ⊙ x Uᵀ, and the true gradient in y as an input of its own. */
function recorded() {
  const recorder = new Recorder(1009);
  const input = (role: 'p' | 'x' | 'dnext', name: string, rows: number, columns: number) =>
    recorder.input({ role, name }, [rows, columns]);
  const [U, x] = [input('p', 'U', 3, 2), input('x', 'x', 1009, 2)];
  const a = timesT(x, U);
  const u = tanh(a);
  const y = add(u, mul(a, a));
  const [R, dy, da] = [input('dnext', 'R', 1009, 3), input('dnext', 'dy', 1009, 3), input('dnext', 'da', 1009, 3)];
  const own = (matrix: AbstractMatrix) => (matrix as MatrixSymbol).value;
  const results = [{ value: own(y), cotangent: R.value }];
  const given = [
    { gradient: dy.value, of: own(y) },
    { gradient: da.value, of: own(a) },
  ];
  const claim = (gradient: AbstractMatrix, of: AbstractMatrix) => ({ gradient: own(gradient), of: own(of) });
  return { U, x, a, u, y, R, dy, da, results, given, claim, own };
}

describe('a line by itself', () => {
  test('is right where it is the gradient, with the true ones for what it refers to', () => {
    const { U, x, a, u, dy, da, results, given, claim } = recorded();
    const right = add(mul(dy, tanhSlope(u)), scale(mul(dy, a), 2));
    const wrong = add(mul(dy, tanhSlope(u)), mul(dy, a));
    const { judgements, chance, draws } = judge({
      results,
      given,
      claims: [claim(right, a), claim(wrong, a), claim(times(da, U), x)],
    });
    expect(judgements).toEqual(['right', 'wrong', 'right']);
    expect(draws).toBe(3);
    expect(chance).toBeLessThan(1e-15);
  });

  test('is the gradient through some of the uses of a value alone, where that is claimed', () => {
    const { a, u, y, R, dy, results, given, claim, own } = recorded();
    const through = mul(dy, tanhSlope(u));
    const uses = [{ by: own(u), argument: 0 }];
    const judged = judge({ results, given, claims: [claim(through, a), { ...claim(through, a), uses }] });
    expect(judged.judgements).toEqual(['wrong', 'right']);
    const asResult = { ...claim(R, y), uses: [{}] };
    expect(judge({ results, claims: [asResult, { ...asResult, uses: [] }] }).judgements).toEqual(['right', 'wrong']);
  });

  test('is unproven where it rests on more than slopes', () => {
    const recorder = new Recorder(1009);
    const a = recorder.input({ role: 'x', name: 'a' }, [1009, 2]);
    const y = softplus(a) as MatrixSymbol;
    const R = recorder.input({ role: 'dnext', name: 'R' }, [1009, 2]);
    const claims = [sigmoid(a), scale(sigmoid(a), 1.0001)].map(slope => ({
      gradient: (mul(R, slope) as MatrixSymbol).value,
      of: a.value,
    }));
    const { judgements } = judge({ results: [{ value: y.value, cotangent: R.value }], claims });
    expect(judgements).toEqual(['unproven', 'wrong']);
  });

  test('with indicators is tried until they have taken both sides', () => {
    const recorder = new Recorder(1009);
    const a = recorder.input({ role: 'x', name: 'a' }, [1009, 1]);
    const y = relu(a) as MatrixSymbol;
    const R = recorder.input({ role: 'dnext', name: 'R' }, [1009, 1]);
    const results = [{ value: y.value, cotangent: R.value }];
    const claims = [mul(R, reluSlope(y)), R].map(gradient => ({
      gradient: (gradient as MatrixSymbol).value,
      of: a.value,
    }));
    for (let seed = 1; seed <= 20; seed++) {
      const { judgements, chance } = judge({ results, claims }, seed);
      expect(judgements).toEqual(['right', 'wrong']);
      expect(chance).toBeLessThan(1e-12);
    }
  });

  test('cannot be judged where it uses a function of JavaScript', () => {
    const { a, dy, results, given, claim } = recorded();
    expect(() => judge({ results, given, claims: [claim(map(mul(dy, a), Math.abs), a)] })).toThrow('it uses map');
  });
});
