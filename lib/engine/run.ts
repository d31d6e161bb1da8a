/** A plan in a pass: its works with the addresses of that pass, ready to be done for one step or for many. */
import type { Compiled } from './compiled.ts';
import type { BlockSize, Pass } from './pass.ts';
import type { Block, GradientPlan, PerSamplePlan, ProductPlan, Ref, Work } from './planning/work.ts';
import type { Operand } from './products.ts';
import type { Rows } from './sums.ts';

/** Does something for so many rows from step t on: the first of one step, or all of a span. */
export type Act = (t: number, rows: number) => void;

export interface Run {
  /** The address of a place at step t. */
  address(ref: Ref, t: number): number;
  /** One work after the other, those that multiply by prepared matrices with these. */
  act(works: readonly Work[], operands?: ReadonlyMap<Work, Operand>): Act;
  /** What is added to gradients of parameters, for some rows of the present span. */
  add(works: readonly GradientPlan[]): (rows: Rows) => void;
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

export function runOf({ blocks, kernels: compiled }: Compiled, pass: Pass, dxLater: boolean): Run {
  const { products, size, runtime } = pass;
  const { bytes, kernels } = runtime;
  const columnsOf = (ref: Ref) => blocks.get(ref.block)?.columns ?? 0;
  const isIndices = ({ block }: Ref) => block === 'x' && pass.x.data instanceof Int32Array;

  /** Where a place is at step 0, or where a span begins, and by how much it moves with a step. */
  const track = ({ block: name, column, after }: Ref): Track => {
    const { life, columns, forDx } = blocks.get(name) ?? { life: 'row', columns: 0, forDx: false };
    const ofAll = life === 'states' || life === 'all' || name === 'x' || (forDx && dxLater);
    const moves = ofAll || life === 'span' ? size.B * columns * bytes : 0;
    const first = pass.block(name, column) + (after ? moves : 0);
    return { first, moves, ofSpan: life === 'span' && !ofAll };
  };
  const at = ({ first, moves, ofSpan }: Track, t: number) => first + moves * (ofSpan ? t - pass.span.from : t);

  function product(work: ProductPlan, operand: Operand | undefined): Act {
    const { N, K, ldb, transposed, accumulate } = work;
    const [left, to, right] = [track(work.left), track(work.to), pass.block('p', work.right)];
    const [lda, ldc] = [columnsOf(work.left), columnsOf(work.to)];
    if (isIndices(work.left)) {
      return (t, rows) => kernels.gather(rows, N, pass.indices(t), right, ldb, at(to, t), ldc);
    }
    if (operand) return (t, rows) => operand.multiply(rows, at(left, t), lda, at(to, t), ldc, accumulate);
    return (t, rows) =>
      products.product(false, transposed, rows, N, K, at(left, t), lda, right, ldb, at(to, t), ldc, accumulate);
  }

  function perSample({ name, left, right, to, widths: [p, q, r] }: PerSamplePlan): Act {
    const tracks = [left, right, to].map(track);
    const [lda, ldb, ldc] = [left, right, to].map(ref => columnsOf(ref) * bytes);
    const multiply = products.product;
    const one = {
      outer: (a: number, b: number, c: number) => multiply(false, false, p, q, 1, a, 1, b, q, c, q, false),
      applyEach: (a: number, b: number, c: number) => multiply(false, true, 1, r, q, b, q, a, q, c, r, false),
      applyEachT: (a: number, b: number, c: number) => multiply(false, false, 1, r, q, b, q, a, r, c, r, false),
    }[name];
    return (t, rows) => {
      const [a = 0, b = 0, c = 0] = tracks.map(each => at(each, t));
      for (let n = 0; n < rows; n++) one(a + n * (lda ?? 0), b + n * (ldb ?? 0), c + n * (ldc ?? 0));
    };
  }

  function actOf(work: Work, operands?: ReadonlyMap<Work, Operand>): Act {
    if (work.kind === 'product') return product(work, operands?.get(work));
    if (work.kind === 'per sample') return perSample(work);
    const kernel = work.kind === 'kernel' ? compiled.get(work) : undefined;
    if (!kernel) throw new Error('a kernel that was not compiled');
    const table = pass.block(TABLES) + kernel.table;
    const written = new Int32Array(runtime.heap.memory.buffer, table, 3 * kernel.bases.length);
    for (const [n, base] of kernel.bases.entries()) {
      const { first, moves, ofSpan } = track({ ...base, column: 0 });
      written.set([first, ofSpan ? 0 : moves, ofSpan ? moves : 0], 3 * n);
    }
    return (t, rows) => kernel.call(rows, t, t - pass.span.from, table);
  }

  function addition(work: GradientPlan): (rows: Rows) => void {
    const { M, N, ldc, elementwise } = work;
    const [left, lda, to] = [track(work.left), columnsOf(work.left), pass.block('dp', work.to)];
    const from = (one: Track, ld: number, rows: Rows) => at(one, pass.span.from) + rows.from * ld * bytes;
    if (!work.right) return rows => kernels.columnSums(rows.count, M, from(left, lda, rows), lda, to);
    if (isIndices(work.right)) {
      return rows =>
        kernels.scatter(
          rows.count,
          M,
          pass.indices(pass.span.from) + 4 * rows.from,
          from(left, lda, rows),
          lda,
          ldc,
          to,
        );
    }
    const [right, ldb] = [track(work.right), columnsOf(work.right)];
    if (elementwise) {
      return rows => kernels.columnProducts(rows.count, M, from(left, lda, rows), lda, from(right, ldb, rows), ldb, to);
    }
    return rows => {
      const [a, b] = [from(left, lda, rows), from(right, ldb, rows)];
      products.product(true, false, M, N, rows.count, a, lda, b, ldb, to, ldc, true);
    };
  }

  return {
    address: (ref, t) => at(track(ref), t),
    act(works, operands) {
      const acts = works.map(work => actOf(work, operands));
      return (t, rows) => {
        for (const act of acts) act(t, rows);
      };
    },
    add(works) {
      const additions = works.map(addition);
      return rows => {
        for (const add of additions) add(rows);
      };
    },
  };
}

/** The block in which the tables of kernels lie. */
export const TABLES = 'tables';

interface Track {
  readonly first: number;
  readonly moves: number;
  readonly ofSpan: boolean;
}
