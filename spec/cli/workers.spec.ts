/** `bptt train --workers`: the same bytes whatever their number, also where a run goes on with another. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { MAIN } from '../build.ts';
import { ended } from '../ended.ts';
import { freshFolder, inTurn } from './command.ts';

const TEXT = 'the quick brown fox jumps over the lazy dog\n'.repeat(60);
const SMALL = [
  'train',
  'letters.txt',
  '--hidden',
  '4',
  '--chunk',
  '5',
  '--batch',
  '70',
  '--dropout',
  '0.2',
  '--sample-every',
  '0',
];

const hasMpi = spawnSync('mpirun', ['--version']).status === 0;
let folder = '';

beforeAll(() => {
  folder = freshFolder();
  writeFileSync(join(folder, 'letters.txt'), TEXT);
});

async function trained(...args: readonly string[]): Promise<Buffer> {
  const { status, stderr, stdout } = await inTurn(folder, ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return readFileSync(join(folder, (JSON.parse(stdout) as { readonly checkpoint: string }).checkpoint));
}

describe('bptt train --workers', () => {
  test('1, 2 and 3 learn the same parameters to the last bit, resumed by others too', async () => {
    const one = await trained(...SMALL, '--steps', '12', '--workers', '1', '--out', 'one');
    expect(await trained(...SMALL, '--steps', '12', '--workers', '3', '--out', 'three')).toEqual(one);
    await trained(...SMALL, '--steps', '5', '--workers', '2', '--out', 'resumed');
    const resumed = await trained('train', '--resume', 'resumed', '--steps', '12', '--workers', '3');
    expect(resumed.equals(one)).toBe(true);
  });

  test.runIf(hasMpi)(
    'several processes under mpirun do, too, one of which is stopped and goes on as more',
    async () => {
      const one = await trained(...SMALL, '--steps', '12', '--out', 'by-one');
      const under = (ranks: number, ...args: readonly string[]) => {
        const command = ['--oversubscribe', '-n', `${ranks}`, process.execPath, MAIN, ...args, '--json'];
        const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
        const { status, stdout } = ended('mpirun', command, { cwd: folder, env });
        expect({ status, lines: stdout.trim().split('\n').length }).toEqual({ status: 0, lines: 1 }); // the first alone speaks
      };
      under(2, ...SMALL, '--steps', '5', '--out', 'ranks');
      under(3, 'train', '--resume', 'ranks', '--steps', '12');
      expect(readFileSync(join(folder, 'ranks/checkpoint.safetensors')).equals(one)).toBe(true);
    },
  );

  test('is 1 to 256 threads, or auto', async () => {
    await trained(...SMALL, '--steps', '2', '--workers', 'auto', '--out', 'auto');
    for (const workers of ['0', '1.5', '257', 'many', '']) {
      const { status, stderr } = await inTurn(folder, ...SMALL, '--workers', workers);
      expect(status).toBe(2);
      expect(stderr).toBe(`bptt: --workers: expected 1 to 256 threads, or auto, got ${JSON.stringify(workers)}\n`);
    }
  });
});
