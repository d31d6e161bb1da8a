/** What a formula is made of besides letters and operators: fractions, what delimiters hold, arrays, the bounds of sums. */
import { nest, textOfNode } from './clauses.ts';
import { dotted } from './dots.ts';
import type { Expression, Range, Term } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { RELATIONS } from './signs.ts';
import { derivative, isDots, isPartial, letterOf } from './spelling.ts';

/** Reads nodes as one expression. */
export type Read = (nodes: readonly Node[]) => Expression;

export function isEquals(node: Node | undefined): boolean {
  return node?.kind === 'symbol' && (node.text === '=' || node.text === '\\coloneqq' || node.text === '\\equiv');
}

export function split(nodes: readonly Node[], at: (node: Node) => boolean): readonly (readonly Node[])[] {
  const parts: Node[][] = [[]];
  for (const node of nodes) {
    if (at(node)) parts.push([]);
    else parts.at(-1)?.push(node);
  }
  return parts;
}

/** `t=1` below and `τ` above; `k` alone; words. */
export function rangeOf(sub: readonly Node[], sup: readonly Node[], at: number, read: Read): Range {
  const [first, ...others] = sub.filter(({ kind }) => kind !== 'quad');
  if (!first) return { index: '' };
  if (first.kind === 'word') return { index: '' };
  const { letter } = letterOf([first], at);
  const [sign, ...bound] = others;
  if (!sign) return { index: letter };
  if (sign.kind === 'symbol' && sign.text === '\\in') return { index: letter };
  const relation = sign.kind === 'symbol' && !isEquals(sign) ? RELATIONS[sign.text] : undefined;
  if (relation) {
    const name: Expression = { kind: 'name', name: { letter, bold: false, sup: [], sub: [], at }, at };
    return { index: letter, where: { kind: 'holds', relation, left: name, right: read(bound), at } };
  }
  if (!isEquals(sign)) throw new Unread(`${textOfNode(sign)} below a sum`, sign.at);
  const to = sup.length > 0 ? { to: read(sup) } : {};
  return { index: letter, from: read(bound), ...to };
}

/** The ranges below a sum: one, or one each of several letters, `ij` and `i,j`. */
export function rangesOf(sub: readonly Node[], sup: readonly Node[], at: number, read: Read): readonly Range[] {
  const letters = sub.filter(node => node.kind === 'symbol' && /^[a-z]$/.test(node.text));
  const commas = sub.filter(node => node.kind === 'symbol' && node.text === ',');
  const isList = letters.length > 1 && letters.length + commas.length === sub.length && sup.length === 0;
  return isList ? letters.map(node => ({ index: letterOf([node], at).letter })) : [rangeOf(sub, sup, at, read)];
}

export function fraction(node: Node & { kind: 'fraction' }, read: Read): Expression {
  const { over, under, at } = node;
  const [first] = over;
  const [below] = under;
  if (first && isPartial(first) && below && isPartial(below)) return derivative(over, under, at);
  return {
    kind: 'each',
    operation: '⊘',
    left: read(over),
    right: read(under),
    at,
  };
}

/** Functions that are written as delimiters. */
const DELIMITED: Readonly<Record<string, string>> = {
  '|': 'abs',
  '\\lvert': 'abs',
  '\\vert': 'abs',
  '\\|': 'norm',
  '\\lVert': 'norm',
  '\\Vert': 'norm',
  '\\lfloor': 'floor',
  '\\lceil': 'ceil',
};

/** What an index of a norm makes of it: Frobenius's is that of all elements. */
const NORMS: Readonly<Record<string, string>> = { '1': 'norm1', '2': 'spectral', F: 'norm' };

/** A norm with its index; nothing where it is none. */
export function norm(node: Node & { kind: 'paren' }, sub: readonly Node[], read: Read): Expression | undefined {
  const [index, ...others] = sub;
  const name = index?.kind === 'symbol' && others.length === 0 ? NORMS[index.text] : undefined;
  if (!name || DELIMITED[node.open] !== 'norm') return undefined;
  return { kind: 'call', name, order: 0, args: [read(node.body)], at: node.at };
}

export function paren(node: Node & { kind: 'paren' }, read: Read): Expression {
  const { open, body, at } = node;
  const name = DELIMITED[open];
  const [inner, ...beside] = body;
  const count = name === 'abs' && inner?.kind === 'paren' && beside.length === 0 ? countOfSet(inner, read) : undefined;
  if (count) return count;
  if (name) return { kind: 'call', name, order: 0, args: [read(body)], at };
  if (open === '\\langle') {
    const args = split(body, item => item.kind === 'symbol' && item.text === ',').map(read);
    if (args.length !== 2) throw new Unread(`⟨…⟩ of ${args.length}`, at);
    return { kind: 'call', name: 'inner', order: 0, args, at };
  }
  if (open === '[') return bracket(body, at, read);
  if (open !== '(' && open !== '\\{' && open !== '\\lbrace') throw new Unread(`${open}…${node.close}`, at);
  return listed(body, at, read);
}

/** What stands in parentheses or brackets: one, or several as a list, which may have dots in it. */
function listed(body: readonly Node[], at: number, read: Read): Expression {
  const parts: Expression[] = [];
  let dots: Node | undefined;
  for (const item of split(body, node => node.kind === 'symbol' && /^[,;]$/.test(node.text))) {
    const [first, ...others] = item.filter(({ kind }) => kind !== 'quad');
    if (first && others.length === 0 && isDots(first)) {
      dots = first;
      continue;
    }
    const part = read(item);
    if (dots) for (const one of dotted(parts.splice(-2), part, dots.at, '…')) parts.push(one);
    else parts.push(part);
    dots = undefined;
  }
  if (dots) throw new Unread('dots before nothing', dots.at);
  const [only, ...others] = parts;
  if (!only) throw new Unread('nothing in parentheses', at);
  const isList = others.length > 0 || (only.kind === 'over' && only.operation === '…');
  return isList ? { kind: 'stack', parts: [only, ...others], below: body.some(isSemicolon), at } : only;
}

/** How many there are in a set: of `{t : a_t = b, …}`, the steps at which all of that holds. Nothing where it is no such set. */
export function countOfSet({ open, body, at }: Node & { kind: 'paren' }, read: Read): Expression | undefined {
  const colon = body.findIndex(node => node.kind === 'symbol' && node.text === ':');
  if (!/^\\(\{|lbrace)$/.test(open) || colon < 0) return undefined;
  const conditions = split(body.slice(colon + 1), node => node.kind === 'symbol' && node.text === ',');
  const factors = conditions.map(condition => bracket(condition, at, read));
  return {
    kind: 'over',
    operation: 'Σ',
    range: rangeOf(body.slice(0, colon), [], at, read),
    of: { kind: 'product', factors, at },
    at,
  };
}

function isSemicolon(node: Node): boolean {
  return node.kind === 'symbol' && node.text === ';';
}

/** `[a, b]` is one below the other; `[a > b]` is 1 where it holds. */
export function bracket(body: readonly Node[], at: number, read: Read): Expression {
  const found = body.findIndex(node => node.kind === 'symbol' && RELATIONS[node.text] !== undefined);
  const sign = body[found];
  if (sign?.kind === 'symbol') {
    const relation = RELATIONS[sign.text] ?? '=';
    const left = read(body.slice(0, found));
    const right = read(body.slice(found + 1));
    return { kind: 'holds', relation, left, right, at };
  }
  return listed(body, at, read);
}

export function rows(node: Node & { kind: 'rows' }, read: Read): Expression {
  const cells = node.rows.map(({ cells }) => cells);
  if (/matrix/.test(node.environment) && cells.every(row => row.length === 1)) {
    return {
      kind: 'stack',
      below: true,
      parts: cells.map(([cell = []]) => read(nest(cell))),
      at: node.at,
    };
  }
  if (node.environment === 'cases') return cases(node, read);
  const [first] = cells;
  if (/matrix/.test(node.environment) && first && cells.every(row => row.length === first.length)) {
    const parts = cells.flat().map(cell => read(nest(cell)));
    return { kind: 'stack', below: true, parts, columns: first.length, at: node.at };
  }
  throw new Unread(`an array (${node.environment}) in an equation`, node.at);
}

/** Values, each where its condition holds, as a sum of products with indicators; “otherwise” is where none of the others does. */
function cases(node: Node & { kind: 'rows' }, read: Read): Expression {
  const { at } = node;
  const one: Expression = { kind: 'number', value: 1, at };
  const times = (left: Expression, right: Expression): Expression => ({
    kind: 'each',
    operation: '⊙',
    left,
    right,
    at,
  });
  const conditions: Expression[] = [];
  const terms = node.rows.map(({ cells: [value = [], condition = []] }): Term => {
    const said = nest(condition).filter(item => item.kind !== 'quad');
    const of = read(nest(value).filter(item => !(item.kind === 'symbol' && item.text === ',')));
    const isRest = said.some(item => item.kind === 'word' && /otherwise|else/.test(item.text));
    const holds = isRest
      ? conditions
          .map(
            (before): Expression => ({
              kind: 'sum',
              terms: [
                { sign: 1, of: one },
                { sign: -1, of: before },
              ],
              at,
            }),
          )
          .reduce(times, one)
      : bracket(
          said.filter(item => !(item.kind === 'word' && /^\s*(if|where|for|when)\s*$/.test(item.text))),
          at,
          read,
        );
    if (!isRest && holds.kind !== 'holds') throw new Unread('a case without a condition', at);
    conditions.push(holds);
    return { sign: 1, of: times(holds, of) };
  });
  return { kind: 'sum', terms, at };
}
