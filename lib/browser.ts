/**
 * All that a page needs, as one file that imports nothing: `bptt/browser`, for import maps, notebooks and CDNs.
 *
 * It has what `bptt`, `bptt/io`, `bptt/parallel`, `bptt/tasks` and `bptt/worker` have. A page that maps all of them to it has the
 * code of this library's examples as it is.
 */
export * from './index.ts';
export * from './io/index.ts';
export * from './parallel/index.ts';
export * from './tasks/index.ts';
export * from './worker/index.ts';
