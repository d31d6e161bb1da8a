/**
 * What a cell has to know of its second derivatives: R{·} of its own forward and backward step, where R{f} is the
 * derivative of f(θ + εv) in ε at 0. Derived in `derivations/second-order.md`.
 *
 * `R` and a name is R{·} of what has that name, and has its shape: Rh, RhPrev, Rda. R{W}, of a parameter, is the part of
 * the direction v that belongs to it, v.W. An input and an initial state are what they are: R{x_t} = 0, R{s_0} = 0.
 */
import type { Cell, State } from '../../cells/cell.ts';
import type { Matrices } from '../../shape.ts';

/** A cell with R{·} of its two passes. Both are pure, as the cell's own, but that `rBackward` adds into `Rdp`. */
export interface TwiceCell<P extends string = string, S extends string = string, Tape = unknown>
  extends Cell<P, S, Tape> {
  /** R{s_t} from R{s_{t−1}}, at the step that `tape` is of. */
  rForward(
    p: Matrices<P>,
    v: Matrices<P>,
    tape: Tape,
    Rprev: State<S>,
  ): { readonly Rnext: State<S>; readonly Rtape: RTape<Tape> };
  /**
   * R{dL/ds_{t−1}} from R{dL/ds_t}, and ADDS R{·} of the parameters' gradients into `Rdp`.
   *
   * @param at what `backward` is a function of.
   * @param R the same under R{·}, part by part.
   */
  rBackward(at: BackwardStep<P, S, Tape>, R: BackwardStep<P, S, RTape<Tape>>, Rdp: Matrices<P>): State<S>;
}

/** What a backward step is a function of. */
export interface BackwardStep<P extends string, S extends string, Tape> {
  readonly p: Matrices<P>;
  readonly tape: Tape;
  readonly dnext: State<S>;
}

/** R{·} of everything in a tape but the input. */
export type RTape<Tape> = Readonly<Omit<Tape, 'x'>>;
