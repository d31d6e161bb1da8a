/** A recurrent layer that runs fused: a cell's plan, carried out span by span and step by step. */
import type { Cell, CellSize } from '../cells/cell.ts';
import { type Layer, requireState } from '../layers/layer.ts';
import { reversedBy } from '../layers/reversal.ts';
import { ParamSet } from '../params.ts';
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { type Compiled, compiledOf } from './compiled.ts';
import { indices } from './input.ts';
import type { Layout } from './layout.ts';
import { type EngineOptions, engineOf } from './options.ts';
import { Pass, requireRead } from './pass.ts';
import {
  type Block,
  type Life,
  type Plan,
  type ProductPlan,
  type Ref,
  stateBlock,
  stateGradientBlock,
  type Work,
} from './planning/work.ts';
import type { Operand } from './products.ts';
import { type EngineTape, Tapes } from './tapes.ts';

export function fusedLayer(
  cell: Cell,
  plan: Plan,
  size: CellSize,
  options: EngineOptions,
  params: ParamSet = ParamSet.of(cell.params(size)),
  backwards: boolean = false,
): Layer<EngineTape> {
  const { d } = size;
  const state = cell.state(size);
  const outputs = state.h ?? 0;
  const tapes = new Tapes();
  const layout = parametersOf(plan, params);
  const forwardBlocks = blocksOf(plan, [plan.before, plan.hoisted, plan.forward]);
  const keptBlocks = plan.blocks.filter(({ life, name }) => life === 'all' && forwardBlocks.has(name));
  const backwardBlocks = blocksOf(plan, [plan.backward, plan.after, plan.dx]);
  /** dL/dx of indices that nobody has read yet, by the tape whose blocks it needs. */
  const unread = new WeakMap<EngineTape, () => Sequence>();
  const widest = Math.max(...plan.blocks.filter(({ life }) => life !== 'row').map(({ columns }) => columns));

  const layer: Layer<EngineTape> = {
    name: cell.name,
    params,
    inputs: d,
    outputs,
    state,
    equations: cell.equations,
    via: cell.via ?? {},

    forward(x, s0) {
      requireRead('x', x, d);
      const initial: Matrices = s0 === undefined ? {} : requireState('s0', s0, state, x.B);
      const { rt, products } = engineOf(options);
      tapes.makeRoom();
      const { T, B } = x;
      const pass = new Pass(rt, products, { T, B, d, m: widest, units: outputs, G: 1 }, x, backwards);
      const y = tapes.newY({ ...x.extent(), F: outputs }, pass.like);
      const run = runOf(plan, pass);
      try {
        pass.take('p', layout.count);
        layout.load(rt, params, pass.block('p'));
        pass.take('shared', run.columns('shared'));
        pass.take('scratch', run.compiled.scratch);
        for (const [ref, row] of plan.constants) rt.put(Float64Array.from(row), run.address(ref, 0));
        run.works(plan.before)(0, 1);
        pass.takeInput();
        for (const [name, columns] of Object.entries(state)) {
          pass.take(stateBlock(name), (T + 1) * B * columns, pass.order !== undefined);
          pass.loadState(pass.block(stateBlock(name)), initial[name], columns);
        }
        for (const block of keptBlocks) run.take(block);
        const passing = [...forwardBlocks.values()].filter(({ life }) => life === 'span' || life === 'step');
        for (const block of passing) if (block.name !== 'x') run.take(block);
        run.withOperands(true, () => {
          const [hoisted, step] = [run.works(plan.hoisted), run.works(plan.forward)];
          for (const span of pass.spans) {
            pass.span = span;
            pass.load('x', 'x', pass.x, d);
            hoisted(span.from, pass.rows);
            for (let t = span.from; t < span.to; t++) step(t, pass.active(t));
            pass.unload(run.address({ block: stateBlock('h'), column: 0, after: true }, span.from), outputs, y);
          }
        });
        pass.give(...passing.map(({ name }) => name).filter(name => name !== 'x'));
      } catch (error) {
        pass.release();
        throw error;
      }
      const sT = Object.fromEntries(
        Object.entries(state).map(([name, columns]) => {
          return [
            name,
            pass.unloadState(columns, b => run.address({ block: stateBlock(name), column: 0 }, x.lengths?.[b] ?? T)),
          ];
        }),
      );
      return { y, sT, tape: tapes.add(pass, layout, y) };
    },

    backward(tape, dy, dsT) {
      const { pass } = tapes.known(tape);
      requireRead('dy', dy, outputs, pass.x);
      const final: Matrices = dsT === undefined ? {} : requireState('dsT', dsT, state, pass.x.B);
      tapes.use(tape);
      unread.get(tape)?.();
      const isLater = pass.x.data instanceof Int32Array && plan.dx.length > 0;
      const run = runOf(plan, pass, isLater);
      const made = [...backwardBlocks.values()].filter(
        ({ name, life }) => /^v\d/.test(name) && !(life === 'all' && forwardBlocks.has(name)),
      );
      const later = made.filter(({ forDx }) => isLater && forDx).map(({ name }) => name);
      const dsNames = Object.keys(state).map(stateGradientBlock);
      try {
        pass.take('dp', layout.count);
        layout.beginSums(pass.runtime, params, pass.block('dp'));
        pass.takeOfSpan('dy', outputs);
        for (const block of made) run.take(block);
        for (const [name, columns] of Object.entries(state)) {
          pass.take(stateGradientBlock(name), pass.x.B * columns);
          pass.loadState(pass.block(stateGradientBlock(name)), final[name], columns);
        }
        const dx = isLater ? undefined : tapes.newDx(tape, { ...pass.x.extent(), F: d });
        pass.takeOfSpan('dx', d);
        run.withOperands(false, () => {
          const [step, after, toX] = [run.works(plan.backward), run.works(plan.after), run.works(plan.dx)];
          for (const span of [...pass.spans].reverse()) {
            pass.span = span;
            pass.load('dy', 'dy', dy, outputs);
            for (let t = span.to - 1; t >= span.from; t--) step(t, pass.active(t));
            after(span.from, pass.rows);
            if (dx) {
              toX(span.from, pass.rows);
              pass.unload(pass.block('dx'), d, dx);
            }
          }
        });
        layout.endSums(pass.runtime, params, pass.block('dp'));
        const ds0 = Object.fromEntries(
          Object.entries(state).map(([name, columns]) => [
            name,
            pass.unloadState(columns, () => pass.block(stateGradientBlock(name))),
          ]),
        );
        if (dx) return { dx, ds0 };
        const read = whenRead(tape);
        unread.set(tape, read);
        return {
          get dx() {
            return read();
          },
          ds0,
        };
      } finally {
        pass.give(
          'dp',
          'dy',
          'dx',
          ...dsNames,
          ...made.map(({ name }) => name).filter(name => !unread.has(tape) || !later.includes(name)),
        );
      }
    },

    release: tape => tapes.release(tape),
  };

  /** dL/dx of indices is as large as the vocabulary, and training never reads it: it is computed when it is read first. */
  function whenRead(tape: EngineTape): () => Sequence {
    let dx: Sequence | undefined;
    return () => {
      if (dx) return dx;
      const { pass } = tapes.known(tape);
      tapes.use(tape);
      const made = tapes.newDx(tape, { ...pass.x.extent(), F: d });
      const run = runOf(plan, pass, true);
      pass.takeOfSpan('dx', d);
      run.withOperands(false, () => {
        const toX = run.works(plan.dx);
        for (const span of pass.spans) {
          pass.span = span;
          toX(span.from, pass.rows);
          pass.unload(pass.block('dx'), d, made);
        }
      });
      pass.give('dx', ...plan.blocks.filter(({ forDx }) => forDx).map(({ name }) => name));
      unread.delete(tape);
      dx = made;
      return dx;
    };
  }

  return reversedBy(layer, () => fusedLayer(cell, plan, size, options, params, !backwards));
}

/** Rows from step t on: those of all steps of a span, or the first of one step. */
type Runs = (t: number, rows: number) => void;

/** A plan, in a pass. */
interface Run {
  readonly compiled: Compiled;
  columns(block: string): number;
  address(ref: Ref, t: number): number;
  take(block: Block): void;
  /** Runs with the parameters prepared that a direction multiplies by again and again. */
  withOperands(forward: boolean, run: () => void): void;
  works(works: readonly Work[]): Runs;
}

function runOf(plan: Plan, pass: Pass, dxLater: boolean = false): Run {
  const { runtime, products, size } = pass;
  const { bytes, kernels } = runtime;
  const { B, T } = size;
  const compiled = compiledOf(plan, runtime);
  const blocks = new Map(plan.blocks.map(block => [block.name, block]));
  const blockOf = (name: string): Block => blocks.get(name) ?? { name, columns: 0, life: 'row', forDx: false };
  const lifeOf = ({ life, forDx, name }: Block): Life =>
    name === 'x' || (dxLater && forDx && life === 'span') ? 'all' : life;
  const operands = new Map<ProductPlan, Operand>();

  /** Where a place is at step 0, and by how much it moves with a step; those of a span from its first step on. */
  const track = ({ block: name, column, after }: Omit<Ref, 'column'> & { readonly column?: number }) => {
    const block = blockOf(name);
    const life = lifeOf(block);
    const moves = life === 'states' || life === 'all' || life === 'span' ? B * block.columns * bytes : 0;
    const first = pass.block(name) + (column ?? 0) * bytes + (after ? moves : 0);
    return { first, moves, ofSpan: life === 'span' };
  };
  const at = ({ first, moves, ofSpan }: ReturnType<typeof track>, t: number) =>
    first + moves * (ofSpan ? t - pass.span.from : t);

  function runsOf(work: Work): Runs {
    if (work.kind === 'kernel') {
      const kernel = compiled.kernels.get(work);
      if (!kernel) throw new Error('a kernel that was not compiled');
      const tracks = kernel.bases.map(track);
      const numbers = [0, ...tracks.map(() => 0)];
      return (t, rows) => {
        numbers[0] = rows;
        for (let n = 0; n < tracks.length; n++) numbers[n + 1] = at(tracks[n] as ReturnType<typeof track>, t);
        kernel.call(...numbers);
      };
    }
    const left = track(work.left);
    const lda = blockOf(work.left.block).columns;
    const oneHotLeft = work.left.block === 'x' && pass.x.data instanceof Int32Array;
    if (work.kind === 'product') {
      const { N, K, transposed, accumulate } = work;
      const [to, ldc] = [track(work.to), blockOf(work.to.block).columns];
      const right = pass.block('p', work.right);
      if (oneHotLeft) return (t, rows) => kernels.gather(rows, N, indices(pass), right, work.ldb, at(to, t), ldc);
      const operand = operands.get(work);
      if (operand) return (t, rows) => operand.multiply(rows, at(left, t), lda, at(to, t), ldc, accumulate);
      return (t, rows) =>
        products.product(false, transposed, rows, N, K, at(left, t), lda, right, work.ldb, at(to, t), ldc, accumulate);
    }
    if (work.kind === 'per sample') {
      const {
        name,
        widths: [p, q, r],
      } = work;
      const [right, ldb] = [track(work.right), blockOf(work.right.block).columns * bytes];
      const [to, ldc] = [track(work.to), blockOf(work.to.block).columns * bytes];
      const one = (a: number, b: number, c: number) => {
        if (name === 'outer') products.product(false, false, p, q, 1, a, 1, b, q, c, q, false);
        else if (name === 'applyEach') products.product(false, true, 1, r, q, b, q, a, q, c, r, false);
        else products.product(false, false, 1, r, q, b, q, a, r, c, r, false);
      };
      return (t, rows) => {
        const [a, b, c] = [at(left, t), at(right, t), at(to, t)];
        for (let n = 0; n < rows; n++) one(a + n * lda * bytes, b + n * ldb, c + n * ldc);
      };
    }
    const { M, N, ldc } = work;
    const to = pass.block('dp', work.to);
    if (!work.right) return (t, rows) => kernels.columnSums(rows, M, at(left, t), lda, to);
    const [right, ldb] = [track(work.right), blockOf(work.right.block).columns];
    if (work.elementwise) return (t, rows) => kernels.columnProducts(rows, M, at(left, t), lda, at(right, t), ldb, to);
    if (work.right.block === 'x' && pass.x.data instanceof Int32Array) {
      return (t, rows) => kernels.scatter(rows, M, indices(pass), at(left, t), lda, ldc, to);
    }
    return (t, rows) => products.product(true, false, M, N, rows, at(left, t), lda, at(right, t), ldb, to, ldc, true);
  }

  return {
    compiled,
    columns: name => blockOf(name).columns,
    address: (ref, t) => at(track(ref), t),
    take(block) {
      const life = lifeOf(block);
      const zeros = pass.order !== undefined;
      if (life === 'span') pass.takeOfSpan(block.name, block.columns, zeros);
      else pass.take(block.name, (life === 'all' ? T * B : B) * block.columns, zeros);
    },
    withOperands(forward, run) {
      const often = forward ? plan.forward : plan.backward;
      const spanwise = forward ? plan.hoisted : plan.dx;
      try {
        for (const work of [...often, ...spanwise]) {
          const gathered = work.kind !== 'kernel' && work.left.block === 'x' && pass.x.data instanceof Int32Array;
          if (work.kind !== 'product' || gathered || (dxLater && spanwise.includes(work))) continue;
          const [rows, times] = spanwise.includes(work) ? [pass.rowsAtMost, pass.spans.length] : [B, T];
          operands.set(
            work,
            products.operand(work.transposed, work.N, work.K, pass.block('p', work.right), work.ldb, rows, times),
          );
        }
        run();
      } finally {
        for (const operand of operands.values()) operand.release();
        operands.clear();
      }
    },
    works(works) {
      const all = works.map(runsOf);
      return (t, rows) => {
        for (const run of all) run(t, rows);
      };
    },
  };
}

/** The parameters in the kernels' memory, in the plan's order. */
function parametersOf({ parameters }: Plan, params: ParamSet): Layout {
  const each = (matrices: ReturnType<ParamSet['named']>, visit: (from: number, size: number, to: number) => void) => {
    for (const [name, to] of Object.entries(parameters)) {
      const matrix = matrices[name];
      if (matrix) visit(matrix.offset, matrix.rows * matrix.columns, to);
    }
  };
  return {
    ...{ W: 0, U: 0, b: 0, extras: {} },
    count: params.size,
    load({ put, bytes }, { values }, address) {
      each(params.named(), (from, size, to) => put(values.subarray(from, from + size), address + to * bytes));
    },
    beginSums({ beginSums, bytes }, { grads }, address) {
      each(params.namedGrads(), (from, size, to) => beginSums(grads.subarray(from, from + size), address + to * bytes));
    },
    endSums({ endSums, bytes }, { grads }, address) {
      each(params.namedGrads(), (from, size, to) => endSums(address + to * bytes, grads.subarray(from, from + size)));
    },
  };
}

/** The blocks that works touch. */
function blocksOf(plan: Plan, works: readonly (readonly Work[])[]): ReadonlyMap<string, Block> {
  const names = works.flat().flatMap(work => {
    if (work.kind === 'kernel')
      return [...work.found.values(), ...work.stores.map(([, to]) => to)].map(({ block }) => block);
    if (work.kind === 'product') return [work.left.block, work.to.block];
    if (work.kind === 'per sample') return [work.left.block, work.right.block, work.to.block];
    return [work.left.block, ...(work.right ? [work.right.block] : [])];
  });
  return new Map(plan.blocks.filter(({ name }) => names.includes(name)).map(block => [block.name, block]));
}
