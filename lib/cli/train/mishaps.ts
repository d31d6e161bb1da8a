/** What may befall a training run, and what it is to do then. */

/** Stop, leave the chunk out, or go back to the last checkpoint and on from there with half the learning rate. */
export type OnDivergence = 'stop' | 'skip' | 'rollback';

/** The choices of --on-divergence. */
export const onDivergenceNames: readonly OnDivergence[] = ['stop', 'skip', 'rollback'];

/** What a run has gone through. */
export interface Mishaps {
  /** Chunks left out in all, and since the last update. */
  readonly skipped: number;
  readonly inARow: number;
  readonly rollbacks: number;
}

/** Before the first mishap. */
export const noMishaps: Mishaps = { skipped: 0, inARow: 0, rollbacks: 0 };
