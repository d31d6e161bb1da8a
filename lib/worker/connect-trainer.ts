/** The page's end: a language model that is trained in a worker, and what it writes. */
import { ValueError } from '../errors.ts';
import { requireChoice } from '../models/choice.ts';
import { LONGEST_TEXT } from '../models/text.ts';
import { describe, requireInteger, requireKnown, requireSize } from '../require.ts';
import type { Matrices } from '../shape.ts';
import { FlatMatrix } from '../views.ts';
import type { RemoteSampleOptions, SentMatrix, TrainerUpdate } from './messages.ts';
import type { Port } from './port.ts';
import { begin, type Remote } from './remote.ts';

/** Where a trainer begins, and where it is done. */
export interface ConnectTrainerOptions {
  /**
   * A checkpoint of another with the same text and options: the bytes of {@link RemoteTrainer.save}, or of a file that
   * `bptt train` wrote. What the options are, `decodeCheckpoint` of `bptt/io` says.
   */
  readonly from?: Uint8Array | undefined;
  /** Updates in all, those before included, after which it is done; without end unless given. */
  readonly steps?: number | undefined;
}

/** How held-out text is foretold. */
export interface RemoteEvaluateOptions {
  /** Symbols of it, from its beginning on; all unless given. */
  readonly symbols?: number;
  /** Streams side by side: 1 unless given; more are faster. */
  readonly streams?: number;
}

/**
 * A `CharTrainer` in a worker, as {@link Remote} says. What is asked of it while it runs is answered between two updates;
 * options that are none are refused at once.
 */
export interface RemoteTrainer extends Remote<TrainerUpdate> {
  /**
   * A checkpoint, in bytes: the file that `bptt train` writes, `bptt sample` reads, and another trainer goes on from to the last bit.
   * The worker may have made more updates by then than a loop was handed: of which one it is, is its `position.step`.
   *
   * @param note any JSON to keep in it.
   */
  save(note?: unknown): Promise<Uint8Array>;
  /** What the model writes now: what `bptt sample` writes of {@link save}. Nothing of the training changes by it. */
  sample(options: RemoteSampleOptions): Promise<string>;
  /** The loss of the held-out text now, in nats a symbol; rejects where none is held out. */
  evaluate(options?: RemoteEvaluateOptions): Promise<number>;
  /** The gradient of the last update, as it was gone by: clipped; by the names of the parameters. Zeros before the first. */
  gradients(): Promise<Matrices>;
}

/**
 * Trains a language model in a worker, whose file says how with {@link expose}.
 *
 * @param worker a `Worker`, or a `MessagePort`.
 * @param given what the trainer is made of: whatever structured cloning carries. A cell goes there by its name, or as the text of a derivation.
 * @throws ValueError when `worker` is no end of a channel, `given` cannot be sent, or an option is none.
 *
 * @example
 * ```ts
 * import { CharTrainer } from 'bptt';
 * import { decodeCheckpoint } from 'bptt/io';
 * import { connectTrainer, expose } from 'bptt/worker';
 *
 * const { port1, port2 } = new MessageChannel(); // in a page: new Worker('train.js', { type: 'module' })
 * expose(({ text }: { text: string }) => new CharTrainer(text, { hidden: 8, chunk: 4, heldOut: 0 }), port2);
 *
 * const trainer = connectTrainer(port1, { text: 'hello' }, { steps: 200 });
 * for await (const { step, loss } of trainer) if (step === 200) console.log(loss < 0.1); // → true
 * console.log(await trainer.sample({ prompt: 'h', length: 4, temperature: 0 })); // → ello
 * console.log(decodeCheckpoint(await trainer.save()).position.step); // → 200
 * trainer.stop();
 * ```
 */
export function connectTrainer(worker: Port, given?: unknown, options: ConnectTrainerOptions = {}): RemoteTrainer {
  const { from, steps } = requireKnown('options', options, ['from', 'steps']);
  if (steps !== undefined) requireSize('steps', steps);
  const { remote, ask } = begin<TrainerUpdate>(worker, given, { what: 'trainer', from, steps });
  return {
    ...remote,
    save: (note = null) => ask({ what: 'save', note }, 'note'),
    sample: options => ask({ what: 'sample', options: requireSample(options) }),
    evaluate(options = {}) {
      const { symbols, streams = 1 } = requireKnown('options', options, ['symbols', 'streams']);
      if (symbols !== undefined) requireSize('symbols', symbols);
      return ask({ what: 'evaluate', symbols, streams: requireSize('streams', streams) });
    },
    gradients: async () => matricesOf(await ask({ what: 'gradients' })),
  };
}

function requireSample(options: RemoteSampleOptions): RemoteSampleOptions {
  const known = requireKnown('options', options, ['seed', 'prompt', 'length', 'temperature', 'topK', 'topP']);
  const { seed = 1, prompt = '', length } = known;
  requireInteger('length', length, 1, LONGEST_TEXT);
  requireInteger('seed', seed, 0, 2 ** 32 - 1);
  requireChoice(known);
  if (typeof prompt !== 'string') throw new ValueError('prompt', 'a text', describe(prompt));
  return known;
}

function matricesOf(sent: Readonly<Record<string, SentMatrix>>): Matrices {
  const entries = Object.entries(sent).map(([name, { data, rows, columns }]) => [
    name,
    new FlatMatrix(data, rows, columns),
  ]);
  return Object.fromEntries(entries);
}
