/**
 * One mistake at a time in every backward line of three cells, 52 in 26 lines: the report must name the line's equation by what its
 * gradients go through, in one step of one unit. It names 48 alone, and 4 as one of two that no gradient of the cell tells apart.
 * The lines of all cells are named by the proof: see `suspects.spec.ts`.
 *
 * A cell's text is taken as it is, but for the outermost function of each line with a backward tag, which is called through
 * `planted`: told to, it makes the mistake. All else is the cell's own, the comments that tags are read off among it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { ROOT } from '../examples.ts';
import { type Algebra, functions, MISTAKES } from './mistakes.ts';

const LINE = /^(\s*(?:const \w+ = )?)(\w+)(\(.*\); \/\/ ([A-Z]+-B\d+) .*)$/;

/** Pairs of equations that every gradient goes through both or neither of: nothing tells them apart. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  'GRB-B3': ['GRB-B4', 'GRB-B3'],
  'GRB-B4': ['GRB-B4', 'GRB-B3'],
};

const SIZES = { T: 1, B: 1, d: 1, m: 1, C: 1, seed: 2 };

/** Of ReLUs one that is dead: of a single one that is not, the slope is no factor. */
const OF_RELUS = { ...SIZES, m: 2, seed: 1 };

const folder = mkdtempSync(join(tmpdir(), 'bptt-planted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let wrong: { readonly tag: string; readonly functions: Algebra } | undefined;
beforeAll(() => {
  Reflect.set(globalThis, 'planted', (tag: string) => (wrong?.tag === tag ? wrong.functions : functions));
});
afterAll(() => Reflect.deleteProperty(globalThis, 'planted'));

/** Of one product and a kink, of two states, and one in which two lines are not told apart. */
const PLANTED = ['rnn-relu', 'lstm', 'gru-reset-before'];

describe.each(PLANTED.map(name => [name, cells[name] as Cell] as const))('in %s', (name, { equations }) => {
  const source = join(ROOT, 'lib/cells', `${name === 'rnn-relu' ? 'rnn' : name}.ts`);
  const sizes = name === 'rnn-relu' ? OF_RELUS : SIZES;
  const tags: string[] = [];
  const lines = readFileSync(source, 'utf8')
    .split('\n')
    .map(line =>
      line
        .replace(LINE, (_, before, called, rest, tag) => {
          tags.push(tag);
          return `${before}planted('${tag}').${called}${rest}`;
        })
        .replace(/from '(\.\.?\/.*)'/, (_, path) => `from '${join(ROOT, 'lib/cells', path)}'`),
    );
  const file = join(folder, `${name}.ts`);
  writeFileSync(file, lines.join('\n'));
  const own = async () => {
    const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Readonly<Record<string, Cell>>;
    const cell = Object.values(module).find(value => value.name === name);
    if (!cell) throw new Error(`${file} has no ${name}`);
    return cell;
  };

  test('a mistake can be planted in all lines, and none is there before', async () => {
    expect(tags).toEqual([...new Set(tags)]);
    expect(tags).toEqual(expect.arrayContaining(Object.values(equations ?? {})));
    expect(checkCell(await own(), sizes).ok).toBe(true);
  });

  test.each(Object.keys(MISTAKES).flatMap(what => tags.map(tag => [what, tag] as const)))(
    '%s: %s',
    async (what, tag) => {
      wrong = { tag, functions: MISTAKES[what] ?? {} };
      try {
        const { ok, smallest } = checkCell(await own(), sizes);
        expect(ok).toBe(false);
        expect(smallest?.suspects).toEqual(TOGETHER[tag] ?? [tag]);
      } finally {
        wrong = undefined;
      }
    },
  );
});
