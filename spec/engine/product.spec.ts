/** The matrix product of the WebAssembly backend: the triple loop to the last bit, and not a byte changed beside C. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantiate, wasmMemory } from '../../lib/engine/wasm.ts';
import { Random } from '../../lib/random.ts';
import { size } from '../arbitraries.ts';

const memory = wasmMemory(12);
const kernels = instantiate(memory);

/** How many terms the kernel adds up before it adds them to C. */
const DEPTH = 192;

/** What lies around the matrices and between their rows. */
const CANARY = 1e30;

const TYPES = {
  f64: {
    Numbers: Float64Array,
    eps: 2 ** -52,
    round: (x: number) => x,
    product: kernels.productF64,
    productPacked: kernels.productPackedF64,
    pack: kernels.packF64,
    packed: kernels.packedF64,
  },
  f32: {
    Numbers: Float32Array,
    eps: 2 ** -23,
    round: Math.fround,
    product: kernels.productF32,
    productPacked: kernels.productPackedF32,
    pack: kernels.packF32,
    packed: kernels.packedF32,
  },
};
type Type = (typeof TYPES)[keyof typeof TYPES];

/** C (+)= op(A)·op(B). */
interface Product {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly accumulate: boolean;
}

/** A product to be tried. */
interface Problem extends Product {
  /** Whether rows are taken as where vectors are wide. */
  readonly wide: boolean;
  /** How much longer a row is in memory than in the matrix. */
  readonly padding: Readonly<Record<'a' | 'b' | 'c', number>>;
  /** Which matrix ends with the memory, so that to read or write beyond it is a trap. */
  readonly last: 'a' | 'b' | 'c';
  readonly seed: number;
  /** Numbers strewn over A and B. */
  readonly strewn?: readonly number[];
}

/** What a kernel is called with: addresses, and numbers from a row to the next. */
interface Call extends Product {
  readonly a: number;
  readonly lda: number;
  readonly b: number;
  readonly ldb: number;
  readonly c: number;
  readonly ldc: number;
  readonly scratch: number;
}

/** A way to compute a product, and the bytes it may use beside. */
interface Way {
  bytes(type: Type, product: Product): number;
  run(type: Type, call: Call): void;
}

const unpacked: Way = {
  bytes: kernels.productScratch,
  run({ product }, { transA, transB, M, N, K, a, lda, b, ldb, c, ldc, accumulate, scratch }) {
    product(transA, transB, M, N, K, a, lda, b, ldb, c, ldc, accumulate, scratch);
  },
};

const packed: Way = {
  bytes: ({ packed }, { N, K }) => packed(N, K),
  run({ pack, productPacked }, { transB, M, N, K, a, lda, b, ldb, c, ldc, accumulate, scratch }) {
    pack(transB, N, K, b, ldb, scratch);
    productPacked(M, N, K, a, lda, scratch, c, ldc, accumulate);
  },
};

function problem(M: fc.Arbitrary<number>, N: fc.Arbitrary<number>, K: fc.Arbitrary<number>): fc.Arbitrary<Problem> {
  return fc.record({
    transA: fc.boolean(),
    transB: fc.boolean(),
    M,
    N,
    K,
    accumulate: fc.boolean(),
    wide: fc.boolean(),
    padding: fc.record({ a: fc.nat(5), b: fc.nat(5), c: fc.nat(5) }),
    last: fc.constantFrom('a', 'b', 'c'),
    seed: fc.nat(),
  });
}

const small = problem(size(40), size(40), size(40));
const aroundBlocks = fc.constantFrom(DEPTH - 1, DEPTH, DEPTH + 1, 2 * DEPTH, 2 * DEPTH + 3);

describe.each(Object.entries(TYPES))('in %s, the product', (_, type) => {
  it('is the triple loop', () => {
    fc.assert(
      fc.property(small, problem => {
        expect(mistakes(type, problem, unpacked)).toEqual([]);
      }),
    );
  });

  it('is the triple loop where K and the rows of A need more than one block', () => {
    const block = 1024 / type.Numbers.BYTES_PER_ELEMENT;
    const rows = fc.constantFrom(1, 2, 3, block - 1, block, block + 1);
    const large = problem(rows, size(20), aroundBlocks);
    fc.assert(
      fc.property(large, problem => {
        expect(mistakes(type, problem, unpacked)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it('is the same with B packed', () => {
    const any = problem(size(20), size(40), fc.oneof(size(40), aroundBlocks));
    fc.assert(
      fc.property(any, problem => {
        expect(mistakes(type, { ...problem, transA: false }, packed)).toEqual([]);
      }),
    );
  });

  it('hands on NaN, infinities, signed zeros and subnormal numbers where they belong, and only there', () => {
    const odd = fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, 5e-324, 1e-40, 1e38, Number.MAX_VALUE);
    fc.assert(
      fc.property(small, fc.array(odd, { minLength: 1, maxLength: 5 }), (problem, strewn) => {
        expect(mistakes(type, { ...problem, strewn }, unpacked)).toEqual([]);
        expect(mistakes(type, { ...problem, strewn, transA: false }, packed)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe.each(Object.entries(TYPES))('in %s, a planted mistake is caught:', (_, type) => {
  const right: Problem = {
    transA: false,
    transB: false,
    M: 11,
    N: 29,
    K: 130,
    accumulate: true,
    wide: true,
    padding: { a: 2, b: 3, c: 4 },
    last: 'b',
    seed: 1,
  };
  const bytes = type.Numbers.BYTES_PER_ELEMENT;
  const [wrong, beside, trap] = [
    'C is wrong',
    'memory beside C has changed',
    'RuntimeError: memory access out of bounds',
  ];

  /** A way that calls the kernel with something else. */
  const called = (way: Way, change: (call: Call) => Partial<Call>): Way => ({
    ...way,
    run: (type, call) => way.run(type, { ...call, ...change(call) }),
  });

  it.each<readonly [string, readonly string[], Partial<Problem>, Way]>([
    ['rows of A too far apart', [wrong], {}, called(unpacked, ({ lda }) => ({ lda: lda + 1 }))],
    ['rows of B too close', [wrong], {}, called(unpacked, ({ ldb }) => ({ ldb: ldb - 1 }))],
    ['rows of B too close, packed', [wrong], {}, called(packed, ({ ldb }) => ({ ldb: ldb - 1 }))],
    ['rows of B too far apart', [trap], {}, called(unpacked, ({ ldb }) => ({ ldb: ldb + 1 }))],
    ['rows of C too close', [wrong, beside], { accumulate: false }, called(unpacked, ({ ldc }) => ({ ldc: ldc - 1 }))],
    ['A not transposed', [wrong], { transA: true, M: 130 }, called(unpacked, () => ({ transA: false }))],
    ['B transposed', [wrong], { N: 130 }, called(unpacked, () => ({ transB: true }))],
    ['the last column dropped', [wrong], {}, called(unpacked, ({ N }) => ({ N: N - 1 }))],
    ['a column too many', [beside], { last: 'a' }, called(unpacked, ({ N }) => ({ N: N + 1 }))],
    ['the last row dropped', [wrong], {}, called(unpacked, ({ M }) => ({ M: M - 1 }))],
    ['a row too many', [trap], { last: 'a' }, called(unpacked, ({ M }) => ({ M: M + 1 }))],
    ['the last term dropped', [wrong], {}, called(unpacked, ({ K }) => ({ K: K - 1 }))],
    ['a term too many', [trap], {}, called(unpacked, ({ K }) => ({ K: K + 1 }))],
    ['assigned', [wrong], {}, called(unpacked, () => ({ accumulate: false }))],
    ['added', [wrong], { accumulate: false }, called(unpacked, () => ({ accumulate: true }))],
    ['too little scratch memory', [beside], { transB: true }, { ...unpacked, bytes: () => 100 }],
    ['too little memory for B packed', [beside], {}, { ...packed, bytes: (...of) => packed.bytes(...of) - bytes }],
    [
      'other blocks of K',
      ['C has other bits'],
      {},
      {
        ...unpacked,
        run(type, { K, a, b, ldb, ...rest }) {
          unpacked.run(type, { ...rest, K: 100, a, b, ldb });
          unpacked.run(type, {
            ...rest,
            K: K - 100,
            a: a + 100 * bytes,
            b: b + 100 * ldb * bytes,
            ldb,
            accumulate: true,
          });
        },
      },
    ],
  ])('%s', (_, expected, part, way) => {
    expect(mistakes(type, { ...right, ...part }, unpacked)).toEqual([]);
    expect(mistakes(type, { ...right, ...part }, way)).toEqual(expected);
  });
});

/** What a way to compute a product gets wrong; nothing when it is right. */
function mistakes(type: Type, problem: Problem, way: Way): string[] {
  const { M, N, wide, padding, strewn } = problem;
  kernels.setWide(wide);
  const bytes = way.bytes(type, problem);
  const call = place(type, problem, bytes);
  const before = memory.buffer.slice(0);
  try {
    way.run(type, call);
  } catch (trap) {
    return [String(trap)];
  }
  const after = memory.buffer.slice(0);
  const found = new Set<string>();
  const [old, now] = [new type.Numbers(before), new type.Numbers(after)];
  const first = call.c / now.BYTES_PER_ELEMENT;
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      const at = first + i * (N + padding.c) + j;
      const c = now[at] ?? Number.NaN;
      const { sum, plain, bound } = tripleLoop(type, call, old, i, j, old[at] ?? Number.NaN);
      if (!strewn && !(Math.abs(c - plain) <= bound)) found.add('C is wrong');
      else if (!Object.is(c, sum)) found.add('C has other bits');
      now[at] = old[at] ?? Number.NaN;
    }
  }
  new Uint8Array(after).set(new Uint8Array(before, call.scratch, bytes), call.scratch);
  if (Buffer.compare(Buffer.from(before), Buffer.from(after)) !== 0) found.add('memory beside C has changed');
  return [...found];
}

/** Fills the memory: the matrices at its end, the one that is to be last first, and everything else canaries. */
function place({ Numbers }: Type, { padding, last, seed, strewn = [], ...product }: Problem, bytes: number): Call {
  const { transA, transB, M, N, K } = product;
  const shapes: Readonly<Record<'a' | 'b' | 'c', readonly [number, number]>> = {
    a: transA ? [K, M] : [M, K],
    b: transB ? [N, K] : [K, N],
    c: [M, N],
  };
  const numbers = new Numbers(memory.buffer).fill(CANARY);
  const random = new Random(seed);
  const below = (n: number): number => Math.floor(n * random.uniform());
  const at = { a: 0, b: 0, c: 0 };
  let end = numbers.length;
  for (const name of [last, ...(['a', 'b', 'c'] as const).filter(name => name !== last)]) {
    const [rows, columns] = shapes[name];
    const ld = columns + padding[name];
    const from = end - (rows - 1) * ld - columns;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) numbers[from + i * ld + j] = below(401) / 100 - 2;
    }
    if (name !== 'c') for (const x of strewn) numbers[from + below(rows) * ld + below(columns)] = x;
    at[name] = from * Numbers.BYTES_PER_ELEMENT;
    end = from - 5;
  }
  const scratch = 64;
  if (end * Numbers.BYTES_PER_ELEMENT < scratch + bytes) throw new RangeError('the memory is too small');
  const [lda, ldb, ldc] = [shapes.a[1] + padding.a, shapes.b[1] + padding.b, N + padding.c];
  return { ...product, ...at, lda, ldb, ldc, scratch };
}

/**
 * An element of C in the order that the kernel promises, and summed plainly in f64; and how far the two may lie apart.
 *
 * A sum of n products in any order is off by at most γ Σ|a b|, γ = nu / (1 − nu), u = eps / 2 (Higham, "Accuracy and
 * Stability of Numerical Algorithms", 3.1). Both have at most K + 1 terms and a rounding more, so eps (K + 2) bounds the
 * sum of both γ.
 */
function tripleLoop(
  { eps, round }: Type,
  { transA, transB, K, accumulate, a, lda, b, ldb }: Call,
  numbers: Float64Array | Float32Array,
  i: number,
  j: number,
  c: number,
): { readonly sum: number; readonly plain: number; readonly bound: number } {
  let [sum, plain, size] = accumulate ? [c, c, Math.abs(c)] : [0, 0, 0];
  for (let first = 0; first < K; first += DEPTH) {
    let block = 0;
    for (let k = first; k < Math.min(K, first + DEPTH); k++) {
      const aik = numbers[a / numbers.BYTES_PER_ELEMENT + (transA ? k * lda + i : i * lda + k)] ?? Number.NaN;
      const bkj = numbers[b / numbers.BYTES_PER_ELEMENT + (transB ? j * ldb + k : k * ldb + j)] ?? Number.NaN;
      block = round(block + round(aik * bkj));
      plain += aik * bkj;
      size += Math.abs(aik * bkj);
    }
    sum = accumulate || first > 0 ? round(sum + block) : block;
  }
  return { sum, plain, bound: eps * (K + 2) * size };
}
