/**
 * The vanilla network, the readout and the loss against PyTorch in float64. `spec/fixtures/pytorch/make_rnn.py` makes
 * the cases and says what is in them.
 */
import { describe, expect, it, test } from 'vitest';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { addTo } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import {
  type Case,
  casesOf,
  describeAgreement,
  disagreements,
  gradients,
  inner,
  input,
  type Numbers,
  named,
  setParameters,
  states,
  type Tensors,
  tensorsOf,
} from './pytorch.ts';

interface RnnCase extends Case {
  readonly nonlinearity: 'tanh' | 'relu';
  readonly C: number;
  readonly W: Numbers;
  readonly U: Numbers;
  readonly b: Numbers;
  readonly V: Numbers;
  readonly c: Numbers;
  /** Null where the layer starts from zeros by itself. */
  readonly h0: Numbers | null;
  /** −1, which is no class, at padding. */
  readonly targets: Numbers;
  /** The cotangent of every h_t, random at padding too; null where the loss does not look at h_t but through o_t. */
  readonly dy: Numbers | null;
  /** The cotangent of h_T. */
  readonly dhT: Numbers;
}

const cases = casesOf<RnnCase>('rnn');

test('the cases cover both nonlinearities at every T, with and without h0, lengths and dy', () => {
  for (const nonlinearity of ['tanh', 'relu']) {
    const those = cases.filter(given => given.nonlinearity === nonlinearity);
    for (const h0 of [true, false]) {
      const some = those.filter(given => (given.h0 !== null) === h0);
      const whole = some.filter(given => given.lengths === null);
      expect(whole.map(({ T }) => T)).toEqual([1, 2, 7, 30]);
      expect(some.filter(({ lengths, T }) => lengths && T === 30)).toHaveLength(1);
    }
    expect(those.filter(({ dy }) => dy === null)).toHaveLength(1);
  }
});

/** Where W meets only the zero state, dW is zero. */
describeAgreement(cases, runLayers, ({ T, h0 }) => (T === 1 && h0 === null ? ['dW'] : []));

describe.each(cases.filter(({ dy }) => dy === null))('$name, as one stack', given => {
  it('gives the outputs, the loss and every gradient of PyTorch', () => {
    const { h: _, ...expected } = given.expected; // a stack keeps h_t to itself
    expect(disagreements(runStack(given), expected)).toEqual([]);
  });
});

/** The case through the recurrent layer and the readout, with a cotangent on every h_t between the two. */
function runLayers(given: RnnCase): Tensors {
  const { W, U, b, V, c, h0, dhT, m } = given;
  const layer = recurrent(given);
  const out = readout({ m: given.m, C: given.C });
  setParameters(layer.params, { W, U, b });
  setParameters(out.params, { V, c });

  const x = input(given);
  const { y: h, sT, tape } = h0 ? layer.forward(x, states(given, { h: h0 })) : layer.forward(x);
  const { y: o, tape: outTape } = out.forward(h);
  const { loss, tape: lossTape } = crossEntropy.forward(o, given.targets);
  const { dx: dh } = out.backward(outTape, crossEntropy.backward(lossTape));
  if (given.dy) addTo(dh.rows(), Sequence.dense(given.dy, { ...x.extent(), F: m }).rows());
  const { dx, ds0 } = layer.backward(tape, dh, states(given, { h: dhT }));

  const hs = h.rows().to1DArray();
  const finals = named('', tensorsOf(sT), 'T');
  return {
    h: hs,
    ...finals,
    o: o.rows().to1DArray(),
    loss: [loss + (given.dy ? inner(given.dy, hs) : 0) + inner(dhT, finals.hT ?? [])],
    ...gradients(layer.params),
    ...gradients(out.params),
    dx: dx.rows().to1DArray(),
    ...named('d', tensorsOf(ds0), '0'),
  };
}

/** The case through one stack of both layers. */
function runStack(given: RnnCase): Tensors {
  const { W, U, b, V, c, h0, dhT } = given;
  const net = stack({ rnn: recurrent(given), readout: readout({ m: given.m, C: given.C }) });
  setParameters(net.params, { 'rnn.W': W, 'rnn.U': U, 'rnn.b': b, 'readout.V': V, 'readout.c': c });

  const x = input(given);
  const { y: o, sT, tape } = h0 ? net.forward(x, states(given, { 'rnn.h': h0 })) : net.forward(x);
  const { loss, tape: lossTape } = crossEntropy.forward(o, given.targets);
  const { dx, ds0 } = net.backward(tape, crossEntropy.backward(lossTape), states(given, { 'rnn.h': dhT }));

  const finals = named('', bare(tensorsOf(sT)), 'T');
  return {
    ...finals,
    o: o.rows().to1DArray(),
    loss: [loss + inner(dhT, finals.hT ?? [])],
    ...named('d', bare(tensorsOf(net.params.namedGrads())), ''),
    dx: dx.rows().to1DArray(),
    ...named('d', bare(tensorsOf(ds0)), '0'),
  };
}

/** The tensors under the names that they have in their layer. */
function bare(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, values]) => [name.replace(/^.*\./, ''), values]));
}

function recurrent({ nonlinearity, d, m }: RnnCase): Layer {
  return unroll(nonlinearity === 'tanh' ? rnn : rnnRelu, { d, m });
}
