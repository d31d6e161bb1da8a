/**
 * LaTeX as a small tree of our own.
 *
 * The parser is Temml's: of the two that read all of our displays it is the smaller one and depends on nothing, and each
 * leaf of its tree has its place in the text. That tree is not a documented interface. So the version is pinned, no other
 * file knows of it, and what it may hold that is not expected here becomes `unknown`, which no equation can be made of.
 */
import temml from 'temml';
import { shown } from '../foreign.ts';

/** How a letter is set: bold is a vector's, plain a number's or a matrix's. */
export type Face = 'plain' | 'bold' | 'upright' | 'script' | 'double';

/** A part of a formula; `at` is its place in the LaTeX, counted from 0. */
export type Node =
  /** A letter, a digit, a sign or a delimiter; a command with its backslash. */
  | { readonly kind: 'symbol'; readonly text: string; readonly face: Face; readonly at: number }
  /** Letters that are a word: `\mathrm{diag}`, `\text{where}`, `\tanh`. */
  | { readonly kind: 'word'; readonly text: string; readonly prose: boolean; readonly at: number }
  | { readonly kind: 'group'; readonly body: readonly Node[]; readonly at: number }
  | {
      readonly kind: 'scripts';
      readonly base: readonly Node[];
      readonly sub: readonly Node[];
      readonly sup: readonly Node[];
      readonly at: number;
    }
  | { readonly kind: 'fraction'; readonly over: readonly Node[]; readonly under: readonly Node[]; readonly at: number }
  | { readonly kind: 'accent'; readonly accent: string; readonly body: readonly Node[]; readonly at: number }
  | { readonly kind: 'root'; readonly body: readonly Node[]; readonly at: number }
  /** What stands between two delimiters. */
  | {
      readonly kind: 'paren';
      readonly open: string;
      readonly close: string;
      readonly body: readonly Node[];
      readonly at: number;
    }
  /** An array; each row with its tag. */
  | { readonly kind: 'rows'; readonly environment: string; readonly rows: readonly Row[]; readonly at: number }
  /** White space at least as wide as a quad. */
  | { readonly kind: 'quad'; readonly at: number }
  | { readonly kind: 'unknown'; readonly what: string; readonly at: number };

/** A row of an array, and of a display that has none. */
export interface Row {
  readonly cells: readonly (readonly Node[])[];
  readonly tag?: string;
}

/** Why a text cannot be read, and where. */
export class Unread extends Error {
  readonly at: number;

  constructor(reason: string, at: number) {
    super(reason);
    this.at = at;
  }
}

/** Stands between rows that have one tag. */
export const NEW_ROW = '\\\\';

const NEXT: Node = { kind: 'symbol', text: NEW_ROW, face: 'plain', at: 0 };

/** Characters of a formula; what is longer is no equation. */
const LONGEST = 20_000;

/**
 * The rows of a display: one, or those of its `align`.
 *
 * @throws Unread when it is no LaTeX, longer than 20,000 characters, or nested too deeply.
 */
export function parseLatex(latex: string): readonly Row[] {
  const read = known.get(latex) ?? rowsIn(latex);
  if (known.size === KNOWN) known.clear();
  known.set(latex, read);
  return read;
}

/** Displays that are known as they were read: of a text that is edited, all but one are as they were. */
const KNOWN = 500;
const known = new Map<string, readonly Row[]>();

function rowsIn(latex: string): readonly Row[] {
  if (latex.length > LONGEST) throw new Unread(`it has ${latex.length} characters, more than ${LONGEST}`, 0);
  const [whole, tag] = untagged(parse(latex));
  const nodes = readAll(whole, 'plain', 0);
  const [only, ...others] = nodes.filter(({ kind }) => kind !== 'quad');
  if (
    only?.kind === 'rows' &&
    others.length === 0 &&
    /^(align|aligned|gather|gathered|split|eqnarray)/.test(only.environment)
  ) {
    if (tag === undefined || only.rows.some(row => row.tag)) return only.rows;
    const cells = only.rows.flatMap(({ cells: own }, n) => (n > 0 ? [[NEXT], ...own] : own));
    return [{ cells, tag }];
  }
  return [{ cells: [nodes], ...(tag !== undefined && { tag }) }];
}

/** A node of Temml's: of what it holds, nothing is certain. */
type Foreign = Readonly<Record<string, unknown>>;

/** Temml as it is; its declarations are those of a CommonJS module. */
const parser = temml as unknown as { __parse(latex: string, options: object): unknown };

function parse(latex: string): readonly Foreign[] {
  try {
    return listOf(parser.__parse(latex, { displayMode: true, maxExpand: 1000 }));
  } catch (error) {
    if (error instanceof RangeError) throw new Unread('it is nested too deeply', 0);
    const { message, position } = error as { message?: unknown; position?: unknown };
    const [reason = 'it is no LaTeX'] = String(message).split(/ at (?:position|end of input)/);
    throw new Unread(shown(reason.trim()), typeof position === 'number' ? position : 0);
  }
}

/** The display without its tag, and the tag. */
function untagged(nodes: readonly Foreign[]): readonly [readonly Foreign[], string | undefined] {
  const [only] = nodes;
  return nodes.length === 1 && only?.type === 'tag' ? [listOf(only.body), tagOf(only.tag)] : [nodes, undefined];
}

/** `(RNN-F1)` as `RNN-F1`. */
function tagOf(nodes: unknown): string | undefined {
  const text = lettersOf(listOf(nodes)).replace(/^\((.*)\)$/, '$1');
  return text === '' ? undefined : text;
}

function readAll(nodes: readonly Foreign[], face: Face, at: number): Node[] {
  const out: Node[] = [];
  for (const node of nodes) {
    const here = placeOf(node) ?? out.at(-1)?.at ?? at;
    for (const one of read(node, face, here)) out.push(one);
  }
  return out;
}

/** What a node of Temml's is here: nothing of what only concerns how it looks. */
function read(node: Foreign, face: Face, at: number): readonly Node[] {
  const body = () => readAll(listOf(node.body), face, at);
  const text = String(node.text ?? '');
  switch (node.type) {
    case 'mathord':
    case 'textord':
    case 'atom':
      return [{ kind: 'symbol', text, face, at }];
    case 'ordgroup':
      return [{ kind: 'group', body: body(), at }];
    case 'styling':
    case 'mclass':
    case 'color':
      return node.type === 'color'
        ? [{ kind: 'unknown', what: lettersOf(listOf(node.body)) || 'a colour', at }]
        : body();
    case 'pmb':
      return readAll(listOf(node.body), 'bold', at);
    case 'font':
      return ofFont(String(node.font), listOf(node.body), at);
    case 'operatorname':
      return [{ kind: 'word', text: lettersOf(listOf(node.body)), prose: false, at }];
    case 'text':
      return [{ kind: 'word', text: lettersOf(listOf(node.body)), prose: true, at }];
    case 'op':
      return node.symbol === true
        ? [{ kind: 'symbol', text: String(node.name), face, at }]
        : [{ kind: 'word', text: String(node.name).replace(/^\\/, ''), prose: false, at }];
    case 'supsub':
      return [
        {
          kind: 'scripts',
          base: readAll(listOf(node.base), face, at),
          sub: readAll(listOf(node.sub), 'plain', at),
          sup: readAll(listOf(node.sup), 'plain', at),
          at: firstPlace(node) ?? at,
        },
      ];
    case 'genfrac':
      return [
        {
          kind: 'fraction',
          over: readAll(listOf(node.numer), face, at),
          under: readAll(listOf(node.denom), face, at),
          at: firstPlace(node) ?? at,
        },
      ];
    case 'accent':
      return [
        {
          kind: 'accent',
          accent: String(node.label),
          body: readAll(listOf(node.base), face, at),
          at: firstPlace(node) ?? at,
        },
      ];
    case 'sqrt':
      return node.index
        ? [{ kind: 'unknown', what: 'a root with an index', at }]
        : [{ kind: 'root', body: body(), at }];
    case 'leftright': {
      const [array] = listOf(node.body);
      const inner = body();
      if (array?.type === 'array' && inner.length === 1) return inner;
      return [{ kind: 'paren', open: String(node.left), close: String(node.right), body: inner, at }];
    }
    case 'delimiter':
      return [{ kind: 'paren', open: String(node.left), close: String(node.right), body: body(), at }];
    case 'delimsizing':
      return [{ kind: 'symbol', text: String(node.delim), face, at }];
    case 'array':
      return [rowsOf(node, face, at)];
    case 'kern':
      return quadOf(node, at);
    case 'spacing':
      return [];
    default:
      return [{ kind: 'unknown', what: String(node.type), at }];
  }
}

const FACES: Readonly<Record<string, Face>> = {
  mathbf: 'bold',
  boldsymbol: 'bold',
  mathrm: 'upright',
  mathcal: 'script',
  mathbb: 'double',
};

/** Letters in another face; several upright ones are a word. */
function ofFont(font: string, nodes: readonly Foreign[], at: number): readonly Node[] {
  const word = lettersOf(nodes);
  if (font !== 'mathbf' && font !== 'boldsymbol' && word.length > 1)
    return [{ kind: 'word', text: word, prose: false, at }];
  return flat(readAll(nodes, FACES[font] ?? 'plain', at));
}

function rowsOf(node: Foreign, face: Face, at: number): Node {
  const [environment = 'array'] = listOf(node.envClasses).map(String);
  const tags = Array.isArray(node.tags) ? node.tags : [];
  const rows = listOf(node.body).map((cells, n): Row => {
    const tag = tagOf(tags[n]);
    const read = listOf(cells).map(cell => flat(readAll([cell], face, at)));
    return { cells: read, ...(tag !== undefined && { tag }) };
  });
  return {
    kind: 'rows',
    environment: node.cols && listOf(node.cols).length > 0 && environment === 'array' ? 'matrix' : environment,
    rows,
    at,
  };
}

function quadOf(node: Foreign, at: number): readonly Node[] {
  const { number, unit } = (node.dimension ?? {}) as { number?: unknown; unit?: unknown };
  return unit === 'em' && Number(number) >= 1 ? [{ kind: 'quad', at }] : [];
}

/** Groups that only held something together are opened. */
function flat(nodes: readonly Node[]): Node[] {
  return nodes.flatMap(node => (node.kind === 'group' ? flat(node.body) : [node]));
}

/** A node or a list of nodes as a list. */
function listOf(value: unknown): readonly Foreign[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? [value as Foreign] : [];
}

/** The text of nodes that are letters and nothing else. */
function lettersOf(nodes: readonly Foreign[]): string {
  return nodes
    .map(node => {
      const inner = listOf(node.body);
      return inner.length > 0 ? lettersOf(inner) : String(node.text ?? '');
    })
    .join('');
}

function placeOf(node: Foreign): number | undefined {
  const { start } = (node.loc ?? {}) as { start?: unknown };
  return typeof start === 'number' ? start : undefined;
}

/** The first place that is known in a node. */
function firstPlace(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const own = Array.isArray(node) ? undefined : placeOf(node as Foreign);
  if (own !== undefined) return own;
  for (const key of Object.keys(node)) {
    if (key === 'loc') continue;
    const inner = firstPlace((node as Foreign)[key]);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
