/**
 * Expressions, read from left to right.
 *
 * Between + and −, products by juxtaposition bind more tightly than ⊙ and ⊘, and a Σ takes the rest of its term.
 */
import { argumentOf, wordOf } from './calls.ts';
import { textOfNode } from './clauses.ts';
import { type Cursor, startsFactor } from './cursor.ts';
import { dotted } from './dots.ts';
import type { Expression, Term } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { fraction, paren, rows } from './pieces.ts';
import { ELEMENTWISE } from './signs.ts';
import { isDots, isSign, nameOf } from './spelling.ts';
import { scriptsOf, symbolOf } from './symbols.ts';

/** Reads a list of nodes from left to right. */
export class Reader implements Cursor {
  readonly #nodes: readonly Node[];
  readonly read: typeof read = read;
  #next = 0;

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes.filter(({ kind }) => kind !== 'quad');
  }

  /** All of it as one expression. */
  expression(): Expression {
    const read = this.#sum();
    const rest = this.peek();
    if (rest) throw new Unread(`${textOfNode(rest)} where an operator or the end was expected`, rest.at);
    return read;
  }

  peek(): Node | undefined {
    return this.#nodes[this.#next];
  }

  skip(): void {
    this.#next++;
  }

  get #at(): number {
    return this.peek()?.at ?? (this.#nodes.at(-1)?.at ?? -1) + 1;
  }

  #sum(): Expression {
    const at = this.#at;
    const terms: Term[] = [];
    for (let first = true; first || isSign(this.peek(), '+-−') || this.#isPlusMinus(); first = false) {
      let sign: 1 | -1 = 1;
      while (isSign(this.peek(), '+-−')) {
        if (isSign(this.peek(), '-−')) sign = sign === 1 ? -1 : 1;
        this.skip();
      }
      terms.push({ sign, of: this.term() });
    }
    const [only, ...others] = terms;
    return only && others.length === 0 && only.sign === 1 ? only.of : { kind: 'sum', terms, at };
  }

  #isPlusMinus(): boolean {
    const node = this.peek();
    if (node?.kind === 'symbol' && /^\\(pm|mp)$/.test(node.text))
      throw new Unread(`${node.text} is two signs`, node.at);
    return false;
  }

  term(): Expression {
    let left = this.product();
    for (;;) {
      const node = this.peek();
      const isKronecker = node?.kind === 'symbol' && node.text === '\\otimes';
      const operation = node?.kind === 'symbol' ? ELEMENTWISE[node.text] : undefined;
      if (!operation && !isKronecker) return left;
      this.skip();
      if (!operation) {
        left = { kind: 'call', name: 'kron', order: 0, args: [left, this.product()], at: left.at };
        continue;
      }
      left = { kind: 'each', operation, left, right: this.product(), at: left.at };
    }
  }

  product(): Expression {
    const at = this.#at;
    const factors: Expression[] = [this.factor()];
    for (;;) {
      const node = this.peek();
      if (node && isDots(node)) {
        this.skip();
        for (const factor of dotted(factors.splice(-2), this.factor(), node.at)) factors.push(factor);
        continue;
      }
      if (node?.kind === 'symbol' && /^(\\cdot|\\times|·)$/.test(node.text)) this.skip();
      else if (!node || !startsFactor(node)) break;
      factors.push(this.factor());
    }
    const [only, ...others] = factors;
    return only && others.length === 0 ? only : { kind: 'product', factors, at };
  }

  factor(): Expression {
    const node = this.peek();
    if (!node) throw new Unread('something is missing at the end', this.#at);
    this.skip();
    switch (node.kind) {
      case 'symbol':
        return symbolOf(this, node);
      case 'word':
        return argumentOf(this, node) ?? wordOf(this, node);
      case 'scripts':
        return scriptsOf(this, node);
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
}

function read(nodes: readonly Node[]): Expression {
  return new Reader(nodes).expression();
}
