/**
 * From a cell's equations to what the engine does: where every value lies and for how long, which kernels and products a
 * step has, and what is done for many steps at once.
 *
 * | when     | what |
 * |----------|------|
 * | before   | rows that all samples share and that are computed of parameters: once a pass |
 * | hoisted  | products by x: before the steps of a span, all at once |
 * | forward, backward | a step: kernels, and between them the products that wait for one and that the next waits for |
 * | after    | products that only gradients of parameters and of x are made of: behind the steps of a span |
 *
 * A kernel is all that can be done element by element before a product is needed. Products by one operand are one product
 * where their results, and their parameters, are neighbours; so are products that are added up. Of forward's values
 * backward finds those that are dear again, products and functions beyond a few sums; what is cheap it computes again. A
 * value that is kept takes the place of the sum that it is made of.
 */

import type { CellSize } from '../cells/cell.ts';
import type { PerSample } from '../equations/operation.ts';
import { mul } from '../equations/operations.ts';
import { chains, runs } from './chains.ts';
import type { Addition, Graph, Node, Term, View } from './nodes.ts';

/** How long a block lives, and so how many rows it has: of all steps and one more, all steps, a span's, one; or a row. */
export type Life = 'states' | 'all' | 'span' | 'step' | 'row';

export interface Block {
  readonly name: string;
  /** Numbers of a row. */
  readonly columns: number;
  readonly life: Life;
  /** Whether dL/dx needs it: where that comes later, it lives until then. */
  readonly forDx: boolean;
}

/** Where a value of step t lies: in the row of step t, or of the step after. */
export interface Ref {
  readonly block: string;
  readonly column: number;
  readonly after?: boolean;
}

/** A kernel: what it finds, what it computes in order, and where it puts what. */
export interface KernelPlan {
  readonly kind: 'kernel';
  readonly found: ReadonlyMap<Node, Ref>;
  readonly computed: readonly Node[];
  readonly stores: readonly (readonly [node: Node, to: Ref])[];
}

/** to (+)= left · op(right): right lies at a number of the parameters, N×K where it is transposed, else K×N. */
export interface ProductPlan {
  readonly kind: 'product';
  readonly left: Ref;
  readonly N: number;
  readonly K: number;
  readonly right: number;
  readonly ldb: number;
  readonly transposed: boolean;
  readonly to: Ref;
  readonly accumulate: boolean;
}

/** A parameter's gradient, M×N at a number of the parameters, += leftᵀ · right; without a right the sums of left's rows. */
export interface GradientPlan {
  readonly kind: 'gradient';
  readonly left: Ref;
  readonly M: number;
  readonly right?: Ref;
  /** Whether it is the sums of the rows of left⊙right. */
  readonly elementwise: boolean;
  readonly N: number;
  readonly to: number;
  readonly ldc: number;
}

/** A product of every sample by itself. */
export interface PerSamplePlan {
  readonly kind: 'per sample';
  readonly name: PerSample['name'];
  readonly left: Ref;
  readonly right: Ref;
  readonly to: Ref;
  /** Columns of what is multiplied, and of the result. */
  readonly widths: readonly [left: number, right: number, to: number];
}

export type Work = KernelPlan | ProductPlan | GradientPlan | PerSamplePlan;

export interface Plan {
  readonly size: CellSize;
  readonly blocks: readonly Block[];
  /** Where each parameter lies among all: the number it begins with. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Rows of given numbers, and where they lie. */
  readonly constants: readonly (readonly [Ref, readonly number[]])[];
  readonly before: readonly Work[];
  readonly hoisted: readonly Work[];
  readonly forward: readonly Work[];
  readonly backward: readonly Work[];
  readonly after: readonly Work[];
  /** The last of `after`, by itself. */
  readonly dx: readonly Work[];
  /** Whether kernels read x, so that it cannot stay indices. */
  readonly readsX: boolean;
}

/** The block of a part of the state, and that of the gradient in it. */
export const stateBlock = (part: string): string => `state.${part}`;
export const stateGradientBlock = (part: string): string => `dstate.${part}`;

/** The columns of every part of the state, and the shape of every parameter. */
export interface Declared {
  readonly size: CellSize;
  readonly state: Readonly<Record<string, number>>;
  readonly shapes: Readonly<Record<string, readonly [number, number]>>;
}

export function planOf(graph: Graph, { size, state, shapes }: Declared): Plan {
  const { nodes, next, dprev, dx, additions } = graph;
  const users = new Map<Node, Node[]>();
  for (const node of nodes) {
    for (const arg of [...node.args, ...(node.terms ?? []).map(({ left }) => left)]) {
      users.set(arg, [...(users.get(arg) ?? []), node]);
    }
  }
  const needed = reachable([...Object.values(next), ...Object.values(dprev), dx, ...additions.flatMap(operandsOf)]);
  const live = nodes.filter(node => needed.has(node));
  const sums = live.filter(({ terms }) => terms);
  const perSample = live.filter(({ operation }) => operation?.kind === 'per sample');
  const dxAfter =
    dx.terms !== undefined && dx.args.length === 0 && !(users.get(dx) ?? []).some(user => needed.has(user));
  const inStep = live.filter(node => !node.shared && !(dxAfter && node === dx));

  // When: the stage of the kernel that computes a value, or reads it first.
  const stages = new Map<Node, number>();
  const stageOf = (node: Node): number => {
    const known = stages.get(node);
    if (known !== undefined) return known;
    const stage = isProduct(node)
      ? productStage(node) + 1
      : node.operation?.kind === 'part'
        ? leftStage(node) + 1
        : Math.max(
            0,
            ...node.args.map(arg =>
              arg.backward === node.backward
                ? stageOf(arg) + (arg.operation?.kind === 'joined' && node.operation?.kind !== 'joined' ? 1 : 0)
                : 0,
            ),
          );
    stages.set(node, stage);
    return stage;
  };
  /** The kernel behind which a value can be multiplied; −1 before the first. */
  const leftStage = (node: Node): number => {
    if (node.operation?.kind === 'part' && node.args[0]) return leftStage(node.args[0]);
    return node.input || node.shared ? -1 : isProduct(node) ? productStage(node) : stageOf(node);
  };
  const productStage = (sum: Node): number => {
    const before = sum.terms ? sum.args.map(arg => (arg.backward === sum.backward ? stageOf(arg) : 0)) : [];
    const lefts = (sum.terms?.map(({ left }) => left) ?? sum.args).map(left =>
      left.backward === sum.backward ? leftStage(left) : -1,
    );
    return Math.max(-1, ...before, ...lefts);
  };

  // What is stored. Of forward: what backward needs of it, and cannot have cheaply; and whatever crosses from a stage to the next.
  const parts = new Map<Node, string>(
    Object.entries(next)
      .filter(([, node]) => isComputed(node))
      .map(([part, node]) => [node, part]),
  );
  const kept = new Set<Node>();
  const stored = new Set<Node>();
  const isThere = (node: Node): boolean =>
    node.shared ||
    isLoad(node) ||
    parts.has(node) ||
    kept.has(node) ||
    (node.operation?.kind === 'part' && node.args.every(isThere));
  const isDear = ({ operation, terms }: Node) =>
    terms !== undefined || operation?.kind !== 'elementwise' || operation.costly;
  const keep = (node: Node): void => {
    if (node.operation?.kind === 'part') node.args.forEach(keep);
    else if (!isThere(node)) kept.add(node);
  };
  const wanted = live
    .filter(({ backward }) => backward)
    .flatMap(({ args }) => args.filter(({ backward }) => !backward));
  const multiplied = [
    ...sums.filter(({ backward }) => backward).flatMap(({ terms = [] }) => terms.map(({ left }) => left)),
    ...perSample.filter(({ backward }) => backward).flatMap(({ args }) => args),
    ...additions.filter(({ right }) => right).flatMap(operandsOf),
  ];
  /** Sums over rows of a⊙b, where a and b are there anyway and a⊙b is not. */
  const elementwiseAdditions = new Set(
    additions.filter(
      ({ left, right }) =>
        !right &&
        left.operation === mul &&
        !multiplied.includes(left) &&
        left.args.every(
          arg =>
            arg.width === left.width &&
            !arg.shared &&
            (multiplied.includes(arg) || (!arg.backward && (isLoad(arg) || parts.has(arg)))),
        ),
    ),
  );
  const operands = [
    ...multiplied,
    ...additions
      .filter(({ right }) => !right)
      .flatMap(addition => (elementwiseAdditions.has(addition) ? addition.left.args : [addition.left])),
  ];
  for (const node of operands) if (!node.backward) keep(node);
  const dearOf = (node: Node): Node[] => (isThere(node) ? [] : isDear(node) ? [node] : node.args.flatMap(dearOf));
  for (const node of wanted) if (isDear(node)) keep(node);
  for (const node of wanted) if (dearOf(node).length > 0) keep(node);
  const store = (node: Node): void => {
    if (node.operation?.kind === 'part') node.args.forEach(store);
    else if (!isLoad(node) && !node.shared && !isProduct(node) && !parts.has(node)) stored.add(node);
  };
  for (const node of kept) store(node);
  for (const node of operands) if (node.backward) store(node);
  for (const { terms = [] } of sums) for (const { left } of terms) store(left);
  for (const { args } of perSample) args.forEach(store);
  for (const node of inStep) {
    for (const arg of node.args) {
      const crosses = arg.backward === node.backward && stageOf(arg) < stageOf(node);
      if (crosses || node.operation?.kind === 'part') store(arg);
    }
  }

  // Where.
  const refs = new Map<Node, Ref>();
  const blocks: Block[] = [];
  const block = (columns: number, life: Life, forDx: boolean = false, name: string = `v${blocks.length}`): string => {
    blocks.push({ name, columns, life, forDx });
    return name;
  };
  for (const [part, columns] of Object.entries(state)) {
    block(columns, 'states', false, stateBlock(part));
    block(columns, 'step', false, stateGradientBlock(part));
  }
  block(size.d, 'span', false, 'x');
  block(state.h ?? 0, 'span', false, 'dy');
  block(size.d, 'span', false, 'dx');
  for (const node of live) {
    if (node.input === 'dy') refs.set(node, { block: 'dy', column: 0 });
    else if (node.input?.role === 'x') refs.set(node, { block: 'x', column: 0 });
    else if (node.input?.role === 'prev') refs.set(node, { block: stateBlock(node.input.name), column: 0 });
    else if (node.input) refs.set(node, { block: stateGradientBlock(node.input.name), column: 0 });
  }
  for (const [node, part] of parts) refs.set(node, { block: stateBlock(part), column: 0, after: true });
  const outputs = Object.entries(dprev).map(
    ([part, node]) => [node, { block: stateGradientBlock(part), column: 0 }] as const,
  );
  const isUsed = (node: Node) =>
    (users.get(node) ?? []).some(user => needed.has(user)) ||
    additions.some(addition => operandsOf(addition).includes(node));
  for (const [node, ref] of outputs) if (node.terms && !refs.has(node) && !isUsed(node)) refs.set(node, ref);
  if (dxAfter) refs.set(dx, { block: 'dx', column: 0 });

  const isHoisted = ({ left, transposed }: Term) => isX(left) && transposed;
  const lists = productLists(
    sums,
    additions.filter(addition => !elementwiseAdditions.has(addition)),
  );
  const { groups, parameterOrder } = neighbours(
    lists,
    node => !refs.has(node) && (node.terms !== undefined || stored.has(node)),
  );
  const grouped = new Set(groups.flat());
  const alone = [...sums, ...perSample, ...stored]
    .filter(node => !grouped.has(node) && !refs.has(node))
    .map(node => [node]);
  // A kept value in place of a sum that it is made of, where nobody needs the sum any more.
  const replaced = new Map<Node, Node>();
  for (const node of live) {
    if (node.backward || !stored.has(node) || refs.has(node) || grouped.has(node)) continue;
    const sum = sumsWithin(node).find(
      sum =>
        !refs.has(sum) &&
        !replaced.has(sum) &&
        !kept.has(sum) &&
        sum.width === node.width &&
        (users.get(sum) ?? []).filter(user => needed.has(user)).every(user => stageOf(user) === stageOf(node)) &&
        !inStep.some(other => other.operation?.kind === 'over units' && stageOf(other) === stageOf(node)),
    );
    if (sum) replaced.set(sum, node);
  }
  const inPlace = new Set(replaced.values());
  for (const group of [...groups, ...alone]) {
    const members = group.filter(node => !inPlace.has(node) && !refs.has(node));
    if (members.length === 0) continue;
    const residents = members.flatMap(node => [node, ...(replaced.has(node) ? [replaced.get(node) as Node] : [])]);
    const life: Life = residents.some(node => kept.has(node))
      ? 'all'
      : residents.some(
            node =>
              node.terms?.some(isHoisted) ||
              additions.some(
                addition =>
                  operandsOf(addition).includes(node) ||
                  (elementwiseAdditions.has(addition) && addition.left.args.includes(node)),
              ) ||
              (dxAfter && dx.terms?.some(({ left }) => left === node)),
          )
        ? 'span'
        : 'step';
    const name = block(
      members.reduce((sum, { width }) => sum + width, 0),
      life,
      dxAfter && residents.some(node => dx.terms?.some(({ left }) => left === node)),
    );
    let column = 0;
    for (const node of members) {
      refs.set(node, { block: name, column });
      const resident = replaced.get(node);
      if (resident) refs.set(resident, { block: name, column });
      column += node.width;
    }
  }
  if (!dxAfter) outputs.push([dx, { block: 'dx', column: 0 }]);

  // Parameters: those that are neighbours in products, then the others.
  const names = [...parameterOrder, ...Object.keys(shapes).filter(name => !parameterOrder.includes(name))];
  const parameters: Record<string, number> = {};
  let count = 0;
  for (const name of names) {
    parameters[name] = count;
    const [rows, columns] = shapes[name] ?? [0, 0];
    count += rows * columns;
  }
  block(count, 'row', false, 'p');
  block(count, 'row', false, 'dp');
  const at = (view: View) => (parameters[view.parameter] ?? 0) + view.row * lda(view) + view.column;
  const lda = ({ parameter }: View) => shapes[parameter]?.[1] ?? 0;
  const shared = live.filter(node => node.shared && !(node.constant?.length === 1));
  const sharedBlock = block(
    shared.reduce((sum, { width, view }) => sum + (view ? 0 : width), 0),
    'row',
    false,
    'shared',
  );
  const constants: [Ref, readonly number[]][] = [];
  let column = 0;
  for (const node of shared) {
    if (node.view) {
      refs.set(node, { block: 'p', column: at(node.view) });
      continue;
    }
    const ref = { block: sharedBlock, column };
    refs.set(node, ref);
    if (node.constant) constants.push([ref, node.constant]);
    column += node.width;
  }

  const refOf = (node: Node): Ref | undefined => {
    const { operation, args } = node;
    if (operation?.kind !== 'part' || !args[0]) return refs.get(node);
    const whole = refOf(args[0]);
    return whole && { ...whole, column: whole.column + operation.from };
  };
  const place = (node: Node): Ref => {
    const ref = refOf(node);
    if (!ref) throw new Error(`value ${node.id} has no place`);
    return ref;
  };

  /** The kernel of a stage. */
  const kernel = (backward: boolean, stage: number): KernelPlan[] => {
    const here = (node: Node) => node.backward === backward && !node.shared && stageOf(node) === stage;
    const stores: (readonly [Node, Ref])[] = [];
    for (const node of stored) if (here(node)) stores.push(...pieces(node, place(node)));
    if (!backward) {
      for (const [part, node] of Object.entries(next)) {
        const when = node.input ? 0 : stageOf(node);
        if (when === stage) stores.push(...pieces(node, { block: stateBlock(part), column: 0, after: true }));
      }
    } else {
      for (const [node, ref] of outputs) {
        const [source] = node.terms && refs.get(node) === ref ? node.args : [node];
        const when = source && (source.backward ? stageOf(source) : 0);
        if (source && when === stage) stores.push(...pieces(source, ref));
      }
    }
    return stores.length > 0
      ? [
          kernelOf(
            stores,
            node => isComputed(node) && (here(node) || (backward && !node.backward && !isThere(node))),
            place,
          ),
        ]
      : [];
  };

  /** The products of a stage: the terms of every sum together, those that share an operand as one. */
  const products = (of: readonly Node[], hoisted: boolean): ProductPlan[] => {
    const begun = new Set<Node>(
      of.filter(sum => sum.args.length > 0 || (!hoisted && sum.terms?.some(isHoisted) && !sum.backward)),
    );
    const terms = of.flatMap(sum =>
      (sum.terms ?? []).filter(term => sum.backward || isHoisted(term) === hoisted).map(term => ({ sum, term })),
    );
    const made: ProductPlan[] = [];
    const byLeft = groupedBy(
      terms.filter(({ term }) => term.transposed),
      ({ term }) => term.left,
    );
    for (const [left, all] of byLeft) {
      const sorted = [...all].sort((a, b) => order(place(a.sum), place(b.sum)));
      const merged = runs(
        sorted,
        (a, b) =>
          follows(place(a.sum), a.sum.width, place(b.sum)) &&
          stacked(a.term.right, b.term.right) &&
          begun.has(a.sum) === begun.has(b.sum),
      );
      for (const run of merged) {
        const [{ sum, term }] = run as [(typeof run)[number]];
        made.push({
          kind: 'product',
          left: place(left),
          N: run.reduce((total, one) => total + one.sum.width, 0),
          K: term.right.columns,
          right: at(term.right),
          ldb: lda(term.right),
          transposed: true,
          to: place(sum),
          accumulate: begun.has(sum),
        });
        for (const one of run) begun.add(one.sum);
      }
    }
    for (const sum of of) {
      const plain = terms.filter(one => one.sum === sum && !one.term.transposed).map(({ term }) => term);
      const sorted = [...plain].sort((a, b) => order(place(a.left), place(b.left)));
      const merged = runs(
        sorted,
        (a, b) => follows(place(a.left), a.left.width, place(b.left)) && stacked(a.right, b.right),
      );
      for (const run of merged) {
        const [{ left, right }] = run as [Term];
        made.push({
          kind: 'product',
          left: place(left),
          N: sum.width,
          K: run.reduce((total, one) => total + one.right.rows, 0),
          right: at(right),
          ldb: lda(right),
          transposed: false,
          to: place(sum),
          accumulate: begun.has(sum),
        });
        begun.add(sum);
      }
    }
    return made;
  };
  const stacked = (a: View, b: View) =>
    lda(a) === lda(b) && a.columns === b.columns && at(b) === at(a) + a.rows * lda(a);

  const gradients = (): GradientPlan[] => {
    const made: GradientPlan[] = [];
    const byRight = groupedBy(additions, addition => (elementwiseAdditions.has(addition) ? addition : addition.right));
    for (const [, all] of byRight) {
      const sorted = [...all].sort((a, b) => order(place(leftOf(a)), place(leftOf(b))));
      const merged = runs(
        sorted,
        (a, b) =>
          !elementwiseAdditions.has(a) && follows(place(a.left), a.left.width, place(b.left)) && stacked(a.to, b.to),
      );
      for (const run of merged) {
        const [first] = run as [Addition];
        const elementwise = elementwiseAdditions.has(first);
        const right = elementwise ? first.left.args[1] : first.right;
        made.push({
          kind: 'gradient',
          left: place(leftOf(first)),
          M: run.reduce((total, one) => total + one.left.width, 0),
          ...(right && { right: place(right) }),
          elementwise,
          N: first.to.columns,
          to: at(first.to),
          ldc: lda(first.to),
        });
      }
    }
    return made;
  };
  const leftOf = (addition: Addition): Node =>
    elementwiseAdditions.has(addition) ? (addition.left.args[0] as Node) : addition.left;

  const step = (backward: boolean): Work[] => {
    const ours = sums.filter(sum => sum.backward === backward && !(dxAfter && sum === dx));
    const last = Math.max(
      0,
      ...inStep.filter(node => node.backward === backward).map(stageOf),
      ...ours.map(productStage),
    );
    const work: Work[] = [];
    for (let stage = -1; stage <= last; stage++) {
      if (stage >= 0) work.push(...kernel(backward, stage));
      work.push(
        ...products(
          ours.filter(sum => productStage(sum) === stage),
          false,
        ),
      );
      for (const node of perSample) {
        if (node.backward !== backward || productStage(node) !== stage) continue;
        const [left, right] = node.args as [Node, Node];
        const { name } = node.operation as PerSample;
        work.push({
          kind: 'per sample',
          name,
          left: place(left),
          right: place(right),
          to: place(node),
          widths: [left.width, right.width, node.width],
        });
      }
    }
    return work;
  };

  const computedShared = shared.filter(({ view, constant }) => !view && !constant);
  return {
    size,
    blocks,
    parameters,
    constants,
    before:
      computedShared.length === 0
        ? []
        : [
            kernelOf(
              computedShared.map(node => [node, place(node)] as const),
              node => computedShared.includes(node),
              place,
            ),
          ],
    hoisted: products(
      sums.filter(({ backward }) => !backward),
      true,
    ),
    forward: step(false),
    backward: step(true),
    after: gradients(),
    dx: dxAfter ? products([dx], false) : [],
    readsX: live.some(
      node =>
        node.args.some(isX) || node.terms?.some(({ left, transposed }) => isX(left) && !(transposed && !node.backward)),
    ),
  };
}

/** Whether kernels compute it. */
const isComputed = ({ operation, terms, shared }: Node) =>
  !terms && !shared && (operation?.kind === 'elementwise' || operation?.kind === 'over units');

/** Whether it is made between kernels. */
const isProduct = ({ operation, terms }: Node) => terms !== undefined || operation?.kind === 'per sample';

/** What lies at a place, side by side. */
function pieces(node: Node, ref: Ref): (readonly [Node, Ref])[] {
  const [a, b] = node.args;
  if (node.operation?.kind !== 'joined' || !a || !b) return [[node, ref]];
  return [...pieces(a, ref), ...pieces(b, { ...ref, column: ref.column + a.width })];
}

const isX = ({ input }: Node) => input !== undefined && input !== 'dy' && input.role === 'x';

const isLoad = ({ input }: Node) => input !== undefined;

const operandsOf = ({ left, right }: Addition): Node[] => (right ? [left, right] : [left]);

function reachable(from: readonly Node[]): ReadonlySet<Node> {
  const found = new Set<Node>();
  const visit = (node: Node): void => {
    if (found.has(node)) return;
    found.add(node);
    node.args.forEach(visit);
    for (const { left } of node.terms ?? []) visit(left);
  };
  from.forEach(visit);
  return found;
}

/** A value that is the result or an operand of a product, and the parameter of that product. */
interface Member {
  readonly node: Node;
  readonly view: View;
}

/** Those of products that are one where they are neighbours: forward's, and backward's. */
function productLists(sums: readonly Node[], additions: readonly Addition[]): readonly [Member[][], Member[][]] {
  const termsOf = (backward: boolean) =>
    sums.filter(sum => sum.backward === backward).flatMap(sum => (sum.terms ?? []).map(term => ({ ...term, sum })));
  const results = (backward: boolean) =>
    [
      ...groupedBy(
        termsOf(backward).filter(({ transposed }) => transposed),
        ({ left }) => left,
      ).values(),
    ].map(all => all.map(({ sum, right }) => ({ node: sum, view: right })));
  const addends = (backward: boolean) =>
    [
      ...groupedBy(
        termsOf(backward).filter(({ transposed }) => !transposed),
        ({ sum }) => sum,
      ).values(),
    ].map(all => all.map(({ left, right }) => ({ node: left, view: right })));
  const added = [...groupedBy(additions, ({ right }) => right).values()].map(all =>
    all.map(({ left, to }) => ({ node: left, view: to })),
  );
  return [
    [...results(false), ...addends(false)],
    [...results(true), ...addends(true), ...added],
  ];
}

/** An order of values and one of parameters in which both agree: forward's values give that of its parameters, which gives that of backward's values. */
function neighbours(lists: readonly (readonly Member[][])[], isPlaced: (node: Node) => boolean) {
  let groups: (readonly Node[])[] = [];
  let parameters: readonly string[] = [];
  for (const side of lists) {
    const worth = (list: readonly Member[]) => (list.some(({ view }) => view.rows > 1) ? list.length : 0); // sums of rows gain little
    const byParameter = [...side]
      .sort((a, b) => worth(b) - worth(a))
      .map(list => sortedBy(list, ({ view }) => view.parameter, parameters));
    groups = [...groups, ...chains(byParameter.map(list => list.map(({ node }) => node).filter(isPlaced)))];
    const byNode = byParameter.map(list => sortedBy(list, ({ node }) => node, groups.flat()));
    const fresh = chains(byNode.map(list => list.map(({ view }) => view.parameter)));
    parameters = [...new Set([...parameters, ...fresh.flat()])];
  }
  return { groups, parameterOrder: parameters };
}

function sortedBy<T, K>(things: readonly T[], keyOf: (thing: T) => K, order: readonly K[]): readonly T[] {
  return [...things].sort((a, b) => order.indexOf(keyOf(a)) - order.indexOf(keyOf(b)));
}

function groupedBy<T, K>(things: readonly T[], keyOf: (thing: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const thing of things) {
    const key = keyOf(thing);
    groups.set(key, [...(groups.get(key) ?? []), thing]);
  }
  return groups;
}

/** The sums that a value is made of, through nothing that is stored. */
function sumsWithin(node: Node): Node[] {
  return node.terms ? [node] : node.args.filter(arg => arg.backward === node.backward).flatMap(sumsWithin);
}

function follows(a: Ref, width: number, b: Ref): boolean {
  return a.block === b.block && a.after === b.after && a.column + width === b.column;
}

function order(a: Ref, b: Ref): number {
  return a.block === b.block ? a.column - b.column : a.block < b.block ? -1 : 1;
}

/** A kernel that stores these: what it finds where it lies, and what it computes. */
function kernelOf(
  stores: readonly (readonly [Node, Ref])[],
  computes: (node: Node) => boolean,
  place: (node: Node) => Ref,
): KernelPlan {
  const found = new Map<Node, Ref>();
  const computed: Node[] = [];
  const visit = (node: Node): void => {
    if (found.has(node) || computed.includes(node)) return;
    if (node.constant?.length === 1) return;
    if (!computes(node) || isLoad(node)) {
      found.set(node, place(node));
      return;
    }
    node.args.forEach(visit);
    computed.push(node);
  };
  for (const [node] of stores) visit(node);
  return { kind: 'kernel', found, computed, stores };
}
