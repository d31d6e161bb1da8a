/** Gradients and Jacobians in an equation: the true ones. */
import type { Dual } from '../check/dual.ts';
import type { Evaluator } from './evaluator.ts';
import type { Expression } from './expression.ts';
import type { Block } from './matrices.ts';
import { aliased, momentOf } from './moments.ts';
import type { Extent, Moment, Scope, Setting } from './scope.ts';
import { listedGradient } from './shares.ts';

/** ∂L/∂v, or what arrives at v. */
export function gradientOf<N>(
  world: Evaluator<N>,
  of: Expression & { kind: 'gradient' | 'given' },
  scope: Scope,
): Block<Dual<N>> {
  const { setting } = world;
  const moment = aliased(momentOf(of.kind === 'gradient' ? of.by : of.of, scope, setting), setting);
  const list = listedGradient(world, moment, of, scope);
  if (list) return list;
  const extent = of.kind === 'gradient' ? scope.extents.gradient : givenOf(moment, scope, setting);
  const { key, time } = moment;
  return unmoved(world, world.trueAt(of.at).gradient(key, time, extent, scope.through ?? []));
}

/** ∂a/∂b. */
export function jacobianOf<N>(
  world: Evaluator<N>,
  of: Expression & { kind: 'jacobian' },
  scope: Scope,
): Block<Dual<N>> {
  const { setting } = world;
  const [above, below] = [momentOf(of.of, scope, setting), momentOf(of.by, scope, setting)];
  const extent = of.immediate ? scope.extents.immediate : scope.extents.jacobian;
  return unmoved(world, world.trueAt(of.at).jacobian(above, below, extent, of.vec));
}

/** Values that are held constant. */
export function unmoved<N>({ setting }: Evaluator<N>, block: Block<N>): Block<Dual<N>> {
  const zero = setting.ground.numbers.constant(0);
  return { ...block, data: block.data.map(value => ({ value, tangent: zero })) };
}

/** How much `d` before a name means: all of it where the name is handed to no later step, nor to the loss. */
function givenOf({ key }: Moment, { extents }: Scope, { system }: Setting<unknown>): Extent {
  return extents.given === 'given' && !system.handed.has(key) ? 'total' : extents.given;
}
