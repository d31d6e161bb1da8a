/** A right call of every function of `bptt/io`, `bptt/io/node` and `bptt/blas`. Files are in a folder of their own, whatever they are called. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as blas from '../../lib/blas.ts';
import { BpttError } from '../../lib/errors.ts';
import * as lib from '../../lib/index.ts';
import * as io from '../../lib/io/index.ts';
import * as files from '../../lib/io/node/index.ts';
import { type Callable, call, type MakeCall, method, open, taking, whole } from './api.ts';
import { begun } from './calls-training.ts';

const TEXT = 'abracadabra, hocus pocus';

const trainer = () => {
  const made = new lib.CharTrainer(TEXT, { hidden: 2, chunk: 3, cell: lib.lstm as unknown as lib.Cell });
  made.step();
  return made;
};
const bytes = io.encodeCheckpoint(trainer(), { from: 'a test' });
const torch = io.encodeTorch(trainer().model);
const tensors = () => new Map([['w', { shape: [1, 2], data: Float64Array.of(1, 2) }]]);
const translator = () =>
  lib.encoderDecoder({
    encoder: lib.unroll(lib.gru, { d: 2, m: 2 }),
    decoder: lib.stack({ cell: lib.unroll(lib.gru, { d: 2, m: 2 }), readout: lib.readout({ m: 2, C: 3 }) }),
    bridge: lib.bridge({
      from: lib.unroll(lib.gru, { d: 2, m: 2 }),
      to: lib.stack({ cell: lib.unroll(lib.gru, { d: 2, m: 2 }) }),
    }),
  });
const net = () => lib.stack({ cell: lib.unroll(lib.lstm, { d: 2, m: 2 }), readout: lib.readout({ m: 2, C: 3 }) });

let folder = '';

/** A function of a path, within the folder of the test. */
function within(f: unknown): Callable {
  return (path, ...more) => {
    folder ||= mkdtempSync(join(tmpdir(), 'bptt-fuzz-'));
    return (f as Callable)(typeof path === 'string' ? join(folder, `in/${path}`) : path, ...more);
  };
}

/** Removes the folder that the calls have written into. */
export function removeFolder(): void {
  if (folder) rmSync(folder, { recursive: true, force: true });
  folder = '';
}

/** A file that is there. */
const written = (): string => {
  within(files.makeFolder)('.');
  within(files.writeAtomically)('there', 'text');
  return 'there';
};

/** What a function returns, or the name of its error: a machine need not have a BLAS. */
function either(f: unknown): Callable {
  return (...args) => {
    try {
      return typeof (f as Callable)(...args);
    } catch (error) {
      if (error instanceof BpttError && error.name === 'FileError') return 'none';
      throw error;
    }
  };
}

const kept = (model: lib.Layer) => ({
  optimiser: whole(lib.adam(model.params, { learningRate: 0.1 })),
  scaler: whole(lib.Scaler.fit([[1], [2]])),
  vocabulary: whole(lib.Vocabulary.of('abc')),
  note: open({ from: 'a test' }),
});
const saved = io.save(net(), { note: 1 });

/** Every call of `bptt/io`, `bptt/io/node` and `bptt/blas`. */
export const ioCalls: Readonly<Record<string, MakeCall>> = {
  encodeCheckpoint: taking(() => call(io.encodeCheckpoint, whole(trainer()), open({ from: 'a test' })), '1'), // any note
  save: taking(() => {
    const model = whole(net());
    return call(io.save, model, kept(model));
  }, '1.note'),
  load: () =>
    call(io.load, saved, { as: 'layer', cells: open({ lstm: lib.lstm }), engine: 'reference', file: 'a file' }),
  decodeCheckpoint: () => call(io.decodeCheckpoint, bytes, 'a file', open({ lstm: lib.lstm })),
  resumeTrainer: () => call(io.resumeTrainer, open({ ...io.decodeCheckpoint(bytes) }), TEXT, { precision: 'f64' }),
  makeFolder: () => call(within(files.makeFolder), 'folder'),
  readBytes: () => call(within(files.readBytes), written(), { regular: true }),
  readText: () => call(within(files.readText), written(), { regular: true }),
  writeAtomically: () => call(within(files.writeAtomically), written(), 'other text'),
  readCsvFile: () => call(within(files.readCsvFile), written(), { columns: open({ text: 'text' }), missing: 'drop' }),
  readJsonLinesFile: () =>
    call(within(files.readJsonLinesFile), written(), { columns: open({ text: 'text' }), missing: 'drop' }),
  'readCsvFile.columns': () => {
    const table = within(files.readCsvFile)(written()) as { columns(): Promise<unknown> };
    return method({ columns: begun(() => table.columns()) }, 'columns'); // the file may be gone before it is read
  },
  'readCsvFile.counts': () => method(within(files.readCsvFile)(written()) as object, 'counts'),
  'readJsonLinesFile.counts': () => method(within(files.readJsonLinesFile)(written()) as object, 'counts'),
  toOnnx: () => call(io.toOnnx, net(), { input: 'classes', lengths: true, metadata: open({ from: 'a test' }) }),
  encoderDecoderToOnnx: () =>
    call(io.encoderDecoderToOnnx, whole(translator()), {
      input: 'classes',
      lengths: true,
      metadata: open({ from: 'a test' }),
    }),
  readSafetensors: () => call(io.readSafetensors, torch, 'a file', ['F64', 'F32']),
  writeSafetensors: () => call(io.writeSafetensors, tensors(), open({ from: 'a test' }), 'F32'),
  readSealed: () => call(io.readSealed, bytes, 'a file'),
  writeSealed: () => call(io.writeSealed, tensors(), open({ from: 'a test' })),
  toTorch: () => call(io.toTorch, net(), { rnn: 'rnn', readout: 'out', embedding: 'below' }),
  fromTorch: () => call(io.fromTorch, net(), io.toTorch(net()), { rnn: 'rnn', readout: 'readout' }),
  encodeTorch: () => call(io.encodeTorch, whole(trainer().model), 'F32'),
  decodeTorch: () => call(io.decodeTorch, torch, 'a file', { cell: 'lstm', vocabulary: TEXT }),
  blas: () => call(either(blas.blas), { library: 'no such library', threads: 1 }),
};
