/** The derivations of what is made of cells, evaluated: every equation is judged or says why not, and a misprint in any forward or backward one is caught. */
import { describe, expect, test } from 'vitest';
import { readingOf } from '../../lib/derivation/lines.ts';
import { COMPARED } from './compared.ts';
import { isCaught, isOfAny, signsTurned, stepsTurned } from './misprints.ts';
import { othersOf, reportOf, textOf } from './reports.ts';
import { unjudgedIn } from './unjudged.ts';

/** The derivations of what is made of cells, by their files. */
const NETWORKS: readonly string[] = [
  'attention',
  'bidirectional',
  'checkpointed',
  'conditioned',
  'delay',
  'dropout',
  'encoder-decoder',
  'pooling',
  'rtrl',
  'through-time',
  'window-net',
  'windows',
];

describe.each(NETWORKS)('%s', file => {
  const unjudged = unjudgedIn(file);
  const text = textOf(file);

  test('every equation is judged, but for those that are listed with a reason', () => {
    const { lines } = reportOf(file);
    expect(lines.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    const unread = lines.filter(({ tag, verdict }) => tag !== undefined && verdict === 'not read');
    expect(unread.filter(({ name }) => !unjudged.has(name))).toEqual([]);
  });

  test('a sign or a step turned in any forward or backward equation is caught', () => {
    const others = othersOf(file);
    const compared = new Set(COMPARED.map(({ tag }) => tag)); // values.spec.ts has theirs
    const isJudged = (tag: string) => /-[FB]\d/.test(tag) && !unjudged.has(tag) && !compared.has(tag);
    const lines = readingOf(text).lines.filter(({ tag = '' }) => isJudged(tag));
    expect(lines.length).toBeGreaterThan(2);
    const missed = lines.flatMap(({ tag = '', prefix, latex, offset }, n) => {
      const signs = signsTurned(latex).filter(misprint => !isOfAny(misprint));
      const misprints = signs.length > 0 ? signs : stepsTurned(latex);
      expect(misprints.length, tag).toBeGreaterThan(0);
      // One of each: MISPRINTS=all plants every one.
      const planted = process.env.MISPRINTS === 'all' ? misprints : misprints.slice(n % misprints.length).slice(0, 1);
      return planted.flatMap(misprint => {
        const changed = `${text.slice(0, offset)}${misprint}${text.slice(offset + latex.length)}`;
        return isCaught(changed, others, tag, prefix, [...unjudged.keys()]) ? [] : [`${tag}: ${misprint}`];
      });
    });
    expect(missed).toEqual([]);
  });
});
