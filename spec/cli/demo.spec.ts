/** `bptt demo`: the list of demos, one of them to its end, and one that is stopped. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DemoProgress, DemoResult } from '../../lib/demos/demo.ts';
import { hello } from '../../lib/demos/hello.ts';
import { freshFolder, inTurn, linesOf, signalled } from './command.ts';

/** What `bptt demo --json` says of each demo. */
interface Listed {
  readonly name: string;
  readonly title: string;
  readonly metric: string;
  readonly threshold: number;
}

const HELLO = ['h     → ello', 'he    → llo', 'hel   → lo', 'hell  → o'];

/** Runs `bptt demo ARGS --json`: one line on standard output, nothing on standard error. */
async function json(...args: readonly string[]): Promise<unknown> {
  const { status, stdout, stderr } = await inTurn(freshFolder(), 'demo', ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(linesOf(stdout)).toHaveLength(1);
  return JSON.parse(stdout);
}

describe.concurrent('without a name', () => {
  test('lists the demos, a line each, and as JSON with what they are held against', async () => {
    const [plain, listed] = await Promise.all([inTurn(freshFolder(), 'demo'), json()]);
    expect(listed).toEqual({ ok: true, demos: expect.any(Array) });
    const { demos } = listed as { readonly demos: readonly Listed[] };
    expect(demos.map(({ name }) => name)).toContain('hello');
    expect(new Set(demos.map(({ name }) => name)).size).toBe(demos.length);
    for (const demo of demos) {
      expect(demo).toEqual({
        name: expect.stringMatching(/^[a-z-]+$/),
        title: expect.stringMatching(/\S/),
        metric: expect.stringMatching(/\S/),
        threshold: expect.any(Number),
      });
    }
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    const lines = linesOf(plain.stdout).map(line => line.replace(/ +/, ' '));
    expect(lines).toEqual(demos.map(({ name, title }) => `${name} ${title}`));
  });
});

describe.concurrent('hello', () => {
  test('prints what it learns, what it has learnt, and how well', async () => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'demo', 'hello');
    expect(status).toBe(0);
    const metric = 'letters of “ello” written after “h”: 4 (at least 4)';
    expect(linesOf(stdout)).toEqual(['a tanh RNN learns what follows in “hello”', '', ...HELLO, '', metric]);
    const progress = linesOf(stderr);
    for (const line of progress) expect(line).toMatch(/^step \d+\/300 \(\d+%\) {2}loss \d\.\d{3} nats\/char$/);
    expect(progress.at(-1)).toMatch(/^step 300\/300 \(100%\)/);
  });

  test('--quiet leaves the result, and no file', async () => {
    const folder = freshFolder();
    const { status, stdout, stderr } = await inTurn(folder, 'demo', 'hello', '--quiet');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(linesOf(stdout).slice(0, HELLO.length)).toEqual(HELLO);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('--json prints what the library gives', async () => {
    const { metric, lines } = learn(3).result;
    expect(await json('hello', '--seed', '3')).toEqual({
      ok: true,
      demo: 'hello',
      seed: 3,
      metric,
      threshold: 4,
      what: 'letters of “ello” written after “h”',
      seconds: expect.any(Number),
      picture: null,
      lines,
    });
  });

  test.each([1, 2, 3])('reaches its threshold with seed %i', seed => {
    expect(learn(seed).result).toEqual({ metric: 4, lines: HELLO });
  });

  test('learns the same way with the same seed, to the digits that it shows, and another with another', () => {
    expect(learn(7)).toEqual(learn(7));
    expect(learn(8).shown).not.toEqual(learn(7).shown);
  });
});

/** What the demo shows as it learns, and how it ends. */
function learn(seed: number): { readonly shown: readonly DemoProgress[]; readonly result: DemoResult } {
  const shown: DemoProgress[] = [];
  const steps = hello.run(seed);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return { shown, result: value };
    shown.push(value);
  }
}

test('a demo that is stopped has no result', async () => {
  const folder = freshFolder();
  const { status, stdout, stderr } = await signalled(folder, ['SIGINT', 'step '], 'demo', 'binary-addition');
  expect(status).toBe(1);
  expect(linesOf(stdout)).toEqual([expect.stringContaining('adds numbers of 64 digits'), '']);
  expect(stderr).not.toMatch(/100%|error|^\s+at /im);
  expect(readdirSync(folder)).toEqual([]);
});

describe.concurrent('a mistake gets one line and code 2:', () => {
  test.each([
    ['an unknown demo', ['nope'], /^bptt: demo: expected one of .*hello.*, got "nope"$/],
    ['a demo named as Object does', ['toString'], /^bptt: demo: expected one of /],
    ['--seed -1', ['hello', '--seed', '-1'], /^bptt: --seed: expected an integer .*, got -1$/],
    ['--seed x', ['hello', '--seed', 'x'], /^bptt: --seed: expected a number, got "x"$/],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'demo', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(linesOf(stderr)).toEqual([expect.stringMatching(message)]);
  });
});
