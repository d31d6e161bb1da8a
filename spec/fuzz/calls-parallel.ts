/** A right call of every function of `bptt/parallel`. */
import * as lib from '../../lib/index.ts';
import { help, parallel } from '../../lib/parallel/index.ts';
import { call, type MakeCall, whole } from './api.ts';
import { begun } from './calls-training.ts';

export const parallelCalls: Readonly<Record<string, MakeCall>> = {
  parallel: () => call(begun(parallel), whole(lib.recurrent(lib.lstm, { d: 2, m: 2 })), { workers: 1 }),
  help: () => call(help, whole({ postMessage: () => {}, addEventListener: () => {} })),
};
