/**
 * From a sequence to one vector, in ONNX. Without lengths every step counts, and one operation does it. With lengths, what is
 * behind a sequence's end is not defined, so it is left out before anything is added up. Derived in `derivations/exchange.md`.
 *
 * | symbol | shape   | meaning |
 * |--------|---------|---------|
 * | x      | [T, B, F] | what is pooled |
 * | t      | [T, 1, 1] | 1 … T |
 * | τ      | [B, 1]    | the lengths |
 * | y      | [1, B, F] | what becomes of it |
 */
import type { Direction, Nodes } from './onnx-nodes.ts';
import { ELEMENT } from './onnx-proto.ts';
import type { PoolPart } from './parts.ts';

/** Where a pool is in a model. */
export interface PoolPlace {
  readonly x: string;
  readonly y: string;
  readonly direction: Direction;
  /** The name of the lengths [B], or ''. */
  readonly lengths: string;
}

/** Adds a pool over all T steps of the model's input. Against time, the last step is the one at t = 1. */
export function addPool(nodes: Nodes, { pooling }: PoolPart, place: PoolPlace): void {
  const { x, y, direction, lengths } = place;
  const over = { axes: [0] };
  if (pooling === 'last-step' && (direction === 'reverse' || lengths === '')) {
    nodes.add('Gather', [x, nodes.ints(direction === 'reverse' ? 0 : -1)], y, { axis: 0 });
  } else if (lengths === '') {
    nodes.add(pooling === 'max-over-time' ? 'ReduceMax' : 'ReduceMean', [x], y, over);
  } else if (pooling === 'last-step') {
    nodes.add('ReduceSum', [kept(nodes, 'Equal', place, 0), nodes.ints(0)], y); // OX-F7  h_T = Σ_t [t = τ_b] x_t
  } else if (pooling === 'mean-over-time') {
    const sum = nodes.add('ReduceSum', [kept(nodes, 'LessOrEqual', place, 0), nodes.ints(0)], `${y}.sum`);
    const count = nodes.once('tau.float', name =>
      nodes.add('Cast', [tau(nodes, lengths)], name, { to: ELEMENT.float }),
    );
    nodes.add('Div', [sum, count], y); // OX-F8  h̄ = 1/τ_b Σ_t [t ≤ τ_b] x_t
  } else {
    nodes.add('ReduceMax', [kept(nodes, 'LessOrEqual', place, -Infinity)], y, over); // OX-F9  y = max_t of x_t where t ≤ τ, else −∞
  }
}

/** x where t is τ, or no more than τ; another number elsewhere. */
function kept(
  nodes: Nodes,
  relation: 'Equal' | 'LessOrEqual',
  { x, y, lengths }: PoolPlace,
  otherwise: number,
): string {
  const which = nodes.once(`t.${relation}`, name => nodes.add(relation, [times(nodes), tau(nodes, lengths)], name));
  const filler = nodes.once(`float(${otherwise})`, name => nodes.floats(name, [1], [otherwise]));
  return nodes.add('Where', [which, x, filler], `${y}.kept`);
}

function tau(nodes: Nodes, lengths: string): string {
  return nodes.once('tau', name => {
    const whole = nodes.add('Cast', [lengths], 'tau.row', { to: ELEMENT.int64 });
    nodes.add('Unsqueeze', [whole, nodes.ints(1)], name);
  });
}

function times(nodes: Nodes): string {
  return nodes.once('t', name => {
    const T = nodes.add('Gather', [nodes.add('Shape', ['x'], 'x.extents'), nodes.int(0)], 'T', { axis: 0 });
    const before = nodes.add('Range', [nodes.int(0), T, nodes.int(1)], 't-1.row');
    const row = nodes.add('Add', [before, nodes.int(1)], 't.row');
    nodes.add('Unsqueeze', [row, nodes.ints(1, 2)], name);
  });
}
