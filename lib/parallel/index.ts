/** Networks on several cores: `import { parallel } from 'bptt/parallel'`. In Node, and in the workers of a page. */
export { help } from './help.ts';
export { type ParallelOptions, parallel } from './parallel.ts';
export type { ParallelLayer } from './sharded.ts';
export type { ParallelTape } from './sharding.ts';
