/** What a process holds on to: measured between steps of a long training, and between trainings. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { runtime } from '../../lib/engine/precision.ts';
import { encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { evaluate, sample } from '../../lib/models/char-model.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';

/** Bytes that are held after a collection of garbage, and how many listeners and handles. */
export interface Held {
  /** Objects, and the memory of arrays. */
  readonly heap: number;
  readonly arrays: number;
  /** WebAssembly's memory, and how much of it is given out. */
  readonly wasm: number;
  readonly blocks: number;
  readonly listeners: number;
  readonly handles: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What this process holds now. */
export function held(): Held {
  collect();
  collect();
  const { heapUsed: heap, arrayBuffers: arrays } = process.memoryUsage();
  const { memory, held: blocks } = runtime('f64', false).heap;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const handles = process.getActiveResourcesInfo().length;
  return { heap, arrays, wasm: memory.buffer.byteLength, blocks, listeners, handles };
}

/**
 * Trains a small model, and reads, samples and saves it now and then as the command does.
 *
 * @returns what was held so many times on the way, the first time after a tenth of the steps.
 */
export function heldWhileTraining(steps: number, readings: number): Held[] {
  const text = 'the quick brown fox jumps over the lazy dog\n'.repeat(30);
  const trainer = new CharTrainer(text, { hidden: 8, chunk: 10 });
  const first = Math.ceil(steps / 10);
  const every = Math.floor((steps - first) / (readings - 1));
  const found: Held[] = [];
  for (let n = 1; n <= steps; n++) {
    trainer.step();
    if (n % 100 === 0) {
      evaluate(trainer.model, trainer.heldOut);
      sample(trainer.model, { prompt: 't', length: 10, rng: trainer.random });
      encodeCheckpoint(trainer);
    }
    if (n >= first && (n - first) % every === 0) found.push(held());
  }
  return found;
}
