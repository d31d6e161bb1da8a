/**
 * Buffers that are shared with the library and filled anew with whatever: indices that are none, numbers that are not finite
 * or that f32 does not hold, where it counts and behind the ends of sequences.
 */
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { linear } from '../../lib/engine/linear.ts';
import type { Precision } from '../../lib/engine/precision.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { digest } from './values.ts';

/** What was done, and what was wrong. */
export interface RefilledReport {
  readonly passes: number;
  readonly refused: number;
  readonly findings: readonly string[];
}

const NUMBERS = [Number.NaN, Number.POSITIVE_INFINITY, -1e39, 3.5e38, 1e300, -(2 ** 128)];
const INDICES = [-1, 5_000_000, -(2 ** 31), 2 ** 31 - 1];

/** What a pass is made of: how its layer is made, and what goes in. */
interface Drawn {
  readonly name: string;
  readonly precision: Precision;
  readonly layer: Layer;
  /** Whether the way back reads a dense input where the caller may write: the reference's layers do. */
  readonly shares: boolean;
  readonly x: Sequence;
  readonly dy: Sequence;
}

/**
 * So many passes forward and back of layers drawn at random, whose buffers have been filled with good numbers and bad ones. A
 * bad one that counts has to be refused by its place, and nothing changed by it; where there is none, every bit has to
 * be what fresh buffers without padding give. A layer that stands by has to give the same bits throughout.
 *
 * @param seed what to repeat it with.
 */
export function fuzzRefilled(runs: number, seed: number): RefilledReport {
  const rng = new Random(seed);
  const findings = new Set<string>();
  const bystander = standingBy();
  const before = bystander();
  let refused = 0;
  for (let n = 0; n < runs; n++) {
    const drawn = draw(rng);
    const { name, layer, x, dy, precision, shares } = drawn;
    const finding = (what: string) => findings.add(`${name}, ${precision}: ${what}`);
    spoil(x, x, rng);
    spoil(dy, x, rng);
    const [badX, badDy] = [firstBad(x, x, precision), firstBad(dy, x, precision)];
    const expected = badX === undefined && badDy === undefined ? fresh(drawn) : '';
    const forward = outcome(() => layer.forward(x));
    if (forward instanceof ValueError || badX !== undefined) {
      refused += 1;
      if (!refusedAt(forward, badX, x, 'x')) finding(`x with ${badX} bad: ${forward}`);
      continue;
    }
    if (forward instanceof Error) {
      finding(`forward threw ${forward}`);
      continue;
    }
    if (x.data instanceof Int32Array) x.data.fill(INDICES[n % INDICES.length] ?? 0);
    else if (!shares) x.data.fill(NUMBERS[n % NUMBERS.length] ?? 0);
    const grads = digest(layer.params.grads);
    const backward = outcome(() => layer.backward(forward.tape, dy).dx.data);
    if (backward instanceof Error || badDy !== undefined) {
      refused += 1;
      if (!refusedAt(backward, badDy, dy, 'dy')) finding(`dy with ${badDy} bad: ${backward}`);
      if (digest(layer.params.grads) !== grads) finding('gradients were changed, and then it threw');
    } else if (digest([forward.y.data, backward, layer.params.grads]) !== expected) finding('other numbers');
    layer.release?.(forward.tape);
    if (bystander() !== before) finding('another layer was touched');
  }
  return { passes: runs, refused, findings: [...findings] };
}

/** A layer in the same memory, and what it gives. */
function standingBy(): () => string {
  const layers = (['f64', 'f32'] as const).map(precision => recurrent(lstm, { d: 3, m: 4 }, { precision }));
  const x = Sequence.dense(new Float64Array(30).fill(0.5), { T: 10, F: 3 });
  for (const { params } of layers) normal(0.5)(params, new Random(1));
  const passes = layers.map(layer => ({ layer, ...layer.forward(x) }));
  return () => {
    for (const { params } of layers) params.zeroGrads();
    return digest(passes.map(({ layer, tape, y }) => [layer.backward(tape, y).dx.data, layer.params.grads]));
  };
}

function draw(rng: Random): Drawn {
  const pick = (n: number) => Math.floor(n * rng.uniform());
  const [T, B, d, m] = [1 + pick(6), 1 + pick(4), 1 + pick(5), 1 + pick(6)];
  const cell = (Object.values<Cell>(cells)[pick(Object.keys(cells).length)] ?? lstm) as Cell;
  const precision: Precision = pick(2) === 0 ? 'f32' : 'f64';
  const kind = pick(4);
  const layer = [
    () => recurrent(cell, { d, m }, { precision }) as Layer,
    () => linear({ m: d, C: m }, { precision }) as Layer,
    () => unroll(cell, { d, m }) as Layer,
    () => embedding({ C: d, e: m }) as Layer,
  ][kind]?.() as Layer;
  normal(0.5)(layer.params, rng);
  const lengths = pick(2) === 0 ? undefined : Array.from({ length: B }, () => 1 + pick(T));
  const extent = { T, B, ...(lengths && { lengths }) };
  const x =
    pick(2) === 0
      ? Sequence.oneHot(
          Int32Array.from({ length: T * B }, () => pick(d)),
          { ...extent, classes: d },
        )
      : Sequence.dense(numbers(T * B * d, rng), { ...extent, F: d });
  const dy = Sequence.dense(numbers(T * B * m, rng), { T, B, F: m, ...(pick(2) === 0 && extent) });
  const shares = kind > 1;
  return { name: layer.name, precision: shares ? 'f64' : precision, layer, shares, x, dy };
}

function numbers(count: number, rng: Random): Float64Array {
  return Float64Array.from({ length: count }, () => rng.normal());
}

/** Both passes over fresh buffers, of zeros at padding: y, dx and the gradients, as text. The gradients are zero after it. */
function fresh({ layer, x, dy }: Drawn): string {
  const copy = (s: Sequence) => {
    const data = s.data.slice();
    const width = data.length / (s.T * s.B);
    for (const [n, counts] of x.countedRows().entries()) if (!counts) data.fill(0, n * width, (n + 1) * width);
    return data instanceof Int32Array
      ? Sequence.oneHot(data, { ...x.extent(), classes: s.F })
      : Sequence.dense(data, { ...x.extent(), F: s.F });
  };
  const { y, tape } = layer.forward(copy(x));
  const { dx } = layer.backward(tape, copy(dy));
  const text = digest([y.data, dx.data, layer.params.grads]);
  layer.params.zeroGrads();
  return text;
}

/** Puts bad numbers where nothing counts, and seldom one anywhere. */
function spoil({ data, T, B }: Sequence, counted: Sequence, rng: Random): void {
  const bad = data instanceof Int32Array ? INDICES : NUMBERS;
  const any = () => bad[Math.floor(bad.length * rng.uniform())] ?? 0;
  const width = data.length / (T * B);
  for (let i = 0; i < data.length; i++) if (!counted.counts(Math.floor(i / width))) data[i] = any();
  if (rng.uniform() < 0.3) data[Math.floor(data.length * rng.uniform())] = any();
}

/** The first number that counts and must be refused. */
function firstBad({ data, T, B, F }: Sequence, counted: Sequence, precision: Precision): number | undefined {
  const width = data.length / (T * B);
  const good = (value: number) => {
    if (data instanceof Int32Array) return value >= 0 && value < F;
    return Number.isFinite(precision === 'f32' ? Math.fround(value) : value);
  };
  const at = Array.from(data).findIndex((value, i) => counted.counts(Math.floor(i / width)) && !good(value));
  return at < 0 ? undefined : at;
}

/** Whether what came is the error that names the place and the number there. */
function refusedAt(came: unknown, at: number | undefined, { data }: Sequence, argument: string): boolean {
  if (!(came instanceof ValueError) || at === undefined) return false;
  return came.argument === `${argument}[${at}]` && came.got === `${data[at]}`;
}

function outcome<R>(f: () => R): R | Error {
  try {
    return f();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
