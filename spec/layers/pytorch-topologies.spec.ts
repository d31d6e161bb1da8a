/**
 * Stacks and bidirectional layers against PyTorch in float64. `spec/fixtures/pytorch/make_topologies.py` makes the cases
 * and says what is in them.
 */
import { expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Sequence } from '../../lib/sequence.ts';
import {
  type CellCase,
  casesOf,
  describeAgreement,
  gradients,
  inner,
  input,
  named,
  setParameters,
  states,
  type Tensors,
  tensorsOf,
} from './pytorch.ts';

interface TopologyCase extends CellCase {
  readonly cell: 'rnn' | 'lstm';
  readonly topology: keyof typeof topologies;
}

const cells: Readonly<Record<TopologyCase['cell'], Cell>> = { rnn, lstm };

const both = (cell: Cell, d: number, m: number): Layer =>
  bidirectional({ forward: unroll(cell, { d, m }), backward: unroll(cell, { d, m }) });

const topologies = {
  stack: (cell: Cell, d: number, m: number): Layer =>
    stack({ low: unroll(cell, { d, m }), high: unroll(cell, { d: m, m }) }),
  bidirectional: both,
  'stack of bidirectional': (cell: Cell, d: number, m: number): Layer =>
    stack({ low: both(cell, d, m), high: both(cell, 2 * m, m) }),
};

const cases = casesOf<TopologyCase>('topologies');

test('the cases cover both cells in every topology, with and without lengths and initial states', () => {
  const kinds = cases.map(({ cell, topology, lengths, s0 }) => [cell, topology, String(lengths), s0 !== null].join());
  const expected = Object.keys(cells).flatMap(cell =>
    Object.keys(topologies).flatMap(topology =>
      ['3,8,1,6', 'null'].flatMap(lengths => [true, false].map(s0 => [cell, topology, lengths, s0].join())),
    ),
  );
  expect(kinds).toEqual(expected);
});

describeAgreement(cases, run, () => []);

function run(given: TopologyCase): Tensors {
  const { cell, topology, d, m, params, s0, dsT } = given;
  const layer = topologies[topology](cells[cell], d, m);
  setParameters(layer.params, params);
  const x = input(given);
  const dy = Sequence.dense(given.dy, { ...x.extent(), F: layer.outputs });
  const { y, sT, tape } = layer.forward(x, s0 ? states(given, s0) : undefined);
  const { dx, ds0 } = layer.backward(tape, dy, states(given, dsT));

  const h = y.rows().to1DArray();
  const finals = tensorsOf(sT);
  const ends = Object.entries(dsT).map(([part, values]) => inner(values, finals[part] ?? []));
  return {
    h,
    ...named('', finals, 'T'),
    loss: [inner(given.dy, h) + ends.reduce((sum, v) => sum + v, 0)],
    ...gradients(layer.params),
    dx: dx.rows().to1DArray(),
    ...named('d', tensorsOf(ds0), '0'),
  };
}
