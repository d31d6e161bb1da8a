/**
 * One mistake at a time in backward lines of every cell, 162, and with PLANTED=all 278 in all 139 lines: the proof must find it, and
 * its first suspect must be the line: of 276, and of 272 it names no other. LLN-B5 is called by three lines, of which each is a
 * suspect before it.
 *
 * A cell's text is taken as it is, but for the outermost function of each line with a backward tag, which is called through
 * `planted`: told to, it makes the mistake. All else is the cell's own, the comments that tags are read off among it.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { proveCell } from '../../lib/check/prove-cell.ts';
import { ROOT } from '../examples.ts';
import type { Algebra } from './mistakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-suspects-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The text with its imports made absolute. */
const read = (file: string, imports: string) =>
  readFileSync(join(ROOT, file), 'utf8').replace(
    /from '(\.\.?\/.*)'/g,
    (_, path) => `from '${join(ROOT, imports, path)}'`,
  );

const load = async (file: string) =>
  (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>;

let wrong: { readonly tag: string; readonly functions: Algebra } | undefined;
let mistakes: Readonly<Record<string, Algebra>> = {};
beforeAll(async () => {
  // Where the language has its files: stacks begin in the cell then.
  mkdirSync(join(folder, 'lib/equations'), { recursive: true });
  writeFileSync(join(folder, 'lib/equations/mistakes.ts'), read('spec/check/mistakes.ts', 'spec/check'));
  const { MISTAKES, functions } = await load(join(folder, 'lib/equations/mistakes.ts'));
  mistakes = MISTAKES as Readonly<Record<string, Algebra>>;
  Reflect.set(globalThis, 'planted', (tag: string) => (wrong?.tag === tag ? wrong.functions : functions));
});
afterAll(() => Reflect.deleteProperty(globalThis, 'planted'));

/** A line's outermost function, or that of what it maps; and its tag. */
const LINE = /^(\s*(?:const \w+ = |return mapped\(N, \(part, k\) => )?)(\w+)(\(.*\);? \/\/ ([A-Z]+-B\d+) .*)$/;

/** Functions of a cell's own, in which nothing is planted: their own lines are. */
const OWN = ['ofGates', 'throughNormalised'];

/** A cell of each kind. The others have lines as these have, and one mistake in four of theirs is made. */
const OF_EACH_KIND = ['rnn', 'lstm-peephole', 'gru-reset-before', 'slstm', 'mgu', 'min-lstm'];

/** Named first, and others behind them: a line that makes no gradient of forward's, or the negative of one. */
const WITH_OTHERS: readonly string[] = [
  'the wrong sign: LLN-B5',
  'a term or factor less: LLN-B5',
  'the wrong sign: SLSTM-B2',
  'the wrong sign: SLSTM-B4',
  'the wrong sign: SLSTM-B6',
  'a term or factor less: MINLSTM-B2',
];

const tags: string[] = [];
const plant = (name: string): string =>
  read(`lib/cells/${name}.ts`, 'lib/cells')
    .split('\n')
    .map(line =>
      line.replace(LINE, (all, before, called, rest, tag) => {
        if (OWN.includes(called)) return all;
        tags.push(tag);
        return `${before}planted('${tag}').${called}${rest}`;
      }),
    )
    .join('\n');

describe.each(Object.keys(cells))('in %s', name => {
  tags.length = 0;
  const file = join(folder, `${name}.ts`);
  const text = plant(name === 'rnn-relu' ? 'rnn' : name);
  writeFileSync(file, text.replace(/from '.*layer-norm.ts'/, "from './layer-norm.ts'"));
  if (text.includes('layer-norm.ts')) writeFileSync(join(folder, 'layer-norm.ts'), plant('layer-norm'));
  const own = async () => {
    const cell = Object.values((await load(file)) as Readonly<Record<string, Cell>>).find(value => value.name === name);
    if (!cell) throw new Error(`${file} has no ${name}`);
    return cell;
  };

  test('nothing is found where nothing is planted', async () => {
    expect(proveCell(await own())).toMatchObject({ verdict: 'proven', suspects: [] });
  });

  const whole = OF_EACH_KIND.includes(name) || process.env.PLANTED === 'all';
  const all = ['the wrong sign', 'a term or factor less']
    .flatMap(what => tags.map(tag => [what, tag] as const))
    .filter((_, n) => whole || n % 4 === 0);
  test.each(all)('%s: %s', async (what, tag) => {
    wrong = { tag, functions: mistakes[what] ?? {} };
    try {
      const { verdict, suspects } = proveCell(await own());
      expect(verdict).toBe('wrong');
      const [first, ...others] = suspects.map(suspect => suspect.tag);
      if (tag === 'LLN-B5') expect(others).toContain(tag);
      else expect(first).toBe(tag);
      expect(others.length === 0).toBe(!WITH_OTHERS.includes(`${what}: ${tag}`));
    } finally {
      wrong = undefined;
    }
  });
});
