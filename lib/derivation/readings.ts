/** How much of a gradient an equation may mean: what is not written, and differs from one author to the next. */
import { type Expression, type Name, walk } from './expression.ts';
import type { Extent, Extents, Layout } from './scope.ts';

/** What a derivation does all through. */
export interface Manner {
  readonly layout: Layout;
  /** What `d` before a name is: what the step is handed, or the whole gradient. */
  readonly given: 'given' | 'total';
}

/** The extents that one equation is read with: that of its left side, and those on its right. */
export interface Reading {
  readonly left: Extent;
  readonly extents: Extents;
}

/** With which extents an equation may be meant: the usual ones first. */
export function readingsOf(left: Expression, right: Expression, adds: boolean, manner: Manner): readonly Reading[] {
  const parts = walk(right);
  const hasImmediate = parts.some(part => part.kind === 'jacobian' && part.immediate);
  const hasJacobian = parts.some(part => part.kind === 'jacobian' && !part.immediate);
  const immediates: readonly Extent[] = hasImmediate ? ['step', 'immediate'] : ['step'];
  return immediates.flatMap(immediate =>
    leftsOf(left, adds, manner).flatMap(extent => {
      const jacobians: readonly Extent[] =
        hasJacobian && left.kind === 'jacobian' && extent !== 'total' ? ['total', extent] : ['total'];
      return jacobians.map(
        (jacobian): Reading => ({
          left: extent,
          extents: { gradient: 'total', given: manner.given, immediate, jacobian },
        }),
      );
    }),
  );
}

function leftsOf(left: Expression, adds: boolean, { given }: Manner): readonly Extent[] {
  const through: readonly Extent[] = adds ? ['through'] : [];
  switch (left.kind) {
    case 'along':
      return leftsOf(left.of, adds, { layout: 'rows', given });
    case 'jacobian':
      return left.immediate ? ['immediate', 'step'] : ['total', 'handed', 'step', 'immediate'];
    case 'gradient':
      return [...(adds || isEarlier(left.by) ? (['total', 'handed'] as const) : (['total'] as const)), ...through];
    case 'given':
      return [...new Set<Extent>([given, 'total', 'handed', ...through])];
    default:
      return ['total'];
  }
}

/** Whether a name is that of the step before: what a step hands back is part of its gradient. */
function isEarlier({ sub, sup }: Name): boolean {
  return [...sub, ...sup].some(index => index.letter === 't' && index.offset < 0);
}
