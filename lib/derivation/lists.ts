/** Lists of names: a column of its elements, a matrix of its rows. */
import type { Expression, Name } from './expression.ts';

/** Whether an expression is a list of names, written out or with dots. */
export function isListed(of: Expression): boolean {
  if (of.kind === 'transpose') return isListed(of.of);
  return of.kind === 'stack' && of.parts.every(part => isItem(part));
}

function isItem(of: Expression): boolean {
  if (of.kind === 'over') return of.operation === '…' && isItem(of.of);
  return of.kind === 'name' || (of.kind === 'transpose' && of.of.kind === 'name');
}

/**
 * The gradients in what a list is made of, put together as the gradient in the list is; nothing of what is no list of names.
 *
 * @param inRows whether the gradient in a column is a row.
 */
export function gradientsOf(
  list: Expression,
  like: Expression & { kind: 'gradient' | 'given' },
  inRows: boolean,
): Expression | undefined {
  if (list.kind !== 'stack' || !isListed(list)) return undefined;
  const gradientIn = (name: Name): Expression =>
    like.kind === 'gradient' ? { ...like, by: name } : { ...like, of: name };
  const inItem = (of: Expression): Expression => {
    if (of.kind === 'over') return { ...of, of: inItem(of.of) };
    if (of.kind === 'name') return gradientIn(of.name);
    if (of.kind !== 'transpose' || of.of.kind !== 'name') return of;
    const gradient = gradientIn(of.of.name);
    return inRows ? gradient : { kind: 'transpose', of: gradient, at: of.at };
  };
  const below =
    list.below &&
    list.parts.some(part => part.kind === 'transpose' || (part.kind === 'over' && part.of.kind === 'transpose'));
  return { ...list, below, parts: list.parts.map(inItem) };
}
