/** Dual numbers: the judge of gradients that are written by hand. Nothing that trains is differentiated by them. */
import type { ProofNumbers } from './field.ts';

/** A number, and how it changes along a direction. */
export interface Dual<N> {
  readonly value: N;
  readonly tangent: N;
}

/**
 * Dual numbers over numbers of any kind. Their rules: σ′ = σ(1 − σ), tanh′ = 1 − tanh², exp′ = exp, log′ = 1/a, √′ = 1/2√,
 * the slope of max, min and abs by the indicator, whose own is 0, and that of a function with a slope of its own by that.
 */
export function dualNumbers<N>(n: ProofNumbers<N>): ProofNumbers<Dual<N>> {
  const [zero, one, half] = [n.constant(0), n.constant(1), n.constant(0.5)];
  const along = (value: N, slope: N, { tangent }: Dual<N>): Dual<N> => ({ value, tangent: n.mul(slope, tangent) });
  /** That of a where the indicator is 1, of b where it is 0. */
  const either = (value: N, isA: N, a: Dual<N>, b: Dual<N>): Dual<N> => ({
    value,
    tangent: n.add(n.mul(isA, a.tangent), n.mul(n.sub(one, isA), b.tangent)),
  });
  return {
    constant: x => ({ value: n.constant(x), tangent: zero }),
    add: (a, b) => ({ value: n.add(a.value, b.value), tangent: n.add(a.tangent, b.tangent) }),
    sub: (a, b) => ({ value: n.sub(a.value, b.value), tangent: n.sub(a.tangent, b.tangent) }),
    mul: (a, b) => ({
      value: n.mul(a.value, b.value),
      tangent: n.add(n.mul(a.tangent, b.value), n.mul(a.value, b.tangent)),
    }),
    div(a, b) {
      const value = n.div(a.value, b.value);
      return { value, tangent: n.div(n.sub(a.tangent, n.mul(value, b.tangent)), b.value) };
    },
    max: (a, b) => either(n.max(a.value, b.value), n.above(a.value, b.value), a, b),
    min: (a, b) => either(n.min(a.value, b.value), n.above(a.value, b.value), b, a),
    abs: a => along(n.abs(a.value), n.sub(n.above(a.value, zero), n.above(zero, a.value)), a),
    above: (a, b) => ({ value: n.above(a.value, b.value), tangent: zero }),
    sqrt(a) {
      const y = n.sqrt(a.value);
      return along(y, n.div(half, y), a);
    },
    exp(a) {
      const y = n.exp(a.value);
      return along(y, y, a);
    },
    log: a => along(n.log(a.value), n.div(one, a.value), a),
    log1p: a => along(n.log1p(a.value), n.div(one, n.add(one, a.value)), a),
    sigmoid(a) {
      const s = n.sigmoid(a.value);
      return along(s, n.mul(s, n.sub(one, s)), a);
    },
    tanh(a) {
      const y = n.tanh(a.value);
      return along(y, n.sub(one, n.mul(y, y)), a);
    },
    apply(operation, a) {
      const y = n.apply(operation, a.value);
      const { slope } = operation;
      return slope
        ? along(y, slope.by().element(n, slope.of === 'output' ? y : a.value, a.value), a)
        : { value: y, tangent: zero };
    },
  };
}
