/** Powers of numbers, of matrices and of what was said by its square. */
import type { Dual } from '../check/dual.ts';
import { keyIn } from './definitions.ts';
import type { Evaluator } from './evaluator.ts';
import type { Expression } from './expression.ts';
import { inverse } from './linear.ts';
import { type Block, Misfit } from './matrices.ts';
import type { Scope } from './scope.ts';
import { exponentOf } from './steps.ts';

/** A power whose exponent is a whole number, or any other. */
export function powerOf<N>(world: Evaluator<N>, of: Expression & { kind: 'power' }, scope: Scope): Block<Dual<N>> {
  const { algebra, numbers } = world;
  const root = rooted(world, of, scope);
  if (root) return root;
  const { of: base, exponent } = of;
  const isSquare = exponent.kind === 'number' && exponent.value === 2;
  const [inside] = isSquare && base.kind === 'call' && base.name === 'norm' ? base.args : [];
  if (inside) {
    const block = world.evaluate(inside, scope); // of a square, a field knows more than of a root
    return algebra.fold(numbers.add, algebra.elementwise('⊙', block, block));
  }
  const whole = exponentOf(exponent, scope, world.setting);
  const value = world.evaluate(base, scope);
  return whole === undefined ? raised(world, value, world.evaluate(exponent, scope)) : wholePower(world, value, whole);
}

/** What σ² is where σ was said by its square: of that a field knows more than of a root. */
function rooted<N>(
  world: Evaluator<N>,
  { of, exponent }: Expression & { kind: 'power' },
  scope: Scope,
): Block<Dual<N>> | undefined {
  if (of.kind !== 'name' || exponent.kind !== 'number' || exponent.value !== 2) return undefined;
  const { definitions, vocabulary } = world.setting.system;
  const [definition] = definitions.get(keyIn(of.name, vocabulary)) ?? [];
  const [square] =
    definition?.implied && definition.of.kind === 'call' && definition.of.name === 'sqrt' ? definition.of.args : [];
  return square && definition?.offset === undefined ? world.evaluate(square, scope) : undefined;
}

function wholePower<N>(world: Evaluator<N>, a: Block<Dual<N>>, exponent: number): Block<Dual<N>> {
  const { algebra } = world;
  const isMatrix = a.rows > 1 && a.rows === a.columns; // of any other, each element's power is meant
  if (exponent < 0) {
    if (isMatrix) return wholePower(world, inverse(algebra, a), -exponent);
    return algebra.elementwise('⊘', algebra.number(1), wholePower(world, a, -exponent));
  }
  if (exponent === 0) return isMatrix ? algebra.fitting('I') : algebra.each(() => world.numbers.constant(1), a);
  let product = a;
  for (let n = 1; n < exponent; n++)
    product = isMatrix ? algebra.times(product, a) : algebra.elementwise('⊙', product, a);
  return product;
}

/** A power whose exponent is any number. */
function raised<N>(world: Evaluator<N>, base: Block<Dual<N>>, exponent: Block<Dual<N>>): Block<Dual<N>> {
  if (base.columns > 1) throw new Misfit('a matrix to a power that is no whole number');
  const n = world.numbers;
  return world.algebra.both('to the power', (a, b) => n.exp(n.mul(b, n.log(a))), base, exponent);
}
