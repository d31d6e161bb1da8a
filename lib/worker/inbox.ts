/** What comes one after the other, for a loop that waits for it. */
export class Inbox<T extends object> {
  readonly #items: T[] = [];
  #end: { readonly error?: unknown } | undefined;
  #waiting: (() => void)[] = [];

  put(items: readonly T[]): void {
    for (const item of items) this.#items.push(item);
    this.#wake();
  }

  /** No more comes for now: a loop ends when it has all, with an error where there is one. */
  end(how: { readonly error?: unknown }): void {
    this.#end = how;
    this.#wake();
  }

  /** More comes. */
  open(): void {
    this.#end = undefined;
  }

  async *items(): AsyncGenerator<T, void, undefined> {
    for (;;) {
      for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) yield item;
      if (this.#end && 'error' in this.#end) throw this.#end.error;
      if (this.#end) return;
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
