/** Steps that stand above a name without parentheses: the t of zᵗ, where nothing in the text has it below. */
import type { Node } from './latex.ts';

/** Whether a text counts its steps above its names. */
export function stepsAbove(formulas: readonly string[]): boolean {
  const has = (pattern: RegExp) => formulas.some(latex => pattern.test(latex));
  return has(/\^\{?\s*t\s*-\s*1\b/) && !has(/(?<!\\(?:sum|prod))_\{?\s*t\b/) && !has(/\^\{?\s*\(\s*t\b/);
}

/** A node in which a step above a name has parentheses, as h^{(t)} has. */
export function withStepAbove(node: Node): Node {
  const all = (nodes: readonly Node[]) => nodes.map(withStepAbove);
  switch (node.kind) {
    case 'scripts':
      return { ...node, base: all(node.base), sub: all(node.sub), sup: parenthesised(flat(node.sup)) };
    case 'group':
    case 'accent':
    case 'root':
    case 'paren':
      return { ...node, body: all(node.body) };
    case 'fraction':
      return { ...node, over: all(node.over), under: all(node.under) };
    case 'rows':
      return { ...node, rows: node.rows.map(row => ({ ...row, cells: row.cells.map(all) })) };
    default:
      return node;
  }
}

function flat(nodes: readonly Node[]): readonly Node[] {
  return nodes.flatMap(node => (node.kind === 'group' ? flat(node.body) : [node]));
}

/** t, t − 1 or t + 1 in parentheses, and what follows as it is. */
function parenthesised(sup: readonly Node[]): readonly Node[] {
  const [first, sign, by] = sup;
  if (first?.kind !== 'symbol' || !/^(t|T|\\tau)$/.test(first.text) || (first.text === 'T' && sup.length === 1))
    return sup;
  const isOffset =
    sign?.kind === 'symbol' && /^[-−+]$/.test(sign.text) && by?.kind === 'symbol' && /^\d$/.test(by.text);
  const length = isOffset ? 3 : 1;
  const step: Node = { kind: 'paren', open: '(', close: ')', body: sup.slice(0, length), at: first.at };
  return [step, ...sup.slice(length)];
}
