/** What reads from left to right, as the kinds of expressions need it that have files of their own. */
import type { Expression } from './expression.ts';
import type { Node } from './latex.ts';
import type { Read } from './pieces.ts';
import { GREEK } from './signs.ts';

export interface Cursor {
  /** The node that comes next. */
  peek(): Node | undefined;
  skip(): void;
  /** What binds most tightly; what stands side by side; what stands between + and −. */
  factor(): Expression;
  product(): Expression;
  term(): Expression;
  /** Other nodes, all of them as one expression. */
  readonly read: Read;
}

/** A parenthesis that is there, whatever stands above it. */
export function parenthesis(node: Node | undefined): (Node & { kind: 'paren' }) | undefined {
  const [only, ...others] = node?.kind === 'scripts' && node.sub.length === 0 ? node.base : node ? [node] : [];
  return only?.kind === 'paren' && others.length === 0 ? only : undefined;
}

/** Whether a node can be a factor that stands behind another. */
export function startsFactor(node: Node): boolean {
  if (node.kind === 'symbol') {
    return (
      /^[A-Za-z\d.]$/.test(node.text) ||
      GREEK[node.text] !== undefined ||
      /^\\(sum|prod|partial|nabla)$/.test(node.text)
    );
  }
  if (node.kind === 'word') return !node.prose;
  return node.kind !== 'unknown' && node.kind !== 'quad';
}

/** A base with what stands above it: transposed, or to a power. */
export function powered(cursor: Cursor, of: Expression, sup: readonly Node[], at: number): Expression {
  const nodes = sup.filter(({ kind }) => kind !== 'quad');
  const [first, ...others] = nodes;
  if (!first) return of;
  if (first.kind === 'symbol' && /^(\\top|\\intercal|T)$/.test(first.text)) {
    return powered(cursor, { kind: 'transpose', of, at }, others, at);
  }
  return { kind: 'power', of, exponent: cursor.read(nodes), at };
}
