/** Where every value lies: those beside each other that are operands or results of one product. */
import { chains } from './chains.ts';
import type { Keeping } from './keeping.ts';
import type { Addition, Graph, Node, View } from './nodes.ts';
import { isX, type Stages, wholeOf } from './stages.ts';
import { type Block, type Life, type Recorded, type Ref, stateBlock, stateGradientBlock } from './work.ts';

export interface Places {
  readonly blocks: readonly Block[];
  /** Where a value lies. */
  placeOf(node: Node): Ref;
  /** What backward hands on, and where: the gradients in the state before, and that in x where a step computes it. */
  readonly outputs: readonly (readonly [Node, Ref])[];
  /** Where each parameter begins among all. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Where a part of a parameter begins. */
  at(view: View): number;
  /** From a row of a parameter to the next. */
  lda(view: View): number;
  /** Rows of given numbers. */
  readonly constants: readonly (readonly [Ref, readonly number[]])[];
  /** Rows that are computed of parameters. */
  readonly shared: readonly Node[];
}

export function placesOf(graph: Graph, stages: Stages, keeping: Keeping, declared: Recorded): Places {
  const { dprev, dx, additions } = graph;
  const { live, sums, perSample, usersOf, dxAfter } = stages;
  const { parts, kept, stored, ofProducts, multiplied } = keeping;
  const { size, state, shapes } = declared;
  const refs = new Map<Node, Ref>();
  const blocks: Block[] = [];
  const block = (name: string, columns: number, life: Life, forDx: boolean = false): string => {
    blocks.push({ name, columns, life, forDx });
    return name;
  };

  for (const [part, columns] of Object.entries(state)) {
    block(stateBlock(part), columns, 'states');
    block(stateGradientBlock(part), columns, 'step');
  }
  block('x', size.d, 'span');
  block('dy', state.h ?? 0, 'span');
  block('dx', size.d, 'span');
  for (const node of live) if (node.input) refs.set(node, { block: blockOf(node.input), column: 0 });
  for (const [node, part] of parts) refs.set(node, { block: stateBlock(part), column: 0, after: true });
  const handedOn = Object.entries(dprev).map(
    ([part, node]) => [node, { block: stateGradientBlock(part), column: 0 }] as const,
  );
  const isRead = (node: Node) => usersOf(node).length > 0 || multiplied.has(node);
  for (const [node, ref] of handedOn) if (node.terms && !refs.has(node) && !isRead(node)) refs.set(node, ref);
  if (dxAfter) refs.set(dx, { block: 'dx', column: 0 });

  const added = additions.filter(addition => !ofProducts.has(addition));
  const isFree = (node: Node) => !refs.has(node) && (node.terms !== undefined || stored.has(node));
  const { groups, parameterOrder } = neighbours(productLists(sums, added), isFree);
  const grouped = new Set(groups.flat());
  const alone = [...sums, ...perSample, ...stored].filter(node => !grouped.has(node) && !refs.has(node));
  const residents = residentsOf(stages, keeping, node => !refs.has(node) && !grouped.has(node));
  const moved = new Set(residents.values());
  for (const group of [...groups, ...alone.map(node => [node])]) {
    const members = group.filter(node => !moved.has(node));
    if (members.length === 0) continue;
    const all = members.flatMap(node => [node, residents.get(node) ?? node]);
    const isOfDx = dxAfter && all.some(node => dx.terms?.some(({ left }) => wholeOf(left) === node));
    const isOfSpan = isOfDx || all.some(node => multiplied.has(node) || node.terms?.some(({ left }) => isX(left)));
    const life = all.some(node => kept.has(node)) ? 'all' : isOfSpan ? 'span' : 'step';
    const name = block(
      `v${blocks.length}`,
      members.reduce((sum, { width }) => sum + width, 0),
      life,
      isOfDx,
    );
    let column = 0;
    for (const node of members) {
      refs.set(node, { block: name, column });
      refs.set(residents.get(node) ?? node, { block: name, column });
      column += node.width;
    }
  }

  const parameters: Record<string, number> = {};
  let count = 0;
  for (const name of new Set([...parameterOrder, ...Object.keys(shapes)])) {
    const [rows, columns] = shapes[name] ?? [0, 0];
    parameters[name] = count;
    count += rows * columns;
  }
  block('p', count, 'row');
  block('dp', count, 'row');
  const lda = ({ parameter }: View) => shapes[parameter]?.[1] ?? 0;
  const at = (view: View) => (parameters[view.parameter] ?? 0) + view.row * lda(view) + view.column;

  const constants: (readonly [Ref, readonly number[]])[] = [];
  const shared: Node[] = [];
  let column = 0;
  for (const node of live.filter(node => node.shared && node.constant?.length !== 1)) {
    const ref = node.view ? { block: 'p', column: at(node.view) } : { block: 'shared', column };
    refs.set(node, ref);
    if (node.view) continue;
    if (node.constant) constants.push([ref, node.constant]);
    else shared.push(node);
    column += node.width;
  }
  block('shared', column, 'row');

  const refOf = (node: Node): Ref | undefined => {
    const { operation, args } = node;
    if (operation?.kind !== 'part' || !args[0]) return refs.get(node);
    const whole = refOf(args[0]);
    return whole && { ...whole, column: whole.column + operation.from };
  };
  return {
    blocks,
    placeOf(node) {
      const ref = refOf(node);
      if (!ref) throw new Error(`value ${node.id} has no place`);
      return ref;
    },
    outputs: dxAfter ? handedOn : [...handedOn, [dx, { block: 'dx', column: 0 }]],
    parameters,
    at,
    lda,
    constants,
    shared,
  };
}

function blockOf(input: NonNullable<Node['input']>): string {
  if (input === 'dy' || input.role === 'x') return input === 'dy' ? 'dy' : 'x';
  return input.role === 'prev' ? stateBlock(input.name) : stateGradientBlock(input.name);
}

/** Kept values, by the sum that each is made of and takes the place of, since nobody needs the sum any more. */
function residentsOf(
  { live, usersOf, stageOf }: Stages,
  { kept, stored }: Keeping,
  isFree: (node: Node) => boolean,
): ReadonlyMap<Node, Node> {
  const residents = new Map<Node, Node>();
  const walksTwice = live.filter(({ operation }) => operation?.kind === 'over units').map(stageOf);
  for (const node of live) {
    if (node.backward || !stored.has(node) || !isFree(node) || walksTwice.includes(stageOf(node))) continue;
    const sum = sumsWithin(node).find(
      made =>
        made.width === node.width &&
        !residents.has(made) &&
        !kept.has(made) &&
        usersOf(made).every(user => stageOf(user) === stageOf(node)),
    );
    if (sum) residents.set(sum, node);
  }
  return residents;
}

/** The sums that a value is made of in a kernel. */
function sumsWithin(node: Node): readonly Node[] {
  return node.terms ? [node] : node.args.filter(arg => arg.backward === node.backward).flatMap(sumsWithin);
}

/** A value that is the result or an operand of a product, and the parameter of that product. */
interface Member {
  readonly node: Node;
  readonly view: View;
}

type Lists = readonly (readonly Member[])[];

/** Those of products that are one where they are neighbours: forward's, and backward's. */
function productLists(sums: readonly Node[], additions: readonly Addition[]): readonly [Lists, Lists] {
  const ofSums = (backward: boolean): Lists => {
    const terms = sums
      .filter(sum => sum.backward === backward)
      .flatMap(sum => (sum.terms ?? []).map(term => ({ ...term, sum })));
    const results = groupedBy(
      terms.filter(({ transposed }) => transposed),
      ({ left }) => left,
    );
    const addends = groupedBy(
      terms.filter(({ transposed }) => !transposed),
      ({ sum }) => sum,
    );
    return [
      ...results.map(all => all.map(({ sum, right }) => ({ node: sum, view: right }))),
      ...addends.map(all => all.map(({ left, right }) => ({ node: left, view: right }))),
    ];
  };
  const added = groupedBy(additions, ({ right }) => right).map(all =>
    all.map(({ left, to }) => ({ node: left, view: to })),
  );
  return [ofSums(false), [...ofSums(true), ...added]];
}

/**
 * An order of values and one of parameters that agree: forward's values give that of its parameters, which gives that of
 * backward's values. Products come before sums of rows, which gain little.
 */
function neighbours(sides: readonly Lists[], isFree: (node: Node) => boolean) {
  let groups: (readonly Node[])[] = [];
  let parameterOrder: readonly string[] = [];
  const worth = (list: readonly Member[]) => (list.some(({ view }) => view.rows > 1) ? list.length : 0);
  for (const side of sides) {
    const lists = [...side]
      .sort((a, b) => worth(b) - worth(a))
      .map(list => sortedBy(list, ({ view }) => view.parameter, parameterOrder));
    groups = [...groups, ...chains(lists.map(list => list.map(({ node }) => node).filter(isFree)))];
    const order = groups.flat();
    const found = chains(
      lists.map(list => sortedBy(list, ({ node }) => node, order).map(({ view }) => view.parameter)),
    );
    parameterOrder = [...new Set([...parameterOrder, ...found.flat()])];
  }
  return { groups, parameterOrder };
}

function sortedBy<T, K>(things: readonly T[], keyOf: (thing: T) => K, order: readonly K[]): readonly T[] {
  return [...things].sort((a, b) => order.indexOf(keyOf(a)) - order.indexOf(keyOf(b)));
}

/** Things that share a key, in the order of their first appearance. */
export function groupedBy<T, K>(things: readonly T[], keyOf: (thing: T) => K): readonly (readonly T[])[] {
  const groups = new Map<K, T[]>();
  for (const thing of things) {
    const group = groups.get(keyOf(thing));
    if (group) group.push(thing);
    else groups.set(keyOf(thing), [thing]);
  }
  return [...groups.values()];
}
