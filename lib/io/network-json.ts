/**
 * Networks as JSON. How a part was made is known of every part of the library (`lib/layers/made.ts`); here is what makes it
 * again, one row a kind.
 */
import { type Cell, type CellSize, requireCellSize } from '../cells/cell.ts';
import { declaredBy } from '../cells/declared.ts';
import { record } from '../equations/record.ts';
import { cellFrom, type WrittenEquations, writtenOf } from '../equations/written.ts';
import { ShapeError, ValueError } from '../errors.ts';
import { bahdanau } from '../layers/attention/bahdanau.ts';
import { luong } from '../layers/attention/luong.ts';
import { bidirectional } from '../layers/bidirectional.ts';
import { type Bridge, bridge } from '../layers/bridge.ts';
import { delay } from '../layers/delay.ts';
import { dropout } from '../layers/dropout.ts';
import { embedding } from '../layers/embedding.ts';
import { requireLayer } from '../layers/layer.ts';
import { type Made, type Making, makingOf, type States } from '../layers/made.ts';
import { lastStep, maxOverTime, meanOverTime } from '../layers/pool.ts';
import { stack } from '../layers/stack.ts';
import { windowInput, windowOutput } from '../layers/windows.ts';
import { encoderDecoder } from '../models/encoder-decoder.ts';
import { type Engine, readoutLayer, recurrentLayer } from '../models/network.ts';
import { describe, isPlain, requireKnown, requireObject } from '../require.ts';
import { checkpointed } from '../through-time/checkpointed.ts';
import { equationsHash, requireEquations, requireNoNamesake } from './checkpoint-fields.ts';

type Kind = Making['kind'];
/** What the maker of a kind was given. */
type Of<K extends Kind, M = Making> = M extends { readonly kind: infer J }
  ? K extends J
    ? Omit<M, 'kind'>
    : never
  : never;

interface Row<M> {
  /** All that its maker is given. */
  readonly fields: readonly (keyof M & string)[];
  /** Which of it are parts themselves, or lists of parts by name. */
  readonly parts?: readonly (keyof M & string)[];
  /** How many parameters it has beside those of its parts: known before it is made, since a file may say anything. */
  readonly numbers?: (fields: M) => number;
  readonly make: (fields: M) => Made;
}

const ROWS: { readonly [K in Kind]: Row<Of<K>> } = {
  cell: {
    fields: ['cell', 'd', 'm', 'engine'],
    numbers: ({ cell, d, m }) => countOf(cell, { d, m }),
    make: ({ cell, d, m, engine }) => recurrentLayer(cell, { d, m }, engine),
  },
  readout: {
    fields: ['m', 'C', 'engine'],
    numbers: ({ m, C }) => m * C + C,
    make: ({ m, C, engine }) => readoutLayer({ m, C }, engine),
  },
  embedding: { fields: ['C', 'e'], numbers: ({ C, e }) => C * e, make: embedding },
  dropout: {
    fields: ['F', 'rate', 'seed', 'training'],
    make: ({ training, ...options }) => Object.assign(dropout(options), { training }),
  },
  'last-step': { fields: ['F'], make: ({ F }) => lastStep(F) },
  'mean-over-time': { fields: ['F'], make: ({ F }) => meanOverTime(F) },
  'max-over-time': { fields: ['F'], make: ({ F }) => maxOverTime(F) },
  delay: { fields: ['F'], make: delay },
  'window-input': { fields: ['F', 'N'], make: windowInput },
  'window-output': {
    fields: ['C', 'N', 'offset', 'beta'],
    numbers: ({ N, beta }) => (beta === 'learned' ? N : 0),
    make: windowOutput,
  },
  stack: { fields: ['layers'], parts: ['layers'], make: ({ layers }) => stack(Object.fromEntries(layers)) },
  bidirectional: {
    fields: ['forward', 'backward', 'merge'],
    parts: ['forward', 'backward'],
    make: bidirectional,
  },
  checkpointed: {
    fields: ['layer', 'every', 'memory'],
    parts: ['layer'],
    make: ({ layer, ...options }) => checkpointed(layer, options),
  },
  bahdanau: {
    fields: ['layer', 'k', 'a', 'query', 'top'],
    parts: ['layer', 'top'],
    numbers: ({ layer, k, a, query }) => a * ((requireLayer('layer', layer).state[query] ?? 0) + k + 1),
    make: bahdanau,
  },
  luong: {
    fields: ['layer', 'F', 'top'],
    parts: ['layer', 'top'],
    numbers: ({ layer, F }) => 2 * F * requireLayer('layer', layer).outputs,
    make: luong,
  },
  bridge: {
    fields: ['from', 'to'],
    numbers: ({ from, to }) => widthOf('to', to) * (widthOf('from', from) + 1),
    make: bridge,
  },
  'encoder-decoder': {
    fields: ['encoder', 'decoder', 'bridge'],
    parts: ['encoder', 'decoder', 'bridge'],
    make: ({ bridge: over, ...both }) => encoderDecoder({ ...both, ...(over && { bridge: over as Bridge }) }),
  },
};

/**
 * How a network is made, as plain JSON: the cells by name, those of a user's own with a hash of their equations, and the
 * equations themselves where they can be written down.
 *
 * @param place what the network is called in errors.
 * @throws ValueError naming a part that is not the library's, or was changed since it was made.
 */
export function networkJson(part: Made, place: string): object {
  const making = makingOf(part);
  if (!making) {
    const { name } = part as { readonly name?: unknown };
    throw new ValueError(place, 'a part of the library, as it was made', describe(name ?? part));
  }
  if (making.kind === 'cell') return { ...making, ...cellJson(making.cell, making, place) };
  const { parts = [] } = rowOf(making.kind);
  const written = parts.map(name => [name, mapped(fieldsOf(making)[name], `${place}.${name}`, networkJson)]);
  return { ...making, ...Object.fromEntries(written) };
}

/** A network, and all that it is made of, from the outside inwards. */
export function* partsOf(part: Made): Generator<Made, void, undefined> {
  yield part;
  const making = makingOf(part);
  if (!making) return;
  for (const name of rowOf(making.kind).parts ?? []) {
    const field = fieldsOf(making)[name];
    const parts = Array.isArray(field) ? field.map(([, inner]: readonly [string, Made]) => inner) : [field];
    for (const inner of parts) if (inner) yield* partsOf(inner as Made);
  }
}

/** What a network is made again with. */
export interface Remaking {
  /** Cells by name, the library's among them. */
  readonly cells: Readonly<Record<string, Cell>>;
  /** What computes it; as it was unless given. */
  readonly engine: Engine | undefined;
  /** How many parameters there are numbers for. */
  readonly numbers: number;
}

/**
 * The network that was written as JSON, its parameters as they are at first.
 *
 * @param json anyone's.
 * @throws ShapeError, ValueError when it is no such network, or has more parameters than there are numbers for.
 */
export function networkOf(json: unknown, { cells, engine, numbers }: Remaking): Made {
  let left = numbers;
  const remade = (written: unknown, place: string): Made => {
    if (!isPlain(written)) throw new ValueError(place, 'a part of a network', describe(written));
    const { kind, ...given } = written as Readonly<Record<string, unknown>>;
    const { fields, parts = [], numbers: count = () => 0, make } = rowOf(kind, place);
    const known = requireKnown(place, given, kind === 'cell' ? [...fields, 'equations', 'written'] : fields);
    const own: Record<string, unknown> = { ...known };
    for (const name of ['equations', 'written']) delete own[name]; // what a cell is held to
    if (kind === 'cell') own.cell = cellOf(known, cells, place);
    for (const name of parts) own[name] = mapped(own[name], `${place}.${name}`, remade);
    if ('engine' in own && engine !== undefined) own.engine = engine;
    left -= count(own);
    if (!(left >= 0)) throw new ShapeError(place, `a network of ${numbers} parameters, as are saved`, 'more');
    return make(own);
  };
  return remade(json, 'model');
}

type AnyRow = Row<Readonly<Record<string, unknown>>>;

/** The row of a kind, or throws ValueError. */
function rowOf(kind: unknown, place: string = 'model'): AnyRow {
  const row: unknown = typeof kind === 'string' && Object.hasOwn(ROWS, kind) ? ROWS[kind as Kind] : undefined;
  if (!row) throw new ValueError(`${place}.kind`, `one of ${Object.keys(ROWS).join(', ')}`, describe(kind));
  return row as AnyRow;
}

function fieldsOf(making: Making): Readonly<Record<string, unknown>> {
  return making as unknown as Readonly<Record<string, unknown>>;
}

/** A part, or every part of a list by name, as something else; nothing where there is none. */
function mapped<T>(field: unknown, place: string, map: (part: Made, place: string) => T): unknown {
  if (field === undefined) return undefined;
  if (!Array.isArray(field)) return map(field as Made, place);
  return field.map((pair: unknown, n) => {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new ValueError(`${place}[${n}]`, 'a name and a part', describe(pair));
    return [pair[0], map(pair[1] as Made, `${place}.${pair[0]}`)];
  });
}

function cellJson(cell: Cell, { d, m }: CellSize, place: string): object {
  requireNoNamesake(`${place}.cell`, cell);
  const equations = equationsHash(cell, { d, m });
  const recorded = equations === undefined ? undefined : record(cell, { d, m }).equations;
  const written = recorded && writtenOf(cell, recorded);
  return { cell: cell.name, equations, ...(written && { written }) };
}

/** The cell of that name, with the equations that it had. */
function cellOf(
  { cell: name, equations, written, d, m }: Readonly<Record<string, unknown>>,
  cells: Remaking['cells'],
  place: string,
): Cell {
  const given = typeof name === 'string' && Object.hasOwn(cells, name) ? cells[name] : undefined;
  const cell = given ?? (isPlain(written) ? ofEquations(`${name}`, written as WrittenEquations) : undefined);
  if (!cell) {
    const known = `a cell of the library, or one of your own that is given by its name (${Object.keys(cells).join(', ')})`;
    throw new ValueError(`${place}.cell`, known, describe(name));
  }
  const size = { d, m } as CellSize;
  requireCellSize(size, cell);
  requireEquations(cell, size, equations as string | undefined);
  return cell;
}

/** The cell that equations are; the same when it is asked for again. */
function ofEquations(name: string, equations: WrittenEquations): Cell {
  const cell = made.get(equations) ?? cellFrom(name, equations);
  made.set(equations, cell);
  return cell;
}

const made = new WeakMap<WrittenEquations, Cell>();

/** How many parameters a cell has. */
function countOf(cell: Cell, size: CellSize): number {
  const shapes = Object.values(declaredBy(cell, size).shapes);
  return shapes.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
}

/** The columns of all parts that do not count. */
function widthOf(argument: string, states: States): number {
  const { state, counts = [] } = requireObject(argument, states);
  const parts = Object.entries(requireObject(`${argument}.state`, state)).filter(([name]) => !counts.includes(name));
  return parts.reduce((sum, [, columns]) => sum + columns, 0);
}
