/**
 * An encoder and a decoder as two ONNX models, which another program runs in turn: the first once a source, the second once a
 * symbol that it writes, or once a target. Each is as `onnx.ts` has it. Derived in `derivations/exchange.md`.
 *
 * The decoder's `s0.NAME` is the encoder's `sT.NAME`. Over a bridge it is what the encoder's model then puts out beside:
 *
 * | name     | shape            | meaning |
 * |----------|------------------|---------|
 * | `s.NAME` | [B, its columns] | every part of the state that the decoder begins with |
 */
import { ValueError } from '../errors.ts';
import { isAttentive } from '../layers/attention/attentive.ts';
import type { Bridge } from '../layers/bridge.ts';
import { makingOf } from '../layers/made.ts';
import type { EncoderDecoder } from '../models/encoder-decoder.ts';
import { pick } from '../params.ts';
import { requireKnown, requireObject } from '../require.ts';
import { type OnnxOptions, onnxGraph, requireNumbers } from './onnx.ts';
import { Nodes } from './onnx-nodes.ts';
import { encodeOnnx, type OnnxGraph } from './onnx-proto.ts';

/**
 * The bytes of both models.
 *
 * @param model an encoder and a decoder of what {@link toOnnx} has, with a bridge or without; one that attends is refused.
 * @param options of both models, but for `lengths`, which are the sources'.
 * @throws ValueError naming what ONNX lacks and its place, or a parameter that 32 bits do not hold.
 *
 * @example
 * ```ts
 * import { encoderDecoder, gru, readout, stack, unroll } from 'bptt';
 * import { encoderDecoderToOnnx } from 'bptt/io';
 *
 * const model = encoderDecoder({
 *   encoder: stack({ gru: unroll(gru, { d: 5, m: 8 }) }),
 *   decoder: stack({ gru: unroll(gru, { d: 4, m: 8 }), readout: readout({ m: 8, C: 4 }) }),
 * });
 * console.log(Object.keys(encoderDecoderToOnnx(model, { input: 'classes' })).join(' ')); // → encoder decoder
 * ```
 */
export function encoderDecoderToOnnx(
  model: EncoderDecoder,
  options: OnnxOptions = {},
): { readonly encoder: Uint8Array; readonly decoder: Uint8Array } {
  const making = makingOf(requireObject('model', model, 'an encoder and a decoder'));
  if (making?.kind !== 'encoder-decoder') throw new ValueError('model', 'what encoderDecoder made', 'another');
  const { lengths = false, ...both } = requireKnown('options', options, ['input', 'lengths', 'metadata']);
  const { encoder, decoder, bridge } = making;
  if (isAttentive(decoder)) throw new ValueError('model.decoder', 'one that does not attend', decoder.name);
  const first = onnxGraph(encoder, { ...both, lengths });
  return {
    encoder: encodeOnnx(bridge ? withBridge(first, bridge as Bridge) : first),
    decoder: encodeOnnx(onnxGraph(decoder, both)),
  };
}

/** The encoder's model with what the bridge makes of its last state. */
function withBridge(graph: OnnxGraph, bridge: Bridge): OnnxGraph {
  const making = makingOf(bridge);
  if (making?.kind !== 'bridge') throw new ValueError('model.bridge', 'what bridge made', 'another');
  const { from, to } = making;
  const values = bridge.params.named();
  requireNumbers(values);
  const nodes = new Nodes();
  const e = nodes.add(
    'Concat',
    Object.keys(from.state).map(name => `sT.${name}`),
    'bridge.e',
    { axis: 1 },
  ); // OX-F10  q = [r_1; …; r_Q], s_p = tanh(W_p q + b_p)
  const outputs = Object.entries(to.state).map(([part, columns]) => {
    const W = pick(values, `W_${part}`);
    const weight = nodes.floats(`bridge.W_${part}`, [W.columns, W.rows], W.transpose().to1DArray());
    const bias = nodes.floats(`bridge.b_${part}`, [columns], pick(values, `b_${part}`).to1DArray());
    const product = nodes.add('MatMul', [e, weight], `bridge.We_${part}`);
    nodes.add('Tanh', [nodes.add('Add', [product, bias], `bridge.a_${part}`)], `s.${part}`);
    return { name: `s.${part}`, element: 'float' as const, extents: ['B', columns] };
  });
  return {
    ...graph,
    nodes: [...graph.nodes, ...nodes.list],
    initializers: [...graph.initializers, ...nodes.initializers],
    outputs: [...graph.outputs, ...outputs],
  };
}
