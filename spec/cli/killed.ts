/** A training process that is killed at random moments and resumed each time, beside one that is not. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { bptt, freshFolder, type Running, snapshot, start } from './command.ts';

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
}

/** Steps between two checkpoints, and in all for every kill, so that there is work left for each. */
const [SAVE_EVERY, STEPS_A_KILL] = [5, 60];
/** Checkpoints after which a process is killed, at most, and milliseconds behind the last of them. */
const [SAVES, WITHIN] = [7, 20];

/**
 * Runs a small training to its end; and once more, sending SIGKILL so many times: most at a random moment after a random
 * number of checkpoints, every tenth as soon as the process has the folder to itself.
 */
export async function killedAndNot(kills: number): Promise<Comparison> {
  const folder = freshFolder();
  writeFileSync(join(folder, 'letters.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(40));
  const run = [
    ...[
      'train',
      'letters.txt',
      '--hidden',
      '5',
      '--chunk',
      '8',
      '--batch',
      '2',
      '--dropout',
      '0.2',
      '--steps',
      `${STEPS_A_KILL * (kills + 1)}`,
    ],
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
  const { status, stdout, stderr } = await bptt(folder, ...begin('whole'));
  if (status !== 0) throw new Error(stderr);
  const whole = { files: snapshot(join(folder, 'whole')), printed: stdout };

  const checkpoint = join(folder, 'killed', 'checkpoint.safetensors');
  const stepNow = () => (existsSync(checkpoint) ? decodeCheckpoint(readBytes(checkpoint)).position.step : -1);
  const next = () => (existsSync(checkpoint) ? ['train', '--resume', 'killed'] : begin('killed'));
  const steps: number[] = [];
  for (let n = 0; n < kills; n++) {
    const running = await start(folder, ...next());
    const to = stepNow() + SAVE_EVERY * Math.ceil(SAVES * Math.random());
    const isDue = () => (n % 10 < 9 ? stepNow() >= to : hasLock(join(folder, 'killed', 'training.lock'), running));
    await running.until(isDue);
    await pause(WITHIN * Math.random());
    running.kill('SIGKILL');
    const outcome = await running.ended;
    if (outcome.signal !== 'SIGKILL') throw new Error(`it ended before it was killed: ${outcome.stderr}`);
    steps.push(stepNow());
  }
  const last = await bptt(folder, ...next());
  if (last.status !== 0) throw new Error(last.stderr);
  const killed = { files: snapshot(join(folder, 'killed')), printed: last.stdout.replaceAll('killed/', 'whole/') };
  return { whole, killed, steps };
}

function hasLock(path: string, { pid }: Running): boolean {
  return existsSync(path) && readFileSync(path, 'utf8').includes(`"pid":${pid},`);
}
