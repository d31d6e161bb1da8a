/** Functions, sums and other operators with what they are of. */
import { textOfNode } from './clauses.ts';
import { type Cursor, parenthesis, powered, startsFactor } from './cursor.ts';
import type { Expression, Many } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { bracket, rangesOf, split } from './pieces.ts';
import { ARGUMENTS, FUNCTION_LETTERS, FUNCTIONS } from './signs.ts';
import { derivative, isWordOfName, nameOf, primesOf } from './spelling.ts';

/** A function's argument: in parentheses, or what follows it up to the next operator. */
export function callOf(
  cursor: Cursor,
  node: Node & { kind: 'word' | 'symbol' },
  sup: readonly Node[],
  whole: Node,
): Expression {
  const name = node.kind === 'word' ? FUNCTIONS[node.text] : FUNCTION_LETTERS[node.text];
  const at = whole.at;
  if (!name) throw new Unread(`the word ${textOfNode(node)}`, at);
  const { primes, rest } = primesOf(sup);
  const first = cursor.peek();
  if (!first) throw new Unread(`${name} of nothing`, at);
  const args: Expression[] = [];
  const next = parenthesis(first) ?? first;
  const above = next !== first && first.kind === 'scripts' ? first.sup : [];
  if (next.kind === 'paren' && (next.open === '(' || next.open === '[' || next.open === '\\{')) {
    cursor.skip();
    if (next.open === '[' && name !== 'diag') throw new Unread(`${name}[…]`, at);
    const inner = split(next.body, item => item.kind === 'symbol' && /^[,;]$/.test(item.text));
    for (const item of inner) args.push(next.open === '[' ? bracket(item, next.at, cursor.read) : cursor.read(item));
  } else {
    const product: Expression[] = [cursor.factor()];
    for (
      let follows = cursor.peek();
      follows && startsFactor(follows) && follows.kind !== 'paren' && follows.kind !== 'word';
      follows = cursor.peek()
    ) {
      product.push(cursor.factor());
    }
    const [only, ...others] = product;
    args.push(only && others.length === 0 ? only : { kind: 'product', factors: product, at });
  }
  return powered(cursor, powered(cursor, { kind: 'call', name, order: primes, args, at }, rest, at), above, at);
}

export function manyOf(
  cursor: Cursor,
  operation: Many,
  sub: readonly Node[],
  sup: readonly Node[],
  at: number,
): Expression {
  const ranges = rangesOf(sub, sup, at, cursor.read);
  const of = operation === 'Σ' || operation === 'Π' ? cursor.term() : cursor.product();
  return ranges.reduceRight((inner, range): Expression => ({ kind: 'over', operation, range, of: inner, at }), of);
}

/** A function of what follows; or a name, where nothing in parentheses does. */
export function wordOf(cursor: Cursor, node: Node & { kind: 'word' }): Expression {
  const isName = isWordOfName(node) && cursor.peek()?.kind !== 'paren';
  return isName ? { kind: 'name', name: nameOf([node], [], [], node.at), at: node.at } : callOf(cursor, node, [], node);
}

/** `\arg\max_k`: the place of the largest. */
export function argumentOf(cursor: Cursor, node: Node & { kind: 'word' }): Expression | undefined {
  const next = cursor.peek();
  const [word] = next?.kind === 'scripts' ? next.base : [];
  if (node.text !== 'arg' || next?.kind !== 'scripts' || word?.kind !== 'word') return undefined;
  const operation = ARGUMENTS[word.text];
  if (!operation) return undefined;
  cursor.skip();
  return manyOf(cursor, operation, next.sub, next.sup, node.at);
}

/** ∂L/∂v in a line. */
export function slashed(cursor: Cursor, at: number): Expression {
  const over: Node[] = [];
  let node = cursor.peek();
  while (node && !(node.kind === 'symbol' && node.text === '/')) {
    over.push(node);
    cursor.skip();
    node = cursor.peek();
  }
  cursor.skip();
  const partial = cursor.peek();
  cursor.skip();
  const of = cursor.peek();
  cursor.skip();
  if (!partial || !of) throw new Unread('∂ of nothing', at);
  return derivative([{ kind: 'symbol', text: '\\partial', face: 'plain', at }, ...over], [partial, of], at);
}
