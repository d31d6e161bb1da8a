/** A cell that asks for the time, as a cell like any other: one that counts its steps in its state. */
import { ValueError } from '../errors.ts';
import { scale, shift } from '../matrix.ts';
import type { Matrices } from '../shape.ts';
import type { Cell, State } from './cell.ts';

/** The part of the state that counts. */
export const COUNT = 't';

/**
 * `cell`, or where it asks for the time a cell with a part `t` in its state that is handed to it. So the count goes wherever
 * the state goes: through chunks, checkpoints and halves, and from one symbol that is sampled to the next. In 32 bits it is
 * exact up to 2²⁴ steps.
 */
export function timed<P extends string, S extends string, Tape>(cell: Cell<P, S, Tape>): Cell<P, S, Tape> {
  if (!cell.time) return cell;
  const known = counting.get(cell) ?? counted(cell as unknown as Cell);
  counting.set(cell, known);
  return known as unknown as Cell<P, S, Tape>;
}

function counted(cell: Cell): Cell {
  const { sizes } = cell;
  return {
    name: cell.name,
    equations: { ...cell.equations, [COUNT]: 'BPTT-B4' },
    ...(cell.keeps && { keeps: cell.keeps }),
    ...(cell.first && { first: cell.first }),
    ...(sizes && { sizes: size => sizes.call(cell, size) }),
    params: size => cell.params(size),
    state(size) {
      const state = cell.state(size);
      if (Object.hasOwn(state, COUNT)) {
        throw new ValueError(
          `${cell.name}.state`,
          `no part ${COUNT}, which is the time`,
          Object.keys(state).join(', '),
        );
      }
      return { ...state, [COUNT]: 1 };
    },

    forward(p, x, { [COUNT]: time, ...prev }) {
      const { next, tape } = cell.forward(p, x, prev as State<string>, time);
      return { next: { ...next, ...(time && { [COUNT]: shift(time, 1) }) } as State<string>, tape }; // BPTT-F4  n_t = n_{t−1} + 1
    },

    backward(p, tape, { [COUNT]: dtime, ...dnext }, dp) {
      const { dx, dprev } = cell.backward(p, tape, dnext as State<string>, dp);
      const none: Matrices = dtime ? { [COUNT]: scale(dtime, 0) } : {}; // BPTT-B4  dL/dn_{t−1} = 0, through F4
      return { dx, dprev: { ...dprev, ...none } as State<string> };
    },
  };
}

const counting = new WeakMap<object, Cell>();
