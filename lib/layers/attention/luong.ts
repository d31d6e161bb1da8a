/**
 * The decoder of Luong, Pham and Manning (2015), "Effective Approaches to Attention-based Neural Machine Translation": a
 * layer asks after its step, by the dot product, and what it gets is joined to its output. Derived in
 * `derivations/attention.md`.
 *
 * | symbol          | shape      | meaning |
 * |-----------------|------------|---------|
 * | x, dx           | T′×B×d     | the input of the layer |
 * | memory, dmemory | T×B×m      | what is attended to |
 * | q, dq           | T′×B×m     | the layer's outputs, which are the queries |
 * | c, dc           | T′×B×m     | the contexts |
 * | H, dH           | (T′·B)×F   | h̃, the outputs, stacked by rows |
 * | W_c, dW_c       | F×2m       | the matrix that joins context and output |
 * | y, dy           | T′×B×C     | h̃, or what the top makes of it |
 */
import { ValueError } from '../../errors.ts';
import { addTo, addTTimes, beside, columns, keepRows, mul, tanh, tanhSlope, times, timesT } from '../../matrix.ts';
import { ParamSet } from '../../params.ts';
import { requireKnown, requireObject, requireSize } from '../../require.ts';
import { dense, read, requireExtent, Sequence } from '../../sequence.ts';
import { type Layer, requireLayer, requireState } from '../layer.ts';
import { made } from '../made.ts';
import { prefixed } from '../names.ts';
import { type AttentionTape, attention, readMemory } from './attention.ts';
import type { Attentive } from './attentive.ts';
import { topOf } from './top.ts';

/** The tapes of the layer, of the attention and of the top, and what they were joined from and to. */
export interface LuongTape {
  readonly q: Sequence;
  readonly c: Sequence;
  readonly h: Sequence;
  readonly layer: unknown;
  readonly attention: AttentionTape;
  readonly top: unknown;
}

/**
 * A layer with attention above it: h̃_t = tanh(W_c [c_t; q_t]), with q_t its output and c_t what that finds in the memory. No
 * step waits for a context, so the layer runs through all steps at once, in the engine where it is one of it.
 *
 * @param parts the layer, whose m outputs are the queries, and the memory has as many features; F units of h̃; the top, without
 * a state, that h̃ goes into, such as a readout. States keep the layer's names; parameters are named `layer.name`, `join.W_c` and
 * `top.name`, and lie in one buffer from now on.
 * @throws ValueError when a part does not fit, or F is not a positive integer.
 *
 * @example
 * ```ts
 * import { gru, luong, readout, recurrent, Sequence } from 'bptt';
 *
 * const decoder = luong({ layer: recurrent(gru, { d: 3, m: 4 }), F: 4, top: readout({ m: 4, C: 3 }) });
 * const [x, memory] = [Sequence.zeros({ T: 2, F: 3 }), Sequence.zeros({ T: 5, F: 4 })];
 * console.log(decoder.forward(x, memory).weights.at(0).to1DArray()); // → [ 0.2, 0.2, 0.2, 0.2, 0.2 ]
 * ```
 */
export function luong(parts: {
  readonly layer: Layer;
  readonly F: number;
  readonly top?: Layer;
}): Attentive<LuongTape> {
  const { layer, F, top: above } = requireKnown('parts', parts, ['layer', 'F', 'top']);
  requireLayer('layer', layer);
  requireSize('F', F);
  if (above === layer) throw new ValueError('top', 'another layer than the one below', 'the same');
  const { inputs, outputs: m, state, counts } = layer;
  const top = topOf(above, F);
  const looking = attention({ score: 'dot', m });
  const join = ParamSet.of({ W_c: [F, 2 * m] });

  const attending: Attentive<LuongTape> = {
    name: `luong(${layer.name})${top.name}`,
    inputs,
    attends: m,
    outputs: top.outputs,
    state,
    ...(counts && { counts }),
    equations: {
      ...layer.equations,
      ...prefixed({ layer: layer.equations, join: { W_c: 'LD-B2' }, ...top.equations }),
      memory: 'ATT-B4',
    },
    params: ParamSet.join({ layer: layer.params, join, ...top.params }),

    forward(x, givenMemory, s0) {
      requireExtent('x', x, inputs);
      const memory = readMemory(givenMemory, m, x);
      const step = layer.forward(x, s0);
      try {
        const q = dense(read('layer.y', step.y, m, x)); // LD-F1  q_t = y_t, of all steps
        const { y: c, weights, tape } = looking.forward(q, memory);
        const { W_c } = join.named();
        const H = tanh(timesT(beside(c.rows(), q.rows()), W_c)); // LD-F2  h̃_t = tanh(W_c r_t), r_t = [c_t; y_t]
        const h = Sequence.zeros({ ...q.extent(), F });
        addTo(h.rows(), H); // 0 at padding, as tanh 0
        const { y, tape: topTape } = top.forward(h);
        return { y, sT: step.sT, weights, tape: { q, c, h, layer: step.tape, attention: tape, top: topTape } };
      } catch (error) {
        layer.release?.(step.tape);
        throw error;
      }
    },

    backward(tape, given, dsT) {
      const { q, c, h, layer: layerTape, attention: lookTape, top: topTape } = requireObject('tape', tape);
      requireExtent('tape.q', q, m);
      requireExtent('tape.c', c, m, q);
      requireExtent('tape.h', h, F, q);
      read('dy', given, top.outputs, q);
      const ds = requireState('dsT', dsT, state, q.B);
      const dh = dense(read('top.dx', top.backward(topTape, given), F, q));
      const { W_c } = join.named();
      const dA = mul(keepRows(dh.rows(), h.countedRows()), tanhSlope(h.rows())); // LD-B1  dL/dã_t = dL/dh̃_t diag(1 − h̃_t²), through F2
      addTTimes(join.namedGrads().W_c, dA, beside(c.rows(), q.rows())); // LD-B2  dL/dW_c += Σ_t (dL/dã_t)ᵀ r_tᵀ, through F2
      const dJoined = times(dA, W_c); // LD-B3  dL/dr_t = dL/dã_t W_c, through F2
      const dc = sequenceOf(columns(dJoined, 0, m), q);
      const { dx: dq, dmemory } = looking.backward(lookTape, dc);
      const dy = sequenceOf(columns(dJoined, m, 2 * m), q);
      addTo(dy.rows(), dq.rows()); // LD-B4  dL/dy_t = (dL/dr_t)_y + dL/dq_t, through F1, F2
      const below = layer.backward(layerTape, dy, ds);
      return {
        get dx() {
          return below.dx; // a layer may compute it when it is read
        },
        dmemory,
        ds0: below.ds0,
      };
    },

    release(tape) {
      const { layer: layerTape, top: topTape } = requireObject('tape', tape);
      layer.release?.(layerTape);
      top.release(topTape);
    },
  };
  return made(attending, { kind: 'luong', layer, F, ...(above && { top: above }) });
}

/** Rows, all steps stacked, as a sequence beside another. */
function sequenceOf(rows: ReturnType<typeof columns>, beside: Sequence): Sequence {
  return Sequence.over(Float64Array.from(rows.to1DArray()), { ...beside.extent(), F: rows.columns });
}
