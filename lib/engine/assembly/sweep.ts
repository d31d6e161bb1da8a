import { fourRows, wide } from './four-rows';
import { WIDTH, panelColumns, writeVectors } from './panel';
import { lanes, mulAdd } from './simd';

/**
 * C (+)= A·B, all rows of A with one panel of B: the innermost loops of every product.
 *
 * | argument       | meaning |
 * |----------------|---------|
 * | M, K           | rows of A and C; columns of A, which are rows of B |
 * | a, aRow, aStep | A; bytes from a row to the next, and from a column to the next |
 * | b, bStep       | the panel; bytes from a row to the next |
 * | c, cRow        | C; bytes from a row to the next |
 * | columns        | the columns of C: as many as the panel has, or fewer |
 * | add            | add to C, or assign |
 *
 * Every element is summed over k in order, beginning at zero, whatever M is.
 */
export function sweep<T>(
  M: usize, K: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize,
  c: usize, cRow: usize, columns: usize, add: bool,
): void {
  if (wide && bStep == WIDTH && columns == panelColumns<T>()) {
    if (aStep == WIDTH) {
      for (; M >= 4; M -= 4, a += 4 * aRow, c += 4 * cRow) fourRows<T>(true, K, a, sizeof<T>(), b, c, cRow, add);
    } else {
      for (; M >= 4; M -= 4, a += 4 * aRow, c += 4 * cRow) fourRows<T>(false, K, a, aRow, b, c, cRow, add);
    }
  }
  for (; M >= 2; M -= 2) {
    twoRows<T>(K, a, a + aRow, aStep, b, bStep, c, c + cRow, columns, add);
    a += 2 * aRow;
    c += 2 * cRow;
  }
  if (M == 1) oneRow<T>(K, a, aStep, b, bStep, c, columns, add);
}

/**
 * Rows c and d of C from rows p and q of A: 8 sums that stay in registers. A step reads 64 bytes of B and a number of
 * each row of A, 6 loads for 8 multiply-adds: 32 flops of f64 or 64 of f32. With 4 registers for B, one for A and one
 * for a product it has 14 of the 15 that V8 gives.
 *
 * The loop does two steps a turn, which halves its own cost. The branch between them is needed: where code has none, V8
 * does all loads first, and those of two steps do not fit into the registers.
 */
@inline
function twoRows<T>(
  K: usize, p: usize, q: usize, aStep: usize, b: usize, bStep: usize, c: usize, d: usize, columns: usize, add: bool,
): void {
  const zero = v128.splat<T>(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  let t0 = zero, t1 = zero, t2 = zero, t3 = zero;
  for (let k = K; k > 0; k -= 2) {
    let b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load_splat<T>(p);
    s0 = mulAdd<T>(x, b0, s0), s1 = mulAdd<T>(x, b1, s1), s2 = mulAdd<T>(x, b2, s2), s3 = mulAdd<T>(x, b3, s3);
    x = v128.load_splat<T>(q);
    t0 = mulAdd<T>(x, b0, t0), t1 = mulAdd<T>(x, b1, t1), t2 = mulAdd<T>(x, b2, t2), t3 = mulAdd<T>(x, b3, t3);
    p += aStep, q += aStep, b += bStep;
    if (k == 1) break;
    b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    x = v128.load_splat<T>(p);
    s0 = mulAdd<T>(x, b0, s0), s1 = mulAdd<T>(x, b1, s1), s2 = mulAdd<T>(x, b2, s2), s3 = mulAdd<T>(x, b3, s3);
    x = v128.load_splat<T>(q);
    t0 = mulAdd<T>(x, b0, t0), t1 = mulAdd<T>(x, b1, t1), t2 = mulAdd<T>(x, b2, t2), t3 = mulAdd<T>(x, b3, t3);
    p += aStep, q += aStep, b += bStep;
  }
  writeRow<T>(c, columns, add, s0, s1, s2, s3);
  writeRow<T>(d, columns, add, t0, t1, t2, t3);
}

/** Row c of C from row p of A: 4 sums in registers. A step reads 64 bytes of B, for 16 flops of f64 or 32 of f32. */
@inline
function oneRow<T>(
  K: usize, p: usize, aStep: usize, b: usize, bStep: usize, c: usize, columns: usize, add: bool,
): void {
  const zero = v128.splat<T>(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  for (let k = K; k > 0; k--) {
    const x = v128.load_splat<T>(p);
    s0 = mulAdd<T>(x, v128.load(b), s0);
    s1 = mulAdd<T>(x, v128.load(b, 16), s1);
    s2 = mulAdd<T>(x, v128.load(b, 32), s2);
    s3 = mulAdd<T>(x, v128.load(b, 48), s3);
    p += aStep, b += bStep;
  }
  writeRow<T>(c, columns, add, s0, s1, s2, s3);
}

/**
 * A row of C from the row p of A and two panels of B side by side: 8 sums, so that none waits for its last addition.
 * What a matrix–vector product is made of; the sums are those of two turns of `oneRow`.
 *
 * The branch in the middle is never taken: no panel lies at address 0. It is there for V8, as that in `twoRows`.
 */
export function rowOfTwo<T>(K: usize, p: usize, aStep: usize, b: usize, d: usize, bStep: usize, c: usize, add: bool): void {
  const zero = v128.splat<T>(0), full = panelColumns<T>();
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  let t0 = zero, t1 = zero, t2 = zero, t3 = zero;
  for (let k = K; k > 0; k--) {
    const x = v128.load_splat<T>(p);
    s0 = mulAdd<T>(x, v128.load(b), s0);
    s1 = mulAdd<T>(x, v128.load(b, 16), s1);
    s2 = mulAdd<T>(x, v128.load(b, 32), s2);
    s3 = mulAdd<T>(x, v128.load(b, 48), s3);
    if (d == 0) break;
    t0 = mulAdd<T>(x, v128.load(d), t0);
    t1 = mulAdd<T>(x, v128.load(d, 16), t1);
    t2 = mulAdd<T>(x, v128.load(d, 32), t2);
    t3 = mulAdd<T>(x, v128.load(d, 48), t3);
    p += aStep, b += bStep, d += bStep;
  }
  writeRow<T>(c, full, add, s0, s1, s2, s3);
  writeRow<T>(c + WIDTH, full, add, t0, t1, t2, t3);
}

/** c (+)= the first `columns` numbers of four vectors. */
@inline
function writeRow<T>(c: usize, columns: usize, add: bool, s0: v128, s1: v128, s2: v128, s3: v128): void {
  if (columns < panelColumns<T>()) writeEdge<T>(c, columns, add, s0, s1, s2, s3);
  else writeVectors<T>(c, add, s0, s1, s2, s3);
}

/** The same where the panel reaches beyond C's last column: whole vectors, then number by number. */
function writeEdge<T>(c: usize, columns: usize, add: bool, s0: v128, s1: v128, s2: v128, s3: v128): void {
  const vector: usize = lanes<T>();
  for (; columns >= vector; columns -= vector) {
    v128.store(c, add ? v128.add<T>(v128.load(c), s0) : s0);
    s0 = s1, s1 = s2, s2 = s3;
    c += 16;
  }
  for (; columns > 0; columns--) {
    const sum = v128.extract_lane<T>(s0, 0);
    store<T>(c, add ? load<T>(c) + sum : sum);
    s0 = v128.shuffle<f32>(s0, s0, 1, 2, 3, 0);
    c += sizeof<T>();
  }
}
