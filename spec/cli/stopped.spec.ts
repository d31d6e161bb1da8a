/** A run that is stopped wherever it is, by whatever: it saves, ends, and resumed it ends as one that was not stopped. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { MAIN } from '../build.ts';
import { ended, PLAIN } from '../ended.ts';
import { freshFolder, inTurn, linesOf, snapshot, start } from './command.ts';
import { ENDLESS, saySteps } from './whole.ts';

const SMALL = ['train', 'letters.txt', '--hidden', '4', '--chunk', '5', '--log-every', '1', '--save-every', '10'];
/** A sample that takes some minutes. */
const LONG = [...SMALL, '--sample-length', '20000000'];

let folder = '';

beforeAll(() => {
  folder = freshFolder();
  writeFileSync(join(folder, 'letters.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(40));
});

function stepOf(run: string): number {
  const checkpoint = join(folder, run, 'checkpoint.safetensors');
  return existsSync(checkpoint) ? decodeCheckpoint(readBytes(checkpoint)).position.step : -1;
}

/** Runs a command of the shell, in which bptt is the command. */
async function shell(line: string): Promise<{ readonly status: number | null; readonly said: string }> {
  const env = { ...PLAIN, NODE: process.execPath, MAIN };
  const child = spawn('bash', ['-c', `set -o pipefail; bptt() { "$NODE" "$MAIN" "$@"; }; ${line}`], {
    cwd: folder,
    env,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      said += text;
    });
  }
  return new Promise(resolve => child.on('close', status => resolve({ status, said })));
}

/** Resumes a run up to a step, and holds its files against those of one that went through. */
async function expectWhole(run: string, args: readonly string[], steps: number): Promise<void> {
  const [whole, to] = [`${run}-whole`, ['--steps', `${steps}`, '--json']];
  const [resumed, other] = [
    await inTurn(folder, 'train', '--resume', run, ...to),
    await inTurn(folder, ...args, '--out', whole, ...to),
  ];
  saySteps(join(folder, run), steps);
  expect([resumed.stderr, other.stderr]).toEqual(['', '']);
  expect(JSON.parse(resumed.stdout)).toMatchObject({ ok: true, stopped: null });
  expect(resumed.stdout.replaceAll(`${run}/`, `${whole}/`).replace(`"${run}"`, `"${whole}"`)).toBe(other.stdout);
  expect(snapshot(join(folder, run))).toEqual(snapshot(join(folder, whole)));
}

describe('a signal', () => {
  const SAVED = ['--save-every', '4', '--keep', '1'];

  test('while it samples on its way stops that', async () => {
    const running = await start(folder, ...LONG, '--steps', '40', '--sample-every', '1', '--out', 'sampling');
    await running.until(stderr => stderr.includes('memory: '));
    running.kill('SIGHUP');
    const { status, stdout, stderr } = await running.ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^stopped by SIGHUP after step [01] of 40: bptt train --resume sampling goes on$/m);
    expect(stderr).not.toMatch(/^----/m);
    expect(stepOf('sampling')).toBeLessThan(2);
  });

  test('while it looks for what it has come to stops that, too', async () => {
    const args = [...LONG, '--steps', '3', '--sample-every', '0', '--save-every', '100'];
    const running = await start(folder, ...args, '--out', 'ending', '--json');
    await running.until(() => stepOf('ending') === 3);
    running.kill('SIGTERM');
    const { status, stdout } = await running.ended;
    expect(status).toBe(0);
    const result = { ok: true, step: 3, steps: 3, stopped: 'SIGTERM', sample: null, heldOut: null };
    expect(JSON.parse(stdout)).toMatchObject(result);
  });

  test('at any moment between samples and in them: resumed, it draws what it would have drawn', async () => {
    const args = [...SMALL, ...SAVED, '--sample-every', '2', '--sample-length', '5000'];
    const running = await start(folder, ...args, ...ENDLESS, '--out', 'between');
    await running.until(() => stepOf('between') >= 4);
    running.kill('SIGINT');
    expect(await running.ended).toMatchObject({ status: 0, stdout: expect.stringMatching(/^stopped by SIGINT after/) });
    await expectWhole('between', args, stepOf('between') + 8);
  });
});

test.each([
  ['taken', 'linkSync', 'const done = real(...all); kill(); return done;'],
  ['given back', 'rmSync', 'kill(); return real(...all);'],
])('a signal at the very moment that the lock of a folder is %s leaves none', (_, call, does) => {
  const at = `import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const { ${call}: real } = fs;
    const kill = () => process.kill(process.pid, 'SIGTERM');
    fs.${call} = (...all) => {
      if (!all.some(path => String(path).endsWith('training.lock'))) return real(...all);
      ${does}
    };
    syncBuiltinESMExports();`;
  const run = `lock-${call}`;
  const node = ['--import', `data:text/javascript,${encodeURIComponent(at)}`, MAIN];
  const args = [...node, ...SMALL, '--steps', '10', '--sample-length', '5', '--out', run, '--json'];
  const { status, stdout, stderr } = ended(process.execPath, args, { cwd: folder });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ ok: true });
  expect(existsSync(join(folder, run, 'training.lock'))).toBe(false);
});

test('a report that was not written after the last step is written, where an earlier one lies there', async () => {
  const args = [...SMALL, '--sample-length', '20', '--sample-every', '0'];
  const plot = join(folder, 'stale/loss.svg');
  const short = await inTurn(folder, ...args, '--steps', '10', '--out', 'stale', '--json');
  expect(short).toMatchObject({ status: 0, stderr: '' });
  const earlier = readFileSync(plot);
  await inTurn(folder, 'train', '--resume', 'stale', '--steps', '20', '--json');
  writeFileSync(plot, earlier); // as SIGKILL leaves it behind the last checkpoint
  await expectWhole('stale', args, 20);
  const again = await inTurn(folder, 'train', '--resume', 'stale');
  const refusal = expect.stringMatching(/^bptt: --steps: expected more than the 20/);
  expect(again).toMatchObject({ status: 2, stderr: refusal });
});

describe('an output', () => {
  const MANY = [...SMALL, '--save-every', '1000', '--sample-every', '0', '--sample-length', '5'].join(' ');

  test('that nobody reads any more stops training as a signal does', async () => {
    const line = `bptt ${MANY} --steps 100000 --out pipe 2>&1 | head -2`;
    const { said } = await shell(line);
    expect(linesOf(said)).toEqual([expect.stringMatching(/^memory: /), expect.stringMatching(/^step \d+\/100000 /)]);
    const step = stepOf('pipe');
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(100_000);
    expect(linesOf(readFileSync(join(folder, 'pipe/loss.csv'), 'utf8'))).toHaveLength(1 + step);
    expect(existsSync(join(folder, 'pipe/training.lock'))).toBe(false);
    const more = await inTurn(folder, 'train', '--resume', 'pipe', '--steps', `${step + 10}`, '--json');
    expect(JSON.parse(more.stdout)).toMatchObject({ ok: true, step: step + 10 });
  });

  test.each([
    ['sample', 'sample done --length 20000 | head -c 5'],
    ['demo', 'demo | head -1'],
    ['flow', 'flow --length 10 --quiet | head -1'],
  ])('of %s that has been read enough of is no error', async (_, args) => {
    if (!existsSync(join(folder, 'done'))) await inTurn(folder, ...SMALL, '--steps', '10', '--out', 'done', '--json');
    const { status, said } = await shell(`bptt ${args}`);
    expect(status).toBe(0);
    expect(said).not.toMatch(/Error|^\s+at /m);
    expect(said.split('\n').length).toBeLessThan(4);
  });

  test.each([
    ['standard output', `bptt ${MANY} --steps 300 --out full-1 > /dev/full`, 'full-1'],
    ['standard output', `bptt ${MANY} --steps 300 --out full-2 --json > /dev/full`, 'full-2'],
    ['standard output', 'bptt check rnn > /dev/full', undefined],
  ])('%s that is full is told by %s', async (name, line, run) => {
    const { status, said } = await shell(line);
    expect(status).toBe(2);
    const message = `bptt: ${name}: expected an output that can be written, got no space left`;
    expect(linesOf(said).filter(line => !/^(step|memory)/.test(line))).toEqual([message]);
    if (run !== undefined) expect(stepOf(run)).toBe(300);
  });

  test('standard error that is full stops training, which saves', async () => {
    const { status } = await shell(`bptt ${MANY} --steps 100000 --out full-3 2> /dev/full`);
    expect(status).toBe(2);
    expect(stepOf('full-3')).toBeGreaterThanOrEqual(0);
    expect(stepOf('full-3')).toBeLessThan(100_000);
    expect(existsSync(join(folder, 'full-3/training.lock'))).toBe(false);
  });
});

describe('a first checkpoint that was not written', () => {
  const BEGIN = [...SMALL, '--steps', '20', '--sample-every', '0', '--sample-length', '5', '--keep', '1', '--json'];

  test.each(['csv', 'jsonl'])(
    'leaves a folder in which the same command begins: a log without rows, as %s',
    async format => {
      const [run, whole] = [`debris-${format}`, `no-debris-${format}`];
      const args = [...BEGIN, '--log-format', format];
      expect(await inTurn(folder, ...args, '--out', whole)).toMatchObject({ status: 0, stderr: '' });
      mkdirSync(join(folder, run));
      writeFileSync(join(folder, run, `loss.${format}`), format === 'csv' ? 'step,loss,smoothed\n' : '');
      writeFileSync(join(folder, run, 'checkpoint-000000000.safetensors'), 'half');
      expect(await inTurn(folder, ...args, '--out', run)).toMatchObject({ status: 0, stderr: '' });
      expect(snapshot(join(folder, run))).toEqual(snapshot(join(folder, whole)));
    },
  );

  test.each([
    ['loss.csv', 'step,loss,smoothed\n1,2,3\n'],
    ['loss.jsonl', '{"step":1,"loss":2,"smoothed":3}\n'],
    ['loss.svg', ''],
    ['best.safetensors', ''],
    ['checkpoint-000000010.safetensors', ''],
  ])('is another thing than a run: one with %s is refused, and stays', async (file, text) => {
    const run = `taken-${file}`;
    mkdirSync(join(folder, run));
    writeFileSync(join(folder, run, file), text);
    const before = snapshot(join(folder, run));
    const { status, stderr } = await inTurn(folder, ...BEGIN, '--out', run);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `bptt: --out: expected a folder without a run (--resume goes on with one), got ${join(run, file)}\n`,
    });
    expect(snapshot(join(folder, run))).toEqual(before);
  });
});
