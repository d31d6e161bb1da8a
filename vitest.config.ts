import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const lib = (path: string) => fileURLToPath(new URL(`lib/${path}`, import.meta.url));

const mathematics = [
  'cells',
  'check',
  'derivation',
  'engine',
  'equations',
  'flow',
  'init',
  'io',
  'layers',
  'losses',
  'models',
  'optim',
  'parallel',
  'tasks',
  'through-time',
  'training',
  'worker',
];
const specsIn = (folders: readonly string[]) => folders.map(folder => `spec/${folder}/**/*.spec.ts`);

/** They put something else in a module's place, load it anew, or look at the memory of their process or at how it compiles them. */
const alone = [
  ...['bench/allocation', 'cli/long-run', 'engine/heap', 'engine/kernels', 'engine/memory'],
  ...['io/node/files', 'io/node/lock', 'losses/kernels', 'parallel/death'],
].map(spec => `spec/${spec}.spec.ts`);

const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      { find: /^bptt$/, replacement: lib('index.ts') },
      { find: /^bptt\/check\/properties$/, replacement: lib('check/properties.ts') },
      { find: /^bptt\/check$/, replacement: lib('check/index.ts') },
      { find: /^bptt\/cells\/(.*)$/, replacement: lib('cells/$1.ts') },
      { find: /^bptt\/blas$/, replacement: lib('blas.ts') },
      { find: /^bptt\/browser$/, replacement: lib('browser.ts') },
      { find: /^bptt\/flow$/, replacement: lib('flow/index.ts') },
      { find: /^bptt\/mpi$/, replacement: lib('mpi.ts') },
      { find: /^bptt\/parallel$/, replacement: lib('parallel/index.ts') },
      { find: /^bptt\/tasks$/, replacement: lib('tasks/index.ts') },
      { find: /^bptt\/worker$/, replacement: lib('worker/index.ts') },
      { find: /^bptt\/io$/, replacement: lib('io/index.ts') },
      { find: /^bptt\/io\/node$/, replacement: lib('io/node/index.ts') },
    ],
  },
  test: {
    // On a machine that others keep busy, whatever takes processor time takes many times as long. Nothing here waits for ever.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    setupFiles: ['spec/draws.ts', 'spec/tidy.ts'],
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        // Nothing here changes what others see: files of one worker share its modules, which are loaded and compiled once.
        test: { name: 'mathematics', include: specsIn(mathematics), exclude: alone, isolate: false },
      },
      { extends: true, test: { name: 'alone', include: alone } },
      {
        extends: true,
        test: {
          name: 'command',
          include: ['spec/**/*.spec.ts'],
          exclude: [...specsIn([...mathematics, 'package', 'demos', 'peers', 'runtimes', 'site']), ...alone],
          isolate: false,
          globalSetup: ['spec/build.ts'],
          server: { deps: { external: [/\/\.build\//] } }, // the package as Node has it, with no alias to lib/
        },
      },
    ],
  },
});

export default config;
