/**
 * The mistakes of brain.js, planted in layers of ours: with these and no others they give its gradients, which is how
 * they are known to be all of them.
 */
import type { Cell } from '../../lib/cells/cell.ts';
import { gruResetBefore } from '../../lib/cells/gru-reset-before.ts';
import { rnnRelu } from '../../lib/cells/rnn.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import { add, addColumnSums, addTTimes, mul, oneMinus, sigmoidSlope, tanhSlope, times } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import { type BrainKind, brainLayers, lstmWithoutCell } from './brain-js.ts';
import { named, type Size } from './foreign.ts';

/** The layer of ours that computes what a network of brain.js does, with its mistakes. */
export function mistaken(kind: BrainKind, size: Size): Layer {
  const layers = Object.entries(brainLayers(kind, size, CELLS));
  return stack(Object.fromEntries(layers.map(([name, layer]) => [name, LAYERS[name]?.(layer) ?? layer])));
}

/** Every cell with its mistakes, and what becomes of the layers below and above. */
const CELLS = { RNN: lastBias(rnnRelu), GRU: lastBias(forgetfulGru()), LSTM: lastBias(lstmWithoutCell) };
const LAYERS: Readonly<Record<string, (layer: Layer) => Layer>> = { embedding: firstUse, readout: lastBiasOf };

/** db assigned at every step, where it must be added: what is left is the term of t = 1, the last to come. */
function lastBias(cell: Cell): Cell {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      for (const [name, db] of Object.entries(dp)) if (name.startsWith('b')) db.mul(0);
      return cell.backward(p, tape, dnext, dp);
    },
  };
}

/** The same of the readout's c. */
function lastBiasOf(readout: Layer): Layer {
  return {
    ...readout,
    backward(tape, dy, dsT) {
      const dc = named(readout.params.namedGrads(), 'c');
      const before = dc.getRow(0);
      const result = readout.backward(tape, dy, dsT);
      dc.setRow(0, before);
      addColumnSums(dc, dy.at(0));
      return result;
    },
  };
}

/** A row of dE assigned at every use of its class, where it must be added: what is left is the first use in a sequence. */
function firstUse(embedding: Layer): Layer<{ readonly x: Sequence; readonly tape: unknown }> {
  return {
    ...embedding,
    forward(x, s0) {
      const { tape, ...result } = embedding.forward(x, s0);
      return { ...result, tape: { x, tape } };
    },
    backward({ x, tape }, dy, dsT) {
      const first = Sequence.zeros({ ...dy.extent(), F: dy.F });
      const used = new Set<string>();
      for (const [n, index] of x.data.entries()) {
        const use = `${index} by sequence ${n % x.B}`;
        if (!used.has(use)) first.rows().setRow(n, dy.rows().getRow(n));
        used.add(use);
      }
      return embedding.backward(tape, first, dsT);
    },
  };
}

/**
 * dL/daz without its −n, since the operation that negates z passes nothing back; and dL/dh_{t−1} without dh⊙z, which the
 * gradient of r⊙h_{t−1} is assigned over.
 */
function forgetfulGru(): Cell {
  const cell: typeof gruResetBefore = {
    ...gruResetBefore,
    backward(p, { x, hPrev, r, z, rh, n }, { h: dh }, dp) {
      const dan = mul(dh, oneMinus(z), tanhSlope(n));
      const daz = mul(dh, hPrev, sigmoidSlope(z));
      const drh = times(dan, p.W_n);
      const dar = mul(drh, hPrev, sigmoidSlope(r));
      const da = { r: dar, z: daz, n: dan };
      const seen = { r: hPrev, z: hPrev, n: rh };
      for (const k of ['r', 'z', 'n'] as const) {
        addTTimes(dp[`W_${k}`], da[k], seen[k]);
        addTTimes(dp[`U_${k}`], da[k], x);
        addColumnSums(dp[`b_${k}`], da[k]);
      }
      const dx = add(times(dar, p.U_r), times(daz, p.U_z), times(dan, p.U_n));
      return { dx, dprev: { h: add(mul(drh, r), times(dar, p.W_r), times(daz, p.W_z)) } };
    },
  };
  return cell;
}
