/** The pages of the derivations, as a reader uses them. */
import { describe, expect, it } from 'vitest';
import { browser, openPage } from '../pages/browser.ts';
import { addressOf, htmlOf } from './served.ts';

describe.skipIf(!browser)('a derivation', () => {
  it('shows an equation of another page where it is named', async () => {
    const { page, problems } = await openPage(addressOf('mgu.html'));
    await page.hover('a.ref[data-tag="LSTM-F5"]');
    expect(await page.textContent('.preview')).toContain('LSTM-F5');
    expect(await page.isVisible('.preview math')).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.isVisible('.preview')).toBe(false);
    expect(problems).toEqual([]);
  });
});

describe.skipIf(!browser)('a letter of a formula', () => {
  const letter = (tag: string, text: string) => `#${tag} [data-symbol="${text}"]`;

  it('says what it is, its shape, and where it is defined, when it is clicked', async () => {
    const { page, problems } = await openPage(addressOf('lstm.html'));
    await page.locator(letter('LSTM-B7', 'LSTM h')).first().click();
    expect(await page.textContent('.symbol')).toBe('h: part of the state, a column of m · defined by LSTM-F6');
    expect(await page.getAttribute('.symbol a', 'href')).toBe('#LSTM-F6');
    await page.locator(letter('LSTM-F1', 'LSTM W_f')).first().click();
    expect(await page.textContent('.symbol')).toBe('W_f: a parameter, m×m · first in LSTM-F1');
    await page.locator('#LSTM-B7 [data-symbol]').first().click();
    expect(await page.textContent('.symbol')).toBe('W_f, W_i, W_o, W_g: each a parameter, m×m · first in LSTM-F1');
    await page.keyboard.press('Escape');
    expect(await page.isVisible('.symbol')).toBe(false);
    expect(problems).toEqual([]);
  });

  it('is reached by the arrow keys, and leads to its definition', async () => {
    const { page } = await openPage(addressOf('lstm.html'));
    await page.focus('#LSTM-F6 .math');
    await page.keyboard.press('ArrowRight');
    expect(await page.textContent('.symbol strong')).toBe('h');
    await page.keyboard.press('ArrowRight');
    expect(await page.textContent('.symbol strong')).toBe('o');
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe('#LSTM-F3');
  });

  it('is none where nothing is known of it: no operator, no index, no function', async () => {
    const { page } = await openPage(addressOf('lstm.html'));
    const marked = (await page.evaluate(
      `Array.from(document.querySelectorAll('[data-symbol]'), one => one.textContent)`,
    )) as string[];
    expect(marked.length).toBeGreaterThan(150);
    expect(marked.filter(text => ['∂', 'σ', 'tanh', '⊤', 't', 'k', 'diag'].includes(text))).toEqual([]);
  });

  it('is known in every derivation’s forward equations', () => {
    for (const [name, least] of Object.entries({ lstm: 9, gru: 9, rnn: 3, hmm: 4, attention: 8 })) {
      const html = htmlOf.get(`${name}.html`) ?? '';
      const said = JSON.parse(/id="symbols">([^<]*)</.exec(html)?.[1] ?? '{}') as Record<
        string,
        { readonly tag?: string }
      >;
      expect(Object.values(said).filter(({ tag }) => tag !== undefined).length, name).toBeGreaterThan(least);
    }
  });
});
