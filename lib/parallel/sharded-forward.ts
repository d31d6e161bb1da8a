/** A pass forward over shards: cut, handed over, and put together again. */
import { readState } from '../engine/states.ts';
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import type { Steps } from '../steps.ts';
import { cut, join, joinStates, putState, statePlaces } from './cutting.ts';
import { settingsOf } from './drops.ts';
import { dataAt, numbersAt } from './memory.ts';
import { ownOf } from './ranks.ts';
import { desksFor, laid, like, type ParallelTape, partsOf, type Sharding } from './sharding.ts';
import type { Forward } from './work.ts';

/** The output, the state after it, and a tape for the pass back. */
export function* forwardOf(
  sharding: Sharding,
  pass: number,
  x: Sequence,
  s0: Matrices | undefined,
): Steps<{ readonly y: Sequence; readonly sT: Matrices; readonly tape: ParallelTape }> {
  const { network, team, ranks, pool, drops } = sharding;
  const { params, inputs, outputs, state } = network;
  const { T, B, lengths } = x;
  const initial = readState('s0', s0, state, B);
  const assignment = yield* team.assign(ownOf(partsOf(B), ranks));
  const common = { kind: 'forward', pass, params: { at: 0, count: params.size }, drops: settingsOf(drops) } as const;
  const desks = desksFor(sharding, B, assignment, (parts, places, results): readonly Forward[] => {
    places.numbers(params.size);
    const handed = parts.map(part => {
      const rows = part.to - part.from;
      return {
        ...{ ...part, rows, T },
        ...(lengths && { lengths: Array.from(lengths.subarray(part.from, part.to)) }),
        x: places.sequence(T * rows, inputs, x.data),
        s0: s0 && statePlaces(places, state, rows),
      };
    });
    return handed.map(part => {
      results.begin();
      return { ...part, y: places.sequence(T * part.rows, outputs), sT: statePlaces(places, state, part.rows) };
    });
  });
  for (const { memory } of desks) numbersAt(memory, common.params).set(params.values);
  for (const { part, memory } of laid(desks)) {
    if (!assignment.has(part.shard)) continue;
    cut(x, part, dataAt(memory, part.x));
    if (part.s0) putState(initial, part.s0, memory, part.from);
  }
  try {
    const came = yield* team.do(desks, assignment, (where, parts) => ({ ...where, ...common, parts }));
    for (const { results, memory } of desks) results.exchange(memory);
    const y = like(came, came.T === T ? { ...x.extent(), F: outputs } : { T: came.T, B, F: outputs });
    for (const { part, memory } of laid(desks)) join(dataAt(memory, part.y), part, y);
    const ends = laid(desks).map(({ part, memory }) => ({ places: part.sT, memory }));
    return { y, sT: joinStates(state, B, ends), tape: { pass, x, y, assignment } };
  } catch (error) {
    team.release(pass);
    throw error;
  } finally {
    for (const { memory } of desks) pool.give(memory);
  }
}
