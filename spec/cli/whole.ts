/**
 * Runs that are stopped, and held against others that are not. One that is to be stopped has no end that it could come to before, however
 * busy the machine: it gets one when it is gone on with.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';

/** As many steps as no run makes here. */
export const ENDLESS: readonly string[] = ['--steps', '1000000000'];

/**
 * Has the best checkpoint of a run say that there are so many steps in all: one of before the run was stopped says how many there were to
 * be then, and nothing else in it depends on that.
 */
export function saySteps(run: string, steps: number): void {
  const best = join(run, 'best.safetensors');
  if (!existsSync(best)) return;
  const { tensors, metadata } = readSealed(readFileSync(best));
  const note = JSON.parse(metadata.get('note') ?? '') as { readonly schedule: object };
  const changed = JSON.stringify({ ...note, schedule: { ...note.schedule, steps } });
  writeFileSync(best, writeSealed(tensors, { ...Object.fromEntries(metadata), note: changed }));
}
