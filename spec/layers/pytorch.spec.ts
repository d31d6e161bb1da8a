/**
 * The recurrent layer, the readout and the loss against PyTorch in float64: an oracle that shares no line with this
 * library. `spec/fixtures/pytorch/make_rnn.py` makes the cases and says what is in them.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { addTo } from '../../lib/matrix.ts';
import { type ParamSet, pick } from '../../lib/params.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { FlatMatrix } from '../../lib/views.ts';

/** What PyTorch computed, and what is compared; every tensor is flat, the loss is one number. */
type Tensor = 'h' | 'hT' | 'o' | 'loss' | 'dW' | 'dU' | 'db' | 'dV' | 'dc' | 'dx' | 'dh0';

type Numbers = readonly number[];

interface Case {
  readonly name: string;
  readonly nonlinearity: 'tanh' | 'relu';
  readonly T: number;
  readonly B: number;
  readonly d: number;
  readonly m: number;
  readonly C: number;
  /** Null where every sequence has T steps. */
  readonly lengths: Numbers | null;
  readonly W: Numbers;
  readonly U: Numbers;
  readonly b: Numbers;
  readonly V: Numbers;
  readonly c: Numbers;
  /** Random at padding too. */
  readonly x: Numbers;
  /** Null where the layer starts from zeros by itself. */
  readonly h0: Numbers | null;
  /** −1, which is no class, at padding. */
  readonly targets: Numbers;
  /** The cotangent of every h_t, random at padding too; null where the loss does not look at h_t but through o_t. */
  readonly dy: Numbers | null;
  /** The cotangent of h_T. */
  readonly dhT: Numbers;
  readonly expected: Readonly<Record<Tensor, Numbers>>;
}

interface Fixture {
  readonly torch: string;
  readonly cases: readonly Case[];
}

const { cases }: Fixture = JSON.parse(readFileSync(new URL('../fixtures/pytorch/rnn.json', import.meta.url), 'utf8'));

/** Both sum in float64 but in different orders: some 1e-15 apart is rounding, and 1e-12 leaves room for 30 steps of it. */
const TOLERANCE = 1e-12;

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

describe.each(cases)('$name', given => {
  it('gives the outputs, the loss and every gradient of PyTorch', () => {
    expect(disagreements(runLayers(given), given.expected)).toEqual([]);
  });

  it('compares no tensor that is all zero, except dW where W meets only the zero state', () => {
    const zero = Object.entries(given.expected).flatMap(([name, values]) => (values.some(v => v !== 0) ? [] : [name]));
    expect(zero).toEqual(given.T === 1 && given.h0 === null ? ['dW'] : []);
  });
});

describe.each(cases.filter(({ lengths }) => lengths !== null))('the padding of $name', given => {
  it.each(['h', 'o', 'dx'] as const)('is exactly zero in %s', name => {
    const actual = runLayers(given)[name];
    const x = input(given);
    const width = actual.length / (x.T * x.B);
    const padding = actual.filter((_, i) => !x.counts(Math.floor(i / width)));
    expect(padding.length).toBeGreaterThan(0);
    expect(padding.every(v => v === 0)).toBe(true);
  });
});

describe.each(cases.filter(({ dy }) => dy === null))('$name, as one stack', given => {
  it('gives the outputs, the loss and every gradient of PyTorch', () => {
    const { h: _, ...expected } = given.expected; // a stack keeps h_t to itself
    expect(disagreements(runStack(given), expected)).toEqual([]);
  });
});

describe.each(cases)('the comparison with $name', ({ expected }) => {
  it('sees a relative error of 1e-10 in the largest number of any tensor', () => {
    for (const name of (Object.keys(expected) as Tensor[]).filter(name => expected[name].some(v => v !== 0))) {
      const largest = Math.max(...expected[name].map(Math.abs));
      const planted = expected[name].map(v => (Math.abs(v) === largest ? v * (1 + 1e-10) : v));
      expect(disagreements({ ...expected, [name]: planted }, expected)).toEqual([name]);
    }
  });

  it('sees a number that is missing and one that is NaN', () => {
    expect(disagreements({ ...expected, h: expected.h.slice(1) }, expected)).toEqual(['h']);
    expect(disagreements({ ...expected, dx: expected.dx.map(() => Number.NaN) }, expected)).toEqual(['dx']);
  });
});

/** The tensors that do not agree, where to agree is max|ours − PyTorch's| ≤ 1e-12·max|PyTorch's|, tensor by tensor. */
function disagreements<Name extends string>(
  actual: Readonly<Record<Name, Numbers>>,
  expected: Readonly<Record<Name, Numbers>>,
): Name[] {
  return (Object.keys(expected) as Name[]).filter(name => {
    const [ours, theirs] = [actual[name], expected[name]];
    const error = Math.max(...theirs.map((v, i) => Math.abs((ours[i] ?? Number.NaN) - v)));
    const scale = Math.max(...theirs.map(Math.abs));
    return !(ours.length === theirs.length && error <= TOLERANCE * scale);
  });
}

/** The case through the recurrent layer and the readout, with a cotangent on every h_t between the two. */
function runLayers(given: Case): Record<Tensor, Numbers> {
  const layer = recurrent(given);
  const out = readout(given);
  setParameters(layer.params, { W: given.W, U: given.U, b: given.b });
  setParameters(out.params, { V: given.V, c: given.c });

  const x = input(given);
  const { y: h, sT, tape } = given.h0 ? layer.forward(x, { h: state(given, given.h0) }) : layer.forward(x);
  const { y: o, tape: outTape } = out.forward(h);
  const { loss, tape: lossTape } = crossEntropy.forward(o, given.targets);
  const { dx: dh } = out.backward(outTape, crossEntropy.backward(lossTape));
  if (given.dy) addTo(dh.rows(), Sequence.dense(given.dy, { ...x.extent(), F: given.m }).rows());
  const { dx, ds0 } = layer.backward(tape, dh, { h: state(given, given.dhT) });

  const hs = h.rows().to1DArray();
  const hT = flat(sT, 'h');
  return {
    h: hs,
    hT,
    o: o.rows().to1DArray(),
    loss: [loss + (given.dy ? inner(given.dy, hs) : 0) + inner(given.dhT, hT)],
    dW: gradient(layer.params, 'W'),
    dU: gradient(layer.params, 'U'),
    db: gradient(layer.params, 'b'),
    dV: gradient(out.params, 'V'),
    dc: gradient(out.params, 'c'),
    dx: dx.rows().to1DArray(),
    dh0: flat(ds0, 'h'),
  };
}

/** The case through one stack of both layers. */
function runStack(given: Case): Record<Exclude<Tensor, 'h'>, Numbers> {
  const net = stack({ rnn: recurrent(given), readout: readout(given) });
  const { W, U, b, V, c } = given;
  setParameters(net.params, { 'rnn.W': W, 'rnn.U': U, 'rnn.b': b, 'readout.V': V, 'readout.c': c });

  const x = input(given);
  const { y: o, sT, tape } = given.h0 ? net.forward(x, { 'rnn.h': state(given, given.h0) }) : net.forward(x);
  const { loss, tape: lossTape } = crossEntropy.forward(o, given.targets);
  const { dx, ds0 } = net.backward(tape, crossEntropy.backward(lossTape), { 'rnn.h': state(given, given.dhT) });

  const hT = flat(sT, 'rnn.h');
  return {
    hT,
    o: o.rows().to1DArray(),
    loss: [loss + inner(given.dhT, hT)],
    dW: gradient(net.params, 'rnn.W'),
    dU: gradient(net.params, 'rnn.U'),
    db: gradient(net.params, 'rnn.b'),
    dV: gradient(net.params, 'readout.V'),
    dc: gradient(net.params, 'readout.c'),
    dx: dx.rows().to1DArray(),
    dh0: flat(ds0, 'rnn.h'),
  };
}

function recurrent({ nonlinearity, d, m }: Case): Layer {
  return unroll(nonlinearity === 'tanh' ? rnn : rnnRelu, { d, m });
}

function input({ x, T, B, d, lengths }: Case): Sequence {
  return Sequence.dense(x, { T, B, F: d, ...(lengths && { lengths }) });
}

function state({ B, m }: Case, values: Numbers): FlatMatrix {
  return new FlatMatrix(Float64Array.from(values), B, m);
}

function setParameters(params: ParamSet, values: Readonly<Record<string, Numbers>>): void {
  const named = params.named();
  expect(Object.keys(values)).toEqual(Object.keys(named));
  for (const [name, given] of Object.entries(values)) {
    const matrix = pick(named, name);
    addTo(matrix, new FlatMatrix(Float64Array.from(given), matrix.rows, matrix.columns)); // fresh ones are zero
  }
}

function gradient(params: ParamSet, name: string): Numbers {
  return pick(params.namedGrads(), name).to1DArray();
}

/** A part of a state, which must not have any other. */
function flat(s: Matrices, name: string): Numbers {
  expect(Object.keys(s)).toEqual([name]);
  return s[name]?.to1DArray() ?? [];
}

function inner(a: Numbers, b: Numbers): number {
  return a.reduce((sum, v, i) => sum + v * (b[i] ?? Number.NaN), 0);
}
