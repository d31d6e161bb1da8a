/** The property suite by itself, for mutation runs: no command is started, nothing compiled. */
import { statSync } from 'node:fs';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import main from '../../vitest.config.ts';
import { FOLDERS } from './folders.ts';
import { Unloaded } from './unloaded.ts';

/** Those of the folders that are mutated: all, unless some are named. */
const folders = (process.env.BPTT_MUTATED ?? '').split(' ').filter(Boolean);

/** Short files first: what one of them finds, no long one has to look for. */
class ShortFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const size = ({ moduleId }: TestSpecification) => statSync(moduleId).size;
    return files.toSorted((a, b) => size(a) - size(b));
  }
}

const config: ViteUserConfig = defineConfig({
  resolve: { alias: main.resolve?.alias ?? [] },
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: (folders.length > 0 ? folders : FOLDERS).map(folder => `${folder.replace('lib', 'spec')}/**/*.spec.ts`),
    setupFiles: ['spec/mutation/draws.ts'],
    testTimeout: 900_000, // a mutant that is slow is not found by that: Stryker ends one that takes too long
    reporters: [new Unloaded()],
    sequence: { sequencer: ShortFirst },
    isolate: false, // what a mutant's tests share is loaded once
  },
});

export default config;
