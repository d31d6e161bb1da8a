/**
 * The decoder of Bahdanau, Cho and Bengio (2015), "Neural Machine Translation by Jointly Learning to Align and Translate": a
 * layer asks before its step, with its state, and what it gets goes in beside its input. Derived in
 * `derivations/attention.md`.
 *
 * | symbol          | shape      | meaning |
 * |-----------------|------------|---------|
 * | x, dx           | T′×B×d     | the input, z in the derivation |
 * | memory, dmemory | T×B×k      | what is attended to |
 * | q, dq           | B×m        | the part of the state before step t that asks |
 * | c, dc           | B×k        | the contexts of step t |
 * | r, dr           | T′×B×(F+k) | the layer's outputs, and the contexts beside them |
 * | y, dy           | T′×B×C     | r, or what the top makes of it |
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ValueError } from '../../errors.ts';
import { add, beside, columns } from '../../matrix.ts';
import { ParamSet } from '../../params.ts';
import { describe, requireCount, requireKnown, requireList, requireObject, requireSize } from '../../require.ts';
import { dense, read, requireExtent, Sequence } from '../../sequence.ts';
import type { Matrices } from '../../shape.ts';
import { activeRows, addToRows, type Rows, rowsOf, rowsOfEach, stepsIn, withRowsOfEach } from '../active.ts';
import { type Layer, requireLayer, requireState } from '../layer.ts';
import { made } from '../made.ts';
import { prefixed } from '../names.ts';
import { readMemory } from './attention.ts';
import type { Attentive } from './attentive.ts';
import { type LookTape, look, lookBack, noGradients, type Source, setRow, sourcesBack, sourcesOf } from './look.ts';
import { additive } from './scores.ts';
import { topOf } from './top.ts';

/** One step of the sequences that have it, in order: the queries, the layer's tape, and what each has looked at. */
export interface BahdanauStep {
  readonly q: AbstractMatrix;
  readonly layer: unknown;
  readonly looks: readonly LookTape[];
}

/** The sources, the tapes of all steps up to the longest sequence's last, and the top's. */
export interface BahdanauTape {
  readonly x: Sequence;
  readonly memory: Sequence;
  readonly sources: readonly Source[];
  readonly steps: readonly BahdanauStep[];
  readonly r: Sequence;
  readonly top: unknown;
}

/**
 * A layer with attention below it: its input at step t is [x_t; c_t], c_t being what its state before the step finds in the
 * memory, by the score vᵀ tanh(W q + U h). The layer is run a step at a time.
 *
 * @param parts the layer, of d + k inputs, forward in time; k features of the memory; a hidden units of the score; the part of
 * the state that asks (`query`, unless given the last that is `h` or ends in `.h`); the top, without a state, that [y_t; c_t] goes
 * into, such as a readout. States keep the layer's names; parameters are named `attention.name`, `layer.name` and `top.name`, and
 * lie in one buffer from now on.
 * @throws ValueError when a part does not fit, or a size is not a positive integer.
 *
 * @example
 * ```ts
 * import { bahdanau, gru, readout, Sequence, unroll } from 'bptt';
 *
 * const [d, k, m] = [3, 6, 4];
 * const decoder = bahdanau({ layer: unroll(gru, { d: d + k, m }), k, a: 5, top: readout({ m: m + k, C: d }) });
 * const memory = Sequence.zeros({ T: 5, B: 2, F: k, lengths: [5, 4] });
 * const { y, weights } = decoder.forward(Sequence.zeros({ T: 2, B: 2, F: d }), memory);
 * console.log(y.F, weights.at(0).getRow(1)); // → 3 [ 0.25, 0.25, 0.25, 0.25, 0 ]
 * ```
 */
export function bahdanau(parts: {
  readonly layer: Layer;
  readonly k: number;
  readonly a: number;
  readonly query?: string;
  readonly top?: Layer;
}): Attentive<BahdanauTape> {
  const { layer, k, a, query: asked, top: above } = requireKnown('parts', parts, ['layer', 'k', 'a', 'query', 'top']);
  requireLayer('layer', layer);
  requireSize('k', k);
  requireSize('a', a);
  if (layer.inputs <= k) throw new ValueError('layer.inputs', `more than the ${k} of a context`, `${layer.inputs}`);
  if (above === layer) throw new ValueError('top', 'another layer than the one below', 'the same');
  const { outputs, state, counts } = layer;
  const d = layer.inputs - k;
  const query = queryOf(layer, asked);
  const top = topOf(above, outputs + k);
  const score = additive({ m: state[query] ?? Number.NaN, k, a });

  const attending: Attentive<BahdanauTape> = {
    name: `bahdanau(${layer.name})${top.name}`,
    inputs: d,
    attends: k,
    outputs: top.outputs,
    state,
    ...(counts && { counts }),
    equations: {
      ...layer.equations,
      ...prefixed({ attention: score.equations, layer: layer.equations, ...top.equations }),
      [query]: 'BD-B2',
      x: 'BD-B1',
      memory: 'ATT-B4',
    },
    params: ParamSet.join({ attention: score.params, layer: layer.params, ...top.params }),

    forward(given, givenMemory, s0) {
      const x = read('x', given, d);
      const memory = readMemory(givenMemory, k, x);
      const sources = sourcesOf(score, memory);
      const r = Sequence.zeros({ ...x.extent(), F: outputs + k });
      const weights = Sequence.zeros({ ...x.extent(), F: memory.T });
      const steps: BahdanauStep[] = [];
      let s = requireState('s0', s0, state, x.B);
      try {
        for (let t = 0; t < stepsIn(x); t++) {
          const rows = activeRows(x, t);
          const prev = rowsOfEach(s, rows);
          const q = part(prev, query); // BD-F1  q_t = s_{t−1}
          const p = score.queries(q);
          const looked = ofRows(rows, sources).map((source, n) => look(score, source, rowsOf(p, [n])));
          const c = stacked(looked.map(({ C }) => C));
          const step = layer.forward(oneStep(beside(rowsOf(x.at(t), rows), c)), prev); // BD-F2  x_t = [z_t; c_t], s_t = f(s_{t−1}, x_t)
          steps.push({ q, layer: step.tape, looks: looked.map(({ tape }) => tape) });
          addToRows(r.at(t), rows, beside(read('layer.y', step.y, outputs).rows(), c)); // BD-F3  r_t = [y_t; c_t]
          for (const [n, { tape }] of looked.entries()) setRow(weights, t, rows?.[n] ?? n, tape.A.getRow(0));
          s = withRowsOfEach(s, rows, step.sT);
        }
        const { y, tape } = top.forward(r);
        return { y, sT: s, weights, tape: { x, memory, sources, steps, r, top: tape } };
      } catch (error) {
        for (const step of steps) layer.release?.(step.layer);
        throw error;
      }
    },

    backward(tape, given, dsT) {
      const { x, memory, sources, steps, r, top: topTape } = requireObject('tape', tape);
      requireExtent('tape.x', x, d);
      requireExtent('tape.memory', memory, k);
      requireExtent('tape.r', r, outputs + k, x);
      requireCount('tape.sources', sources, x.B, 'sources');
      requireCount('tape.steps', steps, stepsIn(x), 'tapes of steps');
      read('dy', given, top.outputs, x);
      let ds = requireState('dsT', dsT, state, x.B);
      const dr = dense(read('top.dx', top.backward(topTape, given), outputs + k, x));
      const dx = Sequence.zeros({ ...x.extent(), F: d });
      const dmemory = Sequence.zeros({ ...memory.extent(), F: k });
      const dsources = sources.map(noGradients);
      for (const [t, { q, layer: layerTape, looks }] of [...steps.entries()].reverse()) {
        const rows = activeRows(x, t);
        const drt = rowsOf(dr.at(t), rows);
        const back = layer.backward(layerTape, oneStep(columns(drt, 0, outputs)), rowsOfEach(ds, rows));
        const din = back.dx.rows();
        addToRows(dx.at(t), rows, columns(din, 0, d));
        const dc = add(columns(din, d, d + k), columns(drt, outputs, outputs + k)); // BD-B1  dL/dc_t = (dL/dx_t)_c + (dL/dr_t)_c, through F2, F3
        const own = ofRows(rows, dsources);
        const dp = stacked(
          looks.map((tape, n) => lookBack(score, tape, rowsOf(dc, [n]), own[n] ?? noGradients(tape.source))),
        );
        const dq = score.queriesBackward(q, dp);
        const dprev = { ...back.ds0, [query]: add(part(back.ds0, query), dq) }; // BD-B2  dL/ds_{t−1} += dL/dq_t, through F1
        ds = withRowsOfEach(ds, rows, dprev);
      }
      sourcesBack(score, sources, dsources, dmemory);
      return { dx, dmemory, ds0: ds };
    },

    release(tape) {
      const { steps, top: topTape } = requireObject('tape', tape);
      for (const step of requireList('tape.steps', steps)) layer.release?.(step.layer);
      top.release(topTape);
    },
  };
  return made(attending, { kind: 'bahdanau', layer, k, a, query, ...(above && { top: above }) });
}

/** The part of a layer's state that asks. */
function queryOf({ state, counts = [] }: Layer, asked: string | undefined): string {
  const parts = Object.keys(state).filter(name => !counts.includes(name));
  const query = asked === undefined ? parts.findLast(name => name === 'h' || name.endsWith('.h')) : asked;
  if (query === undefined || !parts.includes(query)) {
    throw new ValueError('query', `a part of the layer’s state, {${parts.join(', ')}}`, describe(query));
  }
  return query;
}

function part(s: Matrices, name: string): AbstractMatrix {
  return s[name] ?? Matrix.zeros(0, 0);
}

/** What there is for each sequence, of some of them. */
function ofRows<V>(rows: Rows, all: readonly V[]): readonly V[] {
  return rows ? rows.flatMap(b => all.slice(b, b + 1)) : all;
}

function stacked(all: readonly AbstractMatrix[]): Matrix {
  return new Matrix(all.map(row => row.getRow(0)));
}

/** A batch as a sequence of one step. */
function oneStep(batch: AbstractMatrix): Sequence {
  return Sequence.over(Float64Array.from(batch.to1DArray()), { T: 1, B: batch.rows, F: batch.columns });
}
