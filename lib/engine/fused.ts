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
  const needs = remembered<Needs>();
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
      const { rt, products } = engineOf(options);
      requireHeldMatrices(initial, rt.precision, part => `s0.${part}`);
      const x = plan.readsX ? dense(given) : given;
      const { T, B } = x;
      const pass = new Pass(rt, products, { T, B, d, outputs, widest: blocks.widest }, x, backwards);
      const compiled = compiledOf(plan, rt);
      const { y, tape, result } = tapes.record(pass, outputs, made => {
        const {
          wanted,
          sizes,
          bytes,
          given: passing,
        } = needs(`forward ${extentOf(pass)}`, () => {
          const ahead = sizesOf(blocks.passing, pass);
          const kept = {
            p: { count: layout.count },
            x: { count: pass.inputCount },
            [SCRATCH]: { count: compiled.scratch },
            [TABLES]: { count: Math.ceil(compiled.tables / rt.bytes) },
            ...sizesOf(blocks.kept, pass),
          };
          return needsOf(
            wantedOf(pass, [plan.forward, plan.hoisted]),
            { ...kept, ...ahead },
            Object.keys(ahead),
            rt.bytes,
          );
        });
        pass.take(sizes, bytes);
        const run = runOf(compiled, pass, false);
        layout.load(rt, params, pass.block('p'));
        for (const [ref, row] of plan.constants) rt.put(Float64Array.from(row), run.address(ref, 0));
        run.act(plan.before)(0, 1);
        pass.loadIndices();
        for (const [part, columns] of parts) pass.loadState(pass.block(stateBlock(part)), columns, initial[part]);
        withOperands(pass, wanted, operands => {
          const [hoisted, step] = [run.act(plan.hoisted, operands), run.act(plan.forward, operands)];
          for (const span of pass.spans) {
            pass.span = span;
            pass.load(run.address({ block: 'x', column: 0 }, span.from), 'x', x);
            hoisted(span.from, pass.rows);
            for (let t = span.from; t < span.to; t++) step(t, pass.active(t));
            pass.unload(run.address({ block: stateBlock('h'), column: 0, after: true }, span.from), made);
          }
        });
        pass.give(...passing);
        return mapValues(state, (columns, part) =>
          pass.unloadState(columns, b => run.address({ block: stateBlock(part), column: 0 }, x.lengths?.[b] ?? T)),
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
      const later = isLater(pass.x);
      unread.get(tape)?.();
      return tapes.use(tape, () => {
        const {
          wanted,
          sizes,
          bytes,
          given: passing,
        } = needs(`backward ${extentOf(pass)}`, () => {
          const isPassing = ({ forDx }: Block) => !(later && forDx);
          const all = { dp: { count: layout.count }, ...sizesOf(blocks.back, pass, later) };
          const works = later ? [plan.backward] : [plan.backward, plan.dx];
          const names = ['dp', ...blocks.back.filter(isPassing).map(({ name }) => name)];
          return needsOf(wantedOf(pass, works), all, names, pass.runtime.bytes);
        });
        try {
          pass.take(sizes, bytes);
          const run = runOf(compiledOf(plan, pass.runtime), pass, later);
          const sums = new Sums(pass, layout, params);
          for (const [part, columns] of parts) {
            pass.loadState(pass.block(stateGradientBlock(part)), columns, final[part]);
          }
          const back = (made?: Sequence) =>
            withOperands(pass, wanted, operands => {
              const [step, add, toX] = [
                run.act(plan.backward, operands),
                run.add(plan.after),
                run.act(plan.dx, operands),
              ];
              for (const span of [...pass.spans].reverse()) {
                pass.span = span;
                pass.load(pass.block('dy'), 'dy', dy);
                for (let t = span.to - 1; t >= span.from; t--) step(t, pass.active(t));
                sums.add(add);
                if (!made) continue;
                toX(span.from, pass.rows);
                pass.unload(pass.block('dx'), made);
              }
            });
          const dx = later ? back() : tapes.dx(tape, d, back);
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
          dx = tapes.dx(tape, d, made =>
            withOperands(pass, wanted, operands => {
              const toX = run.act(plan.dx, operands);
              for (const span of pass.spans) {
                pass.span = span;
                toX(span.from, pass.rows);
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
  readonly given: readonly string[];
}

function needsOf(
  wanted: Needs['wanted'],
  sizes: Needs['sizes'],
  given: readonly string[],
  bytesOfNumber: number,
): Needs {
  return { wanted, sizes, bytes: bytesOf(wanted, bytesOfNumber), given };
}

/** What was made last, forward and backward: a training loop asks for the same again and again. */
function remembered<V>(): (key: string, make: () => V) => V {
  const last = new Map<string, V>();
  return (key, make) => {
    const known = last.get(key);
    if (known !== undefined) return known;
    if (last.size >= 4) last.clear();
    const made = make();
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
