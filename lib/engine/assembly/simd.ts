/**
 * What the kernels are written in beside AssemblyScript's own `v128.add<T>` and so on, T being f64 or f32.
 *
 * A kernel is given addresses in the imported memory and allocates nothing.
 */

/** The numbers in a vector: 2 or 4. */
@inline
export function lanes<T>(): i32 {
  return 16 / sizeof<T>();
}

/** The vector x, x, … */
@inline
export function all<T>(x: f64): v128 {
  return v128.splat<T>(<T>x);
}

/** a⊙b + c: rounded once in the FMA module (where the machine can), twice in the base module. */
@inline
export function mulAdd<T>(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.relaxed_madd<T>(a, b, c) : v128.add<T>(v128.mul<T>(a, b), c);
}

/** c − a⊙b, rounded as in {@link mulAdd}. */
@inline
export function mulSub<T>(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.relaxed_nmadd<T>(a, b, c) : v128.sub<T>(c, v128.mul<T>(a, b));
}
