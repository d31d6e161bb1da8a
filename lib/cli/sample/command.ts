import { Command } from 'commander';
import { defaultPrompt, sample } from '../../models/char-model.ts';
import { Random } from '../../random.ts';
import { type Cells, OWN_MODULE } from '../modules/cell.ts';
import { openCheckpoint } from '../runs/cell-place.ts';
import { number, print, printJson, printRaw } from '../terminal.ts';

interface Options {
  readonly cell?: string;
  readonly prompt?: string;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly length: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `bptt sample CHECKPOINT`: a trained model writes. */
export function sampleCommand(cells: Cells): Command {
  return new Command('sample')
    .description('let a trained model write')
    .argument('<checkpoint>', 'a checkpoint, or the folder of a run')
    .option('--cell <module>', OWN_MODULE)
    .option('--prompt <text>', 'what the model reads first, and goes on from')
    .option('--temperature <t>', 'below 1 bolder, above 1 wilder, 0 always the likeliest', number('--temperature'), 1)
    .option('--top-k <k>', 'draw from no more than so many of the likeliest symbols', number('--top-k'))
    .option('--top-p <p>', 'draw from the fewest of the likeliest that come to so much, in (0, 1]', number('--top-p'))
    .option('--length <n>', 'symbols to write', number('--length'), 500)
    .option('--seed <n>', 'fixes what is drawn', number('--seed'), 1)
    .option('--json', 'one line of JSON')
    .option('--quiet', 'no difference: the text is all there is')
    .addHelpText(
      'after',
      '\nExamples:\n  bptt sample runs/sonnets --prompt "Shall I compare" --temperature 0.5\n  bptt sample model.safetensors --cell ./my-cell.ts',
    )
    .action(async (path: string, { cell, prompt, seed, json, length, ...choice }: Options) => {
      const { file, model } = await openCheckpoint(path, cells, cell);
      const rng = new Random(seed);
      const { temperature, topK, topP } = choice;
      const text = sample(model, { prompt: prompt ?? defaultPrompt(model), length, temperature, topK, topP, rng });
      const drawn = { temperature, topK, topP, seed };
      if (json) return printJson({ ok: true, checkpoint: file, prompt: prompt ?? null, ...drawn, text });
      const write = process.stdout.isTTY ? print : printRaw; // a pipe gets the very text
      write(`${prompt ?? ''}${text}`);
    });
}
