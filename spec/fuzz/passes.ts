/** Passes of the engine's layers in any order, of any T and B: what they compute, and the memory that they take. */
import { deepStrictEqual } from 'node:assert/strict';
import { peakOf } from '../../bench/memory.ts';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { trace } from '../../lib/cells/trace.ts';
import { raggedLengths, randomSequence, randomState } from '../../lib/check/problem.ts';
import { linear } from '../../lib/engine/linear.ts';
import { type Precision, runtime } from '../../lib/engine/precision.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';

/** What was done, and what was wrong. */
export interface PassesReport {
  readonly forward: number;
  readonly backward: number;
  /** The memory, and the most that was given out of it at once. */
  readonly bytes: number;
  readonly most: number;
  readonly findings: readonly string[];
}

/** Pages that the memory is counted in. */
const PAGE = 65536;

/** As much as a pass may have of steps times sequences. */
const MOST = 4000;

/** A tape that is still there, and what it came from. */
interface Alive {
  readonly tape: unknown;
  readonly y: Sequence;
  readonly x: Sequence;
  readonly s0: ReturnType<typeof randomState>;
}

/** A layer, how another is made like it, and its tapes. */
interface Slot {
  readonly layer: Layer;
  readonly make: () => Layer;
  readonly oneHot: boolean;
  readonly alive: Alive[];
}

/**
 * So many random steps: forward passes, backward passes of whatever tape is there, tapes that are released or
 * forgotten, layers that are dropped for others. What a backward pass gives has to be, bit by bit, what a fresh layer
 * gives; and the memory may have no more than 1.25 times of what was in use at once.
 */
export function fuzzPasses(steps: number, seed: number, precision: Precision = 'f64'): PassesReport {
  const rng = new Random(seed);
  const { heap } = runtime(precision, false);
  const [found, before, heldBefore] = [new Set<string>(), heap.memory.buffer.byteLength, heap.held];
  const slots: Slot[] = [];
  let [forward, backward] = [0, 0];
  const step = () => {
    const n = rng.index([1, 1, 1]);
    const slot = slots[n] ?? newSlot(rng, precision);
    slots[n] = slot;
    const { layer, alive } = slot;
    const at = rng.index(Array.from({ length: Math.max(1, alive.length) }, () => 1));
    const one = alive[at];
    const action = rng.index([4, 3, 2, 1, 0.2]);
    if (action === 0 || !one) {
      alive.push(passForward(slot, rng));
      forward++;
    } else if (action === 1) {
      const wrong = mistake(slot, one, rng);
      if (wrong) found.add(`seed ${seed}: ${layer.name}, T=${one.x.T} B=${one.x.B}: ${wrong}`);
      backward++;
    } else if (action < 4) {
      alive.splice(at, 1);
      if (action === 2) layer.release?.(one.tape);
    } else {
      slots.splice(n, 1);
    }
  };
  const most = heldBefore + peakOf(heap, () => Array.from({ length: steps }, step));
  const bytes = heap.memory.buffer.byteLength;
  if (bytes > before && bytes > 1.25 * most + PAGE) found.add(`seed ${seed}: ${bytes} bytes of memory for ${most}`);
  return { forward, backward, bytes, most, findings: [...found] };
}

function newSlot(rng: Random, precision: Precision): Slot {
  const [d, m] = [1 + rng.index([1, 1, 1, 1, 1]), 1 + rng.index(Array.from({ length: 24 }, () => 1))];
  const kind = rng.index([1, 1, 1, 1]);
  const cell = [lstm, gru, trace][kind] as Cell | undefined;
  const make = () => (cell ? recurrent(cell, { d, m }, { precision }) : linear({ m: d, C: m }, { precision })) as Layer;
  const layer = make();
  normal(0.3)(layer.params, rng);
  return { layer, make, oneHot: rng.uniform() < 0.3, alive: [] };
}

/** T and B whose product is of any order of size. */
function passForward({ layer, oneHot, alive: _ }: Slot, rng: Random): Alive {
  const count = MOST ** rng.uniform();
  const B = Math.ceil(count ** rng.uniform());
  const T = Math.ceil(count / B);
  const extent = { T, B, ...(rng.uniform() < 0.3 && { lengths: raggedLengths(T, B) }) };
  const classes = Array.from({ length: layer.inputs }, () => 1);
  const x = oneHot
    ? Sequence.oneHot(
        Array.from({ length: T * B }, () => rng.index(classes)),
        { ...extent, classes: layer.inputs },
      )
    : randomSequence({ ...extent, F: layer.inputs }, rng);
  const s0 = randomState(layer, B, rng);
  const { y, tape } = layer.forward(x, s0);
  return { tape, y, x, s0 };
}

/** In what a backward pass of a tape differs from one of a fresh layer; undefined when in nothing. */
function mistake({ layer, make }: Slot, { tape, y, x, s0 }: Alive, rng: Random): string | undefined {
  const dy = randomSequence({ ...x.extent(), F: layer.outputs }, rng);
  const dsT = randomState(layer, x.B, rng);
  const results = (of: Layer, itsTape: unknown, itsY: Sequence) => {
    of.params.zeroGrads();
    const { dx, ds0 } = of.backward(itsTape, dy, dsT);
    const states = Object.values(ds0).map(part => part.to2DArray());
    return { y: itsY.data.slice(), dx: dx.data.slice(), states, grads: of.params.grads.slice() };
  };
  const ours = results(layer, tape, y);
  const fresh = make();
  fresh.params.values.set(layer.params.values);
  const again = fresh.forward(x, s0);
  const theirs = results(fresh, again.tape, again.y);
  fresh.release?.(again.tape);
  try {
    deepStrictEqual(ours, theirs);
  } catch (error) {
    return String(error).slice(0, 300);
  }
  return undefined;
}
