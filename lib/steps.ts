/**
 * Work that is done here and now or, where others do some of it, awaited: stated once, as a generator that yields what may
 * have to be awaited. Who runs it says which way it goes.
 */

/** What is the same thing in two ways. */
interface Part {
  now(): unknown;
  later(): unknown;
}

/** Work that ends in a T. */
export type Steps<T> = Generator<Part, T, unknown>;

/** One thing of it. */
export function* part<T>(now: () => T, later: () => T | PromiseLike<T>): Steps<T> {
  return (yield { now, later }) as T;
}

/** Does it here and now. */
export function now<T>(steps: Steps<T>): T {
  let turn = steps.next();
  while (turn.done !== true) {
    let found: unknown;
    try {
      found = turn.value.now();
    } catch (error) {
      turn = steps.throw(error);
      continue;
    }
    turn = steps.next(found);
  }
  return turn.value;
}

/** Does it, and awaits what has to be awaited. */
export async function later<T>(steps: Steps<T>): Promise<T> {
  let turn = steps.next();
  while (turn.done !== true) {
    let found: unknown;
    try {
      found = await turn.value.later();
    } catch (error) {
      turn = steps.throw(error);
      continue;
    }
    turn = steps.next(found);
  }
  return turn.value;
}
