/** Some hundred odd things that every writer writes; `npm run fuzz` tries 2,000 of each. */
import { expect, test } from 'vitest';
import { SEED } from '../draws.ts';
import { roundTrips } from '../fuzz/round-trips.ts';

test('whatever is written is read again to the last bit, or refused when it is written', () => {
  const found = roundTrips(150, SEED);
  expect(Object.keys(found)).toEqual(['safetensors', 'sealed', 'checkpoint', 'torch model', 'torch layer', 'ONNX']);
  for (const [name, { read, refused }] of Object.entries(found)) {
    expect(read, name).toBeGreaterThan(0);
    expect(refused, name).toBeGreaterThan(0);
  }
});
