/** A cell's recorded equations held against those that its derivation says, tag by tag. */
import type { Cell } from '../../lib/cells/cell.ts';
import type { Instance } from '../../lib/derivation/definitions.ts';
import type { Expression } from '../../lib/derivation/expression.ts';
import { readingOf } from '../../lib/derivation/lines.ts';
import { type Block, Misfit } from '../../lib/derivation/matrices.ts';
import { exactly, type Ground, inFloats } from '../../lib/derivation/numbers.ts';
import { DEFAULT, NoStep } from '../../lib/derivation/scope.ts';
import { sizesOf } from '../../lib/derivation/sizes.ts';
import { type System, systemsOf } from '../../lib/derivation/system.ts';
import { truthOf } from '../../lib/derivation/truth.ts';
import { World } from '../../lib/derivation/world.ts';
import { evaluate } from '../../lib/equations/evaluate.ts';
import type { Grid } from '../../lib/equations/numbers.ts';
import { record } from '../../lib/equations/record.ts';
import { sourceLineOf } from '../../lib/equations/source.ts';
import type { Input } from '../../lib/equations/symbol.ts';

/** What was compared of a tag: the same in a field, the same in floats alone, or not the same. */
export type Comparison = 'exact' | 'in floats' | 'differs';

/** Every forward and backward tag of a prefix: how what its equation gives compares with what the cell's line of that tag does. */
export function comparedWith(text: string, cell: Cell, prefix: string): ReadonlyMap<string, Comparison> {
  const systems = systemsOf(readingOf(text), []);
  const own = systems.instances.filter(({ line }) => line.prefix === prefix && /^[FB]$/.test(line.letter));
  const system = systems.for(prefix);
  const field = differencesOver(exactly(1), system, own, cell);
  const floats = differencesOver(inFloats(1), system, own, cell);
  return new Map(
    [...new Set(own.map(({ line }) => line.tag ?? ''))].map((tag): [string, Comparison] => [
      tag,
      !field.has(tag) ? 'exact' : floats.has(tag) ? 'differs' : 'in floats',
    ]),
  );
}

/** The tags that give another value than the cell's lines, in one step of one sample. */
function differencesOver<N>(
  ground: Ground<N>,
  system: System,
  own: readonly Instance[],
  cell: Cell,
): ReadonlySet<string> {
  const sizes = sizesOf(system);
  const setting = { system, sizes, ground, last: 1 };
  const truth = truthOf(setting, 'rows');
  const world = new World(setting, undefined, truth);
  const [m] = sizes.of('𝐛h');
  const [d] = sizes.of('𝐛x');
  const { equations, reason } = record(cell, { d, m });
  if (!equations) throw new Error(reason);
  const zero = ground.numbers.constant(0);
  const inputOf = ({ role, name }: Input): Grid<N> => {
    const key = keyOf(name);
    if (role === 'dp') {
      const [rows, columns] = equations.dp[name]?.shape ?? [0, 0];
      return { rows, columns, get: () => zero };
    }
    if (role === 'dnext') return gridOf(truth.gradient(key, 1, 'given', []));
    const time = role === 'p' ? undefined : role === 'x' ? 1 : 0;
    const { rows, columns, data } = world.value({ key, time }, { key: '', step: 0 });
    return gridOf(rowOf({ rows, columns, data: data.map(({ value }) => value) }));
  };
  const grids = tried(() => evaluate(equations, ground.numbers, inputOf));
  if (!grids) return new Set(own.map(({ line }) => line.tag ?? ''));
  const values = new Map<string, Grid<N>[]>();
  for (const { id, trace } of equations.values) {
    const tag = trace && sourceLineOf(trace)?.tag;
    const grid = grids[id];
    if (tag !== undefined && grid) values.set(tag, [...(values.get(tag) ?? []), grid]);
  }
  const different = new Set<string>();
  for (const { line, statement } of own) {
    const right = statement.members.at(-1);
    if (!right || isLocal(statement.members)) continue;
    const scope = { times: new Map([['t', 1]]), reader: { key: '', step: Number.POSITIVE_INFINITY }, extents: DEFAULT };
    const block = tried(() => world.evaluate(right, scope));
    if (!block) {
      different.add(line.tag ?? '');
      continue;
    }
    const row = rowOf({ ...block, data: block.data.map(({ value }) => value) });
    const found = (values.get(line.tag ?? '') ?? []).some(
      grid =>
        grid.rows === row.rows &&
        grid.columns === row.columns &&
        row.data.every((x, n) => ground.same(x, grid.get(Math.floor(n / row.columns), n % row.columns))),
    );
    if (!found) different.add(line.tag ?? '');
  }
  return different;
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

/** Whether a statement only says what a letter stands for. */
function isLocal([first, ...others]: readonly Expression[]): boolean {
  return first?.kind === 'name' && others.every(({ kind }) => kind === 'name' || kind === 'gradient');
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
