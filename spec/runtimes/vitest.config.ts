import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** The package in other runtimes, which have to be installed first: `npm run test:runtimes` does both. */
const config: ViteUserConfig = defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['spec/runtimes/*.spec.ts'],
    globalSetup: ['spec/package/setup.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});

export default config;
