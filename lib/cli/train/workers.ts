/** The option --workers: how many threads a run's batches are done by. */
import { availableParallelism } from 'node:os';
import { ValueError } from '../../errors.ts';
import { MOST_WORKERS, parallel } from '../../parallel/parallel.ts';
import { shardsOf } from '../../parallel/shards.ts';
import { describe } from '../../require.ts';
import type { Run } from './run.ts';

/** How many threads: a number, or as many as there are cores to run them. */
export function workersOf(text: string): number {
  if (text === 'auto') return Math.min(availableParallelism(), MOST_WORKERS);
  const count = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_WORKERS) return count;
  throw new ValueError('--workers', `1 to ${MOST_WORKERS} threads, or auto`, describe(text));
}

/**
 * Has the passes of a run's trainer done in shards, by so many threads: also by one, so that their number changes no bit. A
 * batch that is one shard is done here, by the network itself.
 */
export async function onWorkers({ trainer, engine, workers, ranks }: Run): Promise<void> {
  if (!ranks && shardsOf(trainer.options.batch).length === 1) return;
  const backend = engine === 'reference' ? undefined : engine.backend;
  trainer.through(await parallel(trainer.model.net, { workers, ...(ranks && { ranks }), ...(backend && { backend }) }));
}
