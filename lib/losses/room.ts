/** What a loss works in: arrays of its own, which serve again when a tape is released. */
import { KeptViews } from '../engine/kept-views.ts';
import { ValueError } from '../errors.ts';
import { requireObject } from '../require.ts';
import { Sequence } from '../sequence.ts';

/** Room for one pass of a loss over so many rows of so many columns. */
export class Room {
  readonly rows: number;
  readonly columns: number;
  /** A factor for every row. */
  readonly factors: Float64Array;
  /** Views of parts of what goes through the kernels' memory. */
  readonly views: KeptViews = new KeptViews();
  #numbers: Float64Array | undefined;
  #classes: Int32Array | undefined;
  #gradient: Sequence | undefined;
  #isGiven = false;

  constructor(rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
    this.factors = new Float64Array(rows);
  }

  /** A number for every column of every row: whatever was there. */
  get numbers(): Float64Array {
    this.#numbers ??= new Float64Array(this.rows * this.columns);
    return this.#numbers;
  }

  /** A class for every row: whatever was there. */
  get classes(): Int32Array {
    this.#classes ??= new Int32Array(this.rows);
    return this.#classes;
  }

  /** Zeros for dL/do, of the extent of o. Only the first of a tape is used again. */
  gradient(o: Sequence): Sequence {
    const known = this.#gradient;
    if (!this.#isGiven && known && known.data.length > 0 && known.T === o.T && !known.lengths && !o.lengths) {
      this.#isGiven = true;
      known.data.fill(0);
      return known;
    }
    const made = Sequence.zeros({ ...o.extent(), F: o.F });
    if (!this.#isGiven) this.#gradient = made;
    this.#isGiven = true;
    return made;
  }

  /** Nobody has anything of it any more. */
  vacate(): void {
    this.#isGiven = false;
  }
}

/** So many wait to be used again. */
const FEW = 4;

/** Those that wait, as long as the runtime has memory for them; and the room of every tape, null where it was released. */
let waiting: WeakRef<Room[]> | undefined;
const rooms = new WeakMap<object, Room | null>();

/** Room for rows of columns: one that waits, or a new one. */
export function roomFor(rows: number, columns: number): Room {
  const free = waiting?.deref() ?? [];
  const n = free.findLastIndex(one => one.rows === rows && one.columns === columns);
  return (n < 0 ? undefined : free.splice(n, 1)[0]) ?? new Room(rows, columns);
}

/** Remembers where a tape lies. Returns the tape. */
export function lyingIn<Tape extends object>(room: Room, tape: Tape): Tape {
  rooms.set(tape, room);
  return tape;
}

/**
 * Where a tape lies; room of its own for one that was made elsewhere.
 *
 * @throws ValueError when it was released.
 */
export function roomOf(tape: object, rows: number, columns: number): Room {
  const room = rooms.get(requireObject('tape', tape));
  if (room === null) throw new ValueError('tape', 'one that was not released', 'a released one');
  return room ?? new Room(rows, columns);
}

/** Says that a tape is needed no more, nor what came of it. What is no tape of ours has nothing to release. */
export function releaseRoom(tape: object): void {
  const room = rooms.get(tape);
  if (!room) return;
  rooms.set(tape, null);
  room.vacate();
  let free = waiting?.deref();
  if (!free) {
    free = [];
    waiting = new WeakRef(free);
  }
  if (free.length >= FEW) free.shift();
  free.push(room);
}
