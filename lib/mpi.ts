/** Networks over several processes, on one machine or many: `import { mpi } from 'bptt/mpi'`, under `mpirun`. Needs the package koffi and MPI. */
export { type MpiOptions, mpi } from './parallel/mpi.ts';
export type { Ranks } from './parallel/ranks.ts';
