/**
 * Checkpointed backpropagation through time: of a long sequence only some states are kept, and the backward pass runs
 * the steps between two of them a second time (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost";
 * Gruslys et al. 2016, "Memory-Efficient Backpropagation Through Time"). Derived in `derivations/checkpointed.md`.
 *
 * | symbol | shape         | meaning |
 * |--------|---------------|---------|
 * | k, K   |               | steps a segment, the last may have fewer; segments, K = ⌈T/k⌉ |
 * | x, dx  | T×B×d         | the input; x_(i) is segment i of it |
 * | y, dy  | T×B×F         | the output |
 * | s, ds  | B×its columns | the state between two segments, part by part |
 */
import { ValueError } from '../errors.ts';
import { activeRows, type Rows, rowsOfEach, withRowsOfEach } from '../layers/active.ts';
import { type Layer, requireLayer, requireState, requireTape } from '../layers/layer.ts';
import { made } from '../layers/made.ts';
import { requireCount, requireKnown, requireSize } from '../require.ts';
import { read, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** How long the segments are: one of the two, or neither for ⌈√T⌉ steps, which hold least at once. */
export interface CheckpointOptions {
  /** Steps a segment. */
  readonly every?: number;
  /** How many states and tapes of steps may be held at once, k + ⌈T/k⌉: the segments are the longest that fit. */
  readonly memory?: number;
}

/** What the backward pass needs: the input, and the states that the segments begin with. */
export interface CheckpointedTape {
  readonly x: Sequence;
  readonly every: number;
  readonly states: readonly Matrices[];
}

/**
 * The same layer, parameters and all, with a tape of ⌈T/k⌉ states instead of T steps. Outputs and states are the same
 * numbers, and so are the gradients, to the last bit wherever a layer adds the steps' contributions from the last to the
 * first, as every unrolled cell and every stack of them does. Around a layer that adds them in another order, such as a
 * readout, they are the same up to rounding. The forward pass is run twice.
 *
 * `layer` must be causal, and carry all that it knows of earlier steps in its state: `bidirectional`, `windowInput` or a
 * mask of `dropout` cannot be run in segments. It may be a checkpointed layer itself, for less memory and a third forward
 * pass. As with any tape, parameters must not change between forward and backward.
 *
 * @param layer an unrolled cell, or a stack of layers.
 * @param options `every`, a segment's steps, or `memory`, a budget of states and tapes of steps; never both.
 * @throws ValueError when an option is not a positive integer, when both are given, and, in `forward`, when no length of
 * segments fits into `memory`; it names the smallest budget that would do.
 *
 * @example
 * ```ts
 * import { checkpointed, lstm, Sequence, unroll } from 'bptt';
 *
 * const layer = checkpointed(unroll(lstm, { d: 2, m: 3 }));
 * const { y, tape } = layer.forward(Sequence.zeros({ T: 100, F: 2 }));
 * console.log(y.T, tape.states.length); // → 100 10
 * ```
 */
export function checkpointed<Tape, P extends string>(
  layer: Layer<Tape, P>,
  options: CheckpointOptions = {},
): Layer<CheckpointedTape, P> {
  const { every, memory } = requireKnown('options', options, ['every', 'memory']);
  if (every !== undefined) requireSize('every', every);
  if (memory !== undefined) requireSize('memory', memory);
  if (every !== undefined && memory !== undefined) throw new ValueError('memory', 'none beside every', `${memory}`);
  const { name, params, inputs, outputs, state, counts, equations } = requireLayer('layer', layer);

  const whole: Layer<CheckpointedTape, P> = {
    name: `checkpointed(${name})`,
    params,
    inputs,
    outputs,
    state,
    ...(counts && { counts }),
    equations,

    forward(given, s0) {
      const x = read('x', given, inputs);
      const steps = every ?? (memory === undefined ? Math.ceil(Math.sqrt(x.T)) : longestWithin(memory, x.T));
      const y = Sequence.zeros({ ...x.extent(), F: outputs });
      const states: Matrices[] = [];
      let s = requireState('s0', s0, state, x.B);
      for (let from = 0; from < x.T; from += steps) {
        const rows = activeRows(x, from);
        states.push(s);
        if (rows?.length === 0) continue;
        const segment = cut(x, x, from, steps, rows);
        const part = layer.forward(segment, rowsOfEach(s, rows)); // CKP-F1  v_i = φ(x_(i), s_{i−1}; θ), y_(i) = R v_i, s_i = S v_i, of which s_{i−1} is kept
        s = withRowsOfEach(s, rows, part.sT); // CKP-F2  s_i = s_{i−1} where i > K_b: the sequence has ended before
        put(y, from, rows, read('layer.y', part.y, outputs, segment));
        layer.release?.(part.tape);
      }
      return { y, sT: s, tape: { x, every: steps, states } };
    },

    backward(tape, given, dsT) {
      const { x, every: steps, states } = requireTape(tape, inputs);
      requireCount('tape.states', states, Math.ceil(x.T / requireSize('tape.every', steps)), 'states');
      const dy = read('dy', given, outputs, x);
      const dx = Sequence.zeros({ ...x.extent(), F: inputs });
      let ds = requireState('dsT', dsT, state, x.B);
      for (const [i, s] of [...states.entries()].reverse()) {
        const from = i * steps;
        const rows = activeRows(x, from);
        if (rows?.length === 0) continue;
        const { tape } = layer.forward(cut(x, x, from, steps, rows), rowsOfEach(s, rows)); // CKP-B1  v̂_i = φ(x_(i), s_{i−1}; θ) = v_i, from x_(i) and s_{i−1} again
        const part = layer.backward(tape, cut(dy, x, from, steps, rows), rowsOfEach(ds, rows)); // CKP-B2  dL/dx_(i), dL/ds_{i−1}, dL/dθ += of dL/dv_i = dL/dy_(i) R + dL/ds_i S, through F1
        put(dx, from, rows, part.dx);
        layer.release?.(tape);
        ds = withRowsOfEach(ds, rows, part.ds0); // CKP-B3  dL/ds_{i−1} = dL/ds_i where i > K_b, through F2
      }
      return { dx, ds0: ds };
    },
  };
  return made(whole, {
    kind: 'checkpointed',
    layer: layer as unknown as Layer,
    ...(every !== undefined && { every }),
    ...(memory !== undefined && { memory }),
  });
}

/** The most steps a segment of T steps may have, with k + ⌈T/k⌉ within the budget. */
function longestWithin(memory: number, T: number): number {
  for (let k = Math.min(memory, T); k >= 1; k--) {
    if (k + Math.ceil(T / k) <= memory) return k; // CKP-D2  k + K = k + ⌈τ/k⌉ ≤ memory
  }
  throw new ValueError('memory', `at least ${Math.ceil(2 * Math.sqrt(T))} for ${T} steps`, `${memory}`); // CKP-D3  min k + K = ⌈2√T⌉
}

/** `count` steps of some rows of a from `from` on, or what there is of them, with the lengths that x leaves them. */
function cut(a: Sequence, x: Sequence, from: number, count: number, rows: Rows): Sequence {
  const to = Math.min(from + count, x.T);
  const data = stepsOf(a, from, to, rows);
  const left = x.lengths?.map(length => Math.min(length - from, to - from));
  const lengths = left && (rows ? rows.map(b => left[b] ?? 0) : left);
  const extent = { T: to - from, B: rows?.length ?? x.B, ...(lengths && { lengths }) };
  return data instanceof Int32Array
    ? Sequence.oneHot(data, { ...extent, classes: a.F })
    : Sequence.dense(data, { ...extent, F: a.F });
}

/** Some rows of a's steps `from` to `to`: its buffer, or a copy where it is not all of them. */
function stepsOf({ data, T, B }: Sequence, from: number, to: number, rows: Rows): Sequence['data'] {
  const width = data.length / (T * B);
  if (!rows) return data.subarray(from * B * width, to * B * width);
  const taken = data.slice(0, (to - from) * rows.length * width);
  for (let t = from; t < to; t++) {
    for (const [n, b] of rows.entries()) {
      const at = (t * B + b) * width;
      taken.set(data.subarray(at, at + width), ((t - from) * rows.length + n) * width);
    }
  }
  return taken;
}

/** Some rows of the steps of `into` from `from` on = those of `part`. */
function put(into: Sequence, from: number, rows: Rows, { data, T, B, F }: Sequence): void {
  for (let t = 0; t < T; t++) {
    for (let n = 0; n < B; n++) {
      const at = (t * B + n) * F;
      into.data.set(data.subarray(at, at + F), ((from + t) * into.B + (rows?.[n] ?? n)) * F);
    }
  }
}
