/**
 * How wide vectors are. WebAssembly has 128 bits; V8, asked by its flag `--experimental-wasm-revectorize` for it, makes one
 * operation of 256 bits of two that do the same with neighbours in memory.
 *
 * Nothing in a runtime says so, and a flag says only what was asked for; so it is measured: the same sums are done twice, in
 * vectors that are neighbours in memory and in vectors that are not.
 */
import { assemble, FunctionBody } from './assembler.ts';
import { LOAD, STORE } from './vectors.ts';
import { instantiateKernels, wasmMemory } from './wasm.ts';

let known: boolean | undefined;

/**
 * Whether kernels that are compiled now run in vectors of 256 bits. Results are the same bits either way.
 *
 * It is measured when it is first asked for, in some milliseconds, and remembered; a machine so busy that it cannot be
 * told counts as one with vectors of 128 bits. The library never sets a flag of the runtime; the command does.
 *
 * @throws ValueError where a page's Content Security Policy forbids WebAssembly.
 * @example
 * ```ts
 * import { wideVectors } from 'bptt';
 *
 * console.log(typeof wideVectors()); // → boolean
 * ```
 */
export function wideVectors(): boolean {
  known ??= measured();
  return known;
}

/** Sums that do not wait for each other: enough to keep all adders busy with half as many operations. */
const SUMS = 12;
/** Additions to each sum in a turn, and turns of either kind in a round, of which the fastest counts. */
const [TURN, TURNS] = [4000, 12];
/** Rounds at most: the runtime compiles anew what has run for some time, and until then neither kind is any faster. */
const ROUNDS = 30;
/** How much faster neighbours are where they are one: up to twice. And in how many rounds in turn, to believe it. */
const [FASTER, BELIEVED] = [1.3, 3];

function measured(): boolean {
  const { sums } = instantiateKernels(assemble([{ name: 'sums', parameters: 4, body: sumsBody() }]), wasmMemory(1));
  if (!sums) return false;
  const fastest = (beside: number, apart: number) => {
    let best = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < TURNS; turn++) {
      const start = performance.now();
      sums(beside, apart, 0, 0);
      best = Math.min(best, performance.now() - start);
    }
    return best;
  };
  let faster = 0;
  for (let round = 0; round < ROUNDS && faster < BELIEVED; round++) {
    const beside = fastest(TURN, 0);
    faster = beside > 0 && fastest(0, TURN) > FASTER * beside ? faster + 1 : 0;
  }
  return faster === BELIEVED;
}

/**
 * Of two numbers of additions, two that are not used: adds so often to sums that are neighbours in memory, and to some that
 * are not. It is one function, so that the runtime compiles both anew at once.
 */
function sumsBody(): FunctionBody {
  const [n, zero] = [4, 5];
  const body = new FunctionBody(4, 2);
  const term = body.vector();
  body.const(0).set(zero).get(zero).memory(LOAD, 0).set(term);
  for (const [times, stride] of [16, 32].entries()) {
    const sums = Array.from({ length: SUMS }, () => body.vector());
    for (const [at, sum] of sums.entries())
      body
        .get(zero)
        .memory(LOAD, stride * at)
        .set(sum);
    body.const(0).set(n);
    body.whileBelow(
      n,
      () => body.get(times),
      () => {
        for (const sum of sums) body.get(sum).get(term).simd(ADD).set(sum);
        body.advance(n, 1);
      },
    );
    for (const [at, sum] of sums.entries())
      body
        .get(zero)
        .get(sum)
        .memory(STORE, stride * at);
  }
  return body;
}

/** f64x2.add. */
const ADD = 0xf0;
