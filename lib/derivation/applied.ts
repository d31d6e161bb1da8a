/** Functions that equations define, and those that none does. */
import type { Dual } from '../check/dual.ts';
import { type FunctionDefinition, functionKey, isOfMany } from './definitions.ts';
import type { Evaluator } from './evaluator.ts';
import type { Expression } from './expression.ts';
import { called } from './functions.ts';
import { Unread } from './latex.ts';
import type { Block } from './matrices.ts';
import { substituted } from './names.ts';
import { unnamed } from './numbers.ts';
import type { Scope } from './scope.ts';

/** A function of its arguments: as an equation defines it or one that it is the slope of, or as it is known. */
export function callOf<N>(world: Evaluator<N>, of: Expression & { kind: 'call' }, scope: Scope): Block<Dual<N>> {
  const { functions } = world.setting.system;
  const part = (inner: Expression) => world.evaluate(inner, scope);
  const defined = functions.get(functionKey(of));
  if (defined) return part(applied(defined, of.args));
  if (isOfMany(of)) return unknownOf(world, of, of.args.map(part));
  const slope = slopeOf(of, functions);
  return slope ? part(slope) : called(world.algebra, of, of.args.map(part));
}

/** A function of several columns that no equation defines, as large as the first: any function of random combinations of them. */
function unknownOf<N>(
  world: Evaluator<N>,
  { name, at }: Expression & { kind: 'call' },
  args: readonly Block<Dual<N>>[],
): Block<Dual<N>> {
  const { algebra } = world;
  const rows = args[0]?.rows ?? 1;
  const sum = args
    .map((arg, n) => {
      if (arg.fits || arg.columns !== 1) throw new Unread(`${name} of what is no column`, at);
      const size = rows * arg.rows;
      const data = Array.from({ length: size }, (_, e) => world.leaf(`${name} of ${args.length} ${n} ${e}`));
      return algebra.times({ rows, columns: arg.rows, data }, arg);
    })
    .reduce((a, b) => algebra.add(a, b));
  const f = unnamed(name, 0, at);
  return algebra.each(x => world.numbers.apply(f, x), sum);
}

/** The slope of a function that an equation says is another: of g where g(a) = tanh a, tanh′. */
function slopeOf(
  of: Expression & { kind: 'call' },
  functions: ReadonlyMap<string, FunctionDefinition>,
): Expression | undefined {
  const body = of.order > 0 ? functions.get(functionKey({ ...of, order: 0 }))?.of : undefined;
  if (body?.kind !== 'call' || body.order > 0 || body.args.length > 1 || body.args[0]?.kind !== 'name')
    return undefined;
  return { ...body, order: of.order, args: of.args };
}

/** A function's body, of its arguments. */
function applied({ arguments: names, of }: FunctionDefinition, to: readonly Expression[]): Expression {
  return substituted(
    of,
    ({ letter, bold, sup, sub }) =>
      to[names.findIndex(name => name.letter === letter && name.bold === bold && sup.length + sub.length === 0)],
  );
}
