/** Layers with attention as problems for the checker: everything that has a gradient, by name. */
import { Matrix } from 'ml-matrix';
import { checkDirections } from '../../../lib/check/directed.ts';
import type { GradientReport } from '../../../lib/check/finite-differences.ts';
import { initialStates, innerStates, randomSequence, randomState } from '../../../lib/check/problem.ts';
import { normal } from '../../../lib/init/initialisers.ts';
import type { Attentive } from '../../../lib/layers/attention/attentive.ts';
import type { Layer } from '../../../lib/layers/layer.ts';
import { Random } from '../../../lib/random.ts';
import { Sequence } from '../../../lib/sequence.ts';
import type { Matrices } from '../../../lib/shape.ts';
import { inner } from '../../numbers.ts';

/** T steps of memory, S of the input, at most. */
export interface Sizes {
  readonly T?: number;
  readonly S?: number;
  readonly B?: number;
  readonly seed?: number;
}

/** What a layer with attention is given. */
export interface Given {
  readonly x: Sequence;
  readonly memory: Sequence;
  readonly s0: Matrices;
  readonly dy: Sequence;
  readonly dsT: Matrices;
}

/** Lengths that differ on both sides, and by themselves; parameters too are drawn. */
export function given(net: Attentive, { T = 4, S = 3, B = 3, seed = 1 }: Sizes = {}): Given {
  const rng = new Random(seed);
  normal(0.6)(net.params, rng);
  const upTo = (most: number) => Array.from({ length: B }, () => 1 + Math.floor(most * rng.uniform()));
  const x = randomSequence({ T: S, B, F: net.inputs, lengths: upTo(S) }, rng);
  const state = net as unknown as Layer; // of which its state is looked at
  return {
    x,
    memory: randomSequence({ T, B, F: net.attends, lengths: upTo(T) }, rng),
    s0: randomState(state, B, rng),
    dy: randomSequence({ ...x.extent(), F: net.outputs }, rng),
    dsT: randomState(state, B, rng),
  };
}

/** Every gradient of a layer with attention against finite differences: along a direction, and element by element where that disagrees. */
export function check(net: Attentive, options: Sizes = {}): GradientReport {
  const { x, memory, s0, dy, dsT } = given(net, options);
  const loss = () => {
    const { y, sT } = net.forward(x, memory, s0);
    return inner(dy.rows(), y.rows()) + innerStates(dsT, sT);
  };
  net.params.zeroGrads();
  const { dx, dmemory, ds0 } = net.backward(net.forward(x, memory, s0).tape, dy, dsT);
  const grads: Matrices = net.params.namedGrads();
  const tensors = [
    ...Object.entries(net.params.named()).map(([name, values]) => ({
      name,
      values,
      gradient: grads[name] ?? Matrix.zeros(0, 0),
      tag: net.equations[name] ?? '',
    })),
    { name: 'x', values: x.rows(), gradient: dx.rows(), tag: net.equations.x ?? '' },
    { name: 'memory', values: memory.rows(), gradient: dmemory.rows(), tag: net.equations.memory ?? '' },
    ...initialStates({}, s0, ds0),
  ];
  return checkDirections(loss, tensors, {}, new Random(options.seed ?? 1));
}

/** Which gradients are wrong. */
export function wrong(net: Attentive, options: Sizes = {}): string[] {
  return check(net, options)
    .tensors.filter(({ ok }) => !ok)
    .map(({ name }) => name);
}

/**
 * A layer with attention as one of a single input, [memory, x] at every step: what is tried of every layer can be tried of
 * it. Both have the same lengths then.
 */
export function besideMemory(net: Attentive): Layer {
  const { name, params, outputs, state, attends: k, inputs: d } = net;
  return {
    name,
    params,
    inputs: k + d,
    outputs,
    state,
    equations: {},
    forward(both, s0) {
      return net.forward(columnsOf(both, k, k + d), columnsOf(both, 0, k), s0);
    },
    backward(tape, dy, dsT) {
      const { dx, dmemory, ds0 } = net.backward(tape, dy, dsT);
      const both = Sequence.zeros({ ...dx.extent(), F: k + d });
      for (let n = 0; n < dx.T * dx.B; n++) {
        both.rows().setRow(n, [...dmemory.rows().getRow(n), ...dx.rows().getRow(n)]);
      }
      return { dx: both, ds0 };
    },
  };
}

function columnsOf(x: Sequence, from: number, to: number): Sequence {
  const numbers = Array.from({ length: x.T * x.B }, (_, n) => x.rows().getRow(n).slice(from, to)).flat();
  return Sequence.dense(numbers, { ...x.extent(), F: to - from });
}
