/**
 * Layers on top of each other: the output of one is the input of the next, as h_t^{(l)} is made from h_t^{(l−1)} in
 * DD2424 Lecture 9, "Multi-layer RNN".
 */
import type { AbstractMatrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import { type JoinedNames, ParamSet } from '../params.ts';
import { requireCount, requireNamed, requireObject, requireSize } from '../require.ts';
import { requireExtent, type Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { readLater } from './later.ts';
import { type Layer, requireLayer, requireState } from './layer.ts';
import { made } from './made.ts';
import { prefixed } from './names.ts';

/** The tapes of the layers, from the bottom up. */
export interface StackTape {
  readonly B: number;
  readonly tapes: readonly unknown[];
}

/**
 * One layer of several, from the bottom up. Parameters, states and equations are named `layer.name`; all parameters
 * lie in one buffer from now on.
 *
 * @param layers by name, from the input to the output.
 * @typeParam Names the names of each layer's parameters, which the compiler sees: `net.params.get('rnn.W')`.
 * @throws ValueError when there are none, when the outputs of one are not as many as the inputs of the next, or when a name is
 * empty, an integer (JavaScript would run that layer first), `__proto__`, or has a dot.
 *
 * @example
 * ```ts
 * import { readout, rnn, stack, unroll } from 'bptt';
 *
 * const net = stack({ rnn: unroll(rnn, { d: 4, m: 8 }), readout: readout({ m: 8, C: 4 }) });
 * console.log(Object.keys(net.params.shapes).join(' ')); // → rnn.W rnn.U rnn.b readout.V readout.c
 * ```
 */
export function stack<Names extends Readonly<Record<string, string>>>(
  layers: {
    readonly [Name in keyof Names]: Layer<unknown, Names[Name]>;
  },
): Layer<StackTape, JoinedNames<Names>> {
  const parts = requireNamed<Layer>('layers', layers as Readonly<Record<string, Layer>>);
  for (const [name, layer] of parts) requireLayer(`layers.${name}`, layer);
  const [first] = parts;
  const last = parts.at(-1);
  if (!first || !last) throw new ValueError('layers', 'at least one layer', 'none');
  parts.slice(1).forEach(([name, layer], below) => {
    const outputs = parts[below]?.[1].outputs;
    if (layer.inputs !== outputs) throw new ValueError(`layers.${name}.inputs`, `${outputs}`, `${layer.inputs}`);
  });
  const each = <V>(value: (layer: Layer) => V) =>
    Object.fromEntries(parts.map(([name, layer]) => [name, value(layer)]));
  const state = prefixed(each(layer => layer.state));
  const x = first[1].equations.x;
  const equations = { ...prefixed(each(layer => layer.equations)), ...(x && { x }) };
  const counts = parts.flatMap(([name, layer]) => layer.counts?.map(part => `${name}.${part}`) ?? []);
  const layerAt = (l: number) => {
    const layer = parts[l]?.[1];
    if (!layer) throw new Error(`no layer ${l}`);
    return layer;
  };
  /** What the parts of each layer's state are called, and what they are called here. */
  const statesOf = parts.map(([name, layer]) => {
    return Object.keys(layer.state).map(own => ({ own, whole: `${name}.${own}` }));
  });
  /** The state of layer l, of all of them. */
  const stateOf = (s: Matrices | undefined, l: number) => {
    const names = statesOf[l] ?? [];
    if (!s || names.length === 0) return undefined;
    const own: Record<string, AbstractMatrix> = {};
    for (const name of names) {
      const matrix = s[name.whole];
      if (matrix) own[name.own] = matrix;
    }
    return own;
  };
  /** The state of layer l among those of all. */
  const addState = (all: Record<string, AbstractMatrix>, l: number, s: Matrices) => {
    for (const name of statesOf[l] ?? []) {
      const matrix = s[name.own];
      if (matrix) all[name.whole] = matrix;
    }
  };
  const whole: Layer<StackTape> = {
    name: parts.map(([, layer]) => layer.name).join('+'),
    inputs: first[1].inputs,
    outputs: last[1].outputs,
    state,
    ...(counts.length > 0 && { counts }),
    equations,
    params: ParamSet.join(each(layer => layer.params)), // last: had it joined them before an error, no other call could

    forward(x, s0) {
      const { B } = requireExtent('x', x, first[1].inputs); // the layers look at its numbers
      const s = s0 === undefined ? undefined : requireState('s0', s0, state, B);
      const tapes: unknown[] = [];
      const sT: Record<string, AbstractMatrix> = {};
      let y: Sequence = x;
      try {
        for (let l = 0; l < parts.length; l++) {
          const step = layerAt(l).forward(y, stateOf(s, l));
          y = step.y;
          tapes.push(step.tape);
          addState(sT, l, step.sT);
        }
      } catch (error) {
        for (let l = 0; l < tapes.length; l++) layerAt(l).release?.(tapes[l]);
        throw error;
      }
      return { y, sT, tape: { B: x.B, tapes } };
    },

    backward(tape, dy, dsT) {
      const { B, tapes } = requireObject('tape', tape);
      requireSize('tape.B', B);
      requireCount('tape.tapes', tapes, parts.length, 'tapes of layers');
      const ds = dsT === undefined ? undefined : requireState('dsT', dsT, state, B);
      const ds0: Record<string, AbstractMatrix> = {};
      let below: { readonly dx: Sequence } = { dx: dy };
      for (let l = parts.length - 1; l >= 0; l--) {
        const step = layerAt(l).backward(tapes[l], below.dx, stateOf(ds, l));
        below = step;
        addState(ds0, l, step.ds0);
      }
      return readLater(() => below.dx, ds0); // a layer may compute it when it is read
    },

    release(tape) {
      const { tapes } = requireObject('tape', tape);
      requireCount('tape.tapes', tapes, parts.length, 'tapes of layers');
      for (let l = 0; l < parts.length; l++) layerAt(l).release?.(tapes[l]);
    },
  };
  return made(whole as Layer<StackTape, JoinedNames<Names>>, { kind: 'stack', layers: parts });
}
