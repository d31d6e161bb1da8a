/** What a worker trains, of what the page has given: it stands where it begins, or where another stood. */
import { cells } from '../cells/index.ts';
import { ValueError } from '../errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../io/checkpoint.ts';
import { save } from '../io/model-file.ts';
import { restoreTrainer } from '../io/resume-trainer.ts';
import type { Layer } from '../layers/layer.ts';
import { defaultPrompt, evaluate, sample } from '../models/char-model.ts';
import { CharTrainer } from '../models/char-trainer.ts';
import { Random } from '../random.ts';
import { describe, requireInstance } from '../require.ts';
import type { Matrices } from '../shape.ts';
import { Training } from '../training/training.ts';
import { type Course, courseOf } from './course.ts';
import type { Asked, Begin, FromWorker, RemoteSampleOptions, SentMatrix } from './messages.ts';

type Tell = (message: FromWorker) => void;

/**
 * @param make what is trained.
 * @throws ValueError when it makes none, or another one than the page awaits, or where it is to go on is no place of it; what
 * `make` throws.
 */
export async function begun(make: (given: unknown) => unknown, begin: Begin, tell: Tell): Promise<Course> {
  const made = await make(begin.given);
  if (begin.what === 'trainer')
    return trainerCourse(requireInstance('make(given)', made as CharTrainer, CharTrainer), begin, tell);
  const training = requireInstance('make(given)', made as Training<unknown, Matrices, Layer>, Training);
  if (begin.from !== undefined) training.resume(begin.from);
  return courseOf(training, tell, ({ what }) => {
    if (what === 'snapshot') return training.state();
    if (what === 'save') return save(training.model, { training: training.state() });
    throw unknown(what);
  });
}

function trainerCourse(
  trainer: CharTrainer,
  {
    from,
    steps = Number.POSITIVE_INFINITY,
  }: { readonly from?: Uint8Array | undefined; readonly steps?: number | undefined },
  tell: Tell,
): Course {
  if (from !== undefined) {
    const { cell } = trainer.options;
    restoreTrainer(trainer, decodeCheckpoint(from, 'from', { ...cells, [cell.name]: cell }));
  }
  const going = {
    get done() {
      return trainer.position.step >= steps;
    },
    async stepAsync() {
      const { step, loss, smoothed } = await trainer.stepAsync();
      return { step, loss, smoothed, norm: trainer.position.norms.at(-1) ?? Number.NaN };
    },
  };
  return courseOf(going, tell, asked => answerOf(trainer, asked));
}

function answerOf(trainer: CharTrainer, asked: Asked): unknown {
  if (asked.what === 'save') return encodeCheckpoint(trainer, asked.note);
  if (asked.what === 'sample') return written(trainer, asked.options);
  if (asked.what === 'gradients') return gradientsOf(trainer);
  if (asked.what === 'snapshot') throw unknown(asked.what);
  const { model, heldOut } = trainer;
  return evaluate(model, heldOut.subarray(0, asked.symbols), asked.streams);
}

/** Options are those that the page has seen to. */
function written(
  { model }: CharTrainer,
  { seed = 1, prompt = defaultPrompt(model), ...options }: RemoteSampleOptions,
): string {
  return sample(model, { ...options, prompt, rng: new Random(seed) });
}

function gradientsOf({ model }: CharTrainer): Readonly<Record<string, SentMatrix>> {
  const sent = Object.entries(model.net.params.namedGrads()).map(([name, { data, offset, rows, columns }]) => [
    name,
    { rows, columns, data: Float64Array.from(data.subarray(offset, offset + rows * columns)) },
  ]);
  return Object.fromEntries(sent);
}

function unknown(what: string): ValueError {
  return new ValueError('asked', 'what such a training can tell', describe(what));
}
