/**
 * Layers on top of each other: the output of one is the input of the next, as h_t^{(l)} is made from h_t^{(l−1)} in
 * DD2424 Lecture 9, "Multi-layer RNN".
 */
import { ValueError } from '../errors.ts';
import { type JoinedNames, ParamSet } from '../params.ts';
import { requireCount, requireNamed, requireObject, requireSize } from '../require.ts';
import { requireExtent, type Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { type Layer, requireLayer, requireState } from './layer.ts';
import { made } from './made.ts';
import { prefixed, unprefixed } from './names.ts';

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
  const whole: Layer<StackTape> = {
    name: parts.map(([, layer]) => layer.name).join('+'),
    inputs: first[1].inputs,
    outputs: last[1].outputs,
    state,
    ...(counts.length > 0 && { counts }),
    equations,
    params: ParamSet.join(each(layer => layer.params)), // last: had it joined them before an error, no other call could

    forward(x, s0) {
      const s = requireState('s0', s0, state, requireExtent('x', x, first[1].inputs).B); // the layers look at its numbers
      const tapes: unknown[] = [];
      const finals: Record<string, Matrices> = {};
      let y: Sequence = x;
      try {
        for (const [name, layer] of parts) {
          const step = layer.forward(y, unprefixed(s, name));
          y = step.y;
          tapes.push(step.tape);
          finals[name] = step.sT;
        }
      } catch (error) {
        for (const [l, tape] of tapes.entries()) parts[l]?.[1].release?.(tape);
        throw error;
      }
      return { y, sT: prefixed(finals), tape: { B: x.B, tapes } };
    },

    backward(tape, dy, dsT) {
      const { B, tapes } = requireObject('tape', tape);
      requireSize('tape.B', B);
      requireCount('tape.tapes', tapes, parts.length, 'tapes of layers');
      const ds = requireState('dsT', dsT, state, B);
      const initials: Record<string, Matrices> = {};
      let below: { readonly dx: Sequence } = { dx: dy };
      for (const [l, [name, layer]] of [...parts.entries()].reverse()) {
        const step = layer.backward(tapes[l], below.dx, unprefixed(ds, name));
        below = step;
        initials[name] = step.ds0;
      }
      return {
        get dx() {
          return below.dx; // a layer may compute it when it is read
        },
        ds0: prefixed(initials),
      };
    },

    release(tape) {
      const { tapes } = requireObject('tape', tape);
      requireCount('tape.tapes', tapes, parts.length, 'tapes of layers');
      for (const [l, [, layer]] of parts.entries()) layer.release?.(tapes[l]);
    },
  };
  return made(whole as Layer<StackTape, JoinedNames<Names>>, { kind: 'stack', layers: parts });
}
