/** `translate`: one sequence of tokens becomes another, by an encoder and a decoder that attends to it. */
import type { Cell } from '../cells/cell.ts';
import { greatest } from '../extremes.ts';
import type { Attentive } from '../layers/attention/attentive.ts';
import type { Layer } from '../layers/layer.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import type { EncoderDecoder } from '../models/encoder-decoder.ts';
import { translator } from '../models/translator.ts';
import { Sequence } from '../sequence.ts';
import { bleu } from '../training/bleu.ts';
import { pairs } from '../training/pairs.ts';
import { meanLoss, trainingOf } from './batches.ts';
import { MARKS, needed, vocabularyOf } from './inputs.ts';
import type { Item } from './items.ts';
import { joined } from './language.ts';
import { initialise } from './networks.ts';
import { drawn } from './split.ts';
import type { Known, Learnt, Task } from './task.ts';

type Translator = EncoderDecoder<Layer | Attentive>;

/** A network that has learnt nothing. */
function build({ vocabulary, settings }: Known, cell: Cell): Translator {
  const net = translator(cell, { classes: vocabulary?.size ?? 1, m: settings.hidden });
  initialise(net.params, settings);
  return net;
}

function learnt(model: Translator, known: Known): Learnt {
  const { understanding, settings } = known;
  const vocabulary = needed(known.vocabulary, 'vocabulary');
  const { size: classes } = vocabulary;
  const [start, stop] = [MARKS.start, MARKS.stop].map(mark => vocabulary.classOf(mark)) as [number, number];
  const examplesOf = (items: readonly Item[]) =>
    pairs({
      x: items.map(({ tokens }) => vocabulary.encode(tokens)),
      y: items.map(({ target }) => vocabulary.encode(target, { start: true, stop: true })),
      classes,
    });
  const translated = (items: readonly Item[]): readonly (readonly string[])[] => {
    const source = Sequence.pack(
      items.map(({ tokens }) => vocabulary.encode(tokens)),
      { classes },
    );
    const maxLength = settings.length;
    return model.decode(source, { start, stop, maxLength }).map(symbols => vocabulary.decodeTokens(symbols));
  };

  return {
    model,
    train: parts => trainingOf(model, examplesOf, crossEntropy, parts, settings),

    judge(items) {
      const loss = meanLoss(model, examplesOf(items), crossEntropy);
      const written = translated(items);
      const right = items.filter(({ target }, n) => joined(target, known) === joined(written[n] ?? [], known)).length;
      const score = bleu(
        written,
        items.map(({ target }) => [target]),
      );
      const figures = { loss, exact: right / items.length, bleu: score.bleu };
      return {
        figures,
        lines: [
          `${(100 * figures.exact).toFixed(1)} % of ${items.length} translated without a mistake, BLEU ${figures.bleu.toFixed(3)}`,
          ...items
            .slice(0, 5)
            .map(({ tokens }, n) => `  ${joined(tokens, known)} → ${joined(written[n] ?? [], known)}`),
        ],
      };
    },

    answer(items) {
      const written = translated(items);
      return items.map(({ line, tokens }, n) => ({
        line,
        [understanding.text ?? 'source']: joined(tokens, known),
        [understanding.target ?? 'target']: joined(written[n] ?? [], known),
      }));
    },
  };
}

/** Another text for a text. */
export const translate: Task = {
  split: (items, { settings }) => drawn(items, settings),
  know({ train }, { understanding, settings }) {
    const tokens = train.flatMap(item => [...item.tokens, ...item.target]);
    const longest = greatest(train.map(({ target }) => target.length));
    // What is written is no longer than twice the longest that was learnt from.
    return {
      understanding,
      settings: { ...settings, length: 2 * longest + 1 },
      vocabulary: vocabularyOf(tokens, understanding.level),
    };
  },
  build,
  learnt: (model, known) => learnt(model as Translator, known),
};
