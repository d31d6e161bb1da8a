/** The equations of every cell of the library as the page “Back through time” shows them: recorded from the cells, tied to the derivations by tag. */
import { relative } from 'node:path';
import { cells } from 'bptt';
import { namesOf } from '../../lib/equations/print.ts';
import { type Equations, record } from '../../lib/equations/record.ts';
import { type SourceLine, sourceLineOf } from '../../lib/equations/source.ts';
import type { Value } from '../../lib/equations/symbol.ts';
import type { ListedValue, Listing, Made, Row } from './app/listing.ts';
import { formula } from './formula.ts';
import { ROOT, readIn } from './root.ts';
import { derivations, pageOfTag } from './tags.ts';

/** By the name of a cell, its listing. */
export function listings(): ReadonlyMap<string, Listing> {
  return new Map(
    Object.values(cells).map(cell => {
      const [small, large] = [4, 8].map(m => record(cell, { d: 3, m }).equations);
      if (!small || !large) throw new Error(`${cell.name} is not recorded`);
      return [cell.name, listingOf(small, large)] as const;
    }),
  );
}

function listingOf(equations: Equations, larger: Equations): Listing {
  const { values, backward, next } = equations;
  return {
    values: values.map((value, n) => listed(value, larger.values[n] as Value)),
    backward,
    rows: rowsOf(equations),
    next: Object.fromEntries(Object.entries(next).map(([name, { id }]) => [name, id])),
  };
}

/** Of a number that depends on m, its power is read off two sizes. */
function listed({ input, constant, operation, args }: Value, { constant: other }: Value): ListedValue {
  if (input) return { input };
  if (constant) {
    const [small, large] = [constant.get(0, 0), other?.get(0, 0) ?? Number.NaN];
    const power = Math.log2(large / small);
    return { constant: [small / 4 ** power, power] };
  }
  return { operation: operation?.name ?? '', args: args.map(({ id }) => id) };
}

interface Group {
  readonly line: SourceLine;
  readonly tag?: string;
  readonly values: Value[];
}

function rowsOf(equations: Equations): readonly Row[] {
  const { values, backward } = equations;
  const lines = values.map(({ trace }) => trace && sourceLineOf(trace));
  const groups = new Map<string, Group>();
  const keyOf: string[] = [];
  for (const value of values) {
    const line = lines[value.id];
    if (!line || !value.operation) continue;
    const key = `${value.id < backward ? 'F' : 'B'} ${line.tag ?? `${line.file}:${line.line}`}`;
    const group = groups.get(key) ?? { line, values: [], ...(line.tag && { tag: line.tag }) };
    group.values.push(value);
    groups.set(key, group);
    keyOf[value.id] = key;
  }
  const ends = endsOf(equations);
  const isSeen = (value: Value) =>
    ends.has(value) || values.some(({ id, args }) => keyOf[id] !== keyOf[value.id] && args.includes(value));
  const names = labelsOf(equations, lines);
  const gradientIn = gradientsIn(equations, lines);
  return Array.from(groups.values(), (group): Row => {
    const made = group.values.filter(isSeen);
    const takes = new Set(group.values.flatMap(({ args }) => args).filter(arg => !group.values.includes(arg)));
    const of = (id: number): Made => {
      const target = gradientIn(id);
      return { id, name: names[id] ?? '', ...(target !== undefined && { of: target }) };
    };
    return {
      ...shownOf(group),
      pass: (made[0]?.id ?? 0) < backward ? 'forward' : 'backward',
      makes: made.map(({ id }) => of(id)),
      takes: Array.from(takes, ({ id, input, constant }) => (input?.role === 'dp' || constant ? -1 : id)).filter(
        id => id >= 0,
      ),
    };
  }).filter(({ makes }) => makes.length > 0);
}

/** What leaves a step. */
function endsOf({ next, dx, dprev, dp }: Equations): ReadonlySet<Value> {
  return new Set([...Object.values(next), dx, ...Object.values(dprev), ...Object.values(dp)]);
}

/** What values are called: by the cell's own variables, those of a list by their places. */
function labelsOf(equations: Equations, lines: readonly (SourceLine | undefined)[]): readonly string[] {
  const names = namesOf(equations);
  const counts = new Map<string, number>();
  return equations.values.map(({ id }) => {
    const name = names[id] ?? '';
    const variable = lines[id]?.variable;
    if (variable !== undefined && name.replace(/\d+$/, '') === variable) return variable;
    if (!/^v\d*$|^$/.test(name)) return name;
    const own = variable ?? 'part';
    counts.set(own, (counts.get(own) ?? 0) + 1);
    return `${own} (${counts.get(own)})`;
  });
}

/** Functions of a pre-activation: `af` is what `f` is σ of. */
const SQUASHES = new Set(['sigmoid', 'tanh', 'relu']);

/** Which value of the forward pass a gradient is in: `dc` is in `c`, `daf` in what `f` is a function of, by the house's names. */
function gradientsIn(
  { values, backward, dprev, dx, dp }: Equations,
  lines: readonly (SourceLine | undefined)[],
): (id: number) => number | undefined {
  const forward = values.slice(0, backward);
  const input = (role: string, name: string) =>
    forward.find(value => value.input?.role === role && value.input.name === name)?.id;
  const known = new Map<number, number | undefined>([
    [dx.id, input('x', 'x')],
    ...Object.entries(dprev).map(([name, { id }]) => [id, input('prev', name)] as const),
    ...Object.entries(dp).map(([name, { id }]) => [id, input('p', name)] as const),
  ]);
  const last = (variable: string, of: readonly Value[]) => of.findLast(({ id }) => lines[id]?.variable === variable);
  return id => {
    if (known.has(id)) return known.get(id);
    const variable = lines[id]?.variable;
    if (id < backward || !variable?.startsWith('d') || last(variable, values)?.id !== id) return undefined;
    const name = variable.slice(1);
    const itself = last(name, forward);
    if (itself) return itself.id;
    const outer = name.startsWith('a') ? last(name.slice(1) || 'h', forward) : undefined;
    return SQUASHES.has(outer?.operation?.name ?? '') ? outer?.args[0]?.id : undefined;
  };
}

function shownOf({ tag, line }: Group): Pick<Row, 'tag' | 'page' | 'math' | 'code'> {
  const file = relative(ROOT, line.file);
  const text = readIn(file).split('\n')[line.line - 1] ?? '';
  const page = tag === undefined ? undefined : pageOfTag.get(tag);
  const math = page === undefined ? undefined : displayOf(tag ?? '', derivations.get(page) ?? '');
  return {
    ...(tag !== undefined && { tag }),
    ...(page !== undefined && { page }),
    ...(math !== undefined && { math: formula(math, true) }),
    code: { file, line: line.line, text: text.replace(/ \/\/ [A-Z]+-.*$/, '').trim() },
  };
}

/** The display equation of a tag. */
function displayOf(tag: string, text: string): string | undefined {
  const displays = Array.from(text.matchAll(/\$\$([\s\S]*?)\$\$/g), ([, latex = '']) => latex);
  return displays.find(latex => latex.includes(`\\tag{${tag}}`));
}
