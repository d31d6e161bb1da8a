/** The whole of the command, as a function of its arguments. */
import { Command, CommanderError } from 'commander';
import { benchCommand } from '../../bench/command.ts';
import { BpttError } from '../errors.ts';
import { shownLines } from '../foreign.ts';
import { version } from '../io/version.ts';
import { cellsCommand } from './cells/command.ts';
import { checkCommand } from './check/command.ts';
import { compareCommand } from './compare/command.ts';
import { demoCommand } from './demo/command.ts';
import { knownCells } from './discover.ts';
import { evaluateCommand } from './evaluate/command.ts';
import { exportCommand } from './export/command.ts';
import { fitCommand } from './fit/command.ts';
import { flowCommand } from './flow/command.ts';
import { importCommand } from './import/command.ts';
import { predictCommand } from './predict/command.ts';
import { sampleCommand } from './sample/command.ts';
import { printError, printJson } from './terminal.ts';
import { trainCommand } from './train/command.ts';
import { widen } from './wide.ts';

/**
 * Runs `bptt ARGS` in this process, on its standard output and standard error. Sets `process.exitCode`: 0 done, 1 a check
 * found a wrong gradient or one that it could not judge, a demo missed its threshold or a benchmark a wrong result, 2 bad input.
 *
 * @param args what follows `bptt` on the command line.
 */
export async function run(args: readonly string[]): Promise<void> {
  const cells = await knownCells();
  const program = new Command('bptt')
    .description('Recurrent networks whose every gradient is derived by hand and proven by test.')
    .version(version)
    .hook('preAction', () => {
      widen();
    })
    .addCommand(fitCommand(cells))
    .addCommand(predictCommand(cells))
    .addCommand(evaluateCommand(cells))
    .addCommand(trainCommand(cells))
    .addCommand(sampleCommand(cells))
    .addCommand(exportCommand(cells))
    .addCommand(importCommand(cells))
    .addCommand(cellsCommand(cells))
    .addCommand(flowCommand(cells))
    .addCommand(compareCommand(cells))
    .addCommand(checkCommand(cells))
    .addCommand(demoCommand(cells))
    .addCommand(benchCommand(cells))
    .addHelpText(
      'after',
      `
Examples:
  bptt train --corpus sonnets          learn to write Shakespeare, from the 154 sonnets
  bptt train letters.txt --hidden 200  learn from a text of your own
  bptt sample runs/sonnets --prompt "Shall I" --temperature 0.7
  bptt fit temperatures.csv --task forecast
  bptt demo hello                      watch a system of the lectures learn
  bptt check rnn                       every gradient of a cell against finite differences

With Node 24 or later, vectors are 256 bits wide; BPTT_WIDE=0 leaves them as they are.`,
    );
  await perform(program, args);
}

/** Runs a command, and says on one line what is wrong with its arguments, if anything is. */
export async function perform(program: Command, args: readonly string[]): Promise<void> {
  for (const command of [program, ...program.commands]) {
    command.exitOverride().showHelpAfterError('(--help shows what there is)');
    command.configureOutput({ outputError: (text, write) => write(shownLines(text)) });
  }
  const json = args.includes('--json');
  process.exitCode = 0;
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      if (process.exitCode === 2 && json) {
        printJson({ ok: false, error: { name: 'UsageError', argument: 'arguments', message: error.message } });
      }
    } else if (error instanceof BpttError) {
      process.exitCode = 2;
      const { name, argument, message } = error;
      if (json) printJson({ ok: false, error: { name, argument, message } });
      printError(`bptt: ${message}`);
    } else {
      throw error;
    }
  }
}
