/** A right call of every function of `bptt/flow`, on the smallest networks. */
import { Matrix } from 'ml-matrix';
import * as flow from '../../lib/flow/index.ts';
import * as lib from '../../lib/index.ts';
import { because, type Callable, call, type MakeCall, open, taking, whole } from './api.ts';
import { one } from './inputs.ts';

const layer = () => {
  const made = lib.unroll(lib.gru, { d: 2, m: 2 });
  lib.normal(0.5)(made.params, new lib.Random(1));
  return made;
};
const run = () => ({
  layer: layer(),
  x: one(2),
  dy: one(2),
  options: { s0: { h: new Matrix([[0.5, -0.5]]) }, bytes: 2 ** 20 },
});
const params = () => {
  const made = lib.ParamSet.of({ W: [1, 2] });
  made.grads.set([3, 4]);
  return made;
};
const square = () =>
  new Matrix([
    [0.5, 2],
    [-1, 0.25],
  ]);
const options = () => ({ cell: lib.lstm, init: 'glorot', d: 2, m: 2, gain: 0.5, inputGain: 2, forgetBias: 1, seed: 3 });

/** A cell's tape and parameters after a step. */
function step(cell: lib.Cell) {
  const set = lib.ParamSet.of(cell.params({ d: 2, m: 2 }));
  lib.normal(0.5)(set, new lib.Random(1));
  const s = Object.fromEntries(Object.keys(cell.state({ d: 2, m: 2 })).map(name => [name, new Matrix([[0.5, -0.25]])]));
  const { tape } = cell.forward(set.named(), new Matrix([[1, -1]]), s as Record<'h', Matrix>);
  return { p: { ...set.named() }, tape: { ...(tape as object) } };
}

function jacobian(f: unknown, cell: unknown, ...more: readonly unknown[]): MakeCall {
  return () => {
    const { p, tape } = step(cell as lib.Cell);
    return call(f, open(p), open(tape), ...more);
  };
}

/** A generator as a function that runs it to its end, or for some steps: who asks for many may stop at any. */
function toEnd(f: unknown): Callable {
  return (...args) => {
    const generator = (f as (...args: readonly unknown[]) => Generator<unknown, unknown>)(...args);
    for (let n = 0; n < 10; n++) {
      const { done, value } = generator.next();
      if (done) return value;
    }
    return undefined;
  };
}

/** Exports of `bptt/flow` that are not called here, and why. */
export const besidesFlow: Readonly<Record<string, string>> = {
  ...because('a layer of recurrent', ['network.forward', 'network.backward', 'network.release']),
  ...because('properties of a text', ['signals']),
  ...because('an error', ['OverflowError']),
};

/** Every call of `bptt/flow`. */
export const flowCalls: Readonly<Record<string, MakeCall>> = {
  clippingOf: () => call(flow.clippingOf, params(), (given: lib.ParamSet) => lib.clipByGlobalNorm(given, 1)),
  clippingSummary: () =>
    call(flow.clippingSummary, [open({ before: 5, after: 1, bites: true, changed: 1, cosine: 1 })]),
  rnnJacobian: jacobian(flow.rnnJacobian, lib.rnn, lib.tanhSlope),
  lstmJacobian: jacobian(flow.lstmJacobian, lib.lstm),
  gruJacobian: jacobian(flow.gruJacobian, lib.gru),
  compared: taking(
    () =>
      call(
        toEnd(flow.compared),
        ['lstm', 'irnn'],
        { length: 3, d: 2, m: 2, seeds: 1, init: 'normal', gain: 1, forgetBias: 1 },
        open({ lstm: lib.lstm }),
      ),
    '1.forgetBias',
  ),
  reachingBack: () => call(flow.reachingBack, run().layer, run().x),
  fadingOf: () =>
    call(flow.fadingOf, [
      [0.5, 0.25],
      [1, 0.5],
      [0, 1],
    ]),
  memoryDepth: () => call(flow.memoryDepth, [1, 0.5, 0.25]),
  gradientNorms: () => call(flow.gradientNorms, run().layer, run().x, run().dy, run().options),
  reachMatrix: () => call(flow.reachMatrix, run().layer, run().x, run().dy, run().options),
  stateGradients: () => call(flow.stateGradients, run().layer, run().x, run().dy, { s0: run().options.s0 }),
  lastOutputIn: () => call(flow.lastOutputIn, run().layer, run().x, run().options),
  stepJacobians: () => call(flow.stepJacobians, run().layer, run().x, run().options),
  pullBack: () => call(flow.pullBack, run().layer, run().x, square(), { s0: run().options.s0 }),
  productOfSteps: () => call(flow.productOfSteps, open({ ...flow.stepJacobians(layer(), one(2)) }), 3, 1),
  lyapunov: () => call(flow.lyapunov, [square(), square()]),
  modelProbe: () => {
    const model = lib.charModel({ vocabulary: lib.Vocabulary.of('abc'), m: 2, layers: 2 });
    lib.normal(0.5)(model.net.params, new lib.Random(1));
    return call(flow.modelProbe, whole(model), Int32Array.of(0, 1, 2), 2);
  },
  interpretable: () => {
    const model = lib.charModel({ vocabulary: lib.Vocabulary.of('ab c'), m: 2, layers: 1 });
    lib.normal(0.5)(model.net.params, new lib.Random(1));
    const of = (symbols: readonly string[]) => Float64Array.from(symbols, symbol => (symbol === 'c' ? 1 : 0));
    const how = { from: 0, cut: 210, to: 420, layer: 1, state: 'h', excerpt: 3, signals: [{ name: 'a c', of }] };
    return call(toEnd(flow.interpretable), whole(model), 'ab cab '.repeat(60), how);
  },
  network: taking(() => call(flow.network, options()), '0.forgetBias'),
  probe: taking(() => call(flow.probe, options(), 3), '0.forgetBias'),
  standardNetwork: () => call(flow.standardNetwork, 'lstm', open({ lstm: lib.lstm })),
  lstmPathNorms: () =>
    call(
      flow.lstmPathNorms,
      Float64Array.from({ length: 40 }, (_, n) => Math.sin(n)),
      { d: 2, m: 2 },
      one(2),
      new Matrix([[1, 2]]),
    ),
  spectrum: () => call(flow.spectrum, square()),
  spectralNorm: () => call(flow.spectralNorm, square()),
  logAbsDeterminant: () => call(flow.logAbsDeterminant, square()),
  study: () => call(toEnd(flow.study), run().layer, run().x, run().dy, run().options),
};
