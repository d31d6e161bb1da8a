/** What derivations only define, held against the library's own functions on the same numbers; and a misprint in it is another number. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { COMPARED, steps, type Values, valuesOf } from './compared.ts';

/** All ways through a model's states, and all beginnings, are a power of the steps; an activity has to go on for some. */
const STEPS: Readonly<Record<string, number>> = { HMM: 3, BS: 3, RK: 80 };

describe.each(COMPARED)('$tag', ({ file, tag, key, given, library, misprint: [right, wrong] }) => {
  const text = readFileSync(join(ROOT, `derivations/${file}.md`), 'utf8');
  const [prefix = ''] = tag.split('-');
  const T = STEPS[prefix] ?? 12;
  const of = (values: Values) => (key.startsWith('y') ? steps(values, key) : values.of(key));
  const expected = (values: Values) => [library(values)].flat().map(value => expect.closeTo(value, 9));

  test('gives what the library does', () => {
    const values = valuesOf(text, prefix, T, given);
    expect(of(values)).toEqual(expected(values));
  });

  test('gives something else with a misprint', () => {
    expect(text.split(right)).toHaveLength(2);
    const misprinted = text.replace(right, () => wrong);
    const values = valuesOf(misprinted, prefix, T, given);
    expect(of(values)).not.toEqual(expected(values));
  });
});
