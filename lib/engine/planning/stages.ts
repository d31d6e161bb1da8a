/**
 * When a value is there. A step is kernels and, behind each, the products that wait for it: stage n is the kernel n and
 * the products behind it; products by what is there before any kernel are of stage −1.
 */
import { greatest } from '../../extremes.ts';
import type { Addition, Graph, Node } from './nodes.ts';

export interface Stages {
  /** Values that something is made of that is handed on or added to a gradient, each after those that it is made of. */
  readonly live: readonly Node[];
  readonly sums: readonly Node[];
  readonly perSample: readonly Node[];
  /** Live values that are made of one. */
  usersOf(node: Node): readonly Node[];
  /** The kernel that computes a value, or the first that can read it. */
  stageOf(node: Node): number;
  /** The stage of the products that make a sum, or of a product of every sample. */
  productStage(node: Node): number;
  /** Whether dL/dx is but products that no step waits for. */
  readonly dxAfter: boolean;
}

export function stagesOf({ nodes, next, dprev, dx, additions }: Graph): Stages {
  const needed = reachable([...Object.values(next), ...Object.values(dprev), dx, ...additions.flatMap(operandsOf)]);
  const live = nodes.filter(node => needed.has(node));
  const users = new Map<Node, Node[]>();
  for (const node of live) {
    for (const part of madeOf(node)) users.set(part, [...(users.get(part) ?? []), node]);
  }
  const stages = new Map<Node, number>();

  function stageOf(node: Node): number {
    const known = stages.get(node);
    if (known !== undefined) return known;
    const stage = computedAt(node);
    stages.set(node, stage);
    return stage;
  }

  function computedAt(node: Node): number {
    if (isProduct(node)) return productStage(node) + 1;
    if (node.operation?.kind === 'part') {
      const whole = wholeOf(node);
      return isBefore(whole, node) ? 0 : stageOf(whole) + (isProduct(whole) ? 0 : 1);
    }
    const joins = node.operation?.kind === 'joined';
    const stageOfArg = (arg: Node) => stageOf(arg) + (arg.operation?.kind === 'joined' && !joins ? 1 : 0);
    return greatest([0, ...node.args.map(arg => (arg.backward === node.backward ? stageOfArg(arg) : 0))]);
  }

  /** The stage of a product that nothing keeps waiting but its operands: what is multiplied next waits for a product too. */
  function productStage(node: Node): number {
    const before = node.terms ? node.args.map(arg => (arg.backward === node.backward ? stageOf(arg) : 0)) : [];
    const operands = (node.terms?.map(({ left }) => left) ?? node.args).map(wholeOf);
    return greatest([-1, ...before, ...operands.map(left => (isBefore(left, node) ? -1 : stageOf(left)))]);
  }

  const isAwaited = (node: Node) =>
    Object.values(dprev).includes(node) || additions.some(addition => operandsOf(addition).includes(node));

  return {
    live,
    sums: live.filter(({ terms }) => terms),
    perSample: live.filter(({ operation }) => operation?.kind === 'per sample'),
    usersOf: node => users.get(node) ?? [],
    stageOf,
    productStage,
    dxAfter: dx.terms !== undefined && dx.args.length === 0 && !users.has(dx) && !isAwaited(dx),
  };
}

/** What is multiplied into a parameter's gradient. */
export const operandsOf = ({ left, right }: Addition): readonly Node[] => (right ? [left, right] : [left]);

export const isInput = ({ input }: Node): boolean => input !== undefined;

export const isX = ({ input }: Node): boolean => input !== undefined && input !== 'dy' && input.role === 'x';

/** What a value is some columns of; any other is whole. */
export function wholeOf(node: Node): Node {
  const [whole] = node.args;
  return node.operation?.kind === 'part' && whole ? wholeOf(whole) : node;
}

/** Whether a value is there before the steps of the direction in which another is made begin to. */
const isBefore = (value: Node, { backward }: Node): boolean =>
  value.input !== undefined || value.shared || value.backward !== backward;

/** Whether it is made between kernels. */
export const isProduct = ({ operation, terms }: Node): boolean =>
  terms !== undefined || operation?.kind === 'per sample';

/** Whether kernels of a step compute it. */
export const isComputed = ({ operation, terms, shared }: Node): boolean =>
  !terms && !shared && (operation?.kind === 'elementwise' || operation?.kind === 'over units');

const madeOf = ({ args, terms = [] }: Node) => [...args, ...terms.map(({ left }) => left)];

function reachable(from: readonly Node[]): ReadonlySet<Node> {
  const found = new Set<Node>();
  const visit = (node: Node): void => {
    if (found.has(node)) return;
    found.add(node);
    madeOf(node).forEach(visit);
  };
  from.forEach(visit);
  return found;
}
