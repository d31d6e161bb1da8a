import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** The checks of other libraries' gradients, which have to be installed first: `npm run test:peers` does both. */
const config: ViteUserConfig = defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: { include: ['spec/peers/*.spec.ts'], reporters: ['verbose'], testTimeout: 900_000 },
});

export default config;
