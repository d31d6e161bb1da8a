/** The matrix product alone. */
import { Random } from '../../lib/random.ts';
import type { Case } from './case.ts';

/** C = A·B of n×n matrices. */
export function productCase(n: number, { full = false }: { readonly full?: boolean } = {}): Case {
  return {
    name: `product-${n}`,
    full,
    gains: ({ library }) => library !== undefined, // whose own threads it is done by
    work: { flops: 2 * n ** 3, numbers: 3 * n ** 2 },
    open() {
      const rng = new Random(1);
      const [a, b] = [normals(n * n, rng), normals(n * n, rng)];
      return {
        problem: { kind: 'product', n, a, b },
        ours: (backend, precision) => backend.product({ M: n, N: n, K: n }, a, b, precision),
      };
    },
  };
}

/** So many standard normal numbers. */
export function normals(count: number, rng: Random): Float64Array {
  return Float64Array.from({ length: count }, () => rng.normal());
}
