/**
 * What a fixed set of kernels computes, as one number: products in every layout, what stands around them, and elementary
 * functions, in both precisions; losses, norms, clipping and updates. Who changes how the runtime compiles kernels sees by it whether they compute the same.
 */

import type { Operation } from '../equations/operation.ts';
import * as operations from '../equations/operations.ts';
import { Random } from '../random.ts';
import { assemble } from './assembler.ts';
import { kernelOf, SCRATCH, TABLE_ROW } from './kernel.ts';
import type { AroundKernels } from './kernels-around.ts';
import type { Node } from './planning/nodes.ts';
import type { Block, KernelPlan, Ref } from './planning/work.ts';
import { type Fused, fusedOf, type Precision } from './precision.ts';
import { instantiateAnew, instantiateAroundAnew, instantiateKernels, type WasmMemory, wasmMemory } from './wasm.ts';

/** What {@link selfTest} returns where all is right: the same on every machine. */
export const KNOWN: number = 0x3a0cc58e;

/**
 * A hash of the bits of all results, of kernels that are compiled for it. Each is called twice and more: a runtime that
 * compiles anew what is called often can be told to do so after the first time.
 */
export function selfTest(): number {
  const memory = wasmMemory(PAGES);
  const all = instantiateAnew(memory);
  let hash = 0x811c9dc5;
  for (const precision of ['f64', 'f32'] as const) {
    const arena = new Arena(memory, precision);
    const kernels = fusedOf(all, precision);
    const scratch = arena.zeros(all.productScratch() / arena.bytes);
    for (const wide of [false, true]) {
      all.setWide(wide);
      for (const rows of [1, 3, 9]) products(kernels, arena, rows, scratch);
    }
    for (let time = 0; time < 2; time++) around(kernels, arena);
    elementary(memory, arena);
    if (precision === 'f64') training(instantiateAroundAnew(memory), arena);
    hash = arena.hashed(hash);
    memory.grow(PAGES);
  }
  return hash;
}

/** Pages of 64 KiB, for each precision: more than is used. */
const PAGES = 24;

/** Numbers one after the other in a memory: those of its last pages. */
class Arena {
  readonly precision: Precision;
  readonly bytes: number;
  readonly #memory: WasmMemory;
  readonly #rng = new Random(1);
  readonly #results: { readonly address: number; readonly count: number }[] = [];
  #end: number;

  constructor(memory: WasmMemory, precision: Precision) {
    this.#memory = memory;
    this.precision = precision;
    this.bytes = precision === 'f64' ? 8 : 4;
    this.#end = memory.buffer.byteLength - 65536 * PAGES + ALIGNED; // address 0 means none
  }

  /** The address of so many numbers that are computed, to which something may be added: from −4 to 4. */
  result(count: number): number {
    const address = this.numbers(count);
    this.#results.push({ address, count });
    return address;
  }

  /** The address of so many zeros, to which something is added. */
  sums(count: number): number {
    const address = this.zeros(count);
    this.#results.push({ address, count });
    return address;
  }

  /** Takes a number of f64 among the results. */
  note(result: number): void {
    new Float64Array(this.#memory.buffer, this.sums(1), 1)[0] = result;
  }

  /** The address of so many integers from 0 on, below another. */
  indices(count: number, below: number): number {
    const address = this.zeros(count);
    new Int32Array(this.#memory.buffer, address, count).forEach((_, n, all) => {
      all[n] = (7 * n) % below;
    });
    return address;
  }

  /** FNV-1a over the words of all results, after a hash. */
  hashed(before: number): number {
    let hash = before;
    for (const { address, count } of this.#results)
      for (const word of new Uint32Array(this.#memory.buffer, address, (count * this.bytes) / 4))
        hash = Math.imul(hash ^ word, 0x01000193) >>> 0;
    return hash;
  }

  /** The address of so many zeros. */
  zeros(count: number): number {
    const address = this.#end;
    this.#end += ALIGNED * Math.ceil((count * this.bytes) / ALIGNED);
    return address;
  }

  /** The address of so many numbers from −4 to 4. */
  numbers(count: number): number {
    const address = this.zeros(count);
    const view = this.precision === 'f64' ? Float64Array : Float32Array;
    new view(this.#memory.buffer, address, count).forEach((_, n, all) => {
      all[n] = 8 * this.#rng.uniform() - 4;
    });
    return address;
  }

  /** The address of the number that has these bits. */
  constant(bits: bigint): number {
    const address = this.zeros(1);
    const view = new DataView(this.#memory.buffer);
    if (this.precision === 'f64') view.setBigUint64(address, bits, true);
    else view.setUint32(address, Number(bits), true);
    return address;
  }

  /** The address of a table of so many addresses that do not move. */
  table(addresses: readonly number[]): number {
    const table = this.zeros(addresses.length * TABLE_ROW);
    const words = new Uint32Array(this.#memory.buffer, table, (addresses.length * TABLE_ROW) / 4);
    for (const [n, address] of addresses.entries()) words[(n * TABLE_ROW) / 4] = address;
    return table;
  }
}

const ALIGNED = 64;

/** Of so many rows, in more than one block of sums, with panels that are not full; as it lies, transposed, and packed. */
function products(kernels: Fused, arena: Arena, M: number, scratch: number): void {
  const [N, K] = [37, 195];
  const [a, b, packed] = [arena.numbers(M * K), arena.numbers(N * K), arena.zeros(2 * N * K)];
  for (const [transA, transB] of [
    [false, false],
    [false, true],
    [true, false],
  ] as const) {
    const c = arena.result(M * N);
    const [lda, ldb] = [transA ? M : K, transB ? K : N];
    kernels.product(transA, transB, M, N, K, a, lda, b, ldb, c, N, true, scratch);
  }
  kernels.pack(true, N, K, b, K, packed);
  kernels.productPacked(M, N, K, a, K, packed, arena.result(M * N), N, false);
}

/** Sums over rows, transposes, log softmax. */
function around(kernels: Fused, arena: Arena): void {
  const [rows, width] = [5, 27];
  const [a, b] = [arena.numbers(rows * width), arena.numbers(rows * width)];
  const to = () => arena.result(rows * width);
  kernels.transpose(rows, width, a, width, to(), rows);
  kernels.addRow(rows, width, b, to());
  kernels.columnSums(rows, width, a, width, to());
  kernels.columnProducts(rows, width, a, width, b, width, to());
  kernels.logSoftmaxRows(a, to(), rows, width);
}

/** What a step of training does around its passes, twice, all of it in f64. */
function training(kernels: AroundKernels, arena: Arena): void {
  const [rows, width, dloss] = [5, 27, 0.3];
  const n = rows * width;
  const [o, y, grads] = [arena.numbers(n), arena.numbers(n), arena.numbers(n)];
  const [factors, classes] = [arena.numbers(rows), arena.indices(rows, width)];
  const values = Array.from({ length: 5 }, () => arena.result(n));
  const memories = Array.from({ length: 5 }, () => arena.sums(n));
  const at = (list: readonly number[], which: number) => list[which] ?? 0;
  for (let time = 1; time <= 2; time++) {
    const logP = arena.result(n);
    kernels.logSoftmaxRows(o, logP, rows, width);
    kernels.softmaxGradient(rows, width, logP, factors, classes, dloss, arena.result(n));
    kernels.binaryCrossEntropy(n, o, y, arena.result(n));
    kernels.binaryGradient(rows, width, o, y, factors, dloss, arena.result(n));
    arena.note(kernels.squaredError(rows, width, o, y, factors, time));
    kernels.squaredGradient(rows, width, o, y, factors, dloss, arena.result(n));
    arena.note(kernels.squares(n, grads));
    kernels.scale(n, arena.result(n), 0.7);
    kernels.clip(n, arena.result(n), 0.1);
    kernels.descend(n, at(values, 0), grads, 0.1);
    kernels.descendWithMomentum(n, at(values, 1), grads, at(memories, 0), 0.1, 0.9, time > 1);
    kernels.adagrad(n, at(values, 2), grads, at(memories, 1), 0.1, 1e-8);
    kernels.rmsprop(n, at(values, 3), grads, at(memories, 2), 0.1, 0.9, 1e-8);
    const [m, v] = [at(memories, 3), at(memories, 4)];
    kernels.adam(n, at(values, 4), grads, m, v, 0.1, 0.9, 0.999, 1e-8, 0.01, 0.1 * time, 0.001 * time);
  }
}

/** Of rows of 11 numbers x and y, each operation in a kernel of all of them. */
function elementary(memory: WasmMemory, arena: Arena): void {
  const [rows, width] = [3, 11];
  const { plan, blocks, outputs } = kernelPlan(width);
  const { precision } = arena;
  const { assembled, bases, scratch } = kernelOf('all', plan, blocks, {
    precision,
    fma: false,
    constantAt: bits => arena.constant(bits),
  });
  const { all } = instantiateKernels(assemble([assembled]), memory);
  const addresses: Readonly<Record<string, number>> = {
    input: arena.numbers(rows * 2 * width),
    output: arena.result(rows * outputs),
    [SCRATCH]: arena.zeros(scratch),
  };
  const table = arena.table(bases.map(({ block }) => addresses[block] ?? 0));
  for (let time = 0; time < 2; time++) all?.(rows, 0, 0, table);
}

const { sigmoid, tanh, exp, log, sqrt, abs, softplus, elu, gelu, softsign, relu } = operations;
const { add, sub, mul, div, max, min, above, sumUnits, maxUnits } = operations;

function kernelPlan(width: number): { plan: KernelPlan; blocks: ReadonlyMap<string, Block>; outputs: number } {
  let id = 0;
  const node = (operation: Operation | undefined, args: readonly Node[], columns = width): Node => {
    const made = { id: id++, width: columns, shared: false, backward: false, args };
    return operation ? { ...made, operation } : made;
  };
  const [x, y] = [node(undefined, []), node(undefined, [])];
  const positive = node(abs, [x]);
  const sums = [sumUnits, maxUnits].map(over => node(over, [x], 1));
  const computed = [
    positive,
    ...sums,
    ...[sigmoid, tanh, exp, softplus, elu, gelu, softsign, relu].map(unary => node(unary, [x])),
    ...[log, sqrt].map(unary => node(unary, [positive])),
    ...[add, sub, mul, div, max, min, above].map(binary => node(binary, [x, y])),
    ...sums.map(sum => node(sub, [y, sum])),
  ];
  let column = 0;
  const stores = computed.map((value): readonly [Node, Ref] => {
    column += value.width;
    return [value, { block: 'output', column: column - value.width }];
  });
  const found = new Map<Node, Ref>([
    [x, { block: 'input', column: 0 }],
    [y, { block: 'input', column: width }],
  ]);
  const blocks = (['input', 'output'] as const).map((name): [string, Block] => {
    return [name, { name, columns: name === 'input' ? 2 * width : column, life: 'all', forDx: false }];
  });
  return { plan: { kind: 'kernel', found, computed, stores }, blocks: new Map(blocks), outputs: column };
}
