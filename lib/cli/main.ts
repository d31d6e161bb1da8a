#!/usr/bin/env node
/** The `bptt` command. Results go to standard output, progress to standard error. */
import { run } from './program.ts';
import { heedOutputs } from './terminal.ts';

heedOutputs();
await run(process.argv.slice(2));
