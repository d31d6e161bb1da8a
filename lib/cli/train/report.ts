/** What a training run says and draws at its end. */
import { basename } from 'node:path';
import { readText } from '../../io/node/files.ts';
import { isThere } from '../../io/node/folders.ts';
import type { Baselines } from '../../models/baselines.ts';
import { type CharModel, defaultPrompt, evaluating, type SampleOptions, sampling } from '../../models/char-model.ts';
import { symbolsAStep } from '../../models/char-options.ts';
import { isNotFinite } from '../../models/divergence.ts';
import { Random } from '../../random.ts';
import { plotLoss } from '../../training/plot-loss.ts';
import type { RunFolder } from '../runs/folder.ts';
import { print, printJson, type Verbosity } from '../terminal.ts';
import { inTurns } from '../turns.ts';
import type { Run } from './run.ts';

/** What a run that has made all its steps has come to. */
export interface Found {
  /** The held-out loss, in nats a symbol; undefined where nothing is held out, or the outputs overflow. */
  readonly reached: number | undefined;
  /** What the model writes. */
  readonly text: string;
}

/** How a run ended. */
export interface Outcome {
  readonly stopped: string | null;
  readonly levels: Baselines | undefined;
  /** Undefined where it was stopped. */
  readonly found: Found | undefined;
}

/** What a run has come to; undefined where it is stopped before that is known. */
export async function find({ trainer, schedule }: Run, stopped: () => boolean): Promise<Found | undefined> {
  const { model, heldOut, options } = trainer;
  const reached = heldOut.length > 0 ? await lossOn(heldOut, model, stopped) : undefined;
  const rng = new Random(options.seed);
  const text = await written(model, { prompt: defaultPrompt(model), length: schedule.sampleLength, rng }, stopped);
  return stopped() ? undefined : { reached, text };
}

/** Prints a sample, the losses and the paths; or all of it as one line of JSON. */
export function report(run: Run, { stopped, levels, found }: Outcome, { json }: Verbosity): void {
  const { trainer, schedule, files, best, mishaps } = run;
  const { step } = trainer.position;
  const { level } = trainer.options;
  const { steps } = schedule;
  const reached = found?.reached;
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
      sample: found?.text ?? null,
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
  if (found) print(`${found.text}\n`);
  if (stopped)
    print(`stopped by ${stopped} after step ${step} of ${steps}: bptt train --resume ${files.folder} goes on\n`);
  if (levels && reached !== undefined) {
    const line = (name: string, nats: number) =>
      print(`${name.padEnd(10)} ${nats.toFixed(3)} nats/${level}   ${(nats / Math.LN2).toFixed(3)} bits/${level}`);
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

/** What the model writes; nothing where its outputs overflow, or it is stopped. `at` is told how many symbols there are. */
export async function written(
  model: CharModel,
  options: SampleOptions,
  stopped: () => boolean,
  at?: (symbols: number) => void,
): Promise<string> {
  return (await unlessOverflowing(() => inTurns(sampling(model, options), stopped, at))) ?? '';
}

/** How well the model foretells a text; undefined where its outputs overflow, or it is stopped. */
export async function lossOn(
  text: Int32Array,
  model: CharModel,
  stopped: () => boolean,
  streams: number = 1,
): Promise<number | undefined> {
  const loss = await unlessOverflowing(() => inTurns(evaluating(model, text, streams), stopped));
  return Number.isFinite(loss) ? loss : undefined;
}

async function unlessOverflowing<T>(make: () => Promise<T>): Promise<T | undefined> {
  try {
    return await make();
  } catch (error) {
    if (isNotFinite(error)) return undefined;
    throw error;
  }
}

/** The attribute by which the plot of a run that has made all its steps is known. */
const done = (step: number) => `data-done="${step}"`;

/** Whether the report of a run that made so many steps was drawn, or only an earlier one. */
export function isReported({ plot }: RunFolder, step: number): boolean {
  return isThere(plot) && readText(plot, { regular: true }).slice(0, 200).includes(done(step));
}

/** The loss of a run, as SVG. */
export async function plotOf(
  { trainer, source, schedule, log, place }: Run,
  levels?: Baselines,
  found?: Found,
): Promise<string> {
  const { level, cell, hidden, layers, chunk, batch, seed } = trainer.options;
  const named = place ? `${basename(place.path)}#${place.name}` : cell.name;
  const deep = layers === 1 ? '' : ` --layers ${layers}`;
  const at = level === 'char' ? '' : ` --level ${level}`;
  const wide = batch === 1 ? '' : ` --batch ${batch}`;
  const text = source.kind === 'corpus' ? `--corpus ${source.name}` : basename(source.name);
  const svg = await plotLoss({
    rows: log.rows,
    symbols: symbolsAStep(trainer.options),
    level: trainer.options.level,
    ...(levels && { baselines: levels }),
    ...(found?.reached !== undefined && { heldOut: found.reached }),
    caption: `bptt train ${text}${at} --cell ${named} --hidden ${hidden}${deep} --chunk ${chunk}${wide} --steps ${schedule.steps} --seed ${seed}`,
  });
  return found ? svg.replace('<svg ', `<svg ${done(trainer.position.step)} `) : svg;
}
