import { describe, expect, it } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { uniformOverRoot } from '../../lib/init/initialisers.ts';
import { stack } from '../../lib/layers/stack.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { adam } from '../../lib/optim/adam.ts';
import { Random } from '../../lib/random.ts';
import { fit as trained } from '../../lib/training/fit.ts';
import { pairs } from '../../lib/training/pairs.ts';

const [START, STOP] = [0, 1];

describe('pairs', () => {
  it('teach an encoder–decoder to write', async () => {
    const x = [[2], [3], [2, 3], [3, 2], [2, 2, 3]];
    const y = x.map(symbols => [START, ...symbols, STOP]);
    const net = encoderDecoder({
      encoder: stack({ gru: recurrent(gru, { d: 4, m: 12 }) }),
      decoder: stack({ gru: recurrent(gru, { d: 4, m: 12 }), out: linear({ m: 12, C: 4 }) }),
    });
    uniformOverRoot(12)(net.params, new Random(1));
    const data = pairs({ x, y, classes: 4 });
    const optimiser = adam(net.params, { learningRate: 0.03 });
    await trained(net, data, { loss: crossEntropy, optimiser, epochs: 60, batch: 5 });
    const source = data.batch([0, 1, 2, 3, 4]).x;
    expect(net.decode(source, { start: START, stop: STOP, maxLength: 9 })).toEqual(x);
  });

  it('are refused where one is too short or no class, each by its place', () => {
    expect(() => pairs({ x: [[2]], y: [[0]], classes: 3 })).toThrow('y[0]: expected a start and a stop at least');
    expect(() => pairs({ x: [[2]], y: [[0, 3, 1]], classes: 3 })).toThrow('y[0][1]: expected an integer in 0…2');
    expect(() =>
      pairs({
        x: [[2], [4]],
        y: [
          [0, 1],
          [0, 1],
        ],
        classes: 3,
      }),
    ).toThrow('x[1]');
    expect(() => pairs({ x: [[2]], y: [], classes: 3 })).toThrow('y: expected 1 targets, one a sequence');
  });
});
