/** Encoders and decoders as two ONNX models each, for whatever runs these: an oracle, or the real thing. */
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { raggedLengths } from '../../lib/check/problem.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { encoderDecoderToOnnx } from '../../lib/io/onnx-encoder-decoder.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { bridge } from '../../lib/layers/bridge.ts';
import { embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { type EncoderDecoder, encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { deviationOf, type Feeds } from './onnx-cases.ts';
import type { Values } from './onnx-interpreter.ts';

/** Symbols of the sources and of the targets; the lengths of the sources. */
const [SOURCE, TARGET, T, B] = [5, 4, 5, 3];

const decoderOf = (cell: Cell): Layer =>
  stack({ low: embedding({ C: TARGET, e: 2 }), cell: unroll(cell, { d: 2, m: 3 }), out: readout({ m: 3, C: TARGET }) });

/** The models: one whose states agree, and one over a bridge from both directions of another cell. */
export const pairs: Readonly<Record<string, () => EncoderDecoder>> = {
  'the same states': () =>
    encoderDecoder({
      encoder: stack({ low: embedding({ C: SOURCE, e: 2 }), cell: recurrent(lstm, { d: 2, m: 3 }) }),
      decoder: decoderOf(lstm as Cell),
    }),
  'over a bridge': () => {
    const one = () => unroll(gru, { d: SOURCE, m: 2 });
    const encoder = bidirectional({ forward: one(), backward: one() });
    const decoder = decoderOf(lstm as Cell);
    return encoderDecoder({ encoder, decoder, bridge: bridge({ from: encoder, to: decoder }) });
  },
};

/** What runs a model. */
export type Run = (model: Uint8Array, feeds: Feeds) => Promise<Readonly<Record<string, Values>>>;

/**
 * Sources of unequal length go through the one model, targets from its state through the other: how far that is from what
 * the library puts out.
 *
 * @param change what is done to the library's model once it is written.
 */
export async function pairDeviation(
  make: () => EncoderDecoder,
  run: Run,
  change: (model: EncoderDecoder) => void = () => {},
): Promise<number> {
  const model = make();
  normal(0.7)(model.params, new Random(3));
  const written = encoderDecoderToOnnx(model, { input: 'classes', lengths: true });
  change(model);
  const lengths = raggedLengths(T, B);
  const source = Array.from({ length: T * B }, (_, n) => (3 * n + 1) % SOURCE);
  const target = Array.from({ length: T * B }, (_, n) => (2 * n + n * n) % TARGET);
  const { y, sT } = model.forward(
    Sequence.oneHot(source, { T, B, classes: SOURCE, lengths }),
    Sequence.oneHot(target, { T, B, classes: TARGET }),
  );
  const classes = (data: readonly number[]) => ({ element: 'int64' as const, dims: [T, B], data });
  const encoded = await run(written.encoder, {
    x: classes(source),
    lengths: { element: 'int32', dims: [B], data: lengths },
    ...statesOf(model.encoder, columns => ({ dims: [B, columns], data: new Array<number>(B * columns).fill(0) })),
  });
  const handed = statesOf(model.decoder, (_, name) => encoded[`s.${name}`] ?? encoded[`sT.${name}`]);
  const decoded = await run(written.decoder, { x: classes(target), ...handed });
  const expected = {
    y: { dims: [T, B, TARGET], data: y.rows().to1DArray() },
    ...Object.fromEntries(
      Object.entries(sT).map(([name, part]) => [`sT.${name}`, { dims: [B, part.columns], data: part.to1DArray() }]),
    ),
  };
  return deviationOf(decoded, { expected, counts: y.countedRows() });
}

/** The initial state of a model, part by part. */
function statesOf({ state }: Layer, part: (columns: number, name: string) => Values | undefined): Feeds {
  return Object.fromEntries(
    Object.entries(state).map(([name, columns]) => {
      const { dims, data } = part(columns, name) ?? { dims: [], data: [] };
      return [`s0.${name}`, { element: 'float' as const, dims, data }];
    }),
  );
}
