/** What gated cells share in declaring their parameters: every gate k has W_k, U_k and b_k. */
import type { Shape, Shapes } from '../shape.ts';
import type { CellSize, Tag } from './cell.ts';

/** The names of the parameters of the gates K. */
export type GateName<K extends string> = `W_${K}` | `U_${K}` | `b_${K}`;

/** The shapes of all gates' parameters: all W, then all U, then all b, so that each kind is one stacked matrix in memory. */
export function gateShapes<K extends string>(gates: readonly K[], { d, m }: CellSize): Shapes<GateName<K>> {
  return forGates<K, Shape>(gates, { W: [m, m], U: [m, d], b: [1, m] });
}

/** The same tag for every gate's W, U and b. */
export function gateEquations<K extends string>(
  gates: readonly K[],
  tags: Readonly<Record<'W' | 'U' | 'b', Tag>>,
): Readonly<Record<GateName<K>, Tag>> {
  return forGates<K, Tag>(gates, tags);
}

function forGates<K extends string, V>(
  gates: readonly K[],
  values: Readonly<Record<'W' | 'U' | 'b', V>>,
): Readonly<Record<GateName<K>, V>> {
  const entries = (['W', 'U', 'b'] as const).flatMap(kind => gates.map(k => [`${kind}_${k}`, values[kind]] as const));
  return Object.fromEntries(entries) as Record<GateName<K>, V>;
}
