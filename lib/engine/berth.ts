/** Who owns what lies in the kernels' memory. */
import type { Idle } from './heap.ts';
import type { Pass } from './pass.ts';

/**
 * A layer's place in the kernels' memory, where at most one of its passes lies. When the layer is collected, what lies
 * there is given back; until then the pass moves out when a full heap asks for it.
 *
 * Nothing here may lead to the layer or to a tape, or they would never be collected; and a pass that has moved out is not
 * known here, so that it is collected as soon as its tape is.
 */
export class Berth implements Idle {
  #pass: Pass | undefined;

  constructor(layer: object) {
    dropped.register(layer, this);
  }

  /** A pass that lies in the kernels' memory, and may be moved out of it from now on. */
  rest(pass: Pass): void {
    this.#pass = pass;
    pass.runtime.heap.idle.add(this);
  }

  /**
   * Sees to it that a pass lies in the kernels' memory, and stays there until it rests.
   *
   * @throws MemoryError when there is not enough memory for it; then it is where it was.
   */
  wake(pass: Pass): void {
    if (this.#pass !== pass) {
      this.spill();
      pass.restore();
      this.#pass = pass;
    }
    pass.runtime.heap.idle.delete(this);
  }

  /** Moves what lies here out of the kernels' memory. */
  spill(): void {
    this.#pass?.spill();
    this.#leave();
  }

  /** Ends a pass: gives back what it has, wherever that is. */
  release(pass: Pass): void {
    pass.end();
    if (this.#pass === pass) this.#leave();
  }

  /** Gives back what lies here. */
  clear(): void {
    this.#pass?.release();
    this.#leave();
  }

  #leave(): void {
    this.#pass?.runtime.heap.idle.delete(this);
    this.#pass = undefined;
  }
}

const dropped = new FinalizationRegistry<Berth>(berth => berth.clear());
