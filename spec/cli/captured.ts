/** A command that is run in this process, as if in one of its own. */
import type { Outcome } from './command.ts';

/** Runs the command of arguments in a folder, and takes what it writes; ends as a process would. */
export async function captured(
  run: (args: readonly string[]) => Promise<void>,
  folder: string,
  args: readonly string[],
): Promise<Outcome> {
  process.chdir(folder);
  const written = { stdout: '', stderr: '' };
  const restore = (['stdout', 'stderr'] as const).map(name => {
    const stream = process[name];
    const { write } = stream;
    stream.write = (text: string | Uint8Array) => {
      written[name] += text;
      return true;
    };
    return () => {
      stream.write = write;
    };
  });
  try {
    await run(args);
  } catch (error) {
    process.exitCode = 1; // as a process would end
    written.stderr += error instanceof Error ? `${error.stack}\n` : `${error}\n`;
  }
  for (const back of restore) back();
  const outcome: Outcome = { status: Number(process.exitCode ?? 0), signal: null, ...written };
  process.exitCode = 0;
  return outcome;
}
