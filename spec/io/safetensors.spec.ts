/** The safetensors format: what is written comes back bit for bit, and whatever is not the format is refused by name. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, ShapeError, ValueError } from '../../lib/errors.ts';
import { readSafetensors, type Tensor, type TensorFile, writeSafetensors } from '../../lib/io/safetensors.ts';
import { cpuSeconds } from '../cpu-time.ts';

describe('writing and reading', () => {
  test('the bytes are those the format prescribes', () => {
    const bytes = writeSafetensors(new Map([['b', tensor([2], [1, -2])]]), { k: 'v' });
    const header = '{"__metadata__":{"k":"v"},"b":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}';
    expect([...bytes.subarray(0, 8)]).toEqual([header.length, 0, 0, 0, 0, 0, 0, 0]);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + header.length))).toBe(header);
    expect([...bytes.subarray(8 + header.length)]).toEqual([0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0]);
  });

  test('the header is padded with spaces to a multiple of 8', () => {
    for (const key of ['', 'a', 'ab', 'abc', 'abcd', 'é', '字']) {
      const bytes = writeSafetensors(new Map(), { [key]: '' });
      expect(bytes.length % 8).toBe(0);
      expect(new TextDecoder().decode(bytes.subarray(8))).toMatch(/^\{.*\} {0,7}$/);
    }
  });

  test('an empty file is two braces, padded', () => {
    const bytes = writeSafetensors(new Map(), {});
    expect(bytes.length).toBe(16);
    expect(readSafetensors(bytes)).toEqual({ tensors: new Map(), metadata: new Map() });
  });

  test('every kind of number comes back bit for bit', () => {
    const numbers = [0, -0, 5e-324, -2.2e-308, Number.MAX_VALUE, Infinity, -Infinity, 0.1 + 0.2, -Math.PI];
    const { tensors } = readSafetensors(writeSafetensors(new Map([['x', tensor([3, 3], numbers)]]), {}));
    expect(bits(tensors.get('x')?.data)).toEqual(bits(Float64Array.from(numbers)));
    expect(readSafetensors(writeSafetensors(new Map([['x', tensor([], [NaN])]]), {})).tensors.get('x')?.data).toEqual(
      Float64Array.of(NaN),
    );
  });

  test('odd names and empty tensors come back in order', () => {
    const names = [
      'z',
      '__proto__',
      'constructor',
      'toString',
      '',
      '"',
      '\\":"',
      '\ud800',
      '漢字 🎭',
      '\0',
      ' ',
      'a.b',
    ];
    const tensors = new Map(names.map((name, k) => [name, tensor([k % 3, 1], new Array(k % 3).fill(k))]));
    const metadata = Object.fromEntries(names.map(name => [name, `${name}!`]));
    const back = readSafetensors(writeSafetensors(tensors, metadata));
    expect(new Set(back.tensors.keys())).toEqual(new Set(names));
    expect(back.tensors).toEqual(tensors);
    expect([...back.metadata]).toEqual(names.map(name => [name, `${name}!`]));
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test('names that look like numbers keep the place of their bytes', () => {
    const tensors = new Map(['b', '2', 'a', '1'].map((name, k) => [name, tensor([1], [k])]));
    const back = readSafetensors(writeSafetensors(tensors, {}));
    expect([...back.tensors.keys()]).toEqual(['b', '2', 'a', '1']);
    expect(back.tensors).toEqual(tensors);
  });

  test('any tensors and metadata come back', () => {
    fc.assert(
      fc.property(anyTensors, anyMetadata, (tensors, metadata) => {
        const bytes = writeSafetensors(tensors, metadata);
        const back = readSafetensors(bytes);
        expectSame(back, tensors, metadata);
        expect(writeSafetensors(tensors, metadata)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test('in 32 bits they come back rounded, where that is let in', () => {
    const numbers = [0, -0, 1.5, Math.PI, 1e-46, Infinity, -Infinity, 2 ** -149];
    const tensors = new Map([
      ['odd', tensor([3], [1, 2, 3])],
      ['x', tensor([2, 4], numbers)],
    ]);
    const bytes = writeSafetensors(tensors, {}, 'F32');
    const header = new TextDecoder().decode(bytes.subarray(8)).slice(0, 60);
    expect(header).toContain('{"odd":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}');
    const back = readSafetensors(bytes, 'model.safetensors', ['F64', 'F32']).tensors;
    expect([...back.keys()]).toEqual(['odd', 'x']);
    expect(bits(back.get('x')?.data)).toEqual(bits(Float64Array.from(numbers, Math.fround)));
    expect(readSafetensors(writeSafetensors(tensors, {}), 'file', ['F64', 'F32']).tensors).toEqual(tensors);
    expect(refusal(bytes).message).toContain('of dtype F64, got dtype "F32"');
    expect(() => readSafetensors(writeSafetensors(tensors, {}), 'file', ['F32'])).toThrow(
      'of dtype F32, got dtype "F64"',
    );
  });

  test('bytes at an odd place in a larger buffer are read, and copied', () => {
    const tensors = new Map([['x', tensor([2], [3, 4])]]);
    const bytes = writeSafetensors(tensors, {});
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    const back = readSafetensors(shifted);
    shifted.fill(0xff);
    expect(back.tensors).toEqual(tensors);
  });

  test('10 MB take less than a second', () => {
    const data = Float64Array.from({ length: 1_250_000 }, (_, k) => Math.sin(k));
    let back = new Float64Array(0);
    const seconds = cpuSeconds(() => {
      const bytes = writeSafetensors(new Map([['x', { shape: [1250, 1000], data }]]), {});
      back = readSafetensors(bytes).tensors.get('x')?.data as Float64Array<ArrayBuffer>;
    });
    expect(seconds).toBeLessThan(1);
    expect(Buffer.from(back.buffer).equals(Buffer.from(data.buffer))).toBe(true);
  });

  test('a file of another writer: any order of entries, spaces, no padding', () => {
    const bytes = file(
      '{ "b": {"data_offsets": [8, 24], "shape": [2, 1], "dtype": "F64"},\n "a": {"dtype":"F64","shape":[],"data_offsets":[0,8]} }',
      numbers(1, 2, 3),
    );
    const { tensors } = readSafetensors(bytes);
    expect([...tensors]).toEqual([
      ['a', tensor([], [1])],
      ['b', tensor([2, 1], [2, 3])],
    ]);
  });
});

describe('what cannot be written', () => {
  test.each([
    [[3], 2],
    [[2, 2], 3],
    [[], 0],
    [[], 2],
    [[0, 5], 1],
    [[-1, -2], 2],
    [[0.5, 4], 2],
    [[NaN], 0],
    [[2 ** 53, 0], 0],
  ])('shape %j for %d numbers', (shape, length) => {
    const write = () => writeSafetensors(new Map([['W', { shape, data: new Float64Array(length) }]]), {});
    expect(write).toThrow(ShapeError);
    expect(write).toThrow('tensors["W"].shape');
  });

  test('a tensor called __metadata__', () => {
    expect(() => writeSafetensors(new Map([['__metadata__', tensor([0], [])]]), {})).toThrow(ValueError);
  });

  test('metadata that is not a string', () => {
    const metadata = { step: 3 } as unknown as Record<string, string>;
    expect(() => writeSafetensors(new Map(), metadata)).toThrow('metadata["step"]: expected a string, got 3');
  });

  test('a shape that is a typed array is one of numbers', () => {
    const shape = Int32Array.of(1, 2) as unknown as number[];
    const written = writeSafetensors(new Map([['x', { shape, data: Float64Array.of(3, 4) }]]), {});
    expect(readSafetensors(written).tensors).toEqual(new Map([['x', tensor([1, 2], [3, 4])]]));
  });

  test('a header of more than 100 MB, or of more values than are read again', () => {
    expect(() => writeSafetensors(new Map(), { k: 'x'.repeat(100_000_000) })).toThrow(ValueError);
    const [key, value] = ['k'.repeat(60_000_000), '\n'.repeat(60_000_000)];
    expect(() => writeSafetensors(new Map(), { [key]: value })).toThrow(ValueError);
    const shape = new Array<number>(4_000_001).fill(1);
    expect(() => writeSafetensors(new Map([['x', { shape, data: new Float64Array(1) }]]), {})).toThrow(ValueError);
  });

  test.each([
    [0, -3.5e38],
    [2, 2 ** 128 - 2 ** 103],
    [1, Number.MAX_VALUE],
  ])('at place %i a number too large for 32 bits, %d', (place, number) => {
    const numbers = [1, 2, 3];
    numbers[place] = number;
    const tensors = new Map([
      ['low', tensor([1], [3.4e38])],
      ['W', tensor([3], numbers)],
    ]);
    const write = () => writeSafetensors(tensors, {}, 'F32');
    expect(write).toThrow(ValueError);
    expect(write).toThrow(`tensors["W"][${place}]: expected a number that 32 bits hold, got ${number}`);
    expect(readSafetensors(writeSafetensors(tensors, {})).tensors).toEqual(tensors);
  });

  test('the greatest number of 32 bits, and what is rounded to it, can be', () => {
    const greatest = 2 ** 128 - 2 ** 104;
    const tensors = new Map([['x', tensor([2], [greatest, -(greatest + 2 ** 102)])]]);
    const { data } = readSafetensors(writeSafetensors(tensors, {}, 'F32'), 'f', ['F32']).tensors.get('x') ?? {};
    expect(data).toEqual(Float64Array.of(greatest, -greatest));
  });
});

describe('what is refused', () => {
  const F64 = '"dtype":"F64"';

  test.each<[string, Uint8Array, string]>([
    ['7 bytes', new Uint8Array(7), 'at least 8 bytes, got 7 bytes'],
    ['no header', new Uint8Array(8), 'JSON'],
    ['a header beyond the file', Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d), 'only 2 bytes'],
    ['a header of more than 100 MB', Uint8Array.of(1, 0xe1, 0xf5, 5, 0, 0, 0, 0, 0x7b, 0x7d), '100 MB'],
    ['a header of 2⁶⁴ − 1 bytes', new Uint8Array(99).fill(0xff), 'one of 18446744073709551615 bytes'],
    ['a header that is not UTF-8', Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d, 0x20), 'UTF-8'],
    ['a byte order mark', file('\ufeff{}'), 'JSON'],
    ['a header that is not JSON', file('{"a"'), 'JSON'],
    ['zeros after the header', file('{}\0'), 'JSON'],
    ['a header that is an array', file('[]'), 'an array'],
    ['a header that is null', file('null'), 'null'],
    ['a header that is a string', file('"{}"'), '"{}"'],
    ['spaces before the header', file(' {}'), 'first byte'],
    ['brackets without end', file('['.repeat(1_000_000)), 'JSON'],
    [
      'brackets nested deep',
      file(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`),
      'JSON of at most 64 brackets within each other',
    ],
    ['brackets without end', file(`{"a":[${'[],'.repeat(2_000_001)}[]]}`), 'JSON of at most 4000000 values'],
    [
      'names without end',
      file(`{"__metadata__":{${Array.from({ length: 500_001 }, (_, n) => `"${n}":""`)}}}`),
      'JSON of at most 500000 names',
    ],
    ['numbers without end', file(`{"a":[${'1,'.repeat(4_000_001)}1]}`), 'JSON of at most 4000000 values'],
    ['an entry that is null', file('{"a":null}'), 'tensor "a"'],
    ['an entry that is an array', file('{"a":[]}'), 'tensor "a"'],
    ['an entry without fields', file('{"a":{}}'), 'dtype none'],
    ['dtype F32', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), 'dtype "F32"'],
    ['a dtype that is no string', file(`{"a":{"dtype":["F64"],"shape":[0],"data_offsets":[0,0]}}`), 'dtype an array'],
    ['no shape', file(`{"a":{${F64},"data_offsets":[0,8]}}`, 8), 'non-negative'],
    ['a shape that is no array', file(`{"a":{${F64},"shape":1,"data_offsets":[0,8]}}`, 8), 'non-negative'],
    ['a negative shape', file(`{"a":{${F64},"shape":[-1,-1],"data_offsets":[0,8]}}`, 8), 'non-negative'],
    ['a shape of −0', file(`{"a":{${F64},"shape":[-0],"data_offsets":[0,0]}}`), 'non-negative'],
    ['a fractional shape', file(`{"a":{${F64},"shape":[0.5,2],"data_offsets":[0,8]}}`, 8), 'non-negative'],
    ['a shape of strings', file(`{"a":{${F64},"shape":["1"],"data_offsets":[0,8]}}`, 8), 'non-negative'],
    ['an unsafe shape', file(`{"a":{${F64},"shape":[9007199254740992,0],"data_offsets":[0,0]}}`), 'non-negative'],
    ['a shape beyond all numbers', file(`{"a":{${F64},"shape":[1e999],"data_offsets":[0,0]}}`), 'non-negative'],
    [
      'a product that overflows',
      file(`{"a":{${F64},"shape":[4294967296,4294967296],"data_offsets":[0,0]}}`),
      'overflow',
    ],
    [
      'a shape larger than the file',
      file(`{"a":{${F64},"shape":[99999999999],"data_offsets":[0,8]}}`, 8),
      '799999999992',
    ],
    ['no offsets', file(`{"a":{${F64},"shape":[1]}}`, 8), 'data_offsets'],
    ['one offset', file(`{"a":{${F64},"shape":[0],"data_offsets":[0]}}`), 'data_offsets'],
    ['three offsets', file(`{"a":{${F64},"shape":[1],"data_offsets":[0,8,8]}}`, 8), 'data_offsets'],
    ['fractional offsets', file(`{"a":{${F64},"shape":[1],"data_offsets":[0.5,8.5]}}`, 9), 'data_offsets'],
    ['negative offsets', file(`{"a":{${F64},"shape":[1],"data_offsets":[-8,0]}}`), 'data_offsets'],
    ['offsets that are strings', file(`{"a":{${F64},"shape":[1],"data_offsets":["0","8"]}}`, 8), 'data_offsets'],
    ['begin after end', file(`{"a":{${F64},"shape":[1],"data_offsets":[8,0]}}`, 8), '[8, 0]'],
    ['fewer bytes than the shape', file(`{"a":{${F64},"shape":[2],"data_offsets":[0,8]}}`, 8), '16 bytes for tensor'],
    ['more bytes than the shape', file(`{"a":{${F64},"shape":[1],"data_offsets":[0,16]}}`, 16), '8 bytes for tensor'],
    ['offsets beyond the file', file(`{"a":{${F64},"shape":[1],"data_offsets":[0,8]}}`, 7), 'got 7 bytes'],
    ['an offset far beyond', file(`{"a":{${F64},"shape":[1],"data_offsets":[800,808]}}`, 8), 'end to end'],
    ['a gap before', file(`{"a":{${F64},"shape":[1],"data_offsets":[8,16]}}`, 16), 'end to end'],
    ['bytes left over', file(`{"a":{${F64},"shape":[1],"data_offsets":[0,8]}}`, 9), 'got 9 bytes'],
    ['bytes of no tensor', file('{}', 8), 'got 8 bytes'],
    ['a gap between', pair([0, 8], [16, 24], 24), '"b" at byte 16, not 8'],
    ['tensors that overlap', pair([0, 8], [4, 12], 12), '"b" at byte 4, not 8'],
    ['tensors in the same place', pair([0, 8], [0, 8], 8), '"b" at byte 0, not 8'],
    [
      'an empty tensor inside another',
      file(`{"a":{${F64},"shape":[2],"data_offsets":[0,16]},"b":{${F64},"shape":[0],"data_offsets":[8,8]}}`, 16),
      'end to end',
    ],
    ['a name twice, the same bytes', pair([0, 8], [0, 8], 8, 'a'), '1 repeated'],
    ['a name twice, other bytes', pair([0, 8], [8, 16], 16, 'a'), '1 repeated'],
    ['a name twice, once escaped', pair([0, 8], [0, 8], 8, '\\u0061'), '1 repeated'],
    ['metadata twice', file('{"__metadata__":{},"__metadata__":{}}'), '1 repeated'],
    ['metadata that is null', file('{"__metadata__":null}'), '__metadata__'],
    ['metadata that is an array', file('{"__metadata__":["a"]}'), '__metadata__'],
    ['metadata that is no string', file('{"__metadata__":{"k":1}}'), '1 at "k"'],
    ['metadata that is nested', file('{"__metadata__":{"__proto__":{}}}'), 'an object at "__proto__"'],
  ])('%s', (_, bytes, message) => {
    const error = refusal(bytes);
    expect(error.argument).toBe('model.safetensors');
    expect(error.expected).toMatch(/^a safetensors file /);
    expect(error.message).toContain(message);
    expect(error.message.length).toBeLessThan(200);
  });

  test.each([
    ['the bytes of 64 bits', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}', 8, '4 bytes for tensor "a"'],
    [
      'half precision',
      '{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}',
      2,
      'of dtype F64 or F32, got dtype "F16"',
    ],
    ['brain floats', '{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', 2, 'got dtype "BF16"'],
  ])('where 32 bits are let in, %s', (_, header, rest, message) => {
    const read = () => readSafetensors(file(header, rest), 'model.safetensors', ['F64', 'F32']);
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });

  test('random bytes, and nothing but a FormatError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), parsesOrRefuses), { numRuns: 1000 });
    const header = fc.oneof(fc.json(), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(header, fc.nat(40), (text, rest) => parsesOrRefuses(file(text, rest))),
      { numRuns: 1000 },
    );
  });

  test('entries of any JSON, and nothing but a FormatError', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('F64', 'F32', [0], [1], [0, 8], [0, 0], [8, 16], [], 0));
    const entry = fc.record({ dtype: value, shape: value, data_offsets: value }, { requiredKeys: [] });
    const header = fc.dictionary(fc.oneof(fc.string(), fc.constant('__metadata__')), fc.oneof(entry, value));
    fc.assert(
      fc.property(header, fc.constantFrom(0, 8, 16), (json, rest) => parsesOrRefuses(file(JSON.stringify(json), rest))),
      { numRuns: 2000 },
    );
  });

  test('valid files with bytes flipped, cut, inserted and deleted, and nothing but a FormatError', () => {
    fc.assert(
      fc.property(
        anyTensors,
        anyMetadata,
        fc.array(anyEdit, { minLength: 1, maxLength: 4 }),
        (tensors, metadata, edits) =>
          parsesOrRefuses(edits.reduce((bytes, edit) => edit(bytes), writeSafetensors(tensors, metadata))),
      ),
      { numRuns: 2000 },
    );
  });
});

const anyNumber = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(-0, 5e-324, Infinity, -Infinity));
const anyName = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', '1', '字', ''));
const anyTensor: fc.Arbitrary<Tensor> = fc
  .array(fc.nat(3), { maxLength: 3 })
  .chain(shape =>
    fc.array(anyNumber, { minLength: product(shape), maxLength: product(shape) }).map(values => tensor(shape, values)),
  );
const anyTensors = fc
  .uniqueArray(fc.tuple(anyName, anyTensor), { selector: ([name]) => name, maxLength: 5 })
  .map(entries => new Map(entries));
const anyMetadata = fc
  .array(fc.tuple(anyName, fc.string({ unit: 'binary' })), { maxLength: 3 })
  .map(entries => Object.fromEntries(entries));

/** Changes a file in one place, given as a fraction of its length. */
type Edit = (bytes: Uint8Array) => Uint8Array;
const anyPlace = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(anyPlace, fc.nat(7)).map(([place, bit]) => flip(place, bit)),
  anyPlace.map(
    (place): Edit =>
      bytes =>
        bytes.slice(0, at(bytes, place)),
  ),
  fc.tuple(anyPlace, fc.uint8Array({ minLength: 1, maxLength: 9 })).map(([place, more]) => splice(place, 0, more)),
  fc.tuple(anyPlace, fc.integer({ min: 1, max: 9 })).map(([place, count]) => splice(place, count, new Uint8Array(0))),
);

function at(bytes: Uint8Array, place: number): number {
  return Math.floor(place * bytes.length);
}

function flip(place: number, bit: number): Edit {
  return bytes => bytes.map((byte, i) => (i === at(bytes, place) ? byte ^ (1 << bit) : byte));
}

function splice(place: number, remove: number, insert: Uint8Array): Edit {
  return bytes => {
    const k = at(bytes, place);
    return Uint8Array.of(...bytes.subarray(0, k), ...insert, ...bytes.subarray(k + remove));
  };
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function tensor(shape: readonly number[], values: readonly number[]): Tensor {
  return { shape, data: Float64Array.from(values) };
}

/** A file with the given header text, and bytes or so many zeros after it. */
function file(header: string, rest: Uint8Array | number = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const after = typeof rest === 'number' ? new Uint8Array(rest) : rest;
  const bytes = new Uint8Array(8 + text.length + after.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  bytes.set(after, 8 + text.length);
  return bytes;
}

/** A file of two tensors of one number each, `a` and another, at the given offsets. */
function pair(a: readonly number[], b: readonly number[], size: number, name = 'b'): Uint8Array {
  const entry = (offsets: readonly number[]) => JSON.stringify({ dtype: 'F64', shape: [1], data_offsets: offsets });
  return file(`{"a":${entry(a)},"${name}":${entry(b)}}`, size);
}

function numbers(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  values.forEach((x, k) => {
    new DataView(bytes.buffer).setFloat64(k * 8, x, true);
  });
  return bytes;
}

function bits(data: Float64Array | undefined): BigUint64Array {
  const copy = Float64Array.from(data ?? []);
  return new BigUint64Array(copy.buffer);
}

function expectSame(back: TensorFile, tensors: ReadonlyMap<string, Tensor>, metadata: Record<string, string>): void {
  expect(new Set(back.tensors.keys())).toEqual(new Set(tensors.keys()));
  for (const [name, { shape, data }] of tensors) {
    expect(back.tensors.get(name)?.shape).toEqual(shape);
    expect(bits(back.tensors.get(name)?.data)).toEqual(bits(data));
  }
  expect(back.metadata).toEqual(new Map(Object.entries(metadata)));
}

function refusal(bytes: Uint8Array): FormatError {
  try {
    readSafetensors(bytes, 'model.safetensors');
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

/** Reads, and lets nothing but a FormatError pass. What is read must be what the file could hold, and write again. */
function parsesOrRefuses(bytes: Uint8Array): void {
  let contents: TensorFile;
  try {
    contents = readSafetensors(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return;
  }
  const { tensors, metadata } = contents;
  const size = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  expect(size).toBeLessThanOrEqual(bytes.length);
  const again = readSafetensors(writeSafetensors(tensors, Object.fromEntries(metadata)));
  expect(again).toEqual(contents);
}
