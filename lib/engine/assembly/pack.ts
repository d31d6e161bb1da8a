import { lanes } from './simd';
import { WIDTH, panelColumns, writeVectors } from './panel';

/**
 * A panel of K rows of 64 bytes, one after the other: `columns` columns of the matrix at `from`, or where it lies
 * transposed as many of its rows, and zeros in what columns are left. `row` is the bytes from a row of the matrix to
 * the next.
 */
export function packPanel<T>(transposed: bool, K: usize, columns: usize, from: usize, row: usize, to: usize): void {
  if (columns < panelColumns<T>()) memory.fill(to, 0, K * WIDTH);
  if (transposed) transpose<T>(columns, K, from, row, to, WIDTH);
  else packRows<T>(K, columns, from, row, to);
}

/** A panel from K rows of `columns` numbers: copies. */
function packRows<T>(K: usize, columns: usize, from: usize, row: usize, to: usize): void {
  const bytes = columns * sizeof<T>();
  for (; K > 0; K--) {
    if (bytes == WIDTH) {
      writeVectors<f64>(to, false, v128.load(from), v128.load(from, 16), v128.load(from, 32), v128.load(from, 48));
    } else {
      let at: usize = 0;
      for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
      for (; at < bytes; at += sizeof<T>()) store<T>(to + at, load<T>(from + at));
    }
    from += row, to += WIDTH;
  }
}

/**
 * The transpose, columns×rows, of the rows×columns matrix at `from`: as many rows at a time as a vector has lanes, the
 * last few one by one. `row` and `toRow` are the bytes from a row to the next.
 */
export function transpose<T>(rows: usize, columns: usize, from: usize, row: usize, to: usize, toRow: usize): void {
  const vector: usize = lanes<T>();
  for (; rows >= vector; rows -= vector) {
    if (sizeof<T>() == 8) transposeTwo(columns, from, row, to, toRow);
    else transposeFour(columns, from, row, to, toRow);
    from += vector * row, to += 16;
  }
  for (; rows > 0; rows--) {
    for (let k: usize = 0; k < columns; k++) store<T>(to + k * toRow, load<T>(from + k * sizeof<T>()));
    from += row, to += sizeof<T>();
  }
}

/** Two rows of f64 into one vector of every row of the transpose: 2×2 in registers, two of them a turn. */
function transposeTwo(columns: usize, p: usize, row: usize, to: usize, toRow: usize): void {
  let q = p + row;
  for (; columns >= 4; columns -= 4) {
    let a = v128.load(p), b = v128.load(q);
    v128.store(to, v128.shuffle<f64>(a, b, 0, 2));
    v128.store(to + toRow, v128.shuffle<f64>(a, b, 1, 3));
    a = v128.load(p, 16), b = v128.load(q, 16);
    v128.store(to + 2 * toRow, v128.shuffle<f64>(a, b, 0, 2));
    v128.store(to + 3 * toRow, v128.shuffle<f64>(a, b, 1, 3));
    p += 32, q += 32, to += 4 * toRow;
  }
  for (; columns > 0; columns--) {
    store<f64>(to, load<f64>(p));
    store<f64>(to, load<f64>(q), 8);
    p += 8, q += 8, to += toRow;
  }
}

/** Four rows of f32 into one vector of every row of the transpose: 4×4 in registers. */
function transposeFour(columns: usize, p: usize, row: usize, to: usize, toRow: usize): void {
  let q = p + row, r = q + row, s = r + row;
  for (; columns >= 4; columns -= 4) {
    const a = v128.load(p), b = v128.load(q), c = v128.load(r), d = v128.load(s);
    const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd01 = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cd23 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(ab01, cd01, 0, 2));
    v128.store(to + toRow, v128.shuffle<f64>(ab01, cd01, 1, 3));
    v128.store(to + 2 * toRow, v128.shuffle<f64>(ab23, cd23, 0, 2));
    v128.store(to + 3 * toRow, v128.shuffle<f64>(ab23, cd23, 1, 3));
    p += 16, q += 16, r += 16, s += 16, to += 4 * toRow;
  }
  for (; columns > 0; columns--) {
    store<f32>(to, load<f32>(p));
    store<f32>(to, load<f32>(q), 4);
    store<f32>(to, load<f32>(r), 8);
    store<f32>(to, load<f32>(s), 12);
    p += 4, q += 4, r += 4, s += 4, to += toRow;
  }
}
