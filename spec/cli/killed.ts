/** A training process that is killed at random moments and resumed each time, beside one that is not. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { bptt, freshFolder, type Running, snapshot, start } from './command.ts';
import { ENDLESS, saySteps } from './whole.ts';

/** How a run ended: every file of its folder, and what its last process printed. */
interface End {
  readonly files: Record<string, string>;
  readonly printed: string;
}

/** What came of it. */
export interface Comparison {
  readonly whole: End;
  readonly killed: End;
  /** The newest checkpoint's step after each kill; −1 where there was none yet. */
  readonly steps: readonly number[];
  /** The last step of both. */
  readonly last: number;
}

/** Steps between two checkpoints, and after the last kill. */
const [SAVE_EVERY, MORE] = [5, 60];
/** Checkpoints after which a process is killed, at most, and milliseconds behind the last of them. */
const [SAVES, WITHIN] = [7, 20];

/**
 * Runs a small training, sending SIGKILL so many times: most at a random moment after a random number of checkpoints, every tenth as
 * soon as the process has the folder to itself; then on to an end, and once more to the same end without a stop.
 */
export async function killedAndNot(kills: number): Promise<Comparison> {
  const folder = freshFolder();
  writeFileSync(join(folder, 'letters.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(40));
  const run = [
    ...['train', 'letters.txt', '--hidden', '5', '--chunk', '8', '--batch', '2', '--dropout', '0.2'],
    ...[
      '--save-every',
      `${SAVE_EVERY}`,
      '--keep',
      '2',
      '--log-every',
      '3',
      '--sample-every',
      '7',
      '--sample-length',
      '20',
    ],
  ];
  const begin = (name: string) => [...run, '--out', name];
  const checkpoint = join(folder, 'killed', 'checkpoint.safetensors');
  const stepNow = () => (existsSync(checkpoint) ? decodeCheckpoint(readBytes(checkpoint)).position.step : -1);
  const next = () => (existsSync(checkpoint) ? ['train', '--resume', 'killed'] : begin('killed'));
  const steps: number[] = [];
  for (let n = 0; n < kills; n++) {
    const running = await start(folder, ...next(), ...ENDLESS);
    const to = stepNow() + SAVE_EVERY * Math.ceil(SAVES * Math.random());
    const isDue = () => (n % 10 < 9 ? stepNow() >= to : hasLock(join(folder, 'killed', 'training.lock'), running));
    await running.until(isDue);
    await pause(WITHIN * Math.random());
    running.kill('SIGKILL');
    const outcome = await running.ended;
    if (outcome.signal !== 'SIGKILL') throw new Error(`it ended before it was killed: ${outcome.stderr}`);
    steps.push(stepNow());
  }
  const last = Math.max(0, stepNow()) + MORE;
  const end = async (args: readonly string[], name: string): Promise<End> => {
    const { status, stdout, stderr } = await bptt(folder, ...args, '--steps', `${last}`);
    if (status !== 0) throw new Error(stderr);
    saySteps(join(folder, name), last);
    return { files: snapshot(join(folder, name)), printed: stdout.replaceAll(`${name}/`, '') };
  };
  const killed = await end(next(), 'killed');
  return { whole: await end(begin('whole'), 'whole'), killed, steps, last };
}

function hasLock(path: string, { pid }: Running): boolean {
  return existsSync(path) && readFileSync(path, 'utf8').includes(`"pid":${pid},`);
}
