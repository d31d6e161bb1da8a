/** One step of a cell over residues, in which every gradient of forward is known exactly: what backward's lines are held to. */
import type { Equations } from '../equations/record.ts';
import { originOf, type Value } from '../equations/symbol.ts';
import {
  ancestorsOf,
  derivative,
  evaluated,
  inner,
  type Result,
  type Tables,
  tableIn,
  type Use,
} from './evaluation.ts';
import { type Field, type Residue, same, ZERO } from './field.ts';
import { interpretation, type Table, tableOf } from './interpretation.ts';
import { elementwise } from './judge.ts';

/** A step, and what may be asked of it. */
export interface Step {
  readonly tables: Tables<Residue>;
  /** The numbers of backward where some of its values are replaced. */
  replaced(values: ReadonlyMap<Value, Table<Residue>>): Tables<Residue>;
  /** Whether a table is the whole gradient in an input, named by its role and its name. */
  isWhole(role: string, name: string, table: Table<Residue>): boolean;
  /** Whether a value of backward is the gradient in some value of forward, whole or through some of its uses. */
  isGradient(value: Value, tables: Tables<Residue>): boolean;
  /** The gradients of forward that a value of backward could be, by its shape. */
  gradientsLike(value: Value): Generator<Table<Residue>>;
}

/** Samples in the batch: two, since a sum over them is to be told from a sample. */
const BATCH = 2;

/** Uses of a value of which every sum of some is known; of more, each alone and all. */
const USES = 6;

/** The gradient through some uses of a value, times the value's direction. */
interface Sum {
  readonly uses: readonly Use[];
  readonly sum: Residue;
  readonly isWhole: boolean;
}

/** Drawn again, up to so many times, where a gradient of zeros hides what is made of it: where all indicators are on one side. */
const DRAWINGS = 12;

export function oneStep(equations: Equations, field: Field): Step {
  const { values, backward, next } = equations;
  const reading = interpretation(field, BATCH);
  let tables = evaluated(reading, values, value => reading.input(value, field.draw));
  const isZero = (value: Value) => !value.constant && tableIn(tables, value).data.every(element => same(element, ZERO));
  for (let n = 0; n < DRAWINGS && values.some(isZero); n++) {
    tables = evaluated(reading, values, value => reading.input(value, field.draw));
  }
  const drawn = tables;
  const cotangents = values.filter(({ input }) => input?.role === 'dnext');
  const results = cotangents.flatMap((cotangent): Result[] => {
    const value = next[cotangent.input?.name ?? ''];
    return value ? [{ value, cotangent }] : [];
  });
  const before = ancestorsOf(results.map(({ value }) => value));
  const usesOf = (value: Value): readonly Use[] => [
    ...before.flatMap(by => by.args.flatMap((arg, argument) => (arg === value ? [{ by, argument }] : []))),
    ...results.flatMap(result => (result.value === value ? [{}] : [])),
  ];
  const gradients = before
    .filter(value => value.id < backward && !value.constant)
    .map(of => {
      const direction = reading.input(of, field.draw);
      const uses = usesOf(of);
      const each = uses.map(use =>
        derivative(reading, before, drawn, results, [{ value: of, direction, uses: [use] }]),
      );
      return { of, direction, sums: sumsOf(uses, each, field) };
    });
  type Gradient = (typeof gradients)[number];
  const is = ({ direction, sums }: Gradient, table: Table<Residue>, isWhole: boolean = false): boolean => {
    if (table.rows !== direction.rows || table.columns !== direction.columns) return false;
    const claimed = inner(field, table, direction);
    return sums.some(one => same(one.sum, claimed) && (one.isWhole || !isWhole));
  };
  const isOf = ({ of }: Gradient, role: string, name: string) => of.input?.role === role && of.input.name === name;
  const elements = new Map<Sum, Table<Residue>>();

  return {
    tables: drawn,
    replaced(others) {
      const changed = new Map(drawn);
      const isChanged = new Set<Value>();
      for (const value of values.slice(backward)) {
        const other = others.get(value);
        if (!other && !value.args.some(arg => isChanged.has(arg))) continue;
        const table =
          other ??
          reading.of(
            value,
            value.args.map(arg => tableIn(changed, arg)),
          );
        if (table) changed.set(value, table);
        isChanged.add(value);
      }
      return changed;
    },
    isWhole: (role, name, table) => gradients.some(gradient => isOf(gradient, role, name) && is(gradient, table, true)),
    isGradient(value, known) {
      const [first] = value.args;
      const { input } = originOf(value);
      const table = tableIn(known, value);
      if (input?.role !== 'dp') return gradients.some(gradient => is(gradient, table));
      if (value.input || !first) return false;
      const earlier = tableIn(known, first);
      const added = tableOf(table.rows, table.columns, (i, j) => field.sub(table.get(i, j), earlier.get(i, j)));
      return gradients.some(gradient => isOf(gradient, 'p', input.name) && is(gradient, added));
    },
    *gradientsLike({ samples, shape }) {
      for (const { of, sums } of gradients) {
        if (of.samples !== samples || of.shape.join() !== shape.join()) continue;
        for (const sum of sums) {
          const table =
            elements.get(sum) ?? elementwise(reading, before, drawn, results, { value: of, uses: sum.uses });
          elements.set(sum, table);
          yield table;
        }
      }
    },
  };
}

/** The sums of some of what comes through each use. */
function sumsOf(uses: readonly Use[], each: readonly Residue[], field: Field): readonly Sum[] {
  const all = Array.from({ length: uses.length <= USES ? 2 ** uses.length - 1 : 0 }, (_, n) =>
    uses.flatMap((_, k) => (((n + 1) >> k) % 2 === 1 ? [k] : [])),
  );
  const some = all.length > 0 ? all : [...uses.map((_, k) => [k]), uses.map((_, k) => k)];
  return some.map(chosen => ({
    uses: chosen.flatMap(k => uses[k] ?? []),
    sum: chosen.reduce((sum, k) => field.add(sum, each[k] ?? ZERO), ZERO),
    isWhole: chosen.length === uses.length,
  }));
}
