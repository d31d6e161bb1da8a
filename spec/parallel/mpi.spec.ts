/** Several processes under MPI: each has, to the last bit, what one has. Where there is no MPI, that is said. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../lib/errors.ts';
import { mpi } from '../../lib/mpi.ts';
import { ended } from '../ended.ts';
import { ROOT } from '../examples.ts';

const hasMpi = spawnSync('mpirun', ['--version']).status === 0;
if (!hasMpi)
  process.stderr.write(
    'mpi.spec: no mpirun here (Debian and Ubuntu: apt install openmpi-bin), so one process is tried\n',
  );

/** MPICH's, whatever mpirun is; where it is not found, it is not tried. */
const MPICH = 'mpiexec.mpich';
const hasMpich = spawnSync(MPICH, ['--version']).status === 0;

/** What a program under so many ranks says, each line once. */
function said(ranks: number, ...args: readonly string[]): readonly string[] {
  return saidBy(ranks === 0 ? [] : ['mpirun', '--oversubscribe', '-n', `${ranks}`], ...args);
}

function saidBy(launcher: readonly string[], ...args: readonly string[]): readonly string[] {
  const program = [process.execPath, '--import', 'tsx', join(ROOT, 'spec/parallel/ranks.ts')];
  const [command, ...all] = [...launcher, ...program, ...args];
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1', NO_COLOR: '1' };
  const { status, stdout, stderr } = ended(command ?? '', all, { cwd: ROOT, env });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
  return stdout.trim().split('\n').sort();
}

describe('ranks', () => {
  const [one = ''] = said(0, '1', 'alone');
  const hash = one.split(': ')[1];

  it.each(hasMpi ? [1, 2, 3] : [0])('%d of them have the same bits as one process', ranks => {
    const lines = ranks === 0 ? said(0, '2', 'alone') : said(ranks, ranks === 2 ? '2' : '1');
    const size = Math.max(1, ranks);
    expect(lines).toEqual(Array.from({ length: size }, (_, rank) => `${rank} of ${size}: ${hash}`));
  });

  it.runIf(hasMpich)('of MPICH have them, too', () => {
    for (const size of [1, 2, 3]) {
      const lines = saidBy([MPICH, '-n', `${size}`], '1');
      expect(lines).toEqual(Array.from({ length: size }, (_, rank) => `${rank} of ${size}: ${hash}`));
    }
  });

  it.runIf(hasMpi)('are refused where another mpirun has started them than the library is of', () => {
    const env = { PMI_SIZE: '2', BPTT_MPI: 'libmpi.so.40' };
    expect(() => saidBy(['env', ...Object.entries(env).map(pair => pair.join('='))], '1')).toThrow(
      'MPI: expected the library of the mpirun that has started 2 processes (BPTT_MPI names its path), got one that knows of 1',
    );
  });

  it('are refused where there is no such library', () => {
    expect(() => mpi({ library: '' })).toThrow('library: expected a path, got ""');
    expect(() => mpi({ path: 'libmpi.so' } as never)).toThrow('options: expected no names but library');
    expect(() => mpi({ library: 'libno-such-mpi.so' })).toThrow(FileError);
    expect(() => mpi({ library: 'libno-such-mpi.so' })).toThrow(
      /^MPI: expected Open MPI .*, got none of libno-such-mpi\.so$/,
    );
  });
});
