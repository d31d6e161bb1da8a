/** What the oracles of cells share: sums and functions of plain numbers. */

/** The sum of some numbers, each times its weight. */
export function weighted(weights: readonly number[] = [], values: readonly number[] = []): number {
  return values.reduce((sum, value, k) => sum + (weights[k] ?? Number.NaN) * value, 0);
}

/** 1/(1 + e^−a). */
export const logistic = (a: number): number => 1 / (1 + Math.exp(-a));

type Rows = readonly (readonly number[])[];

/** The pre-activation of unit j of gate k: row j of W_k by h, row j of U_k by x, and number j of b_k. */
export function preActivationOf(
  p: Readonly<Record<string, Rows>>,
  k: string,
  j: number,
  { h, x }: { readonly h?: readonly number[]; readonly x: readonly number[] },
): number {
  const recurrent = h ? weighted(p[`W_${k}`]?.[j], h) : 0;
  return recurrent + weighted(p[`U_${k}`]?.[j], x) + number(p[`b_${k}`]?.[0], j);
}

/** Number j, or NaN where there is none. */
export function number(values: readonly number[] | undefined, j: number): number {
  return values?.[j] ?? Number.NaN;
}
