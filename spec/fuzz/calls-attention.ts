/** Right calls of attention, of what is built with it, and of streams. */
import * as lib from '../../lib/index.ts';
import { assignment, call, method, taking, whole } from './api.ts';
import { type Calls, dense, filled, inUnit, some, stateOf } from './inputs.ts';

const { Random, Vocabulary } = lib;

/** A layer with attention, and its methods. */
function attentiveCalls(name: string, f: unknown, args: () => object): Calls {
  const make = () => filled((f as (args: object) => lib.Attentive)(args()));
  const after = () => {
    const net = make();
    return { net, tape: whole(net.forward(dense(net.inputs), dense(net.attends)).tape as object) };
  };
  return {
    [name]: () => call(f, args()),
    [`${name}.forward`]: () => {
      const net = make();
      return method(net, 'forward', dense(net.inputs), dense(net.attends), stateOf(net.state, 2));
    },
    [`${name}.backward`]: () => {
      const { net, tape } = after();
      return method(net, 'backward', tape, inUnit(), stateOf(net.state, 2));
    },
    [`${name}.release`]: taking(() => {
      const { net, tape } = after();
      return method(net, 'release', tape);
    }, '0'), // there is nothing to release in what is no tape
  };
}

const looking = () => filled(lib.attention({ score: 'additive', m: 2, k: 3, a: 2 }));
const ends = () => ({ from: lib.unroll(lib.gru, { d: 2, m: 3 }), to: lib.unroll(lib.lstm, { d: 2, m: 2 }) });
const crossing = () => filled(lib.bridge(ends()));
const live = (B: number) => {
  const made = lib.stream(filled(lib.unroll(lib.gru, { d: 2, m: 3 })), { B });
  made.step(some(B, 2));
  return made;
};

/** Attention, bridges, streams. */
export const attentive: Calls = {
  attention: () => call(lib.attention, { score: 'additive', m: 2, k: 3, a: 2 }),
  'attention of a dot': () => call(lib.attention, { score: 'dot', m: 2 }),
  'attention.forward': () => method(looking(), 'forward', dense(2), dense(3)),
  'attention.backward': () => {
    const net = looking();
    return method(net, 'backward', whole(net.forward(dense(2), dense(3)).tape), inUnit());
  },
  ...attentiveCalls('bahdanau', lib.bahdanau, () => ({
    layer: lib.unroll(lib.gru, { d: 4, m: 2 }),
    k: 2,
    a: 3,
    query: 'h',
    top: lib.readout({ m: 4, C: 3 }),
  })),
  ...attentiveCalls('luong', lib.luong, () => ({
    layer: lib.recurrent(lib.lstm, { d: 2, m: 3 }),
    F: 2,
    top: lib.readout({ m: 2, C: 3 }),
  })),
  bridge: () => call(lib.bridge, ends()),
  'bridge.forward': () => method(crossing(), 'forward', { h: some(2, 3) }),
  'bridge.backward': () => {
    const made = crossing();
    const { tape } = made.forward({ h: some(2, 3) });
    return method(made, 'backward', whole(tape), { h: some(2, 2), c: some(2, 2) });
  },
  stream: () => call(lib.stream, filled(lib.unroll(lib.gru, { d: 2, m: 3 })), { B: 1, state: { h: [[1, 2, 3]] } }),
  'stream.step': () => method(live(2), 'step', some(2, 2)),
  'stream.step of a list': () => method(live(1), 'step', [0.5, 2]),
  'stream.state': () => assignment(live(1), 'state', { h: [[1, 2, 3]] }),
  sampleStream: () => {
    const rng = new Random(5);
    const model = lib.charModel({ vocabulary: Vocabulary.of('abc'), m: 2 });
    const options = {
      prompt: 'ab',
      length: 3,
      temperature: 0.7,
      topK: 2,
      topP: 0.5,
      rng,
      s0: { 'cell.h': some(1, 2) },
    };
    const { f, args } = call(lib.sampleStream, whole(model), options);
    return { f, args, keeps: [rng] };
  },
};
