/** How far a network can be followed before its numbers are larger than there are. */
import type { AbstractMatrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import type { Layer } from '../layers/layer.ts';
import { frobenius } from '../optim/norm.ts';
import { requireFinite } from '../require.ts';
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** A state, a Jacobian or a gradient that is not finite though all that it was computed from is. */
export class OverflowError extends ValueError {
  override readonly name: string = 'OverflowError';
}

/** What could not be followed: figures are of the steps before. */
export interface Overflow {
  /** The first step that is left out, from 1. */
  readonly step: number;
  /** The state after that step, or a gradient on its way back from it. */
  readonly of: 'state' | 'gradient';
  /** How many steps there were. */
  readonly asked: number;
}

/** `matrix` is finite, or throws {@link OverflowError} naming what it is and where. Returns it. */
export function finite<M extends AbstractMatrix>(what: string, matrix: M): M {
  try {
    requireFinite(what, matrix);
  } catch (error) {
    if (error instanceof ValueError) throw new OverflowError(error.argument, error.expected, error.got);
    throw error;
  }
  return matrix;
}

/** Every part of the state after step t is finite, or throws {@link OverflowError}. Returns it. */
export function finiteState(t: number, s: Matrices): Matrices {
  for (const [name, part] of Object.entries(s)) finite(`${name}_${t}`, part);
  return s;
}

/** ‖A‖_F of a matrix, or throws {@link OverflowError} where it is larger than numbers are. */
export function finiteNorm(what: string, A: AbstractMatrix): number {
  const norm = frobenius(A);
  if (!Number.isFinite(norm)) throw new OverflowError(what, 'a finite number', `${norm}`);
  return norm;
}

/**
 * The longest beginning of a sequence that can be followed, found by halves: so of a network whose gradients grow.
 *
 * @param follow follows the network over the first so many steps, or throws {@link OverflowError}.
 * @returns the number of steps, and what overflows in the next.
 */
export function followed(
  layer: Layer,
  { x, s0 }: { readonly x: Sequence; readonly s0?: Matrices | undefined },
  follow: (steps: number) => void,
): { readonly steps: number; readonly overflow: Overflow } {
  const states = finiteStates(layer, x, s0);
  let [steps, beyond] = [0, states + 1];
  while (beyond - steps > 1) {
    const middle = steps === 0 && beyond === states + 1 ? states : Math.floor((steps + beyond) / 2);
    if (fits(() => follow(middle))) steps = middle;
    else beyond = middle;
  }
  return { steps, overflow: { step: steps + 1, of: steps === states ? 'state' : 'gradient', asked: x.T } };
}

function fits(follow: () => unknown): boolean {
  try {
    follow();
    return true;
  } catch (error) {
    if (error instanceof OverflowError) return false;
    throw error;
  }
}

/** How many steps there are before a state is not finite. */
function finiteStates(layer: Layer, x: Sequence, s0: Matrices | undefined): number {
  let s = s0;
  for (let t = 0; t < x.T; t++) {
    const { sT, tape } = layer.forward(x.slice(t, t + 1), s);
    layer.release?.(tape);
    if (!fits(() => finiteState(t + 1, sT))) return t;
    s = sT;
  }
  return x.T;
}
