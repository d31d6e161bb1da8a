/**
 * Training by several processes that `mpirun` has started. All do the same; the first alone says what it does, and writes into the
 * run's folder. The others have folders of their own, which are nobody's when they end.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { any, type Ranks } from '../../parallel/ranks.ts';
import { checkpointFile } from '../runs/folder.ts';

/** How Open MPI, MPICH and Slurm tell a process how many there are. */
const SIZES: readonly string[] = ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'PMIX_SIZE'];

/** This process among others; undefined where it was started by itself. */
export async function ranksHere(): Promise<Ranks | undefined> {
  if (!SIZES.some(name => Number(process.env[name]) > 1)) return undefined;
  const { mpi } = await import('../../parallel/mpi.ts');
  const ranks = mpi();
  if (ranks.rank > 0) for (const stream of [process.stdout, process.stderr]) stream.write = () => true;
  return ranks;
}

/** The folder that a process writes a new run into: that of the run, for the first. */
export function ownFolder(out: string | undefined, ranks: Ranks | undefined): string | undefined {
  return ranks && ranks.rank > 0 ? join(passing(), 'run') : out;
}

/** The run that a process goes on with: for all but the first a copy, which all have made when this returns. */
export function ownRun(path: string, ranks: Ranks | undefined): string {
  if (!ranks) return path;
  let own = path;
  if (ranks.rank > 0) {
    own = join(passing(), 'run');
    cpSync(dirname(checkpointFile(path)), own, { recursive: true });
  }
  any(ranks, false);
  return own;
}

/** A folder that goes with the process. */
function passing(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bptt-rank-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
