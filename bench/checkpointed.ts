/**
 * What checkpointing costs and saves: an LSTM of 64 units through 100,000 steps, forward and backward, with its whole tape
 * and with ⌈√T⌉ checkpoints, each in a process of its own. Prints peak memory beyond inputs, outputs and their gradients,
 * times, and whether the gradients are the same bits.
 *
 *     npm run bench:checkpointed            T = 100,000 takes some minutes and 3 GB
 *     npm run bench:checkpointed -- 10000
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { checkpointed, type Layer, lstm, normal, Random, Sequence, unroll } from '../lib/index.ts';

const [D, M, FEW] = [32, 64, 300];

interface Outcome {
  readonly seconds: number;
  readonly peak: number;
  readonly gradients: string;
}

const [T = '100000', mode] = process.argv.slice(2);
if (mode) process.stdout.write(JSON.stringify(measure(Number(T), mode)));
else compare(Number(T));

/** One forward and one backward pass; with `none` only over the first steps, all else being there: what memory is not tape. */
function measure(T: number, mode: string): Outcome {
  const rng = new Random(1);
  const layer = unroll(lstm, { d: D, m: M });
  normal(0.1)(layer.params, rng);
  const x = Sequence.zeros({ T, F: D });
  const dy = Sequence.zeros({ T, F: M });
  for (const s of [x, dy]) normal(1)(s.rows(), rng);
  const run: Layer = mode === 'checkpointed' ? (checkpointed(layer) as Layer) : (layer as Layer);
  const none = mode === 'none';
  const held = none ? [Sequence.zeros({ T, F: M }), Sequence.zeros({ T, F: D })] : [];
  for (const s of held) s.data.fill(1);
  const start = performance.now();
  const { tape } = run.forward(none ? x.slice(0, FEW) : x);
  const { dx } = run.backward(tape, none ? dy.slice(0, FEW) : dy);
  const hash = createHash('sha256').update(new Uint8Array(dx.data.buffer));
  hash.update(new Uint8Array(layer.params.grads.slice().buffer));
  const seconds = (performance.now() - start) / 1000;
  return { seconds, peak: process.resourceUsage().maxRSS * 1024, gradients: hash.digest('hex') };
}

function compare(T: number): void {
  const [none, full, kept] = ['none', 'full', 'checkpointed'].map(mode => inProcess(T, mode));
  if (!none || !full || !kept) throw new Error('three runs were to be compared');
  const [tape, states] = [full.peak - none.peak, kept.peak - none.peak];
  const line = (text: string): boolean => process.stdout.write(`${text}\n`);
  line(`LSTM, d=${D} m=${M} B=1, T=${T}, forward + backward`);
  line(`whole tape:    ${full.seconds.toFixed(1)} s, ${megabytes(tape)} beyond inputs and outputs`);
  line(`checkpointed:  ${kept.seconds.toFixed(1)} s, ${megabytes(states)}`);
  line(`memory ${(100 * (states / tape)).toFixed(1)} %, time ${(kept.seconds / full.seconds).toFixed(2)}×`);
  line(`gradients: ${kept.gradients === full.gradients ? 'the same bits' : 'NOT the same bits'}`);
}

function inProcess(T: number, mode: string): Outcome {
  const file = fileURLToPath(import.meta.url);
  const flags = ['--import', 'tsx', '--max-semi-space-size=2', '--max-old-space-size=16384', file, `${T}`, mode];
  const { status, stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Outcome;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
