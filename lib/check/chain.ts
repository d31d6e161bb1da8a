/** A cell's recorded step chained over time, over the numbers of a proof: both passes, and how the loss changes. */
import type { Equations } from '../equations/record.ts';
import type { Input, Value } from '../equations/symbol.ts';
import { evaluated, inner, type Tables, tableIn, tangentsOf } from './evaluation.ts';
import type { ProofNumbers } from './field.ts';
import { type Interpretation, type Table, tableOf } from './interpretation.ts';

/** Matrices by name. */
export type Parts<N> = Readonly<Record<string, Table<N>>>;

/** What a cell runs on: L = Σ_t ⟨R_t, h_t⟩ + ⟨r, s_T⟩. */
export interface Run<N> {
  readonly p: Parts<N>;
  readonly x: readonly Table<N>[];
  readonly s0: Parts<N>;
  readonly R: readonly Table<N>[];
  readonly r: Parts<N>;
  /** What the parameters' gradients are before anything is added to them. */
  readonly dp: Parts<N>;
  /** The rows that have a step t, by number; all where it is undefined. */
  readonly rows: readonly (readonly number[] | undefined)[];
}

/** What parameters, inputs and initial state have each of, by name: a gradient, or a direction. */
export interface Each<N> {
  readonly p: Parts<N>;
  readonly x: readonly Table<N>[];
  readonly s0: Parts<N>;
}

/** Every step's own numbers, of the rows that have it. */
export type Steps<N> = readonly Tables<N>[];

/** The forward pass. */
export function forward<N>(reading: Interpretation<N>, { values, backward, next }: Equations, run: Run<N>): Steps<N> {
  const steps: Tables<N>[] = [];
  let s = run.s0;
  for (const [t, x] of run.x.entries()) {
    const rows = run.rows[t];
    const given: Given<N> = { p: run.p, x: { x: taken(x, rows) }, prev: mapped(s, part => taken(part, rows)) };
    const tables = evaluated(at(reading, rows), values.slice(0, backward), ({ input }) => inputIn(given, input));
    s = mapped(s, (part, name) => put(part, rows, tableIn(tables, valueIn(next, name))));
    steps.push(tables);
  }
  return steps;
}

/** The backward pass: dL/dθ beside what it was before, dL/dx_t and dL/ds_0, as the cell has them. */
export function backward<N>(reading: Interpretation<N>, equations: Equations, run: Run<N>, steps: Steps<N>): Each<N> {
  const { numbers } = reading;
  const { values, backward: begin, dx, dprev, dp } = equations;
  const xs: Table<N>[] = [];
  let [ds, added] = [run.r, run.dp];
  for (let t = steps.length - 1; t >= 0; t--) {
    const rows = run.rows[t];
    const dnext = mapped(ds, part => taken(part, rows));
    const h = sumOf(numbers.add, dnext.h, taken(run.R[t], rows));
    const given: Given<N> = { dnext: { ...dnext, h }, dp: added };
    const tables = evaluated(at(reading, rows), values.slice(begin), ({ input }) => inputIn(given, input), steps[t]);
    xs[t] = put(zerosLike(numbers, run.x[t]), rows, tableIn(tables, dx));
    ds = mapped(ds, (part, name) => put(part, rows, tableIn(tables, valueIn(dprev, name))));
    added = mapped(added, (_, name) => tableIn(tables, valueIn(dp, name)));
  }
  const gradients = mapped(added, (after, name) => sumOf(numbers.sub, after, run.dp[name]));
  return { p: gradients, x: xs, s0: ds };
}

/** dL along a direction. */
export function along<N>(
  reading: Interpretation<N>,
  { values, backward: begin, next }: Equations,
  run: Run<N>,
  steps: Steps<N>,
  direction: Each<N>,
): N {
  const { numbers } = reading;
  const inputs = values.slice(0, begin).filter(({ input }) => input);
  let total = numbers.constant(0);
  let ds = direction.s0;
  for (const [t, tables] of steps.entries()) {
    const rows = run.rows[t];
    const x = direction.x[t];
    const given: Given<N> = {
      p: direction.p,
      x: x ? { x: taken(x, rows) } : {},
      prev: mapped(ds, part => taken(part, rows)),
    };
    const moves = inputs.flatMap(value => {
      const own = value.input && given[value.input.role]?.[value.input.name];
      return own ? [{ value, direction: own }] : [];
    });
    const duals = tangentsOf(at(reading, rows), values.slice(0, begin), tables, moves);
    const tangent = (value: Value): Table<N> => {
      const dual = duals.get(value);
      const { rows: height, columns } = tableIn(tables, value);
      return tableOf(height, columns, (i, j) => dual?.get(i, j).tangent ?? numbers.constant(0));
    };
    ds = mapped(run.s0, (part, name) => {
      const moved = tangent(valueIn(next, name));
      return put(ds[name] ?? zerosLike(numbers, part), rows, moved);
    });
    total = numbers.add(total, inner(numbers, taken(run.R[t], rows), taken(ds.h, rows)));
  }
  for (const [name, weights] of Object.entries(run.r)) {
    if (ds[name]) total = numbers.add(total, inner(numbers, weights, ds[name]));
  }
  return total;
}

/** ⟨gradient, direction⟩, of what the direction has. */
export function alongGradient<N>({ numbers }: Interpretation<N>, gradient: Each<N>, direction: Each<N>): N {
  let total = numbers.constant(0);
  const add = (a: Table<N> | undefined, b: Table<N> | undefined) => {
    if (a && b) total = numbers.add(total, inner(numbers, a, b));
  };
  for (const [name, own] of Object.entries(direction.p)) add(gradient.p[name], own);
  for (const [name, own] of Object.entries(direction.s0)) add(gradient.s0[name], own);
  for (const [t, own] of direction.x.entries()) add(gradient.x[t], own);
  return total;
}

type Given<N> = Readonly<Partial<Record<Input['role'], Parts<N>>>>;

function inputIn<N>(given: Given<N>, input: Input | undefined): Table<N> {
  const table = input && given[input.role]?.[input.name];
  if (!table) throw new TypeError(`there is no ${input?.role} ${input?.name}`);
  return table;
}

function valueIn(values: Readonly<Record<string, Value>>, name: string): Value {
  const value = values[name];
  if (!value) throw new TypeError(`there is no ${name}`);
  return value;
}

function at<N>(reading: Interpretation<N>, rows: readonly number[] | undefined): Interpretation<N> {
  return rows ? reading.batch(rows.length) : reading;
}

/** Some rows of a table. */
function taken<N>(table: Table<N> | undefined, rows: readonly number[] | undefined): Table<N> {
  if (!table) throw new TypeError('rows of no matrix');
  return rows ? tableOf(rows.length, table.columns, (i, j) => table.get(rows[i] ?? i, j)) : table;
}

/** The whole, with those rows put in. */
function put<N>(whole: Table<N>, rows: readonly number[] | undefined, part: Table<N>): Table<N> {
  if (!rows) return part;
  const place = new Map(rows.map((b, n) => [b, n]));
  return tableOf(whole.rows, whole.columns, (i, j) => {
    const n = place.get(i);
    return n === undefined ? whole.get(i, j) : part.get(n, j);
  });
}

function sumOf<N>(join: (a: N, b: N) => N, a: Table<N> | undefined, b: Table<N> | undefined): Table<N> {
  if (!a || !b) throw new TypeError('a sum of no matrix');
  return tableOf(a.rows, a.columns, (i, j) => join(a.get(i, j), b.get(i, j)));
}

function zerosLike<N>({ constant }: ProofNumbers<N>, table: Table<N> | undefined): Table<N> {
  return tableOf(table?.rows ?? 0, table?.columns ?? 0, () => constant(0));
}

function mapped<A, R>(
  parts: Readonly<Record<string, A>>,
  f: (part: A, name: string) => R,
): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, f(part, name)]));
}
