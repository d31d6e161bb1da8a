/** An encoder and a decoder as two ONNX models, run one after the other, against the library's model of both. */
import { describe, expect, test } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { encoderDecoderToOnnx } from '../../lib/io/onnx-encoder-decoder.ts';
import { bahdanau } from '../../lib/layers/attention/bahdanau.ts';
import { bridge } from '../../lib/layers/bridge.ts';
import { delay } from '../../lib/layers/delay.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { type EncoderDecoder, encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { decodeOnnx, runOnnx } from './onnx-interpreter.ts';
import { pairDeviation, pairs, type Run } from './onnx-pairs.ts';

const run: Run = (model, feeds) => Promise.resolve(runOnnx(model, feeds));

describe.each(Object.entries(pairs))('%s', (_, make) => {
  test('the decoder goes on where the encoder ends', async () => {
    expect(await pairDeviation(make, run)).toBeLessThan(1e-6);
  });

  test.each(['encoder', 'bridge', 'decoder'])('another number in a parameter of the %s is seen', async part => {
    const deviation = await pairDeviation(make, run, ({ params }) => {
      const name = Object.keys(params.shapes).find(own => own.startsWith(`${part}.`)) ?? 'decoder.out.c';
      const matrix = params.named()[name];
      for (let j = 0; matrix && j < matrix.columns; j++) matrix.set(0, j, matrix.get(0, j) + 0.3);
    });
    expect(deviation).toBeGreaterThan(1e-4);
  });
});

test('over a bridge, the encoder puts out the state of the decoder beside its own', () => {
  const model = pairs['over a bridge']?.() as EncoderDecoder;
  const { encoder, decoder } = encoderDecoderToOnnx(model, { input: 'classes', metadata: { from: 'a test' } });
  const names = (bytes: Uint8Array) => decodeOnnx(bytes).outputs.map(({ name }) => name);
  expect(names(encoder)).toEqual(['y', 'sT.forward.h', 'sT.backward.h', 's.cell.h', 's.cell.c']);
  expect(names(decoder)).toEqual(['y', 'sT.cell.h', 'sT.cell.c']);
  for (const bytes of [encoder, decoder]) expect([...decodeOnnx(bytes).metadata]).toEqual([['from', 'a test']]);
});

describe('what ONNX lacks is refused by name and place:', () => {
  const encoder = () => stack({ cell: unroll(gru, { d: 2, m: 3 }) });

  test.each<[string, () => EncoderDecoder, string]>([
    [
      'a decoder that attends',
      () =>
        encoderDecoder({
          encoder: unroll(gru, { d: 2, m: 3 }),
          decoder: bahdanau({ layer: unroll(gru, { d: 5, m: 3 }), k: 3, a: 2 }),
        }) as unknown as EncoderDecoder,
      'model.decoder: expected one that does not attend, got bahdanau',
    ],
    [
      'a delay in the decoder',
      () => {
        const decoder = stack({ before: delay({ F: 2 }), cell: unroll(gru, { d: 2, m: 3 }) });
        const from = encoder();
        return encoderDecoder({ encoder: from, decoder, bridge: bridge({ from, to: decoder }) });
      },
      'layer.before: expected a network of',
    ],
    [
      'a changed copy of a bridge',
      () => {
        const [from, decoder] = [encoder(), encoder()];
        return encoderDecoder({ encoder: from, decoder, bridge: { ...bridge({ from, to: decoder }) } });
      },
      'model.bridge: expected what bridge made, got another',
    ],
    [
      'a changed copy of both',
      () => ({ ...encoderDecoder({ encoder: encoder(), decoder: encoder() }) }),
      'got another',
    ],
    ['a layer', () => encoder() as unknown as EncoderDecoder, 'model: expected what encoderDecoder made'],
  ])('%s', (_, make, message) => {
    const model = make();
    expect(() => encoderDecoderToOnnx(model)).toThrow(message);
  });

  test('a parameter of the bridge that 32 bits do not hold', () => {
    const model = pairs['over a bridge']?.() as EncoderDecoder;
    model.params.named()['bridge.b_cell.h']?.set(0, 1, 1e39);
    expect(() => encoderDecoderToOnnx(model)).toThrow('b_cell.h[1]: expected a number that 32 bits hold, got 1e+39');
  });
});
