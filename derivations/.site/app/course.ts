/** The course of a loss, in no more points than are drawn: means over as many updates as that takes. */

/** Points of which two and two become one: fewer are kept. An even number. */
const MOST = 400;

export class Course {
  #points: (readonly [step: number, loss: number])[] = [];
  /** Updates a point. */
  #every = 1;
  #sum = 0;
  #count = 0;

  /** @param before where another stood. */
  constructor(before: readonly (readonly [step: number, loss: number])[] = []) {
    this.#points = [...before];
    const [last, other] = [before.at(-1), before.at(-2)];
    if (last && other) this.#every = Math.max(1, last[0] - other[0]);
  }

  get points(): readonly (readonly [step: number, loss: number])[] {
    return this.#points;
  }

  add(step: number, loss: number): void {
    if (!Number.isFinite(loss)) return;
    this.#sum += loss;
    this.#count += 1;
    if (this.#count < this.#every) return;
    this.#points.push([step, this.#sum / this.#count]);
    [this.#sum, this.#count] = [0, 0];
    if (this.#points.length < MOST) return;
    this.#every *= 2;
    this.#points = this.#points.flatMap(([, loss], n, all) => {
      const next = all[n + 1];
      return n % 2 === 0 && next ? [[next[0], (loss + next[1]) / 2] as const] : [];
    });
  }

  /** The mean of the last points: what the loss is now. */
  now(): number {
    const last = this.#points.slice(-10);
    return last.reduce((sum, [, loss]) => sum + loss, 0) / last.length;
  }
}
