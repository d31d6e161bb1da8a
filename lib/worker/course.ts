/** What is trained in a worker, which runs and stands as it is told. */

import type { Update } from '../training/training.ts';
import { type Going, inTurns } from '../training/turns.ts';
import type { Asked, FromWorker, TrainerUpdate } from './messages.ts';

/** Milliseconds between two messages with updates: a page draws no more often. */
const FRAME = 16;

/** What can be done with it, at any time between two updates. */
export interface Course {
  /** Goes on, and tells of every update, until all is done or it is paused. */
  resume(): Promise<void>;
  pause(): void;
  /** What is asked for, as it is between two updates, or rejects with what is wrong. */
  answer(asked: Asked): Promise<unknown>;
}

/** A course of what goes step by step; it stands at first. */
export function courseOf<U extends Update | TrainerUpdate>(
  going: Going<U>,
  tell: (message: FromWorker) => void,
  answer: (asked: Asked) => unknown,
): Course {
  let goes = false;
  let running: AbortController | undefined;
  let updates: U[] = [];
  let told = performance.now();
  /** Who waits for the update that is being made. */
  const waiting: (() => void)[] = [];
  let isBetween = true;

  const between = () => {
    isBetween = true;
    for (const go of waiting.splice(0)) go();
  };
  const steps = {
    get done() {
      return going.done;
    },
    stepAsync() {
      isBetween = false;
      return going.stepAsync().finally(between);
    },
  };
  const send = () => {
    if (updates.length > 0) tell({ bptt: 'updates', updates });
    updates = [];
    told = performance.now();
  };
  const on = (update: U) => {
    updates.push(update);
    if (performance.now() - told > FRAME) send();
  };

  return {
    async resume() {
      goes = true;
      if (running) return; // and sees that it is to go on
      try {
        while (goes && !going.done) {
          running = new AbortController();
          await inTurns(steps, { on, signal: running.signal });
        }
      } finally {
        running = undefined;
        goes = false;
        send();
      }
      if (going.done) tell({ bptt: 'done' });
    },
    pause() {
      goes = false;
      running?.abort();
    },
    async answer(asked) {
      if (isBetween) return answer(asked);
      return new Promise((resolve, reject) =>
        waiting.push(() => {
          try {
            resolve(answer(asked));
          } catch (error) {
            reject(error);
          }
        }),
      );
    },
  };
}
