/** Which kernels run which cell. */
import type { Cell } from '../../cells/cell.ts';
import { gru as gruCell } from '../../cells/gru.ts';
import { gruResetBefore as gruResetBeforeCell } from '../../cells/gru-reset-before.ts';
import { lstm as lstmCell } from '../../cells/lstm.ts';
import { lstmCoupled as lstmCoupledCell } from '../../cells/lstm-coupled.ts';
import { lstmNoForget as lstmNoForgetCell } from '../../cells/lstm-no-forget.ts';
import { lstmPeephole as lstmPeepholeCell } from '../../cells/lstm-peephole.ts';
import { rnn as rnnCell, rnnRelu as rnnReluCell } from '../../cells/rnn.ts';
import { decaysOf, trace as traceCell } from '../../cells/trace.ts';
import type { FusedCell } from './fused.ts';
import { gru, gruResetBefore } from './gru.ts';
import { lstm, lstmCoupled, lstmNoForget, lstmPeephole } from './lstm.ts';
import { rnn, rnnRelu } from './rnn.ts';
import { trace, traceFixed } from './trace.ts';

const known = new Map<unknown, FusedCell>([
  [rnnCell, rnn],
  [rnnReluCell, rnnRelu],
  [lstmCell, lstm],
  [lstmNoForgetCell, lstmNoForget],
  [lstmCoupledCell, lstmCoupled],
  [lstmPeepholeCell, lstmPeephole],
  [gruCell, gru],
  [gruResetBeforeCell, gruResetBefore],
  [traceCell, trace],
]);

/** The kernels of a cell with m units; undefined where there are none, as for a cell of one's own or a changed copy. */
export function fusedOf(cell: Cell, m: number): FusedCell | undefined {
  const decays = decaysOf(cell, m);
  return decays ? traceFixed(decays) : known.get(cell);
}
