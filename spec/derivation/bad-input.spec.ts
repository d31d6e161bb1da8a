/** What is no derivation: one clear line with its place, and never an exception. */
import { describe, expect, test } from 'vitest';
import { checkDerivation } from '../../lib/derivation/index.ts';
import { ValueError } from '../../lib/errors.ts';
import { cpuSeconds } from '../cpu-time.ts';

const only = (text: string) => {
  const { lines } = checkDerivation(text);
  return lines.map(
    ({ verdict, reason, place }) => `${place.line}:${place.column} ${verdict}${reason ? `: ${reason}` : ''}`,
  );
};

describe('what cannot be read is said, with its place', () => {
  test.each([
    ['LaTeX that is cut off', '$$a_t = \\frac{W}{$$', /^1:\d+ not read: Unexpected end of input/],
    ['a display that is not closed', 'text\n\n$$a_t = b\n\nmore', /^3:3 not read: the formula is not closed$/],
    ['a delimiter that is not closed', '$$a_t = \\tanh\\big(b_t$$', /^1:\d+ not read: \( is not closed$/],
    ['a word', '$$a_t = \\mathrm{frobnicate}(b_t)$$', /^1:\d+ not read: the word frobnicate$/],
    ['an unknown command', '$$a_t = \\frobnicate b_t$$', /^1:\d+ not read: /],
    ['nothing behind an operator', '$$a_t = b_t \\odot$$', /^1:\d+ not read: something is missing at the end$/],
    [
      'a gradient in what is not defined',
      '$$\\frac{\\partial L}{\\partial q_t} = 1$$',
      /^1:\d+ not read: q is defined nowhere$/,
    ],
    [
      'a symbol that is never defined',
      '$$h_t = \\tanh(x_t)$$\n$$\\frac{\\partial L}{\\partial x_t} = \\frac{\\partial L}{\\partial h_t}\\odot q_t$$',
      /^2:\d+ not read: q is defined nowhere$/,
    ],
    ['no equation', '$$a_t + b_t$$', /^1:3 not read: there is no equation$/],
    ['a condition', '$$h_t = 1 \\quad\\text{where } x_t > 3$$', /^1:\d+ not read: it holds under a condition$/],
    ['braces, 19,000 deep', `$$${'{'.repeat(19000)}$$`, /^1:3 not read: it is nested too deeply$/],
    ['a macro that calls itself', '$$\\def\\a{\\a\\a}\\a$$', /^1:\d+ not read: Too many expansions/],
    [
      'what is too long',
      `$$${'a+'.repeat(50_000)}a = b$$`,
      /^1:3 not read: it has 100005 characters, more than 20000$/,
    ],
  ])('%s', (_, text, line) => {
    expect(only(text).at(-1)).toMatch(line);
  });
});

test('shapes that cannot fit are wrong at their line', () => {
  const { lines, ok } = checkDerivation(
    '$$h_t = W x_t$$\n$$c_t = h_t x_t$$\n$$\\frac{\\partial L}{\\partial x_t} = 1$$',
  );
  expect(ok).toBe(false);
  expect(lines[1]).toMatchObject({ verdict: 'wrong', reason: expect.stringMatching(/^the shapes cannot fit: /) });
  expect(lines.filter(({ verdict }) => verdict === 'wrong')).toHaveLength(1);
});

test('a symbol that is defined by itself', () => {
  expect(only('$$h_t = q_t$$\n$$q_t = \\tanh(h_t)$$\n$$\\frac{\\partial L}{\\partial q_t} = 1$$').at(-1)).toMatch(
    /wrong: q is defined by itself$/,
  );
});

test('a symbol that is defined twice is wrong the second time', () => {
  expect(only('$$h_t = \\tanh(x_t)$$\n$$h_t = \\sigma(x_t)$$')).toEqual([
    '1:3 defines',
    expect.stringMatching(/^2:3 wrong/),
  ]);
});

test('no equation is ever run', () => {
  const report = checkDerivation(
    '$$a_t = \\text{process.exit(1)}$$\n$$constructor = prototype$$\n$$\\frac{\\partial L}{\\partial \\_\\_proto\\_\\_} = 1$$',
  );
  expect(report.lines).toHaveLength(3);
});

test('100,000 characters of displays are read in seconds', () => {
  const line = '$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n';
  const seconds = cpuSeconds(() => {
    expect(checkDerivation(line.repeat(Math.ceil(100_000 / line.length))).lines.length).toBeGreaterThan(2000);
  });
  expect(seconds).toBeLessThan(20);
});

test('what would take for ever does not', () => {
  const sums = Array.from({ length: 30 }, (_, n) => `\\sum_{${'abcdefghijkl'[n % 12]}=1}^{\\tau}`).join('');
  const calls = `${'D('.repeat(40)}x_t${')'.repeat(40)}`;
  const text = `$$h_t = x_t$$\n$$\\frac{\\partial L}{\\partial x_t} = ${sums} \\frac{\\partial L}{\\partial h_t}$$\n$$D(a) = a + a$$\n$$h_t = ${calls}$$`;
  const seconds = cpuSeconds(() => {
    const verdicts = checkDerivation(text).lines.map(({ verdict }) => verdict);
    expect(verdicts).toEqual(['defines', 'not read', 'defines', 'not read']);
  });
  expect(seconds).toBeLessThan(30);
});

test('arguments', () => {
  expect(() => checkDerivation(1 as unknown as string)).toThrow(ValueError);
  expect(() => checkDerivation('a'.repeat(1_000_001))).toThrow(
    'text: expected at most 1000000 characters, got 1000001',
  );
  expect(() => checkDerivation('', { sed: 1 } as object)).toThrow(
    'options: expected no names but given, seed, got "sed"',
  );
  expect(checkDerivation('')).toEqual({ ok: true, layout: 'rows', lines: [] });
});
