/** Some hundreds of files that are no checkpoints; `npm run fuzz` reads 20,000. */
import { expect, test } from 'vitest';
import { SEED } from '../draws.ts';
import { fuzzFiles } from '../fuzz/files.ts';

test('whatever a file holds, it is read or refused with a FormatError, soon and in little memory', () => {
  const { random, mutated, odd } = fuzzFiles(300, SEED);
  expect([random.files, mutated.files, odd.files]).toEqual([300, 300, 300]);
  // Not all of it is refused at the door: some of the changed files are read, and most are not.
  expect(mutated.taken).toBeGreaterThan(100);
  expect(mutated.refused).toBeGreaterThan(mutated.taken);
  expect(odd.taken).toBeGreaterThan(50);
  expect(odd.refused).toBeGreaterThan(odd.taken);
});
