import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../..', import.meta.url));

const config: ViteUserConfig = defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^bptt$/, replacement: `${root}lib/index.ts` },
      { find: /^bptt\/check$/, replacement: `${root}lib/check/index.ts` },
      { find: /^bptt\/flow$/, replacement: `${root}lib/flow/index.ts` },
    ],
  },
  test: {
    include: ['spec/site/*.spec.ts'],
    setupFiles: ['spec/tidy.ts'],
    maxWorkers: 2, // a page waits now and then
    ...{ testTimeout: 900_000, hookTimeout: 900_000 }, // on a machine that others keep busy
  },
});

export default config;
