/** What the first page shows, computed by the library as the site is built. */
import { adagrad, type Cell, cells, crossEntropy, linear, normal, Random, recurrent, rnn, Sequence, stack } from 'bptt';
import { normOf, passesOf } from '../app/passes.ts';

/** Steps that are shown. */
export const STEPS = 16;

/** ‖∂L/∂h_t‖ for t = 1…T of a cell, the loss being made of the last state alone. */
export function normsOf(cell: string): readonly number[] {
  const { steps } = passesOf(cells[cell] as Cell, { cell, T: STEPS, m: 8, seed: 7, changed: {} });
  return steps.map(({ arrives }) => normOf(arrives.h));
}

/** The loss of the lecture's example, “hello”, update by update. */
export function lossesOfHello(updates: number): readonly number[] {
  const x = Sequence.oneHot([0, 1, 2, 2], { T: 4, classes: 4 });
  const net = stack({ rnn: recurrent(rnn, { d: 4, m: 8 }), readout: linear({ m: 8, C: 4 }) });
  normal(0.1)(net.params, new Random(1));
  const optimiser = adagrad(net.params, { learningRate: 0.1 });
  return Array.from({ length: updates }, () => {
    const { y, tape } = net.forward(x);
    const { loss, tape: lossTape } = crossEntropy.forward(y, [1, 2, 2, 3]);
    net.params.zeroGrads();
    net.backward(tape, crossEntropy.backward(lossTape));
    optimiser.step(net.params);
    return loss;
  });
}
