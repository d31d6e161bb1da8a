/** R{·} of the steps of the cells: one unit by hand, the slopes, and planted mistakes, each named by what it spoils. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { add, mul, sigmoid, sigmoidSlope, sub, tanh, tanhSlope } from '../../../lib/matrix.ts';
import { Sequence } from '../../../lib/sequence.ts';
import { hessianVector } from '../../../lib/through-time/r-operator.ts';
import { gruTwice } from '../../../lib/through-time/second-order/gru.ts';
import { lstmTwice } from '../../../lib/through-time/second-order/lstm.ts';
import { rnnTwice } from '../../../lib/through-time/second-order/rnn.ts';
import { rSigmoidSlope, rTanhSlope } from '../../../lib/through-time/second-order/slopes.ts';
import type { BackwardStep, RTape, TwiceCell } from '../../../lib/through-time/second-order/twice-cell.ts';
import { crossEntropyTwice, squaredErrorTwice } from '../../../lib/through-time/second-order/twice-loss.ts';
import { entry, matrix } from '../../arbitraries.ts';
import { deviation } from '../../numbers.ts';
import { type AnyCell, type AnyLoss, fixed, fourPoint, scaled, wrong } from './problem.ts';

describe('by hand', () => {
  it('one step of one unit under squared error has the Hessian of five lines', () => {
    const numbers = fc.record({
      theta: fc.array(entry, { minLength: 5, maxLength: 5 }),
      x: entry,
      y: entry,
      h0: entry,
    });
    fc.assert(
      fc.property(numbers, ({ theta, x, y, h0 }) => {
        const [W = 0, U = 0, b = 0, V = 0, c = 0] = theta;
        const h = Math.tanh(W * h0 + U * x + b);
        const e = V * h + c - y;
        const s = 1 - h * h;
        const g = [h0, x, 1]; // ∂a/∂(W, U, b)
        const inA = V * s * V * s + e * V * -2 * h * s; // ∂²L/∂a²
        const inner = g.map(gi => [...g.map(gj => inA * gi * gj), gi * (V * s * h + e * s), gi * V * s]);
        const outer = [0, 1].map(k => [
          ...inner.map(row => row[3 + k] ?? Number.NaN),
          [h * h, h][k] ?? 0,
          [h, 1][k] ?? 0,
        ]);
        const net = { cell: rnnTwice, loss: squaredErrorTwice, d: 1, m: 1, C: 1 };
        const batch = {
          x: Sequence.dense([x], { T: 1, F: 1 }),
          y: Sequence.dense([y], { T: 1, F: 1 }),
          s0: { h: new Matrix([[h0]]) },
        };
        const columns = Matrix.eye(5)
          .to2DArray()
          .map(unit => [...hessianVector(net, theta, batch, unit)]);
        expect(deviation(new Matrix(columns), new Matrix([...inner, ...outer]))).toBeLessThan(1e-13); // ROP-D2  R{AB} = R{A}B + A R{B}, R{g(a)} = g′(a)⊙R{a}
      }),
    );
  });

  it.each([
    ['tanh', tanh, tanhSlope, rTanhSlope], // ROP-D4  R{1−h²} = −2h⊙R{h}
    ['the logistic function', sigmoid, sigmoidSlope, rSigmoidSlope], // ROP-D5  R{s(1−s)} = (1−2s)⊙R{s}
  ] as const)('the slope of %s moves with its output', (_, f, slope, rSlope) => {
    fc.assert(
      fc.property(matrix(2, 3), matrix(2, 3), (a, Ra) => {
        const numeric = fourPoint(shift => slope(f(add(a, scaled(Ra, shift)))), 3e-4);
        expect(deviation(rSlope(f(a), mul(slope(f(a)), Ra)), numeric)).toBeLessThan(1e-10);
      }),
    );
  });
});

/** The cell whose backward R-pass is given another R{·} of what backward is given. */
function withR<P extends string, S extends string, Tape>(
  cell: TwiceCell<P, S, Tape>,
  change: (R: BackwardStep<P, S, RTape<Tape>>) => BackwardStep<P, S, RTape<Tape>>,
): TwiceCell<P, S, Tape> {
  return { ...cell, rBackward: (at, R, Rdp) => cell.rBackward(at, change(R), Rdp) };
}

/** The cell whose backward R-pass is given another tape. */
function withTape<P extends string, S extends string, Tape>(
  cell: TwiceCell<P, S, Tape>,
  change: (tape: Tape) => Tape,
): TwiceCell<P, S, Tape> {
  return { ...cell, rBackward: (at, R, Rdp) => cell.rBackward({ ...at, tape: change(at.tape) }, R, Rdp) };
}

/** The cell whose backward R-pass is given another R{·} of the tape, part by part. */
function withRTape<P extends string, S extends string, Tape>(
  cell: TwiceCell<P, S, Tape>,
  change: (R: RTape<Tape>) => Partial<RTape<Tape>>,
): TwiceCell<P, S, Tape> {
  return withR(cell, R => ({ ...R, tape: { ...R.tape, ...change(R.tape) } }));
}

/** The cell that assigns R{·} of a parameter's gradient where it must add. */
function assigned<P extends string, S extends string, Tape>(
  cell: TwiceCell<P, S, Tape>,
  name: NoInfer<P>,
): TwiceCell<P, S, Tape> {
  return {
    ...cell,
    rBackward(at, R, Rdp) {
      Rdp[name].mul(0);
      return cell.rBackward(at, R, Rdp);
    },
  };
}

const zero = (a: AbstractMatrix): Matrix => scaled(a, 0);

/** The parameters whose part of H·v is not the difference of the right cell's gradient, where another one takes its place. */
function spoiltBy(mistaken: AnyCell, right: AnyCell, loss: AnyLoss): string[] {
  const drawn = fixed(right, loss);
  const { net, theta, batch, v } = drawn;
  const product = hessianVector({ ...net, cell: mistaken }, theta, batch, v);
  return wrong(drawn, product);
}

/** All parameters of a cell. */
const all = (cell: AnyCell): string[] => Object.keys(cell.params({ d: 1, m: 1 }));

type Mistakes<C> = readonly (readonly [name: string, spoilt: readonly string[], cell: C])[];

const [rnnAll, lstmAll, gruAll] = [all(rnnTwice), all(lstmTwice), all(gruTwice)];
const everything = (names: readonly string[]): string[] => [...names, 'V', 'c'];

describe('R{·} of the gradient in the outputs', () => {
  const [o, RO] = [
    Sequence.dense([1, -1, 3, 2, 0, 1], { T: 3, F: 2 }),
    new Matrix([
      [1, 2],
      [1 / 0, 3],
      [-1, 4],
    ]),
  ];
  const weights = [1, 0, 2];

  it.each<[string, () => Matrix]>([
    ['cross-entropy', () => crossEntropyTwice.rBackward(crossEntropyTwice.forward(o, [0, 1, 0], { weights }).tape, RO)],
    ['squared error', () => squaredErrorTwice.rBackward(squaredErrorTwice.forward(o, o, { weights }).tape, RO)],
  ])('is 0 where a step does not count, whatever R{o_t} is there: %s', (_, product) => {
    const RdO = product();
    expect(RdO.getRow(1)).toEqual([0, 0]);
    for (const n of [0, 2]) expect(RdO.getRow(n).every(x => Number.isFinite(x) && x !== 0)).toBe(true);
  });
});

describe('a planted mistake is caught, and named by the parameters it spoils', () => {
  const inRnn: Mistakes<typeof rnnTwice> = [
    ['none: the control', [], rnnTwice],
    ['the slope’s own derivative dropped, −2dh⊙h⊙R{h}', rnnAll, withRTape(rnnTwice, ({ h }) => ({ h: zero(h) }))],
    ['its sign', rnnAll, withRTape(rnnTwice, ({ h }) => ({ h: scaled(h, -1) }))],
    ['its factor: 1 for 2', rnnAll, withRTape(rnnTwice, ({ h }) => ({ h: scaled(h, 0.5) }))],
    ['daᵀ R{h_{t−1}} dropped', ['W'], withRTape(rnnTwice, ({ hPrev }) => ({ hPrev: zero(hPrev) }))],
    ['R{h_t} for R{h_{t−1}}', ['W'], withRTape(rnnTwice, ({ h }) => ({ hPrev: h }))],
    ['h_t for h_{t−1}', ['W'], withTape(rnnTwice, tape => ({ ...tape, hPrev: tape.h }))],
    ['da R{W} dropped', rnnAll, withR(rnnTwice, R => ({ ...R, p: { ...R.p, W: zero(R.p.W) } }))],
    ['R{W} transposed', rnnAll, withR(rnnTwice, R => ({ ...R, p: { ...R.p, W: R.p.W.transpose() } }))],
    ['R{dL/dh_t} dropped', rnnAll, withR(rnnTwice, R => ({ ...R, dnext: { h: zero(R.dnext.h) } }))],
    ['R{dW} assigned where it must be added', ['W'], assigned(rnnTwice, 'W')],
    [
      'W transposed in R{a_t}',
      everything(rnnAll),
      { ...rnnTwice, rForward: (p, v, tape, R) => rnnTwice.rForward({ ...p, W: p.W.transpose() }, v, tape, R) },
    ],
    [
      'R{U} x_t dropped',
      everything(rnnAll),
      { ...rnnTwice, rForward: (p, v, tape, R) => rnnTwice.rForward(p, { ...v, U: zero(v.U) }, tape, R) },
    ],
    [
      'R{h_{t−1}} not carried',
      everything(rnnAll),
      { ...rnnTwice, rForward: (p, v, tape, R) => rnnTwice.rForward(p, v, tape, { h: zero(R.h) }) },
    ],
  ];

  const inLstm: Mistakes<typeof lstmTwice> = [
    ['none: the control', [], lstmTwice],
    ['R{tanh(c_t)} taken as 0', lstmAll, withRTape(lstmTwice, ({ tc }) => ({ tc: zero(tc) }))],
    ['R{o} taken as 0', lstmAll, withRTape(lstmTwice, ({ o }) => ({ o: zero(o) }))],
    ['the sign of R{f}', lstmAll, withRTape(lstmTwice, ({ f }) => ({ f: scaled(f, -1) }))],
    ['R{i} and R{g} changing places', lstmAll, withRTape(lstmTwice, ({ i, g }) => ({ i: g, g: i }))],
    ['dc⊙R{c_{t−1}} dropped', lstmAll, withRTape(lstmTwice, ({ cPrev }) => ({ cPrev: zero(cPrev) }))],
    [
      'c_t for c_{t−1}',
      lstmAll,
      withTape(lstmTwice, tape => ({ ...tape, cPrev: add(mul(tape.f, tape.cPrev), mul(tape.i, tape.g)) })),
    ],
    [
      'R{dc} of step t+1 dropped',
      lstmAll,
      withR(lstmTwice, R => ({ ...R, dnext: { ...R.dnext, c: zero(R.dnext.c) } })),
    ],
    [
      'da_kᵀ R{h_{t−1}} dropped',
      lstmAll.filter(name => name.startsWith('W')),
      withRTape(lstmTwice, ({ hPrev }) => ({ hPrev: zero(hPrev) })),
    ],
    ['da R{W_o} dropped', lstmAll, withR(lstmTwice, R => ({ ...R, p: { ...R.p, W_o: zero(R.p.W_o) } }))],
    ['R{db_i} assigned where it must be added', ['b_i'], assigned(lstmTwice, 'b_i')],
    [
      'R{dc_{t−1}} without f',
      lstmAll,
      { ...lstmTwice, rBackward: (at, R, Rdp) => ({ ...lstmTwice.rBackward(at, R, Rdp), c: R.dnext.c }) },
    ],
    [
      'R{c_{t−1}} not carried',
      everything(lstmAll),
      { ...lstmTwice, rForward: (p, v, tape, R) => lstmTwice.rForward(p, v, tape, { ...R, c: zero(R.c) }) },
    ],
  ];

  const inGru: Mistakes<typeof gruTwice> = [
    ['none: the control', [], gruTwice],
    ['the sign of R{z}', gruAll, withRTape(gruTwice, ({ z }) => ({ z: scaled(z, -1) }))],
    ['R{q} taken as 0', gruAll, withRTape(gruTwice, ({ q }) => ({ q: zero(q) }))],
    ['R{r} taken as 0', gruAll, withRTape(gruTwice, ({ r }) => ({ r: zero(r) }))],
    ['R{n} taken as 0', gruAll, withRTape(gruTwice, ({ n }) => ({ n: zero(n) }))],
    ['R{h_t} for R{h_{t−1}}', gruAll, withRTape(gruTwice, ({ n }) => ({ hPrev: n }))],
    ['da R{W_n} dropped', gruAll, withR(gruTwice, R => ({ ...R, p: { ...R.p, W_n: zero(R.p.W_n) } }))],
    [
      'W_r transposed',
      gruAll,
      {
        ...gruTwice,
        rBackward: (at, R, Rdp) => gruTwice.rBackward({ ...at, p: { ...at.p, W_r: at.p.W_r.transpose() } }, R, Rdp),
      },
    ],
    ['R{dU_z} assigned where it must be added', ['U_z'], assigned(gruTwice, 'U_z')],
    [
      'R{dan} for R{dq} in R{db_h}',
      ['b_h'],
      {
        ...gruTwice,
        rBackward(at, R, Rdp) {
          const [before, b_h] = [scaled(Rdp.b_n, -1), zero(Rdp.b_h)];
          const Rdprev = gruTwice.rBackward(at, R, { ...Rdp, b_h });
          Rdp.b_h.add(add(Rdp.b_n, before));
          return Rdprev;
        },
      },
    ],
    [
      'R{b_h} dropped from R{q_t}',
      everything(gruAll),
      { ...gruTwice, rForward: (p, v, tape, R) => gruTwice.rForward(p, { ...v, b_h: zero(v.b_h) }, tape, R) },
    ],
    [
      'the sign of R{z}⊙(h_{t−1}−n) in R{h_t}',
      everything(gruAll),
      {
        ...gruTwice,
        rForward(p, v, tape, R) {
          const { Rnext, Rtape } = gruTwice.rForward(p, v, tape, R);
          const term = mul(Rtape.z, sub(tape.hPrev, tape.n));
          return { Rnext: { h: sub(Rnext.h, scaled(term, 2)) }, Rtape };
        },
      },
    ],
  ];

  it.each(inRnn)('rnn: %s', (_, spoilt, cell) => {
    expect(spoiltBy(cell, rnnTwice, crossEntropyTwice)).toEqual(spoilt);
  });
  it.each(inLstm)('lstm: %s', (_, spoilt, cell) => {
    expect(spoiltBy(cell, lstmTwice, crossEntropyTwice)).toEqual(spoilt);
  });
  it.each(inGru)('gru: %s', (_, spoilt, cell) => {
    expect(spoiltBy(cell, gruTwice, squaredErrorTwice)).toEqual(spoilt);
  });
});
