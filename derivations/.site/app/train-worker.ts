/** Trains language models off the page's thread, and says what their units do. */
import {
  type CharModel,
  CharTrainer,
  cellNamed,
  cells,
  type Engine,
  Random,
  recurrent,
  rnn,
  Sequence,
  sample,
} from 'bptt';
import { interpretable } from 'bptt/flow';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, resumeTrainer } from 'bptt/io';
import { expose } from 'bptt/worker';
import { textOf } from './text-of.ts';
import type {
  CheckpointFacts,
  Choice,
  Given,
  Own,
  OwnAnswer,
  Saved,
  TextFacts,
  Track,
  Trained,
} from './train-messages.ts';
import { unitsOver } from './units.ts';

const worker = self as unknown as {
  addEventListener(type: 'message', hear: (event: MessageEvent<unknown>) => void): void;
  postMessage(answer: OwnAnswer): void;
};

/** What is trained, once it is made. */
let trained: Promise<CharTrainer> | undefined;
/** What can be looked at: a trainer's model, or that of a checkpoint without its text. */
let model: CharModel | undefined;
/** The text that is shown: classes, of what is held back where there is that. */
let shown: Int32Array | undefined;

expose((given: Given) => {
  trained = made(given);
  return trained;
});

async function made(given: Given): Promise<CharTrainer> {
  const text = readText(given.text);
  const engine = engineThere();
  const trainer = given.checkpoint
    ? resumeTrainer(decodeCheckpoint(given.checkpoint, 'checkpoint'), text, engine)
    : newTrainer(text, given.choice, engine);
  model = trainer.model;
  shown = trainer.heldOut.length >= LEAST_SHOWN ? trainer.heldOut : trainer.train;
  worker.postMessage({ own: 'made', answer: madeOf(trainer, engine) });
  return trainer;
}

worker.addEventListener('message', async ({ data }) => {
  if (typeof data !== 'object' || data === null || !('own' in data)) return;
  const question = data as Own;
  try {
    worker.postMessage({ own: question.own, answer: await answerTo(question) });
  } catch (error) {
    worker.postMessage({ own: question.own, why: error instanceof Error ? error.message : String(error) });
  }
});

function answerTo(question: Own): unknown {
  if (question.kind === 'text') return factsOf(question.text, question.level);
  if (question.kind === 'open') return opened(question.checkpoint, question.text);
  if (question.kind === 'save') return trained?.then(trainer => savedOf(trainer, question.source));
  if (!model || !shown) throw new Error('There is no network yet.');
  if (question.kind === 'units') return unitsOver(model, shown, question.layer);
  if (question.kind === 'track') return tracks(model, shown, question.layer);
  const { prompt, temperature, seed } = question;
  const { level } = model;
  const first = prompt === '' ? (level === 'word' ? '' : Int32Array.of(shown[0] ?? 0)) : prompt;
  return prompt + sample(model, { prompt: first, length: 300, temperature, rng: new Random(seed) });
}

/** The file of `bptt train`, with the update it is of: the page has not yet heard of the last ones. */
function savedOf(trainer: CharTrainer, source: unknown): Saved {
  return { bytes: Uint8Array.from(encodeCheckpoint(trainer, { source })), step: trainer.position.step };
}

function readText(bytes: Uint8Array): string {
  const read = textOf(bytes);
  if ('why' in read) throw new Error(read.why);
  return read.text;
}

/** Symbols that are shown at least, or the text that is learnt from is. */
const LEAST_SHOWN = 200;

/** The part of a text that is held back, where it is long enough. */
const HELD_OUT = 0.1;

/** A trainer by what was chosen, in fewer streams and shorter chunks where the text is too short for them. */
function newTrainer(text: string, choice: Choice, engine: Engine): CharTrainer {
  const symbols = Math.floor(text.length * (choice.level === 'word' ? 0.15 : 1));
  const heldOut = symbols >= 1000 ? HELD_OUT : 0;
  const learnt = Math.floor(symbols * (1 - heldOut));
  const chunk = Math.max(1, Math.min(choice.chunk, learnt - 1));
  const batch = Math.max(1, Math.min(choice.batch, Math.floor((learnt - 1) / (4 * chunk))));
  const { cell, level, hidden, layers, learningRate } = choice;
  const own = { level, hidden, layers, learningRate, chunk, batch, heldOut, cell: cellNamed(cell, cells) };
  return new CharTrainer(text, { ...own, optimiser: 'adam', initStd: 0.1, clipValue: null, clipNorm: 5 }, engine);
}

function choiceOf({ options }: Pick<Checkpoint, 'options'>): Choice {
  const { cell, level, hidden, layers, learningRate, batch, chunk } = options;
  return { cell: cell.name, level, hidden, layers, learningRate, batch, chunk };
}

function madeOf(trainer: CharTrainer, engine: Engine): Trained {
  return {
    choice: choiceOf(trainer),
    isSlow: engine === 'reference',
    parameters: trainer.model.net.params.size,
    heldOut: trainer.heldOut.length,
  };
}

/** The engine; or where the browser has no WebAssembly with SIMD, the reference: slower, and the same but for rounding. */
function engineThere(): Engine {
  const layer = recurrent(rnn, { d: 1, m: 1 });
  try {
    layer.release?.(layer.forward(Sequence.zeros({ T: 1, F: 1 })).tape);
    return {};
  } catch {
    return 'reference';
  }
}

function factsOf(bytes: Uint8Array, level: Choice['level']): TextFacts {
  const text = readText(bytes);
  if (level === 'byte') return { symbols: new TextEncoder().encode(text).length, different: 256 };
  if (level === 'word') {
    const words = text.split(/\s+/).filter(word => word !== '');
    return { symbols: words.length, different: new Set(words).size };
  }
  const different = new Set<string>();
  let symbols = 0;
  for (const symbol of text) {
    different.add(symbol);
    symbols += 1;
  }
  return { symbols, different: different.size };
}

/** Looks into a checkpoint; its model is what is looked at from then on. */
function opened(bytes: Uint8Array, text: Uint8Array | undefined): CheckpointFacts {
  const checkpoint = decodeCheckpoint(bytes, 'checkpoint');
  const { position, note } = checkpoint;
  const { source } = { ...(note as { readonly source?: { readonly name?: unknown } } | null) };
  const own = text === undefined ? '' : readText(text);
  let isOfText = false;
  try {
    resumeTrainer(checkpoint, own, engineThere());
    isOfText = true;
  } catch {}
  model = checkpoint.model;
  shown = classesOf(model, own);
  return {
    ...{ choice: choiceOf(checkpoint), step: position.step, smoothed: position.smoothed, isOfText },
    source: typeof source?.name === 'string' ? source.name : undefined,
  };
}

/** The beginning of a text as classes; none where the model does not know its symbols. */
function classesOf({ level, vocabulary }: CharModel, text: string): Int32Array {
  try {
    return level === 'char' ? vocabulary.encode(text.slice(0, TRACKED)) : new Int32Array();
  } catch {
    return new Int32Array();
  }
}

/** Symbols by which units are chosen, and symbols they are judged by. */
const TRACKED = 6000;

function tracks(own: CharModel, text: Int32Array, layer: number): readonly Track[] {
  if (own.level !== 'char') return [];
  const read = own.vocabulary.decode(text.subarray(0, TRACKED));
  const walk = interpretable(own, read, { layer });
  let step = walk.next();
  while (!step.done) step = walk.next();
  return step.value.tracked
    .map(({ name, unit, heldOut }) => ({ name, unit, r: heldOut[unit] ?? Number.NaN }))
    .filter(({ r }) => Number.isFinite(r))
    .toSorted((a, b) => Math.abs(b.r) - Math.abs(a.r));
}
