import { type Cell, requireCell } from '../cells/cell.ts';
import type { Attentive } from '../layers/attention/attentive.ts';
import { bahdanau } from '../layers/attention/bahdanau.ts';
import { bidirectional } from '../layers/bidirectional.ts';
import { bridge } from '../layers/bridge.ts';
import { requireKnown, requireSize } from '../require.ts';
import { type EncoderDecoder, encoderDecoder } from './encoder-decoder.ts';
import { type Engine, readoutLayer, recurrentLayer, requireEngine } from './network.ts';

/** How large a translator is. */
export interface TranslatorSize {
  /** Symbols that it reads, and that it writes: as many unless given. */
  readonly classes: number;
  readonly targets?: number;
  /** Hidden units of each direction of the encoder, of the decoder, and of the score of its attention. */
  readonly m: number;
}

/**
 * The model of Bahdanau, Cho and Bengio (2015): a cell in both directions reads a sequence of symbols; another, with attention to
 * what they put out, writes the other; a bridge leads from one to the other, and a readout stands on top.
 *
 * @param engine what computes it: the engine unless given.
 * @returns the encoder–decoder, its parameters as the cell has them at first: see the initialisers.
 * @throws ValueError when a size is not a positive integer, or the cell is none.
 *
 * @example
 * ```ts
 * import { glorot, gru, Random, Sequence, translator } from 'bptt';
 *
 * const net = translator(gru, { classes: 5, targets: 4, m: 8 });
 * glorot()(net.params, new Random(1));
 * const source = Sequence.pack([[4, 2, 3], [0]], { classes: 5 });
 * console.log(net.decode(source, { start: 0, stop: 1, maxLength: 6 }).length); // → 2
 * ```
 */
export function translator<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  size: TranslatorSize,
  engine: Engine = {},
): EncoderDecoder<Attentive> {
  const own = requireCell('cell', cell) as unknown as Cell;
  const { classes, targets = classes, m } = requireKnown('size', size, ['classes', 'targets', 'm']);
  for (const [name, n] of Object.entries({ classes, targets, m })) requireSize(name, n);
  requireEngine(engine);
  const way = () => recurrentLayer(own, { d: classes, m }, engine);
  const encoder = bidirectional({ forward: way(), backward: way() });
  const k = encoder.outputs;
  const layer = recurrentLayer(own, { d: targets + k, m }, engine);
  const top = readoutLayer({ m: layer.outputs + k, C: targets }, engine);
  const decoder = bahdanau({ layer, k, a: m, top });
  return encoderDecoder({ encoder, decoder, bridge: bridge({ from: encoder, to: decoder }) });
}
