/** What stands below a parenthesis: (A)_{ij} an element, (A)_{i·} a row, (∂L/∂r)_h what of the gradient is that in h. */
import { COUNTERS } from './counts.ts';
import type { Expression } from './expression.ts';
import { type Node, Unread } from './latex.ts';
import { isNameNode, letterOf, nameNode } from './spelling.ts';

/** An expression with an index below it. */
export function indexed(of: Expression, sub: readonly Node[], at: number): Expression {
  const nodes = sub.filter(node => node.kind !== 'quad' && !(node.kind === 'symbol' && node.text === ','));
  const [first, second, ...others] = nodes;
  if (!first || others.length > 0) throw new Unread('an index of a parenthesis', at);
  if (!second && isNameNode(first) && isBold(first)) return { kind: 'share', of, name: nameNode(first), at };
  return { kind: 'element', of, places: (second ? [first, second] : [first]).map(counted), at };
}

function isBold(node: Node): boolean {
  if (node.kind === 'scripts' || node.kind === 'accent')
    return (node.kind === 'accent' ? node.body : node.base).some(isBold);
  return node.kind === 'symbol' && node.face === 'bold';
}

/** A letter or a digit that an element is counted with; nothing of a dot, which stands for all. */
function counted(node: Node): Expression | undefined {
  const { at } = node;
  if (node.kind === 'symbol' && /^(\\cdot|·|:)$/.test(node.text)) return undefined;
  if (node.kind === 'symbol' && /^\d$/.test(node.text)) return { kind: 'number', value: Number(node.text), at };
  const { letter } = letterOf([node], at);
  if (COUNTERS.test(letter)) return { kind: 'place', letter, at };
  return { kind: 'name', name: { letter, bold: false, sup: [], sub: [], at }, at };
}
