/**
 * Equations as the engine sees them: sums of products, and what is done element by element between them.
 *
 * A sum of products is one node, whatever additions it was written in: `add(timesT(h, W), timesT(x, U))` is two products
 * into one place. What is added to it beside products comes before them, where it is an output that steps hand on, and
 * after them elsewhere, where a kernel reads it anyway.
 */
import type { Operation } from '../../equations/operation.ts';
import * as operations from '../../equations/operations.ts';
import type { Equations } from '../../equations/record.ts';
import type { Input, Value } from '../../equations/symbol.ts';

/** Some rows and columns of a parameter. */
export interface View {
  readonly parameter: string;
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/** left · view, or left · viewᵀ. */
export interface Term {
  readonly left: Node;
  readonly right: View;
  readonly transposed: boolean;
}

/** A value of every sample, or a row that all share. */
export interface Node {
  readonly id: number;
  /** Columns. */
  readonly width: number;
  /** Whether it is a row that all samples share. */
  readonly shared: boolean;
  /** Whether backward computes it. */
  readonly backward: boolean;
  /** An input, or dL/dy of the step beside what comes from the next. */
  readonly input?: Input | 'dy';
  readonly constant?: readonly number[];
  /** A row of a parameter. */
  readonly view?: View;
  readonly operation?: Operation;
  readonly args: readonly Node[];
  /** Of a sum of products; `args` is then what is added before them, or empty. */
  readonly terms?: readonly Term[];
}

/** A product into a parameter's gradient: left ᵀ· right, or where there is no right the sum of left's rows. */
export interface Addition {
  readonly to: View;
  readonly left: Node;
  readonly right?: Node;
}

/** One step of a cell. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly next: Readonly<Record<string, Node>>;
  readonly dprev: Readonly<Record<string, Node>>;
  readonly dx: Node;
  readonly additions: readonly Addition[];
}

/** Why equations cannot run fused, in half a sentence that names the operation. */
export class Unfused extends Error {}

/** @throws Unfused when an operation is none that the engine has. */
export function graphOf(equations: Equations): Graph {
  const { values, next, dprev, dx, dp, backward: begin } = equations;
  const uses = new Map<Value, number>();
  const count = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const { args } of values) args.forEach(count);
  for (const value of [...Object.values(next), ...Object.values(dprev), dx]) count(value);

  const nodes: Node[] = [];
  const made = new Map<Value, Node>();
  const make = (node: Omit<Node, 'id'>): Node => {
    const added = { id: nodes.length, ...node };
    nodes.push(added);
    return added;
  };

  const nodeOf = (value: Value): Node => {
    const known = made.get(value);
    if (known) return known;
    const node = convert(value);
    made.set(value, node);
    return node;
  };

  function convert(value: Value): Node {
    const { input, constant, operation, args, shape } = value;
    const [rows, width] = shape;
    const common = { width, shared: !value.samples, backward: value.id >= begin, args: [] };
    if (!value.samples && rows !== 1)
      throw new Unfused(`${operation?.name ?? 'a matrix'} of whole matrices that all samples share`);
    if (constant) return make({ ...common, constant: Array.from({ length: width }, (_, j) => constant.get(0, j)) });
    const view = viewOf(value);
    if (view) return make({ ...common, view });
    if (input?.role === 'dnext') {
      const later = make({ ...common, input });
      if (input.name !== 'h') return make({ ...common, operation: operations.copy, args: [later] });
      return make({ ...common, operation: operations.add, args: [later, make({ ...common, input: 'dy' })] }); // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
    }
    if (input) return make({ ...common, input });
    if (!operation || operation.kind === 'opaque') throw new Unfused('map is of a function of JavaScript');
    if (operation.kind === 'over rows' || operation.name === 'addTTimes')
      throw new Unfused(`${operation.name} of a value`);
    if (operation.kind === 'part' && args[0]) return columnsFrom(args[0], operation.from, width);
    const apart = operation.kind !== 'elementwise' && operation.kind !== 'over units';
    if (!value.samples && apart) throw new Unfused(`${operation.name} is of rows that all samples share`);
    const terms: Term[] = [];
    const rest: Value[] = [];
    gather(value, value, terms, rest);
    if (terms.length === 0) return make({ ...common, operation, args: args.map(nodeOf) });
    const before = rest
      .map(nodeOf)
      .reduce<Node | undefined>(
        (sum, node) => (sum ? make({ ...common, operation: operations.add, args: [sum, node] }) : node),
        undefined,
      );
    const isOutput = Object.values(dprev).includes(value) && uses.get(value) === 1;
    if (isOutput || !before) return make({ ...common, terms, args: before ? [before] : [] });
    return make({ ...common, operation: operations.add, args: [make({ ...common, terms }), before] });
  }

  /** Some columns of a value: of what it is made of where that is the same, else of where it lies. */
  function columnsFrom(value: Value, from: number, width: number): Node {
    const { operation, args, constant, input, shape } = value;
    if (width === shape[1]) return nodeOf(value);
    const common = { width, shared: !value.samples, backward: value.id >= begin, args: [] };
    const [a, b] = args;
    if (constant)
      return make({ ...common, constant: Array.from({ length: width }, (_, j) => constant.get(0, from + j)) });
    const view = viewOf(value);
    if (view) return make({ ...common, view: columnsOf(view, from, width) });
    const ofWhole = () => {
      if (!value.samples) throw new Unfused('columns is of rows that all samples share');
      return make({ ...common, operation: operations.columns(from, from + width), args: [nodeOf(value)] });
    };
    if (input || !a) return ofWhole();
    const terms: Term[] = [];
    const rest: Value[] = [];
    gather(value, value, terms, rest);
    if (terms.length > 0) {
      const sliced = terms.map(term => ({ ...term, right: resultsOf(term, from, width) }));
      const products = make({ ...common, terms: sliced });
      return rest.reduce(
        (sum, value) => make({ ...common, operation: operations.add, args: [sum, columnsFrom(value, from, width)] }),
        products,
      );
    }
    if (operation?.kind === 'part' && operation.of === 'columns') return columnsFrom(a, operation.from + from, width);
    if (operation?.kind === 'elementwise') {
      const parts = args.map(arg =>
        arg.shape[1] === shape[1] && shape[1] > 1 ? columnsFrom(arg, from, width) : nodeOf(arg),
      );
      return make({ ...common, operation, args: parts });
    }
    if (operation?.kind === 'joined' && b) {
      const split = a.shape[1];
      if (from + width <= split) return columnsFrom(a, from, width);
      if (from >= split) return columnsFrom(b, from - split, width);
    }
    return ofWhole();
  }

  /** The products that a sum is made of, and what else. */
  function gather(value: Value, whole: Value, terms: Term[], rest: Value[]): void {
    const { operation, args, shape } = value;
    const [a, b] = args;
    const absorbed = value === whole || uses.get(value) === 1;
    if (absorbed && operation?.kind === 'product' && a && b) {
      const right = viewOf(b);
      if (!right || !a.samples) throw new Unfused(`${operation.name} is of others than samples and a parameter`);
      if (operation.name === 'timesT') for (const term of besideTerms(a, right)) terms.push(term);
      else terms.push({ left: nodeOf(a), right, transposed: false });
    } else if (absorbed && operation?.name === 'add' && a && b && same(a, shape) && same(b, shape)) {
      gather(a, whole, terms, rest);
      gather(b, whole, terms, rest);
    } else if (value !== whole) rest.push(value);
  }

  /** [a, b]·Bᵀ is a by the first columns of B and b by the others. */
  function besideTerms(left: Value, right: View): Term[] {
    const [a, b] = left.args;
    if (left.operation?.kind !== 'joined' || !a || !b) return [{ left: nodeOf(left), right, transposed: true }];
    const [p, q] = [a.shape[1], b.shape[1]];
    return [...besideTerms(a, columnsOf(right, 0, p)), ...besideTerms(b, columnsOf(right, p, q))];
  }

  const outputs = { next: mapValues(next, nodeOf), dprev: mapValues(dprev, nodeOf), dx: nodeOf(dx) };
  return { ...outputs, additions: Object.values(dp).flatMap(last => additionsOf(last, nodeOf)), nodes };
}

const same = ({ shape }: Value, [rows, columns]: readonly [number, number]) =>
  shape[0] === rows && shape[1] === columns;

/** What is added to a gradient, the last first. */
function additionsOf({ input, operation, args, shape }: Value, nodeOf: (value: Value) => Node): Addition[] {
  const [before, a, b] = args;
  if (input?.role === 'dp') return [];
  if (!operation || !before || !a) throw new Unfused('a gradient is what nothing was added to');
  const to = { parameter: nameOf(before), row: 0, column: 0, rows: shape[0], columns: shape[1] };
  const rest = additionsOf(before, nodeOf);
  if (!a.samples) throw new Unfused(`${operation.name} adds to a gradient what no sample has a part in`);
  if (operation.name === 'addTTimes' && b) return [...besideAdditions(to, nodeOf(a), b, nodeOf), ...rest];
  if (operation.name === 'addColumnSums') return [{ to, left: nodeOf(a) }, ...rest];
  throw new Unfused(`${operation.name} adds to a gradient sample by sample`);
}

/** aᵀ·[b, c] is aᵀ·b in the first columns and aᵀ·c in the others. */
function besideAdditions(to: View, left: Node, right: Value, nodeOf: (value: Value) => Node): Addition[] {
  const [b, c] = right.args;
  if (right.operation?.kind !== 'joined' || !b || !c) return [{ to, left, right: nodeOf(right) }];
  const [p, q] = [b.shape[1], c.shape[1]];
  return [
    ...besideAdditions(columnsOf(to, 0, p), left, b, nodeOf),
    ...besideAdditions(columnsOf(to, p, q), left, c, nodeOf),
  ];
}

/** What some columns of left·view, or of left·viewᵀ, are made of. */
function resultsOf({ right, transposed }: Term, from: number, width: number): View {
  return transposed ? { ...right, row: right.row + from, rows: width } : columnsOf(right, from, width);
}

function columnsOf(view: View, from: number, columns: number): View {
  return { ...view, column: view.column + from, columns };
}

function nameOf({ input, args: [before] }: Value): string {
  return before && !input ? nameOf(before) : (input as Input).name;
}

/** The parameter, or the part of one, that a value is. */
function viewOf({ input, operation, args: [of], shape }: Value): View | undefined {
  if (input?.role === 'p') return { parameter: input.name, row: 0, column: 0, rows: shape[0], columns: shape[1] };
  const whole = operation?.kind === 'part' && of ? viewOf(of) : undefined;
  if (!whole || operation?.kind !== 'part') return undefined;
  const [row, column] = operation.of === 'rows' ? [operation.from, 0] : [0, operation.from];
  return { ...whole, row: whole.row + row, column: whole.column + column, rows: shape[0], columns: shape[1] };
}

export function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  f: (value: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}
