/**
 * As much of an assembler for WebAssembly as kernels need: functions of 32-bit integers over an imported memory, loops,
 * and vectors of 128 bits.
 *
 * Our own, since it is a hundred lines, where the packages that do this (wasmati is the best) bring all of the language, a
 * type system of their own for it, and are as large as what they would write.
 */

/** Bytes one after the other, in memory that grows. */
class Bytes {
  #data = new Uint8Array(1024);
  #length = 0;

  byte(value: number): this {
    if (this.#length === this.#data.length) this.#grow(1);
    this.#data[this.#length++] = value;
    return this;
  }

  bytes(values: ArrayLike<number>): this {
    if (this.#length + values.length > this.#data.length) this.#grow(values.length);
    this.#data.set(values, this.#length);
    this.#length += values.length;
    return this;
  }

  /** LEB128, as all numbers in a module. */
  unsigned(n: number): this {
    let rest = n;
    for (; rest >= 0x80; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    return this.byte(rest);
  }

  signed(n: number): this {
    let rest = n;
    for (; rest < -0x40 || rest >= 0x40; rest >>= 7) this.byte((rest & 0x7f) | 0x80);
    return this.byte(rest & 0x7f);
  }

  /** Bytes behind their number. */
  sized(values: ArrayLike<number>): this {
    return this.unsigned(values.length).bytes(values);
  }

  written(): Uint8Array {
    return this.#data.subarray(0, this.#length);
  }

  #grow(by: number): void {
    const larger = new Uint8Array(2 * this.#data.length + by);
    larger.set(this.#data);
    this.#data = larger;
  }
}

/** The instructions of a function, in the order in which they are called; its first variables are its parameters. */
export class FunctionBody {
  readonly #code = new Bytes();
  readonly #parameters: number;
  readonly #integers: number;
  #vectors = 0;

  /** A function of so many integers, with so many variables for others. */
  constructor(parameters: number, integers: number) {
    this.#parameters = parameters;
    this.#integers = integers;
  }

  /** A new variable for a vector. */
  vector(): number {
    return this.#parameters + this.#integers + this.#vectors++;
  }

  /**
   * Has all that is done in `body` leave nothing in its own variables for vectors: V8 takes what a variable holds at the end
   * of a loop for needed in the next turn, and pairs no vectors of which one is needed by itself.
   */
  leavingNothing(body: () => void): this {
    const zero = this.vector();
    body();
    const end = this.vector();
    for (let variable = zero + 1; variable < end; variable++) this.get(zero).set(variable);
    return this;
  }

  get(variable: number): this {
    this.#code.byte(0x20).unsigned(variable);
    return this;
  }

  set(variable: number): this {
    this.#code.byte(0x21).unsigned(variable);
    return this;
  }

  const(n: number): this {
    this.#code.byte(0x41).signed(n);
    return this;
  }

  add(): this {
    this.#code.byte(0x6a);
    return this;
  }

  multiply(): this {
    this.#code.byte(0x6c);
    return this;
  }

  and(): this {
    this.#code.byte(0x71);
    return this;
  }

  /** variable += n. */
  advance(variable: number, n: number): this {
    return this.get(variable).const(n).add().set(variable);
  }

  /** The integer at an address on the stack plus `offset` bytes. */
  load(offset: number): this {
    this.#code.bytes([0x28, 2]).unsigned(offset);
    return this;
  }

  /** A vector instruction. */
  simd(code: number, ...immediate: readonly number[]): this {
    this.#code.byte(0xfd).unsigned(code).bytes(immediate);
    return this;
  }

  /** A vector instruction on memory, at an address on the stack plus `offset` bytes; of one lane, where that is given. */
  memory(code: number, offset: number, lane?: number): this {
    this.simd(code, 0);
    this.#code.unsigned(offset);
    if (lane !== undefined) this.#code.byte(lane);
    return this;
  }

  /** Repeats `body` while a variable is below what `limit` pushes; it is looked at before. */
  whileBelow(variable: number, limit: () => void, body: () => void): this {
    this.#code.bytes([0x02, 0x40, 0x03, 0x40]);
    this.get(variable);
    limit();
    this.#code.bytes([0x4f, 0x0d, 1]);
    body();
    this.#code.bytes([0x0c, 0, 0x0b, 0x0b]);
    return this;
  }

  /** The body as a module has it. */
  encoded(): Uint8Array {
    const body = new Bytes().byte(2).unsigned(this.#integers).byte(I32).unsigned(this.#vectors).byte(V128);
    return new Bytes().sized(body.bytes(this.#code.written()).byte(0x0b).written()).written();
  }
}

/** A function to be exported: its name, and how many 32-bit integers it takes; it returns none. */
export interface AssembledFunction {
  readonly name: string;
  readonly parameters: number;
  readonly body: FunctionBody;
}

/** A module with these functions, which imports its memory as `env.memory`. */
export function assemble(functions: readonly AssembledFunction[]): Uint8Array {
  const module = new Bytes().bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  const section = (id: number, entries: readonly Uint8Array[]) => {
    const all = new Bytes().unsigned(entries.length);
    for (const entry of entries) all.bytes(entry);
    module.byte(id).sized(all.written());
  };
  const each = (encode: (one: AssembledFunction, n: number) => Bytes) =>
    functions.map((one, n) => encode(one, n).written());
  const types = each(({ parameters }) => new Bytes().byte(0x60).sized(Array(parameters).fill(I32)).byte(0));
  section(1, types);
  section(2, [new Bytes().sized(text('env')).sized(text('memory')).bytes([0x02, 0x00, 0x01]).written()]);
  section(
    3,
    each((_, n) => new Bytes().unsigned(n)),
  );
  section(
    7,
    each(({ name }, n) => new Bytes().sized(text(name)).byte(0x00).unsigned(n)),
  );
  section(
    10,
    each(({ body }) => new Bytes().bytes(body.encoded())),
  );
  return module.written();
}

const I32 = 0x7f;
const V128 = 0x7b;

function text(name: string): number[] {
  return Array.from(name, character => character.charCodeAt(0));
}
