/**
 * As much of an assembler for WebAssembly as kernels need: functions of 32-bit integers over an imported memory, loops,
 * and vectors of 128 bits.
 *
 * Our own, since it is a hundred lines, where the packages that do this (wasmati is the best) bring all of the language, a
 * type system of their own for it, and are as large as what they would write.
 */

/** The bytes of a function under way: instructions in the order in which they are called. */
export class FunctionBody {
  readonly #code: number[] = [];
  readonly #parameters: number;
  #integers = 0;
  #vectors = 0;
  /** Local variables are numbered integers first; those of vectors are known by the place of their number until the end. */
  readonly #ofVectors: number[] = [];

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** A new local variable for an integer. */
  integer(): number {
    return this.#parameters + this.#integers++;
  }

  /** A new local variable for a vector. */
  vector(): number {
    return this.#vectors++;
  }

  op(...bytes: readonly number[]): this {
    this.#code.push(...bytes);
    return this;
  }

  get(local: number): this {
    return this.op(0x20, ...unsigned(local));
  }

  set(local: number): this {
    return this.op(0x21, ...unsigned(local));
  }

  getVector(local: number): this {
    return this.#vectorLocal(0x20, local);
  }

  setVector(local: number): this {
    return this.#vectorLocal(0x21, local);
  }

  const(n: number): this {
    return this.op(0x41, ...signed(n));
  }

  /** local += n. */
  advance(local: number, n: number): this {
    return this.get(local).const(n).op(ADD).set(local);
  }

  /** The integer at an address on the stack plus `offset` bytes. */
  load(offset: number): this {
    return this.op(0x28, 2, ...unsigned(offset));
  }

  /** A vector instruction. */
  simd(code: number, ...immediate: readonly number[]): this {
    return this.op(0xfd, ...unsigned(code), ...immediate);
  }

  /** A vector instruction on memory, at an address on the stack plus `offset` bytes. */
  memory(code: number, offset: number, alignment: number = 4): this {
    return this.simd(code, alignment, ...unsigned(offset));
  }

  /** Repeats `body` while `local` is below what `limit` pushes; it is looked at before. */
  whileBelow(local: number, limit: () => void, body: () => void): this {
    this.op(0x02, 0x40, 0x03, 0x40).get(local);
    limit();
    this.op(0x4f, 0x0d, 1);
    body();
    return this.op(0x0c, 0, 0x0b, 0x0b);
  }

  /** The body as a module has it. */
  encoded(): number[] {
    const code = [...this.#code];
    const first = this.#parameters + this.#integers;
    for (const at of this.#ofVectors) {
      const local = first + fixedOf(code, at);
      for (let n = 0; n < FIXED; n++) code[at + n] = ((local >> (7 * n)) & 0x7f) | (n < FIXED - 1 ? 0x80 : 0);
    }
    const locals = [2, ...unsigned(this.#integers), I32, ...unsigned(this.#vectors), V128];
    return sized([...locals, ...code, 0x0b]);
  }

  #vectorLocal(code: number, local: number): this {
    this.#code.push(code);
    this.#ofVectors.push(this.#code.length);
    for (let n = 0; n < FIXED; n++) this.#code.push((local >> (7 * n)) & 0x7f);
    return this;
  }
}

/** Bytes that the number of a vector takes, so that it can be written when all integers are known. */
const FIXED = 3;

function fixedOf(code: readonly number[], at: number): number {
  let local = 0;
  for (let n = 0; n < FIXED; n++) local |= (code[at + n] ?? 0) << (7 * n);
  return local;
}

/** A function to be exported: its name, and how many 32-bit integers it takes; it returns none. */
export interface AssembledFunction {
  readonly name: string;
  readonly parameters: number;
  readonly body: FunctionBody;
}

/** A module with these functions, which imports its memory as `env.memory`. */
export function assemble(functions: readonly AssembledFunction[]): Uint8Array {
  const types = functions.map(({ parameters }) => [0x60, ...unsigned(parameters), ...Array(parameters).fill(I32), 0]);
  const exported = functions.map(({ name }, n) => [...text(name), 0x00, ...unsigned(n)]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [[...text('env'), ...text('memory'), 0x02, 0x00, ...unsigned(1)]]),
    ...section(
      3,
      functions.map((_, n) => unsigned(n)),
    ),
    ...section(7, exported),
    ...section(
      10,
      functions.map(({ body }) => body.encoded()),
    ),
  ]);
}

/** The sum of two integers, and their product. */
export const ADD = 0x6a;
export const MUL = 0x6c;

const [I32, V128] = [0x7f, 0x7b];

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  return [id, ...sized([...unsigned(entries.length), ...entries.flat()])];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(name: string): number[] {
  return sized(Array.from(name, character => character.charCodeAt(0)));
}

/** LEB128. */
function unsigned(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function signed(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n; ; rest >>= 7) {
    if (rest >= -0x40 && rest < 0x40) return [...bytes, rest & 0x7f];
    bytes.push((rest & 0x7f) | 0x80);
  }
}
