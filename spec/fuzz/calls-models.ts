/** Right calls of models, and of ways through time. */
import * as lib from '../../lib/index.ts';
import { call, method, open, taking, whole } from './api.ts';
import { begun } from './calls-training.ts';
import { type Calls, dense, filled, inUnit, one, some } from './inputs.ts';

const { Random, Vocabulary } = lib;

const network = () => lib.stack({ cell: lib.unroll(lib.rnn, { d: 2, m: 3 }), readout: lib.readout({ m: 3, C: 2 }) });
const translator = () =>
  filled(
    lib.encoderDecoder({
      encoder: lib.stack({ cell: lib.unroll(lib.gru, { d: 2, m: 3 }) }),
      decoder: lib.stack({ cell: lib.unroll(lib.gru, { d: 3, m: 3 }), readout: lib.readout({ m: 3, C: 3 }) }),
    }),
  );
const attending = () => filled(lib.translator(lib.gru, { classes: 2, targets: 3, m: 2 }, 'reference'));
const trainer = (text = 'abracadabra, hocus pocus') => {
  const made = new lib.CharTrainer(text, { hidden: 2, chunk: 3, seed: 4 });
  made.step();
  made.step();
  return made;
};
const chars = (engine: lib.Engine = {}) => {
  const model = lib.charModel({ vocabulary: Vocabulary.of('abc'), cell: lib.rnn as lib.Cell, m: 2, layers: 1, engine });
  filled(model.net);
  return model;
};
const twice = () => ({
  net: { cell: whole(lib.rnnTwice), loss: whole(lib.squaredErrorTwice), d: 2, m: 2, C: 2 },
  theta: Float64Array.from({ length: 16 }, (_, n) => Math.sin(n)),
  batch: { x: dense(2), y: dense(2), s0: { h: some(2, 2) }, weighting: { weights: [1, 1, 2, 1, 1, 1] } },
  v: Float64Array.from({ length: 16 }, (_, n) => Math.cos(n)),
});
const sensitivities = () => {
  const cell = lib.rtrl(lib.rnn, { d: 2, m: 2 });
  filled(cell);
  const before = whole(cell.step(cell.start(), some(1, 2)));
  return { cell, before };
};
const chunkLoss = (y: lib.Sequence) => {
  const { loss, tape } = lib.squaredError.forward(y, y);
  return { loss, dy: lib.squaredError.backward(tape) };
};

const ended = () => Vocabulary.ofTokens([...'hello'], { stop: '</s>' });
const symbols = () => Int32Array.of(0, 1, 2, 1, 0, 0, 2);
const states = () => filled(lib.hmm({ N: 2, C: 3 }));
const system = () => filled(lib.kalman({ m: 2, d: 3 }));

/** Models. */
export const models: Calls = {
  charModel: taking(
    () =>
      call(lib.charModel, {
        level: 'char',
        vocabulary: Vocabulary.of('abc'),
        cell: lib.rnn,
        m: 2,
        layers: 1,
        embedding: 2,
        engine: { precision: 'f64', fma: false },
      }),
    '0.embedding',
  ),
  evaluate: () => call(lib.evaluate, whole(chars()), Int32Array.of(0, 1, 2, 1), 2),
  sample: () => {
    const rng = new Random(5);
    const state = { 'cell.h': some(1, 2) };
    const { f, args } = call(lib.sample, whole(chars()), {
      ...{ prompt: 'ab', length: 3, temperature: 0.7, topK: 2, topP: 0.9 },
      rng,
      s0: state,
    });
    return { f, args, keeps: [rng] };
  },
  baselines: () => call(lib.baselines, 3, Int32Array.of(0, 1, 1), Int32Array.of(2, 1, 0)),
  CharTrainer: taking(
    () =>
      call(
        (text: string, options: object, engine: lib.Engine) => new lib.CharTrainer(text, options, engine),
        'abracadabra',
        {
          level: 'char',
          cell: lib.rnn,
          hidden: 2,
          layers: 1,
          embedding: 2,
          dropout: 0.1,
          chunk: 3,
          batch: 2,
          optimiser: 'adam',
          learningRate: 0.1,
          schedule: { shape: 'cosine', steps: 3, warmUp: 1 },
          clipValue: 5,
          clipNorm: 1,
          initStd: 0.1,
          heldOut: 0.25,
          seed: 1,
        },
        { precision: 'f64' },
      ),
    '1.clipValue',
    '1.clipNorm',
    '1.embedding',
    '1.schedule',
  ),
  'CharTrainer.step': () => method(trainer(), 'step'),
  'CharTrainer.stepAsync': () => {
    const made = trainer();
    return { ...call(begun(() => made.stepAsync())), keeps: [made] };
  },
  'CharTrainer.skip': () => method(trainer(), 'skip'),
  'CharTrainer.requireFinite': () => method(trainer(), 'requireFinite'),
  'CharTrainer.through': () => {
    const made = trainer();
    return method(made, 'through', whole(made.model.net));
  },
  'CharTrainer.moveTo': () => {
    const [from, to] = [trainer(), trainer()];
    from.step();
    return method(to, 'moveTo', open(from.position), from.state);
  },
  translator: () => call(lib.translator, lib.gru, { classes: 2, targets: 3, m: 2 }, 'reference'),
  'translator.forward': () => method(attending(), 'forward', dense(2), dense(3)),
  'translator.backward': () => {
    const model = attending();
    const { tape } = model.forward(dense(2), dense(3));
    return method(model, 'backward', whole(tape), inUnit(), { h: some(2, 2) });
  },
  'translator.decode': () => method(attending(), 'decode', dense(2), { start: 0, stop: 1, maxLength: 4 }),
  'translator.beam': () => method(attending(), 'beam', dense(2), { start: 0, stop: 1, maxLength: 4, width: 2 }),
  'translator.release': () => {
    const model = attending();
    return method(model, 'release', whole(model.forward(dense(2), dense(3)).tape));
  },
  encoderDecoder: () =>
    call(lib.encoderDecoder, {
      encoder: lib.unroll(lib.gru, { d: 2, m: 3 }),
      decoder: lib.unroll(lib.gru, { d: 3, m: 3 }),
    }),
  'encoderDecoder.forward': () => method(translator(), 'forward', dense(2), dense(3), { 'cell.h': some(2, 3) }),
  'encoderDecoder.backward': () => {
    const model = translator();
    const { tape } = model.forward(dense(2), dense(3));
    return method(model, 'backward', whole(tape), inUnit(), { 'cell.h': some(2, 3) });
  },
  'encoderDecoder.decode': () => method(translator(), 'decode', dense(2), { start: 0, stop: 1, maxLength: 4 }),
  'encoderDecoder.beam': () =>
    method(translator(), 'beam', dense(2), { start: 0, stop: 1, maxLength: 4, width: 2, lengthNormalisation: 0.5 }),
  'encoderDecoder.release': taking(() => {
    const model = translator();
    return method(model, 'release', whole(model.forward(dense(2), dense(3)).tape));
  }, '0'), // there is nothing to release in what is no tape
  'encoderDecoder with a bridge': () => {
    const encoder = lib.unroll(lib.gru, { d: 2, m: 3 });
    const decoder = lib.bahdanau({ layer: lib.unroll(lib.gru, { d: 6, m: 2 }), k: 3, a: 2 });
    return call(lib.encoderDecoder, { encoder, decoder, bridge: lib.bridge({ from: encoder, to: decoder }) });
  },
  hmm: () => call(lib.hmm, { N: 2, C: 3 }),
  'hmm.forward': () => method(states(), 'forward', symbols()),
  'hmm.backward': () => {
    const model = states();
    return method(model, 'backward', whole(model.forward(symbols()).tape));
  },
  'hmm.reestimate': () => method(states(), 'reestimate', [symbols(), symbols()], 0.5),
  'hmm.evaluate': () => method(states(), 'evaluate', symbols()),
  kalman: () => call(lib.kalman, { m: 2, d: 3 }),
  'kalman.forward': () => method(system(), 'forward', some(4, 3)),
  'kalman.backward': () => {
    const model = system();
    return method(model, 'backward', whole(model.forward(some(4, 3)).tape));
  },
  'kalman.forecast': () => method(system(), 'forecast', some(4, 3)),
  ngram: () => call(lib.ngram, symbols(), { C: 3, order: 3 }),
  'ngram.probabilities': () => method(lib.ngram(symbols(), { C: 3, order: 3 }), 'probabilities', Int32Array.of(0, 1)),
  'ngram.evaluate': () => method(lib.ngram(symbols(), { C: 3, order: 3 }), 'evaluate', Int32Array.of(0, 1, 2)),
  windowNet: () => call(lib.windowNet, { C: 3, N: 2, m: 2 }),
  'windowNet.forward': () =>
    method(filled(lib.windowNet({ C: 3, N: 2, m: 2 })), 'forward', symbols(), Int32Array.of(2, 4)),
  'windowNet.backward': () => {
    const net = filled(lib.windowNet({ C: 3, N: 2, m: 2 }));
    const { h, tape } = net.forward(symbols(), Int32Array.of(2, 4));
    return method(net, 'backward', whole(tape), h);
  },
  'Vocabulary.of': () => call(Vocabulary.of, 'hello'),
  'Vocabulary.ofSymbols': () => call(Vocabulary.ofSymbols, ['a', 'b', 'c']),
  'Vocabulary.ofTokens': () =>
    call(Vocabulary.ofTokens, ['a', 'bc', 'a'], { least: 1, unknown: '<unk>', start: '<s>', stop: '</s>' }),
  'Vocabulary.from': () => call(Vocabulary.from, ['<unk>', 'a', 'bc'], { unknown: '<unk>' }),
  'Vocabulary.classOf': () => method(Vocabulary.of('hello'), 'classOf', 'l'),
  'Vocabulary.encode': taking(() => method(ended(), 'encode', 'hole', { start: false, stop: true }), '0'),
  'Vocabulary.decodeTokens': () => method(ended(), 'decodeTokens', [0, 1, 2], { plain: true }),
  'Vocabulary.decode': () => method(Vocabulary.of('hello'), 'decode', [0, 1, 2]),
};

/** Ways through time. */
export const throughTime: Calls = {
  truncated: () => {
    const layer = filled(network());
    const state = { 'cell.h': some(1, 3) };
    return {
      f: (...args) => [...(lib.truncated as (...args: readonly unknown[]) => Iterable<unknown>)(...args)],
      args: [layer, one(2), chunkLoss, { steps: 2, from: 1, s0: state }],
      keeps: [layer],
    };
  },
  rtrl: () => call(lib.rtrl, lib.rnn, { d: 2, m: 2 }),
  'rtrl.start': () => method(sensitivities().cell, 'start', { h: some(1, 2) }),
  'rtrl.step': () => {
    const { cell, before } = sensitivities();
    return method(cell, 'step', before, some(1, 2));
  },
  'rtrl.gradientAt': () => {
    const { cell, before } = sensitivities();
    return method(cell, 'gradientAt', before, { h: some(1, 2) });
  },
  'rtrl.gradient': () =>
    method(sensitivities().cell, 'gradient', dense(2), dense(2), { s0: { h: some(2, 2) }, dsT: { h: some(2, 2) } }),
  lstmPaths: () => {
    const layer = filled(lib.unroll(lib.lstm, { d: 2, m: 3 }));
    const { tape } = layer.forward(dense(2));
    return call(lib.lstmPaths, whole(layer), whole(tape), dense(3), { h: some(2, 3), c: some(2, 3) });
  },
  hessianVector: taking(() => {
    const { net, theta, batch, v } = twice();
    return call(lib.hessianVector, net, theta, batch, v);
  }, '2.weighting.weights.5'), // padding, which is not looked at
  gaussNewtonVector: taking(() => {
    const { net, theta, batch, v } = twice();
    return call(lib.gaussNewtonVector, net, theta, batch, v);
  }, '2.weighting.weights.5'),
};
