/** The inhabitants of the zoo: one cell with a mistake of each kind, and one layer with a mistake of each kind that only layers have. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { lstmPeephole } from '../../lib/cells/lstm-peephole.ts';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import type { CheckCellOptions } from '../../lib/check/check-cell.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { type UnrollTape, unroll } from '../../lib/layers/unroll.ts';
import { add, mul, tanhSlope, timesT } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import {
  after,
  afterSteps,
  assigned,
  blind,
  type Change,
  changed,
  clamped,
  clip,
  counting,
  fed,
  inBackward,
  inForward,
  isParameter,
  itself,
  nothing,
  ones,
  remembersForward,
  rolled,
  taped,
  wrongWhere,
} from './zoo-plants.ts';

/** A mistake, and what a report must say of it. */
export interface Mistake {
  readonly what: string;
  readonly cell: Cell;
  /** The tensor that it spoils, and no other does it in the smallest problem that shows it. */
  readonly spoils?: string | undefined;
  readonly guess?: string | undefined;
  /** The law that it breaks, where gradients of one problem do not show it. */
  readonly breaks?: string;
  /** What is needed to see it, where that is more than two steps of two sequences. */
  readonly on?: CheckCellOptions;
}

/** What a check chooses itself: a mistake that needs larger problems is not seen in smaller ones. */
const WHOLE: CheckCellOptions = {};
const LARGER = /^⟨dy, Jv⟩ = ⟨Jᵀdy, v⟩/.source;

const [simple, gated, remembering, peeping] = [rnn, gru, lstm, lstmPeephole] as unknown as readonly [
  Cell,
  Cell,
  Cell,
  Cell,
];

/** A tensor of each kind: recurrent, input, bias, a row that multiplies, the input itself, an output and another part of the state. */
const TENSORS: readonly (readonly [kind: string, cell: Cell, tensor: string])[] = [
  ['recurrent weights', simple, 'W'],
  ['input weights', simple, 'U'],
  ['a bias', simple, 'b'],
  ['a peephole', peeping, 'p_f'],
  ['the input', gated, 'x'],
  ['the output before', gated, 'h0'],
  ['the state before', remembering, 'c0'],
];

const OF_ANY: readonly (readonly [what: string, change: Change, guess?: string])[] = [
  ['the wrong sign', a => Matrix.mul(a, -1), 'sign'],
  ['nothing', a => Matrix.mul(a, 0), 'nothing arrives'],
  ['twice as large', a => Matrix.mul(a, 2), 'factor 2'],
  ['its columns shifted by one', a => rolled(a)],
  ['one element a thousandth off', a => Matrix.add(a, Matrix.zeros(a.rows, a.columns).set(0, 0, 1e-3))],
];

const ofAny: readonly Mistake[] = TENSORS.flatMap(([kind, cell, tensor]) =>
  OF_ANY.map(([what, change, guess]) => ({
    what: `${kind}: ${what}`,
    cell: changed(cell, tensor, change),
    spoils: tensor,
    guess,
  })),
);

const ofParameters: readonly Mistake[] = TENSORS.filter(([, cell, tensor]) => isParameter(cell, tensor)).flatMap(
  ([kind, cell, tensor]): Mistake[] => [
    { what: `${kind}: assigned`, cell: assigned(cell, tensor), spoils: tensor, guess: 'missing accumulation' },
    {
      what: `${kind}: the mean over the batch`,
      cell: changed(cell, tensor, (a, B) => Matrix.div(a, B)),
      spoils: tensor,
      guess: 'factor 0.5',
    },
  ],
);

const ofEquations: readonly Mistake[] = [
  { what: 'transposed', cell: changed(simple, 'W', a => a.transpose()), spoils: 'W', guess: 'transpose' },
  {
    what: 'h_t for h_{t−1}',
    cell: taped(rnn, ({ h }) => ({ hPrev: h })),
    spoils: 'W',
    guess: 'wrong time index: h_t for h0',
  },
  { what: 'c_t for c_{t−1}', cell: taped(lstm, ({ f, i, g, cPrev }) => ({ cPrev: add(mul(f, cPrev), mul(i, g)) })) },
  { what: 'a slope left out', cell: taped(rnn, ({ h }) => ({ h: Matrix.mul(h, 0) })) },
  { what: 'tanh c left out', cell: taped(lstm, ({ tc }) => ({ tc: ones(tc) })) },
  { what: 'two gates exchanged', cell: taped(lstm, ({ f, i }) => ({ f: i, i: f })) },
  { what: 'nothing sent to the past', cell: changed(simple, 'h0', a => Matrix.mul(a, 0)), spoils: 'h0' },
  {
    what: 'W for Wᵀ',
    cell: after(({ p, tape, dnext }, { dx }) => ({
      dx,
      dprev: { h: timesT(mul(dnext.h, tanhSlope(tape.h)), p.W) },
    })),
    spoils: 'h0',
  },
  { what: 'a gradient that ends in the cell', cell: fed(lstm, dnext => ({ ...dnext, c: Matrix.mul(dnext.c, 0) })) },
  { what: 'dh added twice', cell: fed(gru, dnext => ({ h: add(dnext.h, dnext.h) })) },
  {
    what: 'another function than is differentiated',
    cell: { ...simple, forward: (rnnRelu as unknown as Cell).forward },
  },
];

/** What no single gradient of a small problem shows. */
const ofLaws: readonly Mistake[] = [
  { what: 'a forward pass that remembers', cell: remembersForward() },
  { what: 'a call that remembers the ones before', cell: counting(1e-12), breaks: 'the same bits a second time' },
  { what: 'x clipped in place', cell: inForward(x => clip(x)), breaks: 'a step changes nothing' },
  { what: 'the state clipped in place', cell: inForward((_, h) => clip(h)), breaks: 'a step changes nothing' },
  { what: 'the tape overwritten', cell: inBackward(({ tape }) => tape.h.mul(0)), breaks: 'nothing but the gradients' },
  {
    what: 'dc zeroed that was handed in',
    cell: inBackward(({ dnext }) => dnext.h.mul(0)),
    breaks: 'a step changes nothing',
  },
  { what: 'a gradient clipped on its way', cell: fed(rnn, ({ h }) => ({ h: clip(h.clone()) })), breaks: 'linear' },
  { what: 'a gradient from nothing', cell: inBackward(({ dp }) => dp.b.add(1e-3)), breaks: 'zero for zero|linear' },
  {
    what: 'one sequence for another',
    cell: fed(rnn, ({ h }) => ({ h: new Matrix(h.to2DArray().reverse()) })),
    breaks: 'sum of its',
  },
  { what: 'more than eight units', cell: wrongWhere(({ p }) => p.W.rows > 8), breaks: LARGER, on: WHOLE },
  { what: 'more than four sequences', cell: wrongWhere(({ dnext }) => dnext.h.rows > 4), breaks: LARGER, on: WHOLE },
  {
    what: 'as many inputs as units',
    cell: wrongWhere(({ p }) => p.W.rows > 1 && p.U.rows === p.U.columns),
    breaks: LARGER,
    on: WHOLE,
  },
  { what: 'a count of more than twenty steps', cell: afterSteps(20), on: WHOLE },
  { what: 'a pre-activation beyond ±5', cell: clamped(5), breaks: LARGER, on: WHOLE },
  { what: 'an input without effect', cell: blind(nothing, itself), breaks: 'everything has an effect' },
  { what: 'a past without effect', cell: blind(itself, nothing), breaks: 'everything has an effect' },
];

/** Every mistake in a cell. */
export const cellMistakes: readonly Mistake[] = [...ofAny, ...ofParameters, ...ofEquations, ...ofLaws];

const size = { d: 3, m: 4 };
const right = unroll(rnn, size);
type Tape = UnrollTape<ReturnType<typeof rnn.forward>['tape']>;

const layerOf = (changes: {
  readonly forward?: (x: Sequence, s0?: Matrices) => ReturnType<typeof right.forward>;
  readonly backward?: (tape: Tape, dy: Sequence, dsT?: Matrices) => ReturnType<typeof right.backward>;
}): Layer => ({ ...right, ...changes }) as Layer;

/** Every mistake in a layer, and the law that it breaks where differences of one problem do not show it. */
export const layerMistakes: readonly { readonly what: string; readonly layer: Layer; readonly breaks?: string }[] = [
  {
    what: 'doubles its gradients where no lengths are given',
    layer: layerOf({
      backward(tape, dy, dsT) {
        const result = right.backward(tape, dy, dsT);
        if (!tape.x.lengths) right.params.grads.set(right.params.grads.map(g => 2 * g));
        return result;
      },
    }),
    breaks: 'what is not given',
  },
  { what: 'keeps the last state where none is given', layer: keeping(), breaks: 'what is not given' },
  {
    what: 'takes ones for a missing dsT',
    layer: layerOf({ backward: (tape, dy, dsT) => right.backward(tape, dy, dsT ?? { h: Matrix.ones(dy.B, size.m) }) }),
    breaks: 'what is not given',
  },
  {
    what: 'doubles dx of classes',
    layer: layerOf({
      backward(tape, dy, dsT) {
        const { dx, ds0 } = right.backward(tape, dy, dsT);
        if (tape.x.data instanceof Int32Array) dx.rows().mul(2);
        return { dx, ds0 };
      },
    }),
    breaks: 'what is not given',
  },
  { what: 'does not use dsT', layer: layerOf({ backward: (tape, dy) => right.backward(tape, dy) }) },
  {
    what: 'halves ds0',
    layer: layerOf({
      backward(tape, dy, dsT) {
        const { dx, ds0 } = right.backward(tape, dy, dsT);
        return { dx, ds0: { h: Matrix.mul(ds0.h as AbstractMatrix, 0.5) } };
      },
    }),
  },
  {
    what: 'assigns its gradients',
    layer: layerOf({
      backward(tape, dy, dsT) {
        right.params.zeroGrads();
        return right.backward(tape, dy, dsT);
      },
    }),
    breaks: 'added to the gradients',
  },
  {
    what: 'is wrong over more than twenty steps',
    layer: layerOf({
      backward(tape, dy, dsT) {
        const { dx, ds0 } = right.backward(tape, dy, dsT);
        if (dy.T > 20) dx.rows().mul(2);
        return { dx, ds0 };
      },
    }),
    breaks: LARGER,
  },
  {
    what: 'is wrong for more than four sequences',
    layer: layerOf({
      backward(tape, dy, dsT) {
        const { dx, ds0 } = right.backward(tape, dy, dsT);
        if (dy.B > 4) dx.rows().mul(2);
        return { dx, ds0 };
      },
    }),
    breaks: LARGER,
  },
  {
    what: 'shows the gradient of every step to the one before',
    layer: layerOf({
      backward(tape, dy, dsT) {
        const early = Sequence.zeros({ ...dy.extent(), F: dy.F });
        early.data.set(dy.data.subarray(dy.B * dy.F) as Float64Array);
        return right.backward(tape, early, dsT);
      },
    }),
  },
];

function keeping(): Layer {
  let last: AbstractMatrix | undefined;
  return layerOf({
    forward(x, s0) {
      const result = right.forward(x, s0 ?? (last?.rows === x.B ? { h: last } : undefined));
      last = (result.sT.h as AbstractMatrix).clone();
      return result;
    },
  });
}
