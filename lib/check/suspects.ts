/** Where a backward pass is wrong: its lines judged one by one, exactly. Derived in `derivations/verification.md`. */
import { assignmentOf } from '../equations/print.ts';
import type { Equations } from '../equations/record.ts';
import { type SourceLine, sourceLineOf } from '../equations/source.ts';
import { originOf, type Value } from '../equations/symbol.ts';
import { ancestorsOf, derivative, evaluated, inner, type Result, tableIn, type Use } from './evaluation.ts';
import { type Field, type Residue, same } from './field.ts';
import { interpretation, type Table, tableOf } from './interpretation.ts';
import { elementwise, redrawn } from './judge.ts';

/** A line of backward that is not right although all that it is made of is. */
export interface Suspect extends Partial<SourceLine> {
  /** What it assigns, of names in the cell: `daf = …`. */
  readonly assignment: string;
}

/**
 * The lines to look at, the likeliest first.
 *
 * The gradient in every value of forward, and through every use of it, is known exactly. A value of backward that is one of
 * these is right; one that is none, though what it is made of is right, is not, unless something right is made of it. A mistake in
 * forward is found too: it is backward's line that is not its gradient.
 */
export function suspectsIn(equations: Equations, seed: number): readonly Suspect[] {
  const values = redrawn(seed, field => blamed(equations, field));
  const lines = new Map<string, Suspect>();
  for (const value of values) {
    const line = value.trace && sourceLineOf(value.trace);
    const suspect = { ...line, assignment: assignmentOf(equations, value) };
    const key = line ? `${line.file}:${line.line}` : suspect.assignment;
    if (!lines.has(key)) lines.set(key, suspect);
  }
  return [...lines.values()];
}

/** Samples in the batch: two, since a sum over them is to be told from a sample. */
const BATCH = 2;

/** Uses of a value of which every sum of some is known; of more, each alone and all. */
const USES = 8;

/** The gradient through some uses of a value, times the value's direction. */
interface Sum {
  readonly uses: readonly Use[];
  readonly sum: Residue;
  readonly isWhole: boolean;
}

function blamed(equations: Equations, field: Field): readonly Value[] {
  const step = oneStep(equations, field);
  const { values, backward, dx, dprev, dp } = equations;
  const flows = flowing(equations);
  const wanted = [
    ['x x', dx] as const,
    ...Object.entries(dprev).map(([name, value]) => [`prev ${name}`, value] as const),
  ];
  const isResult = (value: Value) => wanted.some(([, end]) => end === value);
  const isRight = (value: Value, table = tableIn(step.tables, value)): boolean =>
    isResult(value)
      ? wanted.every(([name, end]) => end !== value || step.isWhole(name, table))
      : step.isGradient(value, table);
  const right = new Set(values.filter(value => flows.has(value) && isRight(value)));
  for (const value of values) if (value.id >= backward && value.input && flows.has(value)) right.add(value);
  const users = new Map<Value, Value[]>();
  for (const value of flows) for (const arg of value.args) users.set(arg, [...(users.get(arg) ?? []), value]);
  const excused = new Set<Value>();
  for (const value of [...flows].sort((a, b) => b.id - a.id)) {
    if (
      !isResult(value) &&
      users.get(value)?.some(user => (right.has(user) && !isChain(user, value)) || excused.has(user))
    )
      excused.add(value);
  }
  const isFine = (value: Value) => right.has(value) || excused.has(value);
  const ends = [dx, ...Object.values(dprev), ...Object.values(dp)];
  const bad = ancestorsOf(ends).filter(value => flows.has(value) && !isFine(value) && !value.input);
  const entries = bad.filter(value => gradientsIn(value, flows).every(isFine));
  const found = entries.map(value => {
    const arg = gradientsIn(value, flows).find(
      candidate =>
        !candidate.input &&
        right.has(candidate) &&
        !users.get(candidate)?.some(user => user !== value && isFine(user)) &&
        step.mends(candidate, value, table => isRight(value, table)),
    );
    return arg ?? value;
  });
  return [...new Set(found.map(value => tagged(value, bad, users)))].sort((a, b) => a.id - b.id);
}

/** Where the line of a value has no tag of its own: the first that has one of those wrong ones that it goes into. */
function tagged(value: Value, bad: readonly Value[], users: ReadonlyMap<Value, readonly Value[]>): Value {
  for (let next: Value | undefined = value; next; next = users.get(next)?.find(user => bad.includes(user))) {
    if (next.trace && sourceLineOf(next.trace, true)?.tag) return next;
  }
  return value;
}

/** Whether one adds to a gradient what the other already has added to. */
function isChain(user: Value, value: Value): boolean {
  return isGradientOfParameter(user) && user.args[0] === value;
}

function isGradientOfParameter(value: Value): boolean {
  return originOf(value).input?.role === 'dp';
}

function isInput({ input }: Value, name: string): boolean {
  return input !== undefined && `${input.role} ${input.name}` === name;
}

/** The arguments that are gradients: those that hang on what comes in, and not what was added before. */
function gradientsIn(value: Value, flows: ReadonlySet<Value>): readonly Value[] {
  const args = isGradientOfParameter(value) ? value.args.slice(1) : value.args;
  return args.filter(arg => flows.has(arg));
}

/** The values of backward that hang on the gradients that come in. What hangs on forward alone is a coefficient. */
function flowing({ values, backward }: Equations): ReadonlySet<Value> {
  const flows = new Set<Value>();
  for (const value of values) {
    const comes = value.input?.role === 'dnext' || value.input?.role === 'dp';
    if (value.id >= backward && (comes || value.args.some(arg => flows.has(arg)))) flows.add(value);
  }
  return flows;
}

/** One step over residues, and what is known of its gradients. */
function oneStep({ values, backward, next }: Equations, field: Field) {
  const reading = interpretation(field, BATCH);
  const tables = evaluated(reading, values, value => reading.input(value, field.draw));
  const cotangents = new Map(
    values.flatMap(value => (value.input?.role === 'dnext' ? [[value.input.name, value]] : [])),
  );
  const results = Object.entries(next).flatMap(([name, value]): Result[] => {
    const cotangent = cotangents.get(name);
    return cotangent ? [{ value, cotangent }] : [];
  });
  const before = ancestorsOf(results.map(({ value }) => value));
  const usesOf = (value: Value): readonly Use[] => [
    ...before.flatMap(by => by.args.flatMap((arg, argument) => (arg === value ? [{ by, argument }] : []))),
    ...results.flatMap(result => (result.value === value ? [{}] : [])),
  ];
  const gradients = before
    .filter(value => value.id < backward && !value.constant)
    .map(of =>
      gradientIn(
        of,
        usesOf(of),
        direction => move => derivative(reading, before, tables, results, [{ value: of, direction, uses: move }]),
        reading.input(of, field.draw),
        field,
      ),
    );

  const isWhole = (name: string, table: Table<Residue>): boolean =>
    gradients.some(({ of, is }) => isInput(of, name) && is(table, true));
  const isGradient = (value: Value, table: Table<Residue>): boolean => {
    const [first] = value.args;
    const { input } = originOf(value);
    if (input?.role !== 'dp') return gradients.some(({ is }) => is(table));
    if (value.input || !first) return false;
    const earlier = tableIn(tables, first);
    const added = tableOf(table.rows, table.columns, (i, j) => field.sub(table.get(i, j), earlier.get(i, j)));
    return gradients.some(({ of, is }) => isInput(of, `p ${input.name}`) && is(added));
  };
  const elements = new Map<Residue, Table<Residue>>();
  const gradientOf = (of: Value, { uses, sum }: Sum): Table<Residue> => {
    const table = elements.get(sum) ?? elementwise(reading, before, tables, results, { value: of, uses });
    elements.set(sum, table);
    return table;
  };

  /** Whether a value is right once another, that it is made of, is the gradient in some value of forward. */
  const mends = (arg: Value, value: Value, isRight: (table: Table<Residue>) => boolean): boolean =>
    gradients
      .filter(({ of }) => of.shape.join() === arg.shape.join())
      .some(({ of, sums }) =>
        sums.some(sum => {
          const mended = gradientOf(of, sum);
          const args = value.args.map(own => (own === arg ? mended : tableIn(tables, own)));
          const table = reading.of(value, args);
          return table !== undefined && isRight(table);
        }),
      );
  return { tables, isWhole, isGradient, mends };
}

/** The gradient in a value times a direction: through every one of its uses, and through some together. */
function gradientIn(
  of: Value,
  uses: readonly Use[],
  along: (direction: Table<Residue>) => (uses: readonly Use[]) => Residue,
  direction: Table<Residue>,
  field: Field,
) {
  const each = uses.map(use => along(direction)([use]));
  const all = Array.from({ length: uses.length <= USES ? 2 ** uses.length - 1 : 0 }, (_, n) =>
    uses.flatMap((_, k) => (((n + 1) >> k) % 2 === 1 ? [k] : [])),
  );
  const some = all.length > 0 ? all : [...uses.map((_, k) => [k]), uses.map((_, k) => k)];
  const sums = some.map(
    (chosen): Sum => ({
      uses: chosen.flatMap(k => uses[k] ?? []),
      sum: chosen.reduce((sum, k) => field.add(sum, each[k] as Residue), field.constant(0)),
      isWhole: chosen.length === uses.length,
    }),
  );
  return {
    of,
    sums,
    is(table: Table<Residue>, isWhole: boolean = false): boolean {
      if (table.rows !== direction.rows || table.columns !== direction.columns) return false;
      const claimed = inner(field, table, direction);
      return sums.some(one => same(one.sum, claimed) && (one.isWhole || !isWhole));
    },
  };
}
