/** What is done in a step and around it: kernels, products, and what is added to gradients. */

import type { PerSample } from '../../equations/operation.ts';
import { greatest } from '../../extremes.ts';
import { runs } from './chains.ts';
import type { Keeping } from './keeping.ts';
import type { Addition, Graph, Node, Term, View } from './nodes.ts';
import { groupedBy, type Places } from './places.ts';
import { isComputed, isInput, isX, type Stages } from './stages.ts';
import { type GradientPlan, type KernelPlan, type Ref, stateBlock, type Work } from './work.ts';

export interface Works {
  /** A step of a direction, stage after stage. */
  step(backward: boolean): readonly Work[];
  /** The products of these sums by x before the steps, or all their others. */
  products(sums: readonly Node[], hoisted: boolean): readonly Work[];
  /** What is added to gradients of parameters. */
  gradients(): readonly GradientPlan[];
  /** Rows that are computed of parameters. */
  rows(): readonly KernelPlan[];
}

export function worksOf(graph: Graph, stages: Stages, keeping: Keeping, places: Places): Works {
  const { next, dx, additions } = graph;
  const { live, sums, perSample, stageOf, productStage, dxAfter } = stages;
  const { stored, isThere, ofProducts } = keeping;
  const { placeOf, outputs, at, lda, shared } = places;

  /** What a kernel of a stage stores: what is to be stored, and what it hands on. */
  function stores(backward: boolean, stage: number): readonly Store[] {
    const isHere = (node: Node) => (node.backward === backward ? stageOf(node) : 0) === stage;
    const own = [...stored]
      .filter(node => node.backward === backward && isHere(node))
      .map(node => [node, placeOf(node)] as const);
    const parts = Object.entries(next).map(
      ([part, node]) => [node, { block: stateBlock(part), column: 0, after: true }] as const,
    );
    // A sum that is handed on is made where it is handed on, upon what comes before it.
    const handed = outputs.flatMap(([node, ref]) =>
      (node.terms && placeOf(node) === ref ? node.args : [node]).map(from => [from, ref] as const),
    );
    const given = (backward ? handed : parts).filter(([node]) => (isInput(node) ? stage === 0 : isHere(node)));
    return [...own, ...given].flatMap(([node, ref]) => pieces(node, ref));
  }

  function kernel(backward: boolean, stage: number): readonly KernelPlan[] {
    const isHere = (node: Node) => node.backward === backward && stageOf(node) === stage;
    const isAgain = (node: Node) => backward && !node.backward && !isThere(node);
    return kernelOf(stores(backward, stage), node => isComputed(node) && (isHere(node) || isAgain(node)), placeOf);
  }

  const stacked = (a: View, b: View) =>
    lda(a) === lda(b) && a.columns === b.columns && at(b) === at(a) + a.rows * lda(a);
  const beside = (a: Node, b: Node) => {
    const [first, second] = [placeOf(a), placeOf(b)];
    return first.block === second.block && first.after === second.after && first.column + a.width === second.column;
  };
  const inOrder = <T>(things: readonly T[], nodeOf: (thing: T) => Node) =>
    [...things].sort((a, b) => compare(placeOf(nodeOf(a)), placeOf(nodeOf(b))));

  function products(of: readonly Node[], hoisted: boolean): readonly Work[] {
    const isHoisted = (sum: Node, { left }: Term) => !sum.backward && isX(left);
    const begun = new Set(
      of.filter(sum => sum.args.length > 0 || (!hoisted && sum.terms?.some(term => isHoisted(sum, term)))),
    );
    const all = of.flatMap(sum =>
      (sum.terms ?? []).filter(term => isHoisted(sum, term) === hoisted).map(term => ({ ...term, sum })),
    );
    const made: Work[] = [];
    const make = (run: readonly (Term & { readonly sum: Node })[], N: number, K: number) => {
      const [first] = run;
      if (!first) return;
      const { left, right, transposed, sum } = first;
      const accumulate = begun.has(sum);
      made.push({
        kind: 'product',
        left: placeOf(left),
        N,
        K,
        right: at(right),
        ldb: lda(right),
        transposed,
        to: placeOf(sum),
        accumulate,
      });
      for (const one of run) begun.add(one.sum);
    };
    for (const byOne of groupedBy(
      all.filter(({ transposed }) => transposed),
      ({ left }) => left,
    ).flatMap(all => rounds(all, ({ sum }) => sum))) {
      const merged = runs(
        inOrder(byOne, ({ sum }) => sum),
        (a, b) => beside(a.sum, b.sum) && stacked(a.right, b.right) && begun.has(a.sum) === begun.has(b.sum),
      );
      for (const run of merged)
        make(
          run,
          total(run, ({ sum }) => sum.width),
          run[0]?.right.columns ?? 0,
        );
    }
    for (const ofOne of groupedBy(
      all.filter(({ transposed }) => !transposed),
      ({ sum }) => sum,
    )) {
      const merged = runs(
        inOrder(ofOne, ({ left }) => left),
        (a, b) => beside(a.left, b.left) && stacked(a.right, b.right),
      );
      for (const run of merged)
        make(
          run,
          run[0]?.sum.width ?? 0,
          total(run, ({ right }) => right.rows),
        );
    }
    return made;
  }

  const leftOf = (addition: Addition): Node =>
    (ofProducts.has(addition) ? addition.left.args[0] : undefined) ?? addition.left;

  function gradients(): readonly GradientPlan[] {
    const merged = groupedBy(additions, addition => (ofProducts.has(addition) ? addition : addition.right)).flatMap(
      all => runs(inOrder(all, leftOf), (a, b) => !ofProducts.has(a) && beside(a.left, b.left) && stacked(a.to, b.to)),
    );
    return merged.flatMap(run => {
      const [first] = run;
      if (!first) return [];
      const elementwise = ofProducts.has(first);
      const right = elementwise ? first.left.args[1] : first.right;
      return {
        kind: 'gradient' as const,
        left: placeOf(leftOf(first)),
        M: total(run, ({ left }) => left.width),
        ...(right && { right: placeOf(right) }),
        elementwise,
        N: first.to.columns,
        to: at(first.to),
        ldc: lda(first.to),
      };
    });
  }

  function ofSamples(node: Node): Work {
    const [left, right] = node.args as readonly [Node, Node];
    const { name } = node.operation as PerSample;
    const widths = [left.width, right.width, node.width] as const;
    return { kind: 'per sample', name, left: placeOf(left), right: placeOf(right), to: placeOf(node), widths };
  }

  return {
    products,
    gradients,
    rows: () =>
      kernelOf(
        shared.map(node => [node, placeOf(node)] as const),
        node => shared.includes(node),
        placeOf,
      ),
    step(backward) {
      const made = [...sums, ...perSample].filter(node => node.backward === backward && !(dxAfter && node === dx));
      const ours = live.filter(node => node.backward === backward && !node.shared && !(dxAfter && node === dx));
      const last = greatest([0, ...ours.map(stageOf)]);
      return Array.from({ length: last + 2 }, (_, n) => n - 1).flatMap(stage => {
        const behind = made.filter(node => productStage(node) === stage);
        const kernels = stage < 0 ? [] : kernel(backward, stage);
        return [
          ...kernels,
          ...products(
            behind.filter(({ terms }) => terms),
            false,
          ),
          ...behind.filter(({ terms }) => !terms).map(ofSamples),
        ];
      });
    },
  };
}

/** The first of those that share a key, of every key; then the second, and so on. */
function rounds<T, K>(things: readonly T[], keyOf: (thing: T) => K): readonly (readonly T[])[] {
  const groups = groupedBy(things, keyOf);
  const most = greatest([0, ...groups.map(({ length }) => length)]);
  return Array.from({ length: most }, (_, n) => groups.flatMap(group => group.slice(n, n + 1)));
}

type Store = readonly [Node, Ref];

/** A kernel that stores these, if there are any: what it finds where it lies, and what it computes. */
function kernelOf(
  stores: readonly Store[],
  computes: (node: Node) => boolean,
  placeOf: (node: Node) => Ref,
): readonly KernelPlan[] {
  if (stores.length === 0) return [];
  const found = new Map<Node, Ref>();
  const computed = new Set<Node>();
  const visit = (node: Node): void => {
    if (found.has(node) || computed.has(node) || node.constant?.length === 1) return;
    if (!computes(node) || isInput(node)) {
      found.set(node, placeOf(node));
      return;
    }
    node.args.forEach(visit);
    computed.add(node);
  };
  for (const [node] of stores) visit(node);
  return [{ kind: 'kernel', found, computed: [...computed], stores }];
}

/** What is put beside each other, and where each comes. */
function pieces(node: Node, ref: Ref): readonly Store[] {
  const [a, b] = node.args;
  if (node.operation?.kind !== 'joined' || !a || !b) return [[node, ref]];
  return [...pieces(a, ref), ...pieces(b, { ...ref, column: ref.column + a.width })];
}

function compare(a: Ref, b: Ref): number {
  return a.block === b.block ? a.column - b.column : a.block < b.block ? -1 : 1;
}

const total = <T>(things: readonly T[], numberOf: (thing: T) => number) =>
  things.reduce((sum, thing) => sum + numberOf(thing), 0);
