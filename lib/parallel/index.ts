/** Networks on several cores: `import { parallel } from 'bptt/parallel'`. For Node, so far: a page's main thread may not wait for another. */
export { type ParallelOptions, parallel } from './parallel.ts';
export type { ParallelTape } from './sharded.ts';
