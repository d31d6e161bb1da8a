/** How a command ends: what it prints on bad input, and its exit code. */
import { type Command, CommanderError } from 'commander';
import { printError, printJson } from '../lib/cli/terminal.ts';
import { BpttError } from '../lib/errors.ts';

/** Runs a command on the process' arguments. */
export async function main(command: Command): Promise<void> {
  command.exitOverride().showHelpAfterError('(--help shows what there is)');
  const json = process.argv.includes('--json');
  try {
    await command.parseAsync();
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
      printError(`bench: ${message.replaceAll('\n', '\\n')}`);
    } else {
      throw error;
    }
  }
}
