/** Every cell of the library, by name. */
import { noteOf } from '../copies.ts';
import { ValueError } from '../errors.ts';
import { describe, requireObject } from '../require.ts';
import { type Cell, requireCell } from './cell.ts';
import { gru } from './gru.ts';
import { gruResetBefore } from './gru-reset-before.ts';
import { lstm } from './lstm.ts';
import { lstmCoupled } from './lstm-coupled.ts';
import { lstmLayerNorm } from './lstm-layer-norm.ts';
import { lstmNoForget } from './lstm-no-forget.ts';
import { lstmPeephole } from './lstm-peephole.ts';
import { mgu } from './mgu.ts';
import { minGru } from './min-gru.ts';
import { minLstm } from './min-lstm.ts';
import { rnn, rnnRelu } from './rnn.ts';
import { slstm } from './slstm.ts';
import { trace } from './trace.ts';

const ours = noteOf<string>('cell');

/** The cells that come with the library, by the name that the command knows them by. */
export const cells: Readonly<Record<string, Cell>> = Object.fromEntries(
  [
    ...[rnn, rnnRelu, trace, lstm, lstmNoForget, lstmCoupled, lstmPeephole, gru, gruResetBefore],
    ...[lstmLayerNorm, slstm, mgu, minGru, minLstm],
  ].map((cell: Cell) => {
    ours.set(cell, cell.name);
    return [cell.name, cell];
  }),
);

/**
 * The name under which the library has that very cell, be it another copy of the library; undefined of any other cell, such as
 * what somebody makes of its parts.
 */
export function ownName(cell: Cell): string | undefined {
  return typeof cell === 'object' && cell !== null ? ours.get(cell) : undefined;
}

/**
 * The cell of that name.
 *
 * @throws ValueError listing the names there are.
 */
export function cellNamed(name: string, known: Readonly<Record<string, Cell>> = cells): Cell {
  requireObject('known', known);
  const cell = typeof name === 'string' && Object.hasOwn(known, name) ? known[name] : undefined;
  if (!cell) throw new ValueError('cell', `one of ${Object.keys(known).join(', ')}`, describe(name));
  return requireCell('cell', cell);
}
