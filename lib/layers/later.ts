/** What a pass back gives where dL/dx is computed when it is read. */
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** What is read later. */
const READ = Symbol('dL/dx');

interface Later {
  readonly [READ]: () => Sequence;
}

/** One getter for all: for an object with one of its own, JavaScript makes a new shape each time. */
const DX: PropertyDescriptor & ThisType<Later> = {
  get() {
    return this[READ]();
  },
  enumerable: true,
  configurable: true,
};

/** dL/ds_0, and dL/dx when it is read: a plain object, copies of which have both. */
export function readLater(read: () => Sequence, ds0: Matrices): { readonly dx: Sequence; readonly ds0: Matrices } {
  const later = Object.defineProperty({}, 'dx', DX) as { dx: Sequence; ds0: Matrices };
  later.ds0 = ds0;
  return Object.defineProperty(later, READ, { value: read });
}
