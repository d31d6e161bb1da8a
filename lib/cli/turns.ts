/** Long work that gives signals and the terminal a turn. */
import { setImmediate as breathe } from 'node:timers/promises';

/** Milliseconds after which they have one. */
export const TURN = 30;

/**
 * Runs work that yields now and then to its end, or until it is to stop.
 *
 * @param stopped looked at after every turn.
 * @param at told what was yielded last, at every turn.
 * @returns what the work returns; undefined where it was left off.
 */
export async function inTurns<Y, T>(
  steps: Generator<Y, T, undefined>,
  stopped: () => boolean,
  at: (yielded: Y) => void = () => {},
): Promise<T | undefined> {
  let turn = performance.now();
  while (!stopped()) {
    const { done, value } = steps.next();
    if (done) return value;
    const now = performance.now();
    if (now - turn < TURN) continue;
    turn = now;
    at(value);
    await breathe();
  }
  return undefined;
}
