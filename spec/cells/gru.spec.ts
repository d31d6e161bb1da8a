/** One step of both GRUs: their equations in column vectors, their Jacobians, the convention of z, planted mistakes. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { type GruTape, gru, swapUpdateGate } from '../../lib/cells/gru.ts';
import { type GruResetBeforeTape, gruResetBefore } from '../../lib/cells/gru-reset-before.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { proveCell } from '../../lib/check/prove-cell.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import {
  add,
  addColumnSums,
  addTo,
  addTTimes,
  mul,
  oneMinus,
  sigmoidSlope,
  tanhSlope,
  times,
  timesT,
} from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';
import { matrix, size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';

const GATES = ['r', 'z', 'n'] as const;

type Gate = (typeof GATES)[number];
type Name = `${'W' | 'U' | 'b'}_${Gate}`;
type Gru = Cell<Name | 'b_h', 'h', GruTape>;
type GruBefore = Cell<Name, 'h', GruResetBeforeTape>;
type AnyGru = Cell<string, 'h'>;

/** A step of B sequences with everything it depends on, and a cotangent. */
const step = fc.tuple(size(4), size(5), size(5)).chain(([B, d, m]) => {
  const [W, U, b] = [matrix(m, m), matrix(m, d), matrix(1, m)];
  return fc.record({
    p: fc.record({ W_r: W, W_z: W, W_n: W, U_r: U, U_z: U, U_n: U, b_r: b, b_z: b, b_n: b, b_h: b }),
    x: matrix(B, d),
    h: matrix(B, m),
    dh: matrix(B, m),
  });
});

type Params = Readonly<Record<Name | 'b_h', Matrix>>;

const zerosLike = <K extends string>(p: Matrices<K>): Record<K, Matrix> =>
  mapped(p, ({ rows, columns }) => Matrix.zeros(rows, columns));

const mapped = <K extends string>(p: Matrices<K>, f: (a: AbstractMatrix) => Matrix): Record<K, Matrix> =>
  Object.fromEntries(Object.entries<AbstractMatrix>(p).map(([name, a]) => [name, f(a)])) as Record<K, Matrix>;

/** Row n of a matrix as a column vector. */
const column = (a: Matrix, n: number): Matrix => a.getRowVector(n).transpose();

const each = (a: Matrix, f: (v: number) => number): Matrix => Matrix.columnVector(flat(a).map(f));
const sigma = (a: Matrix): Matrix => each(a, v => 1 / (1 + Math.exp(-v)));
const diag = (a: Matrix): Matrix => Matrix.diag(flat(a));
const linear = (p: Params, k: Gate, h: Matrix, x: Matrix): Matrix =>
  p[`W_${k}`].mmul(h).add(p[`U_${k}`].mmul(x)).add(p[`b_${k}`].transpose());

/** The step of one sample in column vectors: h_t, ∂h_t/∂h_{t−1} and ∂h_t/∂x_t. */
type Oracle = (p: Params, x: Matrix, h: Matrix) => { readonly h: Matrix; readonly Jh: Matrix; readonly Jx: Matrix };

const resetAfter: Oracle = (p, x, h) => {
  const [r, z] = [sigma(linear(p, 'r', h, x)), sigma(linear(p, 'z', h, x))];
  const q = p.W_n.mmul(h).add(p.b_h.transpose());
  const n = each(p.U_n.mmul(x).add(p.b_n.transpose()).add(Matrix.mul(r, q)), Math.tanh);
  const [Sr, Sz, Sn] = slopes(r, z, n);
  const byN = diag(each(z, v => 1 - v)).mmul(Sn); // GRU-D2  ∂h_t/∂n_t = diag(1−z), ∂⁺h_t/∂h_{t−1} = diag(z)
  const byZ = diag(Matrix.sub(h, n)).mmul(Sz); // GRU-D2  ∂h_t/∂z_t = diag(h_{t−1}−n)
  const byR = byN.mmul(diag(q)).mmul(Sr); // GRU-D3  ∂an/∂r = diag(q), ∂an/∂q = diag(r)
  const past = diag(r).mmul(p.W_n).add(diag(q).mmul(Sr).mmul(p.W_r));
  return {
    h: each(z, v => 1 - v)
      .mul(n)
      .add(Matrix.mul(z, h)),
    Jh: diag(z).add(byZ.mmul(p.W_z)).add(byN.mmul(past)), // GRU-D4  the four ways from h_{t−1} to h_t
    Jx: byZ.mmul(p.U_z).add(byN.mmul(p.U_n)).add(byR.mmul(p.U_r)),
  };
};

const resetBefore: Oracle = (p, x, h) => {
  const [r, z] = [sigma(linear(p, 'r', h, x)), sigma(linear(p, 'z', h, x))];
  const n = each(linear(p, 'n', Matrix.mul(r, h), x), Math.tanh);
  const [Sr, Sz, Sn] = slopes(r, z, n);
  const byN = diag(each(z, v => 1 - v)).mmul(Sn);
  const byZ = diag(Matrix.sub(h, n)).mmul(Sz);
  const byR = byN.mmul(p.W_n).mmul(diag(h)).mmul(Sr); // GRB-D2  ∂h̃/∂r = diag(h_{t−1}), ∂⁺h̃/∂h_{t−1} = diag(r)
  const past = diag(r).add(diag(h).mmul(Sr).mmul(p.W_r));
  return {
    h: each(z, v => 1 - v)
      .mul(n)
      .add(Matrix.mul(z, h)),
    Jh: diag(z).add(byZ.mmul(p.W_z)).add(byN.mmul(p.W_n).mmul(past)), // GRB-D3  the four ways from h_{t−1} to h_t
    Jx: byZ.mmul(p.U_z).add(byN.mmul(p.U_n)).add(byR.mmul(p.U_r)),
  };
};

function slopes(r: Matrix, z: Matrix, n: Matrix): [Matrix, Matrix, Matrix] {
  const gate = (s: Matrix) => diag(each(s, v => v * (1 - v)));
  return [gate(r), gate(z), diag(each(n, v => 1 - v * v))];
}

const afterTags = 'W_r B5,W_z B5,W_n B5,U_r B6,U_z B6,U_n B6,b_r B7,b_z B7,b_n B7,b_h B8,V,c,x B9,h0 B10';
const beforeTags = 'W_r B5,W_z B5,W_n B5,U_r B6,U_z B6,U_n B6,b_r B7,b_z B7,b_n B7,V,c,x B8,h0 B9';

describe.each([
  ['gru', 'GRU', gru as AnyGru, resetAfter, afterTags],
  ['gru-reset-before', 'GRB', gruResetBefore as AnyGru, resetBefore, beforeTags],
] as const)('%s', (name, prefix, cell, oracle, tags) => {
  it('is the paper, sample by sample, in column vectors, and goes back by its Jacobians', () => {
    fc.assert(
      fc.property(step, ({ p, x, h, dh }) => {
        const { next, tape } = cell.forward(p, x, { h });
        const { dx, dprev } = cell.backward(p, tape, { h: dh }, zerosLike(p));
        for (let n = 0; n < x.rows; n++) {
          const { h: expected, Jh, Jx } = oracle(p, column(x, n), column(h, n));
          expect(deviation(row(next.h, n), expected.transpose())).toBeLessThan(1e-14);
          expect(deviation(row(dprev.h, n), dh.getRowVector(n).mmul(Jh))).toBeLessThan(1e-13);
          expect(deviation(row(dx, n), dh.getRowVector(n).mmul(Jx))).toBeLessThan(1e-13);
        }
      }),
    );
  });

  it('adds into the gradients, twice the same to the last bit, and changes nothing else', () => {
    fc.assert(
      fc.property(step, ({ p, x, h, dh }) => {
        const before = JSON.stringify([p, x, h, dh]);
        const { tape } = cell.forward(p, x, { h });
        const kept = JSON.stringify(tape);
        const once = zerosLike(p);
        const first = cell.backward(p, tape, { h: dh }, once);
        const twice = mapped(once, a => new Matrix(a.to2DArray()));
        const fresh = zerosLike(p);
        expect(cell.backward(p, tape, { h: dh }, fresh)).toEqual(first);
        expect(fresh).toEqual(once);
        cell.backward(p, tape, { h: dh }, twice);
        for (const key of Object.keys(cell.params({ d: 1, m: 1 })) as Name[]) {
          expect(deviation(twice[key], Matrix.mul(once[key], 2))).toBeLessThan(1e-14);
        }
        expect(JSON.stringify(tape)).toBe(kept);
        expect(JSON.stringify([p, x, h, dh])).toBe(before);
      }),
    );
  });

  it('passes the gradient check, each tensor under the tag of its equation', () => {
    const { ok, restsOn, tensors } = checkCell(cell);
    expect({ ok, restsOn }).toEqual({ ok: true, restsOn: 'proof' });
    expect(cell.name).toBe(name);
    const own = tensors.map(({ name, tag = '' }) => (tag.startsWith('RO-') ? name : `${name} ${tag}`));
    expect(own).toEqual(tags.split(',').map(entry => entry.replace(' ', ` ${prefix}-`)));
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });

  it('is the other convention, in which z takes the new state, once the update gate is swapped', () => {
    fc.assert(
      fc.property(step, ({ p, x, h }) => {
        const swapped = mapped(p, a => new Matrix(a.to2DArray()));
        swapUpdateGate(swapped);
        const { next } = cell.forward(swapped, x, { h });
        for (let n = 0; n < x.rows; n++) {
          const [xn, hn] = [column(x, n), column(h, n)];
          const zBar = sigma(linear(p, 'z', hn, xn)); // GRU-D1  1−σ(a) = σ(−a)
          const proposed = flat(candidate(p, xn, hn));
          const expected = flat(zBar).map((z, i) => (1 - z) * hn.get(i, 0) + z * (proposed[i] ?? Number.NaN));
          expect(deviation(row(next.h, n), Matrix.rowVector(expected))).toBeLessThan(1e-14);
        }
      }),
    );
  });

  /** n_t of one sample. */
  const candidate = (p: Params, x: Matrix, h: Matrix): Matrix => {
    const r = sigma(linear(p, 'r', h, x));
    if (prefix === 'GRB') return each(linear(p, 'n', Matrix.mul(r, h), x), Math.tanh);
    const q = p.W_n.mmul(h).add(p.b_h.transpose());
    return each(p.U_n.mmul(x).add(p.b_n.transpose()).add(q.mul(r)), Math.tanh);
  };
});

describe('swapUpdateGate', () => {
  it('is its own inverse to the last bit, in the memory of a layer, and touches only the update gate', () => {
    const { params } = unroll(gru, { d: 2, m: 3 });
    params.values.forEach((_, i) => {
      params.values[i] = Math.sin(i % 7); // zeros among them
    });
    const before = params.values.slice();
    swapUpdateGate(params.named());
    const changed = Object.entries(params.named()).flatMap(([name, a]) => flat(a).map((v, i) => ({ name, i, v })));
    for (const [n, { name, v }] of changed.entries()) {
      expect(v).toBe((name.endsWith('_z') ? -1 : 1) * (before[n] ?? Number.NaN));
    }
    swapUpdateGate(params.named());
    expect(params.values).toEqual(before);
  });

  it('carries gradients over with the parameters: dz/da changes its sign', () => {
    fc.assert(
      fc.property(step, ({ p, x, h, dh }) => {
        const swapped = mapped(p, a => new Matrix(a.to2DArray()));
        swapUpdateGate(swapped);
        const { tape } = gru.forward(swapped, x, { h });
        const dp = zerosLike(p);
        gru.backward(swapped, tape, { h: dh }, dp);
        swapUpdateGate(dp);
        const at = (shift: number) => {
          const moved = mapped(p, a => new Matrix(a.to2DArray()));
          moved.b_z.set(0, 0, p.b_z.get(0, 0) + shift);
          swapUpdateGate(moved);
          return Matrix.mul(gru.forward(moved, x, { h }).next.h, dh).sum();
        };
        expect(dp.b_z.get(0, 0)).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 7);
      }),
    );
  });
});

it('both are one where W_n is diagonal and b_h zero, and only there', () => {
  fc.assert(
    fc.property(step, ({ p, x, h }) => {
      const W_n = Matrix.diag(p.W_n.diagonal()); // GRB-D1  r⊙(W_n h) = W_n(r⊙h)
      const alike = { ...p, W_n, b_h: Matrix.zeros(1, p.b_h.columns) };
      const expected = gruResetBefore.forward(alike, x, { h }).next.h;
      expect(deviation(gru.forward(alike, x, { h }).next.h, expected)).toBeLessThan(1e-15);
    }),
  );
  const [zero, o] = [Matrix.zeros(2, 2), Matrix.zeros(1, 2)];
  const p = { W_r: zero, W_z: zero, W_n: zero.clone().set(0, 1, 1), U_r: zero, U_z: zero, U_n: zero };
  const biases = { b_r: new Matrix([[1, -1]]), b_z: o, b_n: o, b_h: o };
  const unit0 = (cell: AnyGru) => cell.forward({ ...p, ...biases }, o, { h: new Matrix([[0, 1]]) }).next.h.get(0, 0);
  const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
  expect(unit0(gru)).toBeCloseTo(0.5 * Math.tanh(sigmoid(1)), 14); // unit 0 of r resets what goes into unit 0
  expect(unit0(gruResetBefore)).toBeCloseTo(0.5 * Math.tanh(sigmoid(-1)), 14); // unit 1, what comes from unit 1
});

function row(a: AbstractMatrix, n: number): Matrix {
  return a.getRowVector(n);
}

/** What the equations of a backward step read: the tape, the parameters, the cotangent, and the gradients made before. */
type Read<Tape, Before extends string = never> = Tape & {
  readonly p: Matrices<Name>;
  readonly dh: AbstractMatrix;
} & Matrices<Before>;

/** The backward pass of the first form, equation by equation, each replaceable by a wrong one. */
interface After {
  readonly dan: (s: Read<GruTape>) => AbstractMatrix;
  readonly daz: (s: Read<GruTape>) => AbstractMatrix;
  readonly dar: (s: Read<GruTape, 'dan'>) => AbstractMatrix;
  readonly dq: (s: Read<GruTape, 'dan'>) => AbstractMatrix;
  readonly dW: (s: Read<GruTape, AfterDone>) => Matrices<Gate>;
  readonly dbh: (s: Read<GruTape, AfterDone>) => AbstractMatrix;
  readonly dx: (s: Read<GruTape, AfterDone>) => AbstractMatrix;
  readonly dhPrev: (s: Read<GruTape, AfterDone>) => AbstractMatrix;
}

type AfterDone = 'dan' | 'daz' | 'dar' | 'dq';

const outer = (a: AbstractMatrix, b: AbstractMatrix): Matrix => times(a.transpose(), b);
const minus = (a: AbstractMatrix, b: AbstractMatrix): Matrix => Matrix.sub(a, b);

const after: After = {
  dan: ({ dh, z, n }) => mul(dh, oneMinus(z), tanhSlope(n)),
  daz: ({ dh, hPrev, z, n }) => mul(dh, minus(hPrev, n), sigmoidSlope(z)),
  dar: ({ dan, q, r }) => mul(dan, q, sigmoidSlope(r)),
  dq: ({ dan, r }) => mul(dan, r),
  dW: ({ dar, daz, dq, hPrev: h }) => ({ r: outer(dar, h), z: outer(daz, h), n: outer(dq, h) }),
  dbh: ({ dq }) => dq,
  dx: ({ dar, daz, dan, p }) => add(times(dar, p.U_r), times(daz, p.U_z), times(dan, p.U_n)),
  dhPrev: ({ dh, z, dar, daz, dq, p }) => add(mul(dh, z), times(dar, p.W_r), times(daz, p.W_z), times(dq, p.W_n)),
};

const plantedAfter = (wrong: Partial<After>): Gru => {
  const e = { ...after, ...wrong };
  return {
    ...gru,
    backward(p, tape, { h: dh }, dp) {
      const s = { ...tape, p, dh };
      const dan = e.dan(s);
      const done = { ...s, dan, daz: e.daz(s), dar: e.dar({ ...s, dan }), dq: e.dq({ ...s, dan }) };
      collect(dp, e.dW(done), { r: done.dar, z: done.daz, n: dan }, tape.x);
      addColumnSums(dp.b_h, e.dbh(done));
      return { dx: e.dx(done), dprev: { h: e.dhPrev(done) } };
    },
  };
};

/** The same of the second form. */
interface Before {
  readonly drh: (s: Read<GruResetBeforeTape, 'dan'>) => AbstractMatrix;
  readonly dar: (s: Read<GruResetBeforeTape, 'dan' | 'drh'>) => AbstractMatrix;
  readonly dW: (s: Read<GruResetBeforeTape, BeforeDone>) => Matrices<Gate>;
  readonly dhPrev: (s: Read<GruResetBeforeTape, BeforeDone>) => AbstractMatrix;
}

type BeforeDone = 'dan' | 'daz' | 'dar' | 'drh';

const before: Before = {
  drh: ({ dan, p }) => times(dan, p.W_n),
  dar: ({ drh, hPrev, r }) => mul(drh, hPrev, sigmoidSlope(r)),
  dW: ({ dar, daz, dan, hPrev: h, rh }) => ({ r: outer(dar, h), z: outer(daz, h), n: outer(dan, rh) }),
  dhPrev: ({ dh, z, drh, r, dar, daz, p }) => add(mul(dh, z), mul(drh, r), times(dar, p.W_r), times(daz, p.W_z)),
};

const plantedBefore = (wrong: Partial<Before>): GruBefore => {
  const e = { ...before, ...wrong };
  return {
    ...gruResetBefore,
    backward(p, tape, { h: dh }, dp) {
      const { z, n, hPrev } = tape;
      const dan = mul(dh, oneMinus(z), tanhSlope(n));
      const daz = mul(dh, minus(hPrev, n), sigmoidSlope(z));
      const s = { ...tape, p, dh, dan, daz };
      const drh = e.drh(s);
      const done = { ...s, drh, dar: e.dar({ ...s, drh }) };
      const da = { r: done.dar, z: daz, n: dan };
      collect(dp, e.dW(done), da, tape.x);
      const dx = add(times(da.r, p.U_r), times(da.z, p.U_z), times(da.n, p.U_n));
      return { dx, dprev: { h: e.dhPrev(done) } };
    },
  };
};

function collect(dp: Matrices<Name>, dW: Matrices<Gate>, da: Matrices<Gate>, x: AbstractMatrix): void {
  for (const k of GATES) {
    addTo(dp[`W_${k}`], dW[k]);
    addTTimes(dp[`U_${k}`], da[k], x);
    addColumnSums(dp[`b_${k}`], da[k]);
  }
}

/** Which tensors a cell gets wrong, in a problem of T steps; the proof says it of one, where it can. */
const spoilt = (cell: AnyGru, T: number): string[] => {
  const proof = T === 1 ? proveCell(cell) : undefined;
  const { tensors } =
    proof && proof.verdict !== 'not provable' ? proof : checkCell(cell, { T, B: 2, d: 2, m: 3, C: 2 });
  return tensors.filter(({ ok }) => !ok).map(({ name }) => name);
};

const gates = (...names: readonly Gate[]) => (['W', 'U', 'b'] as const).flatMap(kind => names.map(k => `${kind}_${k}`));

/** What a step spoils that is wrong in dan, in daz or in dar. */
const byN = [...gates('r', 'n'), 'b_h', 'x', 'h0'];
const byZ = [...gates('z'), 'x', 'h0'];
const byR = [...gates('r'), 'x', 'h0'];

const zeros = (a: AbstractMatrix): Matrix => Matrix.zeros(a.rows, a.columns);

const mistakesAfter: readonly (readonly [string, readonly string[], Partial<After>])[] = [
  ['dan without 1−z', byN, { dan: ({ dh, n }) => mul(dh, tanhSlope(n)) }],
  ['dan without its slope', byN, { dan: ({ dh, z }) => mul(dh, oneMinus(z)) }],
  ['z for 1−z in dan', byN, { dan: ({ dh, z, n }) => mul(dh, z, tanhSlope(n)) }],
  ['the sign of daz', byZ, { daz: ({ dh, hPrev, z, n }) => mul(dh, minus(n, hPrev), sigmoidSlope(z)) }],
  ['daz without n', byZ, { daz: ({ dh, hPrev, z }) => mul(dh, hPrev, sigmoidSlope(z)) }],
  ['tanh’s slope for σ’s in daz', byZ, { daz: ({ dh, hPrev, z, n }) => mul(dh, minus(hPrev, n), tanhSlope(z)) }],
  ['dar without the product', byR, { dar: ({ dan, r }) => mul(dan, sigmoidSlope(r)) }],
  ['dar without b_h', byR, { dar: ({ dan, hPrev, r, p }) => mul(dan, timesT(hPrev, p.W_n), sigmoidSlope(r)) }],
  ['dar without its slope', byR, { dar: ({ dan, q }) => mul(dan, q) }],
  ['the recurrent side without r', ['W_n', 'b_h', 'h0'], { dq: ({ dan }) => dan }],
  ['h reset in dW_n', ['W_n'], { dW: s => ({ ...after.dW(s), n: outer(s.dan, mul(s.r, s.hPrev)) }) }],
  ['dW_r transposed', ['W_r'], { dW: s => ({ ...after.dW(s), r: outer(s.hPrev, s.dar) }) }],
  ['db_h as db_n', ['b_h'], { dbh: ({ dan }) => dan }],
  ['dx without the reset gate', ['x'], { dx: ({ daz, dan, p }) => add(times(daz, p.U_z), times(dan, p.U_n)) }],
  ['the reset in dx', ['x'], { dx: s => after.dx({ ...s, dan: s.dq }) }],
  ['dh_{t−1} without dh⊙z', ['h0'], { dhPrev: s => after.dhPrev({ ...s, z: zeros(s.z) }) }],
  ['1−z for z in dh_{t−1}', ['h0'], { dhPrev: s => after.dhPrev({ ...s, z: oneMinus(s.z) }) }],
  ['dh_{t−1} without the update gate', ['h0'], { dhPrev: s => after.dhPrev({ ...s, daz: zeros(s.daz) }) }],
  [
    'W_n not transposed in dh_{t−1}',
    ['h0'],
    { dhPrev: s => after.dhPrev({ ...s, p: { ...s.p, W_n: s.p.W_n.transpose() } }) },
  ],
];

const mistakesBefore: readonly (readonly [string, readonly string[], Partial<Before>])[] = [
  ['dar without h_{t−1}', byR, { dar: ({ drh, r }) => mul(drh, sigmoidSlope(r)) }],
  ['dar past W_n', byR, { dar: ({ dan, hPrev, r }) => mul(dan, hPrev, sigmoidSlope(r)) }],
  ['dar without its slope', byR, { dar: ({ drh, hPrev }) => mul(drh, hPrev) }],
  ['W_n not transposed', byR, { drh: ({ dan, p }) => times(dan, p.W_n.transpose()) }],
  ['dW_n with the state not reset', ['W_n'], { dW: s => ({ ...before.dW(s), n: outer(s.dan, s.hPrev) }) }],
  ['dh_{t−1} without the reset', ['h0'], { dhPrev: s => before.dhPrev({ ...s, r: oneMinus(zeros(s.r)) }) }],
  ['dh_{t−1} without the reset gate', ['h0'], { dhPrev: s => before.dhPrev({ ...s, dar: zeros(s.dar) }) }],
];

describe('a planted mistake is caught, and named by the tensors it spoils in its step', () => {
  const sees = (names: readonly string[], cell: AnyGru) => {
    expect(spoilt(cell, 1).sort()).toEqual([...names].sort());
    expect(spoilt(cell, 2)).toEqual(expect.arrayContaining([...names]));
  };

  it.each(mistakesAfter)('gru: %s', (_, names, wrong) => sees(names, plantedAfter(wrong)));
  it.each(mistakesBefore)('gru-reset-before: %s', (_, names, wrong) => sees(names, plantedBefore(wrong)));

  it('and nothing is, where nothing is planted', () => {
    sees([], plantedAfter({}));
    sees([], plantedBefore({}));
    expect([...spoilt(plantedAfter({}), 2), ...spoilt(plantedBefore({}), 2)]).toEqual([]);
  });
});

describe('a planted mistake between steps is caught', () => {
  /** The cell whose gradients of some names are forgotten before each step. */
  const assigned = (cell: AnyGru, names: readonly string[]): AnyGru => ({
    ...cell,
    backward(p, tape, dnext, dp) {
      for (const name of names) dp[name]?.mul(0);
      return cell.backward(p, tape, dnext, dp);
    },
  });

  /** The cell whose backward sees h_t in the place of h_{t−1}, but for what leaves the step. */
  const early = (cell: AnyGru): AnyGru => ({
    ...cell,
    forward(p, x, prev) {
      const { next, tape } = cell.forward(p, x, prev);
      return { next, tape: { tape, h: next.h } };
    },
    backward(p, kept, dnext, dp) {
      const { tape, h } = kept as { readonly tape: object; readonly h: AbstractMatrix };
      cell.backward(p, { ...tape, hPrev: h }, dnext, dp);
      return cell.backward(p, tape, dnext, zerosLike(dp));
    },
  });

  /** The cell that forgets the parameters' gradients at t = 1. */
  const droppedFirst = (cell: AnyGru): AnyGru => {
    let depth = 0;
    return {
      ...cell,
      forward(p, x, prev) {
        depth += 1;
        return cell.forward(p, x, prev);
      },
      backward(p, tape, dnext, dp) {
        depth -= 1;
        return cell.backward(p, tape, dnext, depth === 0 ? zerosLike(dp) : dp);
      },
    };
  };

  it.each([
    ['gru', gru as AnyGru],
    ['gru-reset-before', gruResetBefore as AnyGru],
  ] as const)('%s', (_, cell) => {
    for (const name of Object.keys(cell.params({ d: 1, m: 1 })))
      expect(spoilt(assigned(cell, [name]), 3)).toEqual([name]);
    expect(spoilt(droppedFirst(cell), 3)).toEqual(Object.keys(cell.params({ d: 1, m: 1 })));
  });

  it('h_t for h_{t−1}', () => {
    expect(spoilt(early(gru as AnyGru), 3)).toEqual(['W_r', 'W_z', 'W_n', 'U_z', 'b_z']);
    expect(spoilt(early(gruResetBefore as AnyGru), 3)).toEqual(['W_r', 'W_z', 'U_r', 'U_z', 'b_r', 'b_z']);
  });
});
