import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** The tests of the package as installed: `bptt` is what npm unpacked, so there are no aliases to lib/. */
const config: ViteUserConfig = defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['spec/package/**/*.spec.ts'],
    setupFiles: ['spec/tidy.ts'],
    globalSetup: ['spec/package/setup.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});

export default config;
