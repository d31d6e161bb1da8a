/** A layer whose tapes are counted: `held` has those that were made and not given back. */
import type { Layer } from '../../lib/layers/layer.ts';

export function watched(own: Layer): { readonly layer: Layer; readonly held: ReadonlySet<unknown> } {
  const held = new Set<unknown>();
  const layer: Layer = {
    ...own,
    forward(x, s0) {
      const step = own.forward(x, s0);
      held.add(step.tape);
      return step;
    },
    release(tape) {
      if (!held.delete(tape)) throw new Error('what is given back is no tape that is held');
      own.release?.(tape);
    },
  };
  return { layer, held };
}
