/**
 * The BLAS backend. What it asks of a library is tried everywhere, with one in plain JavaScript, and where the machine
 * has a BLAS with that too; where it has none, the error is what is tried.
 */
import Module, { createRequire } from 'node:module';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { blas } from '../../lib/blas.ts';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { traceFixed } from '../../lib/cells/trace.ts';
import { raggedLengths, randomSequence, randomState } from '../../lib/check/problem.ts';
import {
  type BlasLibrary,
  type Gemm,
  type Gemv,
  type Koffi,
  type Machine,
  openBlas,
} from '../../lib/engine/blas-library.ts';
import { blasProducts } from '../../lib/engine/blas-products.ts';
import type { Backend } from '../../lib/engine/options.ts';
import { type Precision, runtime } from '../../lib/engine/precision.ts';
import { wasmProducts } from '../../lib/engine/products.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { FileError, FormatError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { size } from '../arbitraries.ts';
import { flat } from '../numbers.ts';
import { leastInputs, leastUnits } from '../units.ts';

const TYPES = {
  f64: { Numbers: Float64Array, eps: 2 ** -52, bound: 1e-12 },
  f32: { Numbers: Float32Array, eps: 2 ** -23, bound: 1e-4 },
} as const;
const precisions = ['f64', 'f32'] as const;

/** As in cblas.h. */
const TRANS = 112;

/** A BLAS that anybody can read. Buffers lie where it says they do, each elsewhere. */
function plainBlas(): BlasLibrary {
  const REGION = 2 ** 34;
  const buffers: ArrayBuffer[] = [];

  /** The numbers from an address on. There are none in memory that has been given up. */
  const at = (precision: Precision, address: number): Float64Array | Float32Array => {
    const buffer = buffers[Math.floor(address / REGION) - 1];
    if (!buffer?.byteLength) throw new Error('no memory there');
    return new TYPES[precision].Numbers(buffer, address % REGION);
  };
  const gemm = (precision: Precision): Gemm => {
    return (_order, transA, transB, M, N, K, alpha, a, lda, b, ldb, beta, c, ldc) => {
      const [A, B, C] = [at(precision, a), at(precision, b), at(precision, c)];
      const [rowA, stepA] = transA === TRANS ? [1, lda] : [lda, 1];
      const [columnB, stepB] = transB === TRANS ? [ldb, 1] : [1, ldb];
      for (let i = 0; i < M; i++) {
        for (let j = 0; j < N; j++) {
          let sum = beta === 0 ? 0 : beta * (C[i * ldc + j] ?? Number.NaN);
          for (let k = 0, n = i * rowA, l = j * columnB; k < K; k++, n += stepA, l += stepB) {
            sum += alpha * (A[n] ?? Number.NaN) * (B[l] ?? Number.NaN);
          }
          C[i * ldc + j] = sum;
        }
      }
    };
  };
  const gemv = (precision: Precision): Gemv => {
    const multiply = gemm(precision);
    return (order, transA, rows, columns, alpha, a, lda, x, incX, beta, y, incY) => {
      const [M, K] = transA === TRANS ? [columns, rows] : [rows, columns];
      multiply(order, transA, 0, M, 1, K, alpha, a, lda, x, incX, beta, y, incY);
    };
  };
  return {
    name: 'another',
    path: 'plain JavaScript',
    gemm: { f64: gemm('f64'), f32: gemm('f32') },
    gemv: { f64: gemv('f64'), f32: gemv('f32') },
    setThreads: undefined,
    multipliesSmallAsTheyLie: true,
    version: undefined,
    kernel: undefined,
    address(buffer) {
      if (!buffers.includes(buffer)) buffers.push(buffer);
      return REGION * (1 + buffers.indexOf(buffer));
    },
  };
}

const missing = (() => {
  try {
    openBlas();
    return undefined;
  } catch (error) {
    return error;
  }
})();
const libraries = missing ? [plainBlas()] : [plainBlas(), openBlas()];
process.stdout.write(
  missing
    ? `blas.spec: no BLAS here, so the error is tried: ${missing}\n`
    : `blas.spec: ${openBlas().name} (${openBlas().path}) is tried\n`,
);

/** A change of arguments, by their names: those of gemm; transV, incX and betaY of gemv; and what `address` returns. */
type Changes = Readonly<Record<string, (x: number) => number>>;

const GEMM = ['order', 'transA', 'transB', 'M', 'N', 'K', 'alpha', 'a', 'lda', 'b', 'ldb', 'beta', 'c', 'ldc'];
const GEMV = ['order', 'transV', 'rows', 'columns', 'alpha', 'a', 'lda', 'x', 'incX', 'betaY', 'y', 'incY'];

/** A library that is called with something else. */
function changed(library: BlasLibrary, changes: Changes): BlasLibrary {
  const change = <Args extends readonly number[]>(args: Args, names: readonly string[]): Args =>
    args.map((x, n) => changes[names[n] ?? '']?.(x) ?? x) as readonly number[] as Args;
  const gemm = (precision: Precision): Gemm => {
    return (...args) => library.gemm[precision](...change(args, GEMM));
  };
  const gemv = (precision: Precision): Gemv => {
    return (...args) => library.gemv[precision](...change(args, GEMV));
  };
  return {
    ...library,
    gemm: { f64: gemm('f64'), f32: gemm('f32') },
    gemv: { f64: gemv('f64'), f32: gemv('f32') },
    address(buffer) {
      const address = library.address(buffer);
      return changes.address?.(address) ?? address;
    },
  };
}

/** A library that notes which functions are called. */
function counted(library: BlasLibrary, calls: string[]): BlasLibrary {
  const note = (name: string) => (x: number) => {
    calls.push(name);
    return x;
  };
  return changed(library, { beta: note('gemm'), betaY: note('gemv') });
}

/** A product, by itself or as one of many with the same B. */
interface Problem {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly accumulate: boolean;
  /** How much longer a row is in memory than in the matrix; of B, where undefined, such that rows are 2 KiB apart. */
  readonly padding: { readonly a: number; readonly b: number | undefined; readonly c: number };
  /** For how many products B is prepared, and for how many rows beside M; not at all where undefined. */
  readonly prepared: { readonly times: number; readonly more: number } | undefined;
  /** Whether the memory grows between a first time and a second, which is what counts. */
  readonly grows: boolean;
  readonly seed: number;
}

const length = fc.oneof(fc.constant(1), size(6), { weight: 3, arbitrary: fc.integer({ min: 20, max: 70 }) });
const problem: fc.Arbitrary<Problem> = fc.record({
  transA: fc.boolean(),
  transB: fc.boolean(),
  M: length,
  N: length,
  K: length,
  accumulate: fc.boolean(),
  padding: fc.record({ a: fc.nat(5), b: fc.option(fc.nat(5), { nil: undefined }), c: fc.nat(5) }),
  prepared: fc.option(fc.record({ times: fc.constantFrom(1, 15, 16, 50), more: fc.nat(3) }), {
    nil: undefined,
    freq: 1,
  }),
  grows: fc.boolean(),
  seed: fc.nat(),
});

/** What is wrong with a product of the backend: where C is further from WebAssembly's than rounding, and what else changes. */
function mistakes(library: BlasLibrary, precision: Precision, drawn: Problem, threads: number = 1): string[] {
  const { transB, M, N, K, accumulate, padding, prepared, grows, seed } = drawn;
  const transA = drawn.transA && !prepared;
  const rt = runtime(precision, false);
  const { heap, bytes } = rt;
  const { held } = heap;
  const [rowsA, columnsA] = transA ? [K, M] : [M, K];
  const [rowsB, columnsB] = transB ? [N, K] : [K, N];
  const lda = columnsA + padding.a;
  const ldb = padding.b === undefined ? 2048 / bytes : columnsB + padding.b;
  const ldc = N + padding.c;
  const rng = new Random(seed);
  const block = (count: number) => {
    const address = heap.take(bytes * count);
    const values = new TYPES[precision].Numbers(count).map(() => 4 * rng.uniform() - 2);
    return { address, values, count };
  };
  const [a, b, c, d] = [block(rowsA * lda), block(rowsB * ldb), block(M * ldc), block(M * ldc)];
  /** Sets everything as it is to be before a product. What C holds does not matter when nothing is added to it. */
  const place = () => {
    for (const { address, values, count } of [a, b, c]) rt.view(address, count).set(values);
    const view = rt.view(d.address, d.count);
    view.set(c.values);
    for (let i = 0; i < M && !accumulate; i++) view.fill(Number.NaN, i * ldc, i * ldc + N);
  };
  try {
    place();
    const products = blasProducts(library, threads, rt);
    const operand = prepared && products.operand(transB, N, K, b.address, ldb, M + prepared.more, prepared.times);
    const multiply = () =>
      operand
        ? operand.multiply(M, a.address, lda, d.address, ldc, accumulate)
        : products.product(transA, transB, M, N, K, a.address, lda, b.address, ldb, d.address, ldc, accumulate);
    if (grows) {
      multiply();
      heap.memory.grow(1);
      place();
    }
    multiply();
    operand?.release();
    const { product } = wasmProducts(rt);
    product(transA, transB, M, N, K, a.address, lda, b.address, ldb, c.address, ldc, accumulate);
  } catch (error) {
    return [String(error)];
  } finally {
    for (const { address, count } of [a, b, c, d]) heap.give(address, bytes * count);
  }
  const [ours, theirs] = [rt.view(d.address, d.count), rt.view(c.address, c.count)];
  const found = new Set<string>();
  if (heap.held !== held) found.add('memory is not given back');
  const [rowA, stepA] = transA ? [1, lda] : [lda, 1];
  const [columnB, stepB] = transB ? [ldb, 1] : [1, ldb];
  for (let n = 0; n < c.values.length; n++) {
    const old = c.values[n] ?? Number.NaN;
    const [i, j] = [Math.floor(n / ldc), n % ldc];
    let scale = accumulate ? Math.abs(old) : 0;
    for (let k = 0, p = i * rowA, q = j * columnB; k < K && j < N; k++, p += stepA, q += stepB) {
      scale += Math.abs((a.values[p] ?? Number.NaN) * (b.values[q] ?? Number.NaN));
    }
    const distance = Math.abs((ours[n] ?? Number.NaN) - (theirs[n] ?? Number.NaN));
    if (j >= N && ours[n] !== old) found.add('memory beside C has changed');
    if (j < N && !(distance <= TYPES[precision].eps * (K + 2) * scale)) found.add('C is wrong');
  }
  return [...found];
}

const right: Problem = {
  transA: false,
  transB: true,
  M: 7,
  N: 40,
  K: 30,
  accumulate: true,
  padding: { a: 2, b: 3, c: 4 },
  prepared: undefined,
  grows: false,
  seed: 1,
};

describe.each(libraries)('with $name ($path), a product', library => {
  it.each(precisions)('in %s is that of WebAssembly, up to rounding', precision => {
    fc.assert(
      fc.property(problem, drawn => {
        expect(mistakes(library, precision, drawn)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it.each(precisions)('in %s is right for a single row, however A and B lie', precision => {
    for (const transA of [false, true]) {
      for (const transB of [false, true]) {
        expect(mistakes(library, precision, { ...right, transA, transB, M: 1, N: 50, K: 60 })).toEqual([]);
      }
    }
  });

  it.each(precisions)('in %s is the library’s, unless it is tiny', precision => {
    const calls: string[] = [];
    const shapes = [
      [1, 70, 70],
      [2, 70, 70],
      [8, 16, 16],
      [40, 1, 200],
    ] as const;
    for (const [M, N, K] of shapes) {
      calls.push(`${M}×${N}×${K}`);
      expect(mistakes(counted(library, calls), precision, { ...right, M, N, K })).toEqual([]);
    }
    expect(calls).toEqual(['1×70×70', 'gemv', '2×70×70', 'gemm', '8×16×16', '40×1×200', 'gemm']);
  });
});

/** More than 10⁶ multiplications each, with more rows, columns and terms than a block has. */
const large: Readonly<Record<string, Partial<Problem>>> = {
  'few rows': { transB: false, M: 30, N: 420, K: 90 },
  'few rows, B copied': { M: 30, N: 420, K: 90, prepared: { times: 16, more: 0 } },
  'a narrow B': { transB: false, M: 70, N: 100, K: 170 },
  'many rows': { transB: false, M: 150, N: 120, K: 70 },
  'many rows, B copied for all of them': { M: 150, N: 120, K: 70, prepared: { times: 4, more: 0 } },
  'very many rows, B copied for one': { M: 530, N: 60, K: 50, prepared: { times: 1, more: 0 } },
  'A transposed': { transA: true, transB: false, M: 150, N: 140, K: 70 },
};

describe.each(Object.entries(large))('a large product with %s', (_, part) => {
  it.each(precisions)('in %s is right: in blocks, where small products are sooner done, with one thread', precision => {
    for (const library of libraries) {
      const calls: string[] = [];
      const told = { ...counted(library, calls), multipliesSmallAsTheyLie: true, setThreads: undefined };
      for (const accumulate of [true, false]) {
        expect(mistakes(told, precision, { ...right, ...part, accumulate })).toEqual([]);
        expect(calls.splice(0).length).toBeGreaterThan(1);
      }
      expect(mistakes(told, precision, { ...right, ...part }, 2)).toEqual([]);
      expect(mistakes({ ...told, multipliesSmallAsTheyLie: false }, precision, { ...right, ...part })).toEqual([]);
      expect(calls).toEqual(['gemm', 'gemm']);
    }
  });

  it.each<readonly [string, Changes]>([
    ['assigned', { beta: () => 0 }],
    ['a term short', { K: K => K - 1 }],
    ['a column short', { N: N => N - 1 }],
    ['a row short', { M: M => M - 1 }],
  ])('is wrong when its blocks are %s', (_, changes) => {
    expect(mistakes(changed(plainBlas(), changes), 'f64', { ...right, ...part })).toEqual(['C is wrong']);
  });
});

it('a product of some more rows with a B that no cache holds is done in blocks in f32, at once in f64', () => {
  for (const library of libraries) {
    const calls: string[] = [];
    const told = { ...counted(library, calls), multipliesSmallAsTheyLie: true };
    const part = { transB: false, M: 40, N: 410, K: 330 };
    expect(mistakes(told, 'f32', { ...right, ...part })).toEqual([]);
    expect(calls.splice(0).length).toBe(14); // 7 of 64 columns, 2 of 240 terms
    expect(mistakes(told, 'f64', { ...right, ...part })).toEqual([]);
    expect(calls).toEqual(['gemm']);
  }
});

it('a large product that no blocks suit is done at once', () => {
  const calls: string[] = [];
  for (const part of [
    { transB: true, M: 40, N: 120, K: 300 },
    { transB: false, M: 70, N: 300, K: 60 },
    { transB: false, M: 40, N: 100, K: 200 },
  ]) {
    expect(mistakes(counted(plainBlas(), calls), 'f64', { ...right, ...part })).toEqual([]);
  }
  expect(calls).toEqual(['gemm', 'gemm', 'gemm']);
});

describe('a planted mistake is caught:', () => {
  const [wrong, beside] = ['C is wrong', 'memory beside C has changed'] as const;
  const [single, many] = [{ M: 1, N: 70, K: 70 }, { prepared: { times: 16, more: 0 } }];

  it.each<readonly [string, string[], Partial<Problem>, Changes]>([
    ['C not added to', [wrong], {}, { beta: () => 0 }],
    ['C added to', [wrong], { accumulate: false }, { beta: () => 1 }],
    ['A not transposed', [wrong], { transA: true }, { transA: () => 111 }],
    ['B not transposed', [wrong], {}, { transB: () => 111 }],
    ['B transposed a second time', [wrong], many, { transB: () => TRANS }],
    ['rows of A too far apart', [wrong], {}, { lda: lda => lda + 1 }],
    ['rows of B too close', [wrong], {}, { ldb: ldb => ldb - 1 }],
    ['rows of the copy of B too close', [wrong], many, { ldb: ldb => ldb - 1 }],
    ['rows of C too close', [wrong, beside], {}, { ldc: ldc => ldc - 1 }],
    ['a row dropped', [wrong], {}, { M: M => M - 1 }],
    ['a column too many', [beside], {}, { N: N => N + 1 }],
    ['the last term dropped', [wrong], {}, { K: K => K - 1 }],
    ['a vector not added to', [wrong], single, { betaY: () => 0 }],
    ['a vector from the matrix transposed', [wrong], single, { transV: () => TRANS }],
    ['a column of A read as a row', [wrong], { ...single, transA: true }, { incX: () => 1 }],
    ['memory that has been given up', ['Error: no memory there'], { grows: true }, { address: () => 2 ** 34 }],
  ])('%s', (_, expected, part, changes) => {
    const drawn = { ...right, ...part };
    expect(mistakes(plainBlas(), 'f64', drawn)).toEqual([]);
    expect(mistakes(changed(plainBlas(), changes), 'f64', drawn).sort()).toEqual(expected);
  });
});

const all: readonly Cell[] = [...Object.values<Cell>(cells), traceFixed(0.7) as Cell];

interface Drawn {
  readonly T: number;
  readonly B: number;
  readonly d: number;
  readonly m: number;
  readonly ragged: boolean;
  readonly oneHot: boolean;
  readonly seed: number;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  T: fc.integer({ min: 16, max: 18 }),
  B: size(5),
  d: size(20),
  m: fc.integer({ min: 24, max: 33 }),
  ragged: fc.boolean(),
  oneHot: fc.boolean(),
  seed: fc.nat(),
});

/** Everything that a forward and a backward pass give, by name. */
function everything(layer: Layer, { T, B, ragged, oneHot, seed }: Drawn): Record<string, readonly number[]> {
  const rng = new Random(seed);
  normal(0.3)(layer.params, rng);
  const lengths = ragged ? raggedLengths(T, B).reverse() : undefined;
  const extent = { T, B, ...(lengths && { lengths }) };
  const index = () => Math.floor(rng.uniform() * layer.inputs);
  const x = oneHot
    ? Sequence.oneHot(Array.from({ length: T * B }, index), { ...extent, classes: layer.inputs })
    : randomSequence({ ...extent, F: layer.inputs }, rng);
  const { y, sT, tape } = layer.forward(x, randomState(layer, B, rng));
  const dy = randomSequence({ ...extent, F: layer.outputs }, rng);
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, dy, randomState(layer, B, rng));
  const named = (matrices: object, suffix: string) =>
    Object.fromEntries(Object.entries(matrices).map(([name, matrix]) => [`${suffix} ${name}`, flat(matrix)]));
  return {
    y: flat(y.rows()),
    dx: flat(dx.rows()),
    ...named(sT, 'sT'),
    ...named(ds0, 'ds0'),
    ...named(layer.params.namedGrads(), 'd'),
  };
}

/** The largest difference over the largest number. */
function apart(ours: readonly number[] = [], theirs: readonly number[] = []): number {
  const worst = Math.max(...theirs.map((x, n) => Math.abs(x - (ours[n] ?? Number.NaN))));
  return worst === 0 ? 0 : worst / Math.max(...theirs.map(Math.abs));
}

describe.each(libraries)('with $name ($path), the engine’s layer is the reference', library => {
  it.each(all)('$name', cell => {
    const calls: string[] = [];
    const backend: Backend = { name: 'blas', products: rt => blasProducts(counted(library, calls), 1, rt) };
    fc.assert(
      fc.property(drawn, fc.constantFrom(...precisions), (sizes, precision) => {
        const [d, m] = [Math.max(sizes.d, leastInputs(cell)), Math.max(sizes.m, leastUnits(cell))];
        const ours = everything(recurrent(cell, { d, m }, { backend, precision }) as Layer, sizes);
        const theirs = everything(unroll(cell, { d, m }) as Layer, sizes);
        expect(Object.keys(ours)).toEqual(Object.keys(theirs));
        const far = Object.keys(theirs).filter(name => !(apart(ours[name], theirs[name]) <= TYPES[precision].bound));
        expect(far).toEqual([]);
      }),
      { numRuns: 5 },
    );
    expect(calls.length).toBeGreaterThan(0);
  });
});

type Functions = Readonly<Record<string, (...args: readonly number[]) => unknown>>;

/** A koffi with libraries of our own, which notes what it is asked to load. */
function fakeKoffi(there: Readonly<Record<string, Functions>>, loads: string[] = []): Koffi {
  return {
    load(path) {
      loads.push(path);
      const functions = there[path];
      if (!functions) throw new Error('Failed to load shared library:\nno such file');
      return {
        func(name) {
          if (!functions[name]) throw new Error(`Cannot find function '${name}' in shared library`);
          return functions[name];
        },
      };
    },
    address: () => 0n,
  };
}

const machine = (koffi: Koffi, platform = 'linux', preferred?: string): Machine => ({
  platform,
  preferred,
  koffi: () => koffi,
});

describe('a library is looked for', () => {
  const nothing = () => {};
  const cblas: Functions = { cblas_dgemm: nothing, cblas_sgemm: nothing, cblas_dgemv: nothing, cblas_sgemv: nothing };
  const wide: Functions = { ...cblas, openblas_get_config: () => 'OpenBLAS 0.3.21 USE64BITINT MAX_THREADS=64' };

  it.each([
    ['linux', 'libopenblas.so.0', 'libmkl_rt.so.2', 'libblis.so.4', 'apt install libopenblas0'],
    ['freebsd', 'libopenblas.so.0', 'libmkl_rt.so.2', 'libblis.so.4', 'OpenBLAS'],
    ['darwin', '/System/Library/Frameworks/Accelerate.framework/Accelerate', 'Accelerate, which comes with macOS'],
    ['win32', 'libopenblas.dll', 'mkl_rt.2.dll', 'libblis.dll', 'PATH'],
  ])(
    'on %s under the names it may have; where there is none, the error names them and what to install',
    (platform, ...texts) => {
      const loads: string[] = [];
      const error = thrown(() => openBlas(undefined, machine(fakeKoffi({}, loads), platform)));
      expect(error).toBeInstanceOf(FileError);
      expect(loads.length).toBeGreaterThan(1);
      for (const text of [...loads, ...texts]) expect(String(error)).toContain(text);
    },
  );

  it('in order, passing over what cannot be used', () => {
    const koffi = fakeKoffi({
      'libopenblas.so.0': wide,
      'libmkl_rt.so.2': { ...cblas, cblas_sgemv: undefined } as unknown as Functions,
      'libblis.so.4': { ...cblas, bli_thread_set_num_threads: nothing },
      'libblis.so': cblas,
    });
    expect(openBlas(undefined, machine(koffi))).toMatchObject({ name: 'BLIS', path: 'libblis.so.4' });
  });

  it('where BPTT_BLAS leads, or rather where the option does', () => {
    const koffi = fakeKoffi({ 'libopenblas.so.0': cblas, first: cblas, second: cblas });
    expect(openBlas(undefined, machine(koffi, 'linux', 'second')).path).toBe('second');
    expect(openBlas('first', machine(koffi, 'linux', 'second')).path).toBe('first');
  });

  it('and loaded once', () => {
    const loads: string[] = [];
    const koffi = fakeKoffi({ a: cblas }, loads);
    expect(openBlas('a', machine(koffi))).toBe(openBlas('a', machine(koffi)));
    expect(loads).toEqual(['a']);
  });

  it.each<readonly [string, string, typeof FileError, string[]]>([
    ['cannot be loaded', 'nowhere', FileError, ['"nowhere"', 'Failed to load shared library:']],
    ['is no BLAS', 'libc', FormatError, ['"libc"', 'cblas_dgemm']],
    ['has integers of 64 bits', 'wide', FormatError, ['"wide"', 'LP64']],
  ])('and when the one asked for %s, that is the error', (_, path, Kind, texts) => {
    const koffi = fakeKoffi({ 'libopenblas.so.0': cblas, libc: {}, wide });
    for (const open of [
      () => openBlas(path, machine(koffi)),
      () => openBlas(undefined, machine(koffi, 'linux', path)),
    ]) {
      const error = thrown(open);
      expect(error).toBeInstanceOf(Kind);
      for (const text of texts) expect(String(error)).toContain(text);
      expect(String(error)).not.toContain('no such file');
    }
  });

  it('says its version, and whose kernels it runs, where it can', () => {
    const config = 'OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY Haswell MAX_THREADS=64';
    const telling = { ...cblas, openblas_get_config: () => config, openblas_get_corename: () => 'SkylakeX' };
    const koffi = fakeKoffi({ telling, silent: cblas });
    expect(openBlas('telling', machine(koffi))).toMatchObject({ version: '0.3.21', kernel: 'SkylakeX' });
    expect(openBlas('silent', machine(koffi))).toMatchObject({ version: undefined, kernel: undefined });
  });

  it.each([
    [true, 'OpenBLAS 0.3.18 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY SkylakeX MAX_THREADS=64'],
    [true, 'OpenBLAS 0.3.29 DYNAMIC_ARCH NO_AFFINITY Cooperlake MAX_THREADS=128'],
    [true, 'OpenBLAS 0.4.0 SAPPHIRERAPIDS SINGLE_THREADED'],
    [false, 'OpenBLAS 0.3.17 DYNAMIC_ARCH SkylakeX MAX_THREADS=64'],
    [false, 'OpenBLAS 0.3.29 DYNAMIC_ARCH Zen MAX_THREADS=64'],
    [false, 'SkylakeX'],
    [false, ''],
  ])('and known to multiply small matrices as they lie or not: %s for “%s”', (expected, config) => {
    const koffi = fakeKoffi({ it: { ...cblas, openblas_get_config: () => config } });
    expect(openBlas('it', machine(koffi)).multipliesSmallAsTheyLie).toBe(expected);
  });

  it.each([
    ['OpenBLAS', 'openblas_set_num_threads'],
    ['MKL', 'MKL_Set_Num_Threads'],
    ['BLIS', 'bli_thread_set_num_threads'],
  ])('%s is told its threads when another backend used another number', (name, setter) => {
    const told: unknown[] = [];
    const set = (count: unknown) => told.push(count);
    const library = openBlas('it', machine(fakeKoffi({ it: { ...cblas, [setter]: set } })));
    expect(library.name).toBe(name);
    const rt = runtime('f64', false);
    const [one, two] = [blasProducts(library, 1, rt), blasProducts(library, 2, rt)];
    for (const { product } of [one, one, two, two, one]) product(false, false, 70, 70, 70, 0, 70, 0, 70, 0, 70, true);
    expect(told).toEqual([1, 2, 1]);
  });
});

describe('the backend', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it(
    missing ? 'is missing here, and the error says what to install' : 'is here, and uses as many threads as it is told',
    () => {
      if (missing) {
        expect(missing).toBeInstanceOf(FileError);
        expect(thrown(() => blas())).toEqual(missing);
        expect(String(missing)).toMatch(/^FileError: library: expected .*OpenBLAS.*, got none of /);
        return;
      }
      const { name, path, setThreads } = openBlas();
      const backends = { 1: blas(), 2: blas({ threads: 2 }) };
      expect(backends[1]).toMatchObject({ name: 'blas', library: { name, path }, threads: setThreads && 1 });
      const getters = {
        OpenBLAS: 'openblas_get_num_threads',
        MKL: 'MKL_Get_Max_Threads',
        BLIS: 'bli_thread_get_num_threads',
      };
      if (name === 'another') return;
      const threads = koffi().load(path).func(getters[name], 'int', []) as () => number;
      setThreads?.(2);
      const most = threads(); // a build without threads has 1
      const rt = runtime('f64', false);
      const blocks = rt.heap.take(3 * 8 * 70 * 70);
      rt.view(blocks, 3 * 70 * 70).fill(1);
      for (const count of [1, 2, 1] as const) {
        const at = (n: number) => blocks + n * 8 * 70 * 70;
        backends[count].products(rt).product(false, false, 70, 70, 70, at(0), 70, at(1), 70, at(2), 70, false);
        expect(threads()).toBe(Math.min(count, most));
        expect(rt.view(at(2), 70 * 70).every(c => c === 70)).toBe(true);
      }
      rt.heap.give(blocks, 3 * 8 * 70 * 70);
    },
  );

  it('refuses options that are none', () => {
    for (const threads of [0, -1, 1.5, Number.NaN]) expect(() => blas({ threads })).toThrow(ValueError);
    for (const library of ['', 3 as unknown as string]) expect(() => blas({ library })).toThrow(ValueError);
    for (const backend of [{}, null, 'blas'] as unknown as Backend[]) {
      expect(() => recurrent(lstm, { d: 1, m: 1 }, { backend })).toThrow(ValueError);
    }
  });

  it('says so when the library asked for is not there', () => {
    const path = '/there/is/none/libopenblas.so';
    expect(() => blas({ library: path })).toThrow(FileError);
    expect(() => blas({ library: path })).toThrow(JSON.stringify(path));
    vi.stubEnv('BPTT_BLAS', path);
    expect(() => blas()).toThrow(JSON.stringify(path));
  });

  it('says so when koffi is not installed', () => {
    const loader = Module as unknown as { _load(request: string, ...rest: readonly unknown[]): unknown };
    const load = loader._load;
    vi.spyOn(loader, '_load').mockImplementation((request, ...rest) => {
      if (request === 'koffi') throw new Error("Cannot find module 'koffi'\nRequire stack:\n- there");
      return load.call(loader, request, ...rest);
    });
    const error = thrown(() => blas());
    expect(error).toBeInstanceOf(FileError);
    expect(String(error)).toBe(
      "FileError: koffi: expected the package that calls native libraries (npm install koffi), got Cannot find module 'koffi'",
    );
  });
});

const koffi = (): Koffi => createRequire(import.meta.url)('koffi') as Koffi;

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
