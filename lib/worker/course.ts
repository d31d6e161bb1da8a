/** A training in a worker, which runs and stands as it is told. */
import { save } from '../io/model-file.ts';
import type { Layer } from '../layers/layer.ts';
import { requireInstance } from '../require.ts';
import type { Matrices } from '../shape.ts';
import { carryOn } from '../training/fit.ts';
import { Training, type Update } from '../training/training.ts';
import type { TrainingState } from '../training/training-state.ts';
import type { FromPage, FromWorker } from './messages.ts';

/** Milliseconds between two messages with updates: a page draws no more often. */
const FRAME = 16;

/** What can be done with it, at any time between two updates. */
export interface Course {
  /** Goes on, and tells of every update, until all is done or it is paused. */
  resume(): Promise<void>;
  pause(): void;
  state(): TrainingState;
  /** A model file, with the state. */
  save(): Uint8Array;
}

/**
 * A course that stands where it begins, or where another stood.
 *
 * @param make the training, of what the page has given.
 * @throws ValueError when it makes none, or the other was not of such a one; what `make` throws.
 */
export async function begun(
  make: (given: unknown) => unknown,
  { given, from }: Extract<FromPage, { readonly bptt: 'begin' }>,
  tell: (message: FromWorker) => void,
): Promise<Course> {
  const training = requireInstance('make(given)', (await make(given)) as Training<unknown, Matrices, Layer>, Training);
  if (from !== undefined) training.resume(from);
  let goes = false;
  let running: AbortController | undefined;
  let updates: Update[] = [];
  let told = performance.now();

  const send = () => {
    if (updates.length > 0) tell({ bptt: 'updates', updates });
    updates = [];
    told = performance.now();
  };
  const on = (update: Update) => {
    updates.push(update);
    if (performance.now() - told > FRAME) send();
  };

  return {
    async resume() {
      goes = true;
      if (running) return; // and sees that it is to go on
      try {
        while (goes && !training.done) {
          running = new AbortController();
          await carryOn(training, { on, signal: running.signal });
        }
      } finally {
        running = undefined;
        goes = false;
        send();
      }
      if (training.done) tell({ bptt: 'done' });
    },
    pause() {
      goes = false;
      running?.abort();
    },
    state: () => training.state(),
    save: () => save(training.model, { training: training.state() }),
  };
}
