/** What recorded assignments are read with in a proof: residues, floats, or bounds of degrees; and dual numbers over them. */
import { float64, type Grid } from '../equations/numbers.ts';
import type { Args } from '../equations/operation.ts';
import type { Value } from '../equations/symbol.ts';
import { type Degree, degreeNumbers, degreeOf } from './degree.ts';
import { type Dual, dualNumbers } from './dual.ts';
import { type ProofNumbers, Unprovable } from './field.ts';

/** A matrix's numbers, row after row. */
export interface Table<N> extends Grid<N> {
  readonly data: readonly N[];
}

/** How a value comes of its arguments; undefined of an input, which comes of nothing. */
export interface Interpretation<N> {
  readonly numbers: ProofNumbers<N>;
  of(value: Value, args: readonly Grid<N>[]): Table<N> | undefined;
  along(value: Value, args: readonly Grid<Dual<N>>[]): Table<Dual<N>> | undefined;
  /** The table of an input, element by element. */
  input(value: Value, element: () => N): Table<N>;
  /** The same in another batch. */
  batch(samples: number): Interpretation<N>;
}

/**
 * Numbers of any kind, in a batch of so many samples. It throws {@link Unprovable} where a value is a function of floats, or
 * has a constant that no number stands for.
 */
export function interpretation<N>(numbers: ProofNumbers<N>, batch: number): Interpretation<N> {
  const dual = dualNumbers(numbers);
  return {
    numbers,
    of: (value, args) => valueOver(numbers, value, args, batch),
    along: (value, args) => valueOver(dual, value, args, batch),
    input: (value, element) => tableOf(rowsOf(value, batch), value.shape[1], element),
    batch: samples => interpretation(numbers, samples),
  };
}

/** Floats, with the operations' own formulas. */
export const floats = (batch: number): Interpretation<number> =>
  interpretation({ ...float64, apply: (operation, a) => operation.element(float64, a, a) }, batch);

/** What elementary functions and indicators were given. */
export interface Applied {
  /** How many arguments, and their degree at most. */
  elements: number;
  degree: number;
  /** Elements of every matrix of indicators. */
  readonly choices: Map<Value, number>;
}

/** Bounds of degrees, one for all elements of a value. What functions are given is added to `applied`. */
export function degrees(batch: number, applied: Applied): Interpretation<Degree> {
  const elementsOf = (value: Value) => rowsOf(value, batch) * value.shape[1];
  const counting = (value: Value) => {
    const elements = elementsOf(value);
    return degreeNumbers(elements, (argument, isChoice) => {
      applied.elements += elements;
      applied.degree = Math.max(applied.degree, degreeOf(argument));
      if (isChoice) applied.choices.set(value, (applied.choices.get(value) ?? 0) + elements);
    });
  };
  return {
    numbers: degreeNumbers(1),
    of: (value, args) => boundOver(counting(value), value, args),
    along: (value, args) => boundOver(dualNumbers(degreeNumbers(elementsOf(value))), value, args),
    input: (_, element) => tableOf(1, 1, element),
    batch: samples => degrees(samples, applied),
  };
}

/** A table, a single row of which stands for as many as are asked for, as given numbers do for all samples. */
export function tableOf<N>(rows: number, columns: number, element: (i: number, j: number) => N): Table<N> {
  const data: N[] = [];
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data.push(element(i, j));
  return { rows, columns, data, get: (i, j) => data[(rows === 1 ? 0 : i) * columns + j] as N };
}

/** How many rows a value has in a batch of so many samples. */
function rowsOf({ samples, shape }: Value, batch: number): number {
  return samples ? batch : shape[0];
}

function valueOver<N>(
  numbers: ProofNumbers<N>,
  value: Value,
  args: readonly Grid<N>[],
  batch: number,
): Table<N> | undefined {
  const { operation, constant, shape } = value;
  if (constant) return tableOf(constant.rows, constant.columns, (i, j) => numbers.constant(constant.get(i, j)));
  if (!operation) return undefined;
  const given = threeOf(args);
  const rows = rowsOf(value, batch);
  if (operation.kind === 'opaque') throw new Unprovable(`it uses ${operation.name}`);
  if (operation.kind === 'elementwise' && operation.slope) {
    return tableOf(rows, shape[1], (i, j) => numbers.apply(operation, given[0].get(i, j)));
  }
  return tableOf(rows, shape[1], (i, j) => operation.evaluate(numbers, given, i, j));
}

/** Of all elements at once: every argument is a single one, which stands for all of its. */
function boundOver<N>(numbers: ProofNumbers<N>, value: Value, args: readonly Grid<N>[]): Table<N> | undefined {
  const { operation, constant } = value;
  if (constant) return tableOf(1, 1, () => numbers.constant(1));
  if (!operation) return undefined;
  if (operation.kind === 'opaque') throw new Unprovable(`it uses ${operation.name}`);
  const [a, b, c] = threeOf(args).map(arg => arg.get(0, 0)) as [N, N, N];
  const single = (element: N): Grid<N> => ({ rows: 1, columns: 1, get: () => element });
  return tableOf(1, 1, () => {
    if (operation.kind === 'joined') return numbers.add(a, b);
    if (operation.kind === 'over units' && operation.name === 'maxUnits') return numbers.max(a, a);
    if (operation.kind === 'elementwise' && operation.slope) return numbers.apply(operation, a);
    return operation.evaluate(numbers, [single(a), single(b), single(c)], 0, 0);
  });
}

function threeOf<N>(args: readonly Grid<N>[]): Args<Grid<N>> {
  const [a, b = a, c = a] = args;
  if (!a || !b || !c) throw new TypeError('an operation of nothing');
  return [a, b, c];
}
