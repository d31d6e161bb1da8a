/**
 * Runs the property suite again and again, every time with other seeds, and stops at the first failure:
 * `npm run test:stability -- 200`. What fails prints the seed that fast-check replays it with.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Planted mistakes and fixtures are the same every time; what is drawn is not. */
const DRAWN = '^(?!.*(planted|PyTorch))';

const root = fileURLToPath(new URL('..', import.meta.url));
const runs = Number(process.argv[2] ?? 200);
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'spec/mutation/vitest.config.ts'];
const flags = ['-t', DRAWN, '--pool=threads', '--no-isolate', '--reporter=dot'];
for (let run = 1; run <= runs; run++) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...vitest, ...flags], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) {
    process.stdout.write(`${stdout}${stderr}\nrun ${run} of ${runs} failed\n`);
    process.exit(1);
  }
  process.stderr.write(`\rrun ${run} of ${runs}`);
}
process.stdout.write(`\n${runs} runs, no failure\n`);
