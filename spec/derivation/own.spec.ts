/** The derivations of this repository, evaluated: every equation of a cell holds, and a misprint in any of them is caught. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cells } from '../../lib/cells/index.ts';
import { checkDerivation } from '../../lib/derivation/index.ts';
import { Unread } from '../../lib/derivation/latex.ts';
import { readingOf } from '../../lib/derivation/lines.ts';
import { Misfit } from '../../lib/derivation/matrices.ts';
import { ROOT } from '../examples.ts';
import { COMPARED } from './compared.ts';
import { isCaught, isWrong, misprintsOf, signsTurned } from './misprints.ts';
import { type Comparison, comparedWith } from './recorded.ts';
import { othersOf, reportOf, textOf } from './reports.ts';
import { restedOn } from './resting.ts';
import { FILES_WITH_UNJUDGED, unjudgedIn } from './unjudged.ts';

interface Own {
  readonly file: string;
  /** Backward tags that say what a function is. */
  readonly functions?: readonly string[];
}

/** The names of the cells, by the prefixes of their equations. */
const BY_PREFIX: Readonly<Record<string, string>> = {
  RNN: 'rnn',
  LSTM: 'lstm',
  GRU: 'gru',
  GRB: 'gru-reset-before',
  LCF: 'lstm-coupled',
  LNF: 'lstm-no-forget',
  LPH: 'lstm-peephole',
  LLN: 'lstm-layer-norm',
  MGU: 'mgu',
  MINGRU: 'min-gru',
  MINLSTM: 'min-lstm',
  SLSTM: 'slstm',
  ETM: 'trace',
};

const CELLS: readonly Own[] = [
  { file: 'rnn' },
  { file: 'lstm' },
  { file: 'gru' },
  { file: 'lstm-coupled' },
  { file: 'lstm-no-forget' },
  { file: 'lstm-peephole' },
  { file: 'lstm-layer-norm', functions: ['LLN-B5'] },
  { file: 'mgu' },
  { file: 'min-gru' },
  { file: 'min-lstm' },
  { file: 'slstm' },
  { file: 'trace' },
];

/** Any g of the vanilla network is a tanh in the cell. */
const withTanh = (text: string) => text.replaceAll(/\bg('?)\(\\mathbf a_t\)/g, '\\tanh$1(\\mathbf a_t)');

/** How every tag of a prefix compares with the cell. */
function compared(text: string, prefix: string): ReadonlyMap<string, Comparison> {
  const cell = cells[BY_PREFIX[prefix] ?? ''];
  if (!cell) throw new Error(prefix);
  return comparedWith(prefix === 'RNN' ? withTanh(text) : text, cell, prefix);
}

/** How one tag does, of a text in which it is misprinted; the reason, where what is left of it cannot be evaluated. */
function comparisonOf(text: string, prefix: string, tag: string): Comparison | string | undefined {
  try {
    return compared(text, prefix).get(tag);
  } catch (error) {
    if (error instanceof Unread || error instanceof Misfit) return error.message;
    throw error;
  }
}

const rightly = new Map<string, ReadonlyMap<string, Comparison>>();

/** The same of what is printed, found once. */
function comparedAsPrinted(text: string, prefix: string): ReadonlyMap<string, Comparison> {
  const found = rightly.get(prefix) ?? compared(text, prefix);
  rightly.set(prefix, found);
  return found;
}

describe.each(CELLS)('$file', ({ file, functions = [] }) => {
  const text = textOf(file);
  const others = othersOf(file);

  test('every equation holds, but for those that are listed with a reason', () => {
    const { ok, layout, lines } = reportOf(file);
    expect({ ok, layout }).toEqual({ ok: true, layout: 'rows' });
    const unread = lines.filter(({ name, verdict }) => verdict === 'not read' && !unjudgedIn(file).has(name));
    expect(unread).toEqual([]);
    const defining = lines.filter(({ verdict, tag = '' }) => verdict === 'defines' && /-B/.test(tag));
    expect(defining.map(({ name }) => name)).toEqual(functions);
  });

  test('a misprint in any forward or backward equation is caught', () => {
    const lines = readingOf(text).lines.filter(({ tag = '' }) => /-[FB]\d/.test(tag));
    expect(lines.length).toBeGreaterThan(7);
    const missed = lines.flatMap(({ tag = '', prefix, latex, offset }, n) => {
      const misprints = misprintsOf(latex);
      expect(misprints.length, tag).toBeGreaterThan(0);
      // All of them take a minute: each equation has one of another kind than the one before. MISPRINTS=all plants every one.
      const planted = process.env.MISPRINTS === 'all' ? misprints : misprints.slice(n % misprints.length).slice(0, 1);
      return planted.flatMap(misprint => {
        const changed = `${text.slice(0, offset)}${misprint}${text.slice(offset + latex.length)}`;
        const caught =
          isCaught(changed, others, tag, prefix) ||
          comparisonOf(changed, prefix, tag) !== comparedAsPrinted(text, prefix).get(tag);
        return caught ? [] : [`${tag}: ${misprint}`];
      });
    });
    expect(missed).toEqual([]);
  });
});

/** Of the other files, the tags that are judged; the rest is written in what is not read yet. */
const OTHERS: readonly (readonly [file: string, tags: readonly string[]])[] = [
  ['readout', ['RO-F1', 'RO-B1', 'RO-B2', 'RO-B3']],
  ['embedding', ['EM-F1', 'EM-D1', 'EM-B1', 'EM-B2']],
  ['dropout', ['DR-F2', 'DR-B1']],
  ['losses', ['SE-F1', 'SE-B1']],
  ['conditioned', ['CND-F1', 'CND-F2', 'CND-B1']],
];

test.each(OTHERS)('%s.md', (file, tags) => {
  const { lines } = reportOf(file);
  const verdicts = lines.filter(({ name }) => tags.includes(name)).map(({ name, verdict }) => `${name} ${verdict}`);
  const expected = tags.map(tag => expect.stringMatching(`^${tag} ${/-F|EM-D1/.test(tag) ? 'defines' : 'proven'}$`));
  expect(verdicts).toEqual(expected);
});

/** Files that are no cell's: how many tags are judged, and of which one in so many is misprinted. */
const JUDGED: readonly {
  readonly file: string;
  readonly least: number;
  readonly each: number;
  /** Whether a misprint in what only defines is caught, too, by whatever line of the system rests on it. */
  readonly forward?: true;
}[] = [
  { file: 'algebra', least: 63, each: 2 },
  { file: 'elementary', least: 13, each: 1 },
  { file: 'errata', least: 13, each: 1 },
  { file: 'exchange', least: 17, each: 1, forward: true },
  { file: 'gradient-flow', least: 17, each: 1 },
  { file: 'hmm', least: 15, each: 1, forward: true },
  { file: 'kalman', least: 24, each: 1, forward: true },
  { file: 'losses', least: 22, each: 1 },
  { file: 'lstm-paths', least: 6, each: 1, forward: true },
  { file: 'ngram', least: 5, each: 1, forward: true },
  { file: 'notation', least: 4, each: 1 },
  { file: 'readout', least: 11, each: 1, forward: true },
  { file: 'second-order', least: 44, each: 6 },
];

describe.each(JUDGED)('$file', ({ file, least, each, forward }) => {
  const text = textOf(file);
  const others = othersOf(file);
  const report = reportOf(file);

  test('no equation is wrong, and as many are judged as before', () => {
    expect(report.lines.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    expect(report.lines.filter(({ tag, verdict }) => tag && verdict !== 'not read').length).toBeGreaterThanOrEqual(
      least,
    );
  });

  test('a misprint in an equation that is proven is caught', () => {
    const claims = new Set(report.lines.filter(({ verdict }) => /proven|holds/.test(verdict)).map(({ name }) => name));
    const isForward = (tag: string) => forward && /-[FB]/.test(tag) && !unjudgedIn(file).has(tag);
    const lines = readingOf(text).lines.filter(({ name, tag }) => tag && (claims.has(name) || isForward(tag)));
    const sampled = lines.filter((_, n) => process.env.MISPRINTS === 'all' || n % each === 0);
    expect(sampled.length).toBeGreaterThan(2);
    const missed = sampled.flatMap(({ tag = '', prefix, latex, offset }, n) => {
      const misprints = signsTurned(latex);
      expect(misprints.length, tag).toBeGreaterThan(0);
      const planted = process.env.MISPRINTS === 'all' ? misprints : misprints.slice(n % misprints.length).slice(0, 1);
      return planted.flatMap(misprint => {
        const changed = `${text.slice(0, offset)}${misprint}${text.slice(offset + latex.length)}`;
        return isWrong(changed, others, tag, forward ? prefix : tag, report.layout) ? [] : [`${tag}: ${misprint}`];
      });
    });
    expect(missed).toEqual([]);
  });
});

/** All files, and what is said of the tags of each. */
const FILES = readdirSync(join(ROOT, 'derivations'))
  .filter(file => file.endsWith('.md'))
  .map(file => file.replace(/\.md$/, ''));

/** The tags of a file, and those among them that are not judged: not read, or a definition on which nothing rests. */
function tagsOf(file: string): { readonly all: readonly string[]; readonly unjudged: readonly string[] } {
  const { lines } = reportOf(file);
  const claims = new Set(lines.filter(({ verdict }) => /proven|holds/.test(verdict)).map(({ name }) => name));
  const others = othersOf(file);
  const defined = new Set([...restedOn(textOf(file), others, claims), ...COMPARED.map(({ tag }) => tag)]);
  const all = lines.filter(({ tag }) => tag !== undefined);
  const isJudged = ({ name, verdict }: (typeof lines)[number]) =>
    claims.has(name) || (verdict === 'defines' && defined.has(name));
  return {
    all: all.map(({ name }) => name),
    unjudged: all.filter(line => !isJudged(line)).map(({ name }) => name),
  };
}

describe('all tags', () => {
  const tags = new Map(FILES.map(file => [file, tagsOf(file)]));
  const unjudged = [...tags.values()].flatMap(found => found.unjudged);

  test('each is judged, or stands in the list with its reason', () => {
    const found = FILES.flatMap(file => (tags.get(file)?.unjudged ?? []).map(tag => `${file} ${tag}`));
    const listed = FILES_WITH_UNJUDGED.flatMap(file => [...unjudgedIn(file).keys()].map(tag => `${file} ${tag}`));
    expect(found.toSorted()).toEqual(listed.toSorted());
  });

  test('verification.md says how many', () => {
    const all = [...tags.values()].reduce((sum, found) => sum + found.all.length, 0);
    const said = textOf('verification')
      .match(/Of the (\d+) tags (\d+) are judged/)
      ?.slice(1);
    expect(said).toEqual([`${all}`, `${all - unjudged.length}`]);
  });

  test('none is taken for wrong', () => {
    const wrong = FILES.flatMap(file => reportOf(file).lines).filter(({ verdict }) => verdict === 'wrong');
    expect(wrong).toEqual([]);
  });

  test('code or tests cite those that are not judged', () => {
    const mentioned = tagsInCode();
    expect(unjudged.filter(tag => !mentioned.has(tag))).toEqual([]);
  });

  test('a definition on which nothing rests is not judged; one does that a judged line is made of, or supposes, or calls', () => {
    const text = String.raw`$$\mathbf z_t = \tanh(\mathbf x_t) \tag{T-F1}$$ $$\mathbf y_t = \mathbf z_t\odot\mathbf x_t \tag{T-F2}$$
      $$\frac{\partial L}{\partial\mathbf z_t} = \frac{\partial L}{\partial\mathbf y_t}\odot\mathbf x_t \tag{T-B1}$$
      $$N(a) = a^2 \tag{U-F1}$$ $$N(a) = N(-a) \tag{U-D1}$$ $$\mathbf q = \mathbf k \tag{U-F2}$$
      $$\mathbf w = \tanh(\mathbf k) \tag{V-F1}$$ $$\mathbf w = \tanh(\mathbf k) \Rightarrow d\mathbf k = d\mathbf w\odot(1-\mathbf w^2) \tag{V-D1}$$`;
    const { lines } = checkDerivation(text);
    const claims = lines.filter(({ verdict }) => /proven|holds/.test(verdict)).map(({ name }) => name);
    expect(claims).toEqual(['T-B1', 'U-D1', 'V-D1']);
    const rested = restedOn(text, [], new Set(claims));
    expect(['T-F1', 'T-F2', 'U-F1', 'U-F2', 'V-F1'].filter(name => rested.has(name))).toEqual([
      'T-F1',
      'T-F2',
      'U-F1',
      'V-F1',
    ]);
  });
});

/** The tags that the library and its other tests cite. */
function tagsInCode(): ReadonlySet<string> {
  const files = ['lib', 'spec'].flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(path => join(ROOT, folder, path)),
  );
  const code = files.filter(
    path => path.endsWith('.ts') && !/[/\\](fixtures|node_modules)[/\\]|(own\.spec|unjudged)\.ts$/.test(path),
  );
  return new Set(code.flatMap(path => readFileSync(path, 'utf8').match(/\b[A-Z]{2,}-[A-Z]?\d+\b/g) ?? []));
}
