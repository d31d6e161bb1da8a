/** A display cut into the equations that it holds: delimiters paired, words and commas between equations taken out. */
import type { Node } from './latex.ts';
import { Unread } from './latex.ts';

const CLOSES: Readonly<Record<string, string>> = {
  '(': ')',
  '[': ']',
  '\\{': '\\}',
  '\\lbrace': '\\rbrace',
  '\\langle': '\\rangle',
  '\\lvert': '\\rvert',
  '\\lVert': '\\rVert',
  '\\lfloor': '\\rfloor',
  '\\lceil': '\\rceil',
};
const CLOSING: ReadonlySet<string> = new Set(Object.values(CLOSES));

/** Bars open and close with the same sign. */
const BARS: ReadonlySet<string> = new Set(['|', '\\|', '\\vert', '\\Vert']);

/** Groups opened, and every pair of delimiters with what is between them as one node, whatever their size. */
export function nest(nodes: readonly Node[]): readonly Node[] {
  const flat = flatten(nodes);
  const [body, end] = until(flat, 0, undefined);
  const rest = flat[end];
  if (rest) throw new Unread(`${textOfNode(rest)} closes nothing`, rest.at);
  return body;
}

function flatten(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node): Node[] => (node.kind === 'group' ? flatten(node.body) : [node]));
}

/** The nodes from one on up to what closes them, and the place of that. */
function until(nodes: readonly Node[], from: number, close: string | undefined): readonly [Node[], number] {
  const out: Node[] = [];
  let n = from;
  while (n < nodes.length) {
    const node = nodes[n];
    if (!node) break;
    const sign = delimiterOf(node);
    if (sign !== undefined && sign === close) return [out, n];
    if (sign !== undefined && CLOSING.has(sign)) {
      if (close !== undefined) throw new Unread(`${sign} closes what ${close} should`, node.at);
      return [out, n];
    }
    const closing = sign === undefined ? undefined : (CLOSES[sign] ?? (BARS.has(sign) ? sign : undefined));
    if (sign === undefined || closing === undefined || node.kind === 'scripts') {
      out.push(inside(node));
      n++;
      continue;
    }
    const [body, end] = until(nodes, n + 1, closing);
    const closer = nodes[end];
    if (!closer) throw new Unread(`${sign} is not closed`, node.at);
    const paren: Node = { kind: 'paren', open: sign, close: closing, body, at: node.at };
    out.push(closer.kind === 'scripts' ? scripted(closer, [paren]) : paren);
    n = end + 1;
  }
  if (close !== undefined && n >= nodes.length) return [out, n];
  return [out, n];
}

/** A delimiter's sign; that of scripts which hang on one, as in `)^2`. */
function delimiterOf(node: Node): string | undefined {
  if (node.kind === 'symbol')
    return CLOSES[node.text] || CLOSING.has(node.text) || BARS.has(node.text) ? node.text : undefined;
  if (node.kind !== 'scripts') return undefined;
  const [only, ...others] = flatten(node.base);
  return only?.kind === 'symbol' && others.length === 0 && (CLOSING.has(only.text) || BARS.has(only.text))
    ? only.text
    : undefined;
}

/** The same node with delimiters paired in what it is made of. */
function inside(node: Node): Node {
  switch (node.kind) {
    case 'scripts':
      return scripted(node, nest(node.base));
    case 'fraction':
      return { ...node, over: nest(node.over), under: nest(node.under) };
    case 'accent':
    case 'root':
    case 'paren':
      return { ...node, body: nest(node.body) };
    case 'rows':
      return { ...node, rows: node.rows.map(row => ({ ...row, cells: row.cells.map(nest) })) };
    default:
      return node;
  }
}

function scripted(node: Node & { readonly kind: 'scripts' }, base: readonly Node[]): Node {
  return { ...node, base, sub: nest(node.sub), sup: nest(node.sup) };
}

/** Nodes between commas, words and relations that are no equation's; `words` is what stood before them. */
export interface Clause {
  readonly nodes: readonly Node[];
  readonly words: string;
}

/** What makes one equation follow from another: one way, or both. */
const ARROWS: Readonly<Record<string, 'one way' | 'both ways'>> = {
  '\\Rightarrow': 'one way',
  '\\Longrightarrow': 'one way',
  '\\implies': 'one way',
  '\\iff': 'both ways',
  '\\Leftrightarrow': 'both ways',
  '\\Longleftrightarrow': 'both ways',
};

/** Which ways an arrow goes; nothing of what is none. */
export function arrowOf(node: Node): 'one way' | 'both ways' | undefined {
  return node.kind === 'symbol' ? ARROWS[node.text] : undefined;
}

/** The clauses of a display, whose nodes are nested. */
export function clausesOf(nodes: readonly Node[]): readonly Clause[] {
  const clauses: { nodes: Node[]; words: string }[] = [{ nodes: [], words: '' }];
  for (const node of nodes) {
    const current = clauses.at(-1);
    if (!current) break;
    const prose = node.kind === 'word' && node.prose;
    const cut = node.kind === 'symbol' && (node.text === ',' || node.text === ';');
    if (!prose && !cut && node.kind !== 'quad') {
      current.nodes.push(node);
      continue;
    }
    const words = prose ? node.text.trim() : '';
    if (current.nodes.length === 0) current.words = `${current.words} ${words}`.trim();
    else if (prose || cut) clauses.push({ nodes: [], words });
    else if (ends(current.nodes)) clauses.push({ nodes: [], words: '' });
  }
  return clauses.filter(clause => clause.nodes.length > 0).map(clause => ({ ...clause, nodes: trimmed(clause.nodes) }));
}

/** Whether what there is so far has an equals sign and something behind it: then a quad ends it. */
function ends(nodes: readonly Node[]): boolean {
  const last = nodes.at(-1);
  return nodes.some(isEquals) && last !== undefined && !isEquals(last);
}

function isEquals(node: Node): boolean {
  return node.kind === 'symbol' && node.text === '=';
}

/** Without the full stop or the like that ends a sentence. */
function trimmed(nodes: readonly Node[]): readonly Node[] {
  const last = nodes.at(-1);
  return last?.kind === 'symbol' && /^[.,;:]$/.test(last.text) ? nodes.slice(0, -1) : nodes;
}

const TAG = /([A-Z]+-[A-Z]?)(\d+)/;

const RANGE = new RegExp(`${TAG.source}(?:\\s*(?:to|–)\\s*(?:[A-Z]+-)?[A-Z]?(\\d+))?`, 'g');

/** The tags that words cite: of “by XX-F1 to XX-F3 and YY-D2” the four. */
export function tagsIn(words: string): readonly string[] {
  if (!/\bby\b/.test(words)) return [];
  return Array.from(words.matchAll(RANGE)).flatMap(([, series = '', from = '', to = from]) => {
    const [first, last] = [Number(from), Math.min(Number(to), Number(from) + 99)];
    return Array.from({ length: Math.max(last - first + 1, 0) }, (_, n) => `${series}${first + n}`);
  });
}

/** A node in a few letters, for a message. */
export function textOfNode(node: Node): string {
  switch (node.kind) {
    case 'symbol':
    case 'word':
      return node.text;
    case 'scripts':
      return node.base.map(textOfNode).join('');
    case 'fraction':
      return 'a fraction';
    case 'paren':
      return `${node.open}…${node.close}`;
    case 'rows':
      return `an array (${node.environment})`;
    case 'unknown':
      return node.what;
    case 'quad':
      return 'a space';
    default:
      return node.kind === 'accent' ? node.accent : `a ${node.kind}`;
  }
}
