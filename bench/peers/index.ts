/** All peers. */
import { ValueError } from '../../lib/errors.ts';
import { brainJs } from './brain-js.ts';
import type { Family } from './peer.ts';
import { jax, numpy, pytorch, pytorchThreads } from './pytorch.ts';
import { recurrentJs } from './recurrent-js.ts';
import { tfjs } from './tfjs.ts';

export const families: readonly Family[] = [pytorch, pytorchThreads, jax, numpy, tfjs, brainJs, recurrentJs];

/** Our own reference, which is a peer by this name. */
export const REFERENCE = 'reference';

/** What `--peers` takes. */
export const familyNames: readonly string[] = [...families.map(({ name }) => name), REFERENCE];

/** Who is asked. */
export interface Chosen {
  readonly families: readonly Family[];
  /** Whether our own reference is. */
  readonly reference: boolean;
}

/**
 * The families of the given names: `all` of them, or `none`.
 *
 * @throws ValueError when there is none of a name.
 */
export function chosenFamilies(names: readonly string[]): Chosen {
  const all = names.includes('all');
  for (const name of names) {
    if (!['all', 'none', ...familyNames].includes(name)) {
      throw new ValueError('--peers', `all, none, ${familyNames.join(', ')}`, JSON.stringify(name));
    }
  }
  return {
    families: families.filter(({ name }) => all || names.includes(name)),
    reference: all || names.includes(REFERENCE),
  };
}
