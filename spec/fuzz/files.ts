/**
 * Files that are no checkpoints: random bytes, and valid files with something changed, many of them sealed anew so that
 * the change is not seen by its hash; files of other kinds, and those that are nested deep or lack a tensor. Whatever is read is taken or refused with a FormatError, soon, and without more
 * memory than the file's size warrants.
 */
import fc from 'fast-check';
import { lstm } from '../../lib/cells/lstm.ts';
import { FormatError, ValueError } from '../../lib/errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { resumeTrainer } from '../../lib/io/resume-trainer.ts';
import { readSafetensors, type Tensor, writeSafetensors } from '../../lib/io/safetensors.ts';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';
import { decodeTorch, encodeTorch } from '../../lib/io/torch-file.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';

/** What a number of files came to. */
export interface FuzzReport {
  readonly files: number;
  /** How many of them were read by a reader, and how many refused. */
  readonly taken: number;
  readonly refused: number;
  /** The longest that a reader took, in ms of computing. */
  readonly slowest: number;
  /** The most memory that a reader asked for, in bytes for each byte of the file beyond {@link FREE}. */
  readonly hungriest: number;
}

/** What reads files: given the bytes, it returns, or throws a FormatError. */
export type Reader = (bytes: Uint8Array) => unknown;

const TEXT = 'abracadabra, hocus pocus, abracadabra';

/** The library's readers of files, each by itself. */
export const readers: Readonly<Record<string, Reader>> = {
  safetensors: bytes => readSafetensors(bytes),
  sealed: bytes => readSealed(bytes),
  checkpoint: bytes => decodeCheckpoint(bytes),
  run: bytes => {
    const checkpoint = decodeCheckpoint(bytes);
    // Another hash is another text, which is not the file's fault.
    if (checkpoint.text === valid.text) resumeTrainer(checkpoint, TEXT);
  },
  torch: bytes => {
    try {
      decodeTorch(bytes);
    } catch (error) {
      // A file may leave the vocabulary to whoever reads it.
      if (!(error instanceof ValueError && error.argument === 'vocabulary')) throw error;
    }
  },
};

/** Milliseconds of computing that a reader may take, and bytes that it may ask for: so many for each of the file's, and some more. */
const [SLOW, HUNGRY] = [2000, 24];
export const FREE: number = 2 ** 20;

const valid = {
  files: [
    trained(new CharTrainer(TEXT, { hidden: 2, chunk: 4 })),
    trained(new CharTrainer(TEXT, { hidden: 2, chunk: 4, cell: lstm, layers: 2, optimiser: 'adam' })),
  ],
  torch: encodeTorch(new CharTrainer(TEXT, { hidden: 2, chunk: 4, cell: lstm }).model, 'F32'),
  text: '',
};
valid.text = decodeCheckpoint(valid.files[0] ?? new Uint8Array()).text;

function trained(trainer: CharTrainer): Uint8Array {
  for (let n = 0; n < 3; n++) trainer.step();
  return encodeCheckpoint(trainer, { from: 'a test' });
}

/** Bytes at random; half of them behind a length that a header may have. */
const randomFile: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.nat(300), fc.uint8Array({ maxLength: 300 })).map(([length, rest]) => withLength(length, rest)),
  fc
    .tuple(fc.json({ maxDepth: 4 }), fc.uint8Array({ maxLength: 64 }))
    .map(([json, data]) => withHeader(new TextEncoder().encode(json), data)),
);

/** What a valid file's numbers, texts and JSON are changed to. */
const oddity: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    0,
    -0,
    -1,
    0.5,
    1e9,
    1e15,
    2 ** 53,
    1e308,
    null,
    true,
    '',
    'rnn',
    '__proto__',
    [],
    {},
    [[]],
    { toString: 1 },
  ),
  fc.integer(),
  fc.double(),
  fc.string(),
  fc.jsonValue({ maxDepth: 2 }),
);

const sealed = fc.constantFrom(...valid.files);
const base = fc.constantFrom(...valid.files, valid.torch);
const place = fc.nat(2 ** 20);

/** A valid file with something changed. */
const mutatedFile: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.tuple(base, fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 6 })).map(flipped),
  fc.tuple(base, place, place).map(([bytes, from, to]) => bytes.slice(from % 9, to % bytes.length)),
  fc
    .tuple(base, place, fc.uint8Array({ minLength: 1, maxLength: 40 }))
    .map(([bytes, at, more]) => inserted(bytes, at, more)),
  fc
    .tuple(base, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    .map(([bytes, length]) => withLength(length, bytes.subarray(8))),
  fc.tuple(base, place, place, oddity).map(([bytes, entry, field, value]) => headerChanged(bytes, entry, field, value)),
  fc.tuple(sealed, place, place, oddity).map(([bytes, key, field, value]) => metadataChanged(bytes, key, field, value)),
  fc.tuple(sealed, place, fc.constantFrom('drop', 'rename', 'reshape', 'number', 'double'), oddity).map(tensorChanged),
  fc.tuple(sealed, fc.constantFrom(4000, 1e6, 1e9)).map(([bytes, hidden]) => enlarged(bytes, hidden)),
);

/** How files of other kinds begin, and safetensors whose header is more than it seems. */
const beginnings: readonly string[] = [
  ...[
    'PK\x03\x04',
    `PK\x03\x04${'\0'.repeat(26)}archive/data.pkl`,
    'PK\x05\x06',
    '\x80\x02}q\0',
    '\x80\x04\x95',
    '\x93NUMPY\x01\0',
  ],
  ...[
    '\x89HDF\r\n\x1a\n',
    'GGUF',
    '\x08\x07\x12\x04bptt',
    '\x1f\x8b\x08',
    'BZh9',
    '\xfd7zXZ\0',
    '<!DOCTYPE html>',
    '\n\n <html>',
  ],
  ...[
    'version https://git-lfs.github.com/spec/v1\noid ',
    '{"weight_map": {',
    '{"a": [',
    '[[1, 2]',
    'a text\n',
    '\xef\xbb\xbf{',
  ],
];
const deep = (depth: number, open: string, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`;
const nested = fc
  .tuple(fc.constantFrom(1, 60, 64, 65, 20_000), fc.constantFrom(['[', ']'], ['{"a":', '}'], ['[[],', ']']))
  .map(([depth, [open = '', close = '']]) => deep(depth, open, close));

/** A file of another kind, cut somewhere; a header that is nested deep; a field of the metadata that is, in either kind. */
const oddFile: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.tuple(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 300 }), place).map(([begin, rest, to]) => {
    const all = Uint8Array.of(...Buffer.from(begin, 'latin1'), ...rest);
    return to % 3 === 0 ? all.slice(0, to % (all.length + 1)) : all;
  }),
  fc
    .tuple(nested, fc.constantFrom('', '{"a":', '{"__metadata__":'))
    .map(([json, before]) =>
      withHeader(new TextEncoder().encode(`${before}${json}${before && '}'}`), new Uint8Array(8)),
    ),
  fc.tuple(sealed, place, nested).map(([bytes, key, json]) => {
    const { tensors, metadata } = readSealed(bytes);
    metadata.set(pick([...metadata.keys()], key), json);
    return writeSealed(tensors, Object.fromEntries(metadata));
  }),
  fc
    .tuple(
      place,
      fc.oneof(
        nested,
        fc.json({ maxDepth: 3 }),
        fc.array(oddity).map(list => JSON.stringify(list)),
      ),
    )
    .map(([key, json]) => {
      const { tensors, metadata } = readSafetensors(valid.torch, 'file', ['F64', 'F32']);
      metadata.set(key % 2 === 0 ? 'vocabulary' : pick([...metadata.keys()], key), json);
      return writeSafetensors(tensors, Object.fromEntries(metadata));
    }),
  fc
    .tuple(
      place,
      fc.constantFrom('weight', 'bias', 'weight_ih_l0', 'weight_hh_l1', 'bias_hh_l0', 'weight_hr_l0'),
      fc.array(fc.nat(3), { maxLength: 3 }),
    )
    .map(([at, ending, shape]) => {
      const { tensors, metadata } = readSafetensors(valid.torch, 'file', ['F64', 'F32']);
      if (at % 2 === 0) tensors.delete(pick([...tensors.keys()], at));
      const data = new Float64Array(shape.reduce((size, n) => size * n, 1));
      tensors.set(`${pick(['', 'rnn.', 'norm.', 'emb.', 'readout.', 'exp_avg.rnn.'], at)}${ending}`, { shape, data });
      const aliases = at % 5 === 0 ? { 'rnn.weight_hh_l0': pick([...tensors.keys()], at) } : {};
      return writeSafetensors(tensors, { ...Object.fromEntries(metadata), ...aliases });
    }),
);

/**
 * Lets every reader read so many files of each kind.
 *
 * @param seed what to repeat a failure with; its message names it.
 * @throws Error naming seed and file when a reader throws anything but a FormatError, or takes too long or too much.
 */
export function fuzzFiles(runs: number, seed: number): { random: FuzzReport; mutated: FuzzReport; odd: FuzzReport } {
  return {
    random: fuzz(randomFile, runs, seed),
    mutated: fuzz(mutatedFile, runs, seed),
    odd: fuzz(oddFile, runs, seed),
  };
}

function fuzz(file: fc.Arbitrary<Uint8Array>, runs: number, seed: number): FuzzReport {
  let [files, taken, refused, slowest, hungriest] = [0, 0, 0, 0, 0];
  fc.assert(
    fc.property(file, bytes => {
      files += 1;
      for (const [name, read] of Object.entries(readers)) {
        const before = process.memoryUsage().arrayBuffers;
        const began = process.cpuUsage();
        try {
          read(bytes);
          taken += 1;
        } catch (error) {
          if (!(error instanceof FormatError)) throw new Error(`${name} threw ${error}`, { cause: error });
          refused += 1;
        }
        slowest = Math.max(slowest, process.cpuUsage(began).user / 1000);
        const asked = process.memoryUsage().arrayBuffers - before - FREE;
        hungriest = Math.max(hungriest, asked / Math.max(1, bytes.length));
        if (slowest > SLOW) throw new Error(`${name} took ${slowest} ms`);
        if (hungriest > HUNGRY) throw new Error(`${name} asked for ${asked} bytes for a file of ${bytes.length}`);
      }
    }),
    { numRuns: runs, seed, endOnFailure: true },
  );
  return { files, taken, refused, slowest, hungriest };
}

function withLength(length: number | bigint, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + rest.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(rest, 8);
  return bytes;
}

function withHeader(header: Uint8Array, data: Uint8Array): Uint8Array {
  return withLength(header.length, Uint8Array.of(...header, ...data));
}

function flipped([bytes, changes]: [Uint8Array, [number, number][]]): Uint8Array {
  const copy = bytes.slice();
  for (const [at, byte] of changes) copy[at % copy.length] = byte;
  return copy;
}

function inserted(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  const middle = at % (bytes.length + 1);
  return Uint8Array.of(...bytes.subarray(0, middle), ...more, ...bytes.subarray(middle));
}

/** One field of one entry of the header is something else; sealing would refuse most of it, so it is not sealed. */
function headerChanged(bytes: Uint8Array, entry: number, field: number, value: unknown): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>;
  const name = pick(Object.keys(header), entry);
  const fields = { ...(header[name] as object) };
  header[name] = { ...fields, [pick([...Object.keys(fields), '__proto__'], field)]: value };
  const text = JSON.stringify(header).replace(
    '{',
    field % 5 === 0 ? `{${JSON.stringify(name)}:${JSON.stringify(value)},` : '{',
  );
  return withHeader(new TextEncoder().encode(text), bytes.subarray(8 + length));
}

/** One value of the metadata, or of the JSON in one, is something else; sealed anew. */
function metadataChanged(bytes: Uint8Array, key: number, field: number, value: unknown): Uint8Array {
  const { tensors, metadata } = readSealed(bytes);
  const name = pick([...metadata.keys()], key);
  const text = metadata.get(name) ?? '';
  metadata.set(name, text.startsWith('{') || text.startsWith('[') ? jsonChanged(text, field, value) : textOf(value));
  if (field % 7 === 0) metadata.delete(name);
  return writeSealed(tensors, Object.fromEntries(metadata));
}

/** Says of itself that it has many hidden units, wherever it says so; sealed anew. */
function enlarged(bytes: Uint8Array, hidden: number): Uint8Array {
  const { tensors, metadata } = readSealed(bytes);
  const json = (key: string) => JSON.parse(metadata.get(key) ?? '') as object;
  metadata.set('options', JSON.stringify({ ...json('options'), hidden }));
  metadata.set('sizes', JSON.stringify({ ...json('sizes'), m: hidden }));
  return writeSealed(tensors, Object.fromEntries(metadata));
}

function jsonChanged(text: string, field: number, value: unknown): string {
  const json = JSON.parse(text) as Record<string, unknown> | unknown[];
  if (field % 3 === 0) return JSON.stringify(value) ?? '';
  if (Array.isArray(json)) json[field % (json.length + 1)] = value;
  else json[pick(Object.keys(json), field)] = value;
  return JSON.stringify(json);
}

/** One tensor is missing, has another name, shape or number, or is there twice; sealed anew. */
function tensorChanged([bytes, at, change, value]: [Uint8Array, number, string, unknown]): Uint8Array {
  const { tensors, metadata } = readSealed(bytes);
  const name = pick([...tensors.keys()], at);
  const { shape, data } = tensors.get(name) ?? { shape: [], data: new Float64Array(1) };
  const put = (as: string, tensor: Tensor) => tensors.set(as, tensor);
  if (change !== 'reshape' && change !== 'number') tensors.delete(name);
  if (change === 'rename') put(textOf(value), { shape, data });
  if (change === 'reshape') put(name, { shape: [data.length], data });
  if (change === 'number') data[at % data.length] = typeof value === 'number' ? value : Number.NaN;
  if (change === 'double') put(name, { shape: [2 * data.length], data: Float64Array.of(...data, ...data) });
  tensors.delete('__metadata__');
  const fields = Object.fromEntries(metadata);
  return at % 9 === 0 ? writeSafetensors(tensors, fields) : writeSealed(tensors, fields);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function pick<T>(from: readonly T[], n: number): T {
  const value = from[n % from.length];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}
