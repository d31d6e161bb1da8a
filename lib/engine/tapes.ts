/** The tapes of one layer: which of them lies in the kernels' memory, and the sequences to be used again. */
import { ValueError } from '../errors.ts';
import type { Sequence } from '../sequence.ts';
import { Berth } from './berth.ts';
import type { Pass } from './pass.ts';
import { Sequences } from './sequences.ts';

/** What a backward pass in the engine needs. */
export interface EngineTape {
  readonly pass: Pass;
}

/** What came with a tape. */
interface Given {
  readonly y: Sequence;
  /** The last few. */
  dxs: readonly Sequence[];
}

/** So many dx of a tape are used again, and so many passes: more are no training loop. */
const FEW = 4;

/**
 * Only the last tape of a layer lies in the kernels' memory: making another moves it out, and using it moves it back. A
 * tape that nobody uses again is then ordinary memory, which is collected when nothing refers to it.
 */
export class Tapes {
  readonly #ys = new Sequences();
  readonly #dxs = new Sequences();
  /** Of every tape that was not released. */
  readonly #given = new WeakMap<EngineTape, Given>();
  readonly #berth = new Berth(this);
  /** Passes that are over, to begin once more. */
  readonly #over: Pass[] = [];
  readonly #make: (x: Sequence) => Pass;

  /** @param make a pass over an input. */
  constructor(make: (x: Sequence) => Pass) {
    this.#make = make;
  }

  /** A pass over an input: one that is over and suits, or a new one. */
  begin(x: Sequence): Pass {
    const n = this.#over.findIndex(pass => pass.suits(x));
    const known = this.#over[n];
    if (!known) return this.#make(x);
    const last = this.#over.pop();
    if (last && last !== known) this.#over[n] = last;
    known.begin(x);
    return known;
  }

  /**
   * The tape of a pass forward, which fills y of F features and returns what else it gives. Where that throws, the pass
   * has given everything back.
   *
   * @throws MemoryError when there is not enough memory.
   */
  record<R>(pass: Pass, F: number, forward: (y: Sequence) => R): { y: Sequence; tape: EngineTape; result: R } {
    this.#berth.spill();
    const y = this.#ys.take(pass.x, F, pass.like);
    try {
      const result = forward(y);
      const tape = { pass };
      this.#given.set(tape, { y, dxs: NONE });
      this.#berth.rest(pass);
      return { y, tape, result };
    } catch (error) {
      pass.release();
      this.#ys.give(y);
      throw error;
    }
  }

  /**
   * A tape of this layer.
   *
   * @throws ValueError when it is none, or was released.
   */
  known(tape: EngineTape): EngineTape {
    this.#givenWith(tape);
    return tape;
  }

  /**
   * Works with a tape, which lies in the kernels' memory meanwhile.
   *
   * @throws MemoryError when there is not enough memory for it.
   */
  use<R>(tape: EngineTape, work: () => R): R {
    this.#berth.wake(tape.pass);
    try {
      return work();
    } finally {
      this.#berth.rest(tape.pass);
    }
  }

  /** A dx of F features for a tape, which a pass back fills. Where that throws, it is given back. */
  dx(tape: EngineTape, F: number, backward: (dx: Sequence) => void): Sequence {
    const given = this.#givenWith(tape);
    const dx = this.#dxs.take(tape.pass.x, F, tape.pass.like);
    try {
      backward(dx);
    } catch (error) {
      this.#dxs.give(dx);
      throw error;
    }
    given.dxs = given.dxs.length > 0 ? [...given.dxs, dx].slice(-FEW) : [dx];
    return dx;
  }

  /** Takes everything back that belongs to a tape. */
  release(tape: EngineTape): void {
    const given = this.#given.get(tape);
    if (!given) return;
    this.#given.delete(tape);
    this.#berth.release(tape.pass);
    this.#ys.give(given.y);
    for (const dx of given.dxs) this.#dxs.give(dx);
    if (this.#over.length >= FEW) this.#over.shift();
    this.#over.push(tape.pass);
  }

  #givenWith(tape: EngineTape): Given {
    const given = this.#given.get(tape);
    if (!given) throw new ValueError('tape', 'one that was not released', 'a released one, or none');
    return given;
  }
}

const NONE: readonly Sequence[] = [];
