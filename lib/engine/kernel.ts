/**
 * A kernel: what is done element by element between two products, for some rows, walked once in memory.
 *
 * Every row is walked by itself: two vectors a turn, then one, then element by element what does not fill a vector, so
 * that nothing beyond a row is read or written. Where something is summed over a row, what needs the sum waits for the end
 * of the walk, and the row is walked again.
 */

import type { Numbers } from '../equations/numbers.ts';
import { greatest } from '../extremes.ts';
import { type AssembledFunction, FunctionBody } from './assembler.ts';
import type { ConstantAt } from './constants.ts';
import type { Node } from './planning/nodes.ts';
import type { Block, KernelPlan, Ref } from './planning/work.ts';
import type { Precision } from './precision.ts';
import type { Vector, VectorNumbers } from './vector.ts';
import { LOAD, SPLAT, STORE, vectorNumbers } from './vectors.ts';

/**
 * A kernel's function of how many rows, of which step of the sequence and of the span, and of the address of a table: for
 * every base where it is at step 0, and by how many bytes it moves with a step of the sequence and of the span.
 */
export interface Kernel {
  readonly assembled: AssembledFunction;
  readonly bases: readonly Base[];
  /** Numbers of the block {@link SCRATCH} that it needs. */
  readonly scratch: number;
}

export interface KernelOptions {
  readonly precision: Precision;
  readonly fma: boolean;
  readonly constantAt: ConstantAt;
}

/** A block as a kernel walks it, from the row of the present step on, or of the step after. */
export type Base = Omit<Ref, 'column'>;

/** Bytes of a table for each base. */
export const TABLE_ROW = 12;

/** The block of one row in which a kernel keeps what it needs in a later walk. */
export const SCRATCH = 'scratch';

export function kernelOf(
  name: string,
  { found, computed, stores }: KernelPlan,
  blocks: ReadonlyMap<string, Block>,
  { precision, fma, constantAt }: KernelOptions,
): Kernel {
  const bytes = precision === 'f64' ? 8 : 4;
  const phases = new Map<Node, number>();
  for (const node of computed) {
    const after = node.args.map(
      arg => (phases.get(arg) ?? 0) + (phases.has(arg) && arg.operation?.kind === 'over units' ? 1 : 0),
    );
    phases.set(node, greatest([0, ...after]));
  }
  const isWide = (node: Node) => node.width > 1;
  const phaseOf = (node: Node) => phases.get(node) ?? 0;
  const usesOf = (node: Node) => computed.filter(({ args }) => args.includes(node)).map(phaseOf);
  /**
   * A place that is also read is written when it has been read for the last time: in the same walk, where that goes through
   * the same elements, else in the next one. A single number is read before all walks and written behind one.
   */
  const storePhase = (node: Node, to: Ref) => {
    const isRead = ({ block, column, after = false }: Ref, width: number) =>
      block === to.block &&
      after === (to.after ?? false) &&
      column < to.column + node.width &&
      to.column < column + width;
    const readers = [...found].filter(([reader, ref]) => isWide(reader) && isRead(ref, reader.width));
    const free = readers.flatMap(([reader, { column }]) => {
      const alike = !isWide(node) || (reader.width === node.width && column === to.column);
      return usesOf(reader).map(phase => (alike ? phase : phase + 1));
    });
    return greatest([phaseOf(node), ...free]);
  };
  const written = stores.map(([node, to]) => ({ node, to, phase: storePhase(node, to) }));
  const crossing = computed.filter(
    node =>
      isWide(node) &&
      greatest([...usesOf(node), ...written.filter(w => w.node === node).map(({ phase }) => phase)]) > phaseOf(node),
  );
  const scratchOf = new Map<Node, Ref>();
  let column = 0;
  for (const node of crossing) {
    scratchOf.set(node, { block: SCRATCH, column });
    column += node.width;
  }

  // The addresses that the function takes: one a block, and another for the row after.
  const bases: Base[] = [];
  const baseOf = ({ block, after = false }: Ref): number => {
    const known = bases.findIndex(base => base.block === block && (base.after ?? false) === after);
    return PARAMETERS + (known >= 0 ? known : bases.push({ block, after }) - 1);
  };
  for (const ref of [...found.values(), ...stores.map(([, ref]) => ref), ...scratchOf.values()]) baseOf(ref);

  const body = new FunctionBody(PARAMETERS, bases.length + 3);
  const [rows, step, inSpan, table] = [0, 1, 2, 3];
  for (const n of bases.keys()) {
    const moved = (by: number, offset: number) =>
      body
        .get(by)
        .get(table)
        .load(n * TABLE_ROW + offset)
        .multiply();
    body.get(table).load(n * TABLE_ROW);
    moved(step, 4).add();
    moved(inSpan, 8)
      .add()
      .set(PARAMETERS + n);
  }
  const [row, at, address] = [0, 1, 2].map(n => PARAMETERS + bases.length + n) as [number, number, number];
  const ofScalars = vectorNumbers(body, precision, fma, 1, constantAt);
  const scalars = new Map<Node, Vector>();
  const sumsOf = new Map<Node, Walk[]>();

  const loadScalar = (node: Node): Vector => {
    const known = scalars.get(node);
    if (known) return known;
    const local = [body.vector()];
    const { constant } = node;
    const ref = found.get(node);
    if (constant?.length === 1) return ofScalars.constant(constant[0] ?? 0);
    if (!ref) throw new Error(`value ${node.id} is not there`);
    body
      .get(baseOf(ref))
      .memory(SPLAT[precision], ref.column * bytes)
      .set(local[0] ?? 0);
    scalars.set(node, local);
    return local;
  };

  /** All that one walk does at one place of a row. */
  function visit(phase: number, width: number, walk: Walk, numbers: VectorNumbers): void {
    const values = new Map<Node, Vector>();
    // Neighbours have one address, which is computed once, and the last is stored first, or V8 does not pair them.
    const load = (ref: Ref): Vector => {
      body.get(baseOf(ref)).get(at).add().set(address);
      return Array.from({ length: walk.beside }, (_, n) => {
        const local = body.vector();
        body.get(address);
        body.memory(walk.single ? SPLAT[precision] : LOAD, ref.column * bytes + 16 * n).set(local);
        return local;
      });
    };
    const store = (v: Vector, ref: Ref) => {
      body.get(baseOf(ref)).get(at).add().set(address);
      for (let n = walk.beside - 1; n >= 0; n--) {
        body.get(address).get(v[n] ?? 0);
        if (walk.single) body.memory(STORE_LANE[precision], ref.column * bytes, 0);
        else body.memory(STORE, ref.column * bytes + 16 * n);
      }
    };
    const value = (node: Node): Vector => {
      const known = values.get(node);
      if (known) return known;
      if (!isWide(node)) return Array(walk.beside).fill(loadScalar(node)[0]);
      const ref = phases.has(node) ? scratchOf.get(node) : found.get(node);
      if (!ref) throw new Error(`value ${node.id} is not there`);
      const loaded = load(ref);
      values.set(node, loaded);
      return loaded;
    };
    for (const node of computed) {
      const {
        operation,
        args: [a, b = a],
      } = node;
      if (phaseOf(node) !== phase || !a || !b) continue;
      if (operation?.kind === 'elementwise' && isWide(node) && node.width === width)
        values.set(node, operation.element<Vector>(numbers, value(a), value(b)));
      if (operation?.kind === 'over units' && a.width === width) {
        const sums = sumsOf.get(node)?.find(sum => sum.single === walk.single);
        const joined = operation.join<Vector>(numbers, sums?.locals ?? [], value(a));
        for (const [n, local] of joined.entries()) body.get(local).set(sums?.locals[n] ?? 0);
      }
    }
    for (const node of crossing)
      if (phaseOf(node) === phase && node.width === width) store(value(node), scratchOf.get(node) as Ref);
    for (const { node, to, phase: when } of written)
      if (when === phase && node.width === width && isWide(node)) store(value(node), to);
  }

  const last = greatest([0, ...phases.values(), ...written.map(({ phase }) => phase)]);
  body.const(0).set(row);
  body.whileBelow(
    row,
    () => body.get(rows),
    () => {
      scalars.clear();
      for (const node of found.keys()) if (!isWide(node)) loadScalar(node);
      for (let phase = 0; phase <= last; phase++) {
        for (const node of computed) {
          const {
            operation,
            args: [a, b = a],
          } = node;
          if (isWide(node) || phaseOf(node) !== phase || !a || !b) continue;
          if (operation?.kind === 'elementwise')
            scalars.set(node, operation.element<Vector>(ofScalars, loadScalar(a), loadScalar(b)));
          else if (a.width === 1) scalars.set(node, loadScalar(a));
        }
        const widths = new Set([
          ...computed
            .filter(node => phaseOf(node) === phase)
            .flatMap(node => [node.width, ...node.args.map(arg => arg.width)]),
          ...written.filter(w => w.phase === phase).map(({ node }) => node.width),
        ]);
        for (const width of widths) if (width > 1) walkRow(phase, width);
        for (const { node, to, phase: when } of written) {
          if (when !== phase || isWide(node)) continue;
          body
            .get(baseOf(to))
            .get(loadScalar(node)[0] ?? 0)
            .memory(STORE_LANE[precision], to.column * bytes, 0);
        }
      }
      for (const [n, base] of bases.entries()) {
        const block = blocks.get(base.block);
        if (block && block.life !== 'row') body.advance(PARAMETERS + n, block.columns * bytes);
      }
      body.advance(row, 1);
    },
  );
  return { assembled: { name, parameters: PARAMETERS, body }, bases, scratch: column };

  /** A walk through a row of so many columns: pairs of vectors, a vector, elements. */
  function walkRow(phase: number, width: number): void {
    const end = width * bytes;
    const [pairs, whole] = [end - (end % 32), end - (end % 16)];
    const sums = computed.filter(
      node => node.operation?.kind === 'over units' && phaseOf(node) === phase && node.args[0]?.width === width,
    );
    for (const node of sums) {
      const fresh = (walk: Omit<Walk, 'locals'>): Walk => {
        const neutral = ofScalars.constant(node.operation?.name === 'maxUnits' ? Number.NEGATIVE_INFINITY : 0);
        const locals = Array.from({ length: walk.beside }, () => {
          const local = body.vector();
          body.get(neutral[0] ?? 0).set(local);
          return local;
        });
        return { ...walk, locals };
      };
      sumsOf.set(node, [fresh({ beside: 2, single: false }), fresh({ beside: 1, single: true })]);
    }
    body.const(0).set(at);
    const turn = (limit: number, beside: number, single: boolean) => {
      const numbers = vectorNumbers(body, precision, fma, beside, constantAt);
      body.whileBelow(
        at,
        () => body.const(limit),
        () => {
          body.leavingNothing(() => visit(phase, width, { beside, single, locals: [] }, numbers));
          body.advance(at, single ? bytes : 16 * beside);
        },
      );
    };
    if (pairs > 0) turn(pairs, 2, false);
    if (whole > pairs) turn(whole, 1, false);
    if (end > whole) turn(end, 1, true);
    for (const node of sums) scalars.set(node, joinedLanes(node, sumsOf.get(node) ?? []));
  }

  /** All lanes of all sums in one, in every lane. */
  function joinedLanes({ operation }: Node, [vectors, single]: readonly Walk[]): Vector {
    if (operation?.kind !== 'over units' || !vectors || !single) return [];
    const join = (a: Vector, b: Vector) => operation.join<Vector>(ofScalars as Numbers<Vector>, a, b);
    let joined = join([vectors.locals[0] ?? 0], [vectors.locals[1] ?? 0]);
    for (const distance of precision === 'f64' ? [8] : [8, 4]) {
      const turned = body.vector();
      body.get(joined[0] ?? 0).get(joined[0] ?? 0);
      body.simd(SHUFFLE, ...Array.from({ length: 16 }, (_, n) => (n + distance) % 16)).set(turned);
      joined = join(joined, [turned]);
    }
    return join(joined, single.locals);
  }
}

/** How a row is walked: so many vectors a turn, or element by element; and what is summed up meanwhile. */
interface Walk {
  readonly beside: number;
  readonly single: boolean;
  readonly locals: Vector;
}

/** Rows, step, step of the span, and the table. */
const PARAMETERS = 4;

const STORE_LANE = { f32: 0x5a, f64: 0x5b } as const;
const SHUFFLE = 0x0d;
