/** The benchmark command: what it gives, what it refuses to time, what it says of bad input. No times are asserted. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../bench/report.ts';
import { bptt, inTurn } from '../cli/command.ts';
import { ROOT } from '../examples.ts';

const TINY = 'rnn-d64-m100-B1-T25';
const folder = mkdtempSync(join(tmpdir(), 'bptt-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the repository with the given arguments. */
function ended(program: string, ...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args, '--out', folder], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', status => resolve({ status, stdout, stderr }));
  });
}

const short = ['--only', TINY, '--backend', 'wasm', '--precision', 'f64', '--rounds', '2'];

describe.concurrent('bench', () => {
  it('verifies, times and reports a case as one line of JSON, and draws it', async () => {
    const saved = join(folder, 'saved.json');
    const args = [...short, '--peers', 'reference', '--json', '--save', saved, '--out', folder];
    const { status, stdout, stderr } = await bptt(folder, 'bench', ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const { ok, machine, cases, refused, picture } = JSON.parse(stdout) as Report & { readonly picture: string };
    expect(ok).toBe(true);
    expect(machine).toMatchObject({ cpu: expect.any(String), cores: expect.any(Number), node: process.versions.node });
    expect(machine.peaks).toMatchObject([{ backend: 'wasm', precision: 'f64', gflops: expect.any(Number) }]);
    expect(refused).toEqual([]);
    expect(cases).toMatchObject([
      {
        name: TINY,
        backend: 'wasm',
        precision: 'f64',
        workers: 1,
        wide: machine.wide,
        ms: expect.any(Number),
        spread: [expect.any(Number), expect.any(Number)],
        rounds: 2,
        gflops: expect.any(Number),
        tokensPerSecond: expect.any(Number),
        share: expect.any(Number),
        bandwidthShare: expect.any(Number),
        peakMemory: expect.any(Number),
        verified: { by: 'the reference', bound: 1e-12 },
        peers: [{ name: 'reference', rounds: 2, ratio: expect.any(Number), verified: true }],
      },
    ]);
    expect(readFileSync(picture, 'utf8')).toMatch(/^<svg[\s\S]*reference[\s\S]*<\/svg>\n$/);
    expect(JSON.parse(readFileSync(saved, 'utf8'))).toMatchObject({ cases: [{ name: TINY }] });
  });

  it('does not time a layer that is wrong, and ends with 1', async () => {
    const { status, stdout } = await ended('spec/bench/wrong.ts', ...short, '--peers', 'none', '--json');
    expect(status).toBe(1);
    const { ok, cases, refused, picture } = JSON.parse(stdout) as Report & { readonly picture: string | null };
    expect({ ok, cases, picture }).toEqual({ ok: false, cases: [], picture: null });
    expect(refused).toMatchObject([{ name: TINY, backend: 'wasm', precision: 'f64', tensor: 'dx', bound: 1e-12 }]);
    expect(refused[0]?.worst).toBeCloseTo(0.001, 6);
  });

  it.each([
    ['--only', 'no-such-case', 'ValueError'],
    ['--no-such-option', '', 'UsageError'],
  ])('%s %s: says in one line what is wrong, and ends with 2', async (option, value, name) => {
    const { status, stdout, stderr } = await inTurn(folder, 'bench', option, value, '--json');
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { name } });
    if (name === 'ValueError') expect(stderr).toMatch(/^bptt: --only: expected .*, got "no-such-case"\n$/);
  });
});
