import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['spec/soak/*.soak.ts'],
    globalSetup: ['spec/build.ts'],
    testTimeout: 1_800_000,
    fileParallelism: false,
    execArgv: ['--expose-gc'],
  },
});

export default config;
