/** `forecast`: what a series does next, of the steps before. */
import { FormatError } from '../errors.ts';
import type { Layer } from '../layers/layer.ts';
import { squaredError } from '../losses/squared-error.ts';
import { Sequence } from '../sequence.ts';
import { mae, rmse } from '../training/metrics.ts';
import { Scaler } from '../training/scaler.ts';
import { windowExamples } from '../training/window-examples.ts';
import { outputsOver, trainingOf } from './batches.ts';
import { needed } from './inputs.ts';
import type { Item } from './items.ts';
import { ofSequences } from './networks.ts';
import type { Answer, Judged, Known, Learnt, Parts, Task } from './task.ts';

/** Every series is cut in time: what is learnt from comes first, what is tested last. */
function split(items: readonly Item[], { settings }: Pick<Known, 'settings'>): Parts {
  const { length, horizon, validation, test } = settings;
  const parts = { train: [] as Item[], validation: [] as Item[], test: [] as Item[] };
  for (const item of items) {
    const n = item.vectors.length;
    const [tested, chosen] = [Math.round(test * n), Math.round(validation * n)];
    const learnt = n - tested - chosen;
    if (learnt < length + horizon || chosen < horizon || tested < horizon) {
      const least = Math.ceil((length + horizon) / (1 - validation - test));
      throw new FormatError(item.place, `a series of at least ${least} rows, for windows of ${length}`, `${n}`);
    }
    parts.train.push(steps(item, 0, learnt));
    parts.validation.push(steps(item, learnt - length, n - tested)); // what is seen may have been learnt from, what is foretold not
    parts.test.push(steps(item, n - tested - length, n));
  }
  return parts;
}

/** One series at least is as long as a window and what it foretells, or throws FormatError naming the longest. */
function requireLong(items: readonly Item[], least: number): void {
  const [first, ...others] = items;
  if (!first) return;
  const longest = others.reduce((one, other) => (other.vectors.length > one.vectors.length ? other : one), first);
  if (longest.vectors.length < least) throw tooShort(longest.place, least, longest.vectors.length);
}

function tooShort(place: string, least: number, rows: number): FormatError {
  return new FormatError(place, `a series of at least ${least} rows`, `${rows}`);
}

/** Steps of a series, from one on to before another. */
function steps(item: Item, from: number, to: number): Item {
  return { ...item, vectors: item.vectors.slice(from, to), times: item.times.slice(from, to) };
}

function know({ train }: Parts, known: Pick<Known, 'understanding' | 'settings'>): Known {
  return { ...known, scaler: Scaler.fit(train.flatMap(({ vectors }) => vectors)) };
}

function learnt(model: Layer, known: Known): Learnt {
  const { understanding, settings } = known;
  const { length, horizon } = settings;
  const scaler = needed(known.scaler, 'scaler');
  const target = understanding.features.indexOf(understanding.target ?? '');
  const [mean = 0, deviation = 1] = [scaler.means[target], scaler.deviations[target] || 1];
  const examplesOf = (items: readonly Item[]) =>
    windowExamples(
      items.map(({ vectors }) => scaler.transform(vectors)),
      { length, horizon, target },
    );
  const inUnits = (y: Sequence) =>
    Sequence.dense(
      Float64Array.from(y.data, o => o * deviation + mean),
      { ...y.extent(), F: y.F },
    );

  return {
    model,
    train: parts => trainingOf(model, examplesOf, squaredError, parts, settings),

    judge(items, { noiseFloor }): Judged {
      requireLong(items, length + horizon);
      const [foretold, came, last]: number[][] = [[], [], []];
      for (const { x, y, target: truth } of outputsOver(model, examplesOf(items))) {
        for (const o of inUnits(y).data) foretold?.push(o);
        for (const o of inUnits(truth).data) came?.push(o);
        for (let b = 0; b < x.B; b++) {
          const now = (x.data[((x.T - 1) * x.B + b) * x.F + target] ?? Number.NaN) * deviation + mean;
          for (let h = 0; h < horizon; h++) last?.push(now);
        }
      }
      const [o, y, naive] = [foretold, came, last].map(numbers =>
        Sequence.dense(numbers ?? [], { T: (numbers ?? []).length / horizon, F: horizon }),
      ) as [Sequence, Sequence, Sequence];
      const floor = horizon === 1 ? (noiseFloor ?? null) : null;
      const figures = { rmse: rmse(o, y), mae: mae(o, y), naiveRmse: rmse(naive, y), noiseFloor: floor };
      const at = items.flatMap(({ times, vectors }) =>
        Array.from({ length: vectors.length - length - horizon + 1 }, (_, n) => times[length + n] ?? `${n + 1}`),
      );
      return {
        figures,
        lines: [
          `RMSE ${figures.rmse.toPrecision(4)}, mean error ${figures.mae.toPrecision(4)}, of ${o.T} forecasts`,
          `the last value, foretold again: RMSE ${figures.naiveRmse.toPrecision(4)}`,
          ...(floor === null ? [] : [`noise floor: RMSE ${floor.toPrecision(4)}`]),
        ],
        forecast: at.map((when, n) => ({
          at: when,
          truth: y.data[n * horizon] ?? 0,
          foretold: o.data[n * horizon] ?? 0,
        })),
      };
    },

    answer: items =>
      items.flatMap(({ vectors, name, place }): Answer[] => {
        if (vectors.length < length) throw tooShort(place, length, vectors.length);
        const { y, tape } = model.forward(Sequence.pack([scaler.transform(vectors.slice(-length))]));
        const answers = Array.from(inUnits(y).data, (o, h) => ({
          ...(name !== undefined && { [understanding.sequence ?? 'sequence']: name }),
          step: h + 1,
          [understanding.target ?? 'target']: o,
        }));
        model.release?.(tape);
        return answers;
      }),
  };
}

/** The next steps of a series. */
export const forecast: Task = {
  split,
  know,
  build: ({ understanding, settings }, cell) =>
    ofSequences({ inputs: understanding.features.length, outputs: settings.horizon, symbols: false, cell, settings }),
  learnt: (model, known) => learnt(model as Layer, known),
};
