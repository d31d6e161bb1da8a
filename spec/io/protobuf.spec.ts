/** Messages of protocol buffers, against the bytes that their document writes out. */
import { expect, test } from 'vitest';
import { encodeMessage, type FieldValue } from '../../lib/io/protobuf.ts';

const hexadecimal = (...fields: readonly (readonly [number, FieldValue])[]) =>
  Buffer.from(encodeMessage({ fields })).toString('hex');

test.each<[what: string, bytes: string, ...fields: (readonly [number, FieldValue])[]]>([
  ['a number', '089601', [1, 150]],
  ['zero', '0800', [1, 0]],
  ['more than 32 bits', '088080808080808002', [1, 2 ** 50]],
  ['a text', '120774657374696e67', [2, 'testing']],
  ['bytes, and none', '12020001' + '1a00', [2, Uint8Array.of(0, 1)], [3, new Uint8Array()]],
  ['a message within', '1a03089601', [3, { fields: [[1, 150]] }]],
  ['packed numbers', '3206038e029ea705', [6, [3, 270, 86942]]],
  ['a field of two bytes, twice', '800101800102', [16, 1], [16, 2]],
])('%s', (_, bytes, ...fields) => {
  expect(hexadecimal(...fields)).toBe(bytes);
});
