/**
 * A whole step of training as `bptt train` makes it, on one thread or on several: an LSTM over 65 symbols, streams of a text side by
 * side, cross-entropy, back again, clipping to ±5, Adam. Its tokens a second are the symbols that it is trained on in a second.
 */
import { lstm } from '../../lib/cells/lstm.ts';
import { type CharTrainerOptions, lectureOptions } from '../../lib/models/char-options.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import type { Engine } from '../../lib/models/network.ts';
import { Random } from '../../lib/random.ts';
import { clocked, type Ours } from '../backends.ts';
import type { Case } from './case.ts';
import { byName, drawnText } from './char-step.ts';
import { onThreads, Prepared } from './threads.ts';

const [C, RATE, CLIP] = [65, 0.002, 5];
/** Chunks of each stream. */
const CHUNKS = 8;

/** The case of training by so many threads: m units, B streams, 32 of them a thread unless given, chunks of T. */
export function trainCase(
  workers: number,
  [m, B, T]: readonly [m: number, B: number, T: number] = [128, 32 * workers, 25],
): Case {
  const options: CharTrainerOptions = {
    ...{ ...lectureOptions, cell: lstm, hidden: m, chunk: T, batch: B, heldOut: 0, initStd: 0.1 },
    ...{ optimiser: 'adam', learningRate: RATE, clipValue: CLIP },
  };
  const trainers = new Prepared<CharTrainer>();
  const text = drawnText(CHUNKS * T * B + 1, C, new Random(1));
  const begun = (engine: Engine) => new CharTrainer(text, options, engine);
  return {
    name: `train-lstm-m${m}-B${B}-T${T}${workers === 1 ? '' : `-workers${workers}`}`,
    full: false,
    work: {
      flops: 6 * T * B * (4 * m * m + C * m), // W and V forward, each twice more backward; of U, only the columns that are used
      // Parameters, gradients and what Adam remembers, read and written; what is kept of a step.
      numbers: 8 * (4 * m * (m + C + 1) + C * m + C) + T * B * (12 * m + 6 * C),
      tokens: T * B,
    },
    workers,
    trains: true,
    async prepare(backends) {
      if (workers === 1) return;
      await trainers.make(backends, async (backend, precision) => {
        const engine = backend.engine(precision);
        const trainer = begun(engine);
        trainer.through(await onThreads(trainer.model.net, workers, engine));
        return trainer;
      });
    },
    open() {
      const { model, train } = begun('reference');
      const { params: start } = model.net;
      const how = { learningRate: RATE, clip: CLIP };
      return {
        problem: { kind: 'train', m, C, B, T, params: byName(start.named()), text: [...train], ...how },
        ours: (backend, precision) =>
          contender(trainers.of(backend, precision) ?? begun(backend.engine(precision)), start.values, T),
      };
    },
  };
}

function contender(trainer: CharTrainer, params: Float64Array, T: number): Ours {
  const { model, optimiser } = trainer;
  const begin = { ...trainer.position, step: 0, position: 0, norms: [] };
  const rewind = () => {
    model.net.params.values.set(params);
    for (const memory of Object.values(optimiser.memory)) memory.fill(0);
    trainer.moveTo(begin, undefined);
  };
  rewind();
  return {
    outside: 4 * params.byteLength, // with gradients and what Adam remembers
    run: times => clocked(times, () => trainer.step()),
    result() {
      rewind();
      const first = trainer.step();
      const gradients = byName(model.net.params.namedGrads(), 'd');
      return { losses: Float64Array.of(T * first.loss, T * trainer.step().loss), ...gradients };
    },
  };
}
