import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const lib = (path: string) => fileURLToPath(new URL(`lib/${path}`, import.meta.url));

const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      { find: /^bptt$/, replacement: lib('index.ts') },
      { find: /^bptt\/check\/properties$/, replacement: lib('check/properties.ts') },
      { find: /^bptt\/check$/, replacement: lib('check/index.ts') },
      { find: /^bptt\/cells\/(.*)$/, replacement: lib('cells/$1.ts') },
      { find: /^bptt\/blas$/, replacement: lib('blas.ts') },
      { find: /^bptt\/flow$/, replacement: lib('flow/index.ts') },
      { find: /^bptt\/io$/, replacement: lib('io/index.ts') },
    ],
  },
  test: {
    include: ['spec/**/*.spec.ts'],
    globalSetup: ['spec/build.ts'],
    exclude: ['spec/package/**', 'spec/demos/**', 'spec/peers/**'],
    testTimeout: 60_000,
    maxWorkers: '100%',
  },
});

export default config;
