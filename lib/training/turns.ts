/** Steps, one after the other, that let the rest of the program have a turn meanwhile. */

/** What goes step by step. */
export interface Going<Update> {
  readonly done: boolean;
  stepAsync(): Promise<Update>;
}

/** What is told of every step, and what stops it between two. */
export interface Onlooker<Update> {
  readonly on?: (update: Update) => void;
  readonly signal?: AbortSignal;
}

/** Milliseconds after which a page, or a terminal, has a turn. */
const TURN = 30;

/** Steps until all is done, or the signal says stop. */
export async function inTurns<Update>(going: Going<Update>, { on, signal }: Onlooker<Update>): Promise<void> {
  let turn = performance.now();
  while (!going.done && !signal?.aborted) {
    const update = await going.stepAsync();
    on?.(update);
    if (performance.now() - turn < TURN) continue;
    await new Promise(resolve => setTimeout(resolve));
    turn = performance.now();
  }
}
