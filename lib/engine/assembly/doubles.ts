/** n numbers between an array of f64, as most are outside the engine, and one of f32. */

/** to, of f32, = doubles. */
export function demote(n: usize, doubles: usize, to: usize): void {
  for (; n >= 4; n -= 4, doubles += 32, to += 16) {
    const low = f32x4.demote_f64x2_zero(v128.load(doubles));
    const high = f32x4.demote_f64x2_zero(v128.load(doubles, 16));
    v128.store(to, v128.shuffle<f64>(low, high, 0, 2));
  }
  for (; n > 0; n--, doubles += 8, to += 4) store<f32>(to, <f32>load<f64>(doubles));
}

/** doubles = from, of f32. */
export function promote(n: usize, from: usize, doubles: usize): void {
  for (; n >= 2; n -= 2, from += 8, doubles += 16) v128.store(doubles, two(from));
  if (n == 1) store<f64>(doubles, <f64>load<f32>(from));
}

/** doubles += from, of f32. */
export function addToDoubles(n: usize, from: usize, doubles: usize): void {
  for (; n >= 2; n -= 2, from += 8, doubles += 16) {
    v128.store(doubles, f64x2.add(v128.load(doubles), two(from)));
  }
  if (n == 1) store<f64>(doubles, load<f64>(doubles) + <f64>load<f32>(from));
}

/** The two numbers at an address, as f64. */
@inline
function two(from: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(from));
}
