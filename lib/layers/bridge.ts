/**
 * From the state that one network ends in to the one that another begins with, as in Bahdanau, Cho and Bengio (2015), A.2.2.
 * Derived in `derivations/encoder-decoder.md`.
 *
 * | symbol     | shape   | meaning |
 * |------------|---------|---------|
 * | e, de      | B×n     | all parts of the one, side by side |
 * | s_p, ds_p  | B×m_p   | the part p of the other |
 * | W_p, b_p   | m_p×n, 1×m_p | its parameters |
 */
import type { AbstractMatrix } from 'ml-matrix';
import { Matrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import {
  add,
  addColumnSums,
  addRow,
  addTTimes,
  beside,
  columns,
  mul,
  tanh,
  tanhSlope,
  times,
  timesT,
} from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireKnown, requireObject, requireShape, requireSize } from '../require.ts';
import type { Matrices, Shape } from '../shape.ts';
import { requireState, zeroState } from './layer.ts';
import { made, type States } from './made.ts';

/** What has a state: any layer. */
export type Stateful = States;

/** What the backward pass of a bridge needs. */
export interface BridgeTape {
  readonly e: AbstractMatrix;
  readonly s: Matrices;
}

/** A map from states to states with its adjoint. */
export interface Bridge {
  readonly name: string;
  readonly params: ParamSet;
  /** The columns of every part of what goes in, and of what comes out. */
  readonly from: Readonly<Record<string, number>>;
  readonly to: Readonly<Record<string, number>>;
  /** The tag of the equation that gives a parameter's gradient. */
  readonly equations: Readonly<Record<string, string>>;
  /**
   * @param s a state of the first, for B sequences.
   * @returns one of the second.
   * @throws ShapeError, ValueError when s does not fit or is not finite.
   */
  forward(s: Matrices): { readonly s: Matrices; readonly tape: BridgeTape };
  /**
   * ADDS into `params.grads`.
   *
   * @param ds the gradient in the state of the second.
   * @returns that in the state of the first.
   * @throws ShapeError, ValueError when ds does not fit or is not finite.
   */
  backward(tape: BridgeTape, ds: Matrices): Matrices;
}

/**
 * The bridge from the state of one layer to that of another: every part of the second is tanh(W e + b), where e is all of the
 * first. Parameters are named `W_part` and `b_part`. A part that counts steps is left out of e, and begins at 0.
 *
 * @param layers `from` and `to`, of which nothing but the state is looked at.
 * @throws ValueError when either has no state beside what counts.
 *
 * @example
 * ```ts
 * import { bidirectional, bridge, gru, unroll } from 'bptt';
 *
 * const encoder = bidirectional({ forward: unroll(gru, { d: 2, m: 3 }), backward: unroll(gru, { d: 2, m: 3 }) });
 * const { params } = bridge({ from: encoder, to: unroll(gru, { d: 2, m: 4 }) });
 * console.log(params.shapes); // → { W_h: [ 4, 6 ], b_h: [ 1, 4 ] }
 * ```
 */
export function bridge(layers: { readonly from: Stateful; readonly to: Stateful }): Bridge {
  const { from, to } = requireKnown('layers', layers, ['from', 'to']);
  const sources = partsOf('from', from);
  const targets = partsOf('to', to);
  const n = sources.reduce((sum, [, width]) => sum + width, 0);
  const params = ParamSet.of(
    Object.fromEntries<Shape>(
      targets.flatMap(([name, m]) => [
        [`W_${name}`, [m, n]],
        [`b_${name}`, [1, m]],
      ]),
    ),
  );
  const [there, here] = [{ ...from.state }, { ...to.state }];

  const over: Bridge = {
    name: 'bridge',
    params,
    from: there,
    to: here,
    equations: Object.fromEntries(
      targets.flatMap(([name]) => [
        [`W_${name}`, 'BR-B2'],
        [`b_${name}`, 'BR-B3'],
      ]),
    ),

    forward(given) {
      const B = batchOf('s', given, sources);
      requireState('s', given, there, B);
      const p = params.named();
      const [first, ...rest] = sources.map(([name]) => at(given, name));
      const e = beside(first ?? Matrix.zeros(0, 0), ...rest); // BR-F1  e = [r_1; …; r_Q]
      const ends = targets.map(([name]) => {
        const a = addRow(timesT(e, at(p, `W_${name}`)), at(p, `b_${name}`));
        return [name, tanh(a)] as const; // BR-F2  s_p = tanh(W_p e + b_p)
      });
      const s: Matrices = { ...zeroState(here, B), ...Object.fromEntries(ends) };
      return { s, tape: { e, s } };
    },

    backward(tape, given) {
      const { e, s } = requireObject('tape', tape);
      requireShape('tape.e', e, [batchOf('tape.s', s, targets), n]);
      const ds = requireState('ds', given, here, e.rows);
      const [p, dp] = [params.named(), params.namedGrads()];
      const parts = targets.map(([name]) => {
        const da = mul(at(ds, name), tanhSlope(at(s, name))); // BR-B1  dL/da_p = dL/ds_p diag(1 − s_p²), through F2
        addTTimes(at(dp, `W_${name}`), da, e); // BR-B2  dL/dW_p += (dL/da_p)ᵀ eᵀ, through F2
        addColumnSums(at(dp, `b_${name}`), da); // BR-B3  dL/db_p += dL/da_p, through F2
        return times(da, at(p, `W_${name}`));
      });
      const [first, ...rest] = parts;
      const de = add(first ?? Matrix.zeros(0, 0), ...rest); // BR-B4  dL/de = Σ_p dL/da_p W_p, through F2
      let begin = 0;
      const cut = sources.map(([name, width]) => {
        begin += width;
        return [name, columns(de, begin - width, begin)] as const;
      });
      return { ...zeroState(there, e.rows), ...Object.fromEntries(cut) };
    },
  };
  return made(over, { kind: 'bridge', from: statesOf(from), to: statesOf(to) });
}

/** The parts of a layer's state in which there is a gradient, with their columns. */
function partsOf(argument: string, layer: Stateful): readonly (readonly [name: string, columns: number])[] {
  const { state, counts = [] } = requireObject(argument, layer, 'a Layer');
  const all = Object.entries(requireObject(`${argument}.state`, state));
  for (const [name, width] of all) requireSize(`${argument}.state.${name}`, width);
  const parts = all.filter(([name]) => !counts.includes(name));
  if (parts.length === 0) throw new ValueError(`${argument}.state`, 'some part', '{}');
  return parts;
}

/** What there is to know of an end: a copy. */
function statesOf({ state, counts }: Stateful): States {
  return { state: { ...state }, ...(counts && { counts: [...counts] }) };
}

/** The rows of a state. */
function batchOf(argument: string, s: Matrices, [first]: readonly (readonly [string, number])[]): number {
  return first ? (requireObject(argument, s)[first[0]]?.rows ?? 0) : 0;
}

function at(matrices: Matrices, name: string): AbstractMatrix {
  return matrices[name] ?? Matrix.zeros(0, 0);
}
