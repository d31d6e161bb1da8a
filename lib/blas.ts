/** The machine's BLAS for the engine, for Node: `recurrent(lstm, { d, m }, { backend: blas() })`. Needs the package koffi. */
export { type Blas, type BlasOptions, blas } from './engine/blas.ts';
export type { Backend } from './engine/options.ts';
