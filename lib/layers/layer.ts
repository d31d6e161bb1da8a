import { Matrix } from 'ml-matrix';
import type { Tag } from '../cells/cell.ts';
import { ShapeError, ValueError } from '../errors.ts';
import { ParamSet } from '../params.ts';
import {
  describe,
  isPlain,
  requireFinite,
  requireFunction,
  requireInstance,
  requireObject,
  requireShape,
  requireSize,
} from '../require.ts';
import { requireExtent, type Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { isFiniteFlat } from '../views.ts';

/**
 * A map from sequences to sequences with its adjoint. What is built over layers (stacks, truncation, models, the
 * gradient checker) is built once and runs on any of them.
 *
 * `forward` mutates nothing. `backward` ADDS into `params.grads` and mutates nothing else; neither tape nor cotangents.
 *
 * @typeParam Tape what backward needs of forward.
 * @typeParam P the names of the parameters.
 */
export interface Layer<Tape = unknown, P extends string = string> {
  readonly name: string;
  readonly params: ParamSet<P>;
  /** Features a step of x. */
  readonly inputs: number;
  /** Features a step of y. */
  readonly outputs: number;
  /** The columns of every part of the state; empty where there is none. */
  readonly state: Readonly<Record<string, number>>;
  /** Parts of the state that count steps, where there are any: whole numbers, in which nothing has a gradient. */
  readonly counts?: readonly string[];
  /** The tag of the equation that gives a gradient: of a parameter, of `x`, or of a part of the state, where that is said. */
  readonly equations: Readonly<Record<string, Tag>>;
  /**
   * @param x the input, T steps of B sequences. A tape may share its numbers, so they must stay until the pass back; of
   * indices it keeps its own.
   * @param s0 the state before the first step, every part B×its columns; zeros unless given.
   * @returns the output y, T steps of B sequences; the state after each sequence's last step; the tape.
   * @throws ShapeError, ValueError when x or s0 do not fit, or hold where they count what is not finite or no class.
   */
  forward(x: Sequence, s0?: Matrices): { readonly y: Sequence; readonly sT: Matrices; readonly tape: Tape };
  /**
   * @param tape what `forward` returned.
   * @param dy dL/dy, of y's shape, with y's lengths, longer ones or none: what does not count of y is not read.
   * @param dsT dL/ds_T, of the final state's shape; zeros unless given.
   * @returns dL/dx and dL/ds_0. That of a one-hot x may be computed when it is read first, which the tape is needed for.
   * @throws ShapeError, ValueError when dy or dsT do not fit or are not finite.
   */
  backward(tape: Tape, dy: Sequence, dsT?: Matrices): { readonly dx: Sequence; readonly ds0: Matrices };
  /**
   * Says that a tape is needed no more, nor y and dx that came with it: a layer with memory of its own may use theirs for
   * its next passes. Layers without have no such function.
   */
  release?(tape: Tape): void;
}

/** A state of the given columns for B sequences, all zero. */
export function zeroState(state: Readonly<Record<string, number>>, B: number): Matrices {
  const zeros: Record<string, Matrix> = {};
  for (const name of Object.keys(state)) zeros[name] = Matrix.zeros(B, state[name] ?? 0);
  return zeros;
}

/**
 * `s` has exactly the parts and shapes of the state, or throws {@link ShapeError} naming the part. Returns it; zeros
 * where it was not given.
 */
export function requireState(
  argument: string,
  s: Matrices | undefined,
  state: Readonly<Record<string, number>>,
  B: number,
): Matrices {
  if (s === undefined) return zeroState(state, B);
  requireParts(argument, s, state, B);
  for (const name of Object.keys(state)) {
    const part = s[name];
    if (part && !isFiniteFlat(part)) requireFinite(`${argument}.${name}`, part);
  }
  return s;
}

/** The same of whatever numbers, and there. */
export function requireParts<S extends Matrices>(
  argument: string,
  s: S,
  state: Readonly<Record<string, number>>,
  B: number,
): S {
  if (!isPlain(s) || hasOthers(s, state))
    throw new ShapeError(argument, `a state of parts {${Object.keys(state).join(', ')}}`, describe(s));
  for (const name of Object.keys(state)) requireShape(`${argument}.${name}`, s[name], [B, state[name] ?? 0]);
  return s;
}

/** Whether an object has names that another has not. */
function hasOthers(s: object, state: object): boolean {
  for (const name in s) if (Object.hasOwn(s, name) && !Object.hasOwn(state, name)) return true;
  return false;
}

/** `layer` has the parts of one, or throws ValueError naming what is missing. Returns it. */
export function requireLayer<L extends Omit<Layer<never>, 'forward' | 'backward'>>(argument: string, layer: L): L {
  requireObject(argument, layer, 'a Layer');
  for (const part of ['forward', 'backward'] as const) {
    requireFunction(`${argument}.${part}`, (layer as Partial<Layer>)[part]);
  }
  if (typeof layer.name !== 'string') throw new ValueError(`${argument}.name`, 'a string', describe(layer.name));
  if (layer.release !== undefined) requireFunction(`${argument}.release`, layer.release);
  requireInstance(`${argument}.params`, layer.params, ParamSet);
  requireSize(`${argument}.inputs`, layer.inputs);
  requireSize(`${argument}.outputs`, layer.outputs);
  requireObject(`${argument}.equations`, layer.equations);
  for (const [name, columns] of Object.entries(requireObject(`${argument}.state`, layer.state))) {
    requireSize(`${argument}.state.${name}`, columns);
  }
  return layer;
}

/** `tape` holds the input x of F features a step, as those of most layers do, or throws an error. Returns it. */
export function requireTape<Tape extends { readonly x: Sequence }>(tape: Tape, F: number): Tape {
  requireExtent('tape.x', requireObject('tape', tape).x, F);
  return tape;
}
