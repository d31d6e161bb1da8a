/**
 * A recurrent layer that runs fused. What does not depend on the state is hoisted out of the loop through time: x·Uᵀ of a
 * span of steps is one product before them, and dW, dU, db and dx are one product each behind them. A step is what its
 * plan says: kernels, and products between them.
 */

import { type Cell, type CellSize, tagsOf } from '../cells/cell.ts';
import { timed } from '../cells/timed.ts';
import { greatest } from '../extremes.ts';
import type { Layer } from '../layers/layer.ts';
import { reversedBy } from '../layers/reversal.ts';
import { cellParams, countsOf } from '../layers/steps.ts';
import type { ParamSet } from '../params.ts';
import { dense, requireExtent, type Sequence } from '../sequence.ts';
import { compiledOf } from './compiled.ts';
import { SCRATCH } from './kernel.ts';
import { layoutOf } from './layout.ts';
import { bytesOf, type Wanted, withOperands } from './operands.ts';
import { type EngineOptions, engineOf } from './options.ts';
import { type BlockSize, cotangent, Pass } from './pass.ts';
import { mapValues } from './planning/nodes.ts';
import { type Block, type Plan, stateBlock, stateGradientBlock, type Work } from './planning/work.ts';
import { requireHeldMatrices } from './precision.ts';
import { runOf, sizeOf, TABLES } from './run.ts';
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
  const tapes = new Tapes();
  const layout = layoutOf(plan.parameters, params);
  const blocks = blocksOf(plan);
  /** dL/dx of indices that nobody has read yet, by the tape whose blocks it needs. */
  const unread = new WeakMap<EngineTape, () => Sequence>();
  const parts = Object.entries(state);
  const engine = once(() => engineOf(options));
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
      const { rt, products } = engine();
      requireHeldMatrices(initial, rt.precision, part => `s0.${part}`);
      const x = plan.readsX ? dense(given) : given;
      const { T, B } = x;
      const pass = new Pass(rt, products, { T, B, d, outputs, widest: blocks.widest }, x, backwards);
      const { y, tape, result } = tapes.record(pass, outputs, made => {
        const { wanted, sizes, bytes, passing, run, before, hoisted, step } = there(pass);
        pass.take(sizes, bytes);
        run.place(pass);
        layout.load(rt, params, pass.block('p'));
        for (const [ref, row] of plan.constants) rt.put(Float64Array.from(row), run.address(pass, ref, 0));
        before(pass, 0, 1);
        pass.loadIndices();
        for (const [part, columns] of parts) pass.loadState(pass.block(stateBlock(part)), columns, initial[part]);
        withOperands(pass, wanted, run.operands, () => {
          for (const span of pass.spans) {
            pass.span = span;
            pass.load(run.address(pass, { block: 'x', column: 0 }, span.from), 'x', x);
            hoisted(pass, span.from, pass.rows);
            for (let t = span.from; t < span.to; t++) step(pass, t, pass.active(t));
            pass.unload(run.address(pass, { block: stateBlock('h'), column: 0, after: true }, span.from), made);
          }
        });
        pass.give(...passing);
        return mapValues(state, (columns, part) =>
          pass.unloadState(columns, b =>
            run.address(pass, { block: stateBlock(part), column: 0 }, x.lengths?.[b] ?? T),
          ),
        );
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
        const { wanted, sizes, bytes, passing, run, step, add, toX } = back(pass);
        try {
          pass.take(sizes, bytes);
          run.place(pass);
          const sums = new Sums(pass, layout, params);
          for (const [part, columns] of parts) {
            pass.loadState(pass.block(stateGradientBlock(part)), columns, final[part]);
          }
          const through = (made?: Sequence) =>
            withOperands(pass, wanted, run.operands, () => {
              for (const span of [...pass.spans].reverse()) {
                pass.span = span;
                pass.load(pass.block('dy'), 'dy', dy);
                for (let t = span.to - 1; t >= span.from; t--) step(pass, t, pass.active(t));
                sums.add(rows => add(pass, rows));
                if (!made) continue;
                toX(pass, span.from, pass.rows);
                pass.unload(pass.block('dx'), made);
              }
            });
          const dx = isLater(pass.x) ? through() : tapes.dx(tape, d, through);
          const ds0 = mapValues(state, (columns, part) =>
            pass.unloadState(columns, () => pass.block(stateGradientBlock(part))),
          );
          sums.end();
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
          pass.give(...(unread.has(tape) ? passing : Object.keys(sizes)));
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
    const sizes = {
      p: { count: layout.count },
      x: { count: pass.inputCount },
      [SCRATCH]: { count: compiled.scratch },
      [TABLES]: { count: Math.ceil(compiled.tables / bytes) },
      ...sizesOf(blocks.kept, pass),
      ...passing,
    };
    return {
      ...needsOf(wantedOf(pass, [plan.forward, plan.hoisted]), sizes, Object.keys(passing), bytes),
      run,
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
      ...needsOf(wantedOf(pass, works), sizes, ['dp', ...passing], pass.runtime.bytes),
      run,
      step: run.act(plan.backward),
      add: run.add(plan.after),
      toX: run.act(later ? [] : plan.dx),
    };
  }

  /** dL/dx of indices is as large as the vocabulary, and training never reads it: it is computed when it is read first. */
  function whenRead(tape: EngineTape): () => Sequence {
    let dx: Sequence | undefined;
    return () => {
      if (dx) return dx;
      const { pass } = tapes.known(tape);
      return tapes.use(tape, () => {
        const wanted = wantedOf(pass, [plan.dx]);
        try {
          pass.take({ dx: pass.ofSpan(d) }, bytesOf(wanted, pass.runtime.bytes));
          const run = runOf(compiledOf(plan, pass.runtime), pass, true);
          const toX = run.act(plan.dx);
          run.place(pass);
          dx = tapes.dx(tape, d, made =>
            withOperands(pass, wanted, run.operands, () => {
              for (const span of pass.spans) {
                pass.span = span;
                toX(pass, span.from, pass.rows);
                pass.unload(pass.block('dx'), made);
              }
            }),
          );
        } finally {
          pass.give('dx');
        }
        pass.give(...blocks.back.filter(({ forDx }) => forDx).map(({ name }) => name));
        unread.delete(tape);
        return dx;
      });
    };
  }

  return reversedBy(layer, () => fusedLayer(cell, plan, size, options, params, !backwards));
}

/** What a pass takes of the memory: prepared matrices, blocks, bytes beside them, and which of the blocks it gives back itself. */
interface Needs {
  readonly wanted: ReadonlyMap<Work, Wanted>;
  readonly sizes: Readonly<Record<string, BlockSize>>;
  readonly bytes: number;
  readonly passing: readonly string[];
}

function needsOf(
  wanted: Needs['wanted'],
  sizes: Needs['sizes'],
  passing: readonly string[],
  bytesOfNumber: number,
): Needs {
  return { wanted, sizes, bytes: bytesOf(wanted, bytesOfNumber), passing };
}

function once<V>(make: () => V): () => V {
  let made: { readonly value: V } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** What was made last for passes of the same sizes: a training loop asks for the same again and again. */
function remembered<V>(make: (pass: Pass) => V): (pass: Pass) => V {
  const last = new Map<string, V>();
  return pass => {
    const key = extentOf(pass);
    const known = last.get(key);
    if (known !== undefined) return known;
    if (last.size >= 4) last.clear();
    const made = make(pass);
    last.set(key, made);
    return made;
  };
}

/** All that the sizes of a pass depend on. */
function extentOf({ size: { T, B }, order, x }: Pass): string {
  return `${T} ${B} ${order !== undefined} ${x.data instanceof Int32Array}`;
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
function wantedOf(pass: Pass, [often = [], ...spanwise]: readonly (readonly Work[])[]): ReadonlyMap<Work, Wanted> {
  const wanted = new Map<Work, Wanted>();
  const want = (rows: number, times: number) => (work: Work) => {
    const gathered = work.kind === 'product' && work.left.block === 'x' && pass.x.data instanceof Int32Array;
    if (work.kind === 'product' && !gathered) wanted.set(work, { ...work, rows, times });
  };
  often.forEach(want(pass.size.B, pass.size.T));
  spanwise.flat().forEach(want(pass.rowsAtMost, pass.spans.length));
  return wanted;
}
