/** The guides: what they show is so. Their examples in TypeScript are those of `spec/examples.spec.ts`, and run in the page in `api.spec.ts`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chapterOf, GUIDES, guideFile, guideText } from '../../derivations/.site/guides.ts';
import { normsOf } from '../../derivations/.site/made/beginning.ts';
import { errataCharts } from '../../derivations/.site/made/errata.ts';
import { proofs } from '../../derivations/.site/made/proofs.ts';
import { measured, ratios } from '../../derivations/.site/made/speed.ts';
import { checkDerivation } from '../../lib/check/index.ts';
import { ended } from '../ended.ts';
import { ROOT } from '../examples.ts';
import { htmlOf } from './served.ts';

describe('the guides', () => {
  it('judge right derivations right, and say which lines of wrong ones are wrong', () => {
    const blocks = Array.from(guideText('own-derivation').matchAll(/^```md judged(.*)\n([\s\S]*?)^```$/gm));
    const found = blocks.map(([, kind = '', text = '']) => {
      const wrong = checkDerivation(text).lines.filter(({ verdict }) => verdict === 'wrong');
      return [kind.trim(), ...wrong.map(({ tag }) => tag)];
    });
    expect(found).toEqual([[''], ['wrong', '4', '8']]);
    expect(htmlOf.get(guideFile('own-derivation'))).toContain('8 equations: 6 proven, 2 define');
  });

  it('have every directive filled in', () => {
    for (const name of GUIDES) {
      const html = htmlOf.get(guideFile(name)) ?? '';
      expect(html.length).toBeGreaterThan(3000);
      expect(html).not.toContain('{{');
    }
  });

  it('refuse chapters and paragraphs that README has not', () => {
    expect(() => chapterOf('Not there')).toThrow('no chapter');
    expect(() => chapterOf('Fast', 'No such words')).toThrow('no paragraph');
  });

  it('show every cell proven, and what is planted caught', () => {
    const found = proofs();
    expect(found.length).toBeGreaterThan(12);
    for (const { name, right, planted } of found)
      expect([name, right.verdict, planted.verdict]).toEqual([name, 'proven', 'wrong']);
  });

  it('show what was measured, in numbers that are some', () => {
    const report = measured();
    expect(report.machine.cpu).not.toBe('');
    expect(report.refused).toEqual([]);
    expect(ratios(report).length).toBeGreaterThan(0);
    for (const { ratio } of ratios(report)) expect(ratio).toBeGreaterThan(0);
  });
});

describe('the first page', () => {
  it('shows of an equation what is found of it, and the gradient that the library has', () => {
    const front = htmlOf.get('index.html') ?? '';
    expect(front).toContain('<b>RNN-B1</b> <span class="verdict proven">');
    expect(htmlOf.get('rnn.html')).toMatch(/id="RNN-B1">[\s\S]*?<span class="verdict proven"/);
    const shown = Array.from(front.matchAll(/<title>t = (\d+): ([\d.e-]+)<\/title>/g), ([, t, norm]) => [
      Number(t),
      Number(norm),
    ]);
    const norms = normsOf('rnn').map((norm, n) => [n + 1, Number(norm.toPrecision(3))]);
    expect(shown.slice(0, norms.length)).toEqual(norms);
  });
});

describe('the pictures of what the lectures say', () => {
  const lines = (name: string) =>
    (errataCharts[name]?.() ?? { series: [] }).series.map(({ points }) => points.map(([, y]) => y));
  const at = (line: readonly number[] | undefined, n: number) => line?.[n] ?? Number.NaN;

  it('ERR-1: the library’s gradient grows where the slide’s is 0 from the second step on', () => {
    const [true_, slide] = lines('closed-form');
    expect(slide).toHaveLength(2);
    expect(at(true_, 10)).toBeCloseTo(7832.559, 2); // a matrix of rank 1: its norms are one
  });

  it('ERR-2: powers stay below the bound, and far above what the slide says', () => {
    const [power, slide, bound] = lines('eigenvalues');
    for (let n = 0; n <= 80; n++) expect(at(power, n)).toBeLessThanOrEqual(at(bound, n));
    expect(at(power, 20)).toBeGreaterThan(100);
    expect(at(slide, 20)).toBeLessThan(0.2);
  });

  it('ERR-4: what is below one vanishes, what is above may be gone', () => {
    const [large, predicted, small] = lines('singular');
    expect(large).toEqual([1, 10]);
    expect(at(predicted, 2)).toBe(100);
    expect(at(small, 12)).toBeCloseTo(0.8 ** 12, 12);
  });

  it('ERR-8: most comes back through the gates', () => {
    const [alongC, throughH] = lines('two-paths');
    expect(at(throughH, 0)).toBe(0);
    for (const n of [8, 20, 39]) expect(at(throughH, n)).toBeGreaterThan(5 * at(alongC, n));
  });

  it('ERR-10: clipping at every step turns the gradient, the more the more is cut off', () => {
    const [turned] = lines('clipping');
    expect(at(turned, 0)).toBeGreaterThan(30);
    expect(at(turned, 39)).toBeCloseTo(0, 4);
    expect(at(turned, 10)).toBeLessThan(at(turned, 2));
  });
});

describe('the commands of the guides', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bptt-guides-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('do what is said: the derivation is checked, and trained', () => {
    const [, leaky = ''] = /^```md judged\n([\s\S]*?)^```$/m.exec(guideText('own-derivation')) ?? [];
    writeFileSync(join(folder, 'leaky.md'), leaky);
    writeFileSync(join(folder, 'letters.txt'), 'a letter of some length, and then another. '.repeat(40));
    const commands = Array.from(
      guideText('own-derivation').matchAll(/^npm run --silent bptt -- (.+)$/gm),
      ([, line = '']) => line,
    );
    expect(commands).toHaveLength(2);
    for (const line of commands) {
      const args = line
        .split(' ')
        .map(part => (/^(?:leaky\.md|letters\.txt|runs\/)/.test(part) ? join(folder, part) : part));
      const short = args[0] === 'train' ? ['--steps', '3'] : [];
      const { status, stderr } = ended(process.execPath, ['--import', 'tsx', 'lib/cli/main.ts', ...args, ...short], {
        cwd: ROOT,
      });
      expect([line, status, stderr]).toEqual([line, 0, expect.any(String)]);
    }
  });
});
