/** `classify`: which class a sequence is of. */
import type { Layer } from '../layers/layer.ts';
import { crossEntropy, logSoftmax } from '../losses/cross-entropy.ts';
import { argmaxLast } from '../training/classes.ts';
import { type Examples, examples } from '../training/examples.ts';
import { meanLoss, outputsOver, trainingOf } from './batches.ts';
import { classesOf, classOf, judgedClasses } from './classes.ts';
import { inputsOf, knowInputs, packed, widthOf } from './inputs.ts';
import type { Item } from './items.ts';
import { ofSequences } from './networks.ts';
import { drawn } from './split.ts';
import type { Answer, Known, Learnt, Task } from './task.ts';

function learnt(model: Layer, known: Known): Learnt {
  const { understanding, settings, classes = [] } = known;
  const right = (items: readonly Item[]) => items.map(({ target, place }) => classOf(target[0] ?? '', classes, place));
  const examplesOf = (items: readonly Item[]): Examples<Int32Array> =>
    examples({ ...inputsOf(items, known), y: right(items) });

  return {
    model,
    train: parts => trainingOf(model, examplesOf, crossEntropy, parts, settings),

    judge(items) {
      const given = examplesOf(items);
      const foretold: number[] = [];
      for (const { y } of outputsOver(model, given)) for (const k of argmaxLast(y)) foretold.push(k);
      const { figures, ...more } = judgedClasses(foretold, right(items), classes, 'sequences');
      return { figures: { ...figures, loss: meanLoss(model, given, crossEntropy) }, ...more };
    },

    answer(items) {
      const { y, tape } = model.forward(packed(items, known));
      const logs = logSoftmax(y.rows());
      const answers = Array.from(argmaxLast(y), (k, b): Answer => {
        const { line, name } = items[b] ?? { line: 0, name: undefined };
        return {
          ...(name === undefined ? { line } : { [understanding.sequence ?? 'sequence']: name }),
          [understanding.target ?? 'label']: classes[k] ?? '',
          probability: Math.exp(logs.get(b, k)),
        };
      });
      model.release?.(tape);
      return answers;
    },
  };
}

/** The class of a sequence of numbers or tokens. */
export const classify: Task = {
  split: (items, { settings }) => drawn(items, settings, ({ target }) => target[0] ?? ''),
  know: ({ train }, known) => ({
    ...known,
    ...knowInputs(train, known.understanding.level),
    classes: classesOf(train.map(({ target }) => target[0] ?? '')),
  }),
  build: (known, cell) =>
    ofSequences({ ...widthOf(known), outputs: known.classes?.length ?? 1, cell, settings: known.settings }),
  learnt: (model, known) => learnt(model as Layer, known),
};
