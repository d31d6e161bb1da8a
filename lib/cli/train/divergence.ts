/** What a training run does when its loss or its gradient is no longer finite. */
import { decodeCheckpoint } from '../../io/checkpoint.ts';
import { readBytes } from '../../io/node/files.ts';
import { resumeTrainer } from '../../io/resume-trainer.ts';
import type { TrainingStep } from '../../models/char-trainer.ts';
import { DivergenceError } from '../../models/divergence.ts';
import { numberedFile, numberedSteps } from '../runs/folder.ts';
import type { Run } from './run.ts';

/** So many chunks left out in a row, or so many times back, and it stops. */
const MOST = 10;

/**
 * One step. A chunk whose gradient is not finite is left out where the run skips such.
 *
 * @throws DivergenceError when it is not, or when ten in a row were left out.
 */
export function stepOf(run: Run, say: (text: string) => void): TrainingStep {
  const { trainer, mishaps } = run;
  try {
    const row = trainer.step();
    if (mishaps.inARow > 0) run.mishaps = { ...mishaps, inARow: 0 };
    return row;
  } catch (error) {
    if (run.schedule.onDivergence !== 'skip' || !(error instanceof DivergenceError)) throw error;
    if (mishaps.inARow === MOST) throw error.with(`${MOST} chunks in a row were skipped`);
    say(`skipped: ${error.message}`);
    run.mishaps = { ...mishaps, skipped: mishaps.skipped + 1, inARow: mishaps.inARow + 1 };
    return trainer.skip();
  }
}

/**
 * Takes a run that has diverged back to its last checkpoint, with half the learning rate it had when it diverged. That is
 * the last one of those saved every --save-every steps: where a signal stopped the run before makes no difference.
 *
 * @throws DivergenceError with advice, where the run is not to go back or has done so ten times.
 */
export function rollBack(run: Run, error: DivergenceError, say: (text: string) => void): void {
  const { files, schedule, trainer, mishaps } = run;
  const { folder } = files;
  const kept = `${files.checkpoint} is as it was`;
  if (schedule.onDivergence === 'skip') throw error.with(kept);
  if (schedule.onDivergence === 'stop') {
    throw error.with(
      `${kept}: train anew with --clip-norm 5 or a smaller --learning-rate, or bptt train --resume ${folder} --on-divergence rollback`,
    );
  }
  if (mishaps.rollbacks === MOST) throw error.with(`went back ${MOST} times, and ${kept}`);
  const last = numberedSteps(folder).findLast(step => step <= trainer.position.step);
  const file = last === undefined ? files.checkpoint : numberedFile(folder, last);
  const known = { [trainer.options.cell.name]: trainer.options.cell };
  const again = resumeTrainer(
    decodeCheckpoint(readBytes(file, { regular: true }), file, known),
    trainer.text,
    run.engine,
  );
  again.optimiser.learningRate = trainer.optimiser.learningRate / 2;
  run.trainer = again;
  run.log.cut(again.position.step);
  run.mishaps = { ...mishaps, rollbacks: mishaps.rollbacks + 1, inARow: 0 };
  say(`back to step ${again.position.step}, learning rate ${again.optimiser.learningRate}: ${error.message}`);
}
