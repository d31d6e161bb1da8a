/** What passes of the same sizes take of the memory and do, made once for all of them. */
import { type BlockSize, type Taking, takingOf } from './blocks.ts';
import { bytesOf, type Wanted } from './operands.ts';
import type { Pass } from './pass.ts';

/** What a pass takes of the memory: prepared matrices, blocks, bytes besides, and which of the blocks it gives back itself. */
export interface Needs {
  readonly wanted: readonly Wanted[];
  readonly taking: Taking;
  readonly besides: number;
  readonly passing: readonly string[];
}

export function needsOf(
  wanted: Needs['wanted'],
  sizes: Readonly<Record<string, BlockSize>>,
  passing: readonly string[],
  bytes: number,
): Needs {
  return { wanted, taking: takingOf(sizes, bytes), besides: bytesOf(wanted, bytes), passing };
}

/** What is made when it is first asked for. */
export function once<V>(make: () => V): () => V {
  let made: { readonly value: V } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** What was made last for passes of the same sizes: a training loop asks for the same again and again. */
export function remembered<V>(make: (pass: Pass) => V): (pass: Pass) => V {
  const last: { readonly pass: Pass; readonly made: V }[] = [];
  return pass => {
    const { x } = pass;
    for (const { pass: one, made } of last) if (one.suits(x)) return made;
    if (last.length >= 4) last.length = 0;
    const made = make(pass);
    last.push({ pass, made });
    return made;
  };
}
