/** A cell's recorded equations held against those that its derivation says, tag by tag. */
import type { Cell } from '../../lib/cells/cell.ts';
import { functionKey, type Instance, keyIn, writtenOut } from '../../lib/derivation/definitions.ts';
import { type Expression, type Name, walk } from '../../lib/derivation/expression.ts';
import { readingOf } from '../../lib/derivation/lines.ts';
import { type Block, Misfit } from '../../lib/derivation/matrices.ts';
import { allNames, substituted } from '../../lib/derivation/names.ts';
import { exactly, type Ground, inFloats } from '../../lib/derivation/numbers.ts';
import { DEFAULT, NoStep } from '../../lib/derivation/scope.ts';
import { sizesOf } from '../../lib/derivation/sizes.ts';
import type { System } from '../../lib/derivation/system.ts';
import { systemsOf } from '../../lib/derivation/systems.ts';
import { truthOf } from '../../lib/derivation/truth.ts';
import { World } from '../../lib/derivation/world.ts';
import { evaluate } from '../../lib/equations/evaluate.ts';
import type { Grid } from '../../lib/equations/numbers.ts';
import { type Equations, record } from '../../lib/equations/record.ts';
import { tagsOf } from '../../lib/equations/source.ts';
import type { Input, Value } from '../../lib/equations/symbol.ts';

/** What was compared of a tag: the same in a field, the same in floats alone, or not the same. */
export type Comparison = 'exact' | 'in floats' | 'differs';

/**
 * How what the equation of every forward and backward tag of a prefix gives compares with what the cell's line of that tag
 * does; and how every part of the next state does, as `next.h`.
 */
export function comparedWith(text: string, cell: Cell, prefix: string): ReadonlyMap<string, Comparison> {
  const systems = systemsOf(readingOf(text), []);
  const own = systems.instances.filter(({ line }) => line.prefix === prefix && /^[FB]$/.test(line.letter));
  const system = systems.for(prefix);
  const equations = equationsFor(cell, system);
  const lines = linesOf(equations);
  const field = differencesOver(exactly(1), system, own, equations, lines);
  const floats = field.size > 0 ? differencesOver(inFloats(1), system, own, equations, lines) : field;
  const all = [...own.map(({ line }) => line.tag ?? ''), ...Object.keys(equations.next).map(part => `next.${part}`)];
  return new Map(
    [...new Set(all)].map((tag): [string, Comparison] => [
      tag,
      !field.has(tag) ? 'exact' : floats.has(tag) ? 'differs' : 'in floats',
    ]),
  );
}

/** The cell's equations, in the sizes that the derivation's names have, with all of the lines that each value comes from. */
function equationsFor(cell: Cell, system: System): Equations {
  const { of } = sizesOf(system);
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 40;
  try {
    const { equations, reason } = record(cell, { d: of('𝐛x')[0], m: of('𝐛h')[0] });
    if (!equations) throw new Error(reason);
    return equations;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The tags, and parts of the next state, that have another value than the cell's lines, in one step of one sample. */
function differencesOver<N>(
  ground: Ground<N>,
  system: System,
  own: readonly Instance[],
  equations: Equations,
  lines: Lines,
): ReadonlySet<string> {
  const setting = { system, sizes: sizesOf(system), ground, last: 1 };
  const truth = truthOf(setting, 'rows');
  const world = new World(setting, undefined, truth);
  const realPartOf = ({ data, ...size }: Block<{ readonly value: N }>) =>
    rowOf({ ...size, data: data.map(({ value }) => value) });
  const at = (key: string, time: number | undefined) => realPartOf(world.value({ key, time }, { key: '', step: 0 }));
  const zero = ground.numbers.constant(0);
  const inputOf = ({ role, name }: Input): Grid<N> => {
    if (role === 'dp') {
      const [rows, columns] = equations.dp[name]?.shape ?? [0, 0];
      return { rows, columns, get: () => zero };
    }
    if (role === 'dnext') return gridOf(truth.gradient(keyOf(name), 1, 'given', []));
    return gridOf(at(keyOf(name), role === 'p' ? undefined : role === 'x' ? 1 : 0));
  };
  const different = new Set<string>();
  const grids = tried(() => evaluate(equations, ground.numbers, inputOf));
  /** What some calls make in turn: each, and all of them as one row. */
  const gridsOf = (group: readonly Value[]) => {
    const all = group.flatMap(({ id }) => grids?.[id] ?? []);
    return { all, together: besideEachOther(all) };
  };
  const isSame = (grid: Grid<N> | undefined, { rows, columns, data }: Block<N>) =>
    grid?.rows === rows &&
    grid.columns === columns &&
    data.every((x, n) => ground.same(x, grid.get(Math.floor(n / columns), n % columns)));
  const scope = { times: new Map([['t', 1]]), reader: { key: '', step: Number.POSITIVE_INFINITY }, extents: DEFAULT };
  const saidBy = new Map<string, (Block<N> | undefined)[]>();
  for (const { line, statement } of own) {
    const { tag = '' } = line;
    if (isLocal(statement.members)) continue;
    const said = applications(statement.members.at(-1), system, own).map(side =>
      tried(() => realPartOf(world.evaluate(side, scope))),
    );
    saidBy.set(tag, [...(saidBy.get(tag) ?? []), ...said]);
  }
  for (const [tag, said] of saidBy) {
    const { made = [], results = [] } = lines.get(tag) ?? {};
    const values = made.map(gridsOf).flatMap(({ all, together }) => [...all, together]);
    const isMade = (block: Block<N> | undefined) => block && values.some(grid => isSame(grid, block));
    const isSaid = (grid: Grid<N>) => said.some(block => block && isSame(grid, block));
    const areSaid = results.map(gridsOf).every(({ all, together }) => isSaid(together) || all.every(isSaid));
    if (said.length === 0 || !said.every(isMade) || !areSaid) different.add(tag);
  }
  for (const [part, { id }] of Object.entries(equations.next)) {
    if (!isSame(grids?.[id], at(keyOf(part), 1))) different.add(`next.${part}`);
  }
  return different;
}

/** A side of an equation; in the equations of a function, such as μ of N(a), that side of all that the function is called with. */
function applications(side: Expression | undefined, system: System, own: readonly Instance[]): readonly Expression[] {
  if (!side) return [];
  const { vocabulary, definitions, functions } = system;
  const argumentsOf = [...functions.values()].flatMap(f => f.arguments);
  const keys = argumentsOf.map(name => keyIn(name, vocabulary));
  const body = writtenOut(side, keys, definitions, vocabulary, 0);
  const free = freeIn(body, argumentsOf);
  if (free.length === 0) return [side];
  const calls = own.flatMap(({ statement }) =>
    walk(statement.members.at(-1) as Expression).flatMap(part => (part.kind === 'call' ? [part] : [])),
  );
  return calls.flatMap(call => {
    const names = functions.get(functionKey(call))?.arguments ?? [];
    const isWithin = call.args.some(arg => freeIn(arg, argumentsOf).length > 0);
    if (isWithin || freeIn(body, names).length < free.length) return [];
    return [substituted(body, name => call.args[names.findIndex(other => isSameName(name, other))])];
  });
}

/** The names in an expression that are among the arguments of functions. */
function freeIn(of: Expression, names: readonly Name[]): readonly Name[] {
  return allNames(of).filter(name => names.some(other => isSameName(name, other)));
}

/** A name without indices, as an argument is written. */
function isSameName(name: Name, { letter, bold }: Name): boolean {
  return name.letter === letter && name.bold === bold && name.sup.length + name.sub.length === 0;
}

/** What the lines of each tag make, those values together that the same calls make in turn; and what of it none of their own is made of. */
type Lines = ReadonlyMap<string, Readonly<Record<'made' | 'results', readonly (readonly Value[])[]>>>;

function linesOf({ values }: Equations): Lines {
  const own = new Map<string, Value[]>();
  for (const value of values) {
    for (const tag of new Set(value.trace && tagsOf(value.trace))) own.set(tag, [...(own.get(tag) ?? []), value]);
  }
  return new Map(
    [...own].map(([tag, all]) => {
      const used = new Set(all.flatMap(({ args }) => args));
      return [tag, { made: byCalls(all), results: byCalls(all.filter(value => !used.has(value))) }];
    }),
  );
}

function byCalls(values: readonly Value[]): readonly (readonly Value[])[] {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const calls = value.trace?.stack ?? '';
    groups.set(calls, [...(groups.get(calls) ?? []), value]);
  }
  return [...groups.values()];
}

/** Rows of several as if they lay beside each other. */
function besideEachOther<N>(grids: readonly Grid<N>[]): Grid<N> {
  const rows = grids[0]?.rows ?? 0;
  const columns = grids.flatMap(grid => Array.from({ length: grid.columns }, (_, j) => (i: number) => grid.get(i, j)));
  return gridOf({
    rows,
    columns: columns.length,
    data: Array.from({ length: rows }, (_, i) => columns.map(at => at(i))).flat(),
  });
}

/** What a function gives; nothing where shapes do not fit, or there is no such step. */
function tried<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch (error) {
    if (error instanceof Misfit || error instanceof NoStep) return undefined;
    throw error;
  }
}

/** Whether a statement only says what a letter stands for: a name, a gradient, a list of names, a number. */
function isLocal([first, ...others]: readonly Expression[]): boolean {
  const isNumber = (side: Expression) => walk(side).every(({ kind }) => /^(number|power|each|product|sum)$/.test(kind));
  const isName = (side: Expression): boolean =>
    side.kind === 'name' ||
    side.kind === 'gradient' ||
    (side.kind === 'call' && side.name === 'dim') ||
    (side.kind === 'stack' && side.parts.every(isName));
  return first?.kind === 'name' && others.every(side => isName(side) || isNumber(side));
}

/** `b_f` as `𝐛b_f`: capitals are matrices, and nothing else is. */
function keyOf(name: string): string {
  const greek = name.replace(/^nu/, 'ν').replace(/^mu/, 'μ');
  return /^[A-Z]/.test(greek) ? greek : `𝐛${greek}`;
}

/** Rows are samples: a column of the derivation is a row here. */
function rowOf<N>(block: Block<N>): Block<N> {
  return block.columns === 1 ? { ...block, rows: 1, columns: block.rows } : block;
}

function gridOf<N>({ rows, columns, data }: Block<N>): Grid<N> {
  return {
    rows,
    columns,
    get(i, j) {
      const x = data[i * columns + j];
      if (x === undefined) throw new Misfit(`no element ${i}, ${j}`);
      return x;
    },
  };
}
