/** Names and derivatives as they are written: a letter with accents, what stands above and below it. */
import { textOfNode } from './clauses.ts';
import type { Expression, Index, Name } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { ACCENTS, GREEK, WORDS } from './signs.ts';

export function isSign(node: Node | undefined, signs: string): boolean {
  return node?.kind === 'symbol' && node.text.length === 1 && signs.includes(node.text);
}

export function isNameNode(node: Node): boolean {
  if (node.kind === 'accent') return true;
  if (node.kind === 'scripts') {
    const [only] = node.base;
    return only !== undefined && isNameNode(only);
  }
  if (isWordOfName(node)) return true;
  return node.kind === 'symbol' && (/^[A-Za-z]$/.test(node.text) || GREEK[node.text] !== undefined);
}

/** Whether it is a word that is a name: `\mathrm{accuracy}`, and no function. */
export function isWordOfName(node: Node): node is Node & { kind: 'word' } {
  return node.kind === 'word' && !node.prose && /^[A-Za-z]{2,}$/.test(node.text) && !WORDS.has(node.text);
}

export function nameNode(node: Node): Name {
  if (node.kind === 'scripts') {
    const { part, power } = parted(node.sup);
    if (power.length > 0) throw new Unread('a power of a gradient', node.at);
    return nameOf(node.base, node.sub, part, node.at);
  }
  return nameOf([node], [], [], node.at);
}

/** What is written above a name that belongs to it, and what is a power of it or transposes it. */
export function parted(sup: readonly Node[]): { readonly part: readonly Node[]; readonly power: readonly Node[] } {
  const steps = sup.some(node => node.kind === 'symbol' && node.text === 't'); // μ^t, μ^{t−k}; the time is a subscript, or in parentheses
  const power = steps
    ? sup.findIndex(node => !(node.kind === 'symbol' && node.text === '\\prime'))
    : sup.findIndex(isPower);
  return power < 0 ? { part: sup, power: [] } : { part: sup.slice(0, power), power: sup.slice(power) };
}

/** ⊤, a number, or as many as there are steps: a plain T above a name transposes it. */
function isPower(node: Node): boolean {
  return node.kind === 'symbol' && (/^(\\top|\\intercal|\\tau|T|[\d])$/.test(node.text) || node.text === '-');
}

export function primesOf(sup: readonly Node[]): { readonly primes: number; readonly rest: readonly Node[] } {
  const rest = sup.filter(node => !(node.kind === 'symbol' && node.text === '\\prime'));
  return { primes: sup.length - rest.length, rest };
}

export function nameOf(base: readonly Node[], sub: readonly Node[], sup: readonly Node[], at: number): Name {
  const { letter, bold } = letterOf(base, at);
  const { primes, rest } = primesOf(sup);
  return { letter: letter + '′'.repeat(primes), bold, sub: indicesOf(sub), sup: indicesOf(rest), at };
}

export function letterOf(base: readonly Node[], at: number): { readonly letter: string; readonly bold: boolean } {
  const [only, ...others] = base;
  if (!only || others.length > 0) throw new Unread('a name of several parts', at);
  if (only.kind === 'accent') {
    const { letter, bold } = letterOf(only.body, at);
    const accent = ACCENTS[only.accent];
    if (accent === undefined) throw new Unread(`the accent ${only.accent}`, at);
    return { letter: letter + accent, bold };
  }
  if (isWordOfName(only)) return { letter: only.text, bold: false };
  if (only.kind !== 'symbol') throw new Unread(`${textOfNode(only)} where a name was expected`, only.at);
  const letter = GREEK[only.text] ?? (/^[A-Za-zα-ωΑ-Ω]$/.test(only.text) ? only.text : undefined);
  if (letter === undefined) throw new Unread(`${only.text} where a name was expected`, only.at);
  return { letter, bold: only.face === 'bold' };
}

/** What stands above or below a name, as letters with offsets and numbers. */
function indicesOf(nodes: readonly Node[]): readonly Index[] {
  const flat = nodes.flatMap((node): readonly Node[] => (node.kind === 'paren' ? node.body : [node]));
  const indices: Index[] = [];
  for (let n = 0; n < flat.length; n++) {
    const node = flat[n];
    if (!node || node.kind === 'quad' || (node.kind === 'symbol' && node.text === ',')) continue;
    if (node.kind === 'word') {
      indices.push({ letter: node.text, offset: 0 });
      continue;
    }
    if (node.kind === 'scripts' && primesOf(node.sup).rest.length === 0) {
      const { letter: base, bold } = letterOf(node.base, node.at);
      const letter = base + '′'.repeat(node.sup.length);
      const inner = indicesOf(node.sub);
      const isAtStep =
        !bold && inner.length === 1 && inner.every(index => index.letter === undefined || index.letter === 't');
      if (isAtStep) indices.push({ letter, offset: 0, name: nameNode(node) });
      else for (const index of [{ letter, offset: 0 }, ...inner]) indices.push(index);
      continue;
    }
    if (node.kind !== 'symbol') throw new Unread(`${textOfNode(node)} in an index`, node.at);
    const digits = digitsAt(flat, n);
    if (digits) {
      indices.push({ number: Number(digits) });
      n += digits.length - 1;
      continue;
    }
    const letter = GREEK[node.text] ?? node.text;
    if (!/^[\p{L}*]$/u.test(letter)) throw new Unread(`${node.text} in an index`, node.at);
    let [offset, end] = [0, n];
    const plus: { letter: string; sign: 1 | -1 }[] = [];
    for (let next = flat[end + 1]; isSign(next, '+-'); next = flat[end + 1]) {
      const by = isSign(next, '-') ? -1 : 1;
      const digits = digitsAt(flat, end + 2);
      const other = flat[end + 2];
      if (digits) offset += by * Number(digits);
      else if (other?.kind === 'symbol' && /^[A-Za-z]$/.test(other.text)) plus.push({ letter: other.text, sign: by });
      else throw new Unread('an index with an offset that is no number', node.at);
      end += 1 + (digits.length || 1);
    }
    indices.push({ letter, offset, ...(plus.length > 0 && { plus }) });
    n = end;
  }
  return indices;
}

function digitsAt(nodes: readonly Node[], from: number): string {
  let digits = '';
  for (let n = from; n < nodes.length; n++) {
    const node = nodes[n];
    if (node?.kind !== 'symbol' || !/^\d$/.test(node.text)) break;
    digits += node.text;
  }
  return digits;
}

/** ∂, ∂⁺, or a d that stands before a name. */
export function isPartial(node: Node): boolean {
  if (node.kind === 'scripts') return node.base.every(isPartial) && node.base.length === 1;
  return node.kind === 'symbol' && (node.text === '\\partial' || (node.text === 'd' && node.face !== 'bold'));
}

export function derivative(over: readonly Node[], under: readonly Node[], at: number): Expression {
  const [sign, ...above] = over;
  const [, ...below] = under;
  const immediate = sign?.kind === 'scripts' && sign.sup.some(node => isSign(node, '+'));
  const vec = below[0]?.kind === 'word' && below[0].text === 'vec';
  const inner = vec ? below.flatMap(node => (node.kind === 'paren' ? node.body : [])) : below;
  const [of, ...more] = above;
  const [by, ...others] = inner;
  if (!of || !by || more.length > 0 || others.length > 0 || !isNameNode(by) || !isNameNode(of)) {
    throw new Unread('a derivative that is not of one name by another', at);
  }
  const named = nameNode(of);
  if (!immediate && isLoss(named)) return { kind: 'gradient', by: nameNode(by), at };
  return { kind: 'jacobian', of: named, by: nameNode(by), immediate, vec, at };
}

/** Whether a name is the loss's. */
export function isLoss({ letter, bold, sub, sup }: Name): boolean {
  return !bold && (letter === 'L' || letter === 'ℒ') && sub.length === 0 && sup.length === 0;
}

export function isDots(node: Node): boolean {
  return node.kind === 'symbol' && /^\\(@?cdots|l?dots|ldots|dotsb|dotsm|dotsc)$/.test(node.text);
}
