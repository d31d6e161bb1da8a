/** What “Back through time” asks its worker, and what that answers. */
import type { Listing } from './listing.ts';
import type { View } from './scene.ts';

/** What was asked before is not wanted any more: so that nothing is computed beside a hand that drags. */
export interface TimeStop {
  readonly id: number;
}

export interface TimeQuestion extends TimeStop {
  readonly view: View;
  /** Of a cell of the library. */
  readonly listing?: Listing;
  /** Of one's own. */
  readonly text?: string;
}

/** Finite differences, row after row of a matrix. */
export type Differences = Readonly<Record<string, Float64Array>>;

export type TimeAnswer =
  | { readonly id: number; readonly kind: 'step'; readonly differences: Differences }
  | { readonly id: number; readonly kind: 'parameter'; readonly differences: Differences }
  /** All parameters' gradients, over all steps, beside theirs. */
  | { readonly id: number; readonly kind: 'all'; readonly worst: number; readonly count: number }
  | { readonly id: number; readonly kind: 'failed'; readonly why: string };
