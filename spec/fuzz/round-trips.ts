/**
 * Whatever a writer writes, its reader reads, and to the last bit; or the writer refuses it with an error of the library.
 * What is written are the odd cases that are valid: names that objects keep elsewhere, texts of one symbol and of halves of
 * surrogate pairs, numbers at the ends of their range, every cell and kind of layer, and copies of these that compute
 * something else.
 */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import type { Cell } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { cells } from '../../lib/cells/index.ts';
import { traceFixed } from '../../lib/cells/trace.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { BpttError } from '../../lib/errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { toOnnx } from '../../lib/io/onnx.ts';
import { resumeTrainer } from '../../lib/io/resume-trainer.ts';
import { type Dtype, readSafetensors, type Tensor, writeSafetensors } from '../../lib/io/safetensors.ts';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';
import { fromTorch, toTorch } from '../../lib/io/torch.ts';
import { decodeTorch, encodeTorch } from '../../lib/io/torch-file.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import { embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep, maxOverTime } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { type CharTrainerOptions, optimiserNames } from '../../lib/models/char-options.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { decodeOnnx } from '../io/onnx-interpreter.ts';

/** What a number of tries of one writer came to. */
export interface RoundTrips {
  readonly read: number;
  readonly refused: number;
}

/** Writes, says so, and reads: true where what was read is what was written. */
type Trip = (written: Written) => boolean;

/** Returns what was written. From here on nothing may be refused. */
type Written = <T>(bytes: T) => T;

const odd = fc.constantFrom(0, -0, 5e-324, -2.3e-308, 1e308, -Number.MAX_VALUE, 3.4028235e38, 3.5e38, 1, -0.5);
const number = fc.oneof({ weight: 3, arbitrary: odd }, fc.double({ noNaN: true, noDefaultInfinity: true }));
const anyNumber = fc.oneof({ weight: 9, arbitrary: number }, fc.constantFrom(Number.NaN, Infinity, -Infinity));
const oddName = fc.constantFrom(
  ...[
    '',
    '__proto__',
    'constructor',
    'toString',
    '0',
    '10',
    '2',
    'a',
    'b.c',
    ' ',
    '"\\',
    '\0',
    '漢🎭',
    '\u202e',
    '\ud800',
  ],
  ...['\udfff', '__metadata__', 'sha256', 'weight_ih_l0'],
);
const name = fc.oneof({ weight: 3, arbitrary: oddName }, fc.string({ maxLength: 4 }));
const symbol = fc.constantFrom(
  'a',
  'b',
  '\n',
  '\0',
  '🎭',
  '\ud83c',
  '\udfad',
  '\ud800',
  '\udfff',
  '\ufffd',
  '"',
  '\\',
  '0',
);
const text = fc.oneof(
  fc.array(symbol, { minLength: 2, maxLength: 30 }).map(symbols => symbols.join('')),
  symbol.map(one => one.repeat(40)),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
);

const metadata = fc.array(fc.tuple(name, name), { maxLength: 4 }).map(entries => Object.fromEntries(entries));
const tensor: fc.Arbitrary<Tensor> = fc.array(fc.nat(3), { maxLength: 3 }).chain(shape => {
  const size = shape.reduce((product, n) => product * n, 1);
  return fc
    .array(anyNumber, { minLength: size, maxLength: size })
    .map(numbers => ({ shape, data: Float64Array.from(numbers) }));
});
const tensors = fc.array(fc.tuple(name, tensor), { maxLength: 4 }).map(entries => new Map(entries));

/** A cell of somebody's own, with parameters of any names. */
const ownCell = fc.tuple(name, name, name).map(([called, W, b]): Cell => {
  const names = [...new Set([`W${W}`, b, 'x'])];
  return {
    name: called,
    equations: { h: '', x: '' },
    params: ({ m }) => Object.fromEntries(names.map(one => [one, [m, 2] as const])),
    state: ({ m }) => ({ h: m, [`${b}s`]: m }),
    forward: (_p, _x, prev) => ({ next: { ...prev }, tape: {} }),
    backward: (_p, _tape, dnext) => ({ dx: Matrix.zeros(dnext.h?.rows ?? 0, 2), dprev: dnext }),
  };
});
const known = Object.values(cells);
const anyCell = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...known) },
  fc.constantFrom(...known).map((cell): Cell => ({ ...cell })),
  fc.constantFrom<Cell>(traceFixed(0.5) as unknown as Cell, conditioned(known[0] as Cell, { k: 1 }) as Cell),
);

/** What makes a layer of d inputs and the outputs that it has. */
const layerOf = fc.letrec<{ layer: (d: number) => Layer }>(tie => ({
  layer: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    {
      weight: 4,
      arbitrary: fc.tuple(anyCell, fc.nat(1)).map(
        ([cell, m]) =>
          (d: number) =>
            unroll(cell, { d, m: m + 1 }),
      ),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(anyCell, fc.nat(1)).map(
        ([cell, m]) =>
          (d: number) =>
            recurrent(cell, { d, m: m + 1 }),
      ),
    },
    fc.constantFrom(
      (m: number) => readout({ m, C: 2 }),
      (m: number) => linear({ m, C: 1 }),
      (d: number) => ({ ...readout({ m: d, C: 2 }) }) as Layer,
      (C: number) => embedding({ C, e: 2 }) as Layer,
      (F: number) => dropout({ F, rate: 0.5, seed: 1 }) as Layer,
      (F: number) => lastStep(F) as Layer,
      (F: number) => maxOverTime(F) as Layer,
    ),
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          fc.uniqueArray(name, { minLength: 2, maxLength: 3 }),
          fc.array(tie('layer'), { minLength: 3, maxLength: 3 }),
        )
        .map(([names, makers]) => (d: number) => {
          const layers: [string, Layer][] = [];
          // Objects put names such as '0' first, whatever the order they are given in.
          for (const [l, own] of Object.keys(Object.fromEntries(names.map(own => [own, 0]))).entries()) {
            layers.push([own, (makers[l] ?? makers[0])?.(layers.at(-1)?.[1].outputs ?? d) as Layer]);
          }
          return stack(Object.fromEntries(layers)) as Layer;
        }),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(tie('layer'), tie('layer'), fc.constantFrom('concat' as const, 'sum' as const)).map(
        ([forward, backward, merge]) =>
          (d: number) =>
            bidirectional({ forward: forward(d), backward: backward(d), merge }) as Layer,
      ),
    },
  ),
})).layer;

const dtype = fc.constantFrom<Dtype>('F64', 'F32');
const rounding = (kind: Dtype) => (kind === 'F32' ? Math.fround : (x: number) => x);

/** What is done with a layer whose parameters are these numbers over and over; twice the same layer. */
const layerTrip = (trip: (written: Written, layer: Layer, again: Layer, kind: Dtype) => boolean): fc.Arbitrary<Trip> =>
  fc
    .tuple(
      layerOf,
      fc.array(fc.oneof({ weight: 30, arbitrary: number }, anyNumber), { minLength: 1, maxLength: 5 }),
      dtype,
    )
    .map(([make, numbers, kind]) => written => {
      const [layer, again] = [make(2), make(2)];
      layer.params.values.forEach((_, i, values) => {
        values[i] = numbers[i % numbers.length] ?? 0;
      });
      return trip(written, layer, again, kind);
    });

/** A trainer after some steps, with a few numbers in it that are odd. */
const trainer = (cell: fc.Arbitrary<Cell>): fc.Arbitrary<() => CharTrainer> =>
  fc
    .record({
      own: text,
      options: fc.record({
        cell,
        hidden: fc.constantFrom(1, 2),
        layers: fc.constantFrom(1, 2),
        embedding: fc.constantFrom(null, null, 2),
        dropout: fc.constantFrom(0, 0, 0.5),
        chunk: fc.constantFrom(1, 3),
        batch: fc.constantFrom(1, 1, 2),
        optimiser: fc.constantFrom(...optimiserNames),
        learningRate: fc.constantFrom(0.1, 5e-324, 1e-300),
        schedule: fc.constantFrom(null, { shape: 'cosine', steps: 3, warmUp: 1 }),
        clipValue: fc.constantFrom(null, 5, 5e-324),
        clipNorm: fc.constantFrom(null, 1e308),
        initStd: fc.constantFrom(0.01, 5e-324, 0.5),
        heldOut: fc.constantFrom(0, 0, 0.3),
        seed: fc.constantFrom(0, 1, 2 ** 32 - 1),
      }) as fc.Arbitrary<CharTrainerOptions>,
      steps: fc.nat(4),
      numbers: fc.array(fc.tuple(fc.nat(50), fc.oneof({ weight: 20, arbitrary: number }, anyNumber)), { maxLength: 2 }),
    })
    .map(({ own, options, steps, numbers }) => () => {
      const made = new CharTrainer(own, options);
      for (let n = 0; n < steps; n++) made.step();
      const { values } = made.model.net.params;
      for (const [at, x] of numbers) values[at % values.length] = x;
      for (const data of Object.values(made.optimiser.memory)) {
        for (const [at, x] of numbers) data[at % data.length] = Math.abs(x);
      }
      return made;
    });

/** Every writer with its reader. */
const trips: Readonly<Record<string, fc.Arbitrary<Trip>>> = {
  safetensors: fc.tuple(tensors, metadata, dtype).map(([given, fields, kind]) => written => {
    const back = readSafetensors(written(writeSafetensors(given, fields, kind)), 'file', ['F64', 'F32']);
    return sameTensors(back.tensors, given, rounding(kind)) && sameFields(back.metadata, fields);
  }),
  sealed: fc.tuple(tensors, metadata).map(([given, fields]) => written => {
    const back = readSealed(written(writeSealed(given, fields)));
    return sameTensors(back.tensors, given) && sameFields(back.metadata, fields);
  }),
  checkpoint: fc
    .tuple(trainer(fc.oneof({ weight: 3, arbitrary: anyCell }, ownCell)), fc.jsonValue({ maxDepth: 3 }))
    .map(([make, note]) => written => {
      const run = make();
      const { cell } = run.options;
      const bytes = written(encodeCheckpoint(run, note));
      const checkpoint = decodeCheckpoint(bytes, 'file', { ...cells, [cell.name]: cell });
      const again = resumeTrainer(checkpoint, run.text);
      const same = sameNumbers(again.model.net.params.values, run.model.net.params.values);
      return same && sameBytes(encodeCheckpoint(again, checkpoint.note), bytes);
    }),
  'torch model': fc.tuple(trainer(anyCell), dtype).map(([make, kind]) => written => {
    const { model } = make();
    const back = decodeTorch(written(encodeTorch(model, kind)));
    const { values } = model.net.params;
    return (
      back.vocabulary.symbols.join('\n') === model.vocabulary.symbols.join('\n') &&
      back.cell === model.cell &&
      sameNumbers(back.net.params.values, values.map(rounding(kind)))
    );
  }),
  'torch layer': layerTrip((written, layer, again, kind) => {
    const file = written(writeSafetensors(toTorch(layer), {}, kind));
    fromTorch(again, readSafetensors(file, 'file', ['F64', 'F32']).tensors);
    return sameNumbers(again.params.values, layer.params.values.map(rounding(kind)));
  }),
  ONNX: layerTrip((written, layer) => {
    const { initializers, inputs, outputs } = decodeOnnx(written(toOnnx(layer)));
    const sizes = [...inputs, ...outputs].map(({ extents }) => extents.at(-1));
    const states = Object.values(layer.state);
    const all = [...initializers.values()].flatMap(({ data }) => data);
    const there = new Set(all.map(x => Math.abs(x)));
    return (
      JSON.stringify(sizes) === JSON.stringify([layer.inputs, ...states, layer.outputs, ...states]) &&
      layer.params.values.every(x => there.has(Math.abs(Math.fround(x))))
    );
  }),
};

/**
 * Tries every writer so often.
 *
 * @param seed what to repeat a failure with; its message names it.
 * @throws Error when what is read is not what was written, when the reader refuses it, or when something throws anything
 * but an error of the library.
 */
export function roundTrips(runs: number, seed: number): Readonly<Record<string, RoundTrips>> {
  return Object.fromEntries(
    Object.entries(trips).map(([name, trip]) => {
      let [read, refused] = [0, 0];
      fc.assert(
        fc.property(trip, go => {
          let isWritten = false;
          const written: Written = bytes => {
            isWritten = true;
            return bytes;
          };
          try {
            if (!go(written)) throw new Error(`${name}: what was read is not what was written`);
            read += 1;
          } catch (error) {
            if (!(error instanceof BpttError)) throw error;
            if (isWritten) throw new Error(`${name}: written, and refused: ${error.message}`);
            refused += 1;
          }
        }),
        { numRuns: runs, seed, endOnFailure: true },
      );
      return [name, { read, refused }];
    }),
  );
}

function sameTensors(
  back: ReadonlyMap<string, Tensor>,
  given: ReadonlyMap<string, Tensor>,
  round: (x: number) => number = x => x,
): boolean {
  return (
    back.size === given.size &&
    [...given].every(([name, { shape, data }]) => {
      const own = back.get(name);
      return own?.shape.join() === shape.join() && sameNumbers(own.data, data.map(round));
    })
  );
}

function sameFields(back: ReadonlyMap<string, string>, given: Readonly<Record<string, string>>): boolean {
  return JSON.stringify([...back]) === JSON.stringify(Object.entries(given));
}

function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
