/**
 * ONNX models: what is written, read by a reader and run by an interpreter that share no line with the writer, computes what
 * the library does. `spec/peers/onnx.spec.ts` has onnxruntime run the same models.
 */
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { gru } from '../../lib/cells/gru.ts';
import { cells } from '../../lib/cells/index.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { lstmPeephole } from '../../lib/cells/lstm-peephole.ts';
import { mgu } from '../../lib/cells/mgu.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ValueError } from '../../lib/errors.ts';
import { toOnnx } from '../../lib/io/onnx.ts';
import { onnxCells } from '../../lib/io/onnx-cells.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { delay } from '../../lib/layers/delay.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import { embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep, meanOverTime } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { cellOf, deviationOf, onnxCases, problemOf } from './onnx-cases.ts';
import { decodeOnnx, runOnnx } from './onnx-interpreter.ts';

/** Parameters are rounded to 32 bits, half a unit in 2⁻²⁴ of each; the interpreter computes in 64. */
const TOLERANCE = 1e-6;

describe.each(onnxCells)('%s', name => {
  test.each(onnxCases)('$name', given => {
    const problem = problemOf(given, cellOf(name));
    expect(deviationOf(runOnnx(problem.model, problem.feeds), problem)).toBeLessThan(TOLERANCE);
  });
});

describe('a mistake is seen:', () => {
  const [plain] = onnxCases;
  const deviationWith = (cell: Cell, given = plain, change: (layer: Layer) => void = () => {}): number => {
    if (!given) throw new Error('there is no such case');
    const problem = problemOf(given, cell);
    change(problem.net);
    return deviationOf(runOnnx(toOnnx(problem.net, given.options), problem.feeds), problem);
  };

  test.each(['W_i', 'U_o', 'b_f', 'p_i', 'p_o', 'p_f'])('another number in %s of an LSTM with peepholes', parameter => {
    const change = ({ params }: Layer): void => {
      const matrix = params.named()[parameter];
      matrix?.set(0, 0, matrix.get(0, 0) + 0.1);
    };
    expect(deviationWith(lstmPeephole as Cell, plain, change)).toBeGreaterThan(1e-4);
  });

  test('two gates exchanged', () => {
    const change = ({ params }: Layer): void => {
      const { W_f, W_i } = params.named();
      if (!W_f || !W_i) throw new Error('there are no such gates');
      const kept = W_f.clone();
      W_f.setSubMatrix(W_i.clone(), 0, 0);
      W_i.setSubMatrix(kept, 0, 0);
    };
    expect(deviationWith(lstm as Cell, plain, change)).toBeGreaterThan(1e-4);
  });

  test('the bias inside the reset, outside of it', () => {
    const change = ({ params }: Layer): void => {
      const { b_n, b_h } = params.named();
      b_n?.add(b_h ?? 0);
      b_h?.mul(0);
    };
    expect(deviationWith(gru as Cell, plain, change)).toBeGreaterThan(1e-3);
  });

  test.each(onnxCases.filter(({ options }) => options.lengths))('sequences taken for longer: $name', given => {
    const problem = problemOf(given, lstm as Cell);
    const lengths = { element: 'int32' as const, dims: [3], data: [5, 5, 5] };
    expect(deviationOf(runOnnx(problem.model, { ...problem.feeds, lengths }), problem)).toBeGreaterThan(1e-3);
  });

  test('another number in an embedding', () => {
    const given = onnxCases.find(({ name }) => name.startsWith('an embedding'));
    const change = ({ params }: Layer): void => {
      const E = params.named()['embedding.E'];
      E?.set(1, 0, E.get(1, 0) + 0.1);
    };
    expect(deviationWith(lstm as Cell, given, change)).toBeGreaterThan(1e-3);
  });
});

test('once pooled, one step is put out; symbols are looked up in an embedding, and made one-hot where there is none', () => {
  const above = () => ({ cell: unroll(lstm, { d: 3, m: 4 }), pool: meanOverTime(4) });
  const embedded = decodeOnnx(toOnnx(stack({ low: embedding({ C: 5, e: 3 }), ...above() }), { input: 'classes' }));
  const plain = decodeOnnx(toOnnx(stack(above()), { input: 'classes' }));
  const operations = ({ nodes }: typeof plain) => nodes.map(({ op }) => op).filter(op => !/squeeze/i.test(op));
  expect(embedded.outputs[0]?.extents).toEqual([1, 'B', 4]);
  expect(operations(embedded)).toEqual(['Gather', 'LSTM', 'ReduceMean']);
  expect(operations(plain)).toEqual(['OneHot', 'LSTM', 'ReduceMean']);
});

test('dropout that is on is the identity all the same', () => {
  const net = (rate: number) => stack({ drop: dropout({ F: 3, rate, seed: 1 }), out: readout({ m: 3, C: 2 }) });
  expect(toOnnx(net(0.5))).toEqual(toOnnx(net(0)));
});

test('names, kinds and extents are those of the document', () => {
  const net = stack({ cell: unroll(lstm, { d: 3, m: 4 }), readout: readout({ m: 4, C: 3 }) });
  const { irVersion, opset, inputs, outputs, metadata } = decodeOnnx(
    toOnnx(net, { input: 'classes', lengths: true, metadata: { vocabulary: '["é"]' } }),
  );
  const [float, int32, int64] = [1, 6, 7];
  expect({ irVersion, opset }).toEqual({ irVersion: 7, opset: 14 });
  expect(inputs).toEqual([
    { name: 'x', element: int64, extents: ['T', 'B'] },
    { name: 'lengths', element: int32, extents: ['B'] },
    { name: 's0.cell.h', element: float, extents: ['B', 4] },
    { name: 's0.cell.c', element: float, extents: ['B', 4] },
  ]);
  expect(outputs).toEqual([
    { name: 'y', element: float, extents: ['T', 'B', 3] },
    { name: 'sT.cell.h', element: float, extents: ['B', 4] },
    { name: 'sT.cell.c', element: float, extents: ['B', 4] },
  ]);
  expect([...metadata]).toEqual([['vocabulary', '["é"]']]);
  expect(toOnnx(net)).toEqual(toOnnx(net));
});

describe('what ONNX lacks is refused by name:', () => {
  const missing = Object.keys(cells).filter(name => !onnxCells.includes(name));

  test('the cells are these', () => {
    const newer = ['lstm-layer-norm', 'slstm', 'mgu', 'min-gru', 'min-lstm'];
    expect(missing).toEqual(['trace', 'lstm-no-forget', ...newer]);
  });

  test.each<[string, () => Layer, RegExp]>([
    ...missing.map((name): [string, () => Layer, RegExp] => [
      name,
      () => unroll(cellOf(name), { d: 2, m: 3 }),
      new RegExp(`got ${name}$`),
    ]),
    ['a conditioned cell', () => unroll(conditioned(rnn, { k: 2 }), { d: 2, m: 3 }), /got conditioned/],
    ['a changed copy of a layer', () => ({ ...recurrent(gru, { d: 2, m: 3 }) }), /another layer called gru$/],
    [
      'a changed copy of a cell',
      () => stack({ a: unroll({ ...gru, forward: gru.forward }, { d: 2, m: 3 }), b: readout({ m: 3, C: 2 }) }),
      /another cell called gru$/,
    ],
    ['a delay', () => stack({ low: stack({ before: delay({ F: 2 }) }) }), /^layer\.low\.before: .*got delay$/],
    [
      'a cell within both directions',
      () =>
        stack({ both: bidirectional({ forward: unroll(rnn, { d: 2, m: 3 }), backward: unroll(mgu, { d: 2, m: 3 }) }) }),
      /^layer\.both\.backward: .*got mgu$/,
    ],
    [
      'one direction that is pooled and one that is not',
      () => stack({ both: bidirectional({ forward: unroll(rnn, { d: 2, m: 3 }), backward: lastStep(2) }) }),
      /^layer\.both: expected both directions pooled, or neither, got one of them$/,
    ],
    [
      'an encoder and a decoder at once',
      () => {
        const layer = () => unroll(rnn, { d: 2, m: 3 });
        return encoderDecoder({ encoder: layer(), decoder: layer() }) as unknown as Layer;
      },
      /expected an encoder or a decoder by itself, got both$/,
    ],
  ])('%s', (_, make, message) => {
    const layer = make();
    expect(() => toOnnx(layer)).toThrow(ValueError);
    expect(() => toOnnx(layer)).toThrow(message);
  });

  test('a parameter that 32 bits do not hold', () => {
    const net = stack({ a: unroll(rnn, { d: 2, m: 3 }), b: readout({ m: 3, C: 2 }) });
    for (const number of [1e39, -Number.MAX_VALUE]) {
      net.params.named()['a.U']?.set(1, 1, number);
      expect(() => toOnnx(net)).toThrow(`a.U[3]: expected a number that 32 bits hold, got ${number}`);
    }
    net.params.named()['a.U']?.set(1, 1, Number.NaN);
    expect(() => toOnnx(net)).toThrow('a.U[3]: expected a finite number, got NaN');
  });

  test('half a surrogate pair, which its strings do not hold', () => {
    const net = unroll(rnn, { d: 1, m: 1 });
    expect(() => toOnnx(net, { metadata: { note: 'a\ud800' } })).toThrow('got a\\u{d800}');
    expect(() => toOnnx(net, { metadata: { '\udfff': 'a' } })).toThrow('metadata: expected text that UTF-8 holds');
    expect(() => toOnnx(stack({ '\ud800': net }))).toThrow('layer.params: expected text that UTF-8 holds');
    expect([
      ...decodeOnnx(toOnnx(stack({ '🎭': unroll(rnn, { d: 1, m: 1 }) }), { metadata: { '🎭': '🏁' } })).metadata,
    ]).toEqual([['🎭', '🏁']]);
  });

  test('what is no layer', () => {
    expect(() => toOnnx(undefined as unknown as Layer)).toThrow('layer: expected a layer, got undefined');
  });

  test('another kind of input', () => {
    const options = { input: 'words' } as unknown as { input: 'classes' };
    expect(() => toOnnx(unroll(rnn, { d: 1, m: 1 }), options)).toThrow(
      'input: expected numbers or classes, got "words"',
    );
  });
});
