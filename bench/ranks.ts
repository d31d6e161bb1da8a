/**
 * How much faster several processes under MPI are than one: `npm run bench:ranks [-- --json]`.
 *
 * An LSTM of 128 units over 128 inputs, 50 steps, 128 sequences, in WebAssembly: forward and backward, with all that is told between
 * ranks. One process and two take turns, so that what else the machine does meets both.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Layer, lstm, normal, Random, recurrent, Sequence } from '../lib/index.ts';
import { mpi } from '../lib/mpi.ts';
import { parallel } from '../lib/parallel/index.ts';

const [SIZE, T, B] = [128, 50, 128];
const [ROUNDS, PASSES] = [3, 15];
const RANKS = [1, 2] as const;

interface Row {
  readonly case: string;
  readonly ranks: number;
  readonly milliseconds: number;
  readonly speedup: number;
}

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;

/** What a rank does. The first says how many milliseconds a pass takes. */
async function rank(): Promise<void> {
  const ranks = mpi();
  const net = recurrent(lstm, { d: SIZE, m: SIZE }) as Layer;
  normal(0.1)(net.params, new Random(1));
  const layer = await parallel(net, { workers: 1, ranks });
  const rng = new Random(2);
  const x = Sequence.dense(
    Float64Array.from({ length: T * B * SIZE }, () => rng.uniform()),
    { T, B, F: SIZE },
  );
  const times = Array.from({ length: PASSES }, () => {
    const begun = performance.now();
    const { y, tape } = layer.forward(x);
    layer.backward(tape, y);
    layer.release?.(tape);
    return performance.now() - begun;
  });
  if (ranks.rank === 0) process.stdout.write(`${median(times)}\n`);
}

function timeOf(ranks: number): number {
  const program = [process.execPath, '--import', 'tsx', fileURLToPath(import.meta.url), '--rank'];
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
  const { status, stdout, stderr } = spawnSync('mpirun', ['-n', `${ranks}`, ...program], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`mpirun, of Open MPI (apt install openmpi-bin) or MPICH, is needed: ${stderr}`);
  return Number(stdout);
}

function compare(json: boolean): void {
  const rounds = Array.from({ length: ROUNDS }, () => RANKS.map(timeOf));
  const times = RANKS.map((_, n) => median(rounds.map(round => round[n] ?? Number.NaN)));
  const rows = RANKS.map((ranks, n): Row => {
    const [milliseconds, one] = [times[n] ?? Number.NaN, times[0] ?? Number.NaN];
    return { case: `mpi-lstm-d${SIZE}-m${SIZE}-B${B}-T${T}`, ranks, milliseconds, speedup: one / milliseconds };
  });
  for (const row of rows) {
    const said = `${row.case}  ${row.ranks} ranks  ${row.milliseconds.toFixed(1)} ms  ${row.speedup.toFixed(2)} ×`;
    process.stdout.write(`${json ? JSON.stringify(row) : said}\n`);
  }
}

if (process.argv.includes('--rank')) await rank();
else compare(process.argv.includes('--json'));
