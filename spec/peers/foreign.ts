/**
 * Another library's network as a layer of this one, so that whatever is written over layers, the gradient checker above
 * all, runs on gradients that no one here wrote.
 *
 * Such a library takes one sequence at a time and keeps a gradient beside every number of its network. Here each sequence
 * of a batch gets a network of its own, which has seen nothing before: what is wrong then is in the backward pass alone.
 */
import type { Cell } from '../../lib/cells/cell.ts';
import { type Layer, requireState, zeroState } from '../../lib/layers/layer.ts';
import { prefixed } from '../../lib/layers/names.ts';
import { readout } from '../../lib/layers/readout.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { addTo } from '../../lib/matrix.ts';
import { ParamSet } from '../../lib/params.ts';
import { requireSequence, Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { FlatMatrix, type FloatArray } from '../../lib/views.ts';
import { flat } from '../numbers.ts';

/** Inputs, hidden units of every layer from the bottom up, outputs. */
export interface Size {
  readonly d: number;
  readonly hidden: readonly number[];
  readonly C: number;
}

/** Numbers of a network, row after row, and what its backward pass leaves beside each of them. */
export interface Variable {
  readonly values: FloatArray;
  readonly grads: FloatArray;
}

/** Variables by the names that parameters and parts of the state have here. */
export type Variables = Readonly<Record<string, Variable>>;

/** Matrices by name, each row after row. */
export type Numbers = Readonly<Record<string, readonly number[]>>;

/** A fresh network that one sequence has been run through. */
export interface Run {
  readonly params: Variables;
  /** The input of every step; none where the network takes classes. */
  readonly x: readonly Variable[];
  readonly s0: Variables;
  /** The output of every step. */
  readonly y: readonly Variable[];
  readonly sT: Variables;
  /** The library's own backward pass: from the gradients of y and sT to all others. */
  backward(): void;
}

/** What there is to know of a foreign network. */
export interface Foreign {
  readonly name: string;
  /** Where each parameter is over there; stands in reports in place of an equation's tag. */
  readonly paths: Readonly<Record<string, string>>;
  /** Runs a sequence through a network with these parameters, from this state. */
  run(params: Numbers, x: readonly number[][], s0: Numbers): Run;
}

interface ForeignTape {
  readonly x: Sequence;
  readonly s0: Matrices;
}

/**
 * A foreign network with parameters, states and outputs named and shaped as in `twin`, the layer of ours that computes the
 * same function. Backward runs forward once more, since going back through a network changes it.
 */
export function foreignLayer(twin: Layer, { name, paths, run }: Foreign): Layer<ForeignTape> {
  const { inputs, outputs, state } = twin;
  const params = ParamSet.of(twin.params.shapes);
  const runSequence = ({ x, s0 }: ForeignTape, b: number): Run => {
    const steps = Array.from({ length: x.lengths?.[b] ?? x.T }, (_, t) => x.at(t).getRow(b));
    const first = mapped(s0, part => part.getRow(b));
    return run(mapped<FlatMatrix, number[]>(params.named(), flat), steps, first);
  };

  return {
    name,
    params,
    inputs,
    outputs,
    state,
    equations: paths,

    forward(x, s0) {
      requireSequence('x', x, inputs);
      const tape = { x, s0: requireState('s0', s0, state, x.B) };
      const y = Sequence.zeros({ ...x.extent(), F: outputs });
      const sT = zeroState(state, x.B);
      for (let b = 0; b < x.B; b++) {
        const sequence = runSequence(tape, b);
        for (const [t, { values }] of sequence.y.entries()) y.at(t).setRow(b, [...values]);
        for (const [part, matrix] of Object.entries(sT)) matrix.setRow(b, [...named(sequence.sT, part).values]);
      }
      return { y, sT, tape };
    },

    backward(tape, dy, dsT) {
      const { x } = tape;
      requireSequence('dy', dy, outputs, x);
      const ds = requireState('dsT', dsT, state, x.B);
      const dx = Sequence.zeros({ ...x.extent(), F: inputs });
      const ds0 = zeroState(state, x.B);
      for (let b = 0; b < x.B; b++) {
        const sequence = runSequence(tape, b);
        for (const [t, { grads }] of sequence.y.entries()) grads.set(dy.at(t).getRow(b));
        for (const [part, matrix] of Object.entries(ds)) named(sequence.sT, part).grads.set(matrix.getRow(b));
        sequence.backward();
        for (const [parameter, total] of Object.entries<FlatMatrix>(params.namedGrads())) {
          addTo(total, new FlatMatrix(named(sequence.params, parameter).grads, total.rows, total.columns));
        }
        for (const [t, { grads }] of sequence.x.entries()) dx.at(t).setRow(b, [...grads]);
        for (const [part, matrix] of Object.entries(ds0)) matrix.setRow(b, [...named(sequence.s0, part).grads]);
      }
      return { dx, ds0 };
    },
  };
}

/** What both libraries build: layers of one cell on top of each other, and a readout. */
export function deep(cell: Cell, { d, hidden, C }: Size): Readonly<Record<string, Layer>> {
  const layers = hidden.map((m, l) => [`layer${l + 1}`, unroll(cell, { d: hidden[l - 1] ?? d, m })]);
  return { ...Object.fromEntries(layers), readout: readout({ m: hidden.at(-1) ?? d, C }) };
}

/** What a function gives for every layer 0, 1, …, under the names that {@link deep} gives them. */
export function byLayer<V>({ hidden }: Size, of: (l: number) => Readonly<Record<string, V>>): Record<string, V> {
  return prefixed(Object.fromEntries(hidden.map((_, l) => [`layer${l + 1}`, of(l)])));
}

/** The value under that name, or throws Error. */
export function named<V>(record: Readonly<Record<string, V>>, name: string): V {
  const value = record[name];
  if (value === undefined) throw new Error(`there is no ${name}`);
  return value;
}

/** What lies in a foreign object at `a.b.0`, or throws Error. */
export function at<V>(object: object, path: string): V {
  const found = path
    .split('.')
    .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], object);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found as V;
}

/** The record with a function of every value. */
export function mapped<V, W>(record: Readonly<Record<string, V>>, f: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}
