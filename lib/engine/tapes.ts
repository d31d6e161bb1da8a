/** The tapes of one layer: which of them lies in the kernels' memory, and the sequences to be used again. */
import { ValueError } from '../errors.ts';
import type { Extent, Sequence } from '../sequence.ts';
import type { Layout } from './layout.ts';
import type { Pass } from './pass.ts';
import { Sequences } from './sequences.ts';

/** What a backward pass in the engine needs. */
export interface EngineTape {
  readonly pass: Pass;
  readonly layout: Layout;
}

/** What came with a tape. */
interface Given {
  readonly y: Sequence;
  readonly dxs: Sequence[];
}

/**
 * Only the last tape of a layer lies in the kernels' memory: making another moves it out, and using it moves it back. A
 * tape that nobody uses again is then ordinary memory, which is collected when nothing refers to it.
 */
export class Tapes {
  readonly #ys = new Sequences();
  readonly #dxs = new Sequences();
  /** Of every tape that was not released. */
  readonly #given = new WeakMap<EngineTape, Given>();
  #resident: EngineTape | undefined;

  /** A sequence for y, of the same kind of numbers as `like`. */
  newY(extent: Extent & { readonly B: number; readonly F: number }, like?: Sequence): Sequence {
    return this.#ys.take(extent, like);
  }

  /** A sequence for a dx of a tape. */
  newDx(tape: EngineTape, extent: Extent & { readonly B: number; readonly F: number }): Sequence {
    const dx = this.#dxs.take(extent, tape.pass.like);
    this.#given.get(tape)?.dxs.push(dx);
    return dx;
  }

  /** Moves the last tape out of the way of a new one. */
  makeRoom(): void {
    this.#resident?.pass.spill();
    this.#resident = undefined;
  }

  /** The tape of a pass that has just been made. */
  add(pass: Pass, layout: Layout, y: Sequence): EngineTape {
    const tape = { pass, layout };
    this.#given.set(tape, { y, dxs: [] });
    this.#resident = tape;
    return tape;
  }

  /**
   * A tape of this layer.
   *
   * @throws ValueError when it is none, or was released.
   */
  known(tape: EngineTape): EngineTape {
    if (!this.#given.has(tape)) throw new ValueError('tape', 'one that was not released', 'a released one, or none');
    return tape;
  }

  /** Sees to it that a tape lies in the kernels' memory. */
  use(tape: EngineTape): void {
    if (this.#resident === tape) return;
    this.makeRoom();
    tape.pass.restore();
    this.#resident = tape;
  }

  /** Takes everything back that belongs to a tape. */
  release(tape: EngineTape): void {
    const given = this.#given.get(tape);
    if (!given) return;
    this.#given.delete(tape);
    tape.pass.release();
    this.#ys.give(given.y);
    for (const dx of given.dxs) this.#dxs.give(dx);
    if (this.#resident === tape) this.#resident = undefined;
  }
}
