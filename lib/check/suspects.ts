/** Where a backward pass is wrong: its lines judged one by one, exactly. Derived in `derivations/verification.md`. */
import { assignmentOf } from '../equations/print.ts';
import type { Equations } from '../equations/record.ts';
import { type SourceLine, sourceLineOf } from '../equations/source.ts';
import { originOf, type Value } from '../equations/symbol.ts';
import { ancestorsOf, type Tables, tableIn } from './evaluation.ts';
import { type Field, NoInverse, type Residue } from './field.ts';
import type { Table } from './interpretation.ts';
import { redrawn } from './judge.ts';
import { oneStep } from './one-step.ts';

/** A line of backward that is not right although all that it is made of is. */
export interface Suspect extends Partial<SourceLine> {
  /** What it assigns, in the cell's own names: `daf = dc ⊙ cPrev`. */
  readonly assignment: string;
}

/**
 * The lines to look at, the likeliest first.
 *
 * The gradient in every value of forward, whole and through every use of it, is known exactly. A value of backward that is
 * one of these is right. One that is none, though what it is made of is right, is not, unless something right is made of it.
 * Where the right gradient in its place, or in the place of what it is made of, makes the next line right, that is where the
 * mistake is. One in forward is found too: it is backward's line then that is not its gradient.
 */
export function suspectsIn(equations: Equations, seed: number): readonly Suspect[] {
  const values = blamedIn(equations, seed);
  const lines = new Map<string, Suspect>();
  for (const value of values) {
    const suspect = { ...(value.trace && sourceLineOf(value.trace)), assignment: assignmentOf(equations, value) };
    const key = lineOf(value);
    if (!lines.has(key)) lines.set(key, suspect);
  }
  return [...lines.values()];
}

/** None where a mended line divides by zero. */
function blamedIn(equations: Equations, seed: number): readonly Value[] {
  try {
    return redrawn(seed, field => blamed(equations, field));
  } catch (error) {
    if (!(error instanceof NoInverse)) throw error;
    return [];
  }
}

/** Lines that are mended, at most, one after the other. */
const MOST = 12;

/** The gradient that a value is replaced with, and the share that it makes right of what is made of the value. */
interface Mending {
  readonly value: Value;
  readonly table?: Table<Residue>;
  readonly share: number;
}

function blamed(equations: Equations, field: Field): readonly Value[] {
  const { dx, dprev, dp, backward, values } = equations;
  const step = oneStep(equations, field);
  const flow = flowing(equations);
  const ends = [
    { role: 'x', name: 'x', value: dx },
    ...Object.entries(dprev).map(([name, value]) => ({ role: 'prev', name, value })),
  ];
  const isEnd = (value: Value) => ends.some(end => end.value === value);
  const isRight = (value: Value, tables: Tables<Residue>): boolean =>
    isEnd(value)
      ? ends.every(end => end.value !== value || step.isWhole(end.role, end.name, tableIn(tables, value)))
      : step.isGradient(value, tables);

  /** What is right with some values replaced, what is excused by it, and what is neither. */
  const judged = (mended: ReadonlyMap<Value, Table<Residue>>) => {
    const tables = step.replaced(mended);
    const right = new Set(flow.all.filter(value => mended.has(value) || isRight(value, tables)));
    for (const value of values.slice(backward)) if (value.input) right.add(value);
    const excused = new Set<Value>();
    for (const value of [...flow.all].reverse()) {
      const excuses = (user: Value) =>
        excused.has(user) || (right.has(user) && flow.isLast(user) && !adds(user, value));
      if (!isEnd(value) && flow.users(value).some(excuses)) excused.add(value);
    }
    const isFine = (value: Value) => right.has(value) || excused.has(value);
    const bad = ancestorsOf([...ends.map(({ value }) => value), ...Object.values(dp)]).filter(
      value => flow.has(value) && !isFine(value) && !value.input,
    );
    return { right, isFine, bad, entries: bad.filter(value => flow.gradientsIn(value).every(isFine)) };
  };

  const found: Value[] = [];
  const mended = new Map<Value, Table<Residue>>();
  for (let n = 0; n < MOST; n++) {
    const { right, isFine, bad, entries } = judged(mended);
    /** The gradient in whose place a value makes most of those right that are made of it, and of all that is behind them. */
    const mending = (value: Value, next: readonly Value[], least: readonly Value[] = []): Mending => {
      let [best, most, behind]: [Table<Residue> | undefined, number, number] = [undefined, 0, 0];
      for (const table of step.gradientsLike(value)) {
        const tables = step.replaced(new Map([...mended, [value, table]]));
        const rightOf = (some: readonly Value[]) => some.filter(user => isRight(user, tables)).length;
        const count = rightOf(next);
        if (count < most || count === 0 || rightOf(least) < least.length / 2) continue;
        const all = rightOf(bad);
        if (count > most || all > behind) [best, most, behind] = [table, count, all];
      }
      return { value, ...(best && { table: best }), share: most / Math.max(1, next.length) };
    };
    const isVindicated = (value: Value, by: Value) => flow.users(value).some(user => user !== by && isFine(user));
    const mend = (): boolean => {
      for (const entry of entries) {
        const args = flow.gradientsIn(entry).filter(arg => !arg.input && right.has(arg) && !isVindicated(arg, entry));
        const exit = tagged(entry, bad, flow);
        const behind = (value: Value) => flow.users(value).filter(user => !right.has(user));
        const tried = [
          ...args.map(arg => mending(arg, [entry, ...behind(entry)], behind(arg))),
          ...[...new Set([entry, exit])].map(value => mending(value, behind(value))),
        ];
        const [{ value, table } = { value: entry }] = tried.sort((a, b) => b.share - a.share);
        if (!table || mended.has(value)) continue;
        found.push(value);
        mended.set(value, table);
        return true;
      }
      return false;
    };
    if (mend()) continue;
    for (const entry of entries) found.push(tagged(entry, bad, flow));
    break;
  }
  return found;
}

/** Where the line of a value has no tag of its own: what the first that has one makes, of the wrong ones that it goes into. */
function tagged(value: Value, bad: readonly Value[], flow: Flow): Value {
  const isTagged = ({ trace }: Value) => trace !== undefined && sourceLineOf(trace, true)?.tag !== undefined;
  for (let next: Value | undefined = value; next; next = flow.users(next).find(user => bad.includes(user))) {
    if (isTagged(next) && (next === value || flow.isLast(next))) return next;
  }
  return value;
}

/** Whether one adds to a gradient what the other already has added to. */
function adds(user: Value, value: Value): boolean {
  return isOfParameter(user) && user.args[0] === value;
}

/** Whether a value is the gradient of a parameter, to which something was added. */
function isOfParameter(value: Value): boolean {
  return originOf(value).input?.role === 'dp';
}

/** The line that a value stands on. */
function lineOf({ id, trace }: Value): string {
  const line = trace && sourceLineOf(trace, true);
  return line ? `${line.file}:${line.line}` : `${id}`;
}

/** The values of backward that hang on the gradients that come in. What hangs on forward alone is a coefficient. */
interface Flow {
  readonly all: readonly Value[];
  has(value: Value): boolean;
  users(value: Value): readonly Value[];
  /** The arguments that are gradients: not those that are coefficients, and not what was added before. */
  gradientsIn(value: Value): readonly Value[];
  /** Whether a value is what its line makes: nothing on the same line is made of it. */
  isLast(value: Value): boolean;
}

function flowing({ values, backward }: Equations): Flow {
  const all = new Set<Value>();
  const users = new Map<Value, Value[]>();
  for (const value of values.slice(backward)) {
    const comes = value.input?.role === 'dnext' || value.input?.role === 'dp';
    if (!comes && !value.args.some(arg => all.has(arg))) continue;
    all.add(value);
    for (const arg of value.args) users.set(arg, [...(users.get(arg) ?? []), value]);
  }
  const lines = new Map([...all].map(value => [value, lineOf(value)]));
  return {
    all: [...all],
    has: value => all.has(value),
    users: value => users.get(value) ?? [],
    gradientsIn: value => (isOfParameter(value) ? value.args.slice(1) : value.args).filter(arg => all.has(arg)),
    isLast: value => !users.get(value)?.some(user => lines.get(user) === lines.get(value) && !adds(user, value)),
  };
}
