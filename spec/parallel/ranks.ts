/**
 * Under mpirun: two passes of a network over all ranks, of which each says a hash of what it has then. What is out of the bounds
 * of WebAssembly's memory stays an error, though it is a fault of the process that MPI's library could take for its own.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { instantiate, wasmMemory } from '../../lib/engine/wasm.ts';
import { gru, linear, normal, Random, recurrent, Sequence, stack } from '../../lib/index.ts';
import { mpi } from '../../lib/mpi.ts';
import { parallel } from '../../lib/parallel/index.ts';

const [workers = '1', alone] = process.argv.slice(2);
const net = stack({ gru: recurrent(gru, { d: 3, m: 6 }), out: linear({ m: 6, C: 4 }) });
normal(0.5)(net.params, new Random(1));
const ranks = alone ? undefined : mpi();
const layer = await parallel(net, { workers: Number(workers), ...(ranks && { ranks }) });
const [T, B] = [4, 70];
const rng = new Random(2);
const drawn = (F: number) =>
  Sequence.dense(
    Float64Array.from({ length: T * B * F }, () => rng.normal()),
    { T, B, F },
  );
const hash = createHash('sha256');
const numbers = (data: ArrayLike<number>) => hash.update(Float64Array.from(data));
for (let pass = 0; pass < 2; pass++) {
  const { y, sT, tape } = layer.forward(drawn(3));
  const { dx, ds0 } = layer.backward(tape, drawn(4));
  for (const s of [y, dx]) numbers(s.data);
  for (const state of [sT, ds0]) for (const part of Object.values(state)) numbers(part.to1DArray());
  layer.release?.(tape);
}
numbers(net.params.grads);
assert.throws(() => instantiate(wasmMemory(1)).allFiniteF64(8, 2 ** 30), { name: 'RuntimeError' });
process.stdout.write(`${ranks?.rank ?? 0} of ${ranks?.size ?? 1}: ${hash.digest('hex')}\n`);
