/** Sealed files: what was written is read, and no single change of a bit or of the length goes unseen. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, ValueError } from '../../lib/errors.ts';
import { readSafetensors, type Tensor, writeSafetensors } from '../../lib/io/safetensors.ts';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';

const TENSORS: ReadonlyMap<string, Tensor> = new Map([
  ['W', { shape: [1, 2], data: Float64Array.of(0.5, -3) }],
  ['字', { shape: [], data: Float64Array.of(0) }],
]);
const METADATA = { 'x"sha256': '0'.repeat(64), 7: '"sha256":"', step: '12' };

describe('a sealed file', () => {
  test('gives back what was written, without the seal', () => {
    const { tensors, metadata } = readSealed(writeSealed(TENSORS, METADATA));
    expect(tensors).toEqual(TENSORS);
    expect(metadata).toEqual(new Map(Object.entries(METADATA)));
  });

  test('is a safetensors file whose sha256 is the hash of the file with zeros in its place', () => {
    const bytes = writeSealed(TENSORS, METADATA);
    const digits = readSafetensors(bytes).metadata.get('sha256') ?? '';
    const text = Buffer.from(bytes).toString('latin1').replace(digits, '0'.repeat(64));
    expect(digits).toBe(createHash('sha256').update(text, 'latin1').digest('hex'));
  });

  test('can be written again after it is read, to the same bytes', () => {
    const bytes = writeSealed(TENSORS, METADATA);
    const { tensors, metadata } = readSealed(bytes);
    expect(writeSealed(tensors, Object.fromEntries(metadata))).toEqual(bytes);
  });

  test('may hold any names and metadata', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"sha256', '"sha256":"', '0'.repeat(64), '1'));
    fc.assert(
      fc.property(fc.uniqueArray(text), fc.array(fc.tuple(text, text)), (names, entries) => {
        const tensors = new Map(names.map((name, k) => [name, { shape: [1], data: Float64Array.of(k) }]));
        const metadata = Object.fromEntries(entries);
        const back = readSealed(writeSealed(tensors, metadata));
        expect(back.tensors).toEqual(tensors);
        expect(back.metadata).toEqual(new Map(Object.entries(metadata)));
      }),
    );
  });

  test('has no room for a sha256 of the caller', () => {
    expect(() => writeSealed(TENSORS, { sha256: '' })).toThrow(ValueError);
  });
});

describe('what is refused', () => {
  const sealed = writeSealed(TENSORS, METADATA);

  test('every flip of a single bit', () => {
    for (let i = 0; i < sealed.length; i++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = sealed.map((byte, k) => (k === i ? byte ^ (1 << bit) : byte));
        if (!isRefused(changed)) expect.fail(`bit ${bit} of byte ${i} flipped unseen`);
      }
    }
  });

  test('every truncation, from either end', () => {
    for (let i = 0; i < sealed.length; i++) {
      if (!isRefused(sealed.slice(0, i))) expect.fail(`cut to ${i} bytes unseen`);
      if (!isRefused(sealed.slice(i + 1))) expect.fail(`cut by the first ${i + 1} bytes unseen`);
    }
  });

  test('every byte more or less', () => {
    for (let i = 0; i <= sealed.length; i++) {
      const [before, after] = [sealed.subarray(0, i), sealed.subarray(i)];
      for (const byte of [0, 0x20, 0x30, 0xff]) {
        if (!isRefused(Uint8Array.of(...before, byte, ...after))) expect.fail(`${byte} inserted at ${i} unseen`);
      }
      if (i < sealed.length && !isRefused(Uint8Array.of(...before, ...after.subarray(1)))) {
        expect.fail(`byte ${i} deleted unseen`);
      }
    }
  });

  test('any other change', () => {
    const change = fc.tuple(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.uniqueArray(change, { selector: ([place]) => place, minLength: 1, maxLength: 8 }), changes => {
        const changed = Uint8Array.from(sealed);
        for (const [place, mask] of changes) changed[place] = (changed[place] ?? 0) ^ mask;
        expect(isRefused(changed)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('a file that was never sealed', () => {
    const bytes = writeSafetensors(TENSORS, {});
    expect(() => readSealed(bytes, 'a.safetensors')).toThrow(
      new FormatError('a.safetensors', 'a file that bptt has written', 'no sha256 in its metadata'),
    );
  });

  test.each(['', 'abc', '"'.repeat(64), '0'.repeat(63), '0'.repeat(9999)])('sha256 %j', sha256 => {
    expect(() => readSealed(writeSafetensors(TENSORS, { sha256 }))).toThrow('a sha256 that is not 64 plain digits');
  });

  test.each(['0'.repeat(64), 'g'.repeat(64)])('sha256 %s', sha256 => {
    expect(() => readSealed(writeSafetensors(TENSORS, { sha256 }))).toThrow(`, not ${sha256}`);
  });

  test('the right hash in capitals', () => {
    const digits = readSafetensors(sealed).metadata.get('sha256') ?? '';
    const text = Buffer.from(sealed).toString('latin1').replace(digits, digits.toUpperCase());
    expect(isRefused(Uint8Array.from(Buffer.from(text, 'latin1')))).toBe(true);
  });
});

/** Whether reading fails, and with a FormatError. */
function isRefused(bytes: Uint8Array): boolean {
  try {
    readSealed(bytes);
    return false;
  } catch (error) {
    if (error instanceof FormatError) return true;
    throw error;
  }
}
