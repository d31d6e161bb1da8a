/** What the units of a trained network do while it reads: a part of the state after every symbol. */
import { ValueError } from '../errors.ts';
import { zeroState } from '../layers/layer.ts';
import { unprefixed } from '../layers/names.ts';
import type { CharModel } from '../models/char-model.ts';
import { describe, requireInteger } from '../require.ts';
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { FlatMatrix } from '../views.ts';

/** Which units are looked at. */
export interface UnitsOf {
  /** The recurrent layer, from 1 at the bottom; the topmost unless given. */
  readonly layer?: number;
  /** The part of the state: `c` where the cell has one, else `h`, unless given. */
  readonly state?: string;
}

/** What the units did over some symbols, one after the other. */
export interface Activations {
  /** The first of these symbols. */
  readonly from: number;
  /** The one after the last. */
  readonly to: number;
  /** (to−from)·m numbers: all units after the first symbol, then after the second, … */
  readonly values: Float64Array;
}

/** Where to find the units in a network's state, and what is done to them before they are looked at. */
export interface Units {
  readonly layer: number;
  readonly state: string;
  readonly m: number;
  /** The name of that part in the state of the whole network. */
  readonly key: string;
  readonly squash: (x: number) => number;
}

/**
 * @throws ValueError when the model has no such layer, or its cell no such part of the state.
 */
export function unitsOf({ m, layers, net }: CharModel, asked: UnitsOf = {}): Units {
  const { layer: which = layers, state: part } = asked;
  const layer = requireInteger('layer', which, 1, layers);
  const name = layers === 1 ? 'cell' : `cell${layer}`;
  const parts = Object.keys(unprefixed(net.state, name));
  const state = part === undefined ? (parts.includes('c') ? 'c' : 'h') : part;
  if (!parts.includes(state)) throw new ValueError('state', `one of ${parts.join(', ')}`, describe(state));
  const key = `${name}.${state}`;
  return { layer, state, m: net.state[key] ?? m, key, squash: state === 'c' ? Math.tanh : x => x };
}

/** Stretches of text that are read side by side, and symbols in each. */
const ROWS = 64;
const STEPS = 64;

/** The symbols that are read, in two parts: from…cut−1 and cut…to−1. */
export interface Parts {
  readonly from: number;
  readonly cut: number;
  readonly to: number;
}

/**
 * Reads symbols `from` to `to`, the state zero before the first and carried from there, and gives the units' values after
 * each, some thousand symbols at a time, no lot of them across the cut.
 *
 * A layer puts out h alone, and its state only after the last step. So a block is read twice: once in stretches, for the
 * state before each, and once with all stretches side by side, a step at a time.
 *
 * @param text class indices of the model's vocabulary.
 */
export function* activations(
  { net, vocabulary }: CharModel,
  { key, m, squash }: Units,
  text: Int32Array,
  { from, cut, to }: Parts,
): Generator<Activations, void, undefined> {
  const classes = vocabulary.size;
  const read = (symbols: Int32Array, T: number, B: number, s0: Matrices): Matrices => {
    const { sT, tape } = net.forward(Sequence.oneHot(symbols, { T, B, classes }), s0);
    net.release?.(tape);
    return sT;
  };
  let state = zeroState(net.state, 1);
  for (let at = from, end = from; at < to; at = end) {
    end = Math.min(at < cut ? cut : to, at + ROWS * STEPS);
    const before: Matrices[] = [];
    for (let start = at; start < end; start += STEPS) {
      before.push(state);
      const stretch = text.subarray(start, Math.min(end, start + STEPS));
      state = read(stretch, stretch.length, 1, state);
    }
    const B = before.length;
    const values = new Float64Array(B * STEPS * m);
    let s = rowsOf(before, net.state);
    for (let t = 0; t < STEPS; t++) {
      const symbols = Int32Array.from({ length: B }, (_, b) => text[Math.min(end - 1, at + b * STEPS + t)] ?? 0);
      s = read(symbols, 1, B, s);
      for (let b = 0; b < B; b++) {
        for (let j = 0; j < m; j++) {
          values[(b * STEPS + t) * m + j] = squash(s[key]?.get(b, j) ?? Number.NaN); // CELL-F1  a_t = tanh(c_t), or h_t
        }
      }
    }
    yield { from: at, to: end, values: values.subarray(0, (end - at) * m) };
  }
}

/** The states of B networks with one sequence each as one of B sequences. */
function rowsOf(states: readonly Matrices[], columns: Readonly<Record<string, number>>): Matrices {
  return Object.fromEntries(
    Object.entries(columns).map(([name, F]) => [
      name,
      new FlatMatrix(Float64Array.from(states.flatMap(state => state[name]?.getRow(0) ?? [])), states.length, F),
    ]),
  );
}
