import { createRequire } from 'node:module';

const { version: own } = createRequire(import.meta.url)('bptt/package.json') as { readonly version: string };

/** The version of this library. */
export const version: string = own;
