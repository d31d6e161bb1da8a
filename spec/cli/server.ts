/**
 * Runs `bptt` commands one after another in one process, for the tests that are about what a command says and writes, not
 * about its process: most of the time that those would take is the start of Node. Gets a folder and arguments as a
 * message, answers with how it ended.
 */
import { pathToFileURL } from 'node:url';
import { MAIN } from '../build.ts';
import { captured } from './captured.ts';

/** What is asked of this process. */
export interface Request {
  readonly folder: string;
  readonly args: readonly string[];
}

const { run } = (await import(new URL('program.js', pathToFileURL(MAIN)).href)) as {
  run: (args: readonly string[]) => Promise<void>;
};

process.on('message', async ({ folder, args }: Request) => {
  process.send?.(await captured(run, folder, args));
});
process.on('disconnect', () => process.exit()); // its worker has ended
process.send?.('ready');
