/** What an equation is evaluated over: its numbers. Every elementwise operation is a formula over these few functions. */

/**
 * Numbers of a kind N: 64-bit floats here, elements of a finite field in a proof, registers of a kernel in the engine.
 * What a formula is made of, and nothing else, so that whoever implements these can read every equation.
 */
export interface Numbers<N> {
  constant(x: number): N;
  add(a: N, b: N): N;
  sub(a: N, b: N): N;
  mul(a: N, b: N): N;
  div(a: N, b: N): N;
  /** The larger; 0 of 0 and −0. */
  max(a: N, b: N): N;
  min(a: N, b: N): N;
  abs(a: N): N;
  /** 1 where a > b, else 0. */
  above(a: N, b: N): N;
  sqrt(a: N): N;
  exp(a: N): N;
  log(a: N): N;
  /** log(1 + a), accurate where a is small. */
  log1p(a: N): N;
  /** The logistic function. */
  sigmoid(a: N): N;
  tanh(a: N): N;
}

/** The floats of JavaScript. */
export const float64: Numbers<number> = {
  constant: x => x,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  abs: Math.abs,
  above: (a, b) => (a > b ? 1 : 0),
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  sigmoid: logistic,
  tanh: Math.tanh,
};

/** σ(a) = 1/(1 + e^−a), of either sign without overflow, and to the last digits also where it is small. */
function logistic(a: number): number {
  const e = Math.exp(-Math.abs(a));
  return (a < 0 ? e : 1) / (1 + e);
}

/** A matrix of numbers of any kind, to be read. Every ml-matrix matrix is one of floats. */
export interface Grid<N> {
  readonly rows: number;
  readonly columns: number;
  get(row: number, column: number): N;
}
