/** A plan's works, ready to be done for one step or for many: made once for passes of the same sizes, and placed in each. */
import type { BlockSize } from './blocks.ts';
import type { Compiled } from './compiled.ts';
import type { Place } from './operands.ts';
import type { Pass } from './pass.ts';
import type { Block, GradientPlan, PerSamplePlan, ProductPlan, Ref, Work } from './planning/work.ts';
import type { Addition } from './sums.ts';

/** Does something in a pass for so many rows from step t on: the first of one step, or all of a span. */
export type Act = (pass: Pass, t: number, rows: number) => void;

export interface Run {
  /** Looks up where all that is worked on lies in a pass, which has its blocks: what is done next is done there. */
  place(pass: Pass): void;
  /** The address of a place of the pass that was placed, at step t. */
  address(ref: Ref): (pass: Pass, t: number) => number;
  /** One work after the other. */
  act(works: readonly Work[]): Act;
  /** What is added to gradients of parameters, for some rows of the present span. */
  add(works: readonly GradientPlan[]): Addition;
  /** Where a work looks for the prepared matrix that it multiplies by in place of that among the parameters. */
  operandOf(work: Work): Place;
}

/** How large a block of a plan is in a pass: one that dL/dx needs is of all steps where dL/dx comes later. */
export function sizeOf({ columns, life, forDx }: Block, pass: Pass, dxLater: boolean): BlockSize {
  const { T, B } = pass.size;
  const zeros = pass.order !== undefined;
  if (life === 'row') return { count: columns };
  if (life === 'states') return { count: (T + 1) * B * columns, zeros };
  if (life === 'all' || (forDx && dxLater)) return { count: T * B * columns, zeros };
  return life === 'span' ? pass.ofSpan(columns, zeros) : { count: B * columns, zeros };
}

/** @param first a pass such as all that the run is for: of the same sizes, on the same kind of input. */
export function runOf({ blocks, kernels: compiled, tables }: Compiled, first: Pass, dxLater: boolean): Run {
  const { products, size, runtime } = first;
  const { bytes, kernels, heap } = runtime;
  const hasIndices = first.x.data instanceof Int32Array;
  const operands = new Map<Work, Place>();
  const tracks: Track[] = [];
  const table = new Int32Array(tables / 4);
  const rows: TableRow[] = [];
  let tablesAt = 0;
  const columnsOf = (ref: Ref) => blocks.get(ref.block)?.columns ?? 0;
  const isIndices = ({ block }: Ref) => block === 'x' && hasIndices;

  /** Where a place is at step 0, or where a span begins, and by how much it moves with a step. */
  const track = (ref: Ref): Track => {
    const { life, columns, forDx } = blocks.get(ref.block) ?? { life: 'row', columns: 0, forDx: false };
    const ofAll = life === 'states' || life === 'all' || ref.block === 'x' || (forDx && dxLater);
    const moves = ofAll || life === 'span' ? size.B * columns * bytes : 0;
    return { first: 0, moves, ofSpan: life === 'span' && !ofAll, ref };
  };
  const placed = (ref: Ref): Track => {
    const made = track(ref);
    tracks.push(made);
    return made;
  };
  const locate = (pass: Pass, one: Track) => {
    one.first = pass.block(one.ref.block, one.ref.column) + (one.ref.after ? one.moves : 0);
  };
  const at = ({ first, moves, ofSpan }: Track, { span }: Pass, t: number) =>
    first + moves * (ofSpan ? t - span.from : t);

  const operandOf = (work: Work) => {
    const place = operands.get(work) ?? { operand: undefined };
    operands.set(work, place);
    return place;
  };

  function product(work: ProductPlan): Act {
    const { N, K, ldb, transposed, accumulate } = work;
    const [left, to, right] = [placed(work.left), placed(work.to), placed({ block: 'p', column: work.right })];
    const [lda, ldc] = [columnsOf(work.left), columnsOf(work.to)];
    const place = operandOf(work);
    if (isIndices(work.left)) {
      return (pass, t, rows) => kernels.gather(rows, N, pass.indices(t), right.first, ldb, at(to, pass, t), ldc);
    }
    return (pass, t, rows) => {
      const { operand } = place;
      const from = at(left, pass, t);
      const into = at(to, pass, t);
      if (operand) operand.multiply(rows, from, lda, into, ldc, accumulate);
      else products.product(false, transposed, rows, N, K, from, lda, right.first, ldb, into, ldc, accumulate);
    };
  }

  function perSample({ name, left, right, to, widths: [p, q, r] }: PerSamplePlan): Act {
    const [from, other, result] = [placed(left), placed(right), placed(to)];
    const [lda, ldb, ldc] = [columnsOf(left) * bytes, columnsOf(right) * bytes, columnsOf(to) * bytes];
    const multiply = products.product;
    const one = {
      outer: (a: number, b: number, c: number) => multiply(false, false, p, q, 1, a, 1, b, q, c, q, false),
      applyEach: (a: number, b: number, c: number) => multiply(false, true, 1, r, q, b, q, a, q, c, r, false),
      applyEachT: (a: number, b: number, c: number) => multiply(false, false, 1, r, q, b, q, a, r, c, r, false),
    }[name];
    return (pass, t, rows) => {
      const a = at(from, pass, t);
      const b = at(other, pass, t);
      const c = at(result, pass, t);
      for (let n = 0; n < rows; n++) one(a + n * lda, b + n * ldb, c + n * ldc);
    };
  }

  function actOf(work: Work): Act {
    if (work.kind === 'product') return product(work);
    if (work.kind === 'per sample') return perSample(work);
    const kernel = work.kind === 'kernel' ? compiled.get(work) : undefined;
    if (!kernel) throw new Error('a kernel that was not compiled');
    for (const [n, base] of kernel.bases.entries()) {
      rows.push({ at: kernel.table / 4 + 3 * n, track: placed({ ...base, column: 0 }) });
    }
    return (pass, t, rows) => kernel.call(rows, t, t - pass.span.from, tablesAt + kernel.table);
  }

  function addition(work: GradientPlan): Addition {
    const { M, N, ldc, elementwise } = work;
    const [left, lda, to] = [placed(work.left), columnsOf(work.left), placed({ block: 'dp', column: work.to })];
    const rowOf = (pass: Pass, one: Track, ld: number, row: number) => at(one, pass, pass.span.from) + row * ld * bytes;
    if (!work.right)
      return (pass, from, count) => kernels.columnSums(count, M, rowOf(pass, left, lda, from), lda, to.first);
    if (isIndices(work.right)) {
      return (pass, from, count) => {
        const indices = pass.indices(pass.span.from) + 4 * from;
        kernels.scatter(count, M, indices, rowOf(pass, left, lda, from), lda, ldc, to.first);
      };
    }
    const [right, ldb] = [placed(work.right), columnsOf(work.right)];
    if (elementwise) {
      return (pass, from, count) => {
        const a = rowOf(pass, left, lda, from);
        kernels.columnProducts(count, M, a, lda, rowOf(pass, right, ldb, from), ldb, to.first);
      };
    }
    return (pass, from, count) => {
      const a = rowOf(pass, left, lda, from);
      products.product(true, false, M, N, count, a, lda, rowOf(pass, right, ldb, from), ldb, to.first, ldc, true);
    };
  }

  return {
    operandOf,
    place(pass) {
      for (const one of tracks) locate(pass, one);
      if (rows.length === 0) return;
      for (const { at, track } of rows) {
        table[at] = track.first;
        table[at + 1] = track.ofSpan ? 0 : track.moves;
        table[at + 2] = track.ofSpan ? track.moves : 0;
      }
      tablesAt = pass.block(TABLES);
      new Int32Array(heap.memory.buffer, tablesAt, table.length).set(table);
    },
    address(ref) {
      const one = placed(ref);
      return (pass, t) => at(one, pass, t);
    },
    act(works) {
      const acts = works.map(actOf);
      return (pass, t, rows) => {
        for (const act of acts) act(pass, t, rows);
      };
    },
    add(works) {
      const additions = works.map(addition);
      return (pass, from, count) => {
        for (const add of additions) add(pass, from, count);
      };
    },
  };
}

/** The block in which the tables of kernels lie. */
export const TABLES = 'tables';

interface Track {
  first: number;
  readonly moves: number;
  readonly ofSpan: boolean;
  readonly ref: Ref;
}

/** Where the table of a kernel says how a block is reached. */
interface TableRow {
  readonly at: number;
  readonly track: Track;
}
