/** What a training run says and draws at its end. */
import { basename } from 'node:path';
import { ValueError } from '../errors.ts';
import type { Baselines } from '../models/baselines.ts';
import { type CharModel, defaultPrompt, type SampleOptions, sample } from '../models/char-model.ts';
import { Random } from '../random.ts';
import { plotLoss } from './plot.ts';
import type { Run } from './run.ts';
import { print, printJson, type Verbosity } from './terminal.ts';

/** How a run ended. */
export interface Outcome {
  readonly stopped: string | null;
  readonly levels: Baselines | undefined;
  /** The held-out loss, in nats a symbol; undefined where the run was stopped or its outputs overflow. */
  readonly reached: number | undefined;
}

/** Prints a sample, the losses and the paths; or all of it as one line of JSON. */
export function report(run: Run, { stopped, levels, reached }: Outcome, { json }: Verbosity): void {
  const { trainer, schedule, files, best, mishaps } = run;
  const { step } = trainer.position;
  const { steps, sampleLength: length } = schedule;
  const rng = new Random(trainer.options.seed);
  const text = written(trainer.model, { prompt: defaultPrompt(trainer.model), length, rng });
  if (json) {
    const both = (nats: number | undefined) => (nats === undefined ? null : { nats, bits: nats / Math.LN2 });
    const losses = { heldOut: both(reached), unigram: both(levels?.unigram), uniform: both(levels?.uniform) };
    const { folder, checkpoint, log, plot } = files;
    printJson({
      ok: true,
      step,
      steps,
      stopped,
      ...losses,
      sample: text,
      folder,
      checkpoint,
      best: best && { step: best.step, nats: best.loss, checkpoint: files.best },
      log,
      plot,
      png: schedule.png ? files.png : null,
      skipped: mishaps.skipped,
      rollbacks: mishaps.rollbacks,
    });
    return;
  }
  print(`${text}\n`);
  if (stopped)
    print(`stopped by ${stopped} after step ${step} of ${steps}: bptt train --resume ${files.folder} goes on\n`);
  if (levels && reached !== undefined) {
    const line = (name: string, nats: number) =>
      print(`${name.padEnd(10)} ${nats.toFixed(3)} nats/char   ${(nats / Math.LN2).toFixed(3)} bits/char`);
    line('held-out', reached);
    line('unigram', levels.unigram);
    line('uniform', levels.uniform);
  }
  if (mishaps.skipped > 0) print(`skipped    ${mishaps.skipped} chunks whose gradient was not finite`);
  if (mishaps.rollbacks > 0) print(`went back  ${mishaps.rollbacks} times, to a smaller learning rate`);
  print(`checkpoint ${files.checkpoint}`);
  if (best) print(`best       ${files.best} (step ${best.step})`);
  print(`log        ${files.log}\nplot       ${files.plot}`);
  if (schedule.png) print(`png        ${files.png}`);
}

/** What the model writes; nothing where its outputs overflow. */
export function written(model: CharModel, options: SampleOptions): string {
  try {
    return sample(model, options);
  } catch (error) {
    if (error instanceof ValueError) return '';
    throw error;
  }
}

/** The loss of a run, as SVG. */
export function plotOf({ trainer, source, schedule, log }: Run, levels?: Baselines, reached?: number): Promise<string> {
  const { cell, hidden, layers, chunk, seed } = trainer.options;
  const deep = layers === 1 ? '' : ` --layers ${layers}`;
  const text = source.kind === 'corpus' ? `--corpus ${source.name}` : basename(source.name);
  return plotLoss({
    rows: log.rows,
    chunk,
    ...(levels && { baselines: levels }),
    ...(reached !== undefined && { heldOut: reached }),
    caption: `bptt train ${text} --cell ${cell.name} --hidden ${hidden}${deep} --chunk ${chunk} --steps ${schedule.steps} --seed ${seed}`,
  });
}
