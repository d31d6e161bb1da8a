/**
 * Vectors of a kernel as numbers: what evaluates an equation over them writes the instructions that will. So the formulas
 * of the table of operations are what kernels are made of.
 */
import type { FunctionBody } from './assembler.ts';
import type { ConstantAt } from './constants.ts';
import { elementary } from './elementary.ts';
import type { Precision } from './precision.ts';
import type { Vector, VectorNumbers } from './vector.ts';

/**
 * Numbers of a function's body: so many vectors side by side. Constants are read from memory, where that is given: one
 * instruction of the machine, where one in the code takes three, and seven where vectors are 256 bits wide.
 */
export function vectorNumbers(
  body: FunctionBody,
  precision: Precision,
  fma: boolean,
  beside: number,
  constantAt?: ConstantAt,
): VectorNumbers {
  const code = CODES[precision];
  const double = precision === 'f64';
  const each = (write: (n: number) => void): Vector =>
    Array.from({ length: beside }, (_, n) => {
      write(n);
      const local = body.vector();
      body.set(local);
      return local;
    });
  const push = (n: number, ...vectors: readonly Vector[]) => {
    for (const v of vectors) body.get(v[n] ?? 0);
    return body;
  };
  const unary = (instruction: number) => (a: Vector) => each(n => push(n, a).simd(instruction));
  const binary = (instruction: number) => (a: Vector, b: Vector) => each(n => push(n, a, b).simd(instruction));
  const lane = (bits: bigint) => {
    const [size, count] = double ? [8, 2] : [4, 4];
    const one = Array.from({ length: size }, (_, n) => Number((bits >> BigInt(8 * n)) & 0xffn));
    return Array.from({ length: count }, () => one).flat();
  };
  const fixed = (bits: bigint): Vector => {
    const local = body.vector();
    if (constantAt && bits !== 0n) body.const(0).memory(SPLAT[precision], constantAt(bits)).set(local);
    else body.simd(V128_CONST, ...lane(bits)).set(local);
    return Array(beside).fill(local);
  };
  const shift = (instruction: number) => (a: Vector, by: number) => each(n => push(n, a).const(by).simd(instruction));
  const [add, sub, mul] = [binary(code.add), binary(code.sub), binary(code.mul)];
  const fused = (instruction: number) => (a: Vector, b: Vector, c: Vector) =>
    each(n => push(n, a, b, c).simd(instruction));
  const above = binary(code.above);
  const and = binary(AND);
  const numbers = {
    precision,
    constant: (x: number) => fixed(bitsOf(x, precision)),
    add,
    sub,
    mul,
    div: binary(code.div),
    max: binary(code.max),
    min: binary(code.min),
    abs: unary(code.abs),
    sqrt: unary(code.sqrt),
    above: (a: Vector, b: Vector) => and(above(a, b), fixed(bitsOf(1, precision))),
    mulAdd: fma ? fused(code.fusedAdd) : (a: Vector, b: Vector, c: Vector) => add(mul(a, b), c),
    mulSub: fma ? fused(code.fusedSub) : (a: Vector, b: Vector, c: Vector) => sub(c, mul(a, b)),
    pmin: binary(code.pmin),
    pmax: binary(code.pmax),
    below: (a: Vector, b: Vector) => above(b, a),
    equal: binary(code.equal),
    choose: (mask: Vector, a: Vector, b: Vector) => each(n => push(n, a, b, mask).simd(BITSELECT)),
    and,
    andNot: binary(AND_NOT),
    or: binary(OR),
    shiftLeft: shift(code.shiftLeft),
    shiftRight: shift(code.shiftRight),
    addIntegers: binary(code.addIntegers),
    subIntegers: binary(code.subIntegers),
    halve: (a: Vector) => shift(SHIFT_32)(a, 1),
  };
  return { ...numbers, ...elementary(numbers) };
}

/** A number's bits in a precision. */
export function bitsOf(x: number, precision: Precision): bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (precision === 'f64') view.setFloat64(0, x);
  else view.setFloat32(4, x);
  return view.getBigUint64(0);
}

/** Instructions on vectors: loads and stores, and those that are the same for all lanes. */
export const LOAD = 0x00;
export const STORE = 0x0b;
/** One number in every lane. */
export const SPLAT = { f32: 0x09, f64: 0x0a } as const;
const [V128_CONST, AND, AND_NOT, OR, BITSELECT, SHIFT_32] = [0x0c, 0x4e, 0x4f, 0x50, 0x52, 0xac] as const;

const CODES = {
  f32: {
    ...{ equal: 0x41, above: 0x44, abs: 0xe0, sqrt: 0xe3, add: 0xe4, sub: 0xe5, mul: 0xe6, div: 0xe7 },
    ...{ min: 0xe8, max: 0xe9, pmin: 0xea, pmax: 0xeb, fusedAdd: 0x105, fusedSub: 0x106 },
    ...{ shiftLeft: 0xab, shiftRight: 0xac, addIntegers: 0xae, subIntegers: 0xb1 },
  },
  f64: {
    ...{ equal: 0x47, above: 0x4a, abs: 0xec, sqrt: 0xef, add: 0xf0, sub: 0xf1, mul: 0xf2, div: 0xf3 },
    ...{ min: 0xf4, max: 0xf5, pmin: 0xf6, pmax: 0xf7, fusedAdd: 0x107, fusedSub: 0x108 },
    ...{ shiftLeft: 0xcb, shiftRight: 0xcc, addIntegers: 0xce, subIntegers: 0xd1 },
  },
} as const;
