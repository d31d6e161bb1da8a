/** The picture of a training. */
import { greatest } from '../extremes.ts';
import type { Baselines } from '../models/baselines.ts';
import type { TrainingStep } from '../models/char-trainer.ts';
import type { Level } from '../models/level.ts';
import { draw } from '../plot.ts';

/** What is drawn. */
export interface LossPlot {
  readonly rows: readonly TrainingStep[];
  /** Symbols a step. */
  readonly symbols: number;
  /** What a symbol is; a character unless given. */
  readonly level?: Level;
  /** Absent where nothing is held out. */
  readonly baselines?: Baselines;
  /** The held-out loss after the last row. */
  readonly heldOut?: number;
  /** What made the picture: the command, for the caption. */
  readonly caption: string;
}

/** The loss over the symbols read: of each chunk, smoothed, and beside the baselines. */
export function plotLoss({ rows, symbols, level = 'char', baselines, heldOut, caption }: LossPlot): Promise<string> {
  const points = rows.map(({ step, loss, smoothed }) => ({ read: step * symbols, loss, smoothed }));
  const name = level === 'char' ? 'character' : level;
  const last = Math.max(greatest(points.map(({ read }) => read)), 1);
  const levels = baselines
    ? [
        { loss: baselines.uniform, name: 'uniform (every symbol equally likely)' },
        { loss: baselines.unigram, name: 'unigram, held-out text' },
      ]
    : [];
  const end = heldOut === undefined ? [] : [{ read: last, loss: heldOut, name: `held-out ${heldOut.toFixed(2)}` }];
  return draw(Plot => ({
    width: 800,
    height: 450,
    marginLeft: 50,
    marginRight: 110,
    marginTop: 30,
    marginBottom: 72,
    style: { background: 'white', color: 'black', fontSize: '12px' },
    x: {
      label: `${name}s read`,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
      domain: [0, last],
      tickFormat: '~s',
      ticks: 8,
    },
    y: { label: `loss (nats per ${name})`, labelArrow: 'up', grid: true, zero: true },
    marks: [
      Plot.lineY(points, { x: 'read', y: 'loss', stroke: '#bbb', strokeWidth: 0.75 }),
      Plot.lineY(points, { x: 'read', y: 'smoothed', stroke: 'black', strokeWidth: 2 }),
      Plot.ruleY(levels, { y: 'loss', stroke: 'black', strokeDasharray: '6 4' }),
      Plot.text(levels, {
        x: last,
        y: 'loss',
        text: 'name',
        textAnchor: 'end',
        dy: -8,
        stroke: 'white',
        fill: 'black',
      }),
      Plot.dot(end, { x: 'read', y: 'loss', fill: 'black', r: 5 }),
      Plot.text(end, { x: 'read', y: 'loss', text: 'name', textAnchor: 'start', dx: 10 }),
      Plot.text([`${caption}. Grey: each chunk; black: smoothed.`], {
        frameAnchor: 'bottom-left',
        dy: 62,
        fill: '#333',
      }),
      Plot.ruleY([0]),
    ],
  }));
}
