/**
 * The lectures' character model, a whole step of training as `CharTrainer` does it: a chunk of 25 symbols of 65, one-hot
 * by index, through 100 units and a readout, cross-entropy, back again, clipping to ±5, Adagrad; the state goes on to the
 * next chunk of the text.
 */
import type { Precision } from '../../lib/engine/precision.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { lectureOptions } from '../../lib/models/char-options.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Random } from '../../lib/random.ts';
import type { FlatMatrix } from '../../lib/views.ts';
import { type Backend, clocked, type Ours, reference } from '../backends.ts';
import type { Tensors } from '../tensors.ts';
import type { Case } from './case.ts';

const { hidden: M, chunk: T, learningRate, clipValue } = lectureOptions;
const C = 65;
/** Chunks of the text, which is long enough to have every symbol. */
const CHUNKS = 40;
/** What Adagrad has under its root. */
const EPSILON = 1e-8;

/** Products of T steps: W and V forward, each twice more backward; of U, only the columns that are used. */
const FLOPS = 6 * T * (M * M + C * M);
/** Parameters, gradients and Adagrad's sums, read and written; what is kept of a step. */
const NUMBERS = 6 * (M * M + M * C + M + C * M + C) + T * (6 * M + 6 * C);

export const charStep: Case = {
  name: 'char-step',
  full: false,
  trains: true,
  work: { flops: FLOPS, numbers: NUMBERS, tokens: T },
  open() {
    const rng = new Random(1);
    const text = drawnText(CHUNKS * T + 1, C, rng);
    const { model, train } = new CharTrainer(text, { heldOut: 0 }, reference.engine('f64'));
    const { params: start } = model.net;
    normal(0.1)(start, rng);
    const params = start.values.slice();
    const how = { learningRate, epsilon: EPSILON, clip: clipValue ?? Number.POSITIVE_INFINITY };
    return {
      problem: { kind: 'char', m: M, C, T, params: byName(start.named()), text: [...train], ...how },
      ours: (backend, precision) => contender(backend, precision, text, params),
    };
  },
};

function contender(backend: Backend, precision: Precision, text: string, params: Float64Array): Ours {
  const begin = () => {
    const trainer = new CharTrainer(text, { heldOut: 0 }, backend.engine(precision));
    trainer.model.net.params.values.set(params);
    return trainer;
  };
  const trainer = begin();
  return {
    outside: 3 * params.byteLength, // with gradients and Adagrad's sums
    run: times => clocked(times, () => trainer.step()),
    result() {
      const fresh = begin();
      const first = fresh.step();
      const gradients = byName(fresh.model.net.params.namedGrads(), 'd');
      return { losses: Float64Array.of(T * first.loss, T * fresh.step().loss), ...gradients };
    },
  };
}

/** A text of so many symbols, of which there are C: every one is in it. */
export function drawnText(length: number, C: number, rng: Random): string {
  const every = Array.from({ length: C }, (_, k) => k);
  const drawn = Array.from({ length: length - C }, () => Math.floor(C * rng.uniform()));
  return [...every, ...drawn].map(k => String.fromCodePoint(48 + k)).join('');
}

/** Copies of parameters or gradients, by the lecture's letters. */
export function byName(matrices: Readonly<Record<string, FlatMatrix>>, prefix: string = ''): Tensors {
  return Object.fromEntries(
    Object.entries(matrices).map(([name, { data, offset, rows, columns }]) => [
      prefix + name.slice(name.indexOf('.') + 1),
      Float64Array.from(data.subarray(offset, offset + rows * columns)),
    ]),
  );
}
