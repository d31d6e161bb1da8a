/**
 * Two layers over the same inputs, one forward and one backward in time: DD2424 Lecture 9, "Bidirectional RNN".
 * Derived in `derivations/bidirectional.md`.
 *
 * | symbol           | shape     | meaning |
 * |------------------|-----------|---------|
 * | x, dx            | T×B×d     | the input, which both layers see |
 * | yThere, dyThere  | T×B×F₁    | what `forward` puts out |
 * | yBack, dyBack    | T×B×F₂    | what `backward` puts out, put back into the order of time |
 * | y, dy            | T×B×(F₁+F₂), or T×B×F₁ | both, beside each other or added |
 *
 * Every sequence is reversed within its own length. Were all T steps reversed, the backward layer would begin with the
 * padding.
 */
import { ValueError } from '../errors.ts';
import { type JoinedNames, ParamSet } from '../params.ts';
import { describe, requireKnown, requireObject } from '../require.ts';
import { dense, read, requireExtent, Sequence } from '../sequence.ts';
import { type Layer, requireLayer, requireState, requireTape } from './layer.ts';
import { made } from './made.ts';
import { prefixed, unprefixed } from './names.ts';
import { reversed } from './reversal.ts';

/** What the backward pass needs: the extents of x and y, and the tapes of both layers. */
export interface BidirectionalTape {
  readonly x: Sequence;
  readonly y: Sequence;
  readonly there: unknown;
  readonly back: unknown;
}

/**
 * The layer of two layers of which the second reads each sequence from its end to its beginning. Parameters, states and
 * equations are named `forward.name` and `backward.name`; all parameters lie in one buffer from now on. The final state
 * of `backward` is the one after x_1.
 *
 * For one vector a sequence, let both layers end in `lastStep`: behind the whole, it would take the output that
 * `backward` gives after its first step.
 *
 * @param layers `forward` and `backward`, of equal inputs; `merge` puts their outputs beside each other (`concat`,
 * unless given) or adds them (`sum`).
 * @throws ValueError when the layers do not fit, or are one and the same.
 *
 * @example
 * ```ts
 * import { bidirectional, lstm, Sequence, unroll } from 'bptt';
 *
 * const both = bidirectional({ forward: unroll(lstm, { d: 2, m: 3 }), backward: unroll(lstm, { d: 2, m: 4 }) });
 * const x = Sequence.zeros({ T: 5, B: 2, F: 2, lengths: [5, 3] });
 * console.log(both.forward(x).y.F, Object.keys(both.state).join(' ')); // → 7 forward.h forward.c backward.h backward.c
 * ```
 */
export function bidirectional<Forward extends string, Backward extends string>(layers: {
  readonly forward: Layer<unknown, Forward>;
  readonly backward: Layer<unknown, Backward>;
  readonly merge?: 'concat' | 'sum';
}): Layer<BidirectionalTape, JoinedNames<{ forward: Forward; backward: Backward }>> {
  const {
    forward: there,
    backward,
    merge = 'concat',
  } = requireKnown('layers', layers, ['forward', 'backward', 'merge']);
  requireLayer('forward', there);
  requireLayer('backward', backward);
  const back = reversed(backward);
  if (merge !== 'concat' && merge !== 'sum') throw new ValueError('merge', 'concat or sum', describe(merge));
  if (back.inputs !== there.inputs) throw new ValueError('backward.inputs', `${there.inputs}`, `${back.inputs}`);
  if (merge === 'sum' && back.outputs !== there.outputs) {
    throw new ValueError('backward.outputs', `${there.outputs}, for a sum`, `${back.outputs}`);
  }
  const state = prefixed({ forward: there.state, backward: back.state });
  const counts = Object.entries({ forward: there, backward: back }).flatMap(
    ([name, layer]) => layer.counts?.map(part => `${name}.${part}`) ?? [],
  );
  const besides = merge === 'concat' ? there.outputs : 0; // the first column of backward's outputs
  const outputs = besides + back.outputs;

  const both: Layer<BidirectionalTape> = {
    name: `bidirectional(${there.name}, ${back.name})`,
    inputs: there.inputs,
    outputs,
    state,
    ...(counts.length > 0 && { counts }),
    equations: { ...prefixed({ forward: there.equations, backward: back.equations }), x: 'BI-B4' },
    params: ParamSet.join({ forward: there.params, backward: back.params }),

    forward(x, s0) {
      requireExtent('x', x, there.inputs); // both layers look at its numbers
      const s = requireState('s0', s0, state, x.B);
      const first = there.forward(x, unprefixed(s, 'forward')); // BI-F2  y⃗_t = g(s_t)
      let second: ReturnType<typeof back.forward> | undefined;
      try {
        second = back.forward(x, unprefixed(s, 'backward'));
        requireExtent('backward.y', second.y, back.outputs, first.y);
        const y = Sequence.zeros({ ...first.y.extent(), F: outputs }, first.y);
        setColumns(y, 0, first.y);
        if (merge === 'concat') setColumns(y, besides, second.y);
        else add(y, second.y); // BI-F4  y_t = [y⃗_t; y⃖_t], or their sum
        return {
          y,
          sT: prefixed({ forward: first.sT, backward: second.sT }),
          tape: { x, y, there: first.tape, back: second.tape },
        };
      } catch (error) {
        there.release?.(first.tape);
        if (second) back.release?.(second.tape);
        throw error;
      }
    },

    backward(tape, given, dsT) {
      const { x, y, there: thereTape, back: backTape } = requireTape(tape, there.inputs);
      requireExtent('tape.y', y, outputs);
      const dy = dense(read('dy', given, outputs, y));
      const ds = requireState('dsT', dsT, state, x.B);
      const dyThere = columns(dy, 0, there.outputs, y); // BI-B1  dL/dy⃗_t = (dL/dy_t)_y⃗, or all of it, through F4
      const dyBack = columns(dy, besides, back.outputs, y); // BI-B2  dL/dy⃖_t = (dL/dy_t)_y⃖, or all of it, through F4
      const first = there.backward(thereTape, dyThere, unprefixed(ds, 'forward'));
      const second = back.backward(backTape, dyBack, unprefixed(ds, 'backward'));
      const dx = Sequence.zeros({ ...x.extent(), F: x.F }, first.dx);
      setColumns(dx, 0, first.dx);
      add(dx, second.dx); // BI-B4  dL/dx_t = dL/ds_t ∂s_t/∂x_t + dL/dx′_{τ+1−t}, through F1, F2
      return { dx, ds0: prefixed({ forward: first.ds0, backward: second.ds0 }) };
    },

    release(tape) {
      const { there: thereTape, back: backTape } = requireObject('tape', tape);
      there.release?.(thereTape);
      back.release?.(backTape);
    },
  };
  return made(both, { kind: 'bidirectional', forward: there, backward, merge });
}

/** The columns of y from `from` on = those of a. */
function setColumns({ data, F, T, B }: Sequence, from: number, a: Sequence): void {
  for (let n = 0; n < T * B; n++) data.set(a.data.subarray(n * a.F, (n + 1) * a.F), n * F + from);
}

/** y += a: a plain loop, which takes a sixth of the time of `forEach`. */
function add({ data: y }: Sequence, { data: a }: Sequence): void {
  for (let i = 0; i < y.length; i++) y[i] = (y[i] ?? 0) + (a[i] ?? 0);
}

/** F columns of dy from `from` on, with y's lengths: dy may have been given without. */
function columns(dy: Sequence, from: number, F: number, y: Sequence): Sequence {
  const result = Sequence.zeros({ ...y.extent(), F }, dy);
  for (let n = 0; n < dy.T * dy.B; n++) {
    const at = n * dy.F + from;
    result.data.set(dy.data.subarray(at, at + F), n * F);
  }
  return result;
}
