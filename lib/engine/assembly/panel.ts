/** The panels that a product cuts B into, and C with it. */

/** Bytes of a row of a panel: four vectors, 8 numbers of f64 or 16 of f32. */
export const WIDTH: usize = 64;

/** The columns of a panel. */
@inline
export function panelColumns<T>(): usize {
  return WIDTH / sizeof<T>();
}

/**
 * c (+)= four vectors. The last is stored first: where V8 makes one of two stores, it keeps the lower one beside it unless
 * that comes last.
 */
@inline
export function writeVectors<T>(c: usize, add: bool, s0: v128, s1: v128, s2: v128, s3: v128): void {
  if (add) {
    s0 = v128.add<T>(v128.load(c), s0);
    s1 = v128.add<T>(v128.load(c, 16), s1);
    s2 = v128.add<T>(v128.load(c, 32), s2);
    s3 = v128.add<T>(v128.load(c, 48), s3);
  }
  v128.store(c, s3, 48);
  v128.store(c, s2, 32);
  v128.store(c, s1, 16);
  v128.store(c, s0);
}
