/** Tables held in memory: what is learnt of them, saved and answered, and what is refused. */
import { describe, expect, test } from 'vitest';
import { load, save } from '../../lib/io/model-file.ts';
import {
  answerTable,
  type FitTableOptions,
  fitTable,
  type ResumeTableOptions,
  resumeTable,
} from '../../lib/tasks/index.ts';
import { all, fitted } from './fitted.ts';

const WAVES = `time,height\n${Array.from({ length: 120 }, (_, t) => `${t},${Math.sin(t / 3).toFixed(4)}`).join('\n')}\n`;
const FORECAST: FitTableOptions = { task: 'forecast', settings: { length: 8, epochs: 3, hidden: 6 } };

describe('a table in memory', () => {
  test('is a text or its bytes, and either gives the same file', async () => {
    const [text, bytes] = [await fitted(WAVES, FORECAST), await fitted(new TextEncoder().encode(WAVES), FORECAST)];
    expect(text.save()).toEqual(bytes.save());
    expect(text.understanding).toMatchObject({ time: 'time', features: ['height'], target: 'height' });
    expect(text.sizes).toEqual({ what: 'steps', train: 84, validation: 18, test: 18 });
    expect(text.rows).toEqual({ records: 120, dropped: 0, carried: 0 });
  });

  test('is answered for as it was read when it was learnt from', async () => {
    const odd = WAVES.replaceAll(',', ';');
    const fit = await fitted(odd, { ...FORECAST, delimiter: ';' });
    const usual = (await fitted(WAVES, FORECAST)).save();
    const answers = await all(answerTable(fit.save(), odd));
    expect(answers).toEqual(await all(answerTable(usual, WAVES)));
    expect(answers).toMatchObject([{ step: 1, height: expect.any(Number) }]);
  });

  test('is judged by a part that was not learnt from', async () => {
    const fit = await fitted(WAVES, FORECAST);
    const { figures, forecast } = fit.judge({ noiseFloor: 0.1 });
    expect(figures.noiseFloor).toBe(0.1);
    expect(forecast?.map(({ at }) => at)).toEqual(Array.from({ length: 18 }, (_, n) => `${102 + n}`));
    const square = (forecast ?? []).reduce((sum, { truth, foretold }) => sum + (truth - foretold) ** 2, 0);
    expect(Math.sqrt(square / 18)).toBeCloseTo(figures.rmse ?? 0, 12);
  });

  test('is gone on with from wherever a training was kept, to the same bits', async () => {
    const whole = await fitted(WAVES, FORECAST);
    for (const [updates, epochs] of [
      [0, 1],
      [2, 3],
      [7, 2],
      [Number.POSITIVE_INFINITY, 3],
    ] as const) {
      const begun = await fitTable(WAVES, { ...FORECAST, settings: { ...FORECAST.settings, epochs } });
      for (let n = 0; n < updates && !begun.training.done; n++) begun.training.step();
      const later = await resumeTable(begun.save(), WAVES, { settings: { epochs: 3 } });
      expect(later.training.history).toEqual(begun.training.history);
      while (!later.training.done) later.training.step();
      expect(later.save()).toEqual(whole.save());
      expect(later.judge()).toEqual(whole.judge());
      expect(later).toMatchObject({ understanding: whole.understanding, rows: whole.rows, sizes: whole.sizes });
    }
  });

  test('is gone on with from the end of a training whose last epoch was not its best; judged, it is what is saved', async () => {
    const rough = { ...FORECAST, settings: { ...FORECAST.settings, learningRate: 0.3, epochs: 12 } };
    const whole = await fitted(WAVES, rough);
    const worse = whole.training.history.filter(({ best }) => !best).map(({ epoch }) => epoch);
    expect(worse.length).toBeGreaterThan(2);
    for (const epochs of worse) {
      const ended = await fitted(WAVES, { ...rough, settings: { ...rough.settings, epochs } });
      const judged = ended.judge();
      const later = await resumeTable(ended.save(), WAVES, { settings: { epochs: 12 } });
      while (!later.training.done) later.training.step();
      expect(later.save()).toEqual(whole.save());
      const fewer = await resumeTable(ended.save(), WAVES, { settings: { epochs: 1 } });
      expect(fewer.training.done).toBe(true);
      expect(fewer.judge()).toEqual(judged);
    }
  });

  test('is gone on with as it was read, whatever it is called; another one is refused', async () => {
    const odd = WAVES.replaceAll(',', ';');
    const fit = await fitted(odd, { ...FORECAST, name: 'waves.txt.csv', delimiter: ';' });
    const model = fit.save();
    const { training, settings } = await resumeTable(model, odd, { name: 'other.tsv', settings: { epochs: 5 } });
    expect(training.done).toBe(false);
    expect(settings).toEqual({ ...fit.settings, epochs: 5 });
    expect(() => resumeTable(model, WAVES)).toThrow(/^source: expected the table that the model was made of/);
    const wrong = (options: unknown) => () => resumeTable(model, odd, options as ResumeTableOptions);
    expect(wrong({ settings: { hidden: 3 } })).toThrow(/^settings: expected no names but epochs, patience/);
    expect(wrong({ settings: { epochs: 0 } })).toThrow(/^epochs: /);
    expect(wrong({ delimiter: ',' })).toThrow(/^options: expected no names but name, settings/);
    expect(() => resumeTable('model' as never, odd)).toThrow(/^model: expected the bytes of a file/);
    expect(() => resumeTable(new Uint8Array(9), odd)).toThrow(/^model: /);
    const { model: net, note, scaler, training: stood = null } = load(model, { as: 'any' });
    const { source, ...rest } = note as { readonly source: object };
    const noted = (more: object) =>
      save(net, {
        ...(scaler && { scaler }),
        ...(stood && { training: stood }),
        note: { ...rest, source: { ...source, ...more } },
      });
    await expect(resumeTable(noted({}), odd)).resolves.toBeDefined();
    for (const more of [{ open: 'x' }, { format: 'xlsx' }, { missing: 1 }, { missingValues: 'NA' }, { sha256: 0 }])
      expect(() => resumeTable(noted(more), odd)).toThrow(/^model: expected a model that bptt fit wrote/);
  });

  test.each<[string, string, FitTableOptions, RegExp]>([
    [
      'has rows of as many fields',
      'a\n1\n2,3\n',
      FORECAST,
      /^table\.csv:3: expected 1 fields, as the header has, got 2$/,
    ],
    [
      'has numbers where numbers are',
      `${WAVES}120,high\n`,
      FORECAST,
      /^table\.csv:122 "height": expected a finite number/,
    ],
    ['has more than a row', 'a\n1\n', FORECAST, /^table\.csv:2 "a": expected a series of at least \d+ rows/],
    ['is not empty', '', FORECAST, /^table\.csv:1: expected the names of the columns, got an empty file$/],
    [
      'has the column',
      WAVES,
      { ...FORECAST, target: 'depth' },
      /^target: expected one of the columns time, height, got depth$/,
    ],
    ['has two of a class', 'text,kind\nab,a\nba,b\n', { task: 'classify' }, /at least 2 sequences of every class/],
  ])('%s, or it is said where not', async (_, table, options, message) => {
    await expect(fitTable(table, options)).rejects.toThrow(message);
  });

  test('has options that there are, or they are refused at once', () => {
    const wrong = (options: unknown) => () => fitTable(WAVES, options as FitTableOptions);
    expect(wrong({ task: 'guess' })).toThrow(/^task: expected one of forecast, classify, tag, translate, language/);
    expect(wrong({ ...FORECAST, settings: { hiden: 3 } })).toThrow(/^settings: expected no names but hidden/);
    expect(wrong({ ...FORECAST, settings: { test: 0.9 } })).toThrow(/^test: expected less than what validation leaves/);
    expect(wrong({ ...FORECAST, name: 'waves.xlsx' })).toThrow(/^name: expected a file of CSV/);
    expect(() => answerTable(new Uint8Array(9), WAVES)).toThrow(/^model: /);
  });
});
