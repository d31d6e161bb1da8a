/** What a piece of work computes, tensor by tensor, and how far two results are apart. */

/** Numbers by name, each tensor row after row. */
export type Tensors = Readonly<Record<string, Float64Array>>;

/** The tensor that deviates most, and by how much: max|a − b| over max|b|. */
export interface Deviation {
  readonly tensor: string;
  readonly worst: number;
}

/**
 * How far `actual` is from `expected`. Every tensor of `actual` must be in `expected`; with `whole` the other way round
 * too. What is missing, of another length or not a number is infinitely far.
 */
export function deviation(actual: Tensors, expected: Tensors, { whole }: { readonly whole: boolean }): Deviation {
  const names = Object.keys(whole ? { ...expected, ...actual } : actual);
  let most: Deviation = { tensor: 'nothing', worst: names.length === 0 ? Number.POSITIVE_INFINITY : 0 };
  for (const name of names) {
    const worst = distance(actual[name], expected[name]);
    if (!(worst <= most.worst)) most = { tensor: name, worst };
  }
  return most;
}

function distance(a: Float64Array | undefined, b: Float64Array | undefined): number {
  if (!a || !b || a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [worst, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const apart = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
    if (!(apart < Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, apart);
    largest = Math.max(largest, Math.abs(b[i] ?? 0));
  }
  return worst === 0 ? 0 : worst / largest;
}
