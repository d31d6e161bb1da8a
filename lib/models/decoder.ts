/** What may be joined to an encoder: a layer that begins where it ends, with attention to its outputs or without. */
import { ValueError } from '../errors.ts';
import { type Attentive, isAttentive, requireAttentive } from '../layers/attention/attentive.ts';
import type { Bridge } from '../layers/bridge.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { ParamSet } from '../params.ts';
import { requireFunction, requireInstance, requireObject, requireSize } from '../require.ts';
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** A decoder that is offered what the encoder put out, whether it looks at it or not. */
export interface Reader {
  forward(
    x: Sequence,
    memory: Sequence,
    s: Matrices,
  ): { readonly y: Sequence; readonly sT: Matrices; readonly weights?: Sequence; readonly tape: unknown };
  backward(
    tape: unknown,
    dy: Sequence,
    dsT?: Matrices,
  ): { readonly dx: Sequence; readonly dmemory?: Sequence; readonly ds0: Matrices };
}

/** A layer as one that is offered what it does not look at. */
export function reader(decoder: Layer | Attentive): Reader {
  if (isAttentive(decoder)) return decoder;
  return {
    forward: (x, _, s) => decoder.forward(x, s),
    backward: (tape, dy, dsT) => decoder.backward(tape, dy, dsT),
  };
}

/** `decoder` is a layer, or attends to as much as the encoder puts out, or throws ValueError. */
export function requireDecoder(decoder: Layer | Attentive, encoder: Layer): void {
  if (!isAttentive(decoder)) {
    requireLayer('decoder', decoder);
    return;
  }
  const { attends } = requireAttentive('decoder', decoder);
  if (attends !== encoder.outputs) throw new ValueError('decoder.attends', `${encoder.outputs}`, `${attends}`);
}

type Columns = Layer['state'];

/** The states agree: with each other, or each with its end of the bridge; or throws ValueError. */
export function requireStates(
  { state: from }: Layer,
  { state: to }: Layer | Attentive,
  bridge: Bridge | undefined,
): void {
  if (bridge === undefined) {
    if (same(from, to) && Object.keys(from).length > 0) return;
    throw new ValueError('decoder.state', `the encoder’s, ${written(from)}, with some part`, written(to));
  }
  requireObject('bridge', bridge, 'a bridge');
  for (const pass of ['forward', 'backward'] as const) requireFunction(`bridge.${pass}`, bridge[pass]);
  requireInstance('bridge.params', bridge.params, ParamSet);
  for (const [end, state, whose] of [
    ['from', from, 'encoder'],
    ['to', to, 'decoder'],
  ] as const) {
    const own = requireObject(`bridge.${end}`, bridge[end]);
    for (const [name, columns] of Object.entries(own)) requireSize(`bridge.${end}.${name}`, columns);
    if (!same(own, state))
      throw new ValueError(`bridge.${end}`, `the ${whose}’s state, ${written(state)}`, written(own));
  }
}

function same(one: Columns, other: Columns): boolean {
  const sorted = (state: Columns) => JSON.stringify(Object.entries(state).sort());
  return sorted(one) === sorted(other);
}

function written(state: Columns): string {
  return `{${Object.entries(state).map(([name, m]) => `${name}: ${m}`)}}`;
}
