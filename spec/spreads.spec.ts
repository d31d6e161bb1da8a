/**
 * `Math.max(...data)` hands every number over as an argument, and ends in a RangeError above some hundred thousand: so no list
 * is spread into a function that takes any number of things. `lib/extremes.ts` and loops do it instead.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './examples.ts';

const NAMES = ['Math.max', 'Math.min', 'Math.hypot', '.push', '.unshift', '.splice', '.concat', '.of'];
const TAKES_ANY = new RegExp(
  `(?:${[...NAMES, 'String.fromCharCode', 'String.fromCodePoint'].map(name => name.replace('.', '\\.')).join('|')})\\(`,
  'g',
);
const APPLIED = /\b(?:max|min|hypot|push|unshift|fromCharCode|fromCodePoint)\.apply\(/g;

/** The calls in a source that spread a list among their own arguments; not within an object or a list that is one. */
function spreads(source: string): string[] {
  const code = source.replace(/\/\*.*?\*\/|(?<!:)\/\/[^\n]*/gs, '');
  const called = [...code.matchAll(TAKES_ANY)].filter(({ 0: call, index }) => isSpread(code, index + call.length));
  return [...called, ...code.matchAll(APPLIED)].map(({ index }) => code.slice(index, index + 60).split('\n')[0] ?? '');
}

function isSpread(code: string, from: number): boolean {
  let depth = 1;
  for (let n = from; depth > 0 && n < code.length; n++) {
    const symbol = code[n] ?? '';
    if ('([{'.includes(symbol)) depth += 1;
    if (')]}'.includes(symbol)) depth -= 1;
    if (depth === 1 && code.startsWith('...', n)) return true;
  }
  return false;
}

test('a spread is seen where it is one', () => {
  const some = [
    'Math.max(...x)',
    'Math.min(\n  0,\n  ...ys.map(y => f(y)),\n)',
    'a.push(b, ...c)',
    'Math.max.apply(null, x)',
  ];
  for (const code of some) expect(spreads(code)).toHaveLength(1);
  const none = [
    'a.push({ ...b })',
    'a.push([...b])',
    'f(...x)',
    '// Math.max(...x)',
    '/* a.push(...b) */',
    'Math.max(a, g({ ...x }))',
  ];
  for (const code of none) expect(spreads(code)).toEqual([]);
});

test('no list is spread into a function that takes any number of things', () => {
  const files = ['lib', 'bench'].flatMap(folder => {
    const below = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    return below.filter(name => name.endsWith('.ts')).map(name => join(folder, name));
  });
  expect(files.length).toBeGreaterThan(200);
  const found = files.flatMap(file => spreads(readFileSync(join(ROOT, file), 'utf8')).map(code => `${file}: ${code}`));
  expect(found).toEqual([]);
});
