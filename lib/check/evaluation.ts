/** Recorded assignments evaluated, and how a sum of them changes along a direction. */
import type { Grid } from '../equations/numbers.ts';
import type { Value } from '../equations/symbol.ts';
import type { Dual } from './dual.ts';
import type { ProofNumbers } from './field.ts';
import { type Interpretation, type Table, tableOf } from './interpretation.ts';

/** The numbers of every value that was computed. */
export type Tables<N> = ReadonlyMap<Value, Table<N>>;

/** Where a value is used: as an argument of another, or as it is. */
export interface Use {
  readonly by?: Value;
  readonly argument?: number;
}

/** A result, and the gradient of the loss in it: L = Σ ⟨cotangent, result⟩. */
export interface Result {
  readonly value: Value;
  readonly cotangent: Value;
}

/** What is moved, in which direction: everywhere, or where it is used. */
export interface Move<N> {
  readonly value: Value;
  readonly direction: Table<N>;
  readonly uses?: readonly Use[];
}

/** The values that some are made of, and they themselves, in their order. */
export function ancestorsOf(values: Iterable<Value>): readonly Value[] {
  const found = new Set<Value>();
  const waiting = [...values];
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    for (const arg of value.args) waiting.push(arg);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/**
 * @param inputs the numbers of every input.
 * @param known the values before, which are in the result too.
 */
export function evaluated<N>(
  { of }: Interpretation<N>,
  values: readonly Value[],
  inputs: (value: Value) => Table<N>,
  known: Tables<N> = new Map(),
): Tables<N> {
  const tables = new Map(known);
  for (const value of values) {
    tables.set(
      value,
      of(
        value,
        value.args.map(arg => tableIn(tables, arg)),
      ) ?? inputs(value),
    );
  }
  return tables;
}

export function tableIn<N>(tables: Tables<N>, value: Value): Table<N> {
  const table = tables.get(value);
  if (!table) throw new TypeError(`value ${value.id} has not been computed`);
  return table;
}

/** ⟨a, b⟩. */
export function inner<N>(numbers: ProofNumbers<N>, a: Table<N>, b: Table<N>): N {
  return a.data.reduce(
    (sum, element, n) => numbers.add(sum, numbers.mul(element, b.data[n] as N)),
    numbers.constant(0),
  );
}

/** How values change where some are moved: dual numbers through those alone that do. What does not is left out. */
export function tangentsOf<N>(
  { numbers, along }: Interpretation<N>,
  values: readonly Value[],
  tables: Tables<N>,
  moves: readonly Move<N>[],
): Tables<Dual<N>> {
  const zero = numbers.constant(0);
  const duals = new Map<Value, Table<Dual<N>>>();
  const still = new Map<Value, Table<Dual<N>>>();
  const lifted = (value: Value): Table<Dual<N>> => {
    const known = duals.get(value) ?? still.get(value);
    if (known) return known;
    const table = tableIn(tables, value);
    const dual = tableOf(table.rows, table.columns, (i, j) => ({ value: table.get(i, j), tangent: zero }));
    still.set(value, dual);
    return dual;
  };
  const moved = (table: Table<Dual<N>>, direction: Grid<N>): Table<Dual<N>> =>
    tableOf(table.rows, table.columns, (i, j) => {
      const { value, tangent } = table.get(i, j);
      return { value, tangent: numbers.add(tangent, direction.get(i, j)) };
    });
  const everywhere = moves.filter(({ uses }) => !uses);
  const atUses = moves.filter(({ uses }) => uses);
  for (const value of values) {
    const own = atUses.filter(({ uses = [] }) => uses.some(({ by }) => by === value));
    if (own.length > 0 || value.args.some(arg => duals.has(arg))) {
      const args = value.args.map((arg, argument) =>
        own
          .filter(move => isAt(move, arg, value, argument))
          .reduce((table, { direction }) => moved(table, direction), lifted(arg)),
      );
      const dual = along(value, args);
      if (dual) duals.set(value, dual);
    }
    for (const { direction } of everywhere.filter(move => move.value === value)) {
      duals.set(value, moved(lifted(value), direction));
    }
  }
  return duals;
}

function isAt<N>({ value, uses = [] }: Move<N>, used: Value, by: Value, argument: number): boolean {
  return value === used && uses.some(use => use.by === by && use.argument === argument);
}

/** dL along the moves, of L = Σ ⟨cotangent, result⟩ with the cotangents as they are. */
export function derivative<N>(
  reading: Interpretation<N>,
  values: readonly Value[],
  tables: Tables<N>,
  results: readonly Result[],
  moves: readonly Move<N>[],
): N {
  const { numbers } = reading;
  const duals = tangentsOf(reading, values, tables, moves);
  let sum = numbers.constant(0);
  for (const { value, cotangent } of results) {
    const weights = tableIn(tables, cotangent);
    for (const [n, { tangent }] of (duals.get(value)?.data ?? []).entries()) {
      sum = numbers.add(sum, numbers.mul(weights.data[n] as N, tangent));
    }
    for (const { value: used, uses, direction } of moves) {
      const isResult = used === value && uses?.some(({ by }) => by === undefined);
      if (isResult) sum = numbers.add(sum, inner(numbers, weights, direction));
    }
  }
  return sum;
}
