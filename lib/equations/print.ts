/** Equations as a person reads them. */
import type { Equations } from './record.ts';
import { sourceLineOf } from './source.ts';
import { type Input, originOf, type Value } from './symbol.ts';

/**
 * A listing: one assignment a line, with its shape, the line of the cell that it comes from, and the tag there.
 *
 * Names are the cell's own variables, where its source can be read; what has none and is used but once stands where it is
 * used, so that a line reads as the cell's does.
 */
export function print(equations: Equations): string {
  const { values, backward, samples } = equations;
  const names = namesOf(equations);
  const lines = values.flatMap(value => {
    const { id, operation, shape, trace } = value;
    const heading = id === backward ? ['', 'backward'] : [];
    if (!operation || names[id] === undefined) return heading;
    const line = trace && sourceLineOf(trace);
    const rows = shape[0] === samples ? 'B' : `${shape[0]}`;
    const where = line ? `  ${line.file.split('/').at(-1)}:${line.line}` : '';
    const assignment = `${names[id]} = ${textOf(value, names, true)}`;
    return [
      ...heading,
      `  ${assignment.padEnd(56)} ${`${rows}×${shape[1]}`.padEnd(8)}${where} ${line?.tag ?? ''}`.trimEnd(),
    ];
  });
  return ['forward', ...lines].join('\n');
}

/** The assignment of a value as it is listed, such as `h = o ⊙ tc`; of one that stands where it is used, without a name. */
export function assignmentOf(equations: Equations, value: Value): string {
  const names = namesOf(equations);
  const name = names[value.id];
  return `${name === undefined ? '' : `${name} = `}${textOf(value, names, true)}`;
}

/** What every value is called, no two alike; undefined of what stands where it is used. */
export function namesOf({ values, next, dx, dprev }: Equations): readonly (string | undefined)[] {
  const lines = values.map(({ trace }) => trace && sourceLineOf(trace));
  const keyOf = (id: number) => `${lines[id]?.file}:${lines[id]?.line}`;
  const last = new Map(values.map(({ id }) => [keyOf(id), id])); // of several operations on a line the last has its variable's name
  const uses = new Map<Value, number>();
  const used = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const { args } of values) args.forEach(used);
  for (const value of [...Object.values(next), dx, ...Object.values(dprev)]) used(value);
  const taken = new Set<string>();
  const own = (wanted: string): string => {
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}${n}`;
    taken.add(name);
    return name;
  };
  const names: (string | undefined)[] = [];
  for (const value of values) {
    const { id, input, constant } = value;
    const origin = originOf(value);
    const variable = last.get(keyOf(id)) === id ? lines[id]?.variable : undefined;
    if (origin !== value) names.push(names[origin.id]);
    else if (input) names.push(own(inputName(input)));
    else if (constant) names.push(constant.rows * constant.columns === 1 ? `${constant.get(0, 0)}` : own('k'));
    else if (variable) names.push(own(variable));
    else names.push(uses.get(value) === 1 ? undefined : own('v'));
  }
  return names;
}

function inputName({ role, name }: Input): string {
  if (role === 'prev') return `${name}Prev`;
  return role === 'dnext' || role === 'dp' ? `d${name}` : name;
}

/** A value's name, or what it is where it has none, in brackets where they are needed. */
function textOf(value: Value, names: readonly (string | undefined)[], whole: boolean = false): string {
  const { id, operation, args } = value;
  const name = names[id];
  if (name !== undefined && !whole) return name;
  if (!operation) return '?';
  const binds = BINDS[operation.name] ?? Number.POSITIVE_INFINITY;
  const sums = operation.kind === 'over rows' || operation.name === 'addTTimes';
  const [a = '', b = a, c = a] = args.map((arg, n) => {
    const own = sums && n > 0 ? 3 : binds;
    const text = textOf(arg, names);
    const inner = names[arg.id] === undefined && arg.operation ? BINDS[arg.operation.name] : undefined;
    const bare = inner === undefined || own === Number.POSITIVE_INFINITY || inner > own || (inner === own && n === 0);
    return bare ? text : `(${text})`;
  });
  return operation.print(a, b, c);
}

/** How tightly the operations bind that are written between or behind what they are of. */
const BINDS: Readonly<Record<string, number>> = {
  addTTimes: 1,
  addColumnSums: 1,
  addTo: 1,
  add: 1,
  sub: 1,
  oneMinus: 1,
  mul: 2,
  div: 2,
  times: 3,
  timesT: 3,
  columns: 4,
  rows: 4,
};
