/** `tag`: a class for every step of a sequence, of what comes before it and behind. */
import type { Layer } from '../layers/layer.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { argmax } from '../training/classes.ts';
import { type Examples, examples } from '../training/examples.ts';
import { meanLoss, outputsOver, trainingOf } from './batches.ts';
import { classesOf, classOf, judgedClasses } from './classes.ts';
import { inputsOf, knowInputs, packed, widthOf } from './inputs.ts';
import type { Item } from './items.ts';
import { ofStepsBothWays } from './networks.ts';
import { drawn } from './split.ts';
import type { Answer, Known, Learnt, Task } from './task.ts';

function learnt(model: Layer, known: Known): Learnt {
  const { understanding, settings, classes = [] } = known;
  const examplesOf = (items: readonly Item[]): Examples<Int32Array> =>
    examples({
      ...inputsOf(items, known),
      y: items.map(({ target, place }) => target.map(tag => classOf(tag, classes, place))),
    });

  return {
    model,
    train: parts => trainingOf(model, examplesOf, crossEntropy, parts, settings),

    judge(items) {
      const given = examplesOf(items);
      const [foretold, right]: [number[], number[]] = [[], []];
      for (const { y, target } of outputsOver(model, given)) {
        argmax(y).forEach((k, n) => {
          if (k < 0) return; // padding
          foretold.push(k);
          right.push(target[n] ?? 0);
        });
      }
      const { figures, ...more } = judgedClasses(foretold, right, classes, 'tokens');
      return { figures: { ...figures, loss: meanLoss(model, given, crossEntropy) }, ...more };
    },

    answer(items) {
      const { y, tape } = model.forward(packed(items, known));
      const best = argmax(y);
      const answers = items.map(({ line, name, tokens }, b): Answer => {
        const tags = tokens.map((_, t) => classes[best[t * y.B + b] ?? 0] ?? '');
        return {
          ...(name === undefined ? { line } : { [understanding.sequence ?? 'sequence']: name }),
          [understanding.text ?? 'tokens']: tokens,
          [understanding.target ?? 'tags']: tags,
        };
      });
      model.release?.(tape);
      return answers;
    },
  };
}

/** The tags of tokens. */
export const tag: Task = {
  split: (items, { settings }) => drawn(items, settings),
  know: ({ train, validation, test }, known) => ({
    ...known,
    ...knowInputs(train, known.understanding.level),
    classes: classesOf([...train, ...validation, ...test].flatMap(({ target }) => target)),
  }),
  build: (known, cell) =>
    ofStepsBothWays({ ...widthOf(known), outputs: known.classes?.length ?? 1, cell, settings: known.settings }),
  learnt: (model, known) => learnt(model as Layer, known),
};
