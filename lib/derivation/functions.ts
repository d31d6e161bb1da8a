/** The functions of a derivation. */
import type { Elementwise } from '../equations/operation.ts';
import type { Expression } from './expression.ts';
import { Unread } from './latex.ts';
import { OF_MATRICES } from './linear.ts';
import { type Algebra, type Block, Misfit } from './matrices.ts';
import { rounded, unnamed } from './numbers.ts';

type Call = Expression & { readonly kind: 'call' };

const WHOLE: Readonly<Record<string, Elementwise>> = {
  floor: rounded('floor', Math.floor),
  ceil: rounded('ceil', Math.ceil),
};

/** A function, or a derivative of one, of its arguments' values. */
export function called<N>(algebra: Algebra<N>, call: Call, args: readonly Block<N>[]): Block<N> {
  const { name, order, at } = call;
  const [a, b, ...others] = args;
  if (!a) throw new Unread(`${name} of nothing`, at);
  const { n } = algebra;
  const one = n.constant(1);
  const zero = n.constant(0);
  if (name === 'max' || name === 'min') {
    if (order > 0) throw new Unread(`a derivative of ${name}`, at);
    const f = name === 'max' ? n.max : n.min;
    return b ? [b, ...others].reduce((found, next) => algebra.both(name, f, found, next), a) : algebra.fold(f, a);
  }
  if (name === 'diag' && !b) return algebra.diag(a);
  if (name === 'concat') return algebra.stack(args);
  if (name === 'dim' && !b) return algebra.number(a.data.length);
  if (name === 'norm1' && !b) return algebra.fold(n.add, algebra.each(n.abs, a));
  if (name === 'norm' && !b) {
    if (a.fits) throw new Misfit(`the length of ${a.fits}`);
    return algebra.each(n.sqrt, algebra.fold(n.add, algebra.elementwise('⊙', a, a)));
  }
  if (name === 'inner' && b && others.length === 0) {
    const isCrossed = (a.rows === 1) !== (b.rows === 1) && a.rows === b.columns; // a row and a column of as many
    return algebra.fold(n.add, algebra.both('⟨,⟩', n.mul, a, isCrossed ? algebra.transpose(b) : b));
  }
  const ofMatrix = b || order > 0 ? undefined : OF_MATRICES[name];
  if (ofMatrix) return ofMatrix(algebra, a);
  if (name === 'kron' && b) return algebra.kronecker(a, b);
  if (name === 'vec' && !b) return { rows: a.data.length, columns: 1, data: a.data };
  if (b) throw new Unread(`${name} of ${args.length} arguments`, at);
  if (order === 0) {
    switch (name) {
      case 'exp':
        return algebra.each(n.exp, a);
      case 'log':
        return algebra.each(n.log, a);
      case 'sqrt':
        return algebra.each(n.sqrt, a);
      case 'abs':
        return algebra.each(n.abs, a);
      case 'softplus':
        return algebra.each(x => n.log(n.add(one, n.exp(x))), a);
      case 'sign':
        return algebra.each(x => n.sub(n.above(x, zero), n.above(zero, x)), a);
      case 'σ':
        return algebra.each(n.sigmoid, a);
      case 'tanh':
        return algebra.each(n.tanh, a);
      case 'relu':
        return algebra.each(x => n.max(zero, x), a);
      case 'softmax': {
        const e = algebra.each(n.exp, a);
        return algebra.elementwise('⊘', e, algebra.fold(n.add, e));
      }
      default:
    }
  }
  if (order === 1) {
    switch (name) {
      case 'exp':
        return algebra.each(n.exp, a);
      case 'log':
        return algebra.each(x => n.div(one, x), a);
      case 'relu':
        return algebra.each(x => n.above(x, zero), a);
      case 'softplus':
        return algebra.each(n.sigmoid, a);
      case 'σ':
        return algebra.each(x => {
          const s = n.sigmoid(x);
          return n.mul(s, n.sub(one, s));
        }, a);
      case 'tanh':
        return algebra.each(x => {
          const y = n.tanh(x);
          return n.sub(one, n.mul(y, y));
        }, a);
      default:
    }
  }
  const whole = order === 0 ? WHOLE[name] : undefined;
  if (whole) return algebra.each(x => n.apply(whole, x), a);
  if (!/^[gfφψDN]$/.test(name)) throw new Unread(`${name}${'′'.repeat(order)} of this`, at);
  if (a.fits) throw new Misfit(`${name} of ${a.fits}`);
  const f = unnamed(name, order, at);
  return algebra.each(x => (order === 0 ? n.apply(f, x) : f.element(n, x, x)), a);
}
