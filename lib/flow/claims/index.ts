/** Every claim of the lectures on gradients through time that is put to the test, in the order of the derivation. */
import type { Claim } from './claim.ts';
import { clippingClaims } from './clipping.ts';
import { gateClaims } from './gates.ts';
import { productClaims } from './products.ts';
import { slopeClaims } from './slopes.ts';

/** The claims. */
export const claims: readonly Claim[] = [...productClaims, ...slopeClaims, ...gateClaims, ...clippingClaims];
