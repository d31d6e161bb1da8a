/** What may stand on a layer with attention: a readout, or whatever else has no state. */
import { ValueError } from '../../errors.ts';
import type { ParamSet } from '../../params.ts';
import type { Sequence } from '../../sequence.ts';
import { type Layer, requireLayer } from '../layer.ts';

/** A layer, or nothing, as a map with its adjoint. */
export interface Top {
  readonly name: string;
  readonly outputs: number;
  /** For `ParamSet.join`, and of the same names: nothing where there is no layer. */
  readonly params: Readonly<Record<string, ParamSet>>;
  readonly equations: Readonly<Record<string, Layer['equations']>>;
  forward(x: Sequence): { readonly y: Sequence; readonly tape: unknown };
  backward(tape: unknown, dy: Sequence): Sequence;
  release(tape: unknown): void;
}

/**
 * The top of F features below it.
 *
 * @throws ValueError when it takes other inputs, or has a state, which nothing would hand over.
 */
export function topOf(layer: Layer | undefined, F: number): Top {
  if (layer === undefined) {
    return {
      name: '',
      outputs: F,
      params: {},
      equations: {},
      forward: y => ({ y, tape: undefined }),
      backward: (_, dy) => dy,
      release: () => {},
    };
  }
  requireLayer('top', layer);
  if (layer.inputs !== F) throw new ValueError('top.inputs', `${F}`, `${layer.inputs}`);
  const parts = Object.keys(layer.state);
  if (parts.length > 0) throw new ValueError('top.state', 'none', `{${parts.join(', ')}}`);
  return {
    name: `+${layer.name}`,
    outputs: layer.outputs,
    params: { top: layer.params },
    equations: { top: layer.equations },
    forward: x => layer.forward(x),
    backward: (tape, dy) => layer.backward(tape, dy).dx,
    release: tape => layer.release?.(tape),
  };
}
