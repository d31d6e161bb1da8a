/** A pass back over shards: cotangents cut and handed over, what comes of them put together, gradients added up by a fixed tree. */
import { readState } from '../engine/states.ts';
import { dense, read, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import type { Steps } from '../steps.ts';
import { cut, join, joinStates, putState, statePlaces } from './cutting.ts';
import { dataAt, numbersAt } from './memory.ts';
import { desksFor, laid, like, type ParallelTape, type Sharding } from './sharding.ts';
import type { Backward, InputGradient } from './work.ts';

/** dL/dx, which is computed later where x is of indices, and dL/ds_0; the gradient of the parameters is added to theirs. */
export function* backwardOf(
  sharding: Sharding,
  { x, y, assignment, pass }: ParallelTape,
  cotangents: Sequence,
  dsT: Matrices | undefined,
): Steps<{ readonly dx: Sequence | undefined; readonly ds0: Matrices }> {
  const { network, team, pool } = sharding;
  const { params, inputs, outputs, state } = network;
  const dy = dense(read('dy', cotangents, outputs, y));
  const final = readState('dsT', dsT, state, x.B);
  const isLater = x.data instanceof Int32Array;
  const desks = desksFor(sharding, x.B, assignment, (parts, places, results): readonly Backward[] => {
    const handed = parts.map(part => {
      const rows = part.to - part.from;
      return {
        ...{ ...part, rows },
        dy: places.sequence(y.T * rows, outputs, dy.data),
        dsT: dsT && statePlaces(places, state, rows),
        grads: places.numbers(params.size),
      };
    });
    return handed.map(part => {
      results.begin();
      const dx = isLater ? undefined : places.sequence(x.T * part.rows, inputs);
      return { ...part, dx, ds0: statePlaces(places, state, part.rows) };
    });
  });
  for (const { part, memory } of laid(desks)) {
    if (!assignment.has(part.shard)) continue;
    cut(dy, part, dataAt(memory, part.dy));
    if (part.dsT) putState(final, part.dsT, memory, part.from);
  }
  try {
    const common = { kind: 'backward', pass } as const;
    const came = yield* team.do(desks, assignment, (where, parts) => ({ ...where, ...common, parts }));
    for (const { results, memory } of desks) results.exchange(memory);
    const done = laid(desks);
    const gradients = done.map(({ part, memory }) => numbersAt(memory, part.grads));
    desks[0]?.results.sum(gradients).addAllTo(params.grads); // of several desks, this process has all shards
    const begins = done.map(({ part, memory }) => ({ places: part.ds0, memory }));
    const ds0 = joinStates(state, x.B, begins);
    if (isLater) return { dx: undefined, ds0 };
    const dx = like(came, { ...x.extent(), F: inputs });
    for (const { part, memory } of done) if (part.dx) join(dataAt(memory, part.dx), part, dx);
    return { dx, ds0 };
  } finally {
    for (const { memory } of desks) pool.give(memory);
  }
}

/** dL/dx of indices, after a pass back. */
export function* inputGradientOf(sharding: Sharding, { x, assignment, pass }: ParallelTape): Steps<Sequence> {
  const { network, team, pool } = sharding;
  const { inputs } = network;
  const desks = desksFor(sharding, x.B, assignment, (parts, places, results): readonly InputGradient[] =>
    parts.map(part => {
      results.begin();
      return { ...part, dx: places.sequence(x.T * (part.to - part.from), inputs) };
    }),
  );
  try {
    const common = { kind: 'input gradient', pass } as const;
    yield* team.do(desks, assignment, (where, parts) => ({ ...where, ...common, parts }));
    for (const { results, memory } of desks) results.exchange(memory);
    const dx = Sequence.zeros({ ...x.extent(), F: inputs });
    for (const { part, memory } of laid(desks)) join(dataAt(memory, part.dx), part, dx);
    return dx;
  } finally {
    for (const { memory } of desks) pool.give(memory);
  }
}
