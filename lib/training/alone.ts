/** One thing after the other: what is awaited is alone until it is over. */
import { ValueError } from '../errors.ts';
import { later, now, type Steps } from '../steps.ts';

export class Alone {
  readonly #argument: string;
  #busy = false;

  /** @param argument what errors call it. */
  constructor(argument: string) {
    this.#argument = argument;
  }

  /** Nothing is awaited, or throws ValueError. */
  require(): void {
    if (this.#busy) throw new ValueError(this.#argument, 'one whose step is over', 'one whose step is awaited');
  }

  now<T>(steps: Steps<T>): T {
    this.require();
    return now(steps);
  }

  async later<T>(steps: Steps<T>): Promise<T> {
    this.require();
    this.#busy = true;
    try {
      return await later(steps);
    } finally {
      this.#busy = false;
    }
  }
}
