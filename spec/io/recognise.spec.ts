/** Files that are of another kind than is asked for: each is called by what it is, with what to do about it. */
import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { FormatError } from '../../lib/errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { toOnnx } from '../../lib/io/onnx.ts';
import { readSafetensors, type TensorFile, writeSafetensors } from '../../lib/io/safetensors.ts';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';
import { decodeTorch, encodeTorch } from '../../lib/io/torch-file.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytes = (...parts: readonly (string | Uint8Array | number)[]): Uint8Array =>
  Buffer.concat(
    parts.map(part => {
      if (typeof part === 'number') return Buffer.of(part);
      return typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part);
    }),
  );

/** A zip archive as its writers begin one: the header of its first member, the member, and more. */
function zip(...names: readonly string[]): Uint8Array {
  return bytes(
    ...names.flatMap(name => {
      const data = deflateRawSync(Buffer.from(`what is in ${name}`));
      const header = Buffer.alloc(30);
      header.write('PK\x03\x04', 'latin1');
      header.writeUInt16LE(20, 4);
      header.writeUInt16LE(8, 8);
      header.writeUInt32LE(data.length, 18);
      header.writeUInt16LE(name.length, 26);
      return [header, name, data];
    }),
    'PK\x01\x02 and so on',
  );
}

const net = unroll(cells.gru as Cell, { d: 1, m: 1 });
const INDEX = JSON.stringify({ metadata: { total_size: 8 }, weight_map: { 'rnn.weight_ih_l0': 'part-1.safetensors' } });

describe.each<[string, Uint8Array, string]>([
  ['nothing', new Uint8Array(), 'an empty file'],
  ['what torch.save writes', zip('archive/data.pkl', 'archive/version'), 'a PyTorch archive'],
  ['what it writes under another name', zip('model/.format_version'), 'a PyTorch archive'],
  [
    'what it wrote before',
    bytes(0x80, '\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.', 0x80, '\x02M\xe9\x03.'),
    'a PyTorch file of before 1.6',
  ],
  ['a pickle', bytes('\x80\x04\x95\x1d', new Uint8Array(7), '}\x94(\x8c\x01a'), 'a pickle of Python'],
  ['an old pickle', bytes('\x80\x02}q\x00X\x01'), 'a pickle of Python'],
  ['npz', zip('weight_ih_l0.npy'), 'an archive of NumPy (npz)'],
  ['npy', bytes('\x93NUMPY\x01\x00v\x00{"descr"'), 'an array of NumPy (npy)'],
  ['Keras', zip('metadata.json', 'config.json', 'model.weights.h5'), 'an archive of Keras'],
  ['HDF5', bytes('\x89HDF\r\n\x1a\n', new Uint8Array(40)), 'a file of HDF5'],
  ['another archive', zip('photos/1.jpg'), 'a zip archive'],
  ['ONNX', toOnnx(net), 'an ONNX model'],
  ['gzip', gzipSync(writeSafetensors(new Map(), { some: 'thing' })), 'a file compressed by gzip'],
  ['xz', bytes('\xfd7zXZ\0\0\x04'), 'a compressed file'],
  ['tar', bytes('model.pt', new Uint8Array(249), 'ustar\0', new Uint8Array(100)), 'a tar archive'],
  ['GGUF', bytes('GGUF\x03\0\0\0', new Uint8Array(40)), 'a model in GGUF'],
  [
    'a pointer of LFS',
    utf8(`version https://git-lfs.github.com/spec/v1\noid sha256:${'4d'.repeat(32)}\nsize 12345\n`),
    'a pointer of Git LFS',
  ],
  ['a page', utf8('<!DOCTYPE html>\n<html lang="en"><head>'), 'a web page'],
  ['a page with a mark before it', utf8('\ufeff\n<html>'), 'a web page'],
  ['an index', utf8(INDEX), 'the index of a model in several files'],
  ['JSON', utf8('{\n  "rnn.weight_ih_l0": [[1, 2]]\n}'), 'a text in JSON'],
  ['a list in JSON', utf8('[{"a": 1}]'), 'a text in JSON'],
  ['a text', utf8('Shall I compare thee – to a summer’s day?\r\n'), 'a text'],
  ['a short text', utf8('abc'), 'a text'],
  ['a long text, cut within a character', utf8('é'.repeat(4000)).subarray(0, 5001), 'a text'],
])('%s', (_, file, what) => {
  test.each([
    ['safetensors', readSafetensors],
    ['sealed', readSealed],
    ['checkpoint', decodeCheckpoint],
    ['torch', decodeTorch],
  ] as [string, (bytes: Uint8Array, file: string) => unknown][])('given for %s', (_, read) => {
    const error = thrown(() => read(file, 'model.bin'));
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ argument: 'model.bin', expected: 'a safetensors file' });
    expect((error as FormatError).got.startsWith(what)).toBe(true);
  });
});

test('who has a file of PyTorch is told how to write another', () => {
  const error = thrown(() => decodeTorch(zip('archive/data.pkl')));
  expect(String(error)).toContain("save_file(net.state_dict(), 'model.safetensors'), of safetensors.torch");
  expect(String(error)).toContain('bptt import');
});

describe('what a file says of itself is short and plain in an error, whatever it says:', () => {
  const foreign = `\x1b]0;\x07\x9b2J\u202e${'x'.repeat(200_000)}`;
  const trainer = new CharTrainer('abcabc', { hidden: 1, chunk: 2, heldOut: 0 });
  const checkpoint = readSealed(encodeCheckpoint(trainer));
  const torch = readSafetensors(encodeTorch(trainer.model));
  const changed = ({ metadata }: TensorFile, key: string, value: string) => ({
    ...Object.fromEntries(metadata),
    [key]: value,
  });
  const tensor = { shape: [1], data: new Float64Array(1) };
  const json = JSON.stringify({ [foreign]: [foreign], cell: foreign, hidden: foreign });

  test.each<[string, () => unknown]>([
    ...['format', 'version', 'cell', 'sizes'].map((key): [string, () => unknown] => [
      `${key} of a checkpoint`,
      () => decodeCheckpoint(writeSealed(checkpoint.tensors, changed(checkpoint, key, foreign))),
    ]),
    ...['options', 'position', 'vocabulary'].map((key): [string, () => unknown] => [
      `${key} of a checkpoint`,
      () => decodeCheckpoint(writeSealed(checkpoint.tensors, changed(checkpoint, key, json))),
    ]),
    [
      'a tensor of a checkpoint',
      () =>
        decodeCheckpoint(
          writeSealed(new Map([...checkpoint.tensors, [foreign, tensor]]), changed(checkpoint, 'note', '0')),
        ),
    ],
    ...['cell', 'hidden', 'vocabulary'].map((key): [string, () => unknown] => [
      `${key} of a state_dict`,
      () => decodeTorch(writeSafetensors(torch.tensors, changed(torch, key, key === 'vocabulary' ? json : foreign))),
    ]),
    [
      'a tensor of a state_dict',
      () => decodeTorch(writeSafetensors(new Map([...torch.tensors, [foreign, tensor]]), changed(torch, 'more', ''))),
    ],
    ['its dtype', () => readSafetensors(headed(`{${JSON.stringify(foreign)}:{"dtype":${JSON.stringify(foreign)}}}`))],
  ])('%s', (_, read) => {
    const { message } = thrown(read) as Error;
    expect(message.length).toBeLessThan(700);
    expect(message).not.toMatch(/[\p{Cc}\u202e]/u);
  });
});

test('a file of safetensors that is cut off is none of these', () => {
  // Headers of lengths whose bytes begin as other kinds do: ONNX, a pickle, JSON, a page, a zip archive.
  const begins = ['\x08\x07\x12', '\x80\x02', '\x80\x04', '{"', '<h', 'PK', '\n ', '\t'];
  for (const begin of begins) {
    const file = bytes(begin, new Uint8Array(8 - begin.length), '{"a":{"dtype":"F64"');
    expect(String(thrown(() => readSafetensors(file))), JSON.stringify(begin)).toMatch(
      /a safetensors file with its header of \d+ bytes, got only 19 bytes|that is not JSON/,
    );
  }
});

/** A file of a header alone. */
function headed(header: string): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return bytes(length, text);
}

function thrown(f: () => unknown): unknown {
  try {
    f();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
