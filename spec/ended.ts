/** Programs that a test waits for. */
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';

/** What bash is run in: it says so on standard error where it does not know the language that the user's environment names. */
export const PLAIN: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'C' };

/** What a program had said when it ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, for which it has ten minutes: vitest cannot end a test that waits without giving way.
 *
 * @throws Error with what it printed when it takes longer, or is not found.
 */
export function ended(command: string, args: readonly string[], options: SpawnSyncOptions = {}): Ended {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    timeout: 600_000,
    ...options,
    encoding: 'utf8',
  });
  if (error) throw new Error(`${[command, ...args].join(' ')}: ${error.message}\n${stdout}${stderr}`);
  return { status, stdout, stderr };
}
