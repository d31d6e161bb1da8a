/** `bptt check` of a module of the user's with mistakes in it: a verdict on every cell, and one clear line. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { freshFolder, inTurn, linesOf } from './command.ts';

const LEAKY = JSON.stringify(join(ROOT, 'spec/fixtures/leaky.js'));

/** A module beside a right cell: `more` may spread `leaky`. */
const moduleOf = (more: string) =>
  `import { leaky, oracle as leakyOracle } from ${LEAKY};\nexport { leaky };\n${more}\n`;

/** What the command makes of a module. */
async function check(text: string, ...args: readonly string[]) {
  const folder = freshFolder();
  writeFileSync(join(folder, 'mine.mjs'), text);
  return inTurn(folder, 'check', 'mine.mjs', ...args);
}

const throwing = `export const mine = { ...leaky, name: 'mine', backward() { throw new TypeError('no such luck'); } };`;
const nan = `export const mine = { ...leaky, name: 'mine', backward(...given) {
  const { dx, dprev } = leaky.backward(...given);
  return { dx, dprev: { h: dprev.h.clone().set(0, 1, NaN) } };
} };`;
const misshapen = `export const mine = { ...leaky, name: 'mine', backward(...given) {
  const { dx, dprev } = leaky.backward(...given);
  return { dx, dprev: { h: dprev.h.subMatrix(0, dprev.h.rows - 1, 0, dprev.h.columns - 2) } };
} };`;

describe.concurrent('a cell that cannot be run is a verdict, and the others are checked', () => {
  test.each([
    [
      'throws',
      throwing,
      'mine.backward: expected a pass that returns (its parameters are W, U, nu), got TypeError: no such luck',
    ],
    ['gives NaN', nan, 'mine.backward: dprev.h[0,1] (MY-B6): expected a finite number, got NaN'],
    ['has another shape', misshapen, 'mine.backward: dprev.h: expected a 1×5 matrix, got a 1×4 matrix'], // the last step is that of one sequence
  ])('%s', async (_, text, message) => {
    const { status, stdout, stderr } = await check(moduleOf(text), '--quiet');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(linesOf(stdout).sort()).toEqual([
      expect.stringMatching(/^leaky: every gradient agrees/),
      `mine: FAILED: ${message}`,
    ]);
    const json = await check(moduleOf(text), '--json');
    expect({ status: json.status, stderr: json.stderr }).toEqual({ status: 1, stderr: '' });
    expect(linesOf(json.stdout)).toHaveLength(1);
    const { ok, subjects } = JSON.parse(json.stdout);
    expect(ok).toBe(false);
    expect(subjects.find(({ cell }: { cell: string }) => cell === 'leaky')).toMatchObject({ ok: true, verdict: 'ok' });
    expect(subjects.find(({ cell }: { cell: string }) => cell === 'mine')).toMatchObject({
      ok: false,
      verdict: 'failed',
      error: { message, ...(text === nan && { name: 'PassError', equation: 'MY-B6' }) },
    });
  });

  test('in a process of its own too: no stack, one line, exit code 1', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'mine.mjs'), moduleOf(throwing.replace('no such luck', 'one\\n  at two\\u001b[31m')));
    const { status, stdout, stderr } = await inTurn(folder, 'check', 'mine.mjs', '--quiet');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(linesOf(stdout)).toHaveLength(2);
    expect(stdout).toContain('TypeError: one\\u{a}  at two\\u{1b}[31m');
  });
});

test('a cell that declares no equations, and none of whose lines can be read off, is right without', async () => {
  const none = `export const mine = { ...leaky, name: 'mine', equations: undefined };`;
  const { status, stdout } = await check(moduleOf(none).replace('export { leaky };', ''), '--json');
  expect(status).toBe(0);
  const { ok, tensors, runs } = JSON.parse(stdout);
  expect({ ok, runs }).toEqual({ ok: true, runs: expect.stringMatching(/^runs unrolled, because .*leaky\.js:\d+\)$/) });
  expect(tensors.map(({ name, tag }: { name: string; tag?: string }) => `${name} ${tag}`)).toContain('W undefined');
});

describe.concurrent('several cells and an oracle', () => {
  const other = `export const other = { ...leaky, name: 'other', forward(p, x, prev) {
    const { next, tape } = leaky.forward(p, x, prev);
    return { next: { h: next.h.clone().mul(2) }, tape };
  }, backward(p, tape, { h }, dp) { return leaky.backward(p, tape, { h: h.clone().mul(2) }, dp); } };`;

  test('one oracle is that of all; the cell that it is not of is named, with the part and the step', async () => {
    const { status, stdout } = await check(moduleOf(`${other}\nexport const oracle = leakyOracle;`));
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^forward is the oracle .* BROKEN by other\.forward: h\[\d,\d\] at t=0: \S+, and by the oracle \S+$/m,
    );
    expect(stdout).toMatch(/^leaky: every gradient agrees with [^;]*$/m);
    expect(stdout).toMatch(/^other: every gradient agrees with .*; 1 of 17 laws BROKEN$/m);
    const [leaky, mine] = linesOf(stdout).slice(-2);
    expect(leaky).toMatch(/^leaky: runs unrolled, because it looks at the single element \[0,0\] of a matrix \(/);
    expect(mine).toMatch(/^other: runs unrolled, because /);
  });

  test('each may have its own, by name', async () => {
    const oracles = `export const oracles = {
      leaky: leakyOracle,
      other: (...given) => ({ h: leakyOracle(...given).h.map(h => 2 * h) }),
    };`;
    const { status, stdout } = await check(moduleOf(`${other}\n${oracles}`));
    expect(status).toBe(0);
    expect(stdout.match(/^forward is the oracle .* ok$/gm)).toHaveLength(2);
  });
});

test('a right cell whose rounding hides its gradients: exit code 1, a verdict of its own, no equation accused', async () => {
  const loud = `const each = (a, f) => { const b = a.clone(); b.to2DArray().forEach((row, i) => row.forEach((x, j) => b.set(i, j, f(x)))); return b; };
export const mine = { ...leaky, name: 'mine', forward(p, x, { h }) {
  const { next, tape } = leaky.forward(p, x, { h: each(h, Math.sin) });
  return { next: { h: next.h.clone().add(1e9) }, tape: { ...tape, before: h } };
}, backward(p, { before, ...tape }, dnext, dp) {
  const { dx, dprev } = leaky.backward(p, tape, dnext, dp);
  return { dx, dprev: { h: each(before, Math.cos).mul(dprev.h) } };
} };`;
  const text = moduleOf(loud).replace('export { leaky };', '');
  const json = await check(text, '--json');
  expect(json.status).toBe(1);
  const { ok, verdict, tensors, smallest } = JSON.parse(json.stdout);
  expect({ ok, verdict, smallest }).toEqual({ ok: false, verdict: 'too noisy', smallest: undefined });
  expect(tensors.find(({ name }: { name: string }) => name === 'U')).toMatchObject({
    ...{ ok: false, verdict: 'too noisy', failed: 0 },
    noise: { loss: expect.any(Number), error: expect.any(Number) },
  });
  const { status, stdout } = await check(text);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^U .* too noisy to judge.*: \|L\| = \S+, the difference has an error of about \S+$/m);
  expect(linesOf(stdout).at(-2)).toMatch(/^mine: TOO NOISY to judge by finite differences/);
});

describe.concurrent('a module that cannot be run', () => {
  test.each([
    ['a syntax error', 'export const = 1;', /SyntaxError: Unexpected token '='/],
    [
      'a name that is not exported',
      `import no from ${LEAKY};\nexport const x = no;`,
      /SyntaxError: .*does not provide an export named 'default'/,
    ],
    [
      'a package that is not there',
      `import 'no-such-package-here';`,
      /Error: Cannot find package 'no-such-package-here'/,
    ],
    ['a throw', `throw new RangeError('first\\nsecond');`, /RangeError: first second$/],
    ['a throw of nothing', 'throw undefined;', /got undefined$/],
    ['a throw of an object', 'throw Object.create(null);', /got an object with keys \{\}$/],
    ['a class alone', 'export class Mine {}', /a module that exports a cell or a layer, got the function Mine$/],
    ['an escape', `throw new Error('\\u001b[31mred');`, /Error: \\u\{1b\}\[31mred$/],
  ])('%s: one line, exit code 2', async (_, text, message) => {
    const { status, stdout, stderr } = await check(text, '--json');
    expect(status).toBe(2);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^bptt: mine\.mjs: expected a module that .+, got ./)]);
    expect(stderr.slice(0, -1)).toMatch(message);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { name: 'FormatError', argument: 'mine.mjs' } });
  });

  test('a seed that is none is told before anything is run', async () => {
    const { status, stderr } = await check(moduleOf(throwing), '--seed', '-1');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^bptt: --seed: expected an integer in 0…4294967295, got -1\n$/);
  });
});

test('a module is checked in the sizes, and for the loss, that are asked for', async () => {
  const sizes = ['--length', '2', '--batch', '1', '--inputs', '2', '--hidden', '3'];
  const { status, stdout } = await check(moduleOf(''), ...sizes, '--initial', 'zero', '--cotangents', 'h', '--json');
  expect(status).toBe(0);
  const { problem, scope, tensors } = JSON.parse(stdout);
  expect({ problem, scope }).toEqual({
    problem: { T: 2, B: 1, d: 2, m: 3, C: 4, seed: 1 },
    scope: { initial: 'zero', cotangents: ['h'] },
  });
  expect(tensors.map(({ name }: { name: string }) => name)).not.toContain('h0');
});
