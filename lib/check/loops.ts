/**
 * Loops through time that are not the library's: a report names no line of a cell that such a loop may be at fault for, and where
 * the cell is proven it says so.
 */
import type { Cell } from '../cells/cell.ts';
import type { Layer } from '../layers/layer.ts';
import { makingOf, ownLoopOver } from '../layers/made.ts';
import { proveCell } from './prove-cell.ts';

/** Whether there is a loop in the layer, or in one that it is made of, that the library has not made. */
export function hasOwnLoop(layer: Layer): boolean {
  const making = makingOf(layer);
  if (!making) return Object.keys(layer.state).length > 0;
  switch (making.kind) {
    case 'cell':
      return ownLoopOver(layer) !== undefined;
    case 'stack':
      return making.layers.some(([, own]) => hasOwnLoop(own));
    case 'bidirectional':
      return hasOwnLoop(making.forward) || hasOwnLoop(making.backward);
    default:
      return false;
  }
}

/** The name of the cell whose steps a layer of the user's takes, where that is known and every step of it is proven. */
export function provenStep(layer: Layer, cell: Cell | undefined = ownLoopOver(layer)): string | undefined {
  return cell && proveCell(cell).ok ? cell.name : undefined;
}
