/**
 * Expressions, read from left to right.
 *
 * Between + and −, products by juxtaposition bind more tightly than ⊙ and ⊘, and a Σ takes the rest of its term.
 */
import { textOfNode } from './clauses.ts';
import { dotted } from './dots.ts';
import { indexed } from './entries.ts';
import type { Expression, Many, Term } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { bracket, countOfSet, fraction, norm, paren, rangesOf, rows, split } from './pieces.ts';
import { probabilityOf } from './probability.ts';
import { ARGUMENTS, ELEMENTWISE, FUNCTION_LETTERS, FUNCTIONS, GREEK, MANY } from './signs.ts';
import {
  derivative,
  isDots,
  isNameNode,
  isSign,
  isWordOfName,
  nameNode,
  nameOf,
  parted,
  primesOf,
} from './spelling.ts';

/** Reads a list of nodes from left to right. */
export class Reader {
  readonly #nodes: readonly Node[];
  #next = 0;

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes.filter(({ kind }) => kind !== 'quad');
  }

  /** All of it as one expression. */
  expression(): Expression {
    const read = this.#sum();
    const rest = this.#peek();
    if (rest) throw new Unread(`${textOfNode(rest)} where an operator or the end was expected`, rest.at);
    return read;
  }

  #peek(ahead = 0): Node | undefined {
    return this.#nodes[this.#next + ahead];
  }

  get #at(): number {
    return this.#peek()?.at ?? (this.#nodes.at(-1)?.at ?? -1) + 1;
  }

  #sum(): Expression {
    const at = this.#at;
    const terms: Term[] = [];
    for (let first = true; first || isSign(this.#peek(), '+-−') || this.#isPlusMinus(); first = false) {
      let sign: 1 | -1 = 1;
      while (isSign(this.#peek(), '+-−')) {
        if (isSign(this.#peek(), '-−')) sign = sign === 1 ? -1 : 1;
        this.#next++;
      }
      terms.push({ sign, of: this.#term() });
    }
    const [only, ...others] = terms;
    return only && others.length === 0 && only.sign === 1 ? only.of : { kind: 'sum', terms, at };
  }

  #isPlusMinus(): boolean {
    const node = this.#peek();
    if (node?.kind === 'symbol' && /^\\(pm|mp)$/.test(node.text))
      throw new Unread(`${node.text} is two signs`, node.at);
    return false;
  }

  #term(): Expression {
    let left = this.#product();
    for (;;) {
      const node = this.#peek();
      const isKronecker = node?.kind === 'symbol' && node.text === '\\otimes';
      const operation = node?.kind === 'symbol' ? ELEMENTWISE[node.text] : undefined;
      if (!operation && !isKronecker) return left;
      this.#next++;
      if (!operation) {
        left = { kind: 'call', name: 'kron', order: 0, args: [left, this.#product()], at: left.at };
        continue;
      }
      left = { kind: 'each', operation, left, right: this.#product(), at: left.at };
    }
  }

  #product(): Expression {
    const at = this.#at;
    const factors: Expression[] = [this.#factor()];
    for (;;) {
      const node = this.#peek();
      if (node && isDots(node)) {
        this.#next++;
        for (const factor of dotted(factors.splice(-2), this.#factor(), node.at)) factors.push(factor);
        continue;
      }
      if (node?.kind === 'symbol' && /^(\\cdot|\\times|·)$/.test(node.text)) this.#next++;
      else if (!node || !startsFactor(node)) break;
      factors.push(this.#factor());
    }
    const [only, ...others] = factors;
    return only && others.length === 0 ? only : { kind: 'product', factors, at };
  }

  #factor(): Expression {
    const node = this.#peek();
    if (!node) throw new Unread('something is missing at the end', this.#at);
    this.#next++;
    switch (node.kind) {
      case 'symbol':
        return this.#symbol(node);
      case 'word':
        return this.#argument(node) ?? this.#word(node);
      case 'scripts':
        return this.#scripts(node);
      case 'accent':
        return { kind: 'name', name: nameOf([node], [], [], node.at), at: node.at };
      case 'fraction':
        return fraction(node, read);
      case 'root':
        return { kind: 'call', name: 'sqrt', order: 0, args: [read(node.body)], at: node.at };
      case 'paren':
        return paren(node, read);
      case 'rows':
        return rows(node, read);
      default:
        throw new Unread(`${textOfNode(node)} is nothing that an equation is made of`, node.at);
    }
  }

  #symbol(node: Node & { kind: 'symbol' }): Expression {
    const { text, face, at } = node;
    if (/^[\d.]$/.test(text)) {
      if (text === '1' && (face === 'bold' || face === 'double')) {
        const next = this.#peek();
        if (face === 'double' && next?.kind === 'paren') return this.#factor();
        return { kind: 'constant', name: '1', at };
      }
      if (text === '0' && face === 'bold') return { kind: 'constant', name: '0', at };
      return this.#number(text, at);
    }
    const many = MANY[text];
    if (many) return this.#over(many, [], [], at);
    if (text === '\\partial') return this.#slashed(at);
    if (text === 'R' && face === 'script') {
      const moved = this.#peek();
      const braces = parenthesis(moved);
      if (braces?.open === '\\{' || braces?.open === '\\lbrace') {
        this.#next++;
        const of: Expression = { kind: 'along', of: read(braces.body), at };
        return powered(of, moved?.kind === 'scripts' ? moved.sup : [], at);
      }
    }
    const next = parenthesis(this.#peek());
    const probability = text === 'P' && face === 'plain' && next ? probabilityOf(next.body, at, read) : undefined;
    if (probability) {
      this.#next++;
      return probability;
    }
    const counted = text === '\\#' ? this.#peek() : undefined;
    const count = counted?.kind === 'paren' ? countOfSet(counted, read) : undefined;
    if (count) {
      this.#next++;
      return count;
    }
    const called = FUNCTION_LETTERS[text];
    if (called && face === 'plain' && parenthesis(this.#peek())) return this.#call(node, [], node);
    if (text === 'd' && (face === 'plain' || face === 'upright')) {
      const next = this.#peek();
      if (next && isNameNode(next)) {
        this.#next++;
        if (next.kind !== 'scripts') return { kind: 'given', of: nameNode(next), at };
        const { part, power } = parted(next.sup);
        return powered({ kind: 'given', of: nameOf(next.base, next.sub, part, at), at }, power, at);
      }
    }
    if (text === 'I' && face !== 'bold') return { kind: 'constant', name: 'I', at };
    return { kind: 'name', name: nameOf([node], [], [], at), at };
  }

  #number(first: string, at: number): Expression {
    let digits = first;
    let sup: readonly Node[] = [];
    for (let node = this.#peek(); node && sup.length === 0; node = this.#peek()) {
      const [base, ...others] = node.kind === 'scripts' && node.sub.length === 0 ? node.base : [node]; // 10^4 is 1, and 0 to the 4
      if (base?.kind !== 'symbol' || others.length > 0 || base.face !== 'plain' || !/^[\d.]$/.test(base.text)) break;
      digits += base.text;
      if (node.kind === 'scripts') sup = node.sup;
      this.#next++;
    }
    const value = Number(digits);
    if (!Number.isFinite(value)) throw new Unread(`${digits} is no number`, at);
    return powered({ kind: 'number', value, at }, sup, at);
  }

  #scripts(node: Node & { kind: 'scripts' }): Expression {
    const { base, sub, sup, at } = node;
    const [only, ...others] = base;
    if (!only || others.length > 0) throw new Unread('indices of nothing', at);
    const many = only.kind === 'symbol' || (only.kind === 'word' && sub.length > 0) ? MANY[only.text] : undefined;
    if (many) return this.#over(many, sub, sup, at);
    if (only.kind === 'word' && sub.length > 0 && FUNCTIONS[only.text])
      throw new Unread(`an index of ${only.text}`, sub[0]?.at ?? at);
    if (only.kind === 'word' && FUNCTIONS[only.text]) return this.#call(only, sup, node);
    const largest = sub.length === 1 && sub[0]?.kind === 'word' && sub[0].text === 'max'; // the largest singular value
    if (only.kind === 'symbol' && only.text === '\\sigma' && largest && parenthesis(this.#peek()))
      return this.#call({ kind: 'word', text: 'spectral', prose: false, at }, sup, node);
    const letter = only.kind === 'symbol' ? FUNCTION_LETTERS[only.text] : undefined;
    if (letter && sub.length === 0 && parenthesis(this.#peek()) && only.kind === 'symbol' && only.face === 'plain') {
      return this.#call(only, sup, node);
    }
    if (only.kind === 'symbol' && only.text === 'e' && only.face !== 'bold' && sup.length > 0 && sub.length === 0) {
      return { kind: 'call', name: 'exp', order: 0, args: [read(sup)], at };
    }
    const isI = only.kind === 'symbol' && only.text === 'I' && only.face !== 'bold' && sup.length === 0;
    if (isI || (only.kind === 'symbol' && /^[\d.]$/.test(only.text))) {
      const base = read([only]);
      const [size] = sub;
      const isSized = base.kind === 'constant' && sub.length === 1 && size?.kind === 'symbol';
      return powered(isSized ? { ...base, size: size.text } : base, sup, at);
    }
    if (only.kind === 'paren') {
      const whole = norm(only, sub, read);
      const of = whole ?? (sub.length > 0 ? indexed(paren(only, read), sub, at) : paren(only, read));
      return powered(of, sup, at);
    }
    if (only.kind === 'fraction') return powered(fraction(only, read), sup, at);
    const { part, power } = parted(sup);
    return powered({ kind: 'name', name: nameOf(base, sub, part, at), at }, power, at);
  }

  /** A function's argument: in parentheses, or what follows it up to the next operator. */
  #call(node: Node & { kind: 'word' | 'symbol' }, sup: readonly Node[], whole: Node): Expression {
    const name = node.kind === 'word' ? FUNCTIONS[node.text] : FUNCTION_LETTERS[node.text];
    const at = whole.at;
    if (!name) throw new Unread(`the word ${textOfNode(node)}`, at);
    const { primes, rest } = primesOf(sup);
    const first = this.#peek();
    if (!first) throw new Unread(`${name} of nothing`, at);
    const args: Expression[] = [];
    const next = parenthesis(first) ?? first;
    const above = next !== first && first.kind === 'scripts' ? first.sup : [];
    if (next.kind === 'paren' && (next.open === '(' || next.open === '[' || next.open === '\\{')) {
      this.#next++;
      if (next.open === '[' && name !== 'diag') throw new Unread(`${name}[…]`, at);
      const inner = split(next.body, item => item.kind === 'symbol' && /^[,;]$/.test(item.text));
      for (const item of inner) args.push(next.open === '[' ? bracket(item, next.at, read) : read(item));
    } else {
      const product: Expression[] = [this.#factor()];
      for (
        let follows = this.#peek();
        follows && startsFactor(follows) && follows.kind !== 'paren' && follows.kind !== 'word';
        follows = this.#peek()
      ) {
        product.push(this.#factor());
      }
      const [only, ...others] = product;
      args.push(only && others.length === 0 ? only : { kind: 'product', factors: product, at });
    }
    return powered(powered({ kind: 'call', name, order: primes, args, at }, rest, at), above, at);
  }

  #over(operation: Many, sub: readonly Node[], sup: readonly Node[], at: number): Expression {
    const ranges = rangesOf(sub, sup, at, read);
    const of = operation === 'Σ' || operation === 'Π' ? this.#term() : this.#product();
    return ranges.reduceRight((inner, range): Expression => ({ kind: 'over', operation, range, of: inner, at }), of);
  }

  /** A function of what follows; or a name, where nothing in parentheses does. */
  #word(node: Node & { kind: 'word' }): Expression {
    const isName = isWordOfName(node) && this.#peek()?.kind !== 'paren';
    return isName ? { kind: 'name', name: nameOf([node], [], [], node.at), at: node.at } : this.#call(node, [], node);
  }

  /** `\arg\max_k`: the place of the largest. */
  #argument(node: Node & { kind: 'word' }): Expression | undefined {
    const next = this.#peek();
    const [word] = next?.kind === 'scripts' ? next.base : [];
    if (node.text !== 'arg' || next?.kind !== 'scripts' || word?.kind !== 'word') return undefined;
    const operation = ARGUMENTS[word.text];
    if (!operation) return undefined;
    this.#next++;
    return this.#over(operation, next.sub, next.sup, node.at);
  }

  /** ∂L/∂v in a line. */
  #slashed(at: number): Expression {
    const over: Node[] = [];
    let node = this.#peek();
    while (node && !(node.kind === 'symbol' && node.text === '/')) {
      over.push(node);
      this.#next++;
      node = this.#peek();
    }
    this.#next++;
    const partial = this.#peek();
    this.#next++;
    const of = this.#peek();
    this.#next++;
    if (!partial || !of) throw new Unread('∂ of nothing', at);
    return derivative([{ kind: 'symbol', text: '\\partial', face: 'plain', at }, ...over], [partial, of], at);
  }
}

/** A parenthesis that is there, whatever stands above it. */
function parenthesis(node: Node | undefined): (Node & { kind: 'paren' }) | undefined {
  const [only, ...others] = node?.kind === 'scripts' && node.sub.length === 0 ? node.base : node ? [node] : [];
  return only?.kind === 'paren' && others.length === 0 ? only : undefined;
}

/** Whether a node can be a factor that stands behind another. */
function startsFactor(node: Node): boolean {
  if (node.kind === 'symbol') {
    return (
      /^[A-Za-z\d.]$/.test(node.text) || GREEK[node.text] !== undefined || /^\\(sum|prod|partial)$/.test(node.text)
    );
  }
  if (node.kind === 'word') return !node.prose;
  return node.kind !== 'unknown' && node.kind !== 'quad';
}

/** A base with what stands above it: transposed, or to a power. */
function powered(of: Expression, sup: readonly Node[], at: number): Expression {
  const nodes = sup.filter(({ kind }) => kind !== 'quad');
  const [first, ...others] = nodes;
  if (!first) return of;
  if (first.kind === 'symbol' && /^(\\top|\\intercal|T)$/.test(first.text)) {
    return powered({ kind: 'transpose', of, at }, others, at);
  }
  return { kind: 'power', of, exponent: read(nodes), at };
}

function read(nodes: readonly Node[]): Expression {
  return new Reader(nodes).expression();
}
