/** Right calls of what trains. */
import * as lib from '../../lib/index.ts';
import { call, type MakeCall, method, taking, whole } from './api.ts';

const data = () => lib.examples({ x: [[0, 1, 1], [1]], classes: 2, y: [1, 0] });
const model = () =>
  whole(
    lib.stack({
      rnn: lib.recurrent(lib.rnn, { d: 2, m: 2 }),
      last: lib.lastStep(2),
      out: lib.linear({ m: 2, C: 2 }),
    }),
  );
const options = () => ({
  loss: whole(lib.crossEntropy),
  epochs: 2,
  batch: 2,
  accumulate: 1,
  clipNorm: 2,
  clipValue: 1,
  seed: 3,
});
const training = () => new lib.Training(model(), data(), options());

/** What comes of it later, well or not, is not what is tried: an argument is refused at once. */
export const begun =
  (f: (...args: never[]) => Promise<unknown>) =>
  (...args: readonly unknown[]): undefined => {
    f(...(args as never[])).catch(() => {});
  };

export const trainingCalls: Readonly<Record<string, MakeCall>> = {
  examples: () => call(lib.examples, { x: [[0, 1, 1], [1]], classes: 2, y: [1, 0] }),
  'examples.batch': () => method(data(), 'batch', [1, 0]),
  'examples.length': () => method(data(), 'length', 1),
  windowExamples: () =>
    call(
      lib.windowExamples,
      [
        [
          [1, 5],
          [2, 6],
          [3, 7],
        ],
      ],
      { length: 2, horizon: 1, target: 0 },
    ),
  'windowExamples.batch': () => method(lib.windowExamples([[[1], [2], [3]]], { length: 2 }), 'batch', [0]),
  pairs: () =>
    call(lib.pairs, {
      x: [[2, 3], [3]],
      y: [
        [0, 2, 1],
        [0, 1],
      ],
      classes: 4,
      targets: 3,
    }),
  'pairs.length': () => method(lib.pairs({ x: [[2]], y: [[0, 1]], classes: 3 }), 'length', 0),
  'pairs.batch': () => method(lib.pairs({ x: [[2]], y: [[0, 1]], classes: 3 }), 'batch', [0]),
  Training: taking(
    () =>
      call(
        (net: lib.Layer, given: ReturnType<typeof data>, how: ReturnType<typeof options>) =>
          new lib.Training(net, given, how),
        model(),
        whole(data()),
        options(),
      ),
    '2.clipNorm',
    '2.clipValue',
  ),
  'Training.step': () => method(training(), 'step'),
  'Training.stepAsync': () => {
    const made = training();
    return { ...call(begun(() => made.stepAsync())), keeps: [made] };
  },
  'Training.state': () => method(training(), 'state'),
  'Training.resume': () => method(training(), 'resume', training().state()),
  fit: taking(
    () => call(begun(lib.fit), model(), whole(data()), { ...options(), signal: whole(AbortSignal.abort()) }),
    '2.clipNorm',
    '2.clipValue',
  ),
  carryOn: () => call(begun(lib.carryOn), whole(training()), { signal: whole(AbortSignal.abort()) }),
};
