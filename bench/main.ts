/**
 * `npm run bench`. The result goes to standard output, progress to standard error. Exit codes: 0 done, 1 a result was
 * wrong or a signal came, 2 bad input (one line says what).
 */

import { benchCommand } from './command.ts';
import { main } from './entry.ts';

await main(benchCommand());
