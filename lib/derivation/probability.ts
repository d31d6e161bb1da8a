/**
 * Probabilities: P(s_t = j | x_1 … x_t), by the joint one that the text says, P(x_1 … x_τ, s_1 … s_τ) = ….
 *
 * What is not mentioned is summed over, and what is not given a value is as it was drawn.
 */
import type { Event, Expression } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { isEquals, type Read, split } from './pieces.ts';
import { isDots, isNameNode, nameNode } from './spelling.ts';

type Probability = Expression & { readonly kind: 'probability' };

/** What stands between the parentheses of a P; nothing where it is no probability, but what P is multiplied by. */
export function probabilityOf(body: readonly Node[], at: number, read: Read): Probability | undefined {
  const isBar = (node: Node) => node.kind === 'symbol' && node.text === '\\mid';
  if (!body.some(node => isBar(node) || isEquals(node) || isDots(node))) return undefined;
  const [events = [], given = [], ...others] = split(body, isBar);
  if (others.length > 0) throw new Unread('more than one bar', at);
  const listed = (nodes: readonly Node[]) =>
    split(nodes, node => node.kind === 'symbol' && /^[,;]$/.test(node.text))
      .filter(item => item.length > 0)
      .map(item => eventOf(item, at, read));
  return { kind: 'probability', events: listed(events), given: listed(given), at };
}

/** `s_t = j`, `x_t`, or `x_1 … x_t`. */
function eventOf(nodes: readonly Node[], at: number, read: Read): Event {
  const [first, sign, ...rest] = nodes;
  if (!first || !isNameNode(first)) throw new Unread('the probability of what is no name', first?.at ?? at);
  const name = nameNode(first);
  if (!sign) return { name };
  if (isEquals(sign)) return { name, value: read(rest) };
  const [last, ...others] = rest;
  if (isDots(sign) && last && others.length === 0 && isNameNode(last)) return { name, to: nameNode(last) };
  throw new Unread('the probability of what is no event', sign.at);
}

/** Whether it is the joint one: of everything from the first step to the last. */
export function isJoint(of: Expression | undefined): of is Probability {
  return of?.kind === 'probability' && of.given.length === 0 && of.events.every(({ to }) => to !== undefined);
}

/** The sum of f over all ways in which names that have so many values may have them, beside those that are fixed. */
export function summed<N>(
  free: readonly (readonly [moment: string, values: number])[],
  fixed: ReadonlyMap<string, number>,
  f: (values: ReadonlyMap<string, number>) => N,
  add: (a: N, b: N) => N,
  zero: N,
): N {
  const [next, ...others] = free;
  if (!next) return f(fixed);
  const [moment, values] = next;
  let sum = zero;
  for (let value = 1; value <= values; value++)
    sum = add(sum, summed(others, new Map([...fixed, [moment, value]]), f, add, zero));
  return sum;
}
