/**
 * What is stored: of forward's values those that backward needs and cannot cheaply have again, and in either direction
 * what products read, and what a later kernel reads.
 */
import type { Addition, Graph, Node } from './nodes.ts';
import { isComputed, isInput, isProduct, operandsOf, type Stages, wholeOf } from './stages.ts';

export interface Keeping {
  /** Forward's values that are a part of the state: they lie where the next step finds them. */
  readonly parts: ReadonlyMap<Node, string>;
  /** Forward's values of all steps that backward finds. */
  readonly kept: ReadonlySet<Node>;
  /** What kernels store beside parts of the state; what is kept among it. */
  readonly stored: ReadonlySet<Node>;
  /** Whether backward finds a value of forward. */
  isThere(node: Node): boolean;
  /** Sums over rows of a⊙b, where a and b are stored anyway, and a⊙b is not. */
  readonly ofProducts: ReadonlySet<Addition>;
  /** What is multiplied into gradients of parameters, all of which lives as long as a span: the whole of what are some columns. */
  readonly multiplied: ReadonlySet<Node>;
}

export function keepingOf({ next, additions }: Graph, stages: Stages): Keeping {
  const { live, sums, perSample, stageOf } = stages;
  const named = Object.entries(next).filter(([, node]) => isComputed(node));
  const parts = new Map(named.map(([part, node]) => [node, part]));
  const kept = new Set<Node>();
  const stored = new Set<Node>();
  const isPart = ({ operation }: Node) => operation?.kind === 'part';

  const isThere = (node: Node): boolean =>
    node.shared || isInput(node) || parts.has(node) || kept.has(node) || (isPart(node) && node.args.every(isThere));
  const keep = (node: Node): void => {
    if (isPart(node)) node.args.forEach(keep);
    else if (!isThere(node)) kept.add(node);
  };
  const store = (node: Node): void => {
    if (isPart(node)) node.args.forEach(store);
    else if (!isInput(node) && !node.shared && !isProduct(node) && !parts.has(node)) stored.add(node);
  };

  const factors = [
    ...sums.flatMap(({ terms = [] }) => terms.map(({ left }) => left)),
    ...perSample.flatMap(({ args }) => args),
    ...additions.filter(({ right }) => right).flatMap(operandsOf),
  ];
  const isStoredAnyway = (node: Node) =>
    factors.includes(node) || (!node.backward && (isInput(node) || parts.has(node)));
  const ofProducts = new Set(
    additions.filter(({ left, right }) => {
      if (right || left.operation?.name !== 'mul' || factors.includes(left)) return false;
      return left.args.every(arg => arg.width === left.width && !arg.shared && isStoredAnyway(arg));
    }),
  );
  const multiplied = new Set(
    additions.flatMap(addition => (ofProducts.has(addition) ? addition.left.args : operandsOf(addition))).map(wholeOf),
  );

  // Backward's operands of forward's are kept; then of what its kernels read the dear; then what is made of what is not there.
  const usedBehind = (nodes: readonly Node[]) => nodes.filter(node => !node.backward);
  const backward = live.filter(node => node.backward);
  usedBehind(backward.flatMap(({ terms = [] }) => terms.map(({ left }) => left))).forEach(keep);
  usedBehind(perSample.filter(node => node.backward).flatMap(({ args }) => args)).forEach(keep);
  usedBehind([...multiplied]).forEach(keep);
  const wanted = usedBehind(backward.flatMap(({ args }) => args));
  const isCheap = (node: Node): boolean => isThere(node) || (!isDear(node) && node.args.every(isCheap));
  wanted.filter(isDear).forEach(keep);
  for (const node of wanted) if (!isCheap(node)) keep(node);

  kept.forEach(store);
  factors.forEach(store);
  multiplied.forEach(store);
  for (const node of live) {
    if (node.shared) continue;
    for (const arg of node.args) {
      const crosses = arg.backward === node.backward && stageOf(arg) < stageOf(node);
      if (crosses || isPart(node)) store(arg);
    }
  }
  return { parts, kept, stored, isThere, ofProducts, multiplied };
}

/** Whether it takes longer to compute than to read. */
const isDear = ({ operation, terms }: Node) =>
  terms !== undefined || operation?.kind !== 'elementwise' || operation.costly;
