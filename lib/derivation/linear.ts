/** What is found of a matrix as a whole: inverse, determinant, trace, spectral radius and norm. */
import { type Algebra, type Block, Misfit, shapeText } from './matrices.ts';

/** Functions of one square matrix, by the names that a derivation has for them; the norm is of any. */
export const OF_MATRICES: Readonly<Record<string, <N>(algebra: Algebra<N>, a: Block<N>) => Block<N>>> = {
  tr: trace,
  det: determinant,
  ρ: radius,
  spectral: (algebra, a) => algebra.each(algebra.n.sqrt, radius(algebra, algebra.times(algebra.transpose(a), a))),
};

/** By Gauss's elimination, of [a, I]. */
export function inverse<N>(algebra: Algebra<N>, a: Block<N>): Block<N> {
  const m = squareOf(a);
  const rows = eliminated(algebra, algebra.stack([a, algebra.sized(algebra.fitting('I'), m, m)])).rows;
  return { rows: m, columns: m, data: rows.flatMap(row => row.slice(m)) };
}

function determinant<N>(algebra: Algebra<N>, a: Block<N>): Block<N> {
  squareOf(a);
  return { rows: 1, columns: 1, data: [eliminated(algebra, a).determinant] };
}

function trace<N>(algebra: Algebra<N>, a: Block<N>): Block<N> {
  const m = squareOf(a);
  return algebra.fold(algebra.n.add, { ...a, data: a.data.filter((_, n) => n % (m + 1) === 0) });
}

/** The rows with I where the square part was, and that part's determinant. No pivots are sought: numbers that are drawn have none that is zero. */
function eliminated<N>({ n }: Algebra<N>, a: Block<N>): { readonly rows: readonly N[][]; readonly determinant: N } {
  const rows = Array.from({ length: a.rows }, (_, i) => a.data.slice(i * a.columns, (i + 1) * a.columns));
  let determinant = n.constant(1);
  for (const [k, row] of rows.entries()) {
    const pivot = row[k] ?? n.constant(Number.NaN);
    determinant = n.mul(determinant, pivot);
    rows[k] = row.map(x => n.div(x, pivot));
    for (const [i, other] of rows.entries()) {
      const factor = other[k];
      if (i === k || factor === undefined) continue;
      rows[i] = other.map((x, j) => n.sub(x, n.mul(factor, rows[k]?.[j] ?? n.constant(Number.NaN))));
    }
  }
  return { rows, determinant };
}

/** How often it is squared: what is left out is 2⁻⁴⁰ of its logarithm. */
const SQUARINGS = 40;

/** The largest modulus of an eigenvalue, by Gelfand: ρ(A) = lim ‖Aⁿ‖^(1/n), with n doubled each time and A scaled to ‖A‖ = 1. */
function radius<N>(algebra: Algebra<N>, a: Block<N>): Block<N> {
  squareOf(a);
  const { n } = algebra;
  let power = a;
  let logarithm = n.constant(0);
  for (let k = 0; k < SQUARINGS; k++) {
    const norm = algebra.each(n.sqrt, algebra.fold(n.add, algebra.both('⊙', n.mul, power, power)));
    logarithm = n.add(logarithm, n.mul(n.constant(2 ** -k), n.log(norm.data[0] ?? n.constant(Number.NaN))));
    const scaled = algebra.both('⊘', n.div, power, norm);
    power = algebra.times(scaled, scaled);
  }
  return { rows: 1, columns: 1, data: [n.exp(logarithm)] };
}

function squareOf<N>(a: Block<N>): number {
  if (a.fits || a.rows !== a.columns) throw new Misfit(`${shapeText(a)} where a square matrix is wanted`);
  return a.rows;
}
