/** Training runs that go on where a checkpoint has them. */
import { ShapeError, ValueError } from '../errors.ts';
import { requireModel } from '../models/char-model.ts';
import type { CharTrainerOptions } from '../models/char-options.ts';
import { CharTrainer } from '../models/char-trainer.ts';
import type { Engine } from '../models/network.ts';
import { describe, requireInstance, requireName, requireObject } from '../require.ts';
import type { Checkpoint } from './checkpoint.ts';
import { refusing } from './checkpoint-file.ts';
import { sha256 } from './sha256.ts';

/**
 * The training run that a checkpoint was made of, exactly as it stood.
 *
 * @param checkpoint what {@link decodeCheckpoint} read.
 * @param text the text it was trained on.
 * @param engine what computes it: the engine unless given.
 * @throws ValueError when the text is another; FormatError when the checkpoint lacks what training needs.
 */
export function resumeTrainer(checkpoint: Checkpoint, text: string, engine: Engine = {}): CharTrainer {
  const known = requireText(checkpoint, text);
  return refusing(known.file, () => restored(new CharTrainer(text, known.options, engine), known));
}

/**
 * A trainer that has made no step, as it stood when a checkpoint was made of another with the same text and options. Returns it.
 *
 * @throws ValueError when the text is another, or an option; FormatError when the checkpoint lacks what training needs.
 */
export function restoreTrainer(trainer: CharTrainer, checkpoint: Checkpoint): CharTrainer {
  const known = requireText(checkpoint, trainer.text);
  requireSameOptions(trainer.options, known);
  return refusing(known.file, () => restored(trainer, known));
}

function restored(trainer: CharTrainer, { model, position, state, memory }: Checkpoint): CharTrainer {
  trainer.model.net.params.values.set(model.net.params.values);
  for (const [name, into] of Object.entries(trainer.optimiser.memory)) {
    const data = memory.get(name);
    if (data?.length !== into.length)
      throw new ShapeError(`optimiser.${name}`, `${into.length} numbers`, `${data?.length ?? 'none'}`);
    into.set(data);
  }
  trainer.moveTo(position, state);
  return trainer;
}

function requireText(checkpoint: Checkpoint, text: string): Checkpoint {
  const { file, text: hash, model, memory } = requireObject('checkpoint', checkpoint);
  requireName('file', file);
  requireModel(model);
  requireInstance('memory', memory, Map);
  if (typeof text !== 'string' || sha256(text) !== hash)
    throw new ValueError('text', `the text that ${file} was trained on`, 'another one');
  return checkpoint;
}

/** Cells are compared by name: that a checkpoint is read with the right one, its equations have said. */
function requireSameOptions(options: CharTrainerOptions, { file, options: saved }: Checkpoint): void {
  const said = (option: unknown) => describe(typeof option === 'object' ? JSON.stringify(option) : option);
  const ours = { ...options, cell: options.cell.name };
  const theirs: Readonly<Record<string, unknown>> = { ...saved, cell: saved.cell.name };
  for (const [name, option] of Object.entries(ours)) {
    if (said(option) !== said(theirs[name]))
      throw new ValueError(name, `${said(theirs[name])}, as ${file} has it`, said(option));
  }
}
