#!/usr/bin/env node
/**
 * The `bptt` command. Results go to standard output, progress to standard error. Exit codes: 0 done, 1 a check found
 * a wrong gradient, 2 bad input (one line says what).
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { BpttError } from '../errors.ts';
import { checkCommand } from './check.ts';
import { demoCommand } from './demo.ts';
import { knownCells } from './discover.ts';
import { sampleCommand } from './sample.ts';
import { printError, printJson } from './terminal.ts';
import { trainCommand } from './train.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const cells = await knownCells();
const program = new Command('bptt')
  .description('Recurrent networks whose every gradient is derived by hand and proven by test.')
  .version(version)
  .showHelpAfterError('(--help shows what there is)')
  .addCommand(trainCommand(cells))
  .addCommand(sampleCommand(cells))
  .addCommand(checkCommand(cells))
  .addCommand(demoCommand(cells))
  .addHelpText(
    'after',
    `
Examples:
  bptt train --corpus sonnets          learn to write Shakespeare, from the 154 sonnets
  bptt train letters.txt --hidden 200  learn from a text of your own
  bptt sample runs/sonnets --prompt "Shall I" --temperature 0.7
  bptt demo hello                      watch a system of the lectures learn
  bptt check rnn                       every gradient of a cell against finite differences`,
  );
for (const command of [program, ...program.commands]) command.exitOverride();

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error; // the reader of a pipe has seen enough: `bptt sample … | head`
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    if (process.exitCode === 2 && process.argv.includes('--json')) {
      printJson({ ok: false, error: { name: 'UsageError', argument: 'arguments', message: error.message } });
    }
  } else if (error instanceof BpttError) {
    process.exitCode = 2;
    const { name, argument, message } = error;
    if (process.argv.includes('--json')) printJson({ ok: false, error: { name, argument, message } });
    printError(`bptt: ${message.replaceAll('\n', '\\n')}`);
  } else {
    throw error;
  }
}
