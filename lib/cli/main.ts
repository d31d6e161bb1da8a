#!/usr/bin/env node
/** The `bptt` command. Results go to standard output, progress to standard error. */
import { run } from './program.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error; // the reader of a pipe has seen enough: `bptt sample … | head`
  process.exit();
});

await run(process.argv.slice(2));
