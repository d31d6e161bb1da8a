/**
 * A right call of every function of `bptt`, and of every method of what such a function returns: `unroll` and
 * `unroll.forward`, `constant` and `constant()`.
 */
import * as lib from '../../lib/index.ts';
import { assignment, because, call, method, taking, whole } from './api.ts';
import { attentive } from './calls-attention.ts';
import { algebra, cells, data, own } from './calls-data.ts';
import { models, throughTime } from './calls-models.ts';
import { trainingCalls } from './calls-training.ts';
import { type Calls, dense, filled, inUnit, set, some, stateOf } from './inputs.ts';

const { Sequence, Random } = lib;

/** The three methods of a layer, by what makes it. */
function layerCalls(name: string, make: () => lib.Layer): Calls {
  const after = () => {
    const layer = filled(make());
    const { y, tape } = layer.forward(dense(layer.inputs));
    return {
      layer,
      tape: whole(tape as object),
      dy: Sequence.dense(Float64Array.from(y.data), { ...y.extent(), F: y.F }),
    };
  };
  const release = () => {
    const { layer, tape } = after();
    return method(layer, 'release', tape);
  };
  return {
    [`${name}.forward`]: () => {
      const layer = filled(make());
      const input = dense(layer.inputs);
      return method(layer, 'forward', input, stateOf(layer.state, input.B));
    },
    [`${name}.backward`]: () => {
      const { layer, tape, dy } = after();
      return method(layer, 'backward', tape, dy, stateOf(layer.state, dy.B));
    },
    ...(make().release && { [`${name}.release`]: taking(release, '0') }), // there is nothing to release in what is no tape
  };
}

/** A function that makes a layer, and the layer's methods. */
function layer(name: string, f: unknown, args: () => readonly unknown[]): Calls {
  const make = () => (f as (...args: readonly unknown[]) => lib.Layer)(...args());
  return { [name]: () => call(f, ...args()), ...layerCalls(name, make) };
}

/** A function that makes an optimiser, its step, and its learning rate. */
function optimiser(name: string, f: unknown, options: Readonly<Record<string, unknown>>): Calls {
  const make = (params: lib.ParamSet) => (f as (...args: readonly unknown[]) => lib.Optimiser)(params, options);
  return {
    [name]: () => call(f, set(), options),
    [`${name}.step`]: () => {
      const params = set();
      return method(make(params), 'step', params);
    },
    [`${name}.learningRate`]: () => assignment(make(set()), 'learningRate', 0.25),
  };
}

/** A loss's methods. */
function loss(name: string, owner: lib.Loss<never>, target: () => unknown): Calls {
  const given = owner as lib.Loss<unknown>;
  const weighting = { mask: [1, 1, 1, 0, 1, 1], weights: [1, 2, 1, 1, 0.5, 1], reduction: 'mean' as const };
  return {
    [`${name}.forward`]: taking(
      () => method(given, 'forward', dense(3), target(), weighting),
      '2.mask.0', // true for 1
      ...['1.5', '2.mask.5', '2.weights.5'], // padding, which is not looked at
    ),
    [`${name}.backward`]: () =>
      method(given, 'backward', whole(given.forward(dense(3), target(), weighting).tape as object), 0.5),
    [`${name}.release`]: taking(
      () => method(given, 'release', whole(given.forward(dense(3), target(), weighting).tape as object)),
      '0', // there is nothing to release in what is no tape
    ),
  };
}

/** A function that makes an initialiser, and that one, of a matrix and of a set. */
function initialiser(name: string, f: unknown, ...args: readonly unknown[]): Calls {
  const make = () => (f as (...args: readonly unknown[]) => lib.Initialiser)(...args);
  return {
    [name]: () => call(f, ...args),
    [`${name}()`]: taking(() => call(make(), set(), new Random(3)), '0'),
    [`${name}() of a matrix`]: taking(() => call(make(), some(3, 2), new Random(3)), '0'),
  };
}

function schedule(name: string, f: unknown, ...args: readonly unknown[]): Calls {
  const make = () => (f as (...args: readonly unknown[]) => lib.Schedule)(...args);
  return { [name]: () => call(f, ...args), [`${name}()`]: () => call(make(), 2) };
}

const labels = () => [0, 2, 1, 0, 1, 2];

/** Exports of `bptt` that are not called here, and why. */
export const besides: Readonly<Record<string, string>> = {
  ...because('the equations of one step: the layers around them see to what they are given', [
    ...['rnn', 'rnnRelu', 'trace', 'lstm', 'lstmNoForget', 'lstmCoupled', 'lstmPeephole', 'gru', 'gruResetBefore'],
    ...['lstmLayerNorm', 'slstm', 'mgu', 'minGru', 'minLstm'],
    ...['rnnTwice', 'gruTwice', 'lstmTwice', 'crossEntropyTwice', 'squaredErrorTwice', 'cells'],
    ...['conditioned', 'traceFixed', 'cellNamed'].flatMap(cell =>
      ['params', 'state', 'forward', 'backward'].map(part => `${cell}.${part}`),
    ),
  ]),
  ...because('an element is read and written in the innermost loops', ['FlatMatrix.get', 'FlatMatrix.set']),
  ...because('an element is read in the innermost loops', ['OneHotMatrix.get', 'OneHotMatrix.set']),
  ...because('it is ml-matrix’s', [
    'Matrix',
    ...['set', 'get', 'removeRow', 'addRow', 'removeColumn', 'addColumn'].map(method => `Matrix.${method}`),
  ]),
  ...because('errors', ['BpttError', 'DivergenceError', 'FileError', 'FormatError', 'ShapeError', 'ValueError']),
  ...because('options', ['lectureOptions']),
};

/** Every call of `bptt`. */
export const calls: Calls = {
  ...data,
  ...algebra,
  ...cells,
  ...own,
  ...models,
  ...trainingCalls,
  ...throughTime,
  ...attentive,
  ...layer('unroll', lib.unroll, () => [lib.rnn, { d: 2, m: 3 }]),
  wideVectors: () => call(lib.wideVectors),
  explain: () => call(lib.explain, lib.lstm, { d: 2, m: 3 }),
  ...layer('recurrent', lib.recurrent, () => [lib.lstm, { d: 2, m: 3 }, { precision: 'f64', fma: false }]),
  ...layer('linear', lib.linear, () => [{ m: 2, C: 3 }, { precision: 'f32' }]),
  ...layer('readout', lib.readout, () => [{ m: 2, C: 3 }]),
  ...layer('embedding', lib.embedding, () => [{ C: 2, e: 3 }]),
  ...layer('delay', lib.delay, () => [{ F: 2 }]),
  ...layer('dropout', lib.dropout, () => [{ F: 2, rate: 0.5, seed: 3 }]),
  'dropout.resample': () => {
    const rng = new Random(2);
    const { f, args, keeps } = method(lib.dropout({ F: 2, rate: 0.5, seed: 3 }), 'resample', rng);
    return { f, args, keeps: [...keeps, rng] };
  },
  'dropout.training': () => assignment(lib.dropout({ F: 2, rate: 0.5, seed: 3 }), 'training', false),
  'dropout.seed': () => assignment(lib.dropout({ F: 2, rate: 0.5, seed: 3 }), 'seed', 4),
  ...layer('lastStep', lib.lastStep, () => [2]),
  ...layer('meanOverTime', lib.meanOverTime, () => [2]),
  ...layer('maxOverTime', lib.maxOverTime, () => [2]),
  ...layer('windowInput', lib.windowInput, () => [{ F: 2, N: 2 }]),
  ...layer('windowOutput', lib.windowOutput, () => [{ C: 2, N: 2, offset: 1, beta: 'learned' }]),
  ...layer('stack', lib.stack, () => [{ rnn: lib.unroll(lib.rnn, { d: 2, m: 3 }), out: lib.linear({ m: 3, C: 2 }) }]),
  ...layer('bidirectional', lib.bidirectional, () => [
    { forward: lib.unroll(lib.rnn, { d: 2, m: 3 }), backward: lib.recurrent(lib.rnn, { d: 2, m: 3 }), merge: 'sum' },
  ]),
  ...layer('checkpointed', lib.checkpointed, () => [lib.unroll(lib.rnn, { d: 2, m: 3 }), { every: 2 }]),
  ...layerCalls('a conditioned layer', () => lib.recurrent(lib.conditioned(lib.rnn, { k: 1 }), { d: 2, m: 3 })),
  reverseWithinLengths: () => call(lib.reverseWithinLengths, dense(2)),
  ...loss('crossEntropy', lib.crossEntropy as lib.Loss<never>, labels),
  ...loss('squaredError', lib.squaredError as lib.Loss<never>, () => dense(3)),
  ...loss('binaryCrossEntropy', lib.binaryCrossEntropy as lib.Loss<never>, inUnit),
  rankingLoss: () => call(lib.rankingLoss, { kind: 'm', lambda: 2 }),
  ...loss('rankingLoss', lib.rankingLoss({ kind: 'm', lambda: 2 }) as lib.Loss<never>, labels),
  ...optimiser('adagrad', lib.adagrad, { learningRate: 0.1, epsilon: 1e-6 }),
  ...optimiser('adam', lib.adam, { learningRate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 1e-6, weightDecay: 0.1 }),
  ...optimiser('rmsprop', lib.rmsprop, { learningRate: 0.1, decay: 0.9, epsilon: 1e-6 }),
  ...optimiser('sgd', lib.sgd, { learningRate: 0.1, momentum: 0.9, nesterov: true }),
  'sgd without parameters': () => call(lib.sgd, { learningRate: 0.1 }),
  clipByNorm: () => call(lib.clipByNorm, set(), 1.5),
  clipByGlobalNorm: () => call(lib.clipByGlobalNorm, set(), 1.5),
  clipByValue: () => call(lib.clipByValue, set(), 1.5),
  ...schedule('constant', lib.constant, 0.1),
  ...schedule('stepDecay', lib.stepDecay, { learningRate: 0.1, every: 2, factor: 0.5 }),
  ...schedule('cosine', lib.cosine, { learningRate: 0.1, steps: 4, floor: 0.01 }),
  ...schedule('warmUp', lib.warmUp, 3, lib.constant(0.1)),
  zeros: taking(() => call(lib.zeros, set(), new Random(3)), '0'),
  ...initialiser('normal', lib.normal, 0.5),
  ...initialiser('uniform', lib.uniform, 0.5),
  ...initialiser('uniformOverRoot', lib.uniformOverRoot, 4),
  ...initialiser('glorot', lib.glorot, { gain: 2 }),
  ...initialiser('identity', lib.identity, 0.5),
  ...initialiser('orthogonal', lib.orthogonal, 0.5),
  forgetBias: () => call(lib.forgetBias, set(), 2),
};
