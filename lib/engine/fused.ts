/**
 * A recurrent layer that runs fused. What does not depend on the state is hoisted out of the loop through time: x·Uᵀ of a
 * span of steps is one product before them, and dW, dU, db and dx are one product each behind them. A step is what its
 * plan says: kernels, and products between them.
 */

import { type Cell, type CellSize, tagsOf } from '../cells/cell.ts';
import { timed } from '../cells/timed.ts';
import { greatest } from '../extremes.ts';
import { readLater } from '../layers/later.ts';
import type { Layer } from '../layers/layer.ts';
import { reversedBy } from '../layers/reversal.ts';
import { cellParams, countsOf } from '../layers/steps.ts';
import type { ParamSet } from '../params.ts';
import { dense, requireExtent, type Sequence } from '../sequence.ts';
import type { FlatMatrix } from '../views.ts';
import { type BlockSize, takingOf } from './blocks.ts';
import { compiledOf } from './compiled.ts';
import { SCRATCH } from './kernel.ts';
import { layoutOf } from './layout.ts';
import { needsOf, once, remembered } from './needs.ts';
import { bytesOf, type Wanted, withOperands } from './operands.ts';
import { type EngineOptions, engineOf } from './options.ts';
import { cotangent, Pass } from './pass.ts';
import { type Block, type Plan, stateBlock, stateGradientBlock, type Work } from './planning/work.ts';
import { requireHeldMatrices } from './precision.ts';
import { type Run, runOf, sizeOf, TABLES } from './run.ts';
import { readState } from './states.ts';
import { Sums } from './sums.ts';
import { type EngineTape, Tapes } from './tapes.ts';

export function fusedLayer(
  cell: Cell,
  plan: Plan,
  size: CellSize,
  options: EngineOptions,
  params: ParamSet = cellParams(cell, plan.declared.shapes),
  backwards: boolean = false,
): Layer<EngineTape> {
  const { d } = size;
  const { state } = plan.declared;
  const counts = countsOf(cell);
  const outputs = state.h ?? 0;
  const layout = layoutOf(plan.parameters, params);
  const blocks = blocksOf(plan);
  /** dL/dx of indices that nobody has read yet, by the tape whose blocks it needs. */
  const unread = new WeakMap<EngineTape, () => Sequence>();
  const engine = once(() => engineOf(options));
  const tapes = new Tapes(x => {
    const { rt, products } = engine();
    return new Pass(rt, products, { T: x.T, B: x.B, d, outputs, widest: blocks.widest }, x, backwards);
  });
  const there = remembered(wayThere);
  const back = remembered(wayBack);
  const isLater = (x: Sequence) => x.data instanceof Int32Array && plan.dx.length > 0;

  const layer: Layer<EngineTape> = {
    name: cell.name,
    params,
    inputs: d,
    outputs,
    state,
    ...(counts.length > 0 && { counts }),
    equations: tagsOf(timed(cell)),

    forward(given, s0) {
      requireExtent('x', given, d);
      const initial = readState('s0', s0, state, given.B);
      requireExtent('x', given);
      const { rt } = engine();
      requireHeldMatrices(initial, rt.precision, part => `s0.${part}`);
      const x = plan.readsX ? dense(given) : given;
      const pass = tapes.begin(x);
      const { y, tape, result } = tapes.record(pass, outputs, made => {
        const { wanted, taking, besides, passing, run, constants, parts, at, before, hoisted, step } = there(pass);
        pass.take(taking, besides);
        run.place(pass);
        layout.load(rt, params, pass.block('p'));
        for (const { row, place } of constants) rt.put(row, place(pass, 0));
        before(pass, 0, 1);
        pass.loadIndices();
        for (const { part, columns, place } of parts) pass.loadState(place(pass, 0), columns, initial[part]);
        withOperands(pass, wanted, () => {
          for (const span of pass.spans) {
            pass.span = span;
            pass.load(at.x(pass, span.from), 'x', x);
            hoisted(pass, span.from, pass.rows);
            for (let t = span.from; t < span.to; t++) step(pass, t, pass.active(t));
            pass.unload(at.y(pass, span.from), made);
          }
        });
        pass.give(passing);
        const sT: Record<string, FlatMatrix> = {};
        for (const { part, columns, place } of parts) {
          sT[part] = pass.unloadState(columns, b => place(pass, x.lengths?.[b] ?? x.T));
        }
        return sT;
      });
      return { y, sT: result, tape };
    },

    backward(tape, cotangents, dsT) {
      const { pass } = tapes.known(tape);
      const dy = cotangent(cotangents, outputs, pass.x);
      const final = readState('dsT', dsT, state, pass.x.B);
      requireHeldMatrices(final, pass.runtime.precision, part => `dsT.${part}`);
      requireExtent('dy', cotangents);
      unread.get(tape)?.();
      return tapes.use(tape, () => {
        const { wanted, taking, besides, passing, run, backToFront, parts, step, add, toX } = back(pass);
        try {
          pass.take(taking, besides);
          run.place(pass);
          const sums = new Sums(pass, layout, params);
          for (const { part, columns, place } of parts) pass.loadState(place(pass, 0), columns, final[part]);
          const through = (made?: Sequence) =>
            withOperands(pass, wanted, () => {
              for (const n of backToFront) {
                const span = pass.spans[n] ?? pass.span;
                pass.span = span;
                pass.load(pass.block('dy'), 'dy', dy);
                for (let t = span.to - 1; t >= span.from; t--) step(pass, t, pass.active(t));
                sums.add(add);
                if (!made) continue;
                toX(pass, span.from, pass.rows);
                pass.unload(pass.block('dx'), made);
              }
            });
          const dx = isLater(pass.x) ? through() : tapes.dx(tape, d, through);
          const ds0: Record<string, FlatMatrix> = {};
          for (const { part, columns, place } of parts) ds0[part] = pass.unloadState(columns, () => place(pass, 0));
          sums.end();
          if (dx) return { dx, ds0 };
          const read = whenRead(tape);
          unread.set(tape, read);
          return readLater(read, ds0);
        } finally {
          pass.give(unread.has(tape) ? passing : taking.names);
        }
      });
    },

    release: tape => tapes.release(tape),
  };

  /** What a pass such as this one takes and does on its way forward. */
  function wayThere(pass: Pass) {
    const { bytes } = pass.runtime;
    const compiled = compiledOf(plan, pass.runtime);
    const run = runOf(compiled, pass, false);
    const passing = sizesOf(blocks.passing, pass);
    const wanted = wantedOf(pass, run, [plan.forward, plan.hoisted]);
    const sizes = {
      p: { count: layout.count },
      x: { count: pass.inputCount },
      [SCRATCH]: { count: compiled.scratch },
      [TABLES]: { count: Math.ceil(compiled.tables / bytes) },
      ...sizesOf(blocks.kept, pass),
      ...passing,
    };
    return {
      ...needsOf(wanted, sizes, Object.keys(passing), bytes),
      run,
      constants: plan.constants.map(([ref, row]) => ({ row: Float64Array.from(row), place: run.address(ref) })),
      parts: partsOf(stateBlock, run),
      at: {
        x: run.address({ block: 'x', column: 0 }),
        y: run.address({ block: stateBlock('h'), column: 0, after: true }),
      },
      before: run.act(plan.before),
      hoisted: run.act(plan.hoisted),
      step: run.act(plan.forward),
    };
  }

  /** The same on its way back. Where dL/dx comes later, the blocks that it needs are not given back. */
  function wayBack(pass: Pass) {
    const later = isLater(pass.x);
    const run = runOf(compiledOf(plan, pass.runtime), pass, later);
    const sizes = { dp: { count: layout.count }, ...sizesOf(blocks.back, pass, later) };
    const works = later ? [plan.backward] : [plan.backward, plan.dx];
    const passing = blocks.back.filter(({ forDx }) => !(later && forDx)).map(({ name }) => name);
    return {
      ...needsOf(wantedOf(pass, run, works), sizes, ['dp', ...passing], pass.runtime.bytes),
      run,
      backToFront: [...pass.spans.keys()].reverse(),
      parts: partsOf(stateGradientBlock, run),
      step: run.act(plan.backward),
      add: run.add(plan.after),
      toX: run.act(later ? [] : plan.dx),
    };
  }

  /** The parts of the state, and where the blocks that are called so begin. */
  function partsOf(block: (part: string) => string, run: Run) {
    return Object.entries(state).map(([part, columns]) => {
      return { part, columns, place: run.address({ block: block(part), column: 0 }) };
    });
  }

  /** dL/dx of indices is as large as the vocabulary, and training never reads it: it is computed when it is read first. */
  function whenRead(tape: EngineTape): () => Sequence {
    let dx: Sequence | undefined;
    return () => {
      if (dx) return dx;
      const { pass } = tapes.known(tape);
      return tapes.use(tape, () => {
        const { bytes } = pass.runtime;
        try {
          const run = runOf(compiledOf(plan, pass.runtime), pass, true);
          const wanted = wantedOf(pass, run, [plan.dx]);
          pass.take(takingOf({ dx: pass.ofSpan(d) }, bytes), bytesOf(wanted, bytes));
          const toX = run.act(plan.dx);
          run.place(pass);
          dx = tapes.dx(tape, d, made =>
            withOperands(pass, wanted, () => {
              for (const span of pass.spans) {
                pass.span = span;
                toX(pass, span.from, pass.rows);
                pass.unload(pass.block('dx'), made);
              }
            }),
          );
        } finally {
          pass.give(['dx']);
        }
        pass.give(blocks.back.filter(({ forDx }) => forDx).map(({ name }) => name));
        unread.delete(tape);
        return dx;
      });
    };
  }

  return reversedBy(layer, () => fusedLayer(cell, plan, size, options, params, !backwards));
}

/** Which blocks a pass takes when: those that it keeps, those that it gives back when it has gone forward, and backward's. */
function blocksOf({ blocks, before, hoisted, forward, backward, after, dx }: Plan) {
  const named = (works: readonly Work[]) => new Set(works.flatMap(touchedBy));
  const [ahead, behind] = [named([...before, ...hoisted, ...forward]), named([...backward, ...after, ...dx])];
  const own = blocks.filter(({ name }) => !['x', 'p', 'dp'].includes(name));
  const isKept = ({ name, life }: Block) => life === 'states' || life === 'row' || (life === 'all' && ahead.has(name));
  const isAhead = ({ name, life }: Block) => ahead.has(name) && (life === 'span' || life === 'step');
  const always = ['dx', 'dy', ...own.map(({ name }) => name).filter(name => name.startsWith(stateGradientBlock('')))];
  return {
    kept: own.filter(isKept),
    passing: own.filter(isAhead),
    back: own.filter(block => !isKept(block) && (always.includes(block.name) || behind.has(block.name))),
    widest: greatest(blocks.filter(({ life }) => life !== 'row').map(({ columns }) => columns)),
  };
}

function touchedBy(work: Work): readonly string[] {
  if (work.kind === 'kernel')
    return [...work.found.values(), ...work.stores.map(([, to]) => to)].map(({ block }) => block);
  if (work.kind === 'gradient') return [work.left.block, ...(work.right ? [work.right.block] : [])];
  return [work.left.block, work.to.block, ...(work.kind === 'per sample' ? [work.right.block] : [])];
}

function sizesOf(blocks: readonly Block[], pass: Pass, dxLater: boolean = false): Readonly<Record<string, BlockSize>> {
  return Object.fromEntries(blocks.map(block => [block.name, sizeOf(block, pass, dxLater)]));
}

/** The parameters that works multiply by, in every step or, for all but the first list, in every span. */
function wantedOf(pass: Pass, run: Run, [often = [], ...spanwise]: readonly (readonly Work[])[]): readonly Wanted[] {
  const wanted: Wanted[] = [];
  const want = (rows: number, times: number) => (work: Work) => {
    const gathered = work.kind === 'product' && work.left.block === 'x' && pass.x.data instanceof Int32Array;
    if (work.kind === 'product' && !gathered) wanted.push({ ...work, rows, times, place: run.operandOf(work) });
  };
  often.forEach(want(pass.size.B, pass.size.T));
  spanwise.flat().forEach(want(pass.rowsAtMost, pass.spans.length));
  return wanted;
}
