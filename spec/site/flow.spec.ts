/** “Where does the gradient go?”, as a reader uses it. */
import { describe, expect, it } from 'vitest';
import {
  FIRST,
  addressOf as inAddress,
  SETS,
  type Setting,
  settingOf,
  studied,
} from '../../derivations/.site/app/flow-setting.ts';
import { claims } from '../../lib/flow/index.ts';
import { browser, openPage } from '../pages/browser.ts';
import { addressOf } from './served.ts';

/** What the page's table says, by name. */
type Found = Readonly<Record<string, number>>;

const READ = `Object.fromEntries(Array.from(document.querySelectorAll('#found tr'),
  row => [row.dataset.name, Number(row.querySelector('td').textContent.replace('−', '-'))]))`;

/** The figures of the library of what is set. */
function figuresOf(setting: Setting): Found {
  const { fading, memory, exponents, recurrent } = studied(setting);
  return {
    'left at the first step': fading.at(-1) ?? Number.NaN,
    'memory (steps)': memory,
    'λ₁ (nats a step)': exponents.exponents[0] ?? Number.NaN,
    ...(recurrent && { 'σ_max(W)': recurrent.norm, 'ρ(W)': recurrent.radius }),
  };
}

describe('the setting in an address', () => {
  it('comes back as it was, and what is no value is refused by name', () => {
    const setting: Setting = { ...FIRST, cell: 'gru', init: 'orthogonal', bias: 2.5, T: 30, m: 8 };
    expect(settingOf(inAddress(setting))).toEqual({ setting, refused: [] });
    expect(settingOf('cell=nobody&gain=1e9&T=2.5&what=1&m=').refused).toEqual([
      ...['cell=nobody', 'gain=1e9', 'T=2.5', 'what=1', 'm='],
    ]);
    expect(settingOf('cell=rnn&bias=2').setting.bias).toBeNull();
  });

  it('is one for every claim of a network, and no other has one', () => {
    expect(Object.keys(SETS).filter(name => !claims.some(claim => claim.name === name))).toEqual([]);
    for (const sets of Object.values(SETS)) {
      const setting: Setting = { ...FIRST, ...sets };
      expect(settingOf(inAddress(setting))).toEqual({ setting, refused: [] });
    }
  });
});

describe.skipIf(!browser)('where the gradient goes', () => {
  const shown = (setting: Setting) =>
    `document.querySelector('#says').textContent.startsWith('In ${setting.cell},') && document.querySelectorAll('#found tr').length > 3`;

  it.each([
    { ...FIRST, T: 20, m: 6 },
    { ...FIRST, cell: 'rnn', init: 'orthogonal', gain: 1.5, T: 20, m: 6 },
    { ...FIRST, cell: 'gru', bias: 3, T: 20, m: 6 },
  ] satisfies Setting[])('says of $cell what the library finds', async setting => {
    const { page, problems } = await openPage(addressOf(`flow.html#${inAddress(setting)}`));
    await page.waitForFunction(shown(setting));
    const found = (await page.evaluate(READ)) as Found;
    for (const [name, value] of Object.entries(figuresOf(setting))) {
      expect(Math.abs((found[name] ?? Number.NaN) / value - 1), name).toBeLessThan(1e-3); // as many digits as are shown
    }
    expect(problems).toEqual([]);
  });

  it('is set by a slider and by a claim, keeps it in the address, and measures the claim', async () => {
    const { page, problems } = await openPage(addressOf('flow.html#T=20&m=6'));
    await page.waitForFunction(shown(FIRST));
    const before = (await page.evaluate(READ)) as Found;
    await page.fill('#bias', '5');
    expect(new URL(page.url()).hash).toContain('bias=5');
    await page.waitForFunction(`${READ}['memory (steps)'] > ${2 * (before['memory (steps)'] ?? 0)}`);
    await page.click('#claims [value="small-slopes"]');
    expect(settingOf(new URL(page.url()).hash.slice(1)).setting).toMatchObject({ cell: 'rnn', gain: 4, bias: null });
    await page.waitForFunction(`document.querySelector('#evidence svg') !== null`);
    expect(await page.textContent('#measured')).toContain('arrives, gain 4');
    expect(await page.isVisible('[data-claim="small-slopes"]')).toBe(true);
    expect(problems).toEqual([]);
  });

  it('reads the number of a square, by pointing at it and by the arrow keys', async () => {
    const setting: Setting = { ...FIRST, T: 10, m: 4 };
    const { page, problems } = await openPage(addressOf(`flow.html#${inAddress(setting)}`));
    await page.waitForFunction(shown(setting));
    const { reach } = studied(setting);
    const box = await page.locator('#reach .squares').boundingBox();
    if (!box) throw new Error('there is no reach');
    await page
      .locator('#reach .squares')
      .hover({ position: { x: 7.5 * (box.width / 10), y: 3.5 * (box.height / 10) } });
    const said = async () => Number(/: ([\d.e+-]+)$/.exec((await page.textContent('#readout')) ?? '')?.[1]);
    expect(await said()).toBeCloseTo(reach[4]?.[7] ?? Number.NaN, 6);
    await page.focus('#reach .squares');
    await page.keyboard.press('ArrowRight');
    expect(await said()).toBeCloseTo(reach[4]?.[8] ?? Number.NaN, 6);
    expect(problems).toEqual([]);
  });

  it('says what of an address it does not understand', async () => {
    const { page } = await openPage(addressOf('flow.html#cell=nobody&T=5'));
    await page.waitForFunction(`document.querySelectorAll('#found tr').length > 3`);
    expect(await page.inputValue('#cell')).toBe('lstm');
    expect(await page.textContent('main')).toContain('cell=nobody');
  });
});
