/**
 * Runs the properties of all mathematics again and again, every time with another seed, and stops at the first failure:
 * `npm run test:stability -- 200`, or `-- 200 7` for the seeds from 7 on. What fails prints the seed that replays it.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Planted mistakes and fixtures are the same every time; what is drawn is not. */
const DRAWN = '^(?!.*(planted|PyTorch))';

const root = fileURLToPath(new URL('..', import.meta.url));
const [runs, first] = [Number(process.argv[2] ?? 200), Number(process.argv[3] ?? Date.now() % 2 ** 30)];
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'mathematics', '-t', DRAWN, '--reporter=dot'];
for (let run = 1; run <= runs; run++) {
  const seed = String(first + run - 1);
  const { status, stdout, stderr } = spawnSync(process.execPath, vitest, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, BPTT_SEED: seed },
  });
  if (status !== 0) {
    process.stdout.write(`${stdout}${stderr}\nrun ${run} of ${runs} failed, with BPTT_SEED=${seed}\n`);
    process.exit(1);
  }
  process.stderr.write(`\rrun ${run} of ${runs}`);
}
process.stdout.write(`\n${runs} runs, no failure\n`);
