/** Letters, numbers and what stands above and below them. */
import { callOf, manyOf, slashed } from './calls.ts';
import { type Cursor, parenthesis, powered } from './cursor.ts';
import { indexed } from './entries.ts';
import type { Expression } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { countOfSet, fraction, norm, paren } from './pieces.ts';
import { probabilityOf } from './probability.ts';
import { FUNCTION_LETTERS, FUNCTIONS, MANY } from './signs.ts';
import { isLoss, isNameNode, nameNode, nameOf, parted } from './spelling.ts';

export function symbolOf(cursor: Cursor, node: Node & { kind: 'symbol' }): Expression {
  const { text, face, at } = node;
  if (/^[\d.]$/.test(text)) {
    if (text === '1' && (face === 'bold' || face === 'double')) {
      const next = cursor.peek();
      if (face === 'double' && next?.kind === 'paren') return cursor.factor();
      return { kind: 'constant', name: '1', at };
    }
    if (text === '0' && face === 'bold') return { kind: 'constant', name: '0', at };
    return numberOf(cursor, text, at);
  }
  const many = MANY[text];
  if (many) return manyOf(cursor, many, [], [], at);
  if (text === '\\partial') return slashed(cursor, at);
  if (text === 'R' && face === 'script') {
    const moved = cursor.peek();
    const braces = parenthesis(moved);
    if (braces?.open === '\\{' || braces?.open === '\\lbrace') {
      cursor.skip();
      const of: Expression = { kind: 'along', of: cursor.read(braces.body), at };
      return powered(cursor, of, moved?.kind === 'scripts' ? moved.sup : [], at);
    }
  }
  const next = parenthesis(cursor.peek());
  const probability = text === 'P' && face === 'plain' && next ? probabilityOf(next.body, at, cursor.read) : undefined;
  if (probability) {
    cursor.skip();
    return probability;
  }
  const counted = text === '\\#' ? cursor.peek() : undefined;
  const count = counted?.kind === 'paren' ? countOfSet(counted, cursor.read) : undefined;
  if (count) {
    cursor.skip();
    return count;
  }
  const called = FUNCTION_LETTERS[text];
  if (called && face === 'plain' && parenthesis(cursor.peek())) return callOf(cursor, node, [], node);
  const isDelta = text === '\\delta' && isOfStep(cursor.peek());
  if (isDelta || (text === 'd' && (face === 'plain' || face === 'upright'))) {
    const next = cursor.peek();
    if (next && isNameNode(next)) {
      cursor.skip();
      if (next.kind !== 'scripts') return { kind: 'given', of: nameNode(next), at };
      const { part, power } = parted(next.sup);
      return powered(cursor, { kind: 'given', of: nameOf(next.base, next.sub, part, at), at }, power, at);
    }
  }
  if (text === 'I' && face !== 'bold') return { kind: 'constant', name: 'I', at };
  return { kind: 'name', name: nameOf([node], [], [], at), at };
}

/** Whether what follows is a name at a step: then a δ before it makes it a gradient. */
function isOfStep(node: Node | undefined): boolean {
  return (
    node?.kind === 'scripts' && isNameNode(node) && node.sub.some(one => one.kind === 'symbol' && one.text === 't')
  );
}

/** ∇_v L, with L in parentheses or not: the gradient in v. */
function nabla(cursor: Cursor, sub: readonly Node[], sup: readonly Node[], at: number): Expression {
  const [by, ...others] = sub;
  const loss = cursor.peek();
  const [inner] = parenthesis(loss)?.body ?? (loss ? [loss] : []);
  if (
    !by ||
    others.length > 0 ||
    sup.length > 0 ||
    !isNameNode(by) ||
    !inner ||
    !isNameNode(inner) ||
    !isLoss(nameNode(inner))
  )
    throw new Unread('∇ that is not of the loss by one name', at);
  cursor.skip();
  return { kind: 'gradient', by: nameNode(by), at };
}

function numberOf(cursor: Cursor, first: string, at: number): Expression {
  let digits = first;
  let sup: readonly Node[] = [];
  for (let node = cursor.peek(); node && sup.length === 0; node = cursor.peek()) {
    const [base, ...others] = node.kind === 'scripts' && node.sub.length === 0 ? node.base : [node]; // 10^4 is 1, and 0 to the 4
    if (base?.kind !== 'symbol' || others.length > 0 || base.face !== 'plain' || !/^[\d.]$/.test(base.text)) break;
    digits += base.text;
    if (node.kind === 'scripts') sup = node.sup;
    cursor.skip();
  }
  const value = Number(digits);
  if (!Number.isFinite(value)) throw new Unread(`${digits} is no number`, at);
  return powered(cursor, { kind: 'number', value, at }, sup, at);
}

export function scriptsOf(cursor: Cursor, node: Node & { kind: 'scripts' }): Expression {
  const { base, sub, sup, at } = node;
  const [only, ...others] = base;
  if (!only || others.length > 0) throw new Unread('indices of nothing', at);
  if (only.kind === 'symbol' && only.text === '\\nabla') return nabla(cursor, sub, sup, at);
  const many = only.kind === 'symbol' || (only.kind === 'word' && sub.length > 0) ? MANY[only.text] : undefined;
  if (many) return manyOf(cursor, many, sub, sup, at);
  if (only.kind === 'word' && sub.length > 0 && FUNCTIONS[only.text])
    throw new Unread(`an index of ${only.text}`, sub[0]?.at ?? at);
  if (only.kind === 'word' && FUNCTIONS[only.text]) return callOf(cursor, only, sup, node);
  const largest = sub.length === 1 && sub[0]?.kind === 'word' && sub[0].text === 'max'; // the largest singular value
  if (only.kind === 'symbol' && only.text === '\\sigma' && largest && parenthesis(cursor.peek()))
    return callOf(cursor, { kind: 'word', text: 'spectral', prose: false, at }, sup, node);
  const letter = only.kind === 'symbol' ? FUNCTION_LETTERS[only.text] : undefined;
  if (letter && sub.length === 0 && parenthesis(cursor.peek()) && only.kind === 'symbol' && only.face === 'plain') {
    return callOf(cursor, only, sup, node);
  }
  if (only.kind === 'symbol' && only.text === 'e' && only.face !== 'bold' && sup.length > 0 && sub.length === 0) {
    return { kind: 'call', name: 'exp', order: 0, args: [cursor.read(sup)], at };
  }
  const isI = only.kind === 'symbol' && only.text === 'I' && only.face !== 'bold' && sup.length === 0;
  if (isI || (only.kind === 'symbol' && /^[\d.]$/.test(only.text))) {
    const base = cursor.read([only]);
    const [size] = sub;
    const isSized = base.kind === 'constant' && sub.length === 1 && size?.kind === 'symbol';
    return powered(cursor, isSized ? { ...base, size: size.text } : base, sup, at);
  }
  if (only.kind === 'paren') {
    const whole = norm(only, sub, cursor.read);
    const of = whole ?? (sub.length > 0 ? indexed(paren(only, cursor.read), sub, at) : paren(only, cursor.read));
    return powered(cursor, of, sup, at);
  }
  if (only.kind === 'fraction') return powered(cursor, fraction(only, cursor.read), sup, at);
  const { part, power } = parted(sup);
  return powered(cursor, { kind: 'name', name: nameOf(base, sub, part, at), at }, power, at);
}
