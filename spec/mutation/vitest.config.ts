/** The property suite by itself, for mutation runs and for runs without end: no command is started, nothing compiled. */
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import main from '../../vitest.config.ts';

const folders = ['cells', 'layers', 'losses', 'through-time'];
const config: ViteUserConfig = defineConfig({
  resolve: { alias: main.resolve?.alias ?? [] },
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: folders.map(folder => `spec/${folder}/**/*.spec.ts`),
    testTimeout: 60_000,
  },
});

export default config;
