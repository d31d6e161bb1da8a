/** A layer that looks at a second sequence while it goes through its own: what a decoder with attention is. */
import { requireSize } from '../../require.ts';
import type { Sequence } from '../../sequence.ts';
import type { Matrices } from '../../shape.ts';
import { type Layer, requireLayer } from '../layer.ts';

/**
 * A layer of two inputs. As of any {@link Layer}, `forward` mutates nothing, `backward` ADDS into `params.grads` and mutates
 * nothing else.
 *
 * @typeParam Tape what backward needs of forward.
 */
export interface Attentive<Tape = unknown> extends Omit<Layer<Tape>, 'forward' | 'backward'> {
  /** Features a step of what is attended to. */
  readonly attends: number;
  /**
   * @param x the input, T′ steps of B sequences.
   * @param memory what is attended to, T steps of as many.
   * @param s0 the state before the first step; zeros unless given.
   * @returns y and s_T as of any layer; the weights, T′×B×T: how much of each step of the memory a step of y has seen.
   * @throws ShapeError, ValueError when an argument does not fit or is not finite.
   */
  forward(
    x: Sequence,
    memory: Sequence,
    s0?: Matrices,
  ): { readonly y: Sequence; readonly sT: Matrices; readonly weights: Sequence; readonly tape: Tape };
  /**
   * @param dy dL/dy.
   * @param dsT dL/ds_T; zeros unless given.
   * @returns the gradients in x, in the memory and in s_0.
   * @throws ShapeError, ValueError when dy or dsT do not fit or are not finite.
   */
  backward(
    tape: Tape,
    dy: Sequence,
    dsT?: Matrices,
  ): { readonly dx: Sequence; readonly dmemory: Sequence; readonly ds0: Matrices };
}

/** Whether a layer takes a second input. */
export function isAttentive(layer: Layer | Attentive): layer is Attentive {
  return typeof layer === 'object' && layer !== null && 'attends' in layer;
}

/** `layer` has the parts of one, or throws ValueError naming what is missing. Returns it. */
export function requireAttentive(argument: string, layer: Attentive): Attentive {
  requireLayer(argument, layer);
  requireSize(`${argument}.attends`, layer.attends);
  return layer;
}
