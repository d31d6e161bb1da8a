/** ‖x‖², in four sums that do not wait for each other. NaN or infinite where a number is, or where it overflows. */
export function squaredNorm(x: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length - (x.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += (x[i] ?? 0) ** 2;
    b += (x[i + 1] ?? 0) ** 2;
    c += (x[i + 2] ?? 0) ** 2;
    d += (x[i + 3] ?? 0) ** 2;
  }
  for (let i = whole; i < x.length; i++) a += (x[i] ?? 0) ** 2;
  return a + b + (c + d);
}
