/** How networks that are held against each other learn a text: all in the same way, and by the same number of updates. */
import type { Cell } from '../cells/cell.ts';
import { linear } from '../engine/linear.ts';
import { recurrent } from '../engine/recurrent.ts';
import { hasKeepingGate } from '../flow/networks.ts';
import { forgetBias, normal, uniformOverRoot } from '../init/initialisers.ts';
import { dropout } from '../layers/dropout.ts';
import type { Layer } from '../layers/layer.ts';
import { stack } from '../layers/stack.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { evaluate } from '../models/char-model.ts';
import type { Vocabulary } from '../models/vocabulary.ts';
import { type WindowNet, windowNet } from '../models/window-net.ts';
import { adam } from '../optim/adam.ts';
import { clipByGlobalNorm } from '../optim/clip.ts';
import { cosine, warmUp } from '../optim/schedules.ts';
import { ParamSet, pick } from '../params.ts';
import { Random } from '../random.ts';
import type { Sequence } from '../sequence.ts';
import { truncated } from '../through-time/truncated.ts';
import { Best } from './best.ts';
import { Descent } from './descent.ts';
import { type Budget, bits, type Learning, type Texts } from './learning.ts';
import { streamsOf } from './streams.ts';

/** Texts read at once, and steps that the gradient goes back. */
const [BATCH, CHUNK] = [16, 50];

/** Examples an update, of the window. */
const EXAMPLES = 200;

/** Features dropped of the hidden layer, and the longest gradient. */
const [RATE, NORM] = [0.5, 1];

/** The longest step, with a memory and without. */
const [RECURRENT_RATE, WINDOW_RATE] = [0.004, 0.008];

/** Looks at the validation text. */
const LOOKS = 12;

/** Half the time of f64, and to 1e-4 the same numbers. */
const F32 = { precision: 'f32' } as const;

/** An embedding, a recurrent layer and a readout, trained by truncated backpropagation through time. */
export function* recurrentNet(cell: Cell, { vocabulary, fit, validation }: Texts, budget: Budget): Learning {
  const { hidden: m, steps, seed } = budget;
  const rng = new Random(seed);
  const C = vocabulary.size;
  const layer = recurrent(cell, { d: m, m }, F32);
  const drop = dropout({ F: layer.outputs, rate: RATE, seed });
  const net = stack({
    embedding: linear({ m: C, C: m }, F32),
    cell: layer,
    dropout: drop,
    readout: linear({ m: layer.outputs, C }, F32),
  });
  initialise(net.params, m, 'embedding.V', 1, rng);
  if (hasKeepingGate(cell)) forgetBias(net.params);
  const foretell = (text: Int32Array): number => {
    drop.training = false;
    const loss = evaluate({ level: 'char', vocabulary, cell, m, layers: 1, embedding: m, net }, text);
    drop.training = true;
    return loss;
  };
  const gradients = chunks(net, fit, vocabulary, () => drop.resample(rng), rng);
  yield* descend(net.params, { steps, learningRate: RECURRENT_RATE }, gradients, () => foretell(validation));
  return { what: `${m} hidden units`, parameters: net.params.size, evaluate: foretell };
}

/** One hidden layer that sees the last N symbols, trained by batches of examples drawn from the text. */
export function* windowOfSymbols({ vocabulary, fit, validation }: Texts, budget: Budget): Learning {
  const { hidden: m, window: N, steps, seed } = budget;
  const rng = new Random(seed);
  const C = vocabulary.size;
  const hidden = windowNet({ C, N, m });
  const drop = dropout({ F: m, rate: RATE, seed });
  const top = stack({ dropout: drop, readout: linear({ m, C }, F32) });
  const params = ParamSet.join({ hidden: hidden.params, top: top.params });
  initialise(params, m, 'hidden.E', 1 / Math.sqrt(N), rng);
  const foretell = (text: Int32Array): number => {
    drop.training = false;
    let loss = 0;
    for (let from = 1; from < text.length; from += EXAMPLES) {
      const places = Int32Array.from({ length: Math.min(EXAMPLES, text.length - from) }, (_, n) => from + n);
      const { loss: own, release } = examples({ hidden, top, text, places });
      release();
      loss += own;
    }
    drop.training = true;
    return loss / (text.length - 1);
  };
  const gradients = batches({ hidden, top, params }, fit, () => drop.resample(rng), rng);
  yield* descend(params, { steps, learningRate: WINDOW_RATE }, gradients, () => foretell(validation));
  return { what: `${m} hidden units, the last ${N} symbols`, parameters: params.size, evaluate: foretell };
}

/** As PyTorch does, but for the matrix that meets the symbols, which is normal: it tells them apart from the start. */
function initialise(params: ParamSet, m: number, symbols: string, std: number, rng: Random): void {
  uniformOverRoot(m)(params, rng);
  normal(std)(pick(params.named(), symbols), rng);
}

/**
 * Adam over gradients that are in `params.grads` whenever the next loss is given, up and down a schedule. The parameters
 * that it ends with are those that did best at the validation text.
 */
function* descend(
  params: ParamSet,
  { steps, learningRate }: { readonly steps: number; readonly learningRate: number },
  gradients: Generator<number, never, undefined>,
  validate: () => number,
): Generator<{ done: number; total: number; note: string }, void, undefined> {
  const warm = Math.ceil(steps / 20);
  const descent = new Descent(params, {
    optimiser: adam(params, { learningRate }),
    schedule: warmUp(warm, cosine({ learningRate, steps: Math.max(1, steps - warm) })),
    clips: [() => clipByGlobalNorm(params, NORM)],
  });
  const every = Math.ceil(steps / LOOKS);
  const best = new Best(params);
  for (let step = 1; step <= steps; step++) {
    descent.step(() => ({ loss: gradients.next().value }));
    if (step % every === 0 || step === steps) best.offer(validate());
    yield { done: step, total: steps, note: bits(best.loss) };
  }
  best.restore();
}

/** The mean loss of chunk after chunk, for ever: the text lies in some rows that are read at once. */
function* chunks(
  net: Layer,
  text: Int32Array,
  { size: classes }: Vocabulary,
  resample: () => void,
  rng: Random,
): Generator<number, never, undefined> {
  const B = Math.max(1, Math.min(BATCH, Math.floor(text.length / (2 * CHUNK))));
  const { x, targets } = streamsOf(text, B, classes);
  for (;;) {
    const from = Math.floor(rng.uniform() * Math.min(CHUNK, x.T)); // chunks end elsewhere each time
    resample();
    const lossOf = (logits: Sequence, start: number, to: number) => {
      const { loss, tape } = crossEntropy.forward(logits, targets(start, to), { reduction: 'mean' });
      return { loss, dy: crossEntropy.backward(tape) };
    };
    for (const { loss } of truncated(net, x, lossOf, { steps: CHUNK, from })) {
      yield loss;
      resample();
    }
  }
}

/** The mean loss of batch after batch, for ever: examples from anywhere in the text. */
function* batches(
  { hidden, top, params }: { readonly hidden: WindowNet; readonly top: Layer; readonly params: ParamSet },
  text: Int32Array,
  resample: () => void,
  rng: Random,
): Generator<number, never, undefined> {
  for (;;) {
    resample();
    const places = Int32Array.from({ length: EXAMPLES }, () => 1 + Math.floor(rng.uniform() * (text.length - 1)));
    const { loss, backward, release } = examples({ hidden, top, text, places });
    params.zeroGrads();
    backward();
    release();
    yield loss / EXAMPLES;
  }
}

/** The loss at some places of a text, how to add its gradient, over their number, and how to give back what that takes. */
function examples({
  hidden,
  top,
  text,
  places,
}: {
  readonly hidden: WindowNet;
  readonly top: Layer;
  readonly text: Int32Array;
  readonly places: Int32Array;
}): { readonly loss: number; backward(): void; release(): void } {
  const { h, tape: hiddenTape } = hidden.forward(text, places);
  const { y, tape: topTape } = top.forward(h);
  const right = places.map(place => text[place] ?? 0);
  const { loss, tape } = crossEntropy.forward(y, right);
  return {
    loss,
    backward() {
      const { dx: dh } = top.backward(topTape, crossEntropy.backward(tape, 1 / places.length));
      hidden.backward(hiddenTape, dh);
    },
    release() {
      top.release?.(topTape);
    },
  };
}
