/** The wrong equations of the lectures, each as a derivation: it is named, at its line, and nothing else is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkDerivation } from '../../lib/derivation/index.ts';
import { ROOT } from '../examples.ts';

test.each<[fixture: string, wrong: readonly string[], mended: string | undefined]>([
  ['closed-form', ['7'], undefined], // ERR-1
  ['eigenbasis', ['2'], undefined], // ERR-2
  ['eigenvalues', ['4'], undefined], // ERR-3
  ['singular-value', ['3'], undefined], // ERR-4
  ['transposed-jacobian', ['3'], 'a transpose'], // ERR-5
  ['total-derivative', ['3'], undefined], // ERR-6
  ['elementwise', ['8'], undefined], // ERR-8
  ['readout', ['4', '5'], 'a letter'], // ERR-7, ERR-12
  ['peepholes', ['6', '7'], 't−1 for t'], // ERR-9
  ['clipping', ['4'], undefined], // ERR-10
  ['forget-gate', ['3'], 'a letter'], // ERR-11
  ['margin', ['2'], undefined], // ERR-13
])('lecture-%s', (fixture, wrong, mended) => {
  const text = readFileSync(join(ROOT, `spec/fixtures/lecture-${fixture}.md`), 'utf8');
  const { ok, lines } = checkDerivation(text);
  expect(ok).toBe(false);
  const found = lines.filter(({ verdict }) => verdict === 'wrong');
  expect(found.map(({ name }) => name)).toEqual(wrong);
  expect(found[0]?.mended?.what).toBe(mended);
  // Its line is where it stands.
  const [line = ''] = text.split('\n').slice((found[0]?.place.line ?? 0) - 1);
  expect(line).toMatch(/^\$\$/);
  for (const { verdict } of lines.filter(({ name }) => !wrong.includes(name)))
    expect(verdict).toMatch(/^(defines|proven|holds numerically)$/);
});
