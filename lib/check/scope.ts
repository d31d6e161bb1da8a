/** What a loss looks at of a state, and what the state begins with: all of it, and anything, unless a check is told otherwise. */
import { ValueError } from '../errors.ts';
import { type Layer, zeroState } from '../layers/layer.ts';
import type { Random } from '../random.ts';
import { describe, requireList } from '../require.ts';
import type { Matrices } from '../shape.ts';
import { randomState } from './problem.ts';

/** Gradients that are right for some losses only, as those of a stabiliser that is held constant, are asked of these alone. */
export interface Scope {
  /** The state before the first step: `random` numbers unless given. Of one of `zero`s no gradient is asked. */
  readonly initial?: 'random' | 'zero' | undefined;
  /** The parts of the final state that the loss looks at: all unless given. It looks at every output in any case. */
  readonly cotangents?: readonly string[] | undefined;
}

/** `scope` is of a state of these parts, or throws ValueError. Returns it. */
export function requireScope({ initial, cotangents }: Scope, parts: readonly string[]): Scope {
  if (initial !== undefined && initial !== 'random' && initial !== 'zero')
    throw new ValueError('initial', 'random or zero', describe(initial));
  const named = cotangents === undefined ? [] : requireList('cotangents', cotangents, 'a list of parts of the state');
  for (const part of named) {
    if (!parts.includes(part))
      throw new ValueError('cotangents', `parts of the state (${parts.join(', ')})`, describe(part));
  }
  return { ...(initial && { initial }), ...(cotangents && { cotangents: [...cotangents] }) };
}

/** Whether a check is told anything. */
export const isNarrow = ({ initial, cotangents }: Scope): boolean => initial === 'zero' || cotangents !== undefined;

/** Whether the loss looks at a part of the final state. */
export const looksAt = ({ cotangents }: Scope, part: string): boolean => cotangents?.includes(part) ?? true;

/** The state before the first step. */
export function stateBefore(layer: Layer, B: number, rng: Random, { initial }: Scope): Matrices {
  return initial === 'zero' ? zeroState(layer.state, B) : randomState(layer, B, rng);
}

/** dL/ds_T: zeros in what the loss does not look at. */
export function finalCotangent(layer: Layer, B: number, rng: Random, scope: Scope): Matrices {
  const r = randomState(layer, B, rng);
  for (const [name, part] of Object.entries(r)) if (!looksAt(scope, name)) part.fill(0);
  return r;
}
