/** The derivations of this repository, evaluated: every equation of a cell holds, and a misprint in any of them is caught. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cells } from '../../lib/cells/index.ts';
import { checkDerivation, type DerivationReport } from '../../lib/derivation/index.ts';
import { readingOf } from '../../lib/derivation/lines.ts';
import { ROOT } from '../examples.ts';
import { isCaught, isWrong, misprintsOf, signsTurned } from './misprints.ts';
import { NETWORKS } from './networks.ts';
import { type Comparison, comparedWith } from './recorded.ts';

interface Own {
  readonly file: string;
  readonly given: readonly string[];
  /** Tags that are not judged, and why. */
  readonly besides: Readonly<Record<string, string>>;
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
  {
    file: 'rnn',
    given: ['readout'],
    besides: {},
  },
  { file: 'lstm', given: [], besides: {} },
  { file: 'gru', given: [], besides: {} },
  { file: 'lstm-coupled', given: ['lstm'], besides: {} },
  { file: 'lstm-no-forget', given: [], besides: { 'LNF-T1': 'what was done in 1997, and is no gradient' } },
  { file: 'lstm-peephole', given: [], besides: {} },
  { file: 'lstm-layer-norm', given: [], functions: ['LLN-B5'], besides: {} },
  { file: 'mgu', given: ['gru'], besides: {} },
  { file: 'min-gru', given: [], besides: {} },
  { file: 'min-lstm', given: [], besides: {} },
  {
    file: 'slstm',
    given: [],
    besides: {
      'SLSTM-D5': 'it holds where another gradient is zero',
    },
  },
  { file: 'trace', given: [], besides: {} },
];

const textOf = (file: string) => readFileSync(join(ROOT, `derivations/${file}.md`), 'utf8');

const reports = new Map<string, DerivationReport>();

/** What is said of a file, found once. */
function reportOf(file: string, given: readonly string[]): DerivationReport {
  const report = reports.get(file) ?? checkDerivation(textOf(file), { given: given.map(textOf) });
  reports.set(file, report);
  return report;
}

/** Any g of the vanilla network is a tanh in the cell. */
const withTanh = (text: string) => text.replaceAll(/\bg('?)\(\\mathbf a_t\)/g, '\\tanh$1(\\mathbf a_t)');

/** How every tag of a prefix compares with the cell. */
function compared(text: string, prefix: string): ReadonlyMap<string, Comparison> {
  const cell = cells[BY_PREFIX[prefix] ?? ''];
  if (!cell) throw new Error(prefix);
  return comparedWith(prefix === 'RNN' ? withTanh(text) : text, cell, prefix);
}

const rightly = new Map<string, ReadonlyMap<string, Comparison>>();

/** The same of what is printed, found once. */
function comparedAsPrinted(text: string, prefix: string): ReadonlyMap<string, Comparison> {
  const found = rightly.get(prefix) ?? compared(text, prefix);
  rightly.set(prefix, found);
  return found;
}

describe.each(CELLS)('$file.md', ({ file, given, besides, functions = [] }) => {
  const text = textOf(file);
  const others = given.map(file => readingOf(textOf(file)));

  test('every equation holds, but for those that say why they are not judged', () => {
    const { ok, layout, lines } = reportOf(file, given);
    expect({ ok, layout }).toEqual({ ok: true, layout: 'rows' });
    const unread = lines.filter(({ verdict }) => verdict === 'not read');
    expect(unread.map(({ name }) => name)).toEqual(Object.keys(besides));
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
          compared(changed, prefix).get(tag) !== comparedAsPrinted(text, prefix).get(tag);
        return caught ? [] : [`${tag}: ${misprint}`];
      });
    });
    expect(missed).toEqual([]);
  });
});

/** Of the other files, the tags that are judged; the rest is written in what is not read yet. */
const OTHERS: readonly (readonly [file: string, given: readonly string[], tags: readonly string[]])[] = [
  ['readout', [], ['RO-F1', 'RO-B1', 'RO-B2', 'RO-B3']],
  ['embedding', [], ['EM-F1', 'EM-D1', 'EM-B1', 'EM-B2']],
  ['dropout', [], ['DR-F2', 'DR-B1']],
  ['losses', [], ['SE-F1', 'SE-B1']],
  ['conditioned', ['through-time'], ['CND-F1', 'CND-F2', 'CND-B1']],
];

test.each(OTHERS)('%s.md', (file, given, tags) => {
  const { lines } = reportOf(file, given);
  const verdicts = lines.filter(({ name }) => tags.includes(name)).map(({ name, verdict }) => `${name} ${verdict}`);
  const expected = tags.map(tag => expect.stringMatching(`^${tag} ${/-F|EM-D1/.test(tag) ? 'defines' : 'proven'}$`));
  expect(verdicts).toEqual(expected);
});

/** Files that are no cell's: how many tags are judged, and of which one in so many is misprinted. */
const JUDGED: readonly {
  readonly file: string;
  readonly given: readonly string[];
  readonly least: number;
  readonly each: number;
  /** Whether a misprint in what only defines is caught, too, by whatever line of the system rests on it. */
  readonly forward?: true;
}[] = [
  { file: 'algebra', given: [], least: 63, each: 2 },
  { file: 'elementary', given: [], least: 13, each: 1 },
  { file: 'errata', given: ['rnn', 'lstm', 'lstm-peephole'], least: 12, each: 1 },
  { file: 'gradient-flow', given: ['through-time', 'rnn', 'lstm'], least: 12, each: 1 },
  { file: 'hmm', given: [], least: 15, each: 1, forward: true },
  { file: 'losses', given: [], least: 12, each: 1 },
  { file: 'notation', given: [], least: 4, each: 1 },
  { file: 'readout', given: [], least: 11, each: 1, forward: true },
  { file: 'second-order', given: ['rnn', 'readout', 'lstm', 'gru', 'losses'], least: 40, each: 6 },
];

describe.each(JUDGED)('$file.md', ({ file, given, least, each, forward }) => {
  const text = textOf(file);
  const others = given.map(file => readingOf(textOf(file)));
  const report = reportOf(file, given);

  test('no equation is wrong, and as many are judged as before', () => {
    expect(report.lines.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    expect(report.lines.filter(({ tag, verdict }) => tag && verdict !== 'not read').length).toBeGreaterThanOrEqual(
      least,
    );
  });

  test('a misprint in an equation that is proven is caught', () => {
    const claims = new Set(report.lines.filter(({ verdict }) => /proven|holds/.test(verdict)).map(({ name }) => name));
    const isForward = (tag: string) => forward && /-F/.test(tag);
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

const GIVEN: ReadonlyMap<string, readonly string[]> = new Map([
  ...CELLS.map(({ file, given }) => [file, given] as const),
  ...OTHERS.map(([file, given]) => [file, given] as const),
  ...JUDGED.map(({ file, given }) => [file, given] as const),
  ...NETWORKS.map(({ file, given = [] }) => [file, given] as const),
]);

test('of all tags, so many are judged, none is taken for wrong, and code or tests cite the rest', () => {
  const files = readdirSync(join(ROOT, 'derivations')).filter(file => file.endsWith('.md'));
  const lines = files.flatMap(file => {
    const name = file.replace(/\.md$/, '');
    return reportOf(name, GIVEN.get(name) ?? []).lines.filter(({ tag }) => tag !== undefined);
  });
  expect(lines.length).toBeGreaterThan(650);
  expect(
    lines
      .filter(({ verdict }) => verdict === 'wrong')
      .map(({ name }) => name)
      .sort(),
  ).toEqual([]);
  const unread = lines.filter(({ verdict }) => verdict === 'not read').map(({ tag = '' }) => tag);
  expect(lines.length - unread.length).toBeGreaterThanOrEqual(590);
  const mentioned = tagsInCode();
  expect(unread.filter(tag => !mentioned.has(tag))).toEqual([]);
});

/** The tags that the library and its other tests cite. */
function tagsInCode(): ReadonlySet<string> {
  const files = ['lib', 'spec'].flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(path => join(ROOT, folder, path)),
  );
  const code = files.filter(
    path => path.endsWith('.ts') && !/[/\\](fixtures|node_modules)[/\\]|own\.spec\.ts$/.test(path),
  );
  return new Set(code.flatMap(path => readFileSync(path, 'utf8').match(/\b[A-Z]{2,}-[A-Z]?\d+\b/g) ?? []));
}
