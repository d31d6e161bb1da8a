/** What can be imported of the package, with the right calls that fuzzing changes. */
import * as blas from '../../lib/blas.ts';
import * as check from '../../lib/check/index.ts';
import * as flow from '../../lib/flow/index.ts';
import * as bptt from '../../lib/index.ts';
import * as io from '../../lib/io/index.ts';
import * as files from '../../lib/io/node/index.ts';
import * as mpi from '../../lib/mpi.ts';
import * as parallel from '../../lib/parallel/index.ts';
import * as tasks from '../../lib/tasks/index.ts';
import * as worker from '../../lib/worker/index.ts';
import type { MakeCall } from './api.ts';
import { besides, calls } from './calls.ts';
import { besidesCheck, checkCalls } from './calls-check.ts';
import { besidesFlow, flowCalls } from './calls-flow.ts';
import { ioCalls } from './calls-io.ts';
import { parallelCalls } from './calls-parallel.ts';
import { taskCalls } from './calls-tasks.ts';
import { workerCalls } from './calls-worker.ts';

/** A module of the package. */
export interface Module {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly calls: Readonly<Record<string, MakeCall>>;
  /** The exports that are not called, and why. */
  readonly besides: Readonly<Record<string, string>>;
}

/** All of them but `bptt/check/properties`, whose functions are fast-check's to call. */
export const modules: readonly Module[] = [
  { name: 'bptt', exports: bptt, calls, besides },
  { name: 'bptt/check', exports: check, calls: checkCalls, besides: besidesCheck },
  { name: 'bptt/flow', exports: flow, calls: flowCalls, besides: besidesFlow },
  {
    name: 'bptt/io, bptt/io/node, bptt/blas, bptt/mpi and bptt/parallel',
    exports: { ...io, ...files, ...blas, ...mpi, ...parallel },
    calls: { ...ioCalls, ...parallelCalls },
    besides: { mpi: 'it begins MPI in this process; spec/parallel/mpi.spec.ts calls it wrongly' },
  },
  { name: 'bptt/tasks', exports: tasks, calls: taskCalls, besides: {} },
  { name: 'bptt/worker', exports: worker, calls: workerCalls, besides: {} },
];
