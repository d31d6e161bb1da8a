/** After the tests of each file, whether files share their modules or not. */
import { afterAll } from 'vitest';
import { endAll } from './ends.ts';

afterAll(endAll);
