/**
 * Runs `bptt` commands one after another in one process, for the tests that are about what a command says and writes, not
 * about its process: most of the time that those would take is the start of Node. Gets a folder and arguments as a
 * message, answers with the {@link Outcome}.
 */
import { pathToFileURL } from 'node:url';
import { MAIN } from '../build.ts';
import type { Outcome } from './command.ts';

/** What is asked of this process. */
export interface Request {
  readonly folder: string;
  readonly args: readonly string[];
}

const { run } = (await import(new URL('program.js', pathToFileURL(MAIN)).href)) as {
  run: (args: readonly string[]) => Promise<void>;
};

process.on('message', async ({ folder, args }: Request) => {
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
  process.send?.(outcome);
});
process.send?.('ready');
