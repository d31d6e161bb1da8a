/** The pictures of `bptt evaluate`, as SVG. */
import { greatest } from '../../extremes.ts';
import { draw, plotCurves } from '../../plot.ts';
import type { Judged, Known } from '../../tasks/task.ts';
import type { Epoch } from '../../training/training-state.ts';

/** Steps of a forecast that are drawn: a reader sees no more. */
const DRAWN = 400;

/** What pictures are called. */
export const pictureNames = ['loss', 'forecast', 'confusion'] as const;

/** All that there is to draw, by name. */
export async function picturesOf(
  { forecast, confusion }: Judged,
  epochs: readonly Epoch[],
  { understanding }: Known,
  command: string,
): Promise<Readonly<Record<string, string>>> {
  return {
    ...(epochs.length > 1 && { loss: await lossOf(epochs, command) }),
    ...(forecast && { forecast: await forecastOf(forecast, understanding.target ?? '', command) }),
    ...(confusion && { confusion: await confusionOf(confusion, command) }),
  };
}

/** The loss after every epoch: of what was learnt from, and of what was chosen by. */
function lossOf(epochs: readonly Epoch[], command: string): Promise<string> {
  const learnt = epochs.map(({ epoch, loss }) => [epoch, loss] as const);
  const chosen = epochs.flatMap(({ epoch, validation }) => (validation === null ? [] : [[epoch, validation] as const]));
  const series = [
    { name: 'learnt from', points: learnt },
    { name: 'validation', points: chosen },
  ].filter(({ points }) => points.length > 0);
  return plotCurves({ x: 'epoch', y: 'loss', series }, `${command}: the loss while the model was trained`);
}

function forecastOf(forecast: NonNullable<Judged['forecast']>, target: string, command: string): Promise<string> {
  const isDated = forecast.every(({ at }) => /^\d{4}-\d\d-\d\d/.test(at) && !Number.isNaN(Date.parse(at)));
  const last = forecast.slice(-DRAWN).map(({ at, truth, foretold }, n) => ({
    step: isDated ? new Date(at) : n + 1,
    truth,
    foretold,
  }));
  return draw(Plot => ({
    width: 900,
    height: 400,
    marginLeft: 55,
    marginRight: 90,
    marginBottom: 72,
    style: { background: 'white', color: 'black', fontSize: '12px' },
    x: { label: isDated ? null : 'step', labelAnchor: 'center', labelArrow: 'none', labelOffset: 36 },
    y: { label: target, labelArrow: 'up', grid: true },
    marks: [
      Plot.line(last, { x: 'step', y: 'truth', stroke: '#888', strokeWidth: 1.5 }),
      Plot.line(last, { x: 'step', y: 'foretold', stroke: 'black', strokeWidth: 1.5, strokeDasharray: '5 3' }),
      Plot.text([`${command}. Grey: what came; dashed: foretold a step before.`], {
        frameAnchor: 'bottom-left',
        dy: 62,
        fill: '#333',
      }),
    ],
  }));
}

/** Pixels of a class. */
const CELL = 34;

/** Rows are what it was, columns what it was taken for; a square is the darker the more of its row is in it. */
function confusionOf({ classes, counts }: NonNullable<Judged['confusion']>, command: string): Promise<string> {
  const squares = counts.flatMap((row, i) => {
    const all = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, j) => ({
      right: classes[i] ?? '',
      taken: classes[j] ?? '',
      count: count === 0 ? '' : `${count}`,
      part: all === 0 ? 0 : count / all,
    }));
  });
  const left = 60 + 7 * greatest(classes.map(({ length }) => length));
  return draw(Plot => ({
    width: Math.max(420, left + 60 + CELL * classes.length),
    height: 150 + CELL * classes.length,
    marginLeft: left,
    marginTop: 60,
    marginBottom: 60,
    style: { background: 'white', color: 'black', fontSize: '12px' },
    x: { label: 'taken for', axis: 'top', domain: classes, labelArrow: 'none' },
    y: { label: 'what it was', domain: classes, labelArrow: 'none' },
    color: { type: 'linear', domain: [0, 1], range: ['white', 'black'] },
    marks: [
      Plot.cell(squares, { x: 'taken', y: 'right', fill: 'part', stroke: '#ccc' }),
      Plot.text(squares, {
        x: 'taken',
        y: 'right',
        text: 'count',
        fill: square => ((square as { readonly part: number }).part > 0.5 ? 'white' : 'black'),
      }),
      Plot.text([command], { frameAnchor: 'bottom-left', dy: 40, fill: '#333' }),
    ],
  }));
}
